"""Pictures, folders and arrays made by an enemy: the data or an error, within 5 s and 1 GiB."""

import functools
import os
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

import data
from data.folder import read_image
from metrics.images import read_images, read_points
from tests.helpers import write_images
from tests.reliability import formats, guard
from tests.reliability.formats import MEBI

CASES = guard.Cases()
case = CASES.case


# pictures


def picture(folder, raw, size=32):
    (folder / "x.png").write_bytes(raw)
    return lambda: read_image(folder / "x.png", size)


@case("too long a strip", (1, 1_000_000), (1_000_000, 1), (2, 1_000_000))
def a_strip(shape, folder):
    return picture(folder, formats.picture(".png", shape), 128)


@case("too long a strip", (1, 65_000), (65_000, 1))
def a_jpeg_strip(shape, folder):
    return picture(folder, formats.picture(".jpg", shape), 1024)


@case("pixels", (40_000, 3_000), (2**31 - 1, 2**31 - 1), (2**16, 2**16))
def a_picture_too_large(shape, folder):
    return picture(folder, formats.png(*shape))


@case(None, (2, 8), (6, 16))
def the_largest_png(which, folder):
    """Of 16 bits and with transparency: what is decoded is many times what is kept."""
    colour, depth = which
    row = bytes(1 + {2: 3, 6: 4}[colour] * depth // 8 * 7000)
    return picture(folder, formats.png(7000, 7000, row * 7000, depth, colour))


@case(None)
def the_largest_progressive_jpeg(folder):
    return picture(folder, formats.flat_jpeg(7000, 7000))


@case("scans")
def a_jpeg_of_3_000_scans(folder):
    *most, last, end = formats.segments(formats.flat_jpeg(7000, 7000))
    return picture(folder, b"".join([*most, *[last] * 3000, end]))


@case("no picture begins")
def a_jpeg_of_millions_of_comments(folder):
    return picture(folder, b"\xff\xd8" + b"\xff\xfe\x00\x02" * 10_000_000 + formats.flat_jpeg(9, 9)[2:])


@case("no picture begins")
def a_png_of_millions_of_chunks(folder):
    return picture(folder, formats.png(9, 9, bytes(28 * 9), between=[(b"teSt", b"")] * 500_000))


@case("no picture begins")
def a_png_with_a_chunk_of_4_GiB_that_is_not_there(folder):
    raw = formats.png(9, 9, bytes(28 * 9))
    return picture(folder, raw[:33] + b"\xff" * 4 + raw[37:])


# folders


@case("cannot be looked for")
def the_home_of_nobody(folder):
    return lambda: data.load("folder:~nosuchuser")


@case("xxx", 200, 300, 5000, 1_000_000)
def a_long_name(length, folder):
    return lambda: data.load("folder:" + "x" * length)


@case("data ")
def folders_deeper_than_python_s_stack(folder):
    """Its limit is 1,000; a lower one here, since so many folders take seconds to delete."""
    Path(folder, *["x"] * 300).mkdir(parents=True)

    def read():
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(250)
        try:
            data.load(f"folder:{folder}")
        finally:
            sys.setrecursionlimit(limit)

    return read


@case(None)
def names_that_are_no_text(folder):
    write_images(folder, 3)
    (folder / "000.png").rename(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe\n.png"))
    return lambda: data.load(f"folder:{folder}").train[:]


# arrays


def array(folder, raw, read):
    (folder / "x.npz").write_bytes(raw)
    return lambda: read(folder / "x.npz")


digits = functools.partial(read_images, colours=1, size=32, native_size=28)


def bomb(name, descr, shape, mebi):
    """An .npz whose one array is of zeros; its check sum is wrong."""
    block = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = block.compress(bytes(MEBI)) + block.flush(zlib.Z_FULL_FLUSH)
    head = formats.npy(descr, shape)
    first = zlib.compressobj(1, zlib.DEFLATED, -15)
    content = first.compress(head) + first.flush(zlib.Z_FULL_FLUSH) + packed * mebi
    last = zlib.compressobj(1, zlib.DEFLATED, -15)
    content += last.flush()
    return formats.zip_of(f"{name}.npy", content, len(head) + mebi * MEBI)


@case("more than", "<f4", "<f8", "|u1")
def an_array_of_2_000_MiB(descr, folder):
    count = 2000 * MEBI // int(descr[2]) // 784
    return array(folder, bomb("images", repr(descr), (count, 28, 28), 2000), digits)


@case("numbers")
def points_of_200_MiB(folder):
    return array(folder, formats.npz({"points.npy": formats.npy("'|u1'", (100 * MEBI, 2), bytes(200 * MEBI))}, 8), read_points)


@case(None, ("<f4", 3), ("<f2", 1), ("|u1", 3))
def the_largest_array(which, folder):
    descr, colours = which
    count = min(319 * MEBI // int(descr[2]), 160 * MEBI) // 784 // colours
    content = bytes(count * 784 * colours * int(descr[2]))
    raw = formats.npz({"images.npy": formats.npy(repr(descr), (count, 28, 28, colours), content)}, 0)
    return array(folder, raw, digits)


@case("cannot be read as .npz", "text", "a pickle", "nothing")
def a_member_that_is_no_array(what, folder):
    return array(folder, formats.npz({"images": {"text": b"hello", "a pickle": b"\x80\x02}.", "nothing": b""}[what]}), digits)


@case("packed otherwise", zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
def a_member_packed_otherwise(how, folder):
    return array(folder, formats.npz({"images.npy": bytes(MEBI)}, how), digits)


@case("cannot be read as .npz")
def a_million_members(folder):
    entry = b"PK\x01\x02" + bytes(24) + b"\x01\x00" + bytes(16) + b"x"
    directory = entry * 1_000_000
    end = b"PK\x05\x06" + bytes(4) + b"\xff\xff" * 2 + len(directory).to_bytes(4, "little") + bytes(6)
    return array(folder, directory + end, digits)


@case("wanted are", "<c8", "<i8", "|b1", "<M8[s]", "|S5", "<U3", "|V8")
def images_of_an_odd_type(descr, folder):
    raw = formats.npz({"images.npy": formats.npy(repr(descr), (2, 28, 28), bytes(2 * 784 * 16))})
    return array(folder, raw, digits)


@pytest.fixture(scope="module")
def outcomes():
    return guard.outcomes(__name__, CASES)


@pytest.mark.parametrize("name", CASES)
def test_it_is_read_or_an_error_within_the_limits(outcomes, name):
    CASES.check(name, outcomes[name])

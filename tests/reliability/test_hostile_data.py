"""Archives, pickles, packed files made by an enemy, and what is no file: the data or an error, within 5 s and 1 GiB."""

import gzip
import os
import tarfile
from pathlib import Path
from unittest import mock

import pytest

import data
from data import cifar10, idx
from data.folder import read_image
from metrics import cache
from metrics.images import read_images
from storage import reading
from tests.helpers import write_cifar10, write_images
from tests.reliability import formats, guard
from tests.reliability.formats import MEBI

CASES = guard.Cases()
case = CASES.case


# pickles: 2^60 values to whoever goes through all of them, or memory for as many as the file likes
DOUBLED = b")" + b"q\x00h\x00\x86" * 60
PICKLES = {
    "a key of nested doubled tuples": lambda: b"}" + DOUBLED + b"K\x01s.",
    "labels of nested doubled lists": lambda: b"]q\x00" + b"0(h\x00h\x00lq\x00" * 60 + b"}U\x04dataNsU\x06labelsh\x00s.",
    "labels that hold themselves": lambda: b"}U\x04dataNsU\x06labels]q\x00h\x00as.",
    "40 million lists": lambda: b"]" * 40_000_000 + b".",
    "40 million marks": lambda: b"(" * 40_000_000 + b".",
    "a list of lists, 100,000 deep": lambda: b"]" * 100_000 + b"a" * 99_999 + b".",
    "a text of 2 GiB that is not there": lambda: b"T\xff\xff\xff\x7f.",
    "a number of 2 GiB that is not there": lambda: b"\x8b\xff\xff\xff\x7f.",
    "a number of 60 million digits": lambda: b"I" + b"9" * 60_000_000 + b"\n.",
    "a place of 2 GiB in the memo": lambda: b"Nr\xff\xff\xff\x7f.",
}


@case("batch", *PICKLES)
def pickles(name, folder):
    raw = b"\x80\x02" + PICKLES[name]()
    return lambda: cifar10.read_batch(raw)


# archives


def archive_of(folder, *parts):
    """An archive of gzip files in a row."""
    (folder / cifar10.ARCHIVE.name).write_bytes(b"".join(parts))
    return lambda: data.load("cifar10", folder)


def header(name, size=0, kind=tarfile.REGTYPE, times=1):
    return gzip.compress(formats.tar_block(name, size, kind) * times)


LONG = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


@case("tar.gz", *LONG)
def a_header_of_1_200_MiB(kind, folder):
    return archive_of(folder, header("x", 1200 * MEBI, kind), formats.zeros(1200))


@case("more than CIFAR-10", *LONG)
def thousands_of_headers_of_headers(kind, folder):
    return archive_of(folder, header("x", 0, kind, times=3000))


@case("more than")
def files_of_600_MiB(folder):
    return archive_of(folder, *[header("readme.html", 300 * MEBI), formats.zeros(300)] * 2)


@case("there twice")
def a_batch_ten_times(folder):
    write_cifar10(folder / "x", 2)
    blocks = gzip.decompress((folder / "x").read_bytes())
    member = blocks[: 512 + -(-int(blocks[124:135], 8) // 512) * 512]
    return archive_of(folder, gzip.compress(member * 10, 1))


@case(None)
def attributes_and_long_names_between_the_batches(folder):
    """As tar programs of today write them."""
    write_cifar10(folder / "x", 2)
    with tarfile.open(folder / "x") as plain, tarfile.open(folder / cifar10.ARCHIVE.name, "w:gz") as archive:
        for member in plain:
            member.pax_headers = {"mtime": "1700000000.123456", "comment": "x" * 3000}
            archive.addfile(member, plain.extractfile(member))
    return lambda: data.load("cifar10", folder)


# gzip
PACKED = {
    "a name of 100 MB": lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * 100_000_000,
    "a million files of nothing": lambda: gzip.compress(b"") * 1_000_000,
    "200 MiB of zeros": lambda: formats.zeros(200),
    "it ends within its header": lambda: b"\x1f\x8b\x08\x08",
}


@case("x.gz", *PACKED)
def gzip_files(name, folder):
    (folder / "x.gz").write_bytes(PACKED[name]())
    return lambda: idx.read_idx(folder / "x.gz", 3)


# files that are none
READERS = {
    "digits": lambda path: idx.read_idx(path, 3),
    "a picture": lambda path: read_image(path, 32),
    "an .npz": lambda path: read_images(path, 1, 32, 28),
    "JSON": lambda path: reading.json(path, MEBI),
}
PLACES = {
    "a FIFO": os.mkfifo,
    "a link to zeros without end": lambda path: path.symlink_to("/dev/zero"),
    "64 GiB of nothing": lambda path: (path.touch(), os.truncate(path, 64 << 30)),
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path),
}


@case("x", *((reader, kind) for reader in READERS for kind in PLACES))
def in_its_place(which, folder):
    PLACES[which[1]](folder / "x")
    return lambda: READERS[which[0]](folder / "x")


@case(None, *PLACES)
def in_the_cache(kind, folder):
    """What cannot be read there is made anew."""
    os.environ["XDG_CACHE_HOME"] = str(folder)
    cache.folder().mkdir()
    PLACES[kind](cache.folder() / "x.safetensors")
    return lambda: cache.arrays("x", dict)


@case(None, "a FIFO", "a link to zeros without end", "a folder")
def among_pictures(kind, folder):
    write_images(folder, 3)
    PLACES[kind](folder / "x.png")
    return lambda: data.load(f"folder:{folder}")


# without a home


def without_a_home(read):
    def home():
        raise RuntimeError("Could not determine home directory.")

    def call():
        with mock.patch.object(Path, "home", home), mock.patch.dict(os.environ):
            os.environ.pop("XDG_CACHE_HOME", None)
            return read()

    return call


@case(None)
def a_cache_without_a_home(folder):
    return without_a_home(lambda: cache.numbers("x", lambda: {"a": 1}))


@case("name one with --data-dir", "mnist", "cifar10")
def a_download_without_a_home(name, folder):
    return without_a_home(lambda: data.load(name))


@pytest.fixture(scope="module")
def outcomes():
    return guard.outcomes(__name__, CASES)


@pytest.mark.parametrize("name", CASES)
def test_it_is_read_or_an_error_within_the_limits(outcomes, name):
    CASES.check(name, outcomes[name])

"""File formats taken apart and put together, so that what is wrong in a hostile file is what a test wants to be wrong."""

import gzip
import io
import re
import struct
import tarfile
import zipfile
import zlib

import cv2
import numpy as np

MEBI = 1 << 20
PROGRESSIVE, RESTART = cv2.IMWRITE_JPEG_PROGRESSIVE, cv2.IMWRITE_JPEG_RST_INTERVAL
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, content):
    """A chunk of a PNG with its right check sum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def chunks(raw):
    """[(kind, content), …] of a PNG."""
    parts, at = [], len(SIGNATURE)
    while at < len(raw):
        (length,) = struct.unpack(">I", raw[at : at + 4])
        parts.append((raw[at + 4 : at + 8], raw[at + 8 : at + 8 + length]))
        at += 12 + length
    return parts


def png_of(parts):
    return SIGNATURE + b"".join(chunk(kind, content) for kind, content in parts)


def png(height, width, pixels=b"", depth=8, colour=2, between=()):
    """A PNG by its header, which may say anything. pixels: rows as they are in it, before they are packed."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return png_of([(b"IHDR", head), *between, (b"IDAT", zlib.compress(pixels, 1)), (b"IEND", b"")])


def segments(raw):
    """A JPEG cut up before each of its markers; the data of a scan stay with it."""
    starts, at = [0], 2
    while match := re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]").search(raw, at):
        starts.append(match.start())
        at = match.end() + int.from_bytes(raw[match.end() : match.end() + 2], "big")
    return [raw[start:end] for start, end in zip(starts, [*starts[1:], len(raw)])]


def picture(suffix, shape, *options):
    """An encoded picture of noise, H×W or H×W×C; options: OpenCV's."""
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return cv2.imencode(suffix, noise, options)[1].tobytes()


def npy(descr, shape, content=b"", fortran=False, version=(1, 0)):
    """The bytes of an array's file by its header, which may say anything. descr, shape: as Python writes them."""
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + bytes(version) + len(text).to_bytes(2 if version == (1, 0) else 4, "little") + text + content


def npz(members, packed=zipfile.ZIP_STORED):
    """A zip file of {name: bytes}."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tar_block(name, size=0, kind=tarfile.REGTYPE):
    """The header of a file in an archive, with its right check sum."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)[-512:]


def zeros(mebi):
    """So many MiB of zeros as a gzip file, made of as many files in a row."""
    return gzip.compress(bytes(MEBI), 1) * mebi


def flat_jpeg(height, width):
    """A progressive JPEG of one colour: as little data as there can be for so many pixels."""
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8), (PROGRESSIVE, 1))[1].tobytes()


def zip_of(name, packed, size):
    """A zip file of one member by its deflated bytes and the size that it unpacks to; without a check sum."""
    head = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, 0, len(packed), size, len(name), 0)
    local = b"PK\x03\x04" + head + name.encode() + packed
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + head + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name.encode()
    return local + entry + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)

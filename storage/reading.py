"""The one reader of files that this program did not write: data, pictures, recipes, checkpoints, logs, samples of others.

Whatever a file holds, reading it takes a bounded time and memory or raises a UserError: only regular files are opened (a FIFO, a
device or a link to one would never end), nothing is read beyond `most` bytes, packed or unpacked, and nothing in it is run.
Python's gzip module is not used: it reads the name in a header byte by byte, and any number of empty members.
"""

from __future__ import annotations

import contextlib
import io
import json as parser
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ValidationError

from errors import UserError, megabytes

DEEPEST = 50  # levels of lists and mappings in a JSON file
GZIP, MEMBERS = b"\x1f\x8b", 10_000  # what a gzip file begins with, and how many of them one file may be made of
PIECE = 1 << 16  # bytes that are read and unpacked at once
Model = TypeVar("Model", bound=BaseModel)


def _named(path, what=""):
    """What an error calls a file. No path is longer than 4,096 bytes, but a recipe may hold a name of a million."""
    path = str(path)
    return f"{what} {path if len(path) <= 4096 else path[:100] + ' …'}".strip()


@contextlib.contextmanager
def regular(path: str | Path, what: str = "") -> Iterator[IO[bytes]]:
    """`path`, open for reading in binary. what: in words what it should be, for the error.

    Raises UserError if it is no regular file.
    """
    named = _named(path, what)
    try:
        # without O_NONBLOCK the opening of a FIFO waits for a writer
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UserError(f"{named} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UserError(f"{named} is not a regular file")
        with open(handle, "rb", closefd=False) as file:
            yield file
    except OSError as error:
        raise UserError(f"{named} cannot be read: {error.strerror or error}") from None
    finally:
        os.close(handle)


def is_file(path: str | Path) -> bool:
    """Whether `path` is a regular file or a link to one. Raises UserError if nobody can tell: no permission, too long a name."""
    return _is(path, stat.S_ISREG)


def is_folder(path: str | Path) -> bool:
    """Whether `path` is a folder or a link to one. Raises UserError as is_file."""
    return _is(path, stat.S_ISDIR)


def _is(path, kind: Callable[[int], bool]) -> bool:
    try:
        return kind(Path(path).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        return False
    except OSError as error:
        raise UserError(f"{_named(path)} cannot be read: {error.strerror or error}") from None


def size(path: str | Path) -> int:
    """Bytes of a regular file. Raises UserError."""
    with regular(path) as file:
        return os.fstat(file.fileno()).st_size


def read(path: str | Path, most: int, what: str = "") -> bytes:
    """The content of a regular file of at most `most` bytes. Raises UserError."""
    with regular(path, what) as file:
        # a file of /proc says that it has 0 bytes, so what is read is counted too
        if os.fstat(file.fileno()).st_size > most or len(raw := file.read(most + 1)) > most:
            raise UserError(f"{_named(path, what)} has more than {megabytes(most)}")
    return raw


def text(path: str | Path, most: int, what: str = "") -> str:
    """As read, decoded from UTF-8. Raises UserError."""
    try:
        return read(path, most, what).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{_named(path, what)} cannot be read: it is not text in UTF-8 ({error.reason})") from None


def json(path: str | Path, most: int) -> Any:
    """The content of a JSON file of at most `most` bytes and DEEPEST levels. Raises UserError."""
    return parsed(text(path, most), _named(path))


def parsed(content: str, named: str) -> Any:
    """JSON text as Python's types. named: what the error calls it. Raises UserError, also for more than DEEPEST levels."""
    try:
        value = parser.loads(content)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError
        raise UserError(f"{named} is not JSON: {str(error)[:100]}") from None
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, (list, dict))]:
        depth += 1
        if depth > DEEPEST:
            raise UserError(f"{named} has more than {DEEPEST} levels")
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return value


def validated(model: type[Model], content: Any, named: str) -> Model:
    """What a file holds, as one of pydantic's models. named: what the error calls it. Raises UserError, which says where it is
    wrong first."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        at = "/".join(map(str, first["loc"]))[:100] or "all of it"
        raise UserError(f"{named}: {at}: {first['msg']}") from None


def unpacked(path: str | Path, most: int, what: str = "") -> bytes:
    """The content of a file, gunzipped if it is a gzip file: at most `most` bytes, before and after. Raises UserError."""
    with regular(path, what) as file:
        return b"".join(_pieces(file, most, _named(path, what)))


@contextlib.contextmanager
def stream(path: str | Path, most: int) -> Iterator[IO[bytes]]:
    """As unpacked, but open for reading from its beginning to its end: what is wrong is a UserError when it is reached."""
    with regular(path) as file:
        yield io.BufferedReader(_Stream(_pieces(file, most, _named(path))))


def _pieces(file, most, named):
    """The content of an open file piece by piece, with the limits of `unpacked`."""
    total = 0
    try:
        for piece in _gunzipped(file):
            total += len(piece)
            if max(total, file.tell()) > most:
                raise UserError(f"{named} has, or unpacks to, more than {megabytes(most)}")
            yield piece
    except (EOFError, zlib.error) as error:
        raise UserError(f"{named} cannot be read: {error}") from None


def _gunzipped(file):
    packed = file.read(PIECE)
    if not packed.startswith(GZIP):
        while packed:
            yield packed
            packed = file.read(PIECE)
        return
    for _ in range(MEMBERS):
        member = zlib.decompressobj(wbits=31)  # with a header and a check sum
        while not member.eof:
            piece = member.decompress(packed, PIECE)
            if not (piece or packed or member.eof):
                raise EOFError("its end is missing")
            yield piece
            if not member.eof:
                packed = member.unconsumed_tail or file.read(PIECE)
        packed = member.unused_data if len(member.unused_data) > 1 else member.unused_data + file.read(PIECE)
        if not packed.startswith(GZIP):  # nothing, or zeros that fill up a block
            return
    raise EOFError(f"it is made of more than {MEMBERS:,} parts")


class _Stream(io.RawIOBase):
    """The bytes of an iterator over pieces."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces, self._rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

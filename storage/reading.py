"""The one reader of files that this program did not write: data, pictures, recipes, checkpoints, logs, samples of others.

Whatever a file holds, reading it takes a bounded time and memory or raises a UserError: only regular files are opened (a FIFO, a
device or a link to one would never end), nothing is read beyond `most` bytes, packed or unpacked, and nothing in it is run.
"""

from __future__ import annotations

import contextlib
import gzip
import json as parser
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from errors import UserError, megabytes

DEEPEST = 50  # levels of lists and mappings in a JSON file


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


def size(path: str | Path, what: str = "") -> int:
    """Bytes of a regular file. Raises UserError."""
    with regular(path, what) as file:
        return os.fstat(file.fileno()).st_size


def read(path: str | Path, most: int, what: str = "") -> bytes:
    """The content of a regular file of at most `most` bytes. Raises UserError."""
    with regular(path, what) as file:
        raw = file.read(most + 1)  # not its size: a file of /proc says 0
    if len(raw) > most:
        raise UserError(f"{what} {path}".strip() + f" has more than {megabytes(most)}")
    return raw


def text(path: str | Path, most: int, what: str = "") -> str:
    """As read, decoded from UTF-8. Raises UserError."""
    try:
        return read(path, most, what).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{what} {path}".strip() + f" cannot be read: it is not text in UTF-8 ({error.reason})") from None


def json(path: str | Path, most: int, what: str = "") -> Any:
    """The content of a JSON file of at most `most` bytes and DEEPEST levels. Raises UserError."""
    return parsed(text(path, most, what), f"{what} {path}".strip())


def parsed(content: str, named: str) -> Any:
    """JSON text as Python's types. named: what the error calls it. Raises UserError, also for more than DEEPEST levels."""
    deepest = level = 0
    for char in content:
        level += (char in "[{") - (char in "]}")
        deepest = max(deepest, level)
    try:
        if deepest > DEEPEST:
            raise ValueError(f"more than {DEEPEST} levels")
        return parser.loads(content)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError
        raise UserError(f"{named} is not JSON: {str(error)[:100]}") from None


def unpacked(path: str | Path, most: int, what: str = "") -> bytes:
    """The content of a file, gunzipped if it is a gzip file: at most `most` bytes of it. Raises UserError."""
    named = f"{what} {path}".strip()
    with regular(path, what) as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            raw = (gzip.GzipFile(fileobj=file) if packed else file).read(most + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UserError(f"{named} cannot be unpacked: {error}") from None
    if len(raw) > most:
        raise UserError(f"{named} {'unpacks to' if packed else 'has'} more than {megabytes(most)}")
    return raw

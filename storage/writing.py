"""Files and folders that are written: as a whole or not at all, by one process at a time, over nothing that was there.

No other module opens files for writing, but for logs that grow, checkpoints and downloads (tests/test_house.py lists them).
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import filelock

from errors import UserError, WriteError, cannot_write
from storage import names

LOCK = ".lock"
PARTIAL = ".paddle-wgan-*.partial"  # what is being written, beside its place or, if its process was killed, left over
LEFT_OVER = 3600  # seconds after its last change


@contextlib.contextmanager
def replacing(path: str | Path, need: int | None = None) -> Iterator[IO[bytes]]:
    """A new binary file that takes the place of `path` at the end of the context; if that raises, what was there stays.

    need: bytes that it takes, if that is known, for the error. Folders above it are made. Raises WriteError.
    """
    path = Path(path)
    with _partial(path, path.parent, need) as partial:
        with open(partial, "xb") as file:  # x: never through a link that lies there
            yield file
        os.replace(partial, path)


@contextlib.contextmanager
def filling(folder: str | Path) -> Iterator[Path]:
    """A new folder whose files, also those in folders in it, move into `folder` at the end of the context, one by one in the
    order in which they were written, over those of the same name. What else lies in it stays, and if the context raises, all
    does. Raises WriteError.
    """
    folder = Path(folder)
    with _partial(folder, folder) as partial:
        partial.mkdir()
        yield partial
        made = sorted(partial.rglob("*"), key=lambda path: path.stat().st_mtime_ns)
        for inner in [path for path in made if path.is_dir()]:
            (folder / inner.relative_to(partial)).mkdir(parents=True, exist_ok=True)
        for path in [path for path in made if path.is_file()]:
            os.replace(path, folder / path.relative_to(partial))


@contextlib.contextmanager
def _partial(path, place, need=None):
    """A name that is not there in the folder `place`. If the context raises, nothing is left of either, unless `place` was there
    before; an OSError becomes a WriteError on `path`."""
    partial = place / PARTIAL.replace("*", secrets.token_hex(8))
    made = []
    try:
        made = [at for at in (place, *place.parents) if not at.exists()]
        if made:
            place.mkdir(parents=True, exist_ok=True)
        _clear(place)
        yield partial
        made = []
    except (OSError, WriteError) as error:
        found = error if isinstance(error, WriteError) else cannot_write(path, error, need)
        raise WriteError(str(found).replace(str(partial), str(path))) from None
    finally:
        _remove(partial)
        with contextlib.suppress(OSError):
            for at in made:
                at.rmdir()


@functools.cache
def _clear(place):
    """Once a process: take away what processes that were killed left over in a folder."""
    with contextlib.suppress(OSError):
        for path in place.glob(PARTIAL):
            if time.time() - path.lstat().st_mtime > LEFT_OVER:
                _remove(path)


def _remove(path):
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def write_bytes(path: str | Path, raw: bytes) -> Path:
    """Write `path`, replacing what was there, and return it. Raises WriteError."""
    with replacing(path, len(raw)) as file:
        file.write(raw)
    return Path(path)


def write_text(path: str | Path, text: str) -> Path:
    """As write_bytes, in UTF-8; half a surrogate pair, as from a name that is no UTF-8, as \\udc80."""
    return write_bytes(path, text.encode("utf-8", "backslashreplace"))


@contextlib.contextmanager
def lock(folder: str | Path, patience: float = 0) -> Iterator[None]:
    """Within this context no other process may hold `folder` (made if it is not there). Raises UserError if one does, after
    `patience` seconds.

    The lock is the operating system's own on the file `.lock`. It ends with the process that holds it, however that ends,
    so none can be stale: the file alone means nothing and may be deleted when nothing runs.
    """
    path = Path(folder) / LOCK
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(path, timeout=patience)
        held.acquire()
    except filelock.Timeout:
        raise UserError(
            f"{folder} is in use: another process is writing to it; wait until it has ended, or name another folder"
        ) from None
    except (OSError, NotImplementedError) as error:
        raise cannot_write(path, error) from None
    try:
        yield
    finally:
        held.release()


def holds_something(folder: str | Path, but: Callable[[Path], bool] = lambda path: False) -> bool:
    """Whether `folder` is a file, or a folder with anything in it but what a killed process left over.

    but: whether a path in it does not count either. Raises UserError.
    """
    folder = Path(folder)
    try:
        worthless = lambda path: path.name == LOCK or path.match(PARTIAL) or but(path)  # noqa: E731
        return folder.exists() and (not folder.is_dir() or not all(map(worthless, folder.iterdir())))
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}") from None


def next_free(parent: str | Path, name: str, suffix: str = "", is_taken: Callable[[Path], bool] = Path.exists) -> Path:
    """parent/name, or parent/name-2, -3 …, each with `suffix`: the first that does not exist, or that is not taken."""
    path, number = Path(parent) / f"{name}{suffix}", 1
    while is_taken(path):
        number += 1
        path = Path(parent) / f"{name}-{number}{suffix}"
    return path


def check_writable(folder: str | Path, flag: str = "--out") -> None:
    """Raise UserError unless `folder`, which `flag` named, is, or can be made, a folder to write in. Makes nothing."""
    names.check(str(folder), flag)
    at = Path(folder).absolute()
    try:
        if at.exists() and not at.is_dir():
            raise UserError(f"{flag} {folder} is a file, not a folder")
        while not at.exists():
            at = at.parent
    except OSError as error:
        raise UserError(f"{flag} {folder} cannot be made: {error.strerror}") from None
    if not at.is_dir():
        raise UserError(f"{flag} {folder}: {at} is a file, not a folder")
    if not os.access(at, os.W_OK | os.X_OK):
        raise UserError(f"{flag} {folder}: no permission to write in {at}")

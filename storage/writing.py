"""Files and folders that are written: as a whole or not at all, by one process at a time, over nothing that was there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import filelock

from errors import UserError, cannot_write
from storage import names


def partial(path: str | Path) -> Path:
    """Where a file is written before it takes its place: left over only by a process that was killed meanwhile."""
    return Path(path).with_name(f".{Path(path).name}.partial")


LOCK = ".lock"
LEFT_OVER = (LOCK, partial("config.yaml").name)  # of a training that ended before it began: neither is worth anything


def write_text(path: str | Path, text: str) -> Path:
    """Write `path`, replacing what was there, and return it. Raises WriteError."""
    path = Path(path)
    try:
        partial(path).write_text(text, encoding="utf-8")
        os.replace(partial(path), path)
    except OSError as error:
        raise cannot_write(path, error, len(text.encode())) from None
    return path


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


def holds_something(folder: str | Path) -> bool:
    """Whether `folder` is a file, or a folder with anything of worth in it."""
    folder = Path(folder)
    try:
        return folder.exists() and (not folder.is_dir() or any(path.name not in LEFT_OVER for path in folder.iterdir()))
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}") from None


def next_free(parent: str | Path, name: str) -> Path:
    """parent/name, or parent/name-2, -3 … : the first that does not exist."""
    path, number = Path(parent) / name, 1
    while path.exists():
        number += 1
        path = Path(parent) / f"{name}-{number}"
    return path


def check_writable(folder: str | Path) -> None:
    """Raise UserError unless `folder` is, or can be made, a folder to write in. Makes nothing."""
    names.check(str(folder), "--out")
    at = Path(folder).absolute()
    try:
        if at.exists() and not at.is_dir():
            raise UserError(f"--out {folder} is a file, not a folder")
        while not at.exists():
            at = at.parent
    except OSError as error:
        raise UserError(f"--out {folder} cannot be made: {error.strerror}") from None
    if not at.is_dir():
        raise UserError(f"--out {folder}: {at} is a file, not a folder")
    if not os.access(at, os.W_OK | os.X_OK):
        raise UserError(f"--out {folder}: no permission to write in {at}")

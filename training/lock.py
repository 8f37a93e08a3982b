"""One writer for one folder."""

import contextlib
from pathlib import Path

import filelock

from errors import UserError, cannot_write

NAME = ".lock"


@contextlib.contextmanager
def hold(folder):
    """Within this context no other process may hold `folder` (made if it is not there). Raises UserError if one does.

    The lock is the operating system's own on the file `.lock`. It ends with the process that holds it, however that ends,
    so none can be stale: the file alone means nothing and may be deleted when nothing runs.
    """
    path = Path(folder) / NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path, timeout=0)
        lock.acquire()
    except filelock.Timeout:
        raise UserError(
            f"{folder} is in use: another process is writing to it; wait until it has ended, or name another folder"
        ) from None
    except (OSError, NotImplementedError) as error:
        raise cannot_write(path, error) from None
    try:
        yield
    finally:
        lock.release()

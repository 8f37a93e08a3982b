"""Text files that are there as a whole or not at all."""

import os
from pathlib import Path

from errors import cannot_write


def partial(path):
    """Where a file is written before it takes its place: left over only by a process that was killed meanwhile."""
    return Path(path).with_name(f".{Path(path).name}.partial")


def write_text(path, text):
    """Write `path`, replacing what was there, and return it. Raises WriteError."""
    path = Path(path)
    try:
        partial(path).write_text(text, encoding="utf-8")
        os.replace(partial(path), path)
    except OSError as error:
        raise cannot_write(path, error, len(text.encode())) from None
    return path

"""Reference statistics on the disk, by content: they are found again only for the same data, network and code."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from errors import UserError, WriteError
from storage import reading, writing

LARGEST = 256 << 20  # bytes of a file
# what the feature networks compute with beside this package: how pictures are resized, scaled and convolved
BESIDE = ("data/dataset.py", "data/folder.py", "models/networks/convolution.py", "models/networks/layers.py")


def folder() -> Path:
    """$XDG_CACHE_HOME/paddle-wgan, or ~/.cache/paddle-wgan. Raises RuntimeError if there is no home folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paddle-wgan"


def key(*parts: str | float | None) -> str:
    """A name for what follows from `parts` (strings and numbers) and from the source of this package and of BESIDE."""
    digest = hashlib.sha256(_source().encode())
    digest.update(json.dumps(parts).encode())
    return digest.hexdigest()[:40]


def _source():
    own = Path(__file__).resolve().parent
    files = [*sorted(own.glob("*.py")), *(own.parent / name for name in BESIDE)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def arrays(name: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """{name: array} from the cache, or from make(). A file that is not whole, or not what was written, is ignored."""
    from safetensors.numpy import load, save

    return load(_kept(f"{name}.safetensors", lambda: save({k: np.ascontiguousarray(v) for k, v in make().items()})))


def numbers(name: str, make: Callable[[], dict]) -> dict:
    """A JSON object from the cache, or from make()."""
    return json.loads(_kept(f"{name}.json", lambda: json.dumps(make()).encode()))


def _kept(name, make):
    """What follows a file's first 64 bytes, the SHA-256 of the rest; or make(), which is kept then."""
    with contextlib.suppress(UserError, RuntimeError):
        raw = reading.read(folder() / name, LARGEST)
        if raw[:64] == hashlib.sha256(raw[64:]).hexdigest().encode():
            return raw[64:]
    content = make()
    with contextlib.suppress(WriteError, RuntimeError):  # a cache that cannot be written costs time, nothing else
        writing.write_bytes(folder() / name, hashlib.sha256(content).hexdigest().encode() + content)
    return content

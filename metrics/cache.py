"""Reference statistics on the disk, by content: they are found again only for the same data, network and code."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from errors import WriteError
from storage import reading, writing

LARGEST, LARGEST_JSON = 256 << 20, 1 << 20  # bytes of a file
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

    file = f"{name}.safetensors"
    with contextlib.suppress(Exception):  # whatever a damaged file may raise: it is made anew
        raw = reading.read(folder() / file, LARGEST)
        if raw[:64].decode() == hashlib.sha256(raw[64:]).hexdigest():
            return load(raw[64:])
    made = make()
    raw = save({k: np.ascontiguousarray(v) for k, v in made.items()})
    _write(file, hashlib.sha256(raw).hexdigest().encode() + raw)
    return made


def numbers(name: str, make: Callable[[], dict]) -> dict:
    """A JSON object from the cache, or from make()."""
    file = f"{name}.json"
    with contextlib.suppress(Exception):
        content = reading.json(folder() / file, LARGEST_JSON)
        body = json.dumps(content["content"], sort_keys=True)
        if content["sha256"] == hashlib.sha256(body.encode()).hexdigest():
            return content["content"]
    made = make()
    body = json.dumps(made, sort_keys=True)
    _write(file, json.dumps({"sha256": hashlib.sha256(body.encode()).hexdigest(), "content": made}).encode())
    return made


def _write(name, raw):
    with contextlib.suppress(WriteError, RuntimeError):  # a cache that cannot be written costs time, nothing else
        writing.write_bytes(folder() / name, raw)

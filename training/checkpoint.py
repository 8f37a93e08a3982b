"""Checkpoints: safetensors and JSON, nothing that can run code, complete or not there at all.

checkpoints/step-000500/ holds generator, critic, the two optimisers and the averaged generator, where there is one, as
.safetensors, and state.json: format version, recipe, counters, log sizes, SHA-256 of the other files and of itself.
docs/checkpoints.md has the format and its rule.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from errors import UserError, cannot_write

if TYPE_CHECKING:
    from paddle import nn

FORMAT = 3
# what each older format lacks: state of that format -> state of the next
UPGRADES = {
    1: lambda state: {**state, "format": 2, "attempt": 0},
    2: lambda state: {**state, "format": 3, "cpu_seconds": 0.0},
}
PARTS = ("generator", "critic", "generator_optimizer", "critic_optimizer")
AVERAGE = "average"  # a fifth, where the recipe has an averaged generator
# what state.json must hold
CONTENT = {
    "step": int,
    "critic_steps": int,
    "attempt": int,
    "recipe": dict,
    "shape": list,
    "sha256": dict,
}
NAME = re.compile(r"step-(\d{6,})")


def save(folder: str | Path, step: int, parts: dict[str, dict[str, np.ndarray]], state: dict, keep: int) -> Path:
    """Write checkpoints/step-N below `folder` atomically and delete all but the newest `keep`.

    parts: {part of PARTS, or AVERAGE: {name: float array}}. state: JSON-serialisable. Returns the path. Raises UserError if
    it cannot be written, with the older checkpoints untouched.
    """
    target = path_of(folder, step)
    root = target.parent
    partial = root / f".{target.name}.partial"
    need = sum(array.nbytes for arrays in parts.values() for array in arrays.values())
    try:
        root.mkdir(exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        digests = {}
        for part, arrays in parts.items():
            path = partial / f"{part}.safetensors"
            safetensors.numpy.save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
            digests[path.name] = _sync_and_digest(path)
        path = partial / "state.json"
        path.write_text(json.dumps(sealed({"format": FORMAT, **state, "sha256": digests}), indent=1), encoding="utf-8")
        _sync_and_digest(path)
        aside = root / f".{target.name}.old"
        shutil.rmtree(aside, ignore_errors=True)
        if target.exists():  # of an earlier, longer attempt
            os.replace(target, aside)
        os.replace(partial, target)
        _sync_folder(root)
        shutil.rmtree(aside, ignore_errors=True)
        # a later one was passed over because it is damaged: it must not displace a good one
        for old in [other for other in list_steps(folder) if other <= step][:-keep]:
            shutil.rmtree(path_of(folder, old))
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)  # it takes room that others may need
        raise cannot_write(f"checkpoint {target}", error, need) from None
    return target


def sealed(state: dict) -> dict:
    """`state` with the SHA-256 of everything else in it."""
    return {**state, "seal": _seal(state)}


def _seal(state):
    rest = {key: value for key, value in state.items() if key != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _sync_and_digest(path):
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sync_folder(path):
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def path_of(folder: str | Path, step: int) -> Path:
    """checkpoints/step-000500 of a run's folder."""
    return Path(folder) / "checkpoints" / f"step-{step:06d}"


def list_steps(folder: str | Path) -> list[int]:
    """Steps of the checkpoints of a run, ascending."""
    root = Path(folder) / "checkpoints"
    matches = (NAME.fullmatch(path.name) for path in root.iterdir()) if root.is_dir() else ()
    return sorted(int(match[1]) for match in matches if match)


def load(path: str | Path) -> tuple[dict[str, dict[str, np.ndarray]], dict]:
    """(parts, state) of a checkpoint folder. Raises UserError if a file is missing, cut short or altered."""
    path = Path(path)
    state = read_state(path)
    parts = {}
    for part in (*PARTS, *([AVERAGE] if f"{AVERAGE}.safetensors" in state["sha256"] else [])):
        file = path / f"{part}.safetensors"
        try:
            raw = file.read_bytes()
            if hashlib.sha256(raw).hexdigest() != state["sha256"].get(file.name):
                raise UserError(f"{file} is damaged: its SHA-256 is not the one in state.json")
            parts[part] = safetensors.numpy.load(raw)
        except (OSError, SafetensorError, ValueError) as error:
            raise UserError(f"{file} cannot be read: {error}") from None
    return parts, state


def read_state(path: str | Path) -> dict:
    """state.json of a checkpoint, brought to the present format. Raises UserError if it is damaged or from the future."""
    file = Path(path) / "state.json"
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is not a checkpoint: {file.name} cannot be read ({error})") from None
    version = state.get("format") if isinstance(state, dict) else None
    if type(version) is not int or not 1 <= version <= FORMAT:
        raise UserError(f"{path} has checkpoint format {version!r}, this program reads 1 to {FORMAT}")
    if version > 1 and state.get("seal") != _seal(state):
        raise UserError(f"{file} is damaged: its SHA-256 is not its own")
    while state["format"] < FORMAT:
        state = UPGRADES[state["format"]](state)
    if wrong := [key for key, kind in CONTENT.items() if not isinstance(state.get(key), kind)]:
        raise UserError(f"{file} is damaged: {', '.join(wrong)} missing or of another type")
    return state


def newest(folder: str | Path) -> tuple[Path, dict, dict, list[str]] | None:
    """(path, parts, state, remarks) of the newest checkpoint that is intact, passing over damaged ones; or None.

    remarks: a line for each one passed over.
    """
    remarks: list[str] = []
    for step in reversed(list_steps(folder)):
        path = path_of(folder, step)
        try:
            return path, *load(path), remarks
        except UserError as error:
            remarks.append(str(error))
    if remarks:
        raise UserError(f"no checkpoint of {folder} is intact: {remarks[0]}")
    return None


def restore(layer: nn.Layer, arrays: dict[str, np.ndarray], where: str | Path) -> None:
    """Put saved arrays into a network. Raises UserError unless names and shapes are the network's own."""
    own = layer.state_dict()
    if set(own) != set(arrays) or any(list(own[name].shape) != list(arrays[name].shape) for name in own):
        raise UserError(f"{where} belongs to another recipe: names or shapes of its weights differ")
    layer.set_state_dict(arrays)  # type: ignore[arg-type] # Paddle takes arrays too, though its annotation forgets them

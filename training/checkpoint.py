"""Checkpoints: safetensors and JSON, nothing that can run code, complete or not there at all.

checkpoints/step-000500/ holds generator, critic, the two optimisers and the averaged generator, where there is one, as
.safetensors, and state.json: format version, recipe, counters, log sizes, SHA-256 of the other files and of itself. A published
one (weights/, reporting/publish.py) holds what samples and scores need and no more: it cannot be trained on.
docs/checkpoints.md has the format and its rule.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import safetensors.numpy
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError

from errors import UserError, cannot_write, shortened
from storage import reading

if TYPE_CHECKING:
    from paddle import nn

FORMAT = 4
# what each older format lacks: state of that format -> state of the next
UPGRADES = {
    1: lambda state: {**state, "format": 2, "attempt": 0},
    2: lambda state: {**state, "format": 3, "cpu_seconds": 0.0},
    3: lambda state: {**state, "format": 4, "classes": None},
}
PARTS = ("generator", "critic", "generator_optimizer", "critic_optimizer")
AVERAGE = "average"  # a fifth, where the recipe has an averaged generator
NAME = re.compile(r"step-([0-9]{6,10})")
STATE, HEADER, LARGEST = 1 << 20, 1 << 20, 4 << 30  # bytes of state.json, of the header of a .safetensors and of the whole of it
DTYPES: dict[object, np.dtype[Any]] = {f"{kind.upper()}{8 * size}": np.dtype(f"{kind}{size}") for kind in "fi" for size in (4, 8)}
Count = Annotated[int, Field(ge=0, le=10**15)]
Seconds = Annotated[float, Field(ge=0, le=10**10)]


def _some(classes):
    if not sum(classes.values()):
        raise ValueError("a class must have an item")
    return classes


# {name: training items} of a conditional run, in the order of the labels
Classes = Annotated[dict[str, Count], Field(min_length=1, max_length=1000), AfterValidator(_some)]


class State(BaseModel):
    """What state.json must hold, in which types and ranges."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    step: Annotated[int, Field(ge=0, le=10**9)]
    critic_steps: Count
    attempt: Annotated[int, Field(ge=0, le=10**6)]
    seconds: Seconds
    cpu_seconds: Seconds
    alarms: dict[str, Count]
    logs: dict[str, Count]
    recipe: dict
    shape: list[Count]
    native_size: Annotated[int, Field(ge=1, le=1024)] | None
    classes: Classes | None
    sha256: dict[str, str]


class Declared(NamedTuple):
    """What a file's header says of an array, by the names that the array itself has for it."""

    shape: tuple[int, ...]
    dtype: np.dtype


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
        for left in root.glob(".step-*.partial"):  # by a process that was killed; the folder of the run is locked
            shutil.rmtree(left, ignore_errors=True)
        partial.mkdir()
        digests = {}
        for part, arrays in parts.items():
            path = partial / f"{part}.safetensors"
            safetensors.numpy.save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
            digests[path.name] = _sync_and_digest(path)
        path = partial / "state.json"
        path.write_text(json.dumps(sealed({"format": FORMAT, **state, "sha256": digests}), indent=1), encoding="utf-8")
        _sync_and_digest(path)
        _sync_folder(partial)  # a rename that a power cut outlives must not lead to a folder without its files
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
        return _digest(file).hexdigest()


def _digest(file):
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest


def _sync_folder(path):
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def path_of(folder: str | Path, step: int) -> Path:
    """checkpoints/step-000500 of a run's folder."""
    return Path(folder) / "checkpoints" / f"step-{step:06d}"


def list_steps(folder: str | Path) -> list[int]:
    """Steps of the checkpoints of a run, ascending. Raises UserError if nobody can tell."""
    root = Path(folder) / "checkpoints"
    try:
        matches = [NAME.fullmatch(path.name) for path in root.iterdir()] if root.is_dir() else []
    except OSError as error:
        raise UserError(f"{root} cannot be read: {error.strerror}") from None
    return sorted(int(match[1]) for match in matches if match and path_of(folder, int(match[1])).name == match[0])


def last(folder: str | Path) -> Path | None:
    """The last checkpoint of a run, intact or not, None if it has none. Raises UserError if nobody can tell."""
    steps = list_steps(folder)
    return path_of(folder, steps[-1]) if steps else None


def declared(path: str | Path, state: dict) -> dict[str, dict[str, Declared]]:
    """{part: {name: Declared}} as the headers of the files say it: no array is read. Raises UserError if a file is damaged."""
    listed, required = _parts(state), () if is_published(state) else PARTS
    names = [part for part in (*PARTS, AVERAGE) if part in listed or part in required]
    return {part: _header(Path(path) / f"{part}.safetensors") for part in names}


def published_parts(averaged: bool) -> tuple[str, ...]:
    """Of PARTS and AVERAGE, those of published weights."""
    return (AVERAGE if averaged else "generator", "critic")


def is_published(state: dict) -> bool:
    """Whether a checkpoint is one of published weights, by its state."""
    return _parts(state) == set(published_parts(AVERAGE in _parts(state)))


def _parts(state):
    return {name.removesuffix(".safetensors") for name in state["sha256"]}


def _header(path):
    """{name: Declared} of a .safetensors: 8 bytes with the header's length, the header in JSON, the arrays without a gap."""
    with reading.regular(path) as file:
        size, length = os.fstat(file.fileno()).st_size, int.from_bytes(file.read(8), "little")
        raw = file.read(min(length, HEADER))
    rows = reading.parsed(raw.decode("utf-8", "replace"), f"{path} is damaged: its header")
    try:
        found = {name: _declared(row) for name, row in rows.items() if name != "__metadata__"}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(f"{path} is damaged: its header does not describe arrays of numbers") from None
    if size > LARGEST or size != 8 + length + sum(math.prod(array.shape) * array.dtype.itemsize for array in found.values()):
        raise UserError(f"{path} is damaged: its {size:,} bytes are not those of the arrays that its header describes")
    return found


def _declared(row):
    shape = row["shape"]
    if type(shape) is not list or len(shape) > 8 or not all(type(side) is int and 0 <= side <= LARGEST for side in shape):
        raise ValueError
    return Declared(tuple(shape), DTYPES[row["dtype"]])


def load(path: str | Path) -> tuple[dict[str, dict[str, np.ndarray]], dict]:
    """(parts, state) of a checkpoint folder. Raises UserError if a file is missing, cut short or altered."""
    path, state = Path(path), read_state(path)
    parts = {}
    for part in declared(path, state):
        file = path / f"{part}.safetensors"
        raw = reading.read(file, reading.size(file))
        _check_digest(file, state, hashlib.sha256(raw))
        try:
            parts[part] = safetensors.numpy.load(raw)
        except (SafetensorError, ValueError) as error:
            raise UserError(f"{file} is damaged: {error}") from None
        if bad := [name for name, array in parts[part].items() if not np.isfinite(array).all()]:
            raise UserError(f"{file} is damaged: {shortened(bad[0])} holds a number that is not finite")
    return parts, state


def _check_digest(file, state, digest):
    if digest.hexdigest() != state["sha256"].get(file.name):
        raise UserError(f"{file} is damaged: its SHA-256 is not the one in state.json")


def read_state(path: str | Path) -> dict:
    """state.json of a checkpoint, brought to the present format. Raises UserError if it is damaged or from the future."""
    file = Path(path) / "state.json"
    try:
        state = reading.json(file, STATE)
    except UserError as error:
        raise UserError(f"{path} is not a checkpoint: {error}") from None
    version = state.get("format") if isinstance(state, dict) else None
    if type(version) is not int or not 1 <= version <= FORMAT:
        raise UserError(f"{path} has checkpoint format {shortened(version)}, this program reads 1 to {FORMAT}")
    if version > 1 and state.get("seal") != _seal(state):
        raise UserError(f"{file} is damaged: its SHA-256 is not its own")
    while state["format"] < FORMAT:
        state = UPGRADES[state["format"]](state)
    try:
        State.model_validate(state)
    except ValidationError as error:
        wrong = ", ".join(dict.fromkeys(str(each["loc"][0]) for each in error.errors()))
        raise UserError(f"{file} is damaged: {wrong} missing, of another type or out of range") from None
    return state


def newest(folder: str | Path) -> tuple[Path, dict, list[str]] | None:
    """(path, state, remarks) of the newest checkpoint that is intact, passing over damaged ones; or None.

    Its files are read piece by piece for their SHA-256, whatever their size. remarks: a line for each one passed over. Raises
    UserError if there are some and none is intact.
    """
    remarks: list[str] = []
    for step in reversed(list_steps(folder)):
        path = path_of(folder, step)
        try:
            state = read_state(path)
            for part in declared(path, state):
                file = path / f"{part}.safetensors"
                with reading.regular(file) as raw:
                    _check_digest(file, state, _digest(raw))
            return path, state, remarks
        except UserError as error:
            remarks.append(str(error))
    if remarks:
        raise UserError(f"no checkpoint of {folder} is intact: {remarks[0]}")
    return None


def check(layer: nn.Layer, arrays: Mapping[str, np.ndarray | Declared], where: str | Path) -> None:
    """Raise UserError unless names, shapes and types of saved arrays, or of what is declared of them, are the network's own."""
    own = layer.state_dict()
    if set(own) != set(arrays) or any(tuple(own[name].shape) != tuple(arrays[name].shape) for name in own):
        raise UserError(f"{where} belongs to another recipe: names or shapes of its weights differ")
    if wrong := [name for name in own if str(own[name].dtype).rpartition(".")[2] != arrays[name].dtype.name]:
        raise UserError(f"{where} is damaged: {wrong[0]} is of the type {arrays[wrong[0]].dtype}")

"""metrics.json: what was measured at a run's checkpoints, and under which settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

import metrics
from errors import WriteError
from storage import reading, writing
from training.recipe import Recipe

FORMAT = 1
LARGEST = 16 << 20  # bytes
# what must be equal for numbers of two evaluations to stand in one file
SETTINGS = ("source", "data", "data_sha256", "samples", "seed", "network", "network_sha256", "batch_norm", "raw")


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class _Value(_Strict):
    value: float | None
    deviation: float | None
    floor: float | None
    floor_deviation: float | None


class _Settings(_Strict):
    could_not: dict[str, str] | list[str] | None = None  # the rest is compared, nothing more


class _Checkpoint(_Strict):
    step: Annotated[int, Field(ge=0, le=10**9)]
    values: dict[str, _Value]


class _File(_Strict):
    settings: _Settings
    results: list[_Checkpoint]


class Best(NamedTuple):
    """The best of some checkpoints: its step, and its value of that name."""

    step: int
    by: str
    value: float


def best(scores: dict[int, dict]) -> Best | None:
    """The best of scored checkpoints, {step: values}, by the first of metrics.quality_values that all of them have, the earlier
    one of two alike; None if there is no such value."""
    for by in metrics.quality_values():
        measured = {step: values[by]["value"] for step, values in scores.items() if by in values}
        if scores and len(measured) == len(scores) and None not in measured.values():
            sign = -1 if metrics.direction(by) == "higher" else 1
            step = min(measured, key=lambda step: (sign * measured[step], step))
            return Best(step, by, measured[step])
    return None


def write(path: str | Path, scores: dict[int, dict], settings: dict) -> Path | None:
    """Put scored checkpoints, {step: values}, into metrics.json. What it holds under equal settings stays beside them, and `best`
    says which of several is the best. A file with other settings is put aside, under the name that is returned.

    Raises UserError if what is there is none: it is not written over.
    """
    path, aside = Path(path), None
    results, before = read(path) if reading.is_file(path) else ({}, settings)
    if any(before.get(key) != settings.get(key) for key in SETTINGS):
        aside, results = writing.next_free(path.parent, path.stem, path.suffix), {}
    for step, values in scores.items():
        results[step] = {**results.get(step, {}), **values}
    rows = [{"step": step, "values": results[step]} for step in sorted(results)]
    content = {"format": FORMAT, "settings": settings, "results": rows}
    if (found := best(results)) and len(results) > 1:
        content["best"] = found._asdict()
    text = json.dumps(content, indent=1, ensure_ascii=False)
    if aside:
        writing.write_bytes(aside, reading.read(path, LARGEST))
    try:
        writing.write_text(path, text + "\n")
    except WriteError:
        if aside:
            aside.unlink(missing_ok=True)
        raise
    return aside


def read(path: str | Path) -> tuple[dict[int, dict], dict[str, Any]]:
    """({step: values}, settings) of a metrics.json. Raises UserError, which says what is wrong with it."""
    content = reading.json(path, LARGEST)
    reading.validated(_File, content, f"{path} cannot be read as metrics.json, move it away or mend it")
    return {row["step"]: row["values"] for row in content["results"]}, content["settings"]


def of_run(path: str | Path, recipe: Recipe, raw: bool = False) -> tuple[dict[int, dict], dict[str, Any]]:
    """As read, of a file in the folder of a run: ({}, {}) if there is none, or if its scores are not that run's on its own data.

    raw: of the generator itself, where the recipe averages it; otherwise of the average. Raises UserError.
    """
    scores, settings = read(path) if reading.is_file(path) else ({}, {})
    same = settings.get("data") == recipe.data and bool(settings.get("raw")) == (raw and recipe.ema > 0)
    return (scores, settings) if same and not settings.get("source") else ({}, {})

"""metrics.json: what was measured at a run's checkpoints, and under which settings."""

from __future__ import annotations

import json
from pathlib import Path

from errors import UserError
from storage.writing import write_text

FORMAT = 1
# what must be equal for numbers of two evaluations to stand in one file
SETTINGS = ("data", "data_sha256", "samples", "seed", "network", "network_sha256", "batch_norm", "raw")


def write(path: str | Path, scores: dict[int, dict], settings: dict) -> None:
    """Put scored checkpoints, {step: values}, into metrics.json. What it holds under equal settings stays beside them."""
    try:
        results, before = read(path)
    except UserError:  # none yet, or not one of ours: written anew
        results, before = {}, settings
    if any(before.get(key) != settings.get(key) for key in SETTINGS):
        results = {}
    for step, values in scores.items():
        results[step] = {**results.get(step, {}), **values}
    rows = [{"step": step, "values": results[step]} for step in sorted(results)]
    text = json.dumps({"format": FORMAT, "settings": settings, "results": rows}, indent=1, ensure_ascii=False)
    write_text(Path(path), text + "\n")


def read(path: str | Path) -> tuple[dict[int, dict], dict]:
    """({step: values}, settings) of a metrics.json. Raises UserError."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return {int(row["step"]): dict(row["values"]) for row in content["results"]}, dict(content["settings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} cannot be read as metrics.json: {error}") from None

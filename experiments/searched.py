"""What a search has found, docs/search/MODEL-DATA.json, as it is read without Optuna."""

import json
from pathlib import Path
from typing import Any

from experiments import ROOT
from storage import names as file_names


def path(model: str, data_name: str) -> Path:
    return ROOT / "docs" / "search" / f"{model}-{file_names.part(data_name)}.json"


def read(model: str, data_name: str) -> dict[str, Any] | None:
    """What the JSON file holds, None without one."""
    file = path(model, data_name)
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def best(model: str, data_name: str) -> dict[str, Any]:
    """The settings of the best trial that came to its end. Raises FileNotFoundError where nothing was searched."""
    trials = json.loads(path(model, data_name).read_text(encoding="utf-8"))["trials"]
    ended = [row for row in trials if row["value"] is not None]
    return min(ended, key=lambda row: row["value"])["settings"]

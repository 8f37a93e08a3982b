"""Reading a run's log.jsonl, and saying its lines in words."""

from __future__ import annotations

import json
import os
from pathlib import Path

from errors import UserError

LONGEST = 8192  # bytes: more than a line of log.jsonl


def in_words(figures: dict) -> str:
    """A logged step in a line, for a person who watches."""
    parts = [f"critic {figures['critic_loss']:.4g}", f"generator {figures['generator_loss']:.4g}"]
    parts += [f"estimate {figures['estimate']:.4g} (held out {figures['estimate_heldout']:.4g})"]
    return "  ".join([*parts, f"{figures['images_per_second']:,.0f} images/s"])


def last(folder: str | Path) -> dict | None:
    """The last whole line of a run's log as a dict, None if there is none yet. Quick: read while the run goes on."""
    try:
        with open(Path(folder) / "log.jsonl", "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LONGEST))
            lines = file.read().rpartition(b"\n")[0].splitlines()
        return json.loads(lines[-1]) if lines else None
    except (OSError, ValueError):
        return None


def read(folder: str | Path) -> list[dict]:
    """All logged steps of a run as a list of dicts. Raises UserError if there is no log."""
    path = Path(folder) / "log.jsonl"
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None

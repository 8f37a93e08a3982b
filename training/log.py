"""Reading a run's log.jsonl, and saying its lines in words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from errors import UserError
from storage import reading

LONGEST, LARGEST = 8192, 128 << 20  # bytes: more than a line of log.jsonl, and than a whole one
LIMITS = {int: 10**15, float: 1e100}  # of a figure's size
# of a line's figures: those that in_words says, and what is done so far, against which curves are drawn
SAID = ("critic_loss", "generator_loss", "estimate", "estimate_heldout", "images_per_second")
COUNTERS = ("step", "critic_steps", "images_seen", "seconds")


def in_words(figures: dict) -> str:
    """A logged step in a line, for a person who watches; `legend` says what it means. Three digits: it stands beside step, speed
    and time left in the 80 columns of a terminal."""
    critic, generator, estimate, heldout = (f"{figures[name]:.3g}" for name in SAID[:4])
    return f"losses {critic} {generator}  estimate {estimate} ({heldout})"


def speed_in_words(figures: dict) -> str:
    return f"{figures['images_per_second']:,.0f}/s"


def legend(items: str) -> str:
    """What in_words says, of 'images' or 'points'."""
    return f"losses of critic, generator; estimate on training (held-out) {items}"


def last(folder: str | Path) -> dict | None:
    """The last whole line of a run's log as a dict, None if there is none yet. Quick: read while the run goes on."""
    path = Path(folder) / "log.jsonl"
    try:
        with reading.regular(path) as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LONGEST))
            lines = file.read(LONGEST).rpartition(b"\n")[0].splitlines()
        return _step(lines[-1].decode(), str(path), ("step", "seconds", *SAID)) if lines else None
    except (UserError, UnicodeDecodeError):
        return None


def read(folder: str | Path, needs: Sequence[str] = ("step",)) -> list[dict[str, Any]]:
    """All logged steps of a run as a list of dicts, each with at least the figures of `needs`. Raises UserError if there is no
    log, or one that is damaged; a last line that was not written to its end does not count."""
    path, steps = Path(folder) / "log.jsonl", []
    for number, line in enumerate(reading.text(path, LARGEST).split("\n")[:-1], 1):
        steps.append(_step(line, f"{path}, line {number},", needs))
        if number > 1 and steps[-1]["step"] <= steps[-2]["step"]:
            raise UserError(f"{path}, line {number}, is of no later step than the line before it")
    return steps


def _step(line, named, needs):
    """A line as a dict of finite numbers. Raises UserError."""
    figures = reading.parsed(line, named)
    if not isinstance(figures, dict) or not all(map(_is_figure, figures.values())):
        raise UserError(f"{named} is not a logged step")
    if lacking := [name for name in needs if name not in figures]:
        raise UserError(f"{named} has no {lacking[0]}")
    return figures


def _is_figure(value):
    return type(value) in LIMITS and abs(value) < LIMITS[type(value)]

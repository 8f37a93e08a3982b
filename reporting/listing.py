"""What comparisons there are: python compare.py --list."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.markup import escape
from rich.table import Table

from errors import UserError
from reporting import collect, summary, tables
from reporting.numbers import plus_minus
from storage import reading
from training import comparison

WIDEST = 22  # a name: beside a longer one a terminal has no room for the rest
UNFINISHED = "not finished"


class Row(NamedTuple):
    """A comparison as texts; when: of its report, or of the record of an unfinished one; seeds: how many, and which."""

    name: str
    when: str
    models: str
    data: str
    seeds: str
    budget: str
    winner: str


def rows(root: Path = comparison.ROOT) -> list[Row]:
    """The comparisons in the folders of `root`, the newest last. A folder without a record that can be read is none."""
    found = []
    for path in sorted(root.glob("*/comparison.json")):
        contents = comparison.read_record(path.parent).get("contents")
        if isinstance(contents, list) and contents and all(isinstance(entry, dict) for entry in contents):
            at, winner = _outcome(path)
            found.append((at, _row(path.parent.name, at, contents, winner)))
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def table(found: list[Row]) -> Table:
    """For a terminal of 80 columns: what is copied, as a name is, and what is short stays on a line."""
    made = Table(header_style="bold", title=escape(f"Comparisons in {comparison.ROOT}/"), title_justify="left")
    made.box, made.pad_edge, made.padding = box.SIMPLE_HEAD, False, 0
    whole = {"when", "data", "seeds"} | ({"name"} if max(len(row.name) for row in found) <= WIDEST else set())
    for heading in Row._fields:
        made.add_column(heading, overflow="fold", no_wrap=heading in whole)
    for row in found:
        made.add_row(*map(escape, row._replace(when=row.when[5:])))  # the newest is the last, whatever the year
    return made


def _row(name, at, contents, winner):
    of = lambda key: list(dict.fromkeys(str(entry.get(key, "?")) for entry in contents))  # noqa: E731
    seeds = [entry["seed"] for entry in contents if isinstance(entry.get("seed"), int)]
    when = datetime.datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
    budgets = dict.fromkeys(map(_budget, contents))
    counted = f"{len(set(seeds))} ({tables.in_ranges(seeds)})"
    return Row(name, when, ", ".join(of("label")), ", ".join(of("data")), counted, ", ".join(budgets), winner)


def _budget(entry):
    minutes, steps = entry.get("minutes"), entry.get("steps")
    if isinstance(minutes, (int, float)):
        return f"{minutes:g} {'CPU ' if entry.get('clock') == 'cpu' else ''}minutes"
    return f"{steps:,} steps" if isinstance(steps, int) else "?"


def _outcome(path) -> tuple[float, str]:
    """(seconds since 1970, who is ahead by which value, or why nobody is) of the comparison with this comparison.json."""
    file = path.with_name("results.json")
    if not reading.is_file(file):
        return path.stat().st_mtime, UNFINISHED
    at = file.stat().st_mtime
    try:
        return at, _winner(collect.read(file))
    except (UserError, KeyError, TypeError, ValueError, AttributeError, StopIteration):
        return at, "results.json cannot be read"


def _winner(results: dict[str, Any]) -> str:
    quality, best = results["quality"], summary.marked(results)
    if quality is None:
        return "not scored"
    if (label := best.get(quality)) is None:
        return f"none for certain ({quality})"
    group = next(group for group in results["groups"] if group["label"] == label)
    return f"{label} ({quality} {plus_minus(group['metrics'][quality])})"

"""Rows in groups, and the scores of a checkpoint as a table for a terminal."""

import re
from collections.abc import Iterable
from typing import Any

from rich.markup import escape
from rich.table import Table

import metrics
from reporting.numbers import in_digits


def grouped(rows: Iterable[dict[str, Any]], key: str) -> dict[Any, list[dict[str, Any]]]:
    """{value of the key: the rows that have it}, in the order in which they stand."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def is_class_share(value: str) -> bool:
    """Whether a value is the share of one class among the samples: class_0 …"""
    return re.fullmatch(r"class_\d+", value) is not None


def scores(values: dict[str, dict], title: str) -> Table:
    """A row a value, beside the baseline of real data; without the shares of the classes. values: of metrics.evaluate."""
    table = Table(title=escape(title), title_justify="left", header_style="bold")
    for heading in ("value", "better", "samples", "±", "real data", "±"):
        table.add_column(heading, justify="left" if heading in ("value", "better") else "right", no_wrap=True)
    for name, row in values.items():
        if not is_class_share(name):
            numbers = [row[key] for key in ("value", "deviation", "floor", "floor_deviation")]
            table.add_row(escape(name), metrics.direction(name), *map(in_digits, numbers))
    return table


def class_shares(values: dict[str, dict]) -> str:
    """'classes 0–9, %: 9.8 …', or '' where classes were not measured."""
    shares = [row["value"] for name, row in values.items() if is_class_share(name)]
    return f"classes 0–{len(shares) - 1}, %: " + " ".join(f"{100 * share:.1f}" for share in shares) if shares else ""

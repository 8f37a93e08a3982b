"""What a comparison says in short: who is ahead, by how much, whether that is certain, what it cost, what was not equal."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

import metrics
from reporting.intervals import t_ends

# below these a comparison is a trial, which shows that everything works and nothing else
FEWEST = {"steps": 500, "samples": 1000}


def summarise(results: dict) -> dict[str, Any]:
    """The summary of results.json, from the rest of it.

    trial: what is below `fewest`, {'steps', 'samples'}. ahead: label of the model whose mean of the quality is best, None if
    there are not two. behind: each other model, the second first, with the ratio of the values (see `ratio`). certain: whether
    every interval leaves out 1, None if one is not known. unequal: names of the settings that differ.
    """
    quality, groups, runs = results["quality"], results["groups"], results["runs"]
    lower = metrics.direction(quality or "") == "lower"
    scored = [g for g in groups if quality in g["metrics"]]
    scored.sort(key=lambda g: g["metrics"][quality]["mean"], reverse=not lower)
    behind = []
    for other in scored[1:]:
        own, its = (_by_seed(runs, g["label"], quality) for g in (scored[0], other))
        seeds = sorted(own.keys() & its.keys())
        behind.append({"label": other["label"], **ratio([own[s] for s in seeds], [its[s] for s in seeds])})
    known = bool(behind) and all(row["low"] is not None for row in behind)
    reached = {"steps": min(g["steps"] for g in groups), "samples": results["samples"]}
    return {
        "fewest": FEWEST,
        "trial": {name: reached[name] for name, fewest in FEWEST.items() if reached[name] < fewest},
        "ahead": scored[0]["label"] if behind else None,
        "behind": behind,
        "certain": all(row["high"] < 1 if lower else row["low"] > 1 for row in behind) if known else None,
        "trainings": len(runs),
        "minutes": math.fsum(run["minutes"] for run in runs),
        "unequal": [row["name"] for row in results["settings"] if not row["equal"]],
    }


def marked(results: dict) -> dict[str, str | None]:
    """{value: label of the model that the page and the tables mark as best, None for none}: empty for a trial."""
    return {} if results.get("summary", {}).get("trial") else results["best"]


def _by_seed(runs, label, value):
    """{seed: value} of a model's runs that did not die."""
    rows = [run for run in runs if run["label"] == label and run["status"] != "died"]
    measured = {run["seed"]: run["metrics"].get(value, {}).get("value") for run in rows}
    return {seed: number for seed, number in measured.items() if number is not None}


def ratio(own: Sequence[float], other: Sequence[float]) -> dict[str, Any]:
    """Of `own` values to `other`'s, seed by seed: {'ratio' (geometric mean), 'low', 'high' (95 % interval), 'seeds' (how many)}.

    The interval is Student's t on the logarithms. None where it is not known: values that are not positive, fewer than two seeds.
    """
    unknown = {"ratio": None, "low": None, "high": None, "seeds": len(own)}
    if not own or min(*own, *other) <= 0:
        return unknown
    logs = [math.log(a / b) for a, b in zip(own, other, strict=True)]
    mean = statistics.fmean(logs)
    if len(logs) < 2:
        return {**unknown, "ratio": math.exp(mean)}
    low, high = (math.exp(min(end, 700.0)) for end in t_ends(logs))
    return {**unknown, "ratio": math.exp(mean), "low": low, "high": high}

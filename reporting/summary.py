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

    trial: what is below `fewest`, {'steps', 'samples'}. ahead: label of the model that is best in quality (see `_ranked`), None
    if there are not two. behind: each other model, the second first, with the ratio of the values (see `ratio`). certain: whether
    every interval lies on the better side of 1, None if one is not known. unequal: names of the settings that differ.
    """
    quality, groups, runs = results["quality"], results["groups"], results["runs"]
    lower = metrics.direction(quality or "") == "lower"
    scored = _ranked([g for g in groups if quality in g["metrics"]], runs, quality, lower)
    behind = [{"label": other["label"], **_paired(runs, quality, scored[0], other)} for other in scored[1:]]
    known = bool(behind) and all(row["low"] is not None for row in behind)
    judged = [g for g in groups if g["metrics"]] or groups  # no verdict rests on a model that has no score, as one that died
    reached = {"steps": min(g["steps"] for g in judged), "samples": results["samples"]}
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


def _ranked(groups, runs, quality, lower):
    """The groups, the best first: by how many others each is better than, in the ratio that is reported of the two.

    Where all have the same seeds that is the order of the geometric means. The arithmetic mean decides of two without a ratio
    alone: for one bad seed, or one that died in the other, it may say the contrary.
    """
    mean = lambda group: group["metrics"][quality]["mean"] * (1 if lower else -1)  # noqa: E731

    def is_better(one, other):
        found = _paired(runs, quality, one, other)["ratio"]
        return mean(one) < mean(other) if found is None else found < 1 if lower else found > 1

    wins = {one["label"]: sum(is_better(one, other) for other in groups if other is not one) for one in groups}
    return sorted(groups, key=lambda group: (-wins[group["label"]], mean(group)))


def _paired(runs, quality, one, other):
    """`ratio` of two groups' values by the seeds that both have."""
    own, its = (_by_seed(runs, group["label"], quality) for group in (one, other))
    seeds = sorted(own.keys() & its.keys())
    return ratio([own[seed] for seed in seeds], [its[seed] for seed in seeds])


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

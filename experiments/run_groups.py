"""The runs of training_runs' cells, a group a cell: their values by seed, side by side on equal terms, and in sum."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

import metrics
from experiments import claims
from experiments.numeric import Interval, mean_and_deviation, paired_ratio
from experiments.store import ExperimentStore, label_key
from experiments.training_runs import Run
from reporting.curves import rank_correlation

Value = str | Callable[[Run], float | None]  # a score's name, or a function of a run that lived

# what a claim's terms (experiments/claims.py) are read on, among a run's on_the_way
AXES = {"generator steps": "step", "critic steps": "critic_steps", "CPU seconds": "cpu_seconds"}


def alive(group: Iterable[Run]) -> list[Run]:
    """The runs that did not die."""
    return [run for run in group if "died" not in run]


def by_seed(group: Iterable[Run], value: Value) -> dict[int, float | None]:
    """{seed: value} of a cell's runs, None of those that died."""
    take = value if callable(value) else lambda run: run["scores"].get(value)
    return {run["seed"]: None if "died" in run else take(run) for run in group}


def agreement(group: Iterable[Run], quality: str) -> dict[int, float | None]:
    """{seed: Spearman's correlation of the critic's estimate with a score at the run's checkpoints but the untrained one}.

    None of a run that died.
    """
    ways = {run["seed"]: run.get("on_the_way") for run in group}
    return {seed: way and rank_correlation(way["critic_estimate"][1:], way[quality][1:]) for seed, way in ways.items()}


def at(run: Run, value: str, axis: str, position: float) -> float | None:
    """A score on the way at a `position` on an axis of on_the_way, by straight lines between the checkpoints that have it.

    None beyond the last of them, and where the run has no such axis.
    """
    way = run["on_the_way"]
    scored = [(where, score) for where, score in zip(way.get(axis, []), way[value]) if score is not None]
    if not scored or position > scored[-1][0] * (1 + 1e-9):
        return None
    positions, scores = zip(*scored)
    return float(np.interp(position, positions, scores))


def on_equal_terms(ours: list[Run], theirs: list[Run], value: str, axis: str) -> Interval:
    """Paired ratio ours / theirs of a score on the way, where the first of each pair's runs ends on `axis`."""
    others = {run["seed"]: run for run in theirs}
    pairs = [(run, others[run["seed"]]) for run in ours if run["seed"] in others]
    read: tuple[dict, dict] = ({}, {})
    for pair in pairs:
        lived = not any("died" in one or axis not in one["on_the_way"] for one in pair)
        end = min(one["on_the_way"][axis][-1] for one in pair) if lived else 0.0
        for side, one in zip(read, pair):
            side[one["seed"]] = at(one, value, axis, end) if lived else None
    return with_ends(paired_ratio(*read), *_paired(ours, theirs))


def per_terms(about: Mapping[str, Any], key: str, ours: list[Run], theirs: list[Run], value: str) -> dict[str, Interval]:
    """{'KEY, TERMS': on_equal_terms} of a claim of ABOUT with several terms."""
    of_key = [claim for claim in claims.of(about) if claim.key == f"{key}, {claim.terms}"]
    return {claim.key: on_equal_terms(ours, theirs, value, AXES[claim.terms]) for claim in of_key}


def compared(ours: list[Run], theirs: list[Run], value: Value, how: Callable[..., Interval] = paired_ratio) -> Interval:
    """A score at the end of one cell's runs beside another's, paired by seed. how: paired_ratio or paired_difference."""
    return with_ends(how(by_seed(ours, value), by_seed(theirs, value)), *_paired(ours, theirs))


def _paired(ours, theirs):
    """The runs of both cells whose seed the other has, too."""
    both = {run["seed"] for run in ours} & {run["seed"] for run in theirs}
    return [[run for run in group if run["seed"] in both] for group in (ours, theirs)]


def with_ends(interval: Interval, *groups: Iterable[Run]) -> Interval:
    """An interval with what a claim about converged trainings needs: how many it rests on, how many of them have converged.

    Neither where all of them have too few checkpoints to tell.
    """
    ends = [run["ended"] for group in groups for run in alive(group)]
    told = any(end != "unknown" for end in ends)
    return interval | ({"trainings": len(ends), "at_end": ends.count("end")} if told else {})


def real_baseline(groups: Mapping[str, list[Run]]) -> dict[str, float]:
    """{value: score of the real held-out items}, the same for all runs; without those that no run could be scored by."""
    floors: dict[str, float] = {}
    for group in groups.values():
        for lived in alive(group):
            floors = lived["floors"] | floors
    return floors


def summary(group: list[Run], values: Iterable[str]) -> dict[str, Any]:
    """{value: mean_and_deviation over seeds} of the runs of one cell that did not die, and of their steps and seconds.

    seed_numbers: of all, in the order of each row's 'each'. at_end: how many have converged. published_share: the least.
    """
    lived = alive(group)
    rows = {value: mean_and_deviation(by_seed(group, value).values()) for value in values}
    means = {key: mean_and_deviation(run.get(key) for run in group) for key in ("steps", "critic_steps", "seconds")}
    shares = [run["published_share"] for run in lived if run["published_share"] is not None]
    ends = {"at_end": sum(run["ended"] == "end" for run in lived), "published_share": min(shares, default=None)}
    counts = {"seeds": len(group), "seed_numbers": [run["seed"] for run in group], "died": len(group) - len(lived)}
    return {**rows, **means, **ends, **counts}


def worst_seed(row: Mapping[str, Any], value: str) -> int | None:
    """The seed of a `summary` whose value is worst, among those that lived; None where none did."""
    sign = -1 if metrics.direction(value) == "higher" else 1
    lived = [(sign * score, seed) for score, seed in zip(row[value]["each"], row["seed_numbers"]) if score is not None]
    return max(lived)[1] if lived else None


def worst_tile(store: ExperimentStore, label: str, row: Mapping[str, Any], value: str) -> np.ndarray | None:
    """The samples that were kept of a cell's worst seed, None where none lived: see worst_seed."""
    seed = worst_seed(row, value)
    return None if seed is None else store.tile(label_key(label, seed))

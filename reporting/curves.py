"""Curves of groups of runs: mean and standard deviation over the seeds, against steps, critic steps, images or minutes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from training import budget

AXES = ("step", "critic_steps", "images_seen", "minutes")
# what log.jsonl holds; rows of charts: title, quantities (solid, dashed)
LOGGED = [
    ("Estimate", ("estimate", "estimate_heldout")),
    ("Losses", ("critic_loss", "generator_loss")),
    ("Gradient of the critic", ("gradient_norm", "gradient_norm_std")),
    ("Probabilities", ("d_real", "d_fake")),
    ("Weights at ±c", ("clipped_share",)),
]
POINTS = 100  # of a curve


def of_log(logs: list[list[dict]], clock: str = "wall") -> dict:
    """{axis: {quantity: curve}} of the logs (lists of dicts) of one group's runs. A curve: {x, mean, deviation}."""
    names = [name for _, names in LOGGED for name in names if all(name in line for log in logs for line in log)]
    seconds = budget.KEYS[clock]
    series = [[{**line, "minutes": line[seconds] / 60} for line in log] for log in logs if log]
    return {axis: {name: _curve(series, axis, name) for name in names} for axis in AXES} if series else {}


def of_scores(scored: list[list[dict]]) -> dict:
    """The same of scores through training: for each run a list of {step, critic_steps, images_seen, minutes, value: …}.

    A run of one checkpoint, published weights for example, makes no curve.
    """
    scored = [lines for lines in scored if len(lines) > 1]
    if not scored:
        return {}
    names = [name for name in scored[0][0] if name not in AXES and all(name in line for lines in scored for line in lines)]
    return {axis: {name: _curve(scored, axis, name) for name in names} for axis in AXES}


def _curve(series, axis, name):
    """Runs that were logged at the same x are averaged there; others are first interpolated linearly onto common ones."""
    xs = [np.array([line[axis] for line in lines], np.float64) for lines in series]
    ys = [np.array([line[name] for line in lines], np.float64) for lines in series]
    x = xs[0]
    if not all(np.array_equal(other, x) for other in xs):
        low, high = max(x[0] for x in xs), min(x[-1] for x in xs)
        x = np.linspace(low, high, min(POINTS, *(len(x) for x in xs)))
        ys = [np.interp(x, own, y) for own, y in zip(xs, ys)]
    if len(x) > POINTS:  # every n-th point, not an average: nothing is smoothed
        keep = np.unique(np.linspace(0, len(x) - 1, POINTS).round().astype(int))
        x, ys = x[keep], [y[keep] for y in ys]
    deviation = digits(np.std(ys, 0, ddof=1)) if len(ys) > 1 else None
    return {"x": digits(x), "mean": digits(np.mean(ys, 0)), "deviation": deviation}


def digits(numbers):
    """Floats with six significant digits: what is shown needs no more."""
    return [float(f"{number:.6g}") for number in numbers]


def at_step(log: list[dict], step: int, clock: str = "wall") -> dict:
    """The counters of a run (step, critic_steps, images_seen, minutes) after generator step `step`, between logged ones too."""
    if not step or not log:
        return {"step": step, "critic_steps": 0, "images_seen": 0, "minutes": 0.0}
    steps = [0] + [line["step"] for line in log]
    counters: dict[str, float] = {"step": step}
    for name in ("critic_steps", "images_seen", budget.KEYS[clock]):
        counters[name] = float(np.interp(step, steps, [0] + [line[name] for line in log]))
    counters["minutes"] = counters.pop(budget.KEYS[clock]) / 60
    return counters


def rank_correlation(a: Sequence[float | None], b: Sequence[float | None]) -> float | None:
    """Spearman's rho of the pairs of which neither is None. None where it is not defined (constant values) or says nothing
    (fewer than three)."""
    pairs = [pair for pair in zip(a, b, strict=True) if None not in pair]
    a, b = zip(*pairs) if pairs else ((), ())
    if len(a) < 3 or len(set(a)) == 1 or len(set(b)) == 1:
        return None
    rho, _ = spearmanr(a, b)
    return float(rho)

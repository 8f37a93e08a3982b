"""An experiment's numbers: rounded for its JSON file, and as intervals over seeds.

An interval is {'value', 'low', 'high', 'each', 'seeds', 'method'}: an estimate, the ends of its 95 % interval (None where there
are fewer than FEWEST replicates), and every replicate's own value (None of one that died) with its seed; 'bound', where ±bound
cut it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from reporting.intervals import LEVEL, t_ends
from reporting.numbers import in_digits

FEWEST = 3  # replicates that have an interval
MOST = 100  # replicates that are worth waiting for
MANY = 8  # values that are more than a cell of a table can name
STUDENTS = MEAN, LOGARITHMS = ("t", "t of logarithms")  # methods of Student's intervals
PROPORTIONS = SHARE, BINOMIAL = "exact", "exact binomial"  # of successes and failures, 1 and 0: of all, of pairs that differ
Replicates = Mapping[int, float | None]  # {seed: value, None of a training that died}
Interval = dict[str, Any]


def t_interval(values: Replicates, log: bool = False, bound: float = np.inf) -> Interval:
    """Of the mean over replicates, by Student's t; log: of the geometric mean of positive values, through their logarithms.

    bound: no mean can lie outside [−bound, bound], 1 for correlations, so the interval is cut there, at which it keeps its level.
    """
    lived = np.array([value for value in values.values() if value is not None], float)
    with np.errstate(divide="ignore", invalid="ignore"):
        lived, back = (np.log(lived), np.exp) if log else (lived, np.asarray)
        mean = lived.mean() if len(lived) else np.nan
        low = high = np.nan
        if len(lived) >= FEWEST:
            low, high = np.clip(t_ends(lived), -bound, bound)
        value, lower, upper = (float(back(end)) if np.isfinite(end) else None for end in (mean, low, high))
    cut = {"bound": bound} if np.isfinite(bound) else {}
    return _interval(value, lower, upper, values, LOGARITHMS if log else MEAN) | cut


def paired(
    ours: Replicates, theirs: Replicates, operation: Callable[[float, float], float], log: bool = False, bound: float = np.inf
) -> Interval:
    """t interval of operation(ours, theirs), paired by seed. A pair of which one died is None."""
    pairs = {seed: (ours[seed], theirs[seed]) for seed in ours if seed in theirs}
    values = {seed: None if a is None or b is None else operation(a, b) for seed, (a, b) in pairs.items()}
    return t_interval(values, log, bound)


def paired_difference(ours: Replicates, theirs: Replicates, bound: float = np.inf) -> Interval:
    """t interval of ours − theirs, paired by seed. bound: t_interval's, 2 for correlations."""
    return paired(ours, theirs, lambda a, b: a - b, bound=bound)


def paired_ratio(ours: Replicates, theirs: Replicates) -> Interval:
    """t interval of the logarithm of ours / theirs, paired by seed, as a ratio."""
    return paired(ours, theirs, lambda a, b: a / b if b else np.inf, log=True)


def share(successes: Mapping[int, bool]) -> Interval:
    """Exact interval (Clopper and Pearson) of a probability, from one success or failure a replicate."""
    return _proportion(successes, SHARE)


def mcnemar(ours: Mapping[int, bool], theirs: Mapping[int, bool]) -> Interval:
    """Of the replicates in which one of the two succeeds, the share in which ours does: exact binomial interval.

    It lies on one side of 1/2 where McNemar's exact test tells the two apart.
    """
    return _proportion({key: ours[key] for key in ours if key in theirs and ours[key] != theirs[key]}, BINOMIAL)


def level(looks: int) -> float:
    """Of each of so many intervals of growing replicates, so that all hold the true value in LEVEL of all cases (Bonferroni)."""
    return 1 - (1 - LEVEL) / looks


def at_look(interval: Interval, looks: int) -> Interval:
    """`interval`, of 95 %, at the level of the last of so many looks."""
    if looks == 1 or interval["low"] is None:
        return interval
    if interval["method"] in PROPORTIONS:
        low, high = stats.binomtest(sum(interval["each"]), len(interval["each"])).proportion_ci(level(looks), "exact")
        return interval | {"low": low, "high": high}
    value, half, lived = _on_a_line(interval)
    half *= _quantile(looks, lived) / _quantile(1, lived)
    bound = interval.get("bound", np.inf)
    ends = np.clip([value - half, value + half], -bound, bound)
    low, high = np.exp(ends) if interval["method"] == LOGARITHMS else ends
    return interval | {"low": float(low), "high": float(high)}


def replicates_to_decide(interval: Interval, threshold: float, looks: int = 1) -> int | None:
    """How many replicates at least would have their interval on one side of the threshold at the next look, were value and
    scatter those of `interval`, one of STUDENTS or PROPORTIONS, of 95 % and with ends, which has been looked at so many times:
    so many do in half of all cases. None for more than MOST."""
    if interval["method"] in PROPORTIONS:
        nearer = math.floor if interval["value"] > threshold else math.ceil  # to the threshold: of whole successes
        for count in range(len(interval["each"]) + 1, MOST + 1):
            ends = stats.binomtest(nearer(count * interval["value"]), count).proportion_ci(level(looks + 1), "exact")
            if ends.low > threshold or ends.high < threshold:
                return count
        return None
    if interval["method"] == LOGARITHMS:
        if min(interval["low"], threshold) <= 0:
            return None
        threshold = np.log(threshold)
    value, half, lived = _on_a_line(interval)
    counts = np.arange(lived + 1, MOST + 1)
    halves = half * _quantile(looks + 1, counts) / _quantile(1, lived) * np.sqrt(lived / counts)
    enough = counts[halves < abs(value - threshold)]
    return int(enough[0]) if len(enough) else None


def _on_a_line(interval):
    """(value, half the width, replicates that lived) of one of STUDENTS, before a bound cut it; of logarithms in their place."""
    value, low, high = (interval[key] for key in ("value", "low", "high"))
    if interval["method"] == LOGARITHMS:
        value, low, high = np.log([value, low, high])
    return value, max(value - low, high - value), sum(each is not None for each in interval["each"])


def _quantile(looks, counts):
    """Student's, of the interval of so many replicates."""
    return stats.t.ppf((1 + level(looks)) / 2, counts - 1)


def _proportion(successes, method):
    count, of = sum(map(bool, successes.values())), len(successes)
    low = high = None
    if of >= FEWEST:
        low, high = stats.binomtest(count, of).proportion_ci(LEVEL, "exact")
    return _interval(count / of if of else None, low, high, {key: int(value) for key, value in successes.items()}, method)


def _interval(value, low, high, each, method) -> Interval:
    return {"value": value, "low": low, "high": high, "each": list(each.values()), "seeds": list(each), "method": method}


def rounded(value: Any, digits: int = 6) -> Any:
    """`value` for JSON, floats with so many significant digits, None for one that is not finite."""
    if isinstance(value, dict):
        return {str(key): rounded(item, digits) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return rounded(value.tolist(), digits)
    if isinstance(value, (list, tuple)):
        return [rounded(item, digits) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.{digits}g}") if np.isfinite(value) else None
    return value


def mean_and_deviation(values: Iterable[float | None]) -> dict[str, Any]:
    """{'mean', 'deviation' (standard deviation, None of one value), 'n', 'each'} of numbers; None only count in 'each'."""
    each = list(values)
    numbers = [value for value in each if value is not None]
    deviation = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
    return {"mean": float(np.mean(numbers)) if numbers else None, "deviation": deviation, "n": len(numbers), "each": each}


def each(row: dict[str, Any], digits: int = 3) -> str:
    """All values of a mean_and_deviation's row, '–' for one that died; of more than MANY the least and the largest."""
    lived = [value for value in row["each"] if value is not None]
    if len(row["each"]) > MANY and lived:
        return f"{in_digits(min(lived), digits)} … {in_digits(max(lived), digits)}"
    return ", ".join(in_digits(value, digits) for value in row["each"])


def in_words(interval: Mapping[str, Any], form: str = "{} ({} to {})") -> str:
    """An interval's estimate with its ends in this form; alone where it has none."""
    value, *ends = (in_digits(interval[key], 3) for key in ("value", "low", "high"))
    return value if interval["low"] is None else form.format(value, *ends)


def last_of_largest(values: Sequence[float]) -> float:
    return values[-1] / max(values)


def percent(value: float | None, digits: int = 0) -> str:
    """A share in [0, 1] as a percentage."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"

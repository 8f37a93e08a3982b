"""Numbers as people read them: digits, hours, mean ± standard deviation."""

from __future__ import annotations

import math


def in_digits(value: float | None, digits: int = 4) -> str:
    """So many significant digits, with thousands apart: 0.1235, 12,350, 1.20e-07. Whole numbers stay whole, None is '–'."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if value and not 1e-3 <= abs(value) < 1e9:
        return f"{value:.{min(digits, 3) - 1}e}"
    text = f"{value:.{digits}g}"
    return f"{float(text):,.0f}" if abs(float(text)) >= min(1000, 10**digits) else text


def plus_minus(row: dict, digits: int = 3) -> str:
    """mean ± standard deviation of {'mean', 'deviation'}; without one (a single seed) the mean alone."""
    mean = in_digits(row["mean"], digits)
    return mean if row["deviation"] is None else f"{mean} ± {in_digits(row['deviation'], 2)}"


def aligned(mean: float | None, deviation: float | None) -> str:
    """As plus_minus, both to the same place, that of the deviation's second digit: 4.54 ± 0.64, 81 ± 138."""
    if mean is None or not deviation or not math.isfinite(mean + deviation):
        return plus_minus({"mean": mean, "deviation": deviation})
    places = max(0, 1 - math.floor(math.log10(deviation)))
    if places > 5 or abs(mean) >= 1e9:
        return plus_minus({"mean": mean, "deviation": deviation})
    return f"{mean:,.{places}f} ± {deviation:,.{places}f}"


def clock(seconds: float) -> str:
    """h:mm:ss"""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

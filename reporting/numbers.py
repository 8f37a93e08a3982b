"""Numbers as people read them: digits, hours, mean ± standard deviation, and which of several is the best."""

import metrics


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


def clock(seconds: float) -> str:
    """h:mm:ss"""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def best(groups: dict[str, dict], value: str) -> str | None:
    """The group whose mean ± standard deviation is better than all others' and meets none of them, or None.

    groups: {name: {value: {'mean', 'deviation'}}}; a group without the value, or without a mean, is left out. None as well for
    a value of which neither direction is better, for fewer than two groups and where a deviation is not known (a single seed).
    """
    rows = {name: row[value] for name, row in groups.items() if row.get(value) and row[value]["mean"] is not None}
    direction = metrics.direction(value)
    if not direction or len(rows) < 2 or any(row["deviation"] is None for row in rows.values()):
        return None
    sign = 1 if direction == "lower" else -1
    first, *others = sorted(rows, key=lambda name: sign * rows[name]["mean"])
    reach = sign * rows[first]["mean"] + rows[first]["deviation"]
    return first if all(reach < sign * rows[name]["mean"] - rows[name]["deviation"] for name in others) else None

"""An experiment's numbers: rounded for its JSON file, over seeds, and what of the pages' is not in reporting/numbers.py."""

from collections.abc import Iterable
from typing import Any

import numpy as np


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


def mean_and_deviation(values: Iterable[float | None]) -> dict[str, float | int | None]:
    """{'mean', 'deviation' (standard deviation, None of one value), 'n'} of numbers; None values are left out."""
    numbers = [value for value in values if value is not None]
    deviation = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
    return {"mean": float(np.mean(numbers)) if numbers else None, "deviation": deviation, "n": len(numbers)}


def percent(value: float | None, digits: int = 0) -> str:
    """A share in [0, 1] as a percentage."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def minutes(seconds: float) -> str:
    return f"{seconds / 60:,.0f}" if seconds >= 90 else f"{seconds / 60:.1f}"

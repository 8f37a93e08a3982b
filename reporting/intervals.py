"""Student's t interval of a mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t

LEVEL = 0.95


def t_ends(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """The ends of the interval of level LEVEL of the mean of two or more values, nan where one of them is infinite."""
    half = t.ppf((1 + LEVEL) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values) - half), float(np.mean(values) + half)

"""w1: exact Wasserstein-1 distance between two finite sets."""

import numpy as np

from metrics import checks
from metrics.draws import Draw
from metrics.registry import IMAGES, POINTS, register


def w1(fake: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """min over pairings of the mean Euclidean distance of partners, N×D against N×D: W1 of the two empirical measures
    (equal weights, so an optimal plan is a permutation; Peyré and Cuturi, 1803.00567, prop. 2.1), by SciPy's assignment.

    Of two samples of one distribution it is not 0 but of order N^(−1/D): look at the distance to the baseline of real data.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    fake, real = checks.rows("w1", fake, real, at_least=1)
    checks.equally_many("w1", fake, real)
    cost = cdist(fake, real)
    return {"w1": float(np.mean(cost[linear_sum_assignment(cost)]))}


@register("w1", values={"w1": "lower"}, fits=IMAGES + POINTS, needs=("features",), on_the_way=POINTS, quality=True)
def measure(draw: Draw) -> dict[str, float]:
    return w1(draw.fake.features, draw.real.features)

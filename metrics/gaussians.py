"""gaussians: which modes of a mixture the points find, and how many points are good."""

import numpy as np

from errors import NotMeasurable
from metrics import checks
from metrics.draws import Draw
from metrics.registry import register


def gaussians(points: np.ndarray, centres: np.ndarray, sigma: float) -> dict[str, float]:
    """points N×2, centres K×2, sigma of each mode in each direction.

    A point is good within 3 sigma of its nearest mode, a mode found with one good point (VEEGAN, 1705.07761).
    modes_found: of K. good_share: in [0, 1]; 1 − exp(−9/2) = .989 for the mixture itself in the plane.
    """
    (points,) = checks.rows("gaussians", points, at_least=1)
    if points.shape[1] != centres.shape[1]:
        raise NotMeasurable(f"gaussians: wants points of {centres.shape[1]} numbers, not {points.shape[1]}")
    apart = np.linalg.norm(points[:, None] - centres, axis=2)
    good = apart.min(1) <= 3 * sigma
    return {"modes_found": float(len(np.unique(apart.argmin(1)[good]))), "good_share": float(good.mean())}


@register("gaussians", values={"modes_found": "higher", "good_share": "higher"}, fits=("mixture",), on_the_way=("mixture",))
def measure(draw: Draw) -> dict[str, float]:
    if draw.dataset.modes is None:
        raise NotMeasurable(f"gaussians: {draw.dataset.name} is of the kind 'mixture', but its Dataset has no modes")
    return gaussians(draw.fake.items, *draw.dataset.modes)

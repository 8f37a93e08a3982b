"""kid: kernel distance between features."""

import numpy as np

from metrics import checks
from metrics.draws import Draw
from metrics.registry import IMAGES, register


def kid(fake: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """Unbiased MMD² with the kernel (x·y/F + 1)³ (KID, 1801.01401) of features N×F, M×F.

    Its mean is 0 for equal distributions, so that it can be negative; smaller is better.
    """
    fake, real = checks.rows("kid", fake, real)
    n, m = len(fake), len(real)
    within_fake, within_real, between = kernel(fake, fake), kernel(real, real), kernel(fake, real)
    value = (within_fake.sum() - within_fake.trace()) / (n * (n - 1))
    value += (within_real.sum() - within_real.trace()) / (m * (m - 1))
    return {"kid": float(value - 2 * between.mean())}


def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3


@register(
    "kid",
    values={"kid": "lower"},
    fits=IMAGES,
    needs=("features",),
    on_the_way=IMAGES,
    check=checks.held_out("kid", 2),
)
def measure(draw: Draw) -> dict[str, float]:
    return kid(draw.fake.features, draw.real.features)

"""swd: sliced Wasserstein distance on pixels."""

import numpy as np

from metrics import checks
from metrics.draws import Draw
from metrics.registry import IMAGES, register

DIRECTIONS = 256


def swd(fake: np.ndarray, real: np.ndarray, seed: int = 0) -> dict[str, float]:
    """(E over directions θ of W2²(θ·x, θ·y))^½ (Bonneel et al. 2015, sliced W2) of equally many images or rows.

    In one dimension the optimal pairing is by rank. 256 directions, uniform on the sphere, the same ones for one seed.
    """
    fake, real = checks.rows("swd", fake, real, at_least=1)
    checks.equally_many("swd", fake, real)
    theta = np.random.default_rng(seed).standard_normal((fake.shape[1], DIRECTIONS))
    theta /= np.linalg.norm(theta, axis=0)
    gap = np.sort(fake @ theta, 0) - np.sort(real @ theta, 0)
    return {"swd": float(np.sqrt((gap**2).mean()))}


@register("swd", values={"swd": "lower"}, fits=IMAGES, on_the_way=IMAGES, quality=True)
def measure(draw: Draw) -> dict[str, float]:
    return swd(draw.fake.items / np.float32(255), draw.real.items / np.float32(255), draw.seed)

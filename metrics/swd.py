"""swd: sliced Wasserstein distance on pixels."""

import numpy as np

from metrics import checks

DIRECTIONS = 256


def swd(fake, real, seed=0):
    """(E over directions θ of W2²(θ·x, θ·y))^½ (Bonneel et al. 2015, sliced W2) of equally many images or rows.

    In one dimension the optimal pairing is by rank. 256 directions, uniform on the sphere, the same ones for one seed.
    """
    fake, real = checks.rows("swd", fake, real, at_least=1)
    checks.equally_many("swd", fake, real)
    theta = np.random.default_rng(seed).standard_normal((fake.shape[1], DIRECTIONS))
    theta /= np.linalg.norm(theta, axis=0)
    gap = np.sort(fake @ theta, 0) - np.sort(real @ theta, 0)
    return {"swd": float(np.sqrt((gap**2).mean()))}


def measure(draw):
    return swd(draw.fake.items / np.float32(255), draw.real.items / np.float32(255), draw.seed)

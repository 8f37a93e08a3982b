"""8gaussians, 25gaussians, swissroll: points in the plane, as improved_wgan_training's gan_toy.py draws and scales them. 2lines:
WGAN's example 1 (1701.07875), P0 and Pθ in equal parts.

A fixed sample of 100,000 points (and 10,000 held out) stands for the distribution, so that runs see equal data.
"""

import numpy as np

from data.dataset import Dataset

TRAIN, HELD_OUT = 100_000, 10_000


def centres(name: str) -> tuple[np.ndarray, float] | None:
    """The modes of a mixture, float64 K×2, and the standard deviation of each; None for the Swiss roll and the lines."""
    if name == "8gaussians":  # radius 2, sigma .02, all divided by 1.414
        angle = np.arange(8) * np.pi / 4
        return 2 * np.stack([np.cos(angle), np.sin(angle)], 1) / 1.414, 0.02 / 1.414
    if name == "25gaussians":  # 2·{−2..2}², sigma .05, all divided by 2.828
        axis = 2.0 * np.arange(-2, 3)
        return np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2) / 2.828, 0.05 / 2.828
    return None


def draw(name: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """n points, float32 n×2."""
    if modes := centres(name):
        means, sigma = modes
        return (means[rng.integers(len(means), size=n)] + sigma * rng.standard_normal((n, 2))).astype(np.float32)
    if name == "2lines":  # (−θ/2, Z) and (θ/2, Z) with θ = 2, Z uniform on [−1, 1]: as large as the others
        return np.stack([rng.choice([-1.0, 1.0], n), rng.uniform(-1, 1, n)], 1).astype(np.float32)
    from sklearn.datasets import make_swiss_roll

    roll, _ = make_swiss_roll(n, noise=0.25, random_state=int(rng.integers(2**31)))
    return (roll[:, [0, 2]] / 7.5).astype(np.float32)


def load(name: str, data_dir: str | None, image_size: int) -> Dataset:
    rng = np.random.Generator(np.random.Philox(key=[0, 0]))  # as epoch 0 of seed 0 (training/randomness.py)
    return Dataset(name, draw(name, TRAIN, rng), draw(name, HELD_OUT, rng), modes=centres(name))

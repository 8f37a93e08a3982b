"""Every random number of a training step as a pure function of (seed, purpose, step, attempt).

Nothing has to be saved to resume to the bit, and the same noise reaches a GAN and a WGAN, a CPU and a GPU, one process
and several.

What shares numbers all the same, kept because a change would alter every run: the order of epoch k (data.dataset.Order, whose key
is [seed, epoch]) and purpose number k, counted from 1, at step 0 are one stream, read as a permutation there and as normal or
uniform numbers here; held-out items of the health figures come in the order of the training items; and epoch 0 of seed 0 is the
stream that data/toys.py draws its points with. No harm was found. A new stream takes a key that none of these has.
"""

from __future__ import annotations

import numpy as np

# a purpose's place is its key: a new one comes last, and "held out", which nothing draws any more, keeps its own
PURPOSES = (
    *("fixed noise", "critic noise", "generator noise", "penalty", "health noise", "health penalty", "held out", "samples"),
    *("generator classes", "sample classes"),
)


def generator(seed: int, purpose: str, step: int = 0, attempt: int = 0) -> np.random.Generator:
    """A numpy Generator for one purpose at one step (counted from 0). attempt: how often training went back before it."""
    return np.random.Generator(np.random.Philox(key=[seed, PURPOSES.index(purpose) + 1], counter=[0, 0, attempt, step]))


def noise(seed: int, purpose: str, step: int, shape: list[int], attempt: int = 0) -> np.ndarray:
    """Latent vectors z ~ N(0, I), float32."""
    return generator(seed, purpose, step, attempt).standard_normal(shape, dtype=np.float32)


def uniform(seed: int, purpose: str, step: int, shape: list[int], attempt: int = 0) -> np.ndarray:
    """Numbers uniform on [0, 1), float32."""
    return generator(seed, purpose, step, attempt).random(shape, dtype=np.float32)


def classes(seed: int, purpose: str, step: int, count: int, counts: list[int], attempt: int = 0) -> np.ndarray:
    """`count` classes, int64, each drawn as often as the data have it: counts[k] times class k."""
    drawn = generator(seed, purpose, step, attempt).integers(sum(counts), size=count)
    return np.searchsorted(np.cumsum(counts), drawn, side="right")

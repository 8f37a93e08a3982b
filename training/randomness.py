"""Every random number of a run as a pure function of (seed, purpose, step).

Nothing has to be saved to resume to the bit, and the same noise reaches a GAN and a WGAN, a CPU and a GPU, one process
and several.
"""

import numpy as np

PURPOSES = ("fixed noise", "critic noise", "generator noise", "penalty", "health noise", "health penalty", "held out", "samples")


def generator(seed, purpose, step=0):
    """A numpy Generator for one purpose at one step (counted from 0)."""
    return np.random.Generator(np.random.Philox(key=[seed, PURPOSES.index(purpose) + 1], counter=[0, 0, 0, step]))


def noise(seed, purpose, step, shape):
    """Latent vectors z ~ N(0, I), float32."""
    return generator(seed, purpose, step).standard_normal(shape, dtype=np.float32)


def uniform(seed, purpose, step, shape):
    """Numbers uniform on [0, 1), float32."""
    return generator(seed, purpose, step).random(shape, dtype=np.float32)

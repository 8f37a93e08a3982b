"""Samples of a generator, as arrays."""

import numpy as np
import paddle

from training import randomness


def sample(trainer, purpose, count, seed=None, batch=250):
    """`count` items from the trainer's sampler: float32 count×shape. purpose: of randomness.PURPOSES. seed: the recipe's."""
    seed = trainer.recipe.seed if seed is None else seed
    return generate(trainer.sampler, randomness.noise(seed, purpose, 0, [count, trainer.recipe.latent]), batch)


@paddle.no_grad()
def generate(generator, z, batch=250):
    """G(z) for an array z N×latent: float32 N×shape.

    In evaluation mode, with batch norm's running statistics, so that no sample depends on those made with it.
    """
    generator.eval()
    try:
        parts = [generator(paddle.to_tensor(z[i : i + batch])).numpy() for i in range(0, len(z), batch)]
    finally:
        generator.train()
    return parts[0] if len(parts) == 1 else np.concatenate(parts)

"""Samples of a generator, as arrays."""

from __future__ import annotations

import numpy as np
import paddle

from training import randomness
from training.trainer import GANTrainer


def sample(trainer: GANTrainer, purpose: str, count: int, seed: int | None = None, batch: int = 250) -> np.ndarray:
    """`count` items from the trainer's sampler: float32 count×shape. purpose: of randomness.PURPOSES. seed: the recipe's."""
    seed = trainer.recipe.seed if seed is None else seed
    return generate(trainer.sampler, randomness.noise(seed, purpose, 0, [count, trainer.recipe.latent]), batch)


@paddle.no_grad()
def generate(generator: paddle.nn.Layer, z: np.ndarray, batch: int = 250) -> np.ndarray:
    """G(z) for an array z N×latent: float32 N×shape.

    In evaluation mode, with batch norm's running statistics, so that no sample depends on those made with it.
    """
    generator.eval()
    try:
        parts = [generator(paddle.to_tensor(z[i : i + batch])).numpy() for i in range(0, len(z), batch)]
    finally:
        generator.train()
    return parts[0] if len(parts) == 1 else np.concatenate(parts)

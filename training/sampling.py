"""Samples of a generator, as arrays."""

from __future__ import annotations

import numpy as np
import paddle

from errors import NotFinite
from training import randomness
from training.trainer import GANTrainer

BATCH = 250  # samples made at once


def sample(
    trainer: GANTrainer,
    purpose: str,
    count: int,
    seed: int | None = None,
    labels: np.ndarray | None = None,
) -> np.ndarray:
    """`count` items from the trainer's sampler: float32 count×shape. purpose: of randomness.PURPOSES. seed: the recipe's.
    labels: as generate's. Raises NotFinite."""
    seed = trainer.recipe.seed if seed is None else seed
    return generate(trainer.sampler, randomness.noise(seed, purpose, 0, [count, trainer.recipe.latent]), labels)


@paddle.no_grad()
def generate(generator: paddle.nn.Layer, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """G(z) for an array z N×latent, or G(z, y) for the classes y of a conditional generator, int64 N: float32 N×shape.

    In evaluation mode, with batch norm's running statistics, so that no sample depends on those made with it. Raises NotFinite
    for NaN, of which 8 bits would make black; an mlp's infinities are cut off like all that lies outside of [−1, 1].
    """
    generator.eval()
    try:
        given = (z,) if labels is None else (z, labels)
        starts = range(0, len(z), BATCH)
        parts = [generator(*(paddle.to_tensor(array[i : i + BATCH]) for array in given)).numpy() for i in starts]
    finally:
        generator.train()
    items = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if np.isnan(items).any():
        raise NotFinite("the generator makes samples that are NaN")
    return items

"""A run's estimates of the distance at its checkpoints, of the same images for every kind of critic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import paddle

from data.dataset import Dataset, to_uint8
from models.objectives import estimate, js_estimate
from reporting.samples import noise
from reporting.scorer import critic_of
from training import checkpoint
from training.sampling import generate
from training.trainer import rebuild

COUNT = 1000


def along(folder: Path, dataset: Dataset) -> dict[str, list[float]]:
    """{'step', 'trained', 'heldout', 'js_trained', 'js_heldout'}: lists over a run's checkpoints, the untrained one left out.

    E f(x) − E f(G(z)), and the JS estimate in nats, of COUNT training or held-out images (fewer if there are fewer) against
    as many samples of the generator itself, whose critic f is.
    """
    found: dict[str, list[float]] = {key: [] for key in ("step", "trained", "heldout", "js_trained", "js_heldout")}
    for step in checkpoint.list_steps(folder):
        if step == 0:
            continue
        trainer, _ = rebuild(checkpoint.path_of(folder, step), raw=True)
        critic = critic_of(trainer, dataset.is_points)
        samples = generate(trainer.generator, noise(0, COUNT, trainer.recipe.latent))
        fake = paddle.to_tensor(critic(samples if dataset.is_points else to_uint8(samples)))
        found["step"].append(step)
        for split, items in (("trained", dataset.train), ("heldout", dataset.heldout)):
            chosen = np.random.default_rng(0).permutation(len(items))[:COUNT]  # items may be in the order of their classes
            real = paddle.to_tensor(critic(items[chosen]))
            found[split].append(float(estimate(real, fake)))
            found[f"js_{split}"].append(float(js_estimate(real, fake)))
    return found

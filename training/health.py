"""What the log says about the two players."""

from __future__ import annotations

import math

import numpy as np
import paddle

from models.constraints import input_gradient_norms, interpolate
from models.objectives import estimate, js_estimate, probability
from training.trainer import GANTrainer


def measure(
    trainer: GANTrainer,
    heldout: paddle.Tensor,
    real: paddle.Tensor,
    step: int,
    heldout_labels: np.ndarray | None = None,
    labels: np.ndarray | None = None,
) -> dict[str, float]:
    """Figures of the networks as they stand after generator step `step`, as a flat dict of floats.

    heldout, real: batches of as many items as the recipe's, held out and trained on, with their labels where the recipe is
    conditional: generated items have the same. Batch norm uses batch statistics, as in training, and keeps its running ones:
    gradient_norm of a critic with batch norm is that of Σ f over the batch (constraints.input_gradient_norms).
    """
    recipe = trainer.recipe
    with trainer.frozen_batch_norm_statistics():
        with paddle.no_grad():
            z = trainer.noise("health noise", step)
            fake = trainer.given(trainer.generator, labels)(z)
            real_logits, fake_logits = trainer.logits(real, fake, labels)
            figures = {"estimate": estimate(real_logits, fake_logits)}
            other_fake = trainer.given(trainer.generator, heldout_labels)(z) if trainer.classes else fake
            held = trainer.logits(heldout, other_fake, heldout_labels)
            figures["estimate_heldout"] = estimate(*held)
            if trainer.objective.probabilistic:
                figures["d_real"], figures["d_fake"] = probability(real_logits), probability(fake_logits)
                figures["js_estimate"] = js_estimate(real_logits, fake_logits)
        between = interpolate(real, fake, trainer.epsilon("health penalty", step))
        norms = input_gradient_norms(trainer.given(trainer.critic, labels), between)
        mean = trainer.team.mean(float(norms.mean()))
        # the deviation over the samples of all processes: theirs cannot be averaged
        variance = trainer.team.mean(float((norms - mean).square().mean()))
    if recipe.clip:
        figures["clipped_share"] = clipped_share(trainer.critic_weights, recipe.clip)
    measured = {name: float(value) for name, value in figures.items()}
    return {**measured, "gradient_norm": mean, "gradient_norm_std": math.sqrt(variance)}


def clipped_share(weights: list[paddle.Tensor], c: float) -> paddle.Tensor:
    """Share of the critic's weights that lie at ±c, in [0, 1]."""
    flat = paddle.concat([weight.detach().flatten() for weight in weights])
    return (flat.abs() >= c * (1 - 1e-6)).astype("float32").mean()


def total(arrays: dict[str, np.ndarray]) -> float:
    """The sum of {name: array}: finite only if all of them are."""
    return sum(float(np.sum(array, dtype=np.float64)) for array in arrays.values())


def not_finite(figures: dict[str, float]) -> list[str]:
    """Names of the figures that are NaN or infinite."""
    return [name for name, value in figures.items() if not math.isfinite(value)]

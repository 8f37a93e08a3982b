"""What the log says about the critic, and the alarms that follow from it."""

import math

import numpy as np
import paddle

from models.constraints import input_gradient_norms, interpolate
from models.objectives import OBJECTIVES, estimate, js_estimate, probability
from training.log import PATIENCE


def measure(trainer, heldout, real, step):
    """Figures of the networks as they stand after generator step `step`, as a flat dict of floats.

    heldout, real: batches of as many items as the recipe's, held out and trained on. Batch norm uses batch statistics, as
    in training, and keeps its running ones.
    """
    recipe = trainer.recipe
    with trainer.frozen_batch_norm_statistics():
        with paddle.no_grad():
            fake = trainer.generator(trainer.noise("health noise", step))
            real_logits, fake_logits = trainer.logits(real, fake)
            figures = {"estimate": estimate(real_logits, fake_logits)}
            held = trainer.logits(heldout, fake)
            figures["estimate_heldout"] = estimate(*held)
            if trainer.objective.probabilistic:
                figures["d_real"], figures["d_fake"] = probability(real_logits), probability(fake_logits)
                figures["js_estimate"] = js_estimate(real_logits, fake_logits)
        between = interpolate(real, fake, trainer.epsilon("health penalty", step))
        norms = input_gradient_norms(trainer.critic, between)
        figures["gradient_norm"], figures["gradient_norm_std"] = norms.mean(), (norms - norms.mean()).square().mean().sqrt()
    if recipe.clip:
        figures["clipped_share"] = clipped_share(trainer.critic_weights, recipe.clip)
    return {name: float(value) for name, value in figures.items()}


def clipped_share(weights, c):
    """Share of the critic's weights that lie at ±c, in [0, 1]."""
    flat = paddle.concat([weight.detach().flatten() for weight in weights])
    return (flat.abs() >= c * (1 - 1e-6)).astype("float32").mean()


class HealthMonitor:
    """Warns once in words of each thing that goes wrong; `state` (a dict for JSON) survives a checkpoint."""

    def __init__(self, recipe, state=None):
        self.recipe = recipe
        self.state = state or {"dead": 0, "negative": 0}

    def update(self, step, figures):
        """The warnings (a list of lines) that these figures of a logged step call for."""
        signs = {"dead": figures["gradient_norm"] < 1e-7}
        if OBJECTIVES[self.recipe.objective].wasserstein:
            signs["negative"] = figures["estimate"] < 0
        texts = {
            "dead": f"the critic is dead: at step {step} its gradient is {figures['gradient_norm']:.1e}, so the generator "
            "learns nothing (a larger clip value or fewer layers may help)",
            "negative": f"the estimate stays negative (step {step}: {figures['estimate']:.3g}): the critic does worse than a "
            "constant; look at its learning rate and at n_critic",
        }
        warnings = []
        for name, sign in signs.items():
            if self.state[name] < PATIENCE:  # afterwards it has been said
                self.state[name] = self.state[name] + 1 if sign else 0
                if self.state[name] == PATIENCE:
                    warnings.append(texts[name])
        return warnings


def total(arrays):
    """The sum of {name: array}: finite only if all of them are."""
    return sum(float(np.sum(array, dtype=np.float64)) for array in arrays.values())


def not_finite(figures):
    """Names of the figures that are NaN or infinite."""
    return [name for name, value in figures.items() if not math.isfinite(value)]

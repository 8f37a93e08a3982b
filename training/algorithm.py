"""One step of each player, as in the boxes of the papers: WGAN (1701.07875) and WGAN-GP (1704.00028), algorithm 1 of both.

The trainer (training/trainer.py) calls them with what a recipe says; a GAN is the same two steps with another objective and
no constraint, a conditional one the same two steps of f(·, y) and G(·, y), the classes y of a batch given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import paddle
from paddle import Tensor, nn

from models.constraints import clip_, gradient_penalty
from models.networks.layers import frozen_weights, has_batch_norm
from models.objectives import Objective
from training.optimizers import Optimizer


class CriticStep(NamedTuple):
    """loss, 0-D; the critic's outputs on real and generated items; the penalty without λ, None for none. All detached."""

    loss: Tensor
    real: Tensor
    fake: Tensor
    penalty: Tensor | None


def critic_step(
    critic: nn.Layer,
    generator: Callable[[Tensor], Tensor],
    objective: Objective,
    optimizer: Optimizer,
    real: Tensor,
    z: Tensor,
    clip: float | None = None,
    penalty_weight: float | None = None,
    epsilon: Tensor | None = None,
) -> CriticStep:
    """One update of the critic f on real items x, m×shape, and latent vectors z, m×latent (WGAN, lines 3–7).

    clip: WGAN's c. penalty_weight: WGAN-GP's λ, with epsilon: its numbers uniform on [0, 1], shape m.
    """
    with paddle.no_grad():
        fake = generator(z)
    real_output, fake_output = critic_outputs(critic, real, fake)
    loss = objective.critic_loss(real_output, fake_output)  # WGAN, line 5
    penalty = None
    if penalty_weight:  # WGAN-GP, lines 6–7
        if epsilon is None:
            raise ValueError("penalty_weight without epsilon")
        penalty = gradient_penalty(critic, real, fake, epsilon)
        loss = loss + penalty_weight * penalty
    update(optimizer, loss)  # WGAN, line 6
    if clip:  # line 7: after the update, or the generator would meet an unclipped critic
        clip_(critic, clip)
    penalty = penalty if penalty is None else penalty.detach()
    return CriticStep(loss.detach(), real_output.detach(), fake_output.detach(), penalty)


def generator_step(generator: nn.Layer, critic: nn.Layer, objective: Objective, optimizer: Optimizer, z: Tensor) -> Tensor:
    """One update of the generator G on latent vectors z, m×latent (WGAN, lines 9–11). Returns its loss, 0-D, detached."""
    with frozen_weights(critic):  # their gradient is not needed
        loss = objective.generator_loss(critic(generator(z)))  # line 10
        update(optimizer, loss)  # line 11
    return loss.detach()


def update(optimizer: Optimizer, loss: Tensor) -> None:
    """Move the weights along the gradient of the loss, downhill, and forget the gradient."""
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()


def critic_outputs(critic: nn.Layer, real: Tensor, fake: Tensor) -> list[Tensor]:
    """f(x) and f(G(z)), m each.

    Batch norm sees real and generated items apart, as in the authors' code; without it one pass does for both.
    """
    if has_batch_norm(critic):
        return [critic(real), critic(fake)]
    return paddle.split(critic(paddle.concat([real, fake])), [len(real), len(fake)])

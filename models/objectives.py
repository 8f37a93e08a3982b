"""Objectives as pure functions of logits, the outputs of a critic without a sigmoid. Every loss is minimised.

A new objective is two functions and a row of OBJECTIVES. They call methods that Paddle's and PyTorch's tensors share, so that
recipes are checked before Paddle is imported and benchmarks/pytorch.py trains with the same losses.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from paddle import Tensor


class Objective(NamedTuple):
    """critic_loss(real, fake) and generator_loss(fake): logits of any shape → a 0-D loss.

    probabilistic: sigmoid(logit) is the probability that a sample is real, as in a GAN. wasserstein: the critic's loss is minus
    `estimate`, so that a negative estimate is worse than a constant's.
    """

    critic_loss: Callable[[Tensor, Tensor], Tensor]
    generator_loss: Callable[[Tensor], Tensor]
    probabilistic: bool = False
    wasserstein: bool = False


def softplus(x: Tensor) -> Tensor:
    """log(1 + eˣ), elementwise, of the library whose tensor x is."""
    return sys.modules[type(x).__module__.partition(".")[0]].nn.functional.softplus(x)


def cross_entropy_critic(real: Tensor, fake: Tensor) -> Tensor:
    """−E log D(x) − E log(1 − D(G(z))) with D = sigmoid(logit) (GAN, 1406.2661, eq. 1)."""
    return softplus(-real).mean() + softplus(fake).mean()


def minimax_generator(fake: Tensor) -> Tensor:
    """E log(1 − D(G(z))): the saturating loss (GAN, eq. 1)."""
    return -softplus(fake).mean()


def non_saturating_generator(fake: Tensor) -> Tensor:
    """−E log D(G(z)): "the −log D trick" (GAN, section 3)."""
    return softplus(-fake).mean()


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """−(E f(x) − E f(G(z))): minus the estimate (WGAN, 1701.07875, algorithm 1, line 5)."""
    return fake.mean() - real.mean()


def wasserstein_generator(fake: Tensor) -> Tensor:
    """−E f(G(z)) (WGAN, algorithm 1, line 10)."""
    return -fake.mean()


def least_squares_critic(real: Tensor, fake: Tensor) -> Tensor:
    """½ E (D(x) − 1)² + ½ E D(G(z))² (LSGAN, 1611.04076, eq. 9)."""
    return 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()


def least_squares_generator(fake: Tensor) -> Tensor:
    """½ E (D(G(z)) − 1)² (LSGAN, eq. 9)."""
    return 0.5 * ((fake - 1) ** 2).mean()


OBJECTIVES = {
    "minimax": Objective(cross_entropy_critic, minimax_generator, probabilistic=True),
    "non-saturating": Objective(cross_entropy_critic, non_saturating_generator, probabilistic=True),
    "wasserstein": Objective(wasserstein_critic, wasserstein_generator, wasserstein=True),
    "least-squares": Objective(least_squares_critic, least_squares_generator),
}


def estimate(real: Tensor, fake: Tensor) -> Tensor:
    """E f(x) − E f(G(z)): for a 1-Lipschitz f a lower bound of the Wasserstein-1 distance (WGAN, eq. 2)."""
    return real.mean() - fake.mean()


def js_estimate(real: Tensor, fake: Tensor) -> Tensor:
    """log 2 − ½ L_D: a lower bound of the Jensen–Shannon divergence, in nats, at most log 2 (WGAN, section 4.2)."""
    return math.log(2) - 0.5 * cross_entropy_critic(real, fake)


def probability(logits: Tensor) -> Tensor:
    """E D = E sigmoid(logit), in [0, 1]."""
    return logits.sigmoid().mean()

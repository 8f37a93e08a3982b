"""Objectives as pure functions of logits, the outputs of a critic without a sigmoid. Every loss is minimised.

A new objective is two functions and a line in OBJECTIVES.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import paddle
import paddle.nn.functional as F


class Objective(NamedTuple):
    """critic_loss(real, fake) and generator_loss(fake): logits of any shape → a 0-D loss.

    probabilistic: whether sigmoid(logit) is the probability that a sample is real, as in a GAN.
    """

    critic_loss: Callable
    generator_loss: Callable
    probabilistic: bool


def cross_entropy_critic(real, fake):
    """−E log D(x) − E log(1 − D(G(z))) with D = sigmoid(logit) (GAN, 1406.2661, eq. 1)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def minimax_generator(fake):
    """E log(1 − D(G(z))): the saturating loss (GAN, eq. 1)."""
    return -F.softplus(fake).mean()


def non_saturating_generator(fake):
    """−E log D(G(z)): "the −log D trick" (GAN, section 3)."""
    return F.softplus(-fake).mean()


def wasserstein_critic(real, fake):
    """−(E f(x) − E f(G(z))): minus the estimate (WGAN, 1701.07875, algorithm 1, line 5)."""
    return fake.mean() - real.mean()


def wasserstein_generator(fake):
    """−E f(G(z)) (WGAN, algorithm 1, line 10)."""
    return -fake.mean()


def least_squares_critic(real, fake):
    """½ E (D(x) − 1)² + ½ E D(G(z))² (LSGAN, 1611.04076, eq. 9)."""
    return 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()


def least_squares_generator(fake):
    """½ E (D(G(z)) − 1)² (LSGAN, eq. 9)."""
    return 0.5 * ((fake - 1) ** 2).mean()


OBJECTIVES = {
    "minimax": Objective(cross_entropy_critic, minimax_generator, True),
    "non-saturating": Objective(cross_entropy_critic, non_saturating_generator, True),
    "wasserstein": Objective(wasserstein_critic, wasserstein_generator, False),
    "least-squares": Objective(least_squares_critic, least_squares_generator, False),
}


def estimate(real, fake):
    """E f(x) − E f(G(z)): for a 1-Lipschitz f a lower bound of the Wasserstein-1 distance (WGAN, eq. 2)."""
    return real.mean() - fake.mean()


def js_estimate(real, fake):
    """log 2 − ½ L_D: a lower bound of the Jensen–Shannon divergence, in nats, at most log 2 (WGAN, section 4.2)."""
    return math.log(2) - 0.5 * cross_entropy_critic(real, fake)


def probability(logits):
    """E D = E sigmoid(logit), in [0, 1]."""
    return paddle.nn.functional.sigmoid(logits).mean()

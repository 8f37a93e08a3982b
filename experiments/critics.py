"""A critic (or discriminator) trained alone, between two distributions that stand still: points in the plane or on a line."""

from types import SimpleNamespace

import numpy as np
import paddle

from models.constraints import trainable
from models.networks.mlp import Critic
from models.objectives import OBJECTIVES
from training import algorithm
from training.rmsprop import RMSProp


def build(dimensions=2, units=128, seed=0):
    """models/networks/mlp.py's critic for points N×dimensions: four linear layers, ReLU."""
    paddle.seed(seed)
    return Critic(SimpleNamespace(units=units), (dimensions,))


def fit(critic, real, fake, steps, objective="wasserstein", clip=None, penalty=None, optimizer=None, seed=0, look=None):
    """Train `critic` for `steps` critic steps (training/algorithm.py) and return it.

    real, fake: functions of a numpy Generator to a batch, float32 N×D. optimizer: the critic's, RMSProp at 5e-5 by default
    (algorithm 1). look(step) is called before the first step and after each.
    """
    rng = np.random.default_rng(seed)
    optimizer = optimizer or RMSProp(5e-5, parameters=trainable(critic))
    if look:
        look(0)
    for step in range(steps):
        x, y = (paddle.to_tensor(draw(rng)) for draw in (real, fake))
        epsilon = paddle.to_tensor(rng.random(len(x), dtype=np.float32)) if penalty else None
        algorithm.critic_step(critic, lambda y: y, OBJECTIVES[objective], optimizer, x, y, clip, penalty, epsilon)
        if look:
            look(step + 1)
    return critic


def adam(critic, learning_rate=1e-3, beta1=0.5, beta2=0.9):
    return paddle.optimizer.Adam(learning_rate, beta1, beta2, parameters=trainable(critic))


@paddle.no_grad()
def values(critic, points):
    """f at points, numpy N×D → N."""
    return critic(paddle.to_tensor(np.asarray(points, np.float32))).numpy()


def slopes(critic, points):
    """∇f at points, numpy N×D → N×D."""
    x = paddle.to_tensor(np.asarray(points, np.float32))
    x.stop_gradient = False
    (gradient,) = paddle.grad(critic(x).sum(), x)
    return gradient.numpy()

"""gp-toy: the networks of WGAN-GP's toy experiments (1704.00028, gan_toy.py): mlp's layers, initialised as there.

Weights are uniform, He's for the layers with a ReLU and Glorot's for the last, biases 0; mlp's are 2.45 times smaller.
"""

import math
from typing import Any

from paddle import ParamAttr, nn
from paddle.nn.initializer import Constant, Uniform

from models.networks import mlp
from models.networks.layers import Linear


def uniform(deviation: float) -> ParamAttr:
    """U(±√3·deviation), whose standard deviation is `deviation`."""
    return ParamAttr(initializer=Uniform(-(bound := math.sqrt(3) * deviation), bound))


def linear(inputs: int, outputs: int, variance: float) -> Linear:
    return Linear(inputs, outputs, weight_attr=uniform(math.sqrt(variance)), bias_attr=ParamAttr(initializer=Constant(0.0)))


def glorot(inputs: int, outputs: int) -> Linear:
    return linear(inputs, outputs, 2 / (inputs + outputs))


def stack(inputs: int, units: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Layer] = []
    for _ in range(3):
        layers += [linear(inputs, units, 2 / inputs), nn.ReLU()]
        inputs = units
    return nn.Sequential(*layers, glorot(units, outputs))


class Generator(mlp.Generator):
    """z N×latent → N×shape, unbounded."""

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        nn.Layer.__init__(self)
        self.shape = list(shape)
        self.body = stack(recipe.latent, recipe.units, math.prod(shape))


class Critic(mlp.Critic):
    """N×shape → N logits. features: what its last layer, the head, is given."""

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        nn.Layer.__init__(self)
        self.size = math.prod(shape)
        self.body = stack(self.size, recipe.units, 1)

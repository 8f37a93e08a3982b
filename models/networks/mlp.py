"""mlp: the WGAN authors' fully connected networks (models/mlp.py of their code): four linear layers, ReLU, no tanh. mlp-bn: the
same with batch norm before each ReLU of the generator.

Their depth and width (512) also fit points in the plane, as in WGAN-GP's toy experiments.
"""

import math
from typing import Any

from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Uniform

from models.networks.layers import Linear, all_but_last, norm


def linear(inputs: int, outputs: int) -> Linear:
    """Torch's default, U(±1/√inputs) for weight and bias: the authors' N(0, .02) is for convolutions only."""
    bound = 1 / math.sqrt(inputs)
    attr = lambda: ParamAttr(initializer=Uniform(-bound, bound))  # noqa: E731
    return Linear(inputs, outputs, weight_attr=attr(), bias_attr=attr())


def stack(inputs, units, outputs, kind="none"):
    layers = []
    for _ in range(3):
        layers += [linear(inputs, units), *norm(kind, units), nn.ReLU()]
        inputs = units
    return nn.Sequential(*layers, linear(units, outputs))


class Generator(nn.Layer):
    """z N×latent → N×shape, unbounded."""

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        self.shape = list(shape)
        self.body = stack(recipe.latent, recipe.units, math.prod(shape), recipe.generator_norm)

    def forward(self, z: Tensor) -> Tensor:
        return self.body(z).reshape([-1, *self.shape])


class Critic(nn.Layer):
    """N×shape → N logits. features: what its last layer, the head, is given."""

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        self.size = math.prod(shape)
        self.body = stack(self.size, recipe.units, 1)

    def features(self, x: Tensor) -> Tensor:
        return all_but_last(self.body, x.reshape([-1, self.size]))

    @property
    def head(self) -> nn.Layer:
        return self.body[-1]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x)).reshape([-1])

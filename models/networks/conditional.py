"""Networks that are given a class: around a generator and a critic of models/networks, whose layers stay as they are.

The class enters the generator beside z, as one of K further numbers that is 1 where the others are 0, and the critic by
projection (Miyato and Koyama, 1802.05637, eq. 3).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn

from errors import UserError


class Generator(nn.Layer):
    """G(z, y), z N×latent, y int64 N of 0 to K − 1 → N×shape: `make(numbers)` builds the generator of so many numbers."""

    def __init__(self, make: Callable[[int], nn.Layer], latent: int, classes: int):
        super().__init__()
        self.classes = classes
        self.network = make(latent + classes)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return self.network(paddle.concat([z, one_hot(y, self.classes, z.dtype)], 1))


class Critic(nn.Layer):
    """f(x, y) = f(x) + ⟨v_y, φ(x)⟩, x N×shape, y int64 N → N logits. φ(x): what the critic's last layer is given.

    projection: v, K×F. It begins at 0, as the critic that does not look at the class. Raises UserError for a critic without
    features and head.
    """

    def __init__(self, critic: nn.Layer, classes: int):
        super().__init__()
        if not hasattr(critic, "features") or not hasattr(critic, "head"):
            raise UserError(f"conditional=true: the critic {type(critic).__module__} has no features and head to project on")
        self.classes = classes
        self.network = critic
        size = [classes, math.prod(critic.head.weight.shape)]
        self.projection = self.create_parameter(size, default_initializer=nn.initializer.Constant(0.0))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        features = self.network.features(x)
        # a product with ones and zeros, not a choice of rows: on a GPU the sums of its gradient have one order, too
        v = one_hot(y, self.classes, features.dtype) @ self.projection
        return self.network.head(features).reshape([-1]) + (v * features.reshape([len(x), -1])).sum(1)


class Given(nn.Layer):
    """A conditional network with the classes of a batch: of z alone, or of x alone. y: int64 m.

    Twice as many items, real ones and then generated ones, are m pairs of one class each.
    """

    def __init__(self, network: nn.Layer, y: Tensor):
        super().__init__()
        self.network, self.y = network, y

    @property
    def in_float32(self) -> Given:
        """For the gradient penalty, whatever the network computes in."""
        return Given(getattr(self.network, "in_float32", self.network), self.y)

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x, self.y if len(x) == len(self.y) else self.y.tile([len(x) // len(self.y)]))


def one_hot(y: Tensor, classes: int, dtype: paddle.dtype) -> Tensor:
    """int64 N of 0 to K − 1 → N×K: 1 in the place of the class, 0 elsewhere."""
    return F.one_hot(y, classes).astype(dtype)

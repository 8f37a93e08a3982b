"""paperweekly: the networks of the PaperWeekly reproduction of 2018 (static graph), in dygraph, on S×S pixels, S = 28 there.

Its critic ended in a linear layer although its text says that this may not be; linear is right. Batch norm's scale begins as
N(1, .02), as DCGAN's, where theirs began at 1.
"""

from typing import Any

import numpy as np
import paddle
from paddle import Tensor, nn
from paddle.nn import functional as F

from models.networks.convolution import multiply_first
from models.networks.layers import Linear, add_bias_last, channels_first, norm, on_cpu, swap


class Generator(nn.Layer):
    """z N×latent → N×C×S×S in [−1, 1]: two linear layers, then twice bilinear up-sampling and a 5×5 convolution, all tanh."""

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        colours, size, _ = shape
        self.base = size // 4
        self.linear1 = Linear(recipe.latent, 1024)
        self.linear2 = Linear(1024, 128 * self.base**2)
        self.norm = nn.Sequential(*norm(recipe.generator_norm, 128 * self.base**2))
        self.conv1, self.conv2 = Conv5(128, 64), Conv5(64, colours)

    def forward(self, z: Tensor) -> Tensor:
        x = F.tanh(self.linear1(z))
        x = F.tanh(self.norm(self.linear2(x))).reshape([-1, 128, self.base, self.base])
        x = F.tanh(self.conv1(upsample(x.transpose([0, 2, 3, 1]))))
        return swap(F.tanh(self.conv2(upsample(x))), [0, 3, 1, 2])


class Conv5(nn.Conv2D):
    """5×5 convolution with bias on N×H×W×inputs, padded by 2, whose outputs are fewer than its inputs."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 5, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        if not paddle.in_dynamic_mode():
            return channels_first(lambda x: F.conv2d(x, self.weight, self.bias, padding=2), x)
        if not on_cpu(x):
            return F.conv2d(x, self.weight, self.bias, padding=2, data_format="NHWC")
        return add_bias_last(multiply_first(x, self.weight.transpose([0, 2, 3, 1]), 2), self.bias)


def upsample(x):
    # fluid.layers.image_resize's default: bilinear with aligned corners
    if paddle.in_dynamic_mode():
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True, data_format="NHWC")
    # for export two products: oneDNN ignores aligned corners in Paddle 3.0 to 3.2 and fails in 3.3

    def weights(side):
        return np.maximum(0, 1 - abs(np.linspace(0, side - 1, 2 * side)[:, None] - np.arange(side))).astype("float32")

    rows, columns = map(weights, x.shape[1:3])
    return channels_first(lambda x: paddle.to_tensor(rows) @ x @ paddle.to_tensor(columns.T), x)


class Critic(nn.Layer):
    """N×C×S×S → N logits: three times 3×3 convolution without padding, norm, leaky ReLU (.02) and 2×2 max pooling.

    features: what its last layer, the head, is given.
    """

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        colours, size, _ = shape
        # a penalty differentiates twice, which Paddle's max pooling cannot; the composed one gives the same values
        self.pool = max_pool if recipe.penalty else lambda x: F.max_pool2d(x, 2)
        inputs = colours
        for k, channels in enumerate((32, 64, 128), 1):
            self.add_sublayer(f"conv{k}", nn.Conv2D(inputs, channels, 3, bias_attr=False))
            self.add_sublayer(f"norm{k}", nn.Sequential(*norm(recipe.critic_norm, channels)))
            inputs, size = channels, (size - 2) // 2
        self.head = Linear(128 * size**2, 1)

    def features(self, x: Tensor) -> Tensor:
        for k in "123":
            x = getattr(self, "norm" + k)(getattr(self, "conv" + k)(x))
            x = self.pool(F.leaky_relu(x, 0.02))
        return x.reshape([x.shape[0], -1])  # flatten has no double gradient

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x)).reshape([-1])


def max_pool(x):
    """2×2 max pooling of N×C×H×W, an odd last row or column dropped, as max(a, b) = a + relu(b − a)."""
    n, c, h, w = x.shape
    blocks = x[:, :, : h // 2 * 2, : w // 2 * 2].reshape([n, c, h // 2, 2, w // 2, 2])
    rows = larger(blocks[:, :, :, 0], blocks[:, :, :, 1])
    return larger(rows[..., 0], rows[..., 1])


def larger(a, b):
    return a + F.relu(b - a)

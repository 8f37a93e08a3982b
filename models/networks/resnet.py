"""resnet: WGAN-GP's networks for CIFAR-10 (1704.00028, appendix F and gan_cifar_resnet.py), 128 filters throughout.

Up-sampling is nearest neighbour, down-sampling average pooling, the critic's last pooling a mean over the picture. Otherwise than
there (OptimizedResBlockDisc1) the critic's first block has a norm between its convolutions, too, where critic_norm is not 'none',
as the recipes with a penalty have it.

Between the first layer and the last, pictures are N×H×W×C on a CPU, where the convolutions are this project's (from Paddle 3.0
on), and N×C×H×W elsewhere, where everything is Paddle's. Weights are stored as Paddle's.
"""

import math
from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Uniform

from models.networks.layers import Linear, add_bias, norm, normalised_last, swap
from models.networks.patches import SumPool, Upsample, adjoint, convolve, doubling, halving, same, suits


def glorot(fan_in, fan_out, he):
    """The authors' uniform initialisation: He's for convolutions, Glorot's for the shortcuts and the generator's last."""
    return ParamAttr(initializer=Uniform(-(bound := math.sqrt((12 if he else 6) / (fan_in + fan_out))), bound))


def conv(inputs, outputs, kernel, he=True):
    attr = glorot(inputs * kernel**2, outputs * kernel**2, he)
    return nn.Conv2D(inputs, outputs, kernel, padding=kernel // 2, weight_attr=attr)


class Block(nn.Layer):
    """norm, ReLU, 3×3, norm, ReLU, 3×3 beside a 1×1 shortcut; resample: 'up', 'down' or None."""

    def __init__(self, inputs: int, outputs: int, kind: str, resample: str | None, first: bool = False):
        super().__init__()
        self.resample, self.first = resample, first
        self.norm1 = nn.Sequential(*([] if first else norm(kind, inputs, scale=1.0)))
        self.norm2 = nn.Sequential(*norm(kind, outputs, scale=1.0))
        self.conv1, self.conv2 = conv(inputs, outputs, 3), conv(outputs, outputs, 3)
        self.shortcut = conv(inputs, outputs, 1, he=False) if resample else None

    def forward(self, x: Tensor) -> Tensor:
        if suits(x):
            return self._channels_last(x)
        h = x if self.first else F.relu(self.norm1(x))
        h = self.conv1(upsample(h) if self.resample == "up" else h)
        h = self.conv2(F.relu(self.norm2(h)))
        if self.shortcut is None:
            return h + x
        if self.resample == "up":
            return h + self.shortcut(upsample(x))
        return F.avg_pool2d(h, 2) + self.shortcut(F.avg_pool2d(x, 2))

    def _channels_last(self, x):
        """The same on N×H×W×C with less to do: sizes change within the convolutions, and a shortcut is a product of the
        smaller picture's pixels, which has the second convolution's bias, too."""
        h = x if self.first else F.relu(normalised_last(self.norm1, x))
        if self.resample == "up":
            h = adjoint(h, doubling(self.conv1.weight), self.conv1.bias)
        else:
            h = convolve(h, same(self.conv1.weight), self.conv1.bias)
        h = F.relu(normalised_last(self.norm2, h))
        if self.shortcut is None:
            return convolve(h, same(self.conv2.weight), self.conv2.bias) + x
        bias, matrix = self.conv2.bias + self.shortcut.bias, self.shortcut.weight.flatten(1).T
        if self.resample == "up":
            return convolve(h, same(self.conv2.weight)) + Upsample.apply(pixelwise(x, matrix, bias))
        return convolve(h, halving(self.conv2.weight)) + pixelwise(SumPool.apply(x), matrix / 4, bias)


def pixelwise(x, matrix, bias):
    """N×H×W×inputs times inputs×outputs, and the bias."""
    return add_bias(x.reshape([-1, x.shape[-1]]) @ matrix, bias).reshape([*x.shape[:-1], matrix.shape[1]])


def upsample(x):
    if paddle.in_dynamic_mode():
        return F.interpolate(x, scale_factor=2, mode="nearest")
    # paddle2onnx does not understand Paddle 3.3's factors
    return F.interpolate(x, size=[2 * side for side in x.shape[2:]], mode="nearest")


class Generator(nn.Layer):
    """z N×latent → N×C×S×S in [−1, 1]: a linear layer to 4×4, blocks up to S, norm, ReLU, 3×3, tanh."""

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        colours, size, _ = shape
        self.filters = recipe.filters
        self.linear = Linear(recipe.latent, 16 * self.filters, weight_attr=glorot(recipe.latent, 16 * self.filters, False))
        doublings = (size // 4).bit_length() - 1
        kind = recipe.generator_norm
        self.blocks = nn.Sequential(*[Block(self.filters, self.filters, kind, "up") for _ in range(doublings)])
        self.norm = nn.Sequential(*norm(kind, self.filters, scale=1.0))
        self.last = conv(self.filters, colours, 3, he=False)

    def forward(self, z: Tensor) -> Tensor:
        x = self.linear(z).reshape([-1, self.filters, 4, 4])
        if not suits(z):
            return F.tanh(self.last(F.relu(self.norm(self.blocks(x)))))
        x = F.relu(normalised_last(self.norm, self.blocks(swap(x, [0, 2, 3, 1]))))
        return swap(F.tanh(convolve(x, same(self.last.weight), self.last.bias)), [0, 3, 1, 2])


class Critic(nn.Layer):
    """N×C×S×S → N logits: blocks down to 8×8, two more, ReLU, mean over the picture, a linear layer.

    features: what this last layer, the head, is given.
    """

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        colours, size, _ = shape
        f, kind = recipe.filters, recipe.critic_norm
        blocks = [Block(colours, f, kind, "down", first=True)]
        blocks += [Block(f, f, kind, "down") for _ in range((size // 16).bit_length() - 1)]
        self.blocks = nn.Sequential(*blocks, Block(f, f, kind, None), Block(f, f, kind, None))
        self.head = Linear(f, 1, weight_attr=glorot(f, 1, False))

    def features(self, x: Tensor) -> Tensor:
        if suits(x):
            return F.relu(self.blocks(swap(x, [0, 2, 3, 1]))).mean([1, 2])
        return F.relu(self.blocks(x)).mean([2, 3])

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x)).reshape([-1])

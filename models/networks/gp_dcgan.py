"""gp-dcgan: the convolutional networks of WGAN-GP's code: of gan_mnist.py on 28 pixels, of gan_cifar.py on 32.

Kernels are 5×5 with biases, a picture doubles or halves from layer to layer, between 4×4 and S×S. Weights are uniform with He's
variance, fans counted as a stride of 2 leaves them, those of the linear layers with Glorot's; batch norm's scale begins at 1.
Padding is TensorFlow's SAME: of a picture of even size one row before and two after it.

Otherwise than in gan_mnist.py pictures are in [−1, 1] and the generator ends in tanh; there it is [0, 1] and a sigmoid, and the
penalty asks for slopes of 1 on that scale. Where 8×8 are cut to 7×7, the generator's batch norm sees what is left, there all.
"""

import math
from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn

from models.networks.convolution import Conv, Deconv
from models.networks.gp_toy import glorot, uniform
from models.networks.layers import LeakyReLU, add_bias_last, all_but_last, norm, swap

KERNEL = 5


class Halve(Conv):
    """5×5 convolution of stride 2 with bias: N×S×S×inputs → N×⌈S/2⌉×⌈S/2⌉×outputs."""

    def __init__(self, inputs: int, outputs: int, size: int):
        super().__init__(inputs, outputs, KERNEL, 2, padding=1 + size % 2, attr=he(inputs, outputs / 4))
        self.even = size % 2 == 0
        self.bias = self.create_parameter([outputs], is_bias=True)

    def forward(self, x: Tensor) -> Tensor:
        return add_bias_last(Conv.forward(self, one_more(x) if self.even else x), self.bias)


class Double(Deconv):
    """5×5 transposed convolution of stride 2 with bias: N×S×S×inputs → N×size×size×outputs, size 2S or, cut off, 2S − 1."""

    def __init__(self, inputs: int, outputs: int, size: int):
        super().__init__(inputs, outputs, KERNEL, 2, padding=1, attr=he(inputs / 4, outputs))
        self.size = size
        self.bias = self.create_parameter([outputs], is_bias=True)

    def forward(self, x: Tensor) -> Tensor:
        return add_bias_last(Deconv.forward(self, x)[:, : self.size, : self.size], self.bias)


def he(inputs: float, outputs: float) -> paddle.ParamAttr:
    return uniform(math.sqrt(4 / (KERNEL**2 * (inputs + outputs))))


def one_more(x: Tensor) -> Tensor:
    """N×H×W×C with one more row and column of zeros at their ends."""
    # not a concatenation with zeros: Paddle cannot differentiate one twice
    return F.pad(x, [0, 0, 0, 1, 0, 1, 0, 0])


def sizes(size: int) -> list[int]:
    """The sides of a picture from 4 up to `size`: each halves to the one before it, an odd one to the larger half."""
    found = [size]
    while found[0] > 4:
        found.insert(0, -(-found[0] // 2))
    return found


class Generator(nn.Layer):
    """z N×latent → N×C×S×S in [−1, 1]: a linear layer to 4×4 with 4·filters channels, then three that double.

    recipe.generator_norm: 'none' in gan_mnist.py under a penalty, 'batch' in gan_cifar.py.
    """

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        colours, size, _ = shape
        self.channels = 4 * recipe.filters
        units = 16 * self.channels
        self.linear = glorot(recipe.latent, units)
        self.norm = nn.Sequential(*norm(recipe.generator_norm, units, scale=1.0), nn.ReLU())
        layers: list[nn.Layer] = []
        inputs = self.channels
        for side in sizes(size)[1:]:
            outputs = colours if side == size else inputs // 2
            layers += [Double(inputs, outputs, side)]
            layers += [] if side == size else [*norm(recipe.generator_norm, outputs, True, scale=1.0), nn.ReLU()]
            inputs = outputs
        self.main = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        x = self.norm(self.linear(z)).reshape([-1, 4, 4, self.channels])
        return swap(self.main(x), [0, 3, 1, 2])


class Critic(nn.Layer):
    """N×C×S×S → N logits: three layers that halve, to 4×4 with 4·filters channels, and a linear one. features: what this last
    layer, the head, is given."""

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        inputs, size, _ = shape
        layers: list[nn.Layer] = []
        for number, side in enumerate(reversed(sizes(size)[1:])):
            outputs = recipe.filters * 2**number
            own = norm(recipe.critic_norm, outputs, True, scale=1.0) if number else []
            layers += [Halve(inputs, outputs, side), *own, LeakyReLU(0.2)]
            inputs = outputs
        self.main = nn.Sequential(*layers, glorot(16 * inputs, 1))

    def features(self, x: Tensor) -> Tensor:
        x = all_but_last(self.main, swap(x, [0, 2, 3, 1]))
        return x.reshape([x.shape[0], -1])

    @property
    def head(self) -> nn.Layer:
        return self.main[-1]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x)).reshape([-1])

"""dcgan: DCGAN (1511.06434) as the WGAN authors' models/dcgan.py builds it, for 32, 64 or 128 pixels.

No convolution has a bias, weights are N(0, .02), batch norm everywhere but after the critic's first and before either
network's last layer. The critic ends in a 4×4 convolution to one number, without a sigmoid.
"""

from typing import Any

from paddle import Tensor, nn

from models.networks.convolution import Conv, Deconv
from models.networks.layers import LeakyReLU, all_but_last, norm, swap


class Generator(nn.Layer):
    """z N×latent → N×C×S×S in [−1, 1]. `recipe.generator_norm` 'none' is the authors' DCGAN_G_nobn.

    Layers narrow from filters·S/8 channels to `filters`.
    """

    constant_width = False  # whether all layers have `filters` channels

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        colours, size, _ = shape
        widths = [recipe.filters * 2**k for k in range((size // 8).bit_length() - 1, -1, -1)]  # 4×4 doubles to S/2
        if self.constant_width:
            widths = [recipe.filters] * len(widths)
        layers, inputs = [], recipe.latent
        for number, channels in enumerate(widths):
            deconv = Deconv(inputs, channels) if number else Deconv(inputs, channels, 4, 1, 0)
            layers += [deconv, *norm(recipe.generator_norm, channels, True), nn.ReLU()]
            inputs = channels
        self.main = nn.Sequential(*layers, Deconv(inputs, colours), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        return swap(self.main(z.reshape([-1, 1, 1, z.shape[1]])), [0, 3, 1, 2])


class Critic(nn.Layer):
    """N×C×S×S → N logits. `recipe.critic_norm`: batch, layer or none. features: what its last layer, the head, is given."""

    def __init__(self, recipe: Any, shape: tuple[int, ...]):
        super().__init__()
        colours, size, _ = shape
        channels = recipe.filters
        layers = [Conv(colours, channels), LeakyReLU(0.2)]
        while channels < recipe.filters * size // 8:  # S/2 halves to 4×4
            channels *= 2
            layers += [Conv(channels // 2, channels), *norm(recipe.critic_norm, channels, True), LeakyReLU(0.2)]
        self.main = nn.Sequential(*layers, Conv(channels, 1, 4, 1, 0))

    def features(self, x: Tensor) -> Tensor:
        return all_but_last(self.main, swap(x, [0, 2, 3, 1]))

    @property
    def head(self) -> nn.Layer:
        return self.main[-1]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x)).reshape([-1])

"""dcgan with Paddle's own layers, N×C×H×W: what one would write first. The rest of the program stays the same.

Initialisation, batch norm and the order of the layers are those of models/networks/dcgan.py: the same weights give the same
training (tests/test_benchmarks.py).
"""

from paddle import Tensor, nn

from models.networks import dcgan, dcgan_constant, resnet
from models.networks.layers import norm as our_norm
from models.networks.layers import normal
from training.recipe import Recipe


def conv(inputs, outputs, kernel=4, stride=2, padding=1):
    return nn.Conv2D(inputs, outputs, kernel, stride, padding, weight_attr=normal(), bias_attr=False)


def deconv(inputs, outputs, kernel=4, stride=2, padding=1):
    return nn.Conv2DTranspose(inputs, outputs, kernel, stride, padding, weight_attr=normal(), bias_attr=False)


def norm(kind, channels):
    """The normalising layers of a kind, as a list. Paddle's layer norm has no double gradient: that one stays ours."""
    if kind == "batch":
        return [nn.BatchNorm2D(channels, momentum=0.9, epsilon=1e-5, weight_attr=normal(0.02, 1.0))]
    return our_norm(kind, channels)


class Generator(nn.Layer):
    def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
        super().__init__()
        widths = [recipe.filters * 2**k for k in reversed(range((shape[1] // 8).bit_length()))]
        if recipe.generator_network == "dcgan-constant":
            widths = [recipe.filters] * len(widths)
        layers = [deconv(recipe.latent, widths[0], 4, 1, 0)]
        for channels, narrower in zip(widths, [*widths[1:], shape[0]], strict=True):
            layers += [*norm(recipe.generator_norm, channels), nn.ReLU(), deconv(channels, narrower)]
        self.main = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        return self.main(z.reshape([*z.shape, 1, 1]))


class Critic(nn.Layer):
    def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
        super().__init__()
        channels = recipe.filters
        layers = [conv(shape[0], channels), nn.LeakyReLU(0.2)]
        while channels < recipe.filters * shape[1] // 8:
            channels *= 2
            layers += [conv(channels // 2, channels), *norm(recipe.critic_norm, channels), nn.LeakyReLU(0.2)]
        self.main = nn.Sequential(*layers, conv(channels, 1, 4, 1, 0))

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x).reshape([-1])


def use() -> None:
    """Let recipes get these networks for dcgan and dcgan-constant in this process, and Paddle's layers in resnet."""
    for module in (dcgan, dcgan_constant):
        for player in (Generator, Critic):
            setattr(module, player.__name__, player)
    resnet.suits = lambda x: False

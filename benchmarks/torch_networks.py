"""The networks once more, in PyTorch's own layers, with the parameter names of ours: for timings and for the tests."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from errors import UserError
from models.networks import NETWORKS
from training.recipe import Recipe


def norm(kind, channels, flat=False):
    """Layer norm over C, H, W with a scale a channel is a group norm of one group."""
    batch = nn.BatchNorm1d if flat else nn.BatchNorm2d
    return {"batch": [batch(channels)], "layer": [nn.GroupNorm(1, channels)], "none": []}[kind]


class Reshape(nn.Module):
    def __init__(self, *shape: int):
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, *self.shape)


class Dcgan:
    class Generator(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            colours, size, _ = shape
            widths = [recipe.filters * 2**k for k in reversed(range(int(math.log2(size)) - 2))]
            if recipe.generator_network == "dcgan-constant":
                widths = [recipe.filters] * len(widths)
            layers: list[nn.Module] = [nn.ConvTranspose2d(recipe.latent, widths[0], 4, 1, 0, bias=False)]
            for channels, narrower in zip(widths, [*widths[1:], colours], strict=True):
                layers += [*norm(recipe.generator_norm, channels), nn.ReLU(True)]
                layers += [nn.ConvTranspose2d(channels, narrower, 4, 2, 1, bias=False)]
            self.main = nn.Sequential(*layers, nn.Tanh())

        def forward(self, z: Tensor) -> Tensor:
            return self.main(z[:, :, None, None])

    class Critic(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            colours, size, _ = shape
            channels = recipe.filters
            layers = [nn.Conv2d(colours, channels, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
            for _ in range(int(math.log2(size)) - 3):
                layers += [nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False)]
                channels *= 2
                layers += [*norm(recipe.critic_norm, channels), nn.LeakyReLU(0.2)]
            self.main = nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 0, bias=False))

        def forward(self, x: Tensor) -> Tensor:
            return self.main(x).flatten()


class Mlp:
    @staticmethod
    def stack(inputs: int, units: int, outputs: int, kind: str = "none") -> list[nn.Module]:
        linear = [nn.Linear(inputs, units), nn.Linear(units, units), nn.Linear(units, units)]
        inner = [layer for one in linear for layer in (one, *norm(kind, units, flat=True), nn.ReLU(True))]
        return [*inner, nn.Linear(units, outputs)]

    class Generator(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            layers = Mlp.stack(recipe.latent, recipe.units, math.prod(shape), recipe.generator_norm)
            self.body = nn.Sequential(*layers, Reshape(*shape))

        def forward(self, z: Tensor) -> Tensor:
            return self.body(z)

    class Critic(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            self.body = nn.Sequential(*Mlp.stack(math.prod(shape), recipe.units, 1))

        def forward(self, x: Tensor) -> Tensor:
            return self.body(x.flatten(1)).flatten()


class Paperweekly:
    class Generator(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            colours, size, _ = shape
            self.base, features = size // 4, 128 * (size // 4) ** 2
            self.linear1, self.linear2 = nn.Linear(recipe.latent, 1024), nn.Linear(1024, features)
            self.norm = nn.Sequential(*norm(recipe.generator_norm, features, flat=True))
            self.conv1, self.conv2 = nn.Conv2d(128, 64, 5, padding=2), nn.Conv2d(64, colours, 5, padding=2)

        def forward(self, z: Tensor) -> Tensor:
            up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            x = torch.tanh(self.norm(self.linear2(torch.tanh(self.linear1(z)))))
            x = torch.tanh(self.conv1(up(x.reshape(-1, 128, self.base, self.base))))
            return torch.tanh(self.conv2(up(x)))

    class Critic(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            inputs, size, _ = shape
            for k, channels in enumerate((32, 64, 128), 1):
                setattr(self, f"conv{k}", nn.Conv2d(inputs, channels, 3, bias=False))
                setattr(self, f"norm{k}", nn.Sequential(*norm(recipe.critic_norm, channels)))
                inputs, size = channels, (size - 2) // 2
            self.head = nn.Linear(128 * size**2, 1)

        def forward(self, x: Tensor) -> Tensor:
            for k in (1, 2, 3):
                x = getattr(self, f"norm{k}")(getattr(self, f"conv{k}")(x))
                x = F.max_pool2d(F.leaky_relu(x, 0.02), 2)
            return self.head(x.flatten(1)).flatten()


class Resnet:
    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, kind: str, resample: str | None, first: bool = False):
            super().__init__()
            self.resample, self.first = resample, first
            self.norm1 = nn.Sequential(*([] if first else norm(kind, inputs)))
            self.norm2 = nn.Sequential(*norm(kind, outputs))
            self.conv1, self.conv2 = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
            self.shortcut = nn.Conv2d(inputs, outputs, 1) if resample else nn.Identity()

        def forward(self, x: Tensor) -> Tensor:
            up = nn.Upsample(scale_factor=2) if self.resample == "up" else nn.Identity()
            down = nn.AvgPool2d(2) if self.resample == "down" else nn.Identity()
            h = x if self.first else self.norm1(x).relu()
            h = self.conv2(self.norm2(self.conv1(up(h))).relu())
            return down(h) + self.shortcut(down(up(x)))

    class Generator(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            f, kind, doublings = recipe.filters, recipe.generator_norm, int(math.log2(shape[1])) - 2
            self.filters = f
            self.linear = nn.Linear(recipe.latent, 16 * f)
            self.blocks = nn.Sequential(*[Resnet.Block(f, f, kind, "up") for _ in range(doublings)])
            self.norm = nn.Sequential(*norm(kind, f))
            self.last = nn.Conv2d(f, shape[0], 3, padding=1)

        def forward(self, z: Tensor) -> Tensor:
            x = self.blocks(self.linear(z).reshape(-1, self.filters, 4, 4))
            return torch.tanh(self.last(self.norm(x).relu()))

    class Critic(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            f, kind = recipe.filters, recipe.critic_norm
            blocks = [Resnet.Block(shape[0], f, kind, "down", first=True)]
            blocks += [Resnet.Block(f, f, kind, "down") for _ in range(int(math.log2(shape[1])) - 4)]
            self.blocks = nn.Sequential(*blocks, Resnet.Block(f, f, kind, None), Resnet.Block(f, f, kind, None))
            self.head = nn.Linear(f, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.blocks(x).relu().mean((2, 3))).flatten()


class GpDcgan:
    KERNEL = 5

    @staticmethod
    def uniform(layer: nn.Module, deviation: float) -> nn.Module:
        for name, parameter in layer.named_parameters():
            bound = math.sqrt(3) * deviation if name == "weight" else 0.0
            nn.init.uniform_(parameter, -bound, bound)
        return layer

    @staticmethod
    def linear(inputs: int, outputs: int) -> nn.Module:
        return GpDcgan.uniform(nn.Linear(inputs, outputs), math.sqrt(2 / (inputs + outputs)))

    @staticmethod
    def he(inputs: float, outputs: float) -> float:
        return math.sqrt(4 / (GpDcgan.KERNEL**2 * (inputs + outputs)))

    @staticmethod
    def sizes(size: int) -> list[int]:
        return [4, 7, 14, 28] if size == 28 else [4 * 2**k for k in range(int(math.log2(size)) - 1)]

    class Halve(nn.Conv2d):
        """TensorFlow's SAME: a picture of even size is padded by one row before it and two after it."""

        def __init__(self, inputs: int, outputs: int):
            super().__init__(inputs, outputs, GpDcgan.KERNEL, 2)
            GpDcgan.uniform(self, GpDcgan.he(inputs, outputs / 4))

        def forward(self, x: Tensor) -> Tensor:
            odd = x.shape[-1] % 2
            return super().forward(F.pad(x, (1 + odd, 2, 1 + odd, 2)))

    class Double(nn.ConvTranspose2d):
        def __init__(self, inputs: int, outputs: int, size: int):
            super().__init__(inputs, outputs, GpDcgan.KERNEL, 2, 1)
            self.size = size
            GpDcgan.uniform(self, GpDcgan.he(inputs / 4, outputs))

        def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
            return super().forward(input, output_size)[:, :, : self.size, : self.size]

    class Generator(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            colours, size, _ = shape
            self.channels = channels = 4 * recipe.filters
            self.linear = GpDcgan.linear(recipe.latent, 16 * channels)
            self.norm = nn.Sequential(*norm(recipe.generator_norm, 16 * channels, flat=True), nn.ReLU())
            layers: list[nn.Module] = []
            for side in GpDcgan.sizes(size)[1:-1]:
                layers += [GpDcgan.Double(channels, channels // 2, side), *norm(recipe.generator_norm, channels // 2), nn.ReLU()]
                channels //= 2
            self.main = nn.Sequential(*layers, GpDcgan.Double(channels, colours, size), nn.Tanh())

        def forward(self, z: Tensor) -> Tensor:
            return self.main(self.norm(self.linear(z)).reshape(-1, 4, 4, self.channels).permute(0, 3, 1, 2))

    class Critic(nn.Module):
        def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
            super().__init__()
            inputs, size, _ = shape
            layers: list[nn.Module] = []
            for number in range(len(GpDcgan.sizes(size)) - 1):
                outputs = recipe.filters * 2**number
                own = norm(recipe.critic_norm, outputs) if number else []
                layers += [GpDcgan.Halve(inputs, outputs), *own, nn.LeakyReLU(0.2)]
                inputs = outputs
            self.main = nn.Sequential(*layers, GpDcgan.linear(16 * inputs, 1))

        def forward(self, x: Tensor) -> Tensor:
            features = self.main[:-1](x).permute(0, 2, 3, 1)
            return self.main[-1](features.flatten(1)).flatten()


COUNTERPARTS = {  # of the modules of models/networks
    "models.networks.mlp": Mlp,
    "models.networks.dcgan": Dcgan,
    "models.networks.gp_dcgan": GpDcgan,
    "models.networks.paperweekly": Paperweekly,
    "models.networks.resnet": Resnet,
}


def counterpart(network: str) -> Any:
    """The class with Generator and Critic for a row of models/networks. Raises UserError for one that has none in PyTorch."""
    source = NETWORKS[network].source
    if not isinstance(source, str) or source not in COUNTERPARTS:
        raise UserError(f"network {network} has no counterpart in PyTorch (benchmarks/torch_networks.py)")
    return COUNTERPARTS[source]

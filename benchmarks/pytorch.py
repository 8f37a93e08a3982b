"""The same recipes in PyTorch, written as a PyTorch user would: for timings beside ours (and nothing else)."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


def dcgan(recipe, shape):
    colours, size = shape[0], shape[1]
    batch = {"batch": lambda c: [nn.BatchNorm2d(c)], "none": lambda c: []}
    g_norm, c_norm = batch[recipe.generator_norm], batch[recipe.critic_norm]
    channels = recipe.filters * size // 8
    g = [nn.ConvTranspose2d(recipe.latent, channels, 4, 1, 0, bias=False), *g_norm(channels), nn.ReLU(True)]
    while channels > recipe.filters:
        channels //= 2
        g += [nn.ConvTranspose2d(2 * channels, channels, 4, 2, 1, bias=False), *g_norm(channels), nn.ReLU(True)]
    g += [nn.ConvTranspose2d(channels, colours, 4, 2, 1, bias=False), nn.Tanh()]
    c = [nn.Conv2d(colours, channels, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    while channels < recipe.filters * size // 8:
        channels *= 2
        c += [nn.Conv2d(channels // 2, channels, 4, 2, 1, bias=False), *c_norm(channels), nn.LeakyReLU(0.2)]
    c += [nn.Conv2d(channels, 1, 4, 1, 0, bias=False), nn.Flatten(0)]
    return nn.Sequential(nn.Unflatten(1, (-1, 1, 1)), *g), nn.Sequential(*c)


def mlp(recipe, shape):
    def stack(inputs, outputs):
        layers = []
        for _ in range(3):
            layers += [nn.Linear(inputs, recipe.units), nn.ReLU(True)]
            inputs = recipe.units
        return nn.Sequential(*layers, nn.Linear(inputs, outputs))

    size = math.prod(shape)
    generator = nn.Sequential(stack(recipe.latent, size), nn.Unflatten(1, tuple(shape)))
    return generator, nn.Sequential(nn.Flatten(), stack(size, 1), nn.Flatten(0))


class Block(nn.Module):
    def __init__(self, inputs, outputs, norm, resample, first=False):
        super().__init__()
        layer = nn.BatchNorm2d if norm == "batch" else nn.Identity
        self.norm1, self.norm2 = nn.Identity() if first else layer(inputs), layer(outputs)
        self.conv1, self.conv2 = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if resample else nn.Identity()
        self.up = nn.Upsample(scale_factor=2) if resample == "up" else nn.Identity()
        self.down = nn.AvgPool2d(2) if resample == "down" else nn.Identity()
        self.first = first

    def forward(self, x):
        h = x if self.first else F.relu(self.norm1(x))
        h = self.down(self.conv2(F.relu(self.norm2(self.conv1(self.up(h))))))
        return h + self.shortcut(self.down(self.up(x)))


def resnet(recipe, shape):
    colours, size, f = shape[0], shape[1], recipe.filters
    ups = [Block(f, f, recipe.generator_norm, "up") for _ in range((size // 4).bit_length() - 1)]
    last = nn.BatchNorm2d(f) if recipe.generator_norm == "batch" else nn.Identity()
    start = [nn.Linear(recipe.latent, 16 * f), nn.Unflatten(1, (f, 4, 4))]
    generator = nn.Sequential(*start, *ups, last, nn.ReLU(), nn.Conv2d(f, colours, 3, padding=1), nn.Tanh())
    kind = recipe.critic_norm
    downs = [Block(f, f, kind, "down") for _ in range((size // 16).bit_length() - 1)]
    blocks = [Block(colours, f, kind, "down", first=True), *downs, Block(f, f, kind, None), Block(f, f, kind, None)]
    return generator, nn.Sequential(*blocks, nn.ReLU(), nn.AvgPool2d(8), nn.Flatten(), nn.Linear(f, 1), nn.Flatten(0))


class Game:
    """critic_step(real) and generator_step() of a recipe."""

    def __init__(self, recipe, shape):
        self.recipe = recipe
        self.generator, self.critic = {"dcgan": dcgan, "mlp": mlp, "resnet": resnet}[recipe.network](recipe, shape)
        self.generator_optimizer, self.critic_optimizer = (self._optimizer(n) for n in (self.generator, self.critic))
        self._together = recipe.critic_norm != "batch"

    def _optimizer(self, network):
        recipe = self.recipe
        if recipe.optimizer == "rmsprop":
            return torch.optim.RMSprop(network.parameters(), recipe.learning_rate)
        return torch.optim.Adam(network.parameters(), recipe.learning_rate, (recipe.beta1, recipe.beta2))

    def _losses(self, real, fake):
        if self.recipe.objective == "wasserstein":
            return fake.mean() - real.mean()
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def critic_step(self, real):
        with torch.no_grad():
            fake = self.generator(torch.randn(len(real), self.recipe.latent))
        if self._together:
            loss = self._losses(*self.critic(torch.cat([real, fake])).chunk(2))
        else:
            loss = self._losses(self.critic(real), self.critic(fake))
        if self.recipe.penalty:
            epsilon = torch.rand(len(real), *[1] * (real.dim() - 1))
            points = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
            (gradient,) = torch.autograd.grad(self.critic(points).sum(), points, create_graph=True)
            loss = loss + self.recipe.penalty * (gradient.flatten(1).norm(dim=1) - 1).square().mean()
        self.critic_optimizer.zero_grad()
        loss.backward()
        self.critic_optimizer.step()
        if self.recipe.clip:
            with torch.no_grad():
                for parameter in self.critic.parameters():
                    parameter.clamp_(-self.recipe.clip, self.recipe.clip)

    def generator_step(self, step=0):
        self.critic.requires_grad_(False)
        fake = self.critic(self.generator(torch.randn(self.recipe.batch_size, self.recipe.latent)))
        loss = -fake.mean() if self.recipe.objective == "wasserstein" else F.softplus(-fake).mean()
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()
        self.critic.requires_grad_(True)


class Counter(TorchDispatchMode):
    """Adds up the floating-point operations of all products and convolutions. PyTorch's own FlopCounterMode, which also tells
    the modules apart, cannot follow a gradient penalty."""

    total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        count = flop_registry.get(function._overloadpacket)
        if count:
            self.total += count(*args, **(kwargs or {}), out_val=out)
        return out


def operations(step):
    """Floating-point operations of the products and convolutions in step()."""
    with Counter() as counter:
        step()
    return counter.total

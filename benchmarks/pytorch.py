"""The same recipes in PyTorch, written as a PyTorch user would: for timings beside ours."""

import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks.torch_networks import FAMILIES


class Game:
    """critic_step(real) and generator_step() of a recipe."""

    def __init__(self, recipe, shape):
        self.recipe = recipe
        family = FAMILIES[recipe.network]
        self.generator, self.critic = family.Generator(recipe, shape), family.Critic(recipe, shape)
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

"""The same recipes in PyTorch, written as a PyTorch user would: for timings beside ours."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks.torch_networks import counterpart
from models.objectives import OBJECTIVES
from training.recipe import Recipe


class GANTrainer:
    """critic_step(real) and generator_step() of a recipe. It has no averaged generator and its learning rates stay."""

    def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
        self.recipe = recipe
        self.generator = counterpart(recipe.generator_network).Generator(recipe, shape)
        self.critic = counterpart(recipe.critic_network).Critic(recipe, shape)
        self.generator_optimizer = self._optimizer(self.generator, recipe.generator_learning_rate)
        self.critic_optimizer = self._optimizer(self.critic, recipe.critic_learning_rate)
        self.objective = OBJECTIVES[recipe.objective]
        self._together = recipe.critic_norm != "batch"

    def _optimizer(self, network, learning_rate, **more):
        if self.recipe.optimizer == "rmsprop":
            return torch.optim.RMSprop(network.parameters(), learning_rate, **more)
        if self.recipe.optimizer == "sgd":
            return torch.optim.SGD(network.parameters(), learning_rate, **more)
        return torch.optim.Adam(network.parameters(), learning_rate, (self.recipe.beta1, self.recipe.beta2), **more)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape)

    def critic_step(self, real: Tensor) -> tuple[Tensor, Tensor]:
        """The critic's outputs on real and generated items."""
        with torch.no_grad():
            fake = self.generator(self.normal(len(real), self.recipe.latent))
        outputs = self.critic(torch.cat([real, fake])).chunk(2) if self._together else (self.critic(real), self.critic(fake))
        loss = self.objective.critic_loss(*outputs)
        if self.recipe.penalty:
            epsilon = self.uniform(len(real), *[1] * (real.dim() - 1))
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
        return outputs[0].detach(), outputs[1].detach()

    def generator_step(self, step: int = 0) -> None:
        self.critic.requires_grad_(False)
        fake = self.critic(self.generator(self.normal(self.recipe.generator_batch, self.recipe.latent)))
        loss = self.objective.generator_loss(fake)
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()
        self.critic.requires_grad_(True)


@torch.no_grad()
def initialise(layer: torch.nn.Module) -> None:
    """The WGAN authors' weights_init (main.py), for Module.apply: convolutions N(0, .02), batch norm N(1, .02) and shift 0."""
    if isinstance(layer, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
        layer.weight.normal_(0.0, 0.02)
    elif isinstance(layer, torch.nn.BatchNorm2d):
        layer.weight.normal_(1.0, 0.02)
        layer.bias.zero_()


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


def operations(step: Callable[[], object]) -> int:
    """Floating-point operations of the products and convolutions in step()."""
    with Counter() as counter:
        step()
    return counter.total

"""What a step of a recipe computes and what it sends, from the layers' shapes and from the reductions that it asks for."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import paddle
from paddle import Tensor, nn

from benchmarks.worker import shape_of
from models.networks import resnet
from models.networks.convolution import Conv, Deconv
from training.parallel import Processes
from training.recipe import Recipe
from training.trainer import GANTrainer

# where a layer that multiplies has its inputs and its outputs among the axes of its weight
AXES: dict[type[nn.Layer], tuple[int, int]] = {nn.Linear: (0, -1), Conv: (-1, 0), Deconv: (0, -1), nn.Conv2D: (1, 0)}
SAMPLES = 2  # of a batch that is only looked at


def operations(recipe: Recipe) -> dict[str, float]:
    """{'critic': floating-point operations of a critic step, 'generator': of a generator step}: those of products and
    convolutions, a multiplication and an addition each, with all gradients; everything else is little beside them.

    A layer's gradients cost as much as its outputs, once for its weights and once for its inputs, but for layers whose inputs are
    data or noise. A gradient penalty costs its critic six times a pass: forward, the gradient by the
    inputs, and for each of the two the gradients of both factors.
    """
    trainer = GANTrainer(recipe, shape_of(recipe), classes=None)
    z = paddle.zeros([SAMPLES, recipe.latent])
    generator, of_noise = products(trainer.generator, z)
    critic, of_data = products(trainer.critic, trainer.generator(z).detach())
    of_critic = generator + 2 * (3 * critic - of_data) + (6 * critic if recipe.penalty else 0)
    of_generator = 3 * generator - of_noise + 2 * critic
    return {"critic": of_critic * recipe.batch_size, "generator": of_generator * recipe.generator_batch}


def products(network: nn.Layer, x: Tensor) -> tuple[float, float]:
    """Floating-point operations of a forward pass a sample, of all layers and of those that are given x itself. x: a batch.

    Raises TypeError for a layer that multiplies and has no row in AXES.
    """
    found = [0.0, 0.0]

    def count(layer: Any, inputs: Any, output: Tensor) -> None:
        inner, outer = (layer.weight.shape[axis] for axis in axes_of(layer))
        # a stride or a kernel as large as the picture leaves fewer places on one side: one product for each of those
        places = min(inputs[0].size // inner, output.size // outer)
        found[0] += 2 * layer.weight.size * places / x.shape[0]
        if inputs[0].stop_gradient:
            found[1] += 2 * layer.weight.size * places / x.shape[0]

    multiply = [
        each for each in network.sublayers(include_self=True) if any(multiplies(own) for own in each._parameters.values())
    ]
    hooks = [layer.register_forward_post_hook(count) for layer in multiply]  # type: ignore[arg-type]
    with mock.patch.object(resnet, "suits", lambda x: False):  # on a CPU it computes the same with fewer products
        network(x)
    for hook in hooks:
        hook.remove()
    return found[0], found[1]


def multiplies(weight: Tensor | None) -> bool:
    """Whether a parameter is a matrix; a scale or a shift is a vector, also where it has more axes."""
    return weight is not None and weight.size > max(weight.shape, default=1)


def axes_of(layer: nn.Layer) -> tuple[int, int]:
    for kind, axes in AXES.items():
        if isinstance(layer, kind):
            return axes
    raise TypeError(f"no row for {type(layer).__name__} in benchmarks/work.py")


class Counting(Processes):
    """Two processes of which there is one: writes down what each reduction would send, and sends nothing."""

    def __init__(self, global_batch_norm: bool = True):
        self.rank, self.size, self._global = 0, 2, global_batch_norm
        self.reductions: list[int] = []  # bytes of each

    def sum(self, tensor: Tensor) -> Tensor:
        self.reductions.append(tensor.size * tensor.element_size())
        return tensor

    def copy(self, tensor: Tensor) -> None:
        pass


def reductions(recipe: Recipe) -> dict[str, list[int]]:
    """{'critic': bytes of each reduction of a critic step, 'generator': of a generator step}, whatever the batch.

    One is of the gradients, the others of batch norm's sums, forward and backward.
    """
    small = recipe.model_copy(update={"batch_size": 2 * SAMPLES, "generator_batch_size": None})
    team = Counting(recipe.sync_batch_norm)
    shape = shape_of(recipe)
    trainer = GANTrainer(small, shape, team)
    real = paddle.to_tensor(np.random.default_rng(0).uniform(-1, 1, [SAMPLES, *shape]).astype(np.float32))
    steps = {"critic": lambda: trainer.critic_step(real), "generator": lambda: trainer.generator_step(0)}
    found = {}
    for step, do in steps.items():
        team.reductions = []
        do()
        found[step] = team.reductions
    return found

"""A training of points that is stepped, changed and looked at from outside, by the project's own trainer and step."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle

import data
from data import Dataset, Order
from data.reader import batches
from errors import NotFinite, UserError
from metrics.gaussians import gaussians
from metrics.w1 import w1
from models.objectives import OBJECTIVES
from training import callbacks, health, loop
from training import recipe as recipes
from training.recipe import Recipe
from training.sampling import sample
from training.trainer import MOVABLE, GANTrainer

SHOWN = 300  # samples, and as many real points, that are drawn and measured
GRID = 33  # values of the critic along a side of the plane
ARROWS = slice(1, None, 3)  # of these along a side: 11, whose gradients are shown
UNITS = 128  # of each layer, for every model: from equal seeds they start alike
BASELINE = 10  # sets of real points
_baselines: dict[str, float] = {}  # by the data's hash: a second training need not wait for it
# Paddle's switches for building networks and for naming an optimiser's state are the process's: one thread at a time
_turn = threading.RLock()


def recipe(model: str, name: str, seed: int = 0, **settings: Any) -> Recipe:
    """The recipe of `model` (configs/) on the points `name`, with UNITS and `settings`. Raises UserError."""
    return recipes.load(model, overrides={"data": name, "units": UNITS, "seed": seed, **settings})


@dataclass
class Scene:
    """What stays through a training: all that frames of one data set are drawn over.

    extent: the plane is shown from −extent to extent both ways. real: float32 SHOWN×2, held out. w1_real: exact W1 between these
    and as many other real points, the mean over BASELINE such sets: about what a perfect generator would reach. Of fewer held-out
    points than all these sets need they are drawn with repetition.
    """

    data: str
    extent: float
    real: np.ndarray
    w1_real: float


@dataclass
class Frame:
    """The networks as they stand after a generator step, float32 arrays.

    samples: SHOWN×2, always of the same z. surface: the critic f on GRID×GRID points, from −extent to extent, rows from low y to
    high. arrows: ∇f, 11×11×2 (x, y), at every third point of the grid from its second on.

    numbers: step, critic_steps; estimate, E f(x) − E f(G(z)) over the scene's real points and the samples; w1, exact, of the same
    two sets; slope, the largest ‖∇f‖ on the grid, K of a K-Lipschitz f: estimate / slope is what compares with w1; critic_loss,
    generator_loss of the last step, from the first on; clipped_share, of the critic's weights that lie at ±c, where there is a c;
    d_real and d_fake, E sigmoid(f), for a GAN; modes_found and good_share for a mixture.
    """

    samples: np.ndarray
    surface: np.ndarray
    arrows: np.ndarray
    numbers: dict[str, float]


def scene(name: str) -> Scene:
    """The scene of the points `name`. Raises UserError for another data set."""
    return _scene(_points(name))


def _points(name):
    if not data.source(name).is_points:
        known = ", ".join(key for key, row in data.SOURCES.items() if row.is_points)
        raise UserError(f"data {name} are images: what can be watched live are {known}")
    return data.load(name)


def _scene(dataset):
    held, wanted = dataset.heldout, SHOWN * (1 + BASELINE)
    if len(held) < wanted:  # at random: each set would hold too few of them, or all of them and be at no distance from another
        held = held[np.random.default_rng(0).integers(len(held), size=wanted)]
    real, *others = np.split(held[:wanted], 1 + BASELINE)
    if dataset.sha256 not in _baselines:
        _baselines[dataset.sha256] = float(np.mean([w1(other, real)["w1"] for other in others]))
    extent = float(np.ceil(12.5 * np.abs(real).max()) / 10)
    return Scene(dataset.name, extent, real, _baselines[dataset.sha256])


class Live:
    """A training that waits for step(). Its steps are those of train.py with the same recipe, to the bit.

    Several in one process, in any threads, do not disturb each other. Raises UserError for a recipe of images.
    """

    def __init__(self, recipe: Recipe, dataset: Dataset | None = None) -> None:
        """dataset: the recipe's, for a caller that has it already."""
        self.dataset = dataset or _points(recipe.data)
        self.scene = _scene(self.dataset)
        self._begin(recipe)

    def _begin(self, recipe):
        with _turn:
            self.trainer, self.steps = GANTrainer(recipe, self.dataset.shape), 0
            order = Order(len(self.dataset.train), recipe.seed)
            self._reader: Iterator = batches(self.dataset, order, 0, recipe.batch_size)
            self._last: callbacks.Step | None = None

    @property
    def recipe(self) -> Recipe:
        return self.trainer.recipe

    def step(self, count: int = 1) -> None:
        """`count` generator steps, each after its critic steps. Raises NotFinite for a loss that is not a finite number."""
        for _ in range(count):
            with _turn:
                self.steps += 1
                used = min(1.0, (self.steps - 1) / self.recipe.steps)
                self._last = loop.take_step(self.trainer, self._reader, self.steps, used)
                self._check(self._losses())

    def set(self, **settings: Any) -> bool:
        """Change settings of the recipe. Those of trainer.MOVABLE and recipe.RESUMABLE hold from the next step on, with the
        weights as they are; any other is of another network, another order or another average of the generator, and the training
        begins anew. Returns whether it did. Raises UserError for a value that is not allowed, and nothing has changed then."""
        changed = recipes.resolve({**recipes.chosen(self.recipe.model_dump()), **recipes.for_each_player(settings)})
        if changed.data != self.recipe.data:
            raise UserError(f"data {changed.data}: a training keeps its points, {self.recipe.data}; begin another")
        differing = [key for key in Recipe.model_fields if getattr(changed, key) != getattr(self.recipe, key)]
        anew = not set(differing) <= {*MOVABLE, *recipes.RESUMABLE}
        if anew:
            self._begin(changed)
        elif differing:
            with _turn:
                self.trainer.go_on_as(changed)
        return anew

    def reset(self) -> None:
        """Back to step 0 with the settings as they are now."""
        self._begin(self.recipe)

    def frame(self, exact: bool = True) -> Frame:
        """The networks as they stand; looking changes nothing. exact: with w1, which costs most. Raises NotFinite."""
        with _turn:
            samples = sample(self.trainer, "fixed noise", SHOWN)
            axis = np.linspace(-self.scene.extent, self.scene.extent, GRID, dtype=np.float32)
            grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
            values, gradients = self._look(np.concatenate([grid, self.scene.real, samples]), len(grid))
            self._check({"samples": float(samples.mean()), "the critic's outputs": float(values.mean() + gradients.mean())})
            surface, on_real, on_fake = np.split(values, [len(grid), len(grid) + SHOWN])
            gradients = gradients.reshape(GRID, GRID, 2)
            numbers: dict[str, float] = {"step": self.steps, "critic_steps": self.trainer.critic_steps}
            numbers["estimate"] = float(on_real.mean(dtype=np.float64) - on_fake.mean(dtype=np.float64))
            numbers["slope"] = float(np.linalg.norm(gradients, axis=2).max())
            numbers |= self._losses()
            if OBJECTIVES[self.recipe.objective].probabilistic:
                probability = lambda f: float((0.5 + 0.5 * np.tanh(f / 2)).mean())  # noqa: E731 - no overflow, unlike exp(−f)
                numbers |= {"d_real": probability(on_real), "d_fake": probability(on_fake)}
            if self.recipe.clip:
                numbers["clipped_share"] = float(health.clipped_share(self.trainer.critic_weights, self.recipe.clip))
            if self.dataset.modes:
                numbers |= gaussians(samples, *self.dataset.modes)
        if exact:
            numbers |= w1(samples, self.scene.real)
        return Frame(samples, surface.reshape(GRID, GRID), gradients[ARROWS, ARROWS], numbers)

    def _look(self, points, count):
        """f at points N×2, and its gradient at the first `count` of them, by the running statistics of any batch norm."""
        critic = self.trainer.critic
        critic.eval()
        try:
            with paddle.no_grad():
                values = critic(paddle.to_tensor(points)).numpy()
            inputs = paddle.to_tensor(points[:count], stop_gradient=False)
            (gradient,) = paddle.grad(critic(inputs).sum(), inputs)
            return values, gradient.numpy()
        finally:
            critic.train()

    def _losses(self):
        last = self._last
        return {"critic_loss": float(last.critic.loss), "generator_loss": float(last.generator_loss)} if last else {}

    def _check(self, figures):
        if bad := health.not_finite(figures):
            raise NotFinite(f"{', '.join(bad)} not finite at step {self.steps} of {self.recipe.model} on {self.recipe.data}")

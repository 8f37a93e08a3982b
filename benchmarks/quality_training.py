"""One training of benchmarks.quality, in a process of its own with one thread: scored at marks while its clocks stand still."""

import bisect
import contextlib
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import data
import metrics
from data.dataset import Dataset
from errors import NotFinite
from experiments.numeric import rounded
from reporting.samples import noise
from training import recipe as recipes
from training import runtime
from training.budget import Budget
from training.recipe import Recipe
from training.run_log import RunLog
from training.session import Silent

DATA = "mnist-5k"
THRESHOLDS = (20, 10, 5, 3)  # of fd_lenet
SAMPLES = 5000  # as eval.py's
PYTORCH = "pytorch"
NAMES = (PYTORCH, "wgan-paper", "wgan", "wgan-gp", "dcgan")
NEVER = 10**9
Draw = Callable[[], np.ndarray]  # samples in [−1, 1], float32 N×C×H×W
Tell = Callable[[dict[str, Any]], object]


def recipe_of(name: str, seed: int = 0, quick: bool = False) -> Recipe:
    """The recipe of a training: configs/NAME.yaml's; for PyTorch wgan-paper's with the authors' warm-up.

    The paper's recipe names no last step, so neither has one.
    """
    own = {"steps": NEVER} if name in (PYTORCH, "wgan-paper") else {}
    own |= {"warm_up": True} if name == PYTORCH else {}
    own |= {"filters": 4} if quick else {}
    model = "wgan-paper" if name == PYTORCH else name
    return recipes.load(model, overrides={"data": DATA, "seed": seed, **own})


class Ended(Exception):
    """The training need not go on. Its text says why: 'quality', 'budget' (the recipe's own) or 'seconds'."""


class Marks(Silent):
    """In the place of the progress display: scores samples at marks on the way, and ends a training that has no more to show.

    at: CPU seconds, ascending, the last of them the training's limit; its last step is a mark as well. tell: takes each of
    `rows`: step, critic_steps, cpu_seconds, wall_seconds, fd_lenet (None where nothing can be measured: samples of one flat
    colour).
    """

    def __init__(self, draw: Draw, dataset: Dataset, budget: Budget, at: list[float], tell: Tell) -> None:
        self.draw, self.dataset, self.budget, self.at, self.tell = draw, dataset, budget, at, tell
        self.rows: list[dict[str, Any]] = []
        self._next = at[0]

    def step(self, done: int) -> None:
        wall, seconds = self.budget.seconds(), self.budget.cpu_seconds()
        over = self.budget.used(done) >= 1
        if seconds < self._next and not over:
            return
        self._next = next(iter(self.at[bisect.bisect_right(self.at, seconds) :]), math.inf)
        with self.budget.paused():
            quality = fd_lenet(self.draw(), self.dataset)
        counters = {"step": done, "critic_steps": sum(map(self.budget.recipe.n_critic_at, range(done)))}
        clocks = {"cpu_seconds": round(seconds, 2), "wall_seconds": round(wall, 2)}
        self.rows.append({**counters, **clocks, "fd_lenet": quality})
        self.tell(self.rows[-1])
        if quality is not None and quality <= min(THRESHOLDS):
            raise Ended("quality")
        if over:
            raise Ended("budget")
        if seconds >= self.at[-1]:
            raise Ended("seconds")


def fd_lenet(items: np.ndarray, dataset: Dataset) -> float | None:
    """Mean over eval.py's draws, five significant digits, of samples in [−1, 1]; None where nothing can be measured."""
    return rounded(metrics.mean_scores(items, dataset, ("frechet",)).get("fd_lenet"), 5)


def train(name: str, seed: int, at: list[float], tell: Tell, quick: bool = False) -> dict[str, Any]:
    """Train `name` of NAMES till one of the reasons of Ended: {'name', 'seed', 'ended', 'recipe', 'marks'}.

    at, tell: as Marks'. Call it in a fresh process, whose environment says OMP_NUM_THREADS=1.
    """
    runtime.start("cpu")  # for PyTorch too: our metrics need Paddle
    recipe, dataset = recipe_of(name, seed, quick), data.load(DATA)
    count = 1000 if quick else SAMPLES
    steps, draw = (in_pytorch if name == PYTORCH else in_paddle)(recipe, dataset, count)
    budget = Budget(recipe)  # after networks, data and libraries are there
    marks = Marks(draw, dataset, budget, at, tell)
    try:
        steps(marks)
        ended = "budget"
    except Ended as end:
        ended = str(end)
    except NotFinite:
        ended = "not finite"
    return {"name": name, "seed": seed, "ended": ended, "recipe": recipe.model_dump(), "marks": marks.rows}


Steps = Callable[[Marks], None]


def in_paddle(recipe: Recipe, dataset: Dataset, count: int) -> tuple[Steps, Draw]:
    """(steps(marks), draw()): train.py's loop, its log, grids and checkpoints included, in a temporary folder."""
    from training.loop import train as loop
    from training.sampling import generate
    from training.trainer import GANTrainer

    trainer, z = GANTrainer(recipe, dataset.shape), noise(0, count, recipe.latent)

    def steps(marks):
        with tempfile.TemporaryDirectory() as folder, contextlib.closing(RunLog(folder)) as log:
            loop(trainer, dataset, Path(folder), log, marks, lambda line: None, budget=marks.budget)

    return steps, lambda: generate(trainer.sampler, z)


def in_pytorch(recipe: Recipe, dataset: Dataset, count: int) -> tuple[Steps, Draw]:
    """(steps(marks), draw()): bare steps of benchmarks/pytorch.py on the same images in the same order."""
    import torch

    from benchmarks.pytorch import GANTrainer, initialise

    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    trainer, z = GANTrainer(recipe, dataset.shape), torch.from_numpy(noise(0, count, recipe.latent))
    for network in (trainer.generator, trainer.critic):
        network.apply(initialise)
    order = data.Order(len(dataset.train), recipe.seed)

    def steps(marks):
        position = 0
        for step in range(recipe.steps):
            for _ in range(recipe.n_critic_at(step)):
                real = torch.from_numpy(dataset.batch(order.take(position, recipe.batch_size)))
                position += recipe.batch_size
                trainer.critic_step(real)
            trainer.generator_step(step)
            marks.step(step + 1)

    @torch.no_grad()
    def draw():
        trainer.generator.eval()
        items = torch.cat([trainer.generator(part) for part in z.split(250)])
        trainer.generator.train()
        return items.numpy()

    return steps, draw

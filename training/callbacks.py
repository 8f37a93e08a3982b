"""What happens around the steps of the loop: health, finite numbers, log, words, grids, checkpoints, progress."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import paddle

import metrics
from data import Dataset, Order
from data.dataset import crop_to, to_uint8
from errors import NotFinite, UserError
from training import checkpoint, comparison, grids, health
from training.alarms import HealthMonitor
from training.algorithm import CriticStep
from training.budget import Budget
from training.log import in_words
from training.parallel import Team
from training.recipe import Recipe
from training.run_log import RunLog
from training.sampling import sample
from training.trainer import GANTrainer

SHOWN = 64  # images of a sample grid
SHOWN_POINTS = 2000


@dataclass
class Step:
    """A generator step, counted from 1, with the critic steps before it, as callbacks see it.

    real, labels: the last critic step's items, and their classes or None. critic: of that step. waited: seconds, for all critic
    steps' items. last: of the run. milestone: of Budget.milestone. figures, warnings: of a logged step, from HealthFigures and
    Alarms. line: what Log wrote. interrupted: number of the signal that ends the training after this step, 0 for none.
    """

    number: int
    real: paddle.Tensor
    labels: np.ndarray | None
    critic: CriticStep
    generator_loss: paddle.Tensor
    waited: float = 0.0
    last: bool = False
    milestone: str | None = None
    figures: dict = field(default_factory=dict)
    warnings: list = field(default_factory=list)
    line: dict = field(default_factory=dict)
    interrupted: int = 0


class Display(Protocol):
    """Where a training shows how far it is: session.Silent or one like it."""

    def step(self, done: int) -> None: ...
    def show(self, done: int, text: str) -> None: ...


class Callback:
    """begin(), before the first step of a run; not where it goes on from a checkpoint. after(step), a Step."""

    def begin(self) -> None:
        pass

    def after(self, step: Step) -> None:
        pass


class HealthFigures(Callback):
    """Fills in step.figures at every logged step: losses and health.measure, averaged over the processes."""

    def __init__(self, trainer: GANTrainer, dataset: Dataset):
        self.trainer, self.dataset = trainer, dataset
        self.order = Order(len(dataset.heldout), trainer.recipe.seed)

    def after(self, step: Step) -> None:
        trainer, recipe = self.trainer, self.trainer.recipe
        if not (step.number % recipe.log_every == 0 or step.number == 1 or step.last):
            return
        rows = trainer.team.shard(self.order.take(step.number * recipe.batch_size, recipe.batch_size))
        held = paddle.to_tensor(self.dataset.batch(rows, "heldout"))
        losses = {"critic_loss": step.critic.loss, "generator_loss": step.generator_loss, "penalty": step.critic.penalty}
        figures = {name: float(value) for name, value in losses.items() if value is not None}
        of_held = self.dataset.classes_of(rows, "heldout")
        measured = health.measure(trainer, held, step.real, step.number, of_held, step.labels)
        step.figures = trainer.team.average(figures | measured)


class FiniteNumbers(Callback):
    """Raises NotFinite, in all processes, at the first figure or loss that is NaN or infinite."""

    def __init__(self, trainer: GANTrainer, folder: Path):
        self.trainer, self.folder = trainer, folder

    def after(self, step: Step) -> None:
        if step.figures:
            self._check(step.figures, step.number)
        elif paddle.device.get_device() == "cpu":  # on a GPU it would make every step wait
            losses = {"critic_loss": float(step.critic.loss), "generator_loss": float(step.generator_loss)}
            self._check(losses, step.number)

    def parts(self, number: int) -> dict:
        """trainer.parts() after step `number`, checked. A loss need not show a bad weight: Paddle's relu takes NaN for 0."""
        parts = self.trainer.parts()
        totals = {f"weights of {part}": health.total(arrays) for part, arrays in parts.items()}
        self._check(totals, number, alike=True)
        return parts

    def samples(self, number: int, draw: Callable[[], np.ndarray] | None) -> np.ndarray | None:
        """What draw() makes after step `number`, checked in all processes; None in those that draw nothing. Averaged weights, or
        running statistics, may make NaN where no loss is."""
        try:
            items, sign = draw and draw(), 0.0
        except NotFinite:
            items, sign = None, math.nan
        self._check({"samples": sign}, number)
        return items

    def _check(self, figures, number, alike=False):
        """alike: all processes have the same figures, as of the weights, and need not tell one another."""
        bad, recipe = health.not_finite(figures), self.trainer.recipe
        anywhere = bad if alike else self.trainer.team.any(bad)
        if anywhere:
            good = "?"  # where none is intact, and on a host that does not see the first process's disk
            with contextlib.suppress(UserError):
                if newest := checkpoint.newest(self.folder):
                    good = newest[1]["step"]
            raise NotFinite(
                f"{', '.join(bad) or 'a figure'} not finite at step {number} of {recipe.model} ({recipe.objective}, "
                f"{recipe.network}, {recipe.data}); the last good checkpoint is step {good} in {self.folder}"
            )


class Alarms(Callback):
    """Adds to step.warnings what an alarms.HealthMonitor says of a logged step. state: of the monitor, for a checkpoint."""

    def __init__(self, recipe: Recipe, state: dict | None = None):
        self.monitor = HealthMonitor(recipe, state)

    def after(self, step: Step) -> None:
        if step.figures:
            step.warnings += self.monitor.update(step.number, step.figures)


class Log(Callback):
    """Writes a logged step's counters, clocks and figures to a RunLog (None in processes that do not lead)."""

    def __init__(self, trainer: GANTrainer, log: RunLog | None, budget: Budget):
        self.trainer, self.log, self.budget = trainer, log, budget
        self._seen, self._time, self._steps, self._waited = trainer.images_seen, time.perf_counter(), 0, 0.0

    def begin(self) -> None:
        if self.log:
            self.log.settings(self.trainer.recipe, metrics.quality_values(self.trainer.recipe.data))

    def after(self, step: Step) -> None:
        self._steps += 1
        self._waited += step.waited
        if not step.figures:
            return
        trainer, now = self.trainer, time.perf_counter()
        took = now - self._time
        speed = {
            "images_per_second": round((trainer.images_seen - self._seen) / took, 1),
            "batch_cost": round(took / self._steps, 6),
            "reader_cost": round(self._waited / self._steps, 6),
        }
        self._seen, self._time, self._steps, self._waited = trainer.images_seen, now, 0, 0.0
        counters = {"critic_steps": trainer.critic_steps, "images_seen": trainer.images_seen}
        clock = {"seconds": round(self.budget.seconds(), 3), "cpu_seconds": round(self.budget.cpu_seconds(), 3)}
        step.line = counters | clock | speed | step.figures
        if self.log:
            self.log.write(step.number, step.line)


class Words(Callback):
    """Tells a person who watches about logged steps, and warns."""

    def __init__(self, progress: Display, warn: Callable[[str], None]):
        self.progress, self.warn = progress, warn

    def after(self, step: Step) -> None:
        if step.line:
            self.progress.show(step.number, in_words(step.line))
            for warning in step.warnings:
                self.warn(warning)


class Grids(Callback):
    """samples/real.png and samples/step-N.png from the run's fixed noise, with the weights' histograms, at sample_every and at
    each twentieth of the budget.

    A conditional generator's show the classes in order, again and again. In VisualDL the runs of a comparison leave the real ones
    to its report: they are the same data.
    """

    def __init__(self, trainer: GANTrainer, dataset: Dataset, folder: Path, log: RunLog | None, finite: FiniteNumbers):
        self.trainer, self.dataset, self.folder, self.log, self.finite = trainer, dataset, folder, log, finite
        self.count = SHOWN_POINTS if dataset.is_points else SHOWN
        self.labels = np.arange(SHOWN) % len(trainer.classes) if trainer.classes else None

    def begin(self) -> None:
        if self.log:
            dataset = self.dataset
            items = dataset.train[Order(len(dataset.train), self.trainer.recipe.seed).take(0, self.count)]
            picture = grids.scatter(None, items) if dataset.is_points else grids.grid(crop_to(items, dataset.native_size))
            grids.save_png(grids.path_of_real(self.folder), picture)
            if not comparison.holds(self.folder):
                self.log.image("samples/real", picture, 0)
            self._show(self.log, 0, self._samples())

    def after(self, step: Step) -> None:
        if step.number % self.trainer.recipe.sample_every == 0 or step.last or step.milestone:
            self.finite.parts(step.number)
            items = self.finite.samples(step.number, self._samples if self.log else None)
            if self.log and items is not None:
                self._show(self.log, step.number, items)

    def _samples(self) -> np.ndarray:
        return sample(self.trainer, "fixed noise", self.count, labels=self.labels)

    def _show(self, log: RunLog, number: int, items: np.ndarray) -> None:
        trainer, dataset = self.trainer, self.dataset
        if dataset.is_points:
            picture = grids.scatter(items, dataset.train)
        else:
            picture = grids.grid(crop_to(to_uint8(items), dataset.native_size))
        grids.save_png(grids.path_of(self.folder, number), picture)
        log.image("samples/generated", picture, number)
        for role, weights, clip in (
            ("generator", trainer.generator_weights, None),
            ("critic", trainer.critic_weights, trainer.recipe.clip),
        ):
            values = paddle.concat([w.detach().flatten() for w in weights]).numpy()
            log.histogram(f"weights/{role}", values, number, clip)


class Signals(Callback):
    """Marks the step as interrupted, in all processes, if any received a signal (signals.received) and steps are left."""

    def __init__(self, team: Team, received: list[int]):
        self.team, self.received = team, received

    def after(self, step: Step) -> None:
        if self.team.any(self.received) and not step.last:
            step.interrupted = self.received[0] if self.received else signal.SIGTERM


class Checkpoints(Callback):
    """Saves at checkpoint_every, at each fifth of a budget in minutes, at the end and after a signal."""

    def __init__(
        self,
        trainer: GANTrainer,
        dataset: Dataset,
        folder: Path,
        log: RunLog | None,
        finite: FiniteNumbers,
        alarms: Alarms,
        budget: Budget,
    ):
        self.trainer, self.dataset, self.folder, self.log = trainer, dataset, folder, log
        self.finite, self.alarms, self.budget = finite, alarms, budget

    def begin(self) -> None:
        self._save(0)

    def after(self, step: Step) -> None:
        due = step.number % self.trainer.recipe.checkpoint_every == 0 or step.milestone == "fifth"
        if due or step.last or step.interrupted:
            self._save(step.number)

    def _save(self, number):
        parts, trainer = self.finite.parts(number), self.trainer
        if not self.log:
            return
        now = {
            "step": number,
            "critic_steps": trainer.critic_steps,
            "attempt": trainer.attempt,
            "seconds": self.budget.seconds(),
            "cpu_seconds": self.budget.cpu_seconds(),
            "alarms": self.alarms.monitor.state,
            "logs": self.log.sizes(),
            "recipe": trainer.recipe.model_dump(),
            "shape": list(trainer.shape),
            "native_size": self.dataset.native_size,
            "classes": trainer.classes or None,
        }
        checkpoint.save(self.folder, number, parts, now, trainer.recipe.keep_checkpoints)


class Progress(Callback):
    """Moves the display at every step."""

    def __init__(self, progress: Display):
        self.progress = progress

    def after(self, step: Step) -> None:
        if not step.interrupted:
            self.progress.step(step.number)

"""The loop, shared by every recipe: critic steps, a generator step, then the callbacks (training/callbacks.py)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from paddle import Tensor

from data import Dataset, Order
from data.reader import batches
from errors import Interrupted
from training import callbacks, signals
from training.budget import Budget, limit
from training.run_log import RunLog
from training.trainer import GANTrainer


def train(
    trainer: GANTrainer,
    dataset: Dataset,
    folder: Path,
    log: RunLog | None,
    progress: callbacks.Display,
    warn: Callable[[str], None],
    state: dict | None = None,
    budget: Budget | None = None,
) -> None:
    """Train to recipe.steps or recipe.minutes with all that a run's folder holds.

    state: of the checkpoint that training goes on from, None for a new run. folder: the run's, made already. log: None in all
    processes but the first. progress: has step(done) and show(done, text). warn: takes a line. budget: the run's clocks, for a
    caller that stops them while it looks on; by default the loop's own.

    Raises Interrupted after a signal, NotFinite for a number that is not, WriteError for a full disk; a good checkpoint is left.
    """
    recipe = trainer.recipe
    budget = budget or Budget(recipe, state, trainer.team.broadcast)
    order = Order(len(dataset.train), recipe.seed, trainer.attempt)
    reader = batches(dataset, order, trainer.images_seen, recipe.batch_size, trainer.team.shard)
    with signals.received() as received:
        alarms = callbacks.Alarms(recipe, state and state["alarms"])
        finite = callbacks.FiniteNumbers(trainer, folder)
        after = [  # figures are checked before they are written, weights before they are saved
            callbacks.HealthFigures(trainer, dataset),
            finite,
            alarms,
            callbacks.Log(trainer, log, budget),
            callbacks.Words(progress, warn),
            callbacks.Grids(trainer, dataset, folder, log, finite),
            callbacks.Signals(trainer.team, received),
            callbacks.Checkpoints(trainer, dataset, folder, log, finite, alarms, budget),
            callbacks.Progress(progress),
        ]
        if not state:
            for callback in after:
                callback.begin()
        number, end = state["step"] if state else 0, limit(recipe)
        while number < end:
            number += 1
            step = take_step(trainer, reader, number, budget.used(number - 1))
            budget.look()
            step.last = number == end or budget.spent()
            step.milestone = budget.milestone(number)
            for callback in after:
                callback.after(step)
            if step.interrupted:
                raise Interrupted(step.interrupted)
            if step.last:
                break


def take_step(
    trainer: GANTrainer, reader: Iterator[tuple[Tensor, np.ndarray | None]], number: int, used: float
) -> callbacks.Step:
    """Generator step `number`, counted from 1, after its critic steps on batches of `reader` (WGAN, algorithm 1, lines 2–11).

    used: share of the budget that is used up, in [0, 1].
    """
    trainer.set_learning_rates(used)
    waited = 0.0
    for _ in range(trainer.recipe.n_critic_at(number - 1)):
        asked = time.perf_counter()
        real, labels = next(reader)
        waited += time.perf_counter() - asked
        critic = trainer.critic_step(real, labels)
    return callbacks.Step(number, real, labels, critic, trainer.generator_step(number - 1), waited)

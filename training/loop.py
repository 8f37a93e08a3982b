"""The loop, shared by every recipe: critic steps, a generator step, then the callbacks (training/callbacks.py)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from paddle import Tensor

from data import Dataset, Order
from data.reader import batches
from errors import Interrupted
from training import callbacks, signals
from training.algorithm import CriticStep
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
    budget = budget or Budget(trainer.recipe, state, trainer.team.broadcast)
    with signals.received() as received:
        alarms = callbacks.Alarms(trainer.recipe, state and state["alarms"])
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
        run(trainer, dataset, after, budget, state["step"] if state else 0, new=state is None)


def run(
    trainer: GANTrainer,
    dataset: Dataset,
    after: list[callbacks.Callback],
    budget: Budget,
    begin: int = 0,
    new: bool = True,
) -> None:
    """Generator steps begin + 1, begin + 2, … until the budget is spent or a callback of `after` marks a step as interrupted.

    new: nothing was saved before.
    """
    recipe = trainer.recipe
    order = Order(len(dataset.train), recipe.seed, trainer.attempt)
    reader = batches(dataset, order, trainer.images_seen, recipe.batch_size, trainer.team.shard)
    for callback in after:
        callback.begin(new)
    end = limit(recipe)
    number, last = begin, begin >= end
    while not last:
        number += 1
        done = updates(trainer, reader, number, budget.used(number - 1))
        budget.look()
        last = number == end or budget.spent()
        step = callbacks.Step(number, last, budget.milestone(number), *done)
        for callback in after:
            callback.after(step)
        if step.interrupted:
            raise Interrupted(step.interrupted)


class Updates(NamedTuple):
    """What a generator step and the critic steps before it left: callbacks.Step says of what."""

    real: Tensor
    critic: CriticStep
    generator_loss: Tensor
    waited: float
    labels: np.ndarray | None


def updates(trainer: GANTrainer, reader: Iterator[tuple[Tensor, np.ndarray | None]], number: int, used: float) -> Updates:
    """The critic steps of generator step `number`, counted from 1, on batches of `reader`, then that step.

    used: share of the budget that is used up, in [0, 1].
    """
    trainer.set_learning_rates(used)
    waited = 0.0
    for _ in range(trainer.recipe.critic_steps(number - 1)):
        asked = time.perf_counter()
        real, labels = next(reader)
        waited += time.perf_counter() - asked
        critic = trainer.critic_step(real, labels)
    return Updates(real, critic, trainer.generator_step(number - 1), waited, labels)

"""When a run is over: after recipe.steps, or after recipe.minutes of training if these are used up before."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

from errors import UserError

PARTS = 20  # of a budget: the least that a film of the training has
KEYS = {"wall": "seconds", "cpu": "cpu_seconds"}  # of a checkpoint's state and of log.jsonl
WORDS = {"wall": "minutes", "cpu": "CPU minutes"}
UNREACHED = 10**6  # so many steps and more, beside minutes, are no budget


def settings(given: dict, steps: int | None, minutes: float | None, clock: str | None = None) -> dict:
    """`given`, settings of a recipe by name, with what --steps or --minutes asked for: either takes the place of the other.

    clock: what minutes count; only steps in `given` may end the run before them then. None to leave this to the terms of a
    comparison. Raises UserError if both are asked for.
    """
    if steps is not None and minutes is not None:
        raise UserError("--steps and --minutes exclude one another")
    if steps is not None:
        given = {**given, "steps": steps}
    if minutes is not None:
        return {**({"steps": UNREACHED, "clock": clock} if clock else {}), **given, "minutes": minutes}
    return {"minutes": None, **given} if "steps" in given else given  # a config, or what is gone on with, may have minutes


def finished(recipe: Any, state: dict) -> bool:
    """Whether a checkpoint's `state` (its step and seconds) has used up the recipe's budget."""
    return state["step"] >= limit(recipe) or bool(recipe.minutes and state[KEYS[recipe.clock]] >= 60 * recipe.minutes)


def limit(recipe: Any) -> float:
    """Generator steps that end a run; infinite for a budget in minutes alone."""
    return math.inf if recipe.minutes and recipe.steps >= UNREACHED else recipe.steps


def in_words(recipe: Any) -> str:
    """'6,500 steps', '30 CPU minutes', or both where either may end the run."""
    minutes = [f"{recipe.minutes:g} {WORDS[recipe.clock]}"] if recipe.minutes else []
    steps = [f"{recipe.steps:,} steps"] if limit(recipe) < math.inf else []
    return " or ".join(minutes + steps)


def share(recipe: Any, line: dict) -> float:
    """Share of the recipe's budget that was used up at a `line` of its log (a dict), in [0, 1]."""
    by_clock = line.get(KEYS[recipe.clock], 0.0) / (60 * recipe.minutes) if recipe.minutes else 0.0
    return min(1.0, max(line["step"] / limit(recipe), by_clock))


class Budget:
    """The two clocks of one run, wall and CPU, of which recipe.clock is the one that counts.

    state: of the checkpoint that training goes on from, None for a new run; the clocks stand still between sittings. agree:
    takes this process's share of the minutes to the one that all processes go by (training/parallel.py), so that none takes a
    step more, or a checkpoint, or another learning rate than the others.
    """

    def __init__(self, recipe: Any, state: dict | None = None, agree: Callable[[float], float] = float):
        self.recipe, self._agree, state = recipe, agree, state or {"seconds": 0.0, "cpu_seconds": 0.0}
        self._began = {"wall": time.monotonic() - state["seconds"], "cpu": time.process_time() - state["cpu_seconds"]}
        self.look()
        self._reached = self._milestones(state.get("step", 0))

    def seconds(self) -> float:
        """Seconds of training so far by the wall clock."""
        return time.monotonic() - self._began["wall"]

    def cpu_seconds(self) -> float:
        """CPU seconds of this process's threads in training so far."""
        return time.process_time() - self._began["cpu"]

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Within this context both clocks stand still."""
        wall, cpu = self.seconds(), self.cpu_seconds()
        try:
            yield
        finally:
            self._began = {"wall": time.monotonic() - wall, "cpu": time.process_time() - cpu}

    def look(self) -> None:
        """Read the clock that counts, once a step: what is below goes by it until the next time."""
        clock = self.cpu_seconds if self.recipe.clock == "cpu" else self.seconds
        self._share = self._agree(clock() / (60 * self.recipe.minutes)) if self.recipe.minutes else 0.0

    def used(self, step: int) -> float:
        """Share of the budget that is used up after `step` generator steps, in [0, 1]."""
        return min(1.0, max(step / limit(self.recipe), self._share))

    def spent(self) -> bool:
        return self._share >= 1

    def milestone(self, step: int) -> str | None:
        """'fifth' if another fifth of recipe.minutes was completed since the last call; else 'twentieth' if another twentieth of
        the budget, of its steps or its minutes, was; else None. To be called after every step.

        Models of different speed then show their grids and checkpoints at the same times.
        """
        before, self._reached = self._reached, self._milestones(step)
        fifth, twentieth = (now > then for now, then in zip(self._reached, before))
        return "fifth" if fifth else "twentieth" if twentieth else None

    def _milestones(self, step):
        return int(5 * self._share), int(max(PARTS * step / limit(self.recipe), PARTS * self._share))

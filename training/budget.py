"""When a run is over: after recipe.steps, or after recipe.minutes of training if these are used up before."""

import time


def finished(recipe, state):
    """Whether a checkpoint's `state` (its step and seconds) has used up the recipe's budget."""
    return state["step"] >= recipe.steps or bool(recipe.minutes and state["seconds"] >= 60 * recipe.minutes)


class Budget:
    """The clock of one run. seconds_before: what earlier sittings took; the clock stands still between them."""

    def __init__(self, recipe, seconds_before):
        self.recipe, self._began = recipe, time.monotonic() - seconds_before
        self._tenths = self._tenth()

    def seconds(self):
        """Seconds of training so far."""
        return time.monotonic() - self._began

    def look(self, step):
        """(whether `step` is the last, which part of the minutes it completed: 'tenth', 'fifth' or None).

        Without minutes the parts stay None: a recipe counts its grids and checkpoints in steps.
        """
        before, self._tenths = self._tenths, self._tenth()
        part = None
        if self._tenths > before:
            part = "fifth" if self._tenths // 2 > before // 2 else "tenth"
        return finished(self.recipe, {"step": step, "seconds": self.seconds()}), part

    def _tenth(self):
        return int(10 * self.seconds() / (60 * self.recipe.minutes)) if self.recipe.minutes else 0

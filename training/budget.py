"""When a run is over: after recipe.steps, or after recipe.minutes of training if these are used up before."""

import time


def finished(recipe, state):
    """Whether a checkpoint's `state` (its step and seconds) has used up the recipe's budget."""
    return state["step"] >= recipe.steps or bool(recipe.minutes and state["seconds"] >= 60 * recipe.minutes)


class Budget:
    """The clock of one run. seconds_before: what earlier sittings took; the clock stands still between them."""

    def __init__(self, recipe, seconds_before):
        self.minutes, self._began = recipe.minutes, time.monotonic() - seconds_before
        self._tenths = self._tenth()

    def seconds(self):
        """Seconds of training so far."""
        return time.monotonic() - self._began

    def spent(self):
        return bool(self.minutes) and self.seconds() >= 60 * self.minutes

    def part(self):
        """'tenth' or 'fifth' where one of the minutes has passed since the last call (a fifth is also a tenth), else None.

        Models of different speed then show their grids and checkpoints at the same times.
        """
        before, self._tenths = self._tenths, self._tenth()
        if self._tenths == before:
            return None
        return "fifth" if self._tenths // 2 > before // 2 else "tenth"

    def _tenth(self):
        return int(10 * self.seconds() / (60 * self.minutes)) if self.minutes else 0

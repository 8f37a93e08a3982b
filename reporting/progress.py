"""How far one or several trainings are: bars on a terminal, plain lines when piped."""

from __future__ import annotations

import sys
import time

from rich import progress
from rich.console import Console

import data
from reporting.numbers import clock
from training import budget, log
from training.comparison import Entry
from training.session import Silent

LINES = 10  # a run, when piped or trained by another process
WIDTH = 79  # columns of a line: a terminal has 80, and breaks what is longer


class MultiRunProgress:
    """Progress of the runs of `entries`, `jobs` at a time; those that are not waiting count as done.

    How far a run is, in shares of its budget (of its steps or of its minutes, by the clock that counts them), is read from its
    log, whether this process trains it or another.
    """

    def __init__(self, entries: list[Entry], jobs: int = 1):
        self.entries, self.jobs = entries, jobs
        self._began: float | None = None
        self._explained = False
        self._scored: set[int] = set()
        self._rest: progress.TaskID | None = None
        self._runs = {id(entry): RunProgress(self, entry, number) for number, entry in enumerate(entries, 1)}
        self._at_start, self.bars = self.share(), None
        if sys.stdout.isatty():
            # no markup: a name may have brackets
            words, left = (progress.TextColumn(f"{{task.{of}}}", markup=False) for of in ("description", "fields[left]"))
            columns = [words, progress.BarColumn(None), progress.TaskProgressColumn(), progress.TimeElapsedColumn(), left]
            self.bars = progress.Progress(*columns, console=Console(highlight=False, markup=False))
            what = "training" if len(entries) == 1 else f"{len(entries)} runs"
            self._all = self.bars.add_task(what, total=1.0, left="", visible=self._at_start < 1)
            self.bars.update(self._all, completed=self._at_start)
            self.bars.start()

    def of(self, entry: Entry) -> RunProgress:
        return self._runs[id(entry)]

    def share(self) -> float:
        """Of all the work that is done, in [0, 1]."""
        return sum(run.share for run in self._runs.values()) / len(self._runs)

    def left(self) -> str:
        """h:mm:ss that the rest will take at the pace so far, or '' as long as that is anyone's guess."""
        done = self.share() - self._at_start
        if self._began is None or done <= 0.005 or self.share() == 1:
            return ""
        lanes = [0.0] * self.jobs  # what is under way goes on in its lane, what waits takes the one that is free first
        for rest in sorted((1 - run.share for run in self._runs.values()), key=lambda rest: rest == 1):
            lanes[lanes.index(min(lanes))] += rest
        pace = done * len(self._runs) / self.jobs / (time.monotonic() - self._began)  # of one lane, runs a second
        return clock(max(lanes) / pace)

    def move(self, entry: Entry, share: float) -> None:
        run = self.of(entry)
        run.share = share
        if self._began is None:  # not before: a start takes seconds that no step does
            self._began, self._at_start = time.monotonic(), self.share()
        if self.bars:
            done = sum(run.share == 1 for run in self._runs.values())
            what = run.step_in_words if len(self._runs) == 1 else f"{done} of {len(self._runs)} runs done"
            left = f"left {self.left() or '–:––:––'}" if self.share() < 1 else ""
            self.bars.update(self._all, completed=self.share(), description=what, left=left)
            if len(self._runs) > 1:
                if run.bar is None:
                    run.bar = self.bars.add_task("", total=1.0, left="")
                self.bars.update(run.bar, completed=share, description=run.name + run.step_in_words, visible=share < 1)

    def done(self, entry: Entry) -> None:
        self.move(entry, 1.0)
        self._show_rest()

    def scored(self, entry: Entry) -> None:
        """Call it for each run that did not die, more than once if need be."""
        self._scored.add(id(entry))
        self._show_rest()

    def draw(self) -> None:
        """Say that the report is being drawn."""
        if self.bars:
            self._show_rest("drawing the report")
        else:
            self.say("drawing the report")

    def _show_rest(self, what=""):
        """What comes after the trainings, in a bar of its own: the clock of a full one stands."""
        if not self.bars or self.share() < 1:
            return
        if self._rest is None:
            self._rest = self.bars.add_task("", left="")
        asked = [entry for entry in self.entries if entry.status != "died"]
        done = sum(id(entry) in self._scored for entry in asked)
        what = what or f"{done} of {len(asked)} runs scored"
        self.bars.update(self._rest, total=len(asked) + 1, completed=done, description=what)

    def explain(self) -> None:
        """Say, once, what the lines of logged steps mean."""
        if not self._explained:
            self._explained, recipe = True, self.entries[0].recipe
            items = "points" if data.source(recipe.data).is_points else "images"
            self.say(log.legend(items) + (f"; {items}/s" if len(self.entries) == 1 else ""))

    def say(self, line: str) -> None:
        if self.bars:
            self.bars.print(line)
        else:
            print(line, flush=True)

    def close(self) -> None:
        if self.bars:
            if self._rest is not None:
                self.bars.update(self._rest, visible=False)
            self.bars.stop()


class RunProgress(Silent):
    """One run's part of it: the console of its training, and look() for a run that another process trains."""

    def __init__(self, display: MultiRunProgress, entry: Entry, number: int):
        self.display, self.entry, self._alone = display, entry, len(display.entries) == 1
        self.bar: progress.TaskID | None = None
        self.name = "" if self._alone else f"[{number}/{len(display.entries)}] {entry.label}, seed {entry.recipe.seed}: "
        line = log.last(entry.folder)  # of an earlier call
        self._step: int = line["step"] if line else 0
        begun = budget.share(entry.recipe, line) if line else 0.0
        self.share = begun if entry.status == "waiting" else 1.0
        self._lines = int(LINES * begun) if line else -1

    @property
    def step_in_words(self) -> str:
        recipe = self.entry.recipe
        return f"step {self._step}" + (f" ({self.share:.0%})" if recipe.minutes else f"/{recipe.steps}")

    def warn(self, line: str) -> None:
        self.display.say(f"{self.entry.label}, seed {self.entry.recipe.seed}: warning: {line}")

    def step(self, done: int) -> None:
        self._step, recipe = done, self.entry.recipe
        self.display.move(self.entry, self.share if recipe.minutes else done / recipe.steps)

    def show(self, done: int, text: str) -> None:
        if line := log.last(self.entry.folder):
            self._tell(line, text, every=self._alone or self.display.bars is not None)

    def look(self) -> None:
        """Read in its log how far another process has come with the run."""
        line = log.last(self.entry.folder)
        if line and line["step"] != self._step:
            self._tell(line, log.in_words(line), every=False)

    def _tell(self, line, text, every):
        self._step, share = line["step"], budget.share(self.entry.recipe, line)
        self.display.move(self.entry, share)
        if every or int(LINES * share) > self._lines:
            self._lines, left = int(LINES * share), self.display.left()
            self.display.explain()
            said = f"{self.name}{self.step_in_words}  {text}"
            left = f"  {'eta' if self._alone else 'all left'} {left}" if left else ""
            if self.display.bars and not (self._alone and len(said + left) <= WIDTH):
                left = ""  # it stands in the bar below as well
            speed = f"  {log.speed_in_words(line)}"
            self.display.say(said + (speed if self._alone and len(said + speed + left) <= WIDTH else "") + left)

    def close(self) -> None:
        if self._alone:
            self.display.close()

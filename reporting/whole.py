"""One progress display for several runs: how much of all the work is done, and what the run under way says."""

import sys
import time

from reporting.console import clock

LINES = 10  # a run, when piped


class Whole:
    """Progress of `entries` (training.comparison), of which those that are not waiting count as done."""

    def __init__(self, entries):
        self.entries, self._out, self._began = entries, sys.stdout, time.monotonic()
        self._parts = {id(e): Part(self, e, n) for n, e in enumerate(entries, 1)}
        self._share = dict.fromkeys(self._parts, 0.0)
        self._at_start = 0.0
        for entry in entries:
            if entry.status != "waiting":
                self._share[id(entry)] = 1.0
        self._at_start = self.share()
        self._bar = None
        if self._out.isatty() and self._at_start < 1:
            from rich import progress
            from rich.console import Console

            columns = [progress.TextColumn("{task.description}"), progress.BarColumn(None), progress.TaskProgressColumn()]
            columns += [progress.TimeElapsedColumn(), progress.TextColumn("left {task.fields[left]}")]
            self._bar = progress.Progress(*columns, console=Console(file=self._out, highlight=False))
            self._task = self._bar.add_task(f"{len(entries)} runs", total=1.0, completed=self._at_start, left="–:––:––")
            self._bar.start()

    def of(self, entry):
        """The display of one run: step(done), show(done, text) and close(), as console.Progress has them."""
        return self._parts[id(entry)]

    def share(self):
        return sum(self._share.values()) / len(self._share)

    def left(self):
        """h:mm:ss that the rest will take at the pace so far, or '' as long as that is anyone's guess."""
        done = self.share() - self._at_start
        return clock((1 - self.share()) / done * (time.monotonic() - self._began)) if done > 0.005 else ""

    def move(self, entry, share):
        self._share[id(entry)] = share
        if self._bar:
            self._bar.update(self._task, completed=self.share(), description=self.of(entry).name, left=self.left())

    def done(self, entry):
        self.move(entry, 1.0)

    def say(self, line):
        if self._bar:
            self._bar.print(line)
        else:
            print(line, file=self._out, flush=True)

    def close(self):
        if self._bar:
            self._bar.stop()


class Part:
    """What training tells of one run."""

    def __init__(self, whole, entry, number):
        self.whole, self.entry = whole, entry
        self.name = f"[{number}/{len(whole.entries)}] {entry.label}, seed {entry.recipe.seed}"
        self._began, self._lines = None, -1

    def step(self, done):
        self._began = self._began or time.monotonic()
        self.whole.move(self.entry, self._of_budget(done))

    def show(self, done, text):
        self.step(done)
        tenth = int(LINES * self._of_budget(done))
        if self.whole._bar or tenth > self._lines:
            self._lines = tenth
            left = self.whole.left()
            self.whole.say(f"{self.name}: step {done:,}  {text}" + (f"  all left {left}" if left else ""))

    def _of_budget(self, done):
        recipe = self.entry.recipe
        if not recipe.minutes:
            return done / recipe.steps
        return min(1.0, (time.monotonic() - self._began) / (60 * recipe.minutes))

    def close(self):
        pass

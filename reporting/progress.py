"""One progress display for several runs: how much of all the work is done, and what the runs under way say."""

import sys
import time

from reporting.console import clock
from training import budget, log

LINES = 10  # a run, when piped or beside others


class MultiRunProgress:
    """Progress of `entries` (training.comparison), `jobs` at a time; those that are not waiting count as done."""

    def __init__(self, entries, jobs=1):
        self.entries, self.jobs, self._out, self._began = entries, jobs, sys.stdout, None
        self._parts = {id(e): RunProgress(self, e, n) for n, e in enumerate(entries, 1)}
        self._share = {id(e): self.of(e).begun if e.status == "waiting" else 1.0 for e in entries}
        self._at_start = self.share()
        self.bar = None
        if self._out.isatty() and self._at_start < 1:
            from rich import progress
            from rich.console import Console

            columns = [progress.TextColumn("{task.description}"), progress.BarColumn(None), progress.TaskProgressColumn()]
            columns += [progress.TimeElapsedColumn(), progress.TextColumn("left {task.fields[left]}")]
            self.bar = progress.Progress(*columns, console=Console(file=self._out, highlight=False))
            self._task = self.bar.add_task(f"{len(entries)} runs", total=1.0, completed=self._at_start, left="–:––:––")
            self.bar.start()

    def of(self, entry):
        """The console of one run, as training.session.Silent has it, and look()."""
        return self._parts[id(entry)]

    def share(self):
        return sum(self._share.values()) / len(self._share)

    def left(self):
        """h:mm:ss that the rest will take at the pace so far, or '' as long as that is anyone's guess."""
        done = self.share() - self._at_start
        if done <= 0.005:
            return ""
        lanes = [0.0] * self.jobs  # what is under way goes on in its lane, what waits takes the one that is free first
        for rest in sorted((1 - share for share in self._share.values()), key=lambda rest: rest == 1):
            lanes[lanes.index(min(lanes))] += rest
        pace = done * len(self._share) / self.jobs / (time.monotonic() - self._began)  # of one lane, in runs a second
        return clock(max(lanes) / pace)

    def move(self, entry, share):
        self._share[id(entry)] = share
        if self._began is None:  # not before: a start takes seconds that no step does
            self._began, self._at_start = time.monotonic(), self.share()
        if self.bar:
            whole = sum(share == 1 for share in self._share.values())
            words = self.of(entry).name if self.jobs == 1 else f"{whole} of {len(self.entries)} runs done"
            self.bar.update(self._task, completed=self.share(), description=words, left=self.left())

    def done(self, entry):
        self.move(entry, 1.0)

    def say(self, line):
        if self.bar:
            self.bar.print(line)
        else:
            print(line, file=self._out, flush=True)

    def close(self):
        if self.bar:
            self.bar.stop()


class RunProgress:
    """What is told of one run: the console of its training. begun: share of its budget that an earlier call used up."""

    def __init__(self, whole, entry, number):
        self.whole, self.entry = whole, entry
        self.name = f"[{number}/{len(whole.entries)}] {entry.label}, seed {entry.recipe.seed}"
        line = log.last(entry.folder) if entry.folder else None
        self._seen = line and line["step"]
        self.begun = budget.share(entry.recipe, line) if line else 0.0
        self._lines = int(LINES * self.begun) if line else -1

    def say(self, line):
        pass  # MultiRunProgress speaks for all runs

    def warn(self, line):
        self.whole.say(f"{self.entry.label}, seed {self.entry.recipe.seed}: warning: {line}")

    def progress(self, total, done):
        return self

    def step(self, done):
        """A step of the loop in this process."""
        if not self.entry.recipe.minutes:
            self.whole.move(self.entry, done / self.entry.recipe.steps)

    def show(self, done, text):
        """A logged step of the loop in this process."""
        self._tell(log.last(self.entry.folder), text, self.whole.bar)

    def look(self):
        """Look up in its log how far another process has come with the run."""
        line = log.last(self.entry.folder)
        if line and line["step"] != self._seen:
            self._tell(line, log.in_words(line), False)

    def _tell(self, line, text, always):
        share = budget.share(self.entry.recipe, line)
        self.whole.move(self.entry, share)
        self._seen, tenth = line["step"], int(LINES * share)
        if always or tenth > self._lines:
            self._lines = tenth
            left = self.whole.left()
            self.whole.say(f"{self.name}: step {line['step']:,}  {text}" + (f"  all left {left}" if left else ""))

    def close(self):
        pass

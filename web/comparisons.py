"""The comparison that the page has started: one at a time for all pages, in a process of its own, as compare.py by hand."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import NamedTuple

import data
from errors import UserError
from storage import reading
from training import budget, children, comparison, grids, log, runtime
from training.comparison import Entry

COMPARE = Path(__file__).resolve().parent.parent / "compare.py"
LINES = 200  # of its output, kept to show why it failed
SAMPLES = 2000  # that are scored: a small comparison need not wait longer for its scores than for its trainings


class Progress(NamedTuple):
    """How far one run is. share: of its budget, in [0, 1]. grid: step of its newest grid of samples, None for none."""

    label: str
    seed: int
    step: int
    share: float
    grid: int | None


class Comparison:
    """A comparison that runs, or has run. Raises UserError, before anything is started, for what compare.py would refuse."""

    def __init__(self, models: list[str], data_name: str, minutes: float, seeds: int, lang: str):
        settings = {"data": data_name, "minutes": minutes}
        self.entries = comparison.plan(models, [], settings, {}, seeds, runtime.clock("auto"))
        self.folder = comparison.folder_for(None, self.entries)
        recipe = self.entries[0].recipe
        dataset = data.load(recipe.data, None, recipe.image_size, recipe.fit)
        comparison.assign_folders(self.folder, self.entries, dataset.sha256)
        command = [sys.executable, COMPARE, *models, "--data", data_name, "--minutes", f"{minutes:g}", "--seeds", seeds]
        command += ["--samples", SAMPLES, "--lang", lang, "--out", self.folder]
        self._asked_to_stop = False
        self._lines: deque[str] = deque(maxlen=LINES)
        threads = runtime.given_threads() or 1  # of each training, as compare.py has it
        self._process = children.start(
            command, threads, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout or ():
            self._lines.append(line.rstrip())

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    @property
    def stopped(self) -> bool:
        """Whether it ends, or has ended, because it was asked to. One that was at its end by then has its report."""
        return self._asked_to_stop and self._process.poll() != 0

    @property
    def failed(self) -> str:
        """Why there is no report, '' while it runs, when it was stopped and when there is one."""
        if self.runs or self.stopped or self._process.returncode == 0:
            return ""
        self._reader.join(1)
        return next((line for line in reversed(self._lines) if line), "").removeprefix("compare.py: error: ")

    def stop(self) -> None:
        """Ask it to save checkpoints and end; the same comparison goes on from there."""
        self._asked_to_stop = True
        self._process.terminate()

    def end(self) -> None:
        """Stop it, and wait."""
        self._process.terminate()
        self._process.wait()

    def progress(self) -> list[Progress]:
        return [_progress(entry) for entry in self.entries]

    def picture(self, number: int) -> Path | None:
        """The newest grid of run `number`, None if there is none."""
        saved = grids.list_grids(self.entries[number].folder) if 0 <= number < len(self.entries) else {}
        return saved[max(saved)] if saved else None


def _progress(entry: Entry) -> Progress:
    saved = grids.list_grids(entry.folder)
    line = log.last(entry.folder)
    share = 1.0 if entry.status == "finished" else budget.share(entry.recipe, line) if line else 0.0
    return Progress(entry.label, entry.recipe.seed, line["step"] if line else 0, share, max(saved) if saved else None)


class Desk:
    """Where all pages start their comparisons, and see the one that runs or ran last: one runs at a time."""

    def __init__(self) -> None:
        self.current: Comparison | None = None
        self._lock = threading.Lock()

    def start(self, models: list[str], data_name: str, minutes: float, seeds: int, lang: str) -> tuple[Comparison, bool]:
        """(the comparison that runs now, whether it is this one: False if there was another). Raises UserError."""
        with self._lock:
            if self.current and self.current.runs:
                return self.current, False
            self.current = Comparison(models, data_name, minutes, seeds, lang)
            return self.current, True

    def end(self) -> None:
        if self.current and self.current.runs:
            self.current.end()


def report_of(folder: str | Path) -> Path:
    """report.html of a comparison's folder. Raises UserError if there is none."""
    folder = Path(folder)
    if folder.name == "report.html":
        folder = folder.parent
    if not reading.is_file(folder / "report.html") or not reading.is_file(folder / "results.json"):
        what = "is no comparison's folder" if not reading.is_file(folder / "comparison.json") else "has no report yet"
        raise UserError(f"{folder} {what}")
    return folder / "report.html"

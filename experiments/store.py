"""What every experiment stands on: results, each measured once and kept, numbers, a verdict and a figure."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import cv2
import filelock
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from errors import UserError
from experiments import ROOT, VERDICTS
from experiments.numeric import rounded
from storage.writing import write_bytes, write_text
from training import grids, runtime

FORMAT = 1
QUICK = "a quick trial: its budgets are too small to prove anything"


class NotShared(Exception):
    """A worker has come to a result that it has not locked: the first process measures it."""


class ExperimentStore:
    """The results of one experiment: docs/results/NAME.json and docs/figures/NAME.png, with --quick both in runs/quick/.

    quick: small budgets. data_dir: as train.py's. redraw: use only what was measured before. worker: this process measures
    only results that it has locked, and raises NotShared at the others. on_lock: called when a locked result begins to be
    measured; from then on as many workers as like may carry out the same experiment.
    """

    def __init__(
        self,
        name: str,
        quick: bool = False,
        data_dir: str | None = None,
        redraw: bool = False,
        worker: bool = False,
        on_lock: Callable[[], object] = lambda: None,
    ) -> None:
        self.name, self.quick, self.data_dir, self.redraw = name, quick, data_dir, redraw
        self.worker, self.on_lock = worker, on_lock
        self._locked: set[str] = set()
        self.seeds, self.samples = (1, 1000) if quick else (3, 5000)
        base = ROOT / "runs" / "quick" if quick else ROOT / "docs"
        self.json = base / ("" if quick else "results") / f"{name}.json"
        self.figure = base / ("" if quick else "figures") / f"{name}.png"
        self.tiles = self.json.parent / name
        self.runs = ROOT / "runs" / ("quick" if quick else "experiments")  # of train.py's kind, shared by the experiments
        self.units, self.measured_here = self._read().get("units", {}), False

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.json.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise UserError(f"{self.json} is not JSON ({error}): mend it or take it away") from None
        return content if content.get("format") == FORMAT else {}

    def cached(self, key: str, settings: dict[str, Any], measure: Callable[[], Any]) -> Any:
        """What `measure()` returned (JSON of dicts, lists, numbers and text), now or in an earlier call with equal settings.

        Kept as soon as it is there, so that an experiment that was interrupted goes on where it was. Raises NotShared, and
        UserError where it would have to be measured in spite of --redraw.
        """
        settings = json.loads(json.dumps(settings))
        kept = self._read().get("units", {}).get(key)  # another experiment that shares it may have been quicker
        if kept and kept["settings"] == settings:
            self.units[key] = kept
            return kept["found"]
        if self.redraw:
            raise UserError(f"{self.name}: {key} has not been measured yet; run it without --redraw")
        if key in self._locked:
            self.on_lock()
        elif self.worker:
            raise NotShared
        began = time.monotonic()
        result = rounded(measure())
        seconds = round(time.monotonic() - began, 1)
        if isinstance(result, dict):  # a training that was continued says how long it took in all
            seconds = max(seconds, result.get("seconds") or 0)
        threads = runtime.threads()
        with self._file_lock("file"):  # what another process measured meanwhile is kept
            self.units, self.measured_here = self._read().get("units", {}), True
            self.units[key] = {"settings": settings, "seconds": seconds, "threads": threads, "found": result}
            self._write({})
        print(f"{self.name}: {key} in {seconds:.0f} s", flush=True)
        return result

    def measured(self, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that have been measured: with --redraw an experiment may be drawn half done."""
        return [key for key in keys if key in self.units]

    @contextlib.contextmanager
    def lock(self, key: str, wait: bool = False) -> Iterator[bool]:
        """As key's only measurer: `with store.lock(key) as mine`, False if another process is at it. wait: for that one's end."""
        lock = self._file_lock(key)
        try:
            lock.acquire(timeout=-1 if wait else 0)
        except filelock.Timeout:
            yield False
            return
        self._locked.add(key)
        try:
            yield True
        finally:
            self._locked.discard(key)
            lock.release()

    def _file_lock(self, what: str) -> filelock.BaseFileLock:
        folder = self.runs / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        return filelock.FileLock(folder / f"{self.name}-{what}")

    def other(self, name: str) -> ExperimentStore:
        """The store of an experiment whose results this one needs too."""
        if name == self.name:
            return self
        return ExperimentStore(name, self.quick, self.data_dir, self.redraw, self.worker, self.on_lock)

    def keep_tiles(self, key: str, images: np.ndarray, columns: int = 8) -> None:
        """Keep some samples, uint8 N×C×H×W, for the figure: a PNG of `columns` images a row."""
        n, c, h, w = images.shape
        sheet = images.reshape(n // columns, columns, c, h, w).transpose(0, 3, 1, 4, 2).reshape(n // columns * h, columns * w, c)
        grids.save_png(self.tiles / f"{key}.png", sheet)

    def tile(self, key: str) -> np.ndarray:
        """What keep_tiles kept: uint8 H×W×3. Raises UserError if it is not there."""
        image = cv2.imread(str(self.tiles / f"{key}.png"))
        if image is None:
            raise UserError(f"{self.tiles / key}.png cannot be read: the figure shows it")
        return image[..., ::-1]

    def carry_out(self, module: ModuleType) -> str:
        """Measure, judge, draw, write; returns the figure's path."""
        numbers = rounded(module.measure(self))
        verdict = module.judge(numbers)
        assert verdict in VERDICTS, verdict
        figure = module.draw(numbers, self)
        write_bytes(self.figure, small_png(figure, f"python -m experiments {self.name} --quick, {QUICK}" if self.quick else ""))
        self._write({"numbers": numbers, "verdict": verdict})
        print(f"{self.name}: {verdict}" + (f" – {QUICK}" if self.quick else ""))
        return os.path.relpath(self.figure)

    def _write(self, more: dict[str, Any]) -> None:
        kept = self._read()
        summary: dict[str, Any] = {key: kept[key] for key in ("numbers", "verdict") if key in kept}
        command = f"python -m experiments {self.name}" + (" --quick" if self.quick else "")
        content = {
            "format": FORMAT,
            "experiment": self.name,
            "command": command,
            **({"proves_nothing": QUICK} if self.quick else {}),
            "machine": runtime.machine() if self.measured_here or "machine" not in kept else kept["machine"],
            "seconds": round(sum(unit["seconds"] for unit in self.units.values())),
            "verdict": None,
            "numbers": {},
            **summary,
            **more,
            "units": self.units,
        }
        write_text(self.json, compact(content))


def label_key(label: str, seed: int = 0) -> str:
    """The key of a training: of its cell's label and its seed."""
    return f"{label.replace(' ', '-')}-s{seed}"


def compact(value: Any, depth: int = 0) -> str:
    """JSON whose lists of numbers stand on one line, so that a curve is a line of a diff."""
    if isinstance(value, dict) and value and depth < 6:
        inner = ",\n".join(f"{' ' * (depth + 1)}{json.dumps(k)}: {compact(v, depth + 1)}" for k, v in value.items())
        return "{\n" + inner + "\n" + " " * depth + "}" + ("\n" if depth == 0 else "")
    return json.dumps(value, ensure_ascii=False)


def small_png(figure: Figure, caption: str = "") -> bytes:
    """A palette of 256 colours and the best compression: a page of pictures is to load at once. caption: a line above."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn)
    picture = Image.open(drawn).convert("RGB")
    if caption:
        picture = Image.fromarray(grids.captioned(np.asarray(picture), caption))
    picture.quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()

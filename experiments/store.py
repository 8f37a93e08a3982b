"""What every experiment stands on: results, each measured once and kept, numbers, a verdict and a figure."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from types import ModuleType
from typing import Any

import cv2
import filelock
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from errors import UserError
from experiments import ROOT, claims
from experiments.numeric import rounded
from storage import names as file_names
from storage.writing import write_bytes, write_text
from training import grids, runtime

FORMAT = 1
Unit = tuple[dict[str, Any], Callable[[], Any]]  # settings, and what measures it
QUICK = "a quick trial: its budgets are too small to prove anything"


class NotShared(Exception):
    """A process has come to a result that it leaves to another one, which holds its lock."""


class ExperimentStore:
    """The results of one experiment: docs/results/NAME.json and docs/figures/NAME.png, with --quick both in runs/quick/.

    quick: small budgets. data_dir: as train.py's. redraw: use only what was measured before. on_lock: called when a result,
    locked, begins to be measured; from then on any number of workers may join in. waits: for a result that another process has
    locked; if not, NotShared is raised there.

    seeds, samples: of a training, where it names no number; most: seeds of anything, one with --quick. found: keys of what was
    asked for and is there. left: of what is not, with --redraw.
    """

    def __init__(
        self,
        name: str,
        quick: bool = False,
        data_dir: str | None = None,
        redraw: bool = False,
        on_lock: Callable[[], object] = lambda: None,
        waits: bool = True,
    ) -> None:
        self.name, self.quick, self.data_dir, self.redraw = name, quick, data_dir, redraw
        self.on_lock, self.waits = on_lock, waits
        self.found: set[str] = set()
        self.left: list[str] = []
        self.seeds, self.samples = 3, 1000 if quick else 5000
        self.most = 1 if quick else sys.maxsize
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

    def shared(self, units: Mapping[str, Unit], needed: bool = True) -> dict[str, Any]:
        """{key: what measure() returned, now or in an earlier call with equal settings} of units {key: (settings, measure)}.

        They are JSON: dicts, lists, numbers and text. Each is kept as soon as it is there, so that an experiment that was
        interrupted goes on where it was. They are divided among the processes that are at them: what another one is at is left
        for the end. With --redraw only what has been measured, an experiment may be drawn half done; where nothing has, UserError
        if it is needed, {} if not.
        """
        done = {key: self.units[key]["found"] for key, (settings, _) in units.items() if self._has(key, settings)}
        missing = [key for key in units if key not in done]
        if self.redraw:
            self.found |= set(done)
            self.left += missing
            if needed and missing and not done:
                raise UserError(f"{self.name}: {missing[0]} has not been measured yet; run it without --redraw")
            return done
        for wait in (False, True):
            for key in missing:
                if key not in done:
                    with self.lock(key, wait) as mine:
                        if mine:
                            done[key] = self._measured(key, *units[key])
        return {key: done[key] for key in units}

    def _measured(self, key: str, settings: dict[str, Any], measure: Callable[[], Any]) -> Any:
        """What measure() returns of a locked result, unless another process was quicker."""
        if kept := self._read().get("units", {}).get(key):
            self.units[key] = kept
        if self._has(key, settings):
            return self.units[key]["found"]
        self.on_lock()
        began = time.monotonic()
        result = rounded(measure())
        seconds = round(time.monotonic() - began, 1)
        if isinstance(result, dict):  # a training that was continued says how long it took in all
            seconds = max(seconds, result.get("seconds") or 0)
        threads = runtime.threads()
        with self._file_lock("file"):  # what another process measured meanwhile is kept
            self.units, self.measured_here = self._read().get("units", {}), True
            self.units[key] = {"settings": _as_json(settings), "seconds": seconds, "threads": threads, "found": result}
            self._write({})
        print(f"{self.name}: {key} in {seconds:.0f} s", flush=True)
        return result

    def forget(self, part: str, but: Container[str]) -> None:
        """Take `part` of what was found out of all results but these, as soon as none is left: what no figure shows makes files
        large."""
        if self.left:
            return
        with self._file_lock("file"):
            self.units = self._read().get("units", {})
            for key, unit in self.units.items():
                if key not in but:
                    unit["found"].pop(part, None)
            self._write({})

    def each_seed(
        self, seeds: int, units_of: Callable[[int], Mapping[str, Unit]], needed: bool = True
    ) -> dict[int, dict[str, Any]]:
        """{seed: {key: what shared returns}} of units_of(seed), kept as 'KEY, seed N'; only seeds of which all is there.

        needed: with --redraw UserError where there is no such seed; if not, {} then.
        """
        numbers = range(min(seeds, self.most))
        wanted = {f"{key}, seed {seed}": (seed, key, unit) for seed in numbers for key, unit in units_of(seed).items()}
        groups: dict[int, dict[str, Any]] = {}
        for name, found in self.shared({name: unit for name, (_, _, unit) in wanted.items()}, needed).items():
            seed, key, _ = wanted[name]
            groups.setdefault(seed, {})[key] = found
        whole = {seed: group for seed, group in groups.items() if len(group) == len(units_of(seed))}
        if needed and not whole:
            raise UserError(f"{self.name}: no seed has been measured to its end yet; run it without --redraw")
        return whole

    def _has(self, key: str, settings: dict[str, Any]) -> bool:
        return key in self.units and self.units[key]["settings"] == _as_json(settings)

    @contextlib.contextmanager
    def lock(self, key: str, wait: bool = False) -> Iterator[bool]:
        """As key's only measurer: `with store.lock(key) as mine`, False if another process is at it.

        wait: for that one's end; a store that does not wait raises NotShared.
        """
        lock = self._file_lock(key)
        try:
            lock.acquire(timeout=-1 if wait and self.waits else 0)
        except filelock.Timeout:
            if wait:
                raise NotShared from None
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _file_lock(self, what: str) -> filelock.BaseFileLock:
        folder = self.runs / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        return filelock.FileLock(folder / f"{self.name}-{what}")

    def keep_tiles(self, key: str, images: np.ndarray, columns: int = 8) -> None:
        """Keep some samples, uint8 N×C×H×W, for the figure: a PNG of `columns` images a row."""
        n, c, h, w = images.shape
        sheet = images.reshape(n // columns, columns, c, h, w).transpose(0, 3, 1, 4, 2).reshape(n // columns * h, columns * w, c)
        grids.save_png(self._tile(key), sheet)

    def tile(self, key: str) -> np.ndarray:
        """What keep_tiles kept: uint8 H×W×3. Raises UserError if it is not there."""
        image = cv2.imread(str(self._tile(key)))
        if image is None:
            raise UserError(f"{self._tile(key)} cannot be read: the figure shows it")
        return image[..., ::-1]

    def _tile(self, key):
        return self.tiles / f"{file_names.part(key)}.png"  # Windows has no colons in names

    def carry_out(self, module: ModuleType, again: bool = True) -> str | None:
        """Measure, judge, draw, write; returns the figure's path. again: if not, None where the numbers are those of before."""
        numbers = rounded(module.measure(self))
        if not again and numbers == self._read().get("numbers"):
            return None
        verdicts = claims.verdicts(module.ABOUT, numbers)
        figure = module.draw(numbers, self)
        write_bytes(self.figure, small_png(figure, f"python -m experiments {self.name} --quick, {QUICK}" if self.quick else ""))
        with self._file_lock("file"):  # as above
            self.units = self._read().get("units", {})
            self._write({"numbers": numbers, "verdicts": verdicts})
        counts = ", ".join(f"{count} {verdict}" for verdict, count in Counter(verdicts.values()).items())
        print(f"{self.name}: claims: {counts or 'none'}" + (f" – {QUICK}" if self.quick else ""))
        return os.path.relpath(self.figure)

    def _write(self, more: dict[str, Any]) -> None:
        kept = self._read()
        summary: dict[str, Any] = {key: kept[key] for key in ("numbers", "verdicts") if key in kept}
        command = f"python -m experiments {self.name}" + (" --quick" if self.quick else "")
        content = {
            "format": FORMAT,
            "experiment": self.name,
            "command": command,
            **({"proves_nothing": QUICK} if self.quick else {}),
            "machine": runtime.machine() if self.measured_here or "machine" not in kept else kept["machine"],
            "seconds": round(sum(unit["seconds"] for unit in self.units.values())),
            "verdicts": {},
            "numbers": {},
            **summary,
            **more,
            "units": self.units,
        }
        write_text(self.json, compact(content))


def _as_json(value: Any) -> Any:
    """As it is when read again: tuples are lists, keys are text."""
    return json.loads(json.dumps(value))


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

"""What every experiment stands on: units, each measured once and kept, numbers, a verdict and a figure."""

import contextlib
import json
import os
import time
from pathlib import Path

import cv2
import filelock
import numpy as np

from errors import UserError
from experiments import VERDICTS
from training.files import write_text

ROOT = Path(__file__).resolve().parent.parent
FORMAT = 1


class NotMine(Exception):
    """A helper has come to a unit that cannot be shared."""


class ExperimentStore:
    """One experiment's place: docs/results/NAME.json and docs/figures/NAME.png, with --quick both in runs/quick/.

    quick: small budgets. data_dir: as train.py's. redraw: only units that are there already. helps: this process measures
    only what it has claimed, and raises NotMine at the rest. call_help: told when what was claimed begins to be measured: as
    many processes as like may carry out the same experiment from then on.
    """

    def __init__(self, name, quick=False, data_dir=None, redraw=False, helps=False, call_help=lambda: None):
        self.name, self.quick, self.data_dir, self.redraw = name, quick, data_dir, redraw
        self.helps, self.call_help, self._claimed = helps, call_help, set()
        base = ROOT / "runs" / "quick" if quick else ROOT / "docs"
        self.json = base / ("" if quick else "results") / f"{name}.json"
        self.figure = base / ("" if quick else "figures") / f"{name}.png"
        self.tiles = self.json.parent / name
        self.runs = ROOT / "runs" / ("quick" if quick else "experiments")  # of train.py's kind, shared by the experiments
        self.units, self.measured_here = self._read().get("units", {}), False

    def _read(self):
        try:
            found = json.loads(self.json.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise UserError(f"{self.json} is not JSON ({error}): mend it or take it away") from None
        return found if found.get("format") == FORMAT else {}

    def cached(self, key, settings, measure):
        """What `measure()` returned (JSON of dicts, lists, numbers and text), now or in an earlier call with equal settings.

        Kept as soon as it is there, so that an experiment that was interrupted goes on where it was.
        """
        settings = json.loads(json.dumps(settings))
        kept = self._read().get("units", {}).get(key)  # another experiment that shares it may have been quicker
        if kept and kept["settings"] == settings:
            self.units[key] = kept
            return kept["found"]
        if self.redraw:
            raise UserError(f"{self.name}: {key} has not been measured yet; run it without --redraw")
        if key in self._claimed:
            self.call_help()
        elif self.helps:
            raise NotMine
        began = time.monotonic()
        found = rounded(measure())
        seconds = round(time.monotonic() - began, 1)
        if isinstance(found, dict):  # a training that was continued says how long it took in all
            seconds = max(seconds, found.get("seconds") or 0)
        threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
        with self._lock("file").acquire():  # what another process measured meanwhile is kept
            self.units, self.measured_here = self._read().get("units", {}), True
            self.units[key] = {"settings": settings, "seconds": seconds, "threads": threads, "found": found}
            self._write({})
        print(f"{self.name}: {key} in {seconds:.0f} s", flush=True)
        return found

    def measured(self, keys):
        """Those of `keys` that have been measured: with --redraw an experiment may be drawn half done."""
        return [key for key in keys if key in self.units]

    @contextlib.contextmanager
    def lock(self, key, wait=False):
        """As key's only measurer: `with store.lock(key) as mine`, False if another process is at it. wait: for that one's end."""
        lock = self._lock(key)
        try:
            lock.acquire(timeout=-1 if wait else 0)
        except filelock.Timeout:
            yield False
            return
        self._claimed.add(key)
        try:
            yield True
        finally:
            self._claimed.discard(key)
            lock.release()

    def _lock(self, what):
        folder = self.runs / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        return filelock.FileLock(folder / f"{self.name}-{what}")

    def other(self, name):
        """The ExperimentStore of another experiment, whose units this one needs too."""
        return ExperimentStore(name, self.quick, self.data_dir, self.redraw, self.helps, self.call_help)

    def keep_tiles(self, key, images, columns=8):
        """Keep some samples, uint8 N×C×H×W, for the figure: a PNG of `columns` images a row."""
        n, c, h, w = images.shape
        sheet = images.reshape(n // columns, columns, c, h, w).transpose(0, 3, 1, 4, 2).reshape(n // columns * h, columns * w, c)
        self.tiles.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(self.tiles / f"{key}.png"), sheet[..., ::-1])

    def tile(self, key):
        """What keep_tiles kept: uint8 H×W×3."""
        return cv2.imread(str(self.tiles / f"{key}.png"))[..., ::-1]

    def carry_out(self, module):
        """Measure, judge, draw, write; returns the figure's path."""
        numbers = rounded(module.measure(self))
        verdict = module.judge(numbers)
        assert verdict in VERDICTS, verdict
        figure = module.draw(numbers, self)
        self.figure.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(self.figure)
        shrink(self.figure)
        self._write({"numbers": numbers, "verdict": verdict})
        print(f"{self.name}: {verdict}")
        return os.path.relpath(self.figure)

    def _write(self, more):
        from training import runtime

        kept = self._read()
        summary = {key: kept[key] for key in ("numbers", "verdict") if key in kept}
        command = f"python -m experiments {self.name}" + (" --quick" if self.quick else "")
        content = {
            "format": FORMAT,
            "experiment": self.name,
            "command": command,
            "machine": runtime.machine() if self.measured_here or "machine" not in kept else kept["machine"],
            "seconds": round(sum(unit["seconds"] for unit in self.units.values())),
            "verdict": None,
            "numbers": {},
            **summary,
            **more,
            "units": self.units,
        }
        self.json.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.json, compact(content))


def rounded(value):
    """Plain numbers of six digits: more would be the machine's, not the experiment's."""
    if isinstance(value, dict):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return rounded(value.tolist())
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def compact(value, depth=0):
    """JSON whose lists of numbers stand on one line, so that a curve is a line of a diff."""
    if isinstance(value, dict) and value and depth < 6:
        inner = ",\n".join(f"{' ' * (depth + 1)}{json.dumps(k)}: {compact(v, depth + 1)}" for k, v in value.items())
        return "{\n" + inner + "\n" + " " * depth + "}" + ("\n" if depth == 0 else "")
    return json.dumps(value, ensure_ascii=False)


def shrink(path):
    """A palette of 256 colours and the best compression: a page of pictures is to load at once."""
    from PIL import Image

    with Image.open(path) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def spread(values):
    """{'mean', 'deviation' (over seeds, None for one), 'n'} of numbers; None values are left out."""
    values = [value for value in values if value is not None]
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": float(np.mean(values)) if values else None, "deviation": deviation, "n": len(values)}

"""Writing a run's log: log.jsonl and VisualDL, both at the true step, both cut back to the checkpoint on resume."""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
import typing
from pathlib import Path

import numpy as np

from errors import UserError, cannot_write
from training import budget
from training.recipe import Recipe
from training.records import open_records
from training.settings import CONDITIONAL, reads

SMALL = 1_000_000  # bytes: log, pictures and histograms until the next checkpoint take about as much
# where a figure of log.jsonl stands in VisualDL; one tag a figure, so that runs overlay. Of the groups, by name, the first is
# opened: the estimate
TAGS = {
    "critic_loss": "loss/critic",
    "generator_loss": "loss/generator",
    "penalty": "loss/penalty",
    "estimate": "estimate/train",
    "estimate_heldout": "estimate/heldout",
    "js_estimate": "estimate/js",
    "d_real": "probability/real",
    "d_fake": "probability/fake",
    "gradient_norm": "gradient/norm",
    "gradient_norm_std": "gradient/norm_std",
    "clipped_share": "weights/at_clip",
    "images_per_second": "speed/images_per_second",
}


def buckets(values: np.ndarray, clip: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(values, edges of the bars of their histogram) such that it shows the bulk: a few scales of batch norm near 1 would squeeze
    thousands of weights near 0 into one bar.

    Weights clipped to ±clip have a bar around either of these, and some room beyond. Of others the 0.5 % at either end count in
    the outermost bars.
    """
    if clip:
        edges = clip / 16 * (np.arange(-21, 21) + 0.5)
        return np.clip(values, edges[0], edges[-1]), edges  # before the first step some are larger
    values = np.clip(values, *np.quantile(values, [0.005, 0.995]))
    return values, np.histogram_bin_edges(values, 40)


# the first columns of VisualDL's hyper-parameter page, of which a screen shows a few; the rest follows
FIRST = (
    *("model", "data", "seed", "objective", "clip", "penalty", "n_critic", "generator_learning_rate", "critic_learning_rate"),
    *("optimizer", "beta1", "batch_size", "generator_network", "critic_network", "filters", "units", "ema", "decay"),
)
# how a run is watched and kept, or what follows from its data: no column
LEFT_OUT = (
    *("log_every", "sample_every", "checkpoint_every", "keep_checkpoints", "on_nan", "amp", "sync_batch_norm"),
    *("fit", "image_size"),
)
MAY_LACK = {name for name, field in Recipe.model_fields.items() if type(None) in typing.get_args(field.annotation)}
MAY_LACK |= {"steps", *CONDITIONAL}


def columns(recipe: Recipe) -> dict[str, float | str]:
    """{setting: value} for that page, which takes numbers and strings only; '–' for what the recipe does not have or read.

    What another recipe may lack is text in all of them: where the page's first run has a number, it hides runs with a text.
    """
    values: dict[str, float | str] = {}
    for name in dict.fromkeys((*FIRST, *type(recipe).model_fields)):
        value = getattr(recipe, name)
        if name not in LEFT_OUT:
            unread = value is None or not reads(recipe, name) or (name == "clock" and not recipe.minutes)
            text = str(value).lower() if isinstance(value, bool) else str(value)
            values[name] = "–" if unread else value if type(value) in (int, float) and name not in MAY_LACK else text
    if budget.limit(recipe) == math.inf:
        values["steps"] = "–"
    return values


class RunLog:
    """Appends to a run's log.jsonl and vdlrecords file.

    sizes: what `sizes()` returned at the checkpoint that training goes on from; whatever was written after it is cut off.
    """

    def __init__(self, folder: str | Path, sizes: dict[str, int] | None = None):
        folder = Path(folder)
        self.path = folder / "log.jsonl"
        records = sorted(folder.glob("vdlrecords.*.log"))
        self.records = records[0] if records else folder / f"vdlrecords.{int(time.time()):010d}.log"
        with self._writing():
            for path in (self.path, self.records):
                kept = (sizes or {}).get(path.name, 0)
                if path.is_symlink():  # what it leads to would be cut
                    raise UserError(f"{path} is a link, not a run's own file")
                if path.exists():
                    if path.stat().st_size < kept:
                        raise UserError(f"{path} is shorter than its checkpoint says ({kept:,} bytes): it cannot be continued")
                    os.truncate(path, kept)
            self._lines = open(self.path, "a", encoding="utf-8")  # noqa: SIM115 - closed by close()
            self._visual = open_records(self.records)

    @contextlib.contextmanager
    def _writing(self):
        """Any OSError in here becomes a WriteError."""
        try:
            yield
        except OSError as error:
            raise cannot_write(f"{self.path} or {self.records.name}", error, SMALL) from None

    def write(self, step: int, figures: dict) -> None:
        """One logged step: a line of log.jsonl and a point of each VisualDL curve."""
        with self._writing():
            self._lines.write(json.dumps({"step": step, **figures}) + "\n")
            self._lines.flush()
            for name, tag in TAGS.items():
                if name in figures:
                    self._visual.add_scalar(tag, figures[name], step)
            self._visual.flush()  # VisualDL's page follows the training

    def image(self, tag: str, picture: np.ndarray, step: int) -> None:
        """picture: uint8 H×W×3, RGB (VisualDL would scale anything else in place)."""
        with self._writing():
            self._visual.add_image(tag, picture, step)

    def histogram(self, tag: str, values: np.ndarray, step: int, clip: float | None = None) -> None:
        """clip: c of weights that are clipped to ±c."""
        values, edges = buckets(values, clip)
        with self._writing():
            self._visual.add_histogram(tag, values, step, buckets=edges)

    def settings(self, recipe: Recipe, results: list[str]) -> None:
        """The recipe on VisualDL's hyper-parameter page, beside its last losses and scores.

        results: names of scores, which reporting/visual.py adds when they are measured; the page leaves out those that are not.
        """
        with self._writing():
            scores = [f"metrics/{name}" for name in results]
            self._visual.add_hparams(columns(recipe), [*scores, "estimate/train", "loss/critic", "loss/generator"])

    def sizes(self) -> dict[str, int]:
        """Sizes in bytes up to here, all of it on the disk."""
        with self._writing():
            self._visual.flush()
            for path in (self.path, self.records):
                with open(path, "rb") as file:
                    os.fsync(file.fileno())
        return {path.name: path.stat().st_size for path in (self.path, self.records)}

    def close(self) -> None:
        for file in (self._lines, self._visual):
            with contextlib.suppress(OSError):  # what a full disk left in its buffer; the checkpoint does not count it
                file.close()

"""Samples for print: real ones beside those of every model, from the same noise; images at their pixels, points as points."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import data
from errors import UserError
from reporting import figures, words
from training import checkpoint, grids, runtime

LINE, EDGE, GAP, AXIS = 0.13, 0.19, 0.05, 0.26  # inches: of a title, left of a row, between panels, for the ticks of points
IMAGE = 0.2  # inches of an image, if possible
MOST = {3.25: 4, 6.75: 7}  # panels in a row, by the figure's width
ROWS = 3  # seeds at most
POINTS = 1000


class Panel(NamedTuple):
    title: str
    remark: str
    draw: Callable  # (axes, (width, height) of the panel in inches) → None


def figure(results: dict, width: float, lang: str) -> Figure | None:
    """Rows of panels: one a seed where they fit (in a column the first seed alone), real items first. None without samples."""
    runs = [run for run in results["runs"] if run["grids"]]
    if not runs:
        return None
    labels = list(dict.fromkeys(run["label"] for run in runs))
    seeds = sorted({run["seed"] for run in runs})
    wide = len(labels) + 1 <= MOST[width]
    seeds = seeds[: ROWS if wide and width > 4 else 1]
    source = _Points(results, runs) if data.source(results["data"]).is_points else _Images(results, runs)
    down = -(-(len(labels) + 1) // MOST[width])
    per_row = -(-(len(labels) + 1) // down)
    rows: list[tuple[str, list[Panel]]] = []
    for number, seed in enumerate(seeds):
        of_seed = {run["label"]: run for run in runs if run["seed"] == seed}
        row = [Panel(words.of("real data", lang), "", source.real(number))]
        for label in labels:
            run = of_seed.get(label)
            row.append(Panel(label, _remark(results, run, lang), source.made(run) if run else _nothing))
        name = f"{words.of('seed', lang)} {seed}"
        rows += [(name if at == 0 else "", row[at : at + per_row]) for at in range(0, len(row), per_row)]
    points = isinstance(source, _Points)
    # images of several seeds take half the height, so that a page holds them
    return _lay_out(rows, width, AXIS if points else 0, 1 if points or len(seeds) == 1 else 0.5)


def _nothing(axes, size):
    """The place of a model that has no run of a seed."""
    axes.axis("off")


def _remark(results, run, lang):
    """What is not alike: the step of a run where not all were trained equally long, and that it died."""
    parts = []
    if run and not results.get("equal_budget", True):
        parts.append(f"{run['grids'][-1]['step']:,} {words.of('steps', lang)}")
    if run and run["status"] == "died":
        parts.append(words.of("died", lang))
    return "\n".join(parts)


def _lay_out(rows, width, axis, ratio):
    """axis: inches that the ticks of the outer panels take. ratio: of a panel's height to its width."""
    columns = max(len(row) for _, row in rows)
    size = (width - EDGE - axis - GAP * columns) / columns
    tall = ratio * size
    titles = [["\n".join(filter(None, (figures.wrapped(p.title, size), p.remark))) for p in row] for _, row in rows]
    titles = [[""] * len(row) if number and row == titles[number - 1] else row for number, row in enumerate(titles)]
    above = [GAP + LINE * max(title.count("\n") + bool(title) for title in row) for row in titles]
    height = sum(above) + len(rows) * tall + GAP + axis
    made, top = Figure(figsize=(width, height)), height
    for number, (name, row) in enumerate(rows):
        top -= above[number] + tall
        for column, panel in enumerate(row):
            left = EDGE + axis + column * (size + GAP)
            axes = made.add_axes((left / width, top / height, size / width, tall / height))
            axes.set_title(titles[number][column], pad=2.5, linespacing=1)
            panel.draw(axes, (size, tall))
            axes.tick_params(labelleft=column == 0, labelbottom=number == len(rows) - 1)
        made.text(0.02 / width, (top + tall / 2) / height, name, rotation=90, va="center", fontsize=7)
    return made


class _Images:
    """Tiles of the grids in the runs' folders; no image is scaled but by the reader's program."""

    def __init__(self, results: dict, runs: list[dict]):
        self.folders = [run["folder"] for run in runs]

    def real(self, row: int) -> Callable:
        """Other real images in each row."""
        return self._panel(grids.path_of_real(self.folders[0]), row)

    def made(self, run: dict) -> Callable:
        return self._panel(grids.path_of(run["folder"], run["grids"][-1]["step"]), 0)

    def _panel(self, path, row):
        def draw(axes, size):
            axes.axis("off")
            try:
                tiles = grids.tiles(grids.read_png(path))
            except UserError:  # it was deleted or damaged: the others are worth a figure
                _missing(axes)
                return
            across = 2 * max(2, min(4, round(size[0] / IMAGE / 2)))
            down = round(across * size[1] / size[0])
            tiles = np.take(tiles, np.arange(row * across * down, (row + 1) * across * down), 0, mode="wrap")
            tiles = np.pad(tiles, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=255)
            pixels = tiles.shape[1]
            sheet = tiles.reshape(down, across, pixels, pixels, 3).transpose(0, 2, 1, 3, 4)
            sheet = sheet.reshape(down * pixels, across * pixels, 3)
            # a pixel of a small image as 4×4 of them: programs that smooth what they scale do so at its edge only
            scale = max(1, 132 // pixels)
            axes.imshow(sheet[:-1, :-1].repeat(scale, 0).repeat(scale, 1), interpolation="none")

        return draw


class _Points:
    """Points of the data and of each run's last generator, from its fixed noise, as marks in the plane."""

    def __init__(self, results: dict, runs: list[dict]):
        self.results = results
        self.train = data.load(results["data"], None, 2).train
        low, high = self.train.min(), self.train.max()
        self.frame = low - 0.15 * (high - low), high + 0.15 * (high - low)

    def real(self, row: int) -> Callable:
        return self._panel(None)

    def made(self, run: dict) -> Callable:
        return self._panel(run)

    def _panel(self, run):
        def draw(axes, size):
            axes.scatter(*self.train[:POINTS].T, s=1.5, color="0.6", linewidths=0)
            points = _generated(run["folder"]) if run else None
            if points is not None:
                axes.scatter(*points.T, s=1.5, color=figures.colour(self.results, run["label"]), linewidths=0)
            elif run:
                _missing(axes)
            axes.set(xlim=self.frame, ylim=self.frame)
            ticks = [tick for tick in (-2, -1, 0, 1, 2) if self.frame[0] < tick < self.frame[1]]
            axes.set_xticks(ticks)
            axes.set_yticks(ticks)

        return draw


def _generated(folder):
    """Points of a run's last generator, float32 POINTS×2, None if there is no checkpoint that can be read."""
    runtime.start("cpu")
    from training.sampling import sample  # here: nothing may import Paddle before runtime.start
    from training.trainer import rebuild

    try:
        found = checkpoint.newest(folder)
        return sample(rebuild(found[0])[0], "fixed noise", POINTS) if found else None
    except UserError:
        return None


def _missing(axes):
    axes.text(0.5, 0.5, "–", transform=axes.transAxes, ha="center", va="center")

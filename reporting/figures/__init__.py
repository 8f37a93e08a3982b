"""samples.png and curves.png of a comparison, drawn from its results."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

try:
    import matplotlib
except ModuleNotFoundError:  # `python -m reporting.figures` comes here before its __main__.py can say so in a line
    import ctrl_c  # noqa: F401

    raise
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

import metrics
from errors import UserError
from reporting import curves, words
from reporting.numbers import in_digits
from reporting.table import grouped
from storage import writing
from training import grids

# Okabe and Ito's colours, told apart by colour-blind readers and in grey
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
ROWS = 3  # seeds of samples.png
MEANINGS = {  # of curves.LOGGED's quantities, keys of words.WORDS
    "estimate": "training data",
    "estimate_heldout": "held-out data",
    "critic_loss": "critic",
    "generator_loss": "generator",
}
SMALLEST, MARGIN, TITLE = 300, 12, 24  # pixels of samples.png: a picture's width at the least, between two, of a title
# the dollars of a name are dollars, not the beginning of a formula
as_text = matplotlib.rc_context({"text.parse_math": False})


def colour(results: dict, label: str) -> str:
    labels = [group["label"] for group in results["groups"]]
    return COLOURS[labels.index(label) % len(COLOURS)]


def wrapped(text: str, inches: float) -> str:
    """`text` in lines that fit into a panel so wide, at 8 points, broken after spaces, = and _ alone."""
    most, lines = int(inches * 72 / 4.8), [""]
    for part in re.findall(r"[^\s_=]*[\s_=]?", text):
        if lines[-1] and len((lines[-1] + part).rstrip()) > most:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


@as_text
def samples(results: dict, path: Path) -> None:
    """Real items beside each group's last grids, the first run of each in the first row and so on: where all have the same seeds,
    one row a seed, all of the same noise. Pictures are drawn pixel for pixel, small ones enlarged by a whole number."""
    table = [runs[:ROWS] for runs in grouped(results["runs"], "label").values()]
    rows = []
    for members in zip_longest(*table):
        runs = [run if run and run["grids"] else None for run in members]  # one without grids leaves its place empty
        first = next(filter(None, runs), None)
        real = first and (grids.path_of_real(first["folder"]), f"real: {results['data']}")
        rows.append([_panel(*panel) if panel else None for panel in (real, *map(_last_grid, runs))])
    shapes = [panel[0].shape for row in rows for panel in row if panel] or [(300, 300)]
    high, wide = (max(shape[axis] for shape in shapes) + MARGIN for axis in (0, 1))
    width, height = wide * (len(table) + 1) + MARGIN, (high + TITLE) * len(rows) + MARGIN
    figure = Figure(figsize=((width + 0.01) / 110, (height + 0.01) / 110), dpi=110)
    for y, row in enumerate(rows):
        for x, panel in enumerate(row):
            if panel:
                picture, title = panel
                left, top = MARGIN + x * wide, height - y * (high + TITLE) - TITLE
                figure.figimage(picture, left, top - picture.shape[0], origin="upper")
                figure.text(
                    (left + picture.shape[1] / 2) / width, (top + TITLE / 2) / height, title, size=9, ha="center", va="center"
                )
    save(figure, path)


def _last_grid(run):
    """(path, title) of a run's last grid; None for no run."""
    if run is None:
        return None
    step, ending = run["grids"][-1]["step"], ", died" if run["status"] == "died" else ""
    return grids.path_of(run["folder"], step), f"{run['label']}, seed {run['seed']}, step {step:,}{ending}"


def _panel(path, title):
    """(picture, title); a grey square for a picture that is gone."""
    picture = grids.shown(path)
    if picture is None:
        picture = np.full((SMALLEST, SMALLEST, 3), 230, np.uint8)
    times = -(-SMALLEST // picture.shape[1])
    return picture.repeat(times, 0).repeat(times, 1), title


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure in the format of the path's ending, PNG without one. Raises WriteError; UserError for another ending."""
    drawn, form = io.BytesIO(), Path(path).suffix[1:] or "png"
    if form.lower() not in (allowed := figure.canvas.get_supported_filetypes()):
        raise UserError(f"{path}: allowed endings are {', '.join(sorted(allowed))}")
    figure.savefig(drawn, format=form)
    writing.write_bytes(path, drawn.getvalue())


@as_text
def curve_picture(results: dict, path: Path) -> None:
    """Estimate and losses of each group against generator steps, then every value scored through training for all groups, on a
    logarithmic axis where lower is better: a linear one would show the untrained generator and nothing else."""
    labels = [group["label"] for group in results["groups"]]
    scored = metric_names(results)
    panels = [(label, names, title) for title, names in curves.LOGGED[:2] for label in labels]
    panels += [(None, (name,), value_title(name)) for name in scored]
    columns = max(2, min(4, len(labels))) if len(labels) > 1 else 2
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.2 * columns, 2.7 * rows), dpi=110, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for cell, (label, names, title) in zip(axes, panels):
        source = results["curves" if label else "metric_curves"]
        for one in [label] if label else labels:
            for style, name in zip(("-", "--"), names):
                curve = source.get(one, {}).get("step", {}).get(name)
                meaning = words.of(MEANINGS[name], "en") if label else one
                mark = "" if label else "."  # a few checkpoints, not each logged step
                band(cell, curve, colour(results, one), meaning, linestyle=style, linewidth=1.2, marker=mark)
        if not label:
            real = results["floor"].get(names[0], {}).get("value")
            if metrics.direction(names[0]) == "lower":
                means = [(source.get(one, {}).get("step", {}).get(names[0]) or {"mean": []})["mean"] for one in labels]
                scale(cell, [real, *(value for mean in means for value in mean)])
            if real is not None:
                cell.axhline(real, color="0.6", linewidth=1, linestyle=":", label="real data")
        cell.set_title(f"{title}: {label}" if label else title, fontsize=9)
        cell.set_xlabel("generator steps", fontsize=8)
        cell.tick_params(labelsize=7)
        cell.grid(alpha=0.2)
        if cell.get_legend_handles_labels()[0]:
            cell.legend(fontsize=7)
    for cell in axes[len(panels) :]:
        cell.axis("off")
    save(figure, path)


def value_title(name: str) -> str:
    """What a metric's value is called, and which is better."""
    better = metrics.direction(name)
    return words.of_value(name, "en") + (f", {better} is better" if better else "")


def scale(axes: Any, values: Sequence[float | None]) -> None:
    """A logarithmic axis for values that span more than a decade, linear about 0 if any is not positive. None is no value."""
    known = [value for value in values if value is not None and np.isfinite(value)]
    positive = [value for value in known if value > 0]
    if not positive or max(positive) <= 10 * min(positive):
        return
    if len(positive) == len(known):
        logarithmic(axes, positive)
    else:
        linear = max(min(positive), 1e-6 * max(positive))
        axes.set_yscale("symlog", linthresh=linear, linscale=0.5)
        # a decade that begins within the linear part is too near to 0 to be labelled
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: in_digits(y) if y == 0 or abs(y) >= linear else ""))


def logarithmic(axes: Any, values: Sequence[float]) -> None:
    """A logarithmic axis; between powers of ten it is labelled too, where the values, all positive, span few of them."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(values) < 2000 * min(values) else (1,)))
    axes.yaxis.set_minor_locator(LogLocator(subs=()))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: in_digits(y)))


def metric_names(results: dict) -> list[str]:
    """Values scored through training that can be set side by side, in order."""
    names = dict.fromkeys(name for group in results["metric_curves"].values() for name in group.get("step", {}))
    return [name for name in names if not metrics.is_of_critic(name)]


def band(axes: Any, curve: dict | None, colour: str, label: str, alpha: float = 0.15, **line: Any) -> None:
    """A curve of reporting/curves.py: its mean as a line and, for several seeds, a band of one standard deviation."""
    if not curve:
        return
    x, mean = np.array(curve["x"], float), np.array(curve["mean"], float)  # None, an infinity before, is a gap
    axes.plot(x, mean, color=colour, label=label, **line)
    if curve["deviation"]:
        deviation = np.array(curve["deviation"], float)
        axes.fill_between(x, mean - deviation, mean + deviation, color=colour, alpha=alpha, linewidth=0)

"""The figures' common look: one width, so that text is equally large on the page, and a model's colour."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from experiments.numeric import each
from reporting.numbers import in_digits
from training import recipe as recipes

WIDTH = 10  # inches at 100 dots: a page of 1,000 pixels
PALETTE = ("orange", "red", "purple", "blue", "green", "olive", "cyan", "brown", "pink", "gray")


def colour(model: str) -> str:
    """The colour of a recipe of configs/, by its place among their names, the same in all figures; black for anything else."""
    names = recipes.names()
    return f"tab:{PALETTE[names.index(model) % len(PALETTE)]}" if model in names else "black"


def new(rows: int = 1, columns: int = 1, height: float = 3.2, **more: Any) -> tuple[Figure, Any]:
    """(figure, axes) of rows × columns panels, `height` inches a row; more: as Figure.subplots'."""
    figure = Figure(figsize=(WIDTH, height * rows), dpi=100, layout="constrained")
    return figure, figure.subplots(rows, columns, **more)


def picture(axis: Any, image: np.ndarray | None, title: str = "") -> None:
    """A picture without axes; None: its title alone, of a cell whose trainings all died."""
    if image is not None:
        axis.imshow(image, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=10)


def band(axis: Any, x: Sequence[float], curves: Sequence[Sequence[float]], label: str, colour: str, linestyle: str = "-") -> None:
    """Mean of several curves (lists of equal length) as a line, from the lowest to the highest as a band."""
    y = np.array(curves, float)
    axis.plot(x, y.mean(0), color=colour, linestyle=linestyle, label=label)
    if len(y) > 1:
        axis.fill_between(x, y.min(0), y.max(0), color=colour, alpha=0.2, linewidth=0)


def finish(axes: Iterable[Any], legend: float | None = None, title: float | None = None) -> None:
    """A grid in each panel; a legend and the title in these sizes, where none is given no legend and the title as it is."""
    for axis in axes:
        axis.grid(alpha=0.3)
        if legend:
            axis.legend(fontsize=legend)
        if title:
            axis.title.set_fontsize(title)


def foot(figure: Figure, text: str) -> None:
    """What was measured, under the figure: seeds, budget. Called last, it also mends what logarithmic axes do to labels."""
    for axis in figure.axes:
        for side in (axis.xaxis, axis.yaxis):
            low, high = side.get_view_interval()
            if side.get_scale() != "log":
                continue
            if 0 < low < high / 10:
                side.set_minor_formatter(NullFormatter())
                if high < 300 * low:  # with one power of ten or two, numbers between them are labelled as well
                    side.set_major_locator(LogLocator(subs=(1, 2, 5)))
                    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            else:  # there is no power of ten to label, or nothing at all
                (axis.set_xscale if side is axis.xaxis else axis.set_yscale)("linear")
    figure.supxlabel(text, fontsize=9, color="0.35")


def in_title(row: dict[str, Any], digits: int = 3) -> str:
    """A mean_and_deviation's row on a panel: each value, or of more than four their mean and, in brackets, least and largest."""
    lived = [value for value in row["each"] if value is not None]
    if len(row["each"]) <= 4 or not lived:
        return each(row, digits)
    mean, low, high = (in_digits(value, digits) for value in (row["mean"], min(lived), max(lived)))
    return f"{mean} ({low} … {high})"


def seeds_of(rows: Iterable[dict[str, Any]]) -> str:
    """'3 seeds', or '1 or 3 seeds' where cells (of run_groups.summary) have different numbers."""
    counts = sorted({row["seeds"] for row in rows})
    return f"{' or '.join(map(str, counts))} seed{'s' if counts[-1] > 1 else ''}"

"""The figures' common look: one width, so that text is equally large on the page."""

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

WIDTH = 10  # inches at 100 dots: a page of 1,000 pixels
COLOURS = {
    "real": "0.4",
    "gan": "tab:red",
    "dcgan": "tab:orange",
    "lsgan": "tab:purple",
    "wgan": "tab:blue",
    "wgan-gp": "tab:green",
    "wgan-paper": "tab:cyan",
    "wgan-gp-paper": "tab:olive",
}


def new(rows=1, columns=1, height=3.2, **more):
    """(figure, axes) of rows × columns panels, `height` inches a row; more: as Figure.subplots'."""
    figure = Figure(figsize=(WIDTH, height * rows), dpi=100, layout="constrained")
    return figure, figure.subplots(rows, columns, **more)


def picture(axis, image, title=""):
    """A picture without axes."""
    axis.imshow(image, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=10)


def band(axis, x, curves, label, colour, **more):
    """Mean of several curves (lists of equal length) as a line, from the lowest to the highest as a band."""
    import numpy as np

    curves = np.array(curves, float)
    axis.plot(x, curves.mean(0), color=colour, label=label, **more)
    if len(curves) > 1:
        axis.fill_between(x, curves.min(0), curves.max(0), color=colour, alpha=0.2, linewidth=0)


def foot(figure, text):
    """What was measured, under the figure: seeds, budget. Called last, it also mends what logarithmic axes do to labels."""
    for axis in figure.axes:
        for side in (axis.xaxis, axis.yaxis):
            low, high = side.get_view_interval()
            if side.get_scale() != "log":
                continue
            if high > 10 * max(1e-30, low):
                side.set_minor_formatter(NullFormatter())
            else:  # there is no power of ten to label
                (axis.set_xscale if side is axis.xaxis else axis.set_yscale)("linear")
    figure.supxlabel(text, fontsize=9, color="0.35")

"""Curves and estimate against quality for print. Models differ by colour, line and mark, seeds by mark."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reporting import figures, words
from reporting.numbers import in_digits
from reporting.table import grouped

LINES = ("-", "--", "-.", ":", (0, (6, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)))
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
FEW = 4.0  # inches: a narrower figure is of a column
IN_PANEL = 3  # names in a panel's own legend: more stand above the figure
DECADES = 20  # a larger ratio of the largest to the smallest value is drawn by its logarithm
TALLEST = 8.6  # inches: what a page has beside a caption


def curves_figure(results: dict, width: float, lang: str) -> Figure | None:
    """Quality through training of all models in one panel, then the critic's estimate of each model, on a page its losses too
    and quality against time. None if nothing was logged."""
    labels = [group["label"] for group in results["groups"] if results["curves"].get(group["label"], {}).get("step")]
    quality, column = results["quality"], width < FEW
    scored = quality in figures.metric_names(results)
    if not labels and not scored:
        return None
    across = _across(len(labels), column)
    rows = [[(_quality, "step")] if column else [(_quality, "step"), (_quality, "minutes")]] if scored else []
    for draw in (_estimate,) if column else (_estimate, _losses):
        rows += [[(draw, label) for label in labels[at : at + across]] for at in range(0, len(labels), across)]
    heights = [1.3 if row[0][0] is _quality else 1 for row in rows]
    made = Figure(figsize=(width, min(TALLEST, 1.45 * sum(heights) + 0.2)), layout="constrained")
    places = made.add_gridspec(len(rows), 2 * across, height_ratios=heights)
    for down, row in enumerate(rows):
        span = 2 * across // len(row) if row[0][0] is _quality else 2
        for number, (draw, of) in enumerate(row):
            axes = made.add_subplot(places[down, number * span : (number + 1) * span])
            draw(results, axes, of, lang)
            axes.grid(alpha=0.25, linewidth=0.4)
            if draw is not _quality:
                axes.set_title(figures.wrapped(of, width / across - 0.3), pad=2.5)
            if number:
                axes.set_ylabel("")
            if of not in ("step", labels[0]) and (legend := axes.get_legend()):
                legend.remove()
    return made


def _across(panels, column):
    """How many panels of models stand in a row."""
    return min(panels or 1, 2 if column else 4 if panels % 3 else 3)


def _quality(results, axes, against, lang):
    quality, several = results["quality"], []
    for group in results["groups"]:
        curve = results["metric_curves"].get(group["label"], {}).get(against, {}).get(quality)
        if curve:
            colour, line, mark = _style(results, group["label"])
            _band(axes, curve, colour, line, mark, group["label"])
            several += [value for value in curve["mean"] if value is not None]
    real = results["floor"].get(quality, {}).get("value")
    if real is not None:
        axes.axhline(real, color="0.45", linewidth=0.9, linestyle=(0, (1, 1)), label=words.of("real data", lang))
    _scale(axes, [*several, *([real] if real is not None else [])])
    axes.set_ylabel(words.of_value(quality, lang))
    axes.set_xlabel(words.of_axis(against, results["clock"], lang))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: in_digits(x)))
    if len(results["groups"]) <= IN_PANEL:
        axes.legend(handlelength=2.6)
    elif against == "step":
        handles, labels = axes.get_legend_handles_labels()
        made = axes.figure
        across = min(len(labels), max(1, int(made.get_figwidth() * 72 / (5 * max(map(len, labels)) + 26))))
        made.legend(handles, labels, loc="outside upper center", ncols=across, handlelength=2.6)
        made.set_figheight(made.get_figheight() + 0.15 * -(-len(labels) // across))


def _estimate(results, axes, label, lang):
    _pair(results, axes, label, ("estimate", "estimate_heldout"), ("training data", "held-out data"), lang)
    axes.set_ylabel(words.of_value("critic_estimate", lang))


def _losses(results, axes, label, lang):
    _pair(results, axes, label, ("critic_loss", "generator_loss"), ("critic", "generator"), lang)
    axes.set_ylabel(words.of("loss", lang))


def _pair(results, axes, label, names, meanings, lang):
    colour = figures.colour(results, label)
    for name, meaning, shade, line in zip(names, meanings, (colour, "0.25"), ("-", "--")):
        curve = results["curves"][label]["step"].get(name)
        if curve:
            _band(axes, curve, shade, line, None, words.of(meaning, lang))
    axes.set_xlabel(words.of("step", lang))
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: in_digits(x)))
    axes.legend(handlelength=1.8)


def _band(axes, curve, colour, line, mark, label):
    every = max(1, len(curve["x"]) // 6)
    figures.band(axes, curve, colour, label, alpha=0.18, linestyle=line, marker=mark, markevery=every)


def agreement_figure(results: dict, width: float, lang: str) -> Figure | None:
    """The critic's estimate against quality at the checkpoints, a panel a model, a mark a seed, joined in the order of training
    from the hollow one on. ρ is Spearman's rank correlation, from the least to the largest of the seeds.
    None where no run was scored at three checkpoints or more."""
    by_label = grouped((row for row in results["agreement"] if row["count"] >= 3), "label")
    labels = [group["label"] for group in results["groups"] if group["label"] in by_label]
    if not labels:
        return None
    across = _across(len(labels), width < FEW)
    down = -(-len(labels) // across)
    made = Figure(figsize=(width, min(TALLEST, down * (1.75 if width < FEW else 2.0))), layout="constrained")
    cells = made.subplots(down, across, squeeze=False).flatten()
    for number, (axes, label) in enumerate(zip(cells, labels)):
        own = by_label[label]
        for row, mark in zip(own, MARKS * len(own)):
            x, y = ([point[name] for point in row["points"]] for name in ("estimate", "quality"))
            name = f"{words.of('seed', lang)} {row['seed']}"
            axes.plot(x, y, marker=mark, color=figures.colour(results, label), linewidth=0.5, markersize=3.2, label=name)
            axes.plot(x[:1], y[:1], marker=mark, color=figures.colour(results, label), markersize=3.2, markerfacecolor="white")
        _scale(axes, [point["quality"] for row in own for point in row["points"]])
        title = figures.wrapped(label, width / across - 0.3)
        if found := sorted(row["correlation"] for row in own if row["correlation"] is not None):
            title += "\nρ = " + {"en": " to ", "zh": " 至 "}[lang].join(
                f"{rho:.2f}".replace("-", "−") for rho in {found[0]: 0, found[-1]: 0}
            )
        axes.set_title(title, pad=2.5)
        axes.set_xlabel(words.of_value("critic_estimate", lang))
        if number % across == 0:
            axes.set_ylabel(words.of_value(results["quality"], lang))
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.grid(alpha=0.25, linewidth=0.4)
        if number == 0:
            axes.legend()
    for axes in cells[len(labels) :]:
        axes.axis("off")
    return made


def _style(results, label):
    """(colour, line, mark) of a model."""
    number = [group["label"] for group in results["groups"]].index(label)
    return figures.colour(results, label), LINES[number % len(LINES)], MARKS[number % len(MARKS)]


def _scale(axes, values):
    """A logarithmic scale for positive values of several decades."""
    values = [value for value in values if value is not None and np.isfinite(value)]
    if values and min(values) > 0 and max(values) > DECADES * min(values):
        figures.logarithmic(axes, values)

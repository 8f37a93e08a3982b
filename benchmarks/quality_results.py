"""What benchmarks.quality measured, as a table and a figure: python -m benchmarks.quality_results FILE.json [FIGURE.png]

--lang zh prints the table of docs/zh/performance.md."""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
import math
from pathlib import Path
from typing import Any

import click
from matplotlib.figure import Figure

from benchmarks.quality_training import THRESHOLDS
from benchmarks.table import in_chinese
from experiments import figures
from reporting import console
from reporting.figures import save
from reporting.markdown import in_markdown
from reporting.table import grouped

LABELS = {"pytorch": "the WGAN authors' recipe, PyTorch"}
ENDS = {"quality": "there", "budget": "its recipe's end", "seconds": "out of time", "not finite": "a number not finite"}
HEADS = ["recipe", *(f"fd_lenet ≤ {threshold}: CPU s (wall)" for threshold in THRESHOLDS), "last fd_lenet", "at CPU s", "ended"]


def time_to(run: dict[str, Any], threshold: float) -> tuple[float, float]:
    """(CPU seconds, wall seconds) at a run's first mark with fd_lenet ≤ threshold, (inf, inf) if there is none."""
    for mark in run["marks"]:
        if mark["fd_lenet"] is not None and mark["fd_lenet"] <= threshold:
            return mark["cpu_seconds"], mark["wall_seconds"]
    return math.inf, math.inf


def lines(content: dict[str, Any]) -> list[list[str]]:
    """The table's lines below HEADS, as texts. Of several seeds the median one (of two the later), – if it never gets there."""
    table = []
    for name, runs in grouped(content["runs"], "name").items():
        cells = [LABELS.get(name, name)]
        for threshold in THRESHOLDS:
            cpu, wall = sorted(time_to(run, threshold) for run in runs)[len(runs) // 2]
            cells.append(f"{cpu:,.0f} ({wall:,.0f})" if math.isfinite(cpu) else "–")
        ends = [run["marks"][-1] for run in runs if run["marks"]]
        cells.append(", ".join("–" if end["fd_lenet"] is None else f"{end['fd_lenet']:.2f}" for end in ends) or "–")
        cells.append(", ".join(f"{end['cpu_seconds']:,.0f}" for end in ends) or "–")
        table.append([*cells, ", ".join(dict.fromkeys(ENDS[run["ended"]] for run in runs))])
    return table


def markdown(content: dict[str, Any]) -> str:
    """The table of docs/performance.md from the content of docs/quality.json."""
    return in_markdown([HEADS, *lines(content)], right=range(1, len(HEADS) - 1))


def figure(content: dict[str, Any]) -> Figure:
    """A matplotlib figure: fd_lenet against CPU seconds, both logarithmic, one line a run, the thresholds as thin lines."""
    drawn, axis = figures.new(height=4)
    for threshold in THRESHOLDS:
        axis.axhline(threshold, color="0.75", linewidth=0.8, zorder=0)
    for name, runs in grouped(content["runs"], "name").items():
        for number, run in enumerate(runs):
            marks = [mark for mark in run["marks"] if mark["fd_lenet"] is not None]
            label = None if number else LABELS.get(name, name)
            xy = [mark["cpu_seconds"] for mark in marks], [mark["fd_lenet"] for mark in marks]
            axis.plot(*xy, ".-", color=figures.colour(name), label=label, linewidth=1.2, markersize=4)
    axis.set(xscale="log", yscale="log", xlabel="CPU seconds of training, one thread")
    axis.set_ylabel(f"fd_lenet ({content['samples']:,} samples)")
    drawn.legend(loc="outside upper center", fontsize=8, ncols=5)  # in the panel it would hide a curve
    seeds = len({run["seed"] for run in content["runs"]})
    figures.foot(drawn, f"mnist-5k, {seeds} seed{'s' if seeds > 1 else ''}; thin lines: {', '.join(map(str, THRESHOLDS))}")
    return drawn


@click.command(help=__doc__)
@click.argument("source", metavar="FILE.json", type=click.Path(exists=True, dir_okay=False))
@click.argument("targets", metavar="[FIGURE.png]", nargs=-1)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the table.")
def main(source, targets, lang):
    measured = json.loads(Path(source).read_text(encoding="utf-8"))
    print(in_chinese(markdown(measured)) if lang == "zh" else markdown(measured))
    for target in targets:
        save(figure(measured), target)


if __name__ == "__main__":
    console.run(main, prints=True)

"""The figures of a throughput run as Markdown tables, one a clock: python -m benchmarks.table FILE.json"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from reporting import console

NAMES = {"plain": "Paddle as it comes", "ours": "this project", "pytorch": "PyTorch"}
TITLES = {"wall": "All cores, wall-clock time", "cpu": "One thread, CPU time"}


def in_markdown(lines: Sequence[Sequence[str]], right: range) -> str:
    """A Markdown table, headings first; right: the columns that stand to the right."""
    rule = ["---:" if column in right else "---" for column in range(len(lines[0]))]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def by_clock(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """{'wall' or 'cpu': its rows}. A file of before there were two clocks holds rows of the wall's, which do not say so."""
    clocks = dict.fromkeys(row.get("clock", "wall") for row in rows)
    return {clock: [row for row in rows if row.get("clock", "wall") == clock] for clock in clocks}


def markdown(rows: list[dict[str, Any]]) -> str:
    """One line a recipe and step: milliseconds by variant, how many times as fast ours is, its share of a product's rate."""
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    heads = ["recipe", "step", *(f"{NAMES.get(name, name)}, ms" for name in variants)]
    heads += ["× Paddle as it comes", "× PyTorch", "share of the product's rate"]
    lines = [heads]
    for (model, network, filters, data, step), group in groupby(
        rows, key=lambda row: tuple(row[key] for key in ("model", "network", "filters", "data", "step"))
    ):
        by_variant = {row["variant"]: row for row in group}
        width = "mlp" if network == "mlp" else f"{network}, {filters} filters"
        recipe = f"{model}, {width}" + ("" if data == "mnist-5k" else f", {data}")
        times = [f"{1e3 * by_variant[name]['seconds']:.1f}" if name in by_variant else "" for name in variants]
        ours = by_variant["ours"]
        ratios = [f"{ours[key]:.2f}" if key in ours else "" for key in ("over_plain", "over_pytorch")]
        share = f"{100 * ours['share_of_product']:.0f} %" if "share_of_product" in ours else ""
        if step == "loop":
            step = f"loop, {ours['images_per_second']:,.0f} images/s"
        lines.append([recipe, step, *times, *ratios, share])
    return in_markdown(lines, right=range(2, len(heads)))


@click.command(help=__doc__)
@click.argument("source", metavar="FILE.json", type=click.Path(exists=True, dir_okay=False))
def main(source):
    for clock, rows in by_clock(json.loads(Path(source).read_text(encoding="utf-8"))["rows"]).items():
        print(f"{TITLES[clock]}:\n\n{markdown(rows)}\n")


if __name__ == "__main__":
    console.run(main, prints=True)

"""The figures of a throughput run as Markdown tables, one a clock: python -m benchmarks.table FILE.json [--lang zh]"""

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
# what tables of docs/performance.md say, in the words of docs/zh/performance.md; longer ones first
CHINESE = {
    "the WGAN authors' recipe, PyTorch": "WGAN 作者的配置，PyTorch",
    "× Paddle as it comes": "× 直接用 Paddle",
    "Paddle as it comes, ms": "直接用 Paddle，毫秒",
    "this project, ms": "本项目，毫秒",
    "2 processes, ms": "2 个进程，毫秒",
    "PyTorch, ms": "PyTorch，毫秒",
    "share of the product's rate": "达到矩阵乘法速率的比例",
    "last fd_lenet": "最后的 fd_lenet",
    "its recipe's end": "配置的预算用完",
    "out of time": "时间用完",
    ": CPU s (wall)": "：CPU 秒（实际秒）",
    "at CPU s": "此时 CPU 秒",
    "| recipe |": "| 配置 |",
    "| step |": "| 步 |",
    "| ended |": "| 结束原因 |",
    "| there |": "| 达到目标 |",
    "| critic |": "| 判别器 |",
    "| generator |": "| 生成器 |",
    "| loop, ": "| 训练循环，",
    " images/s": " 张/秒",
    " filters": " 个滤波器",
    ", ": "，",
}
TITLES = {"wall": "All cores, wall-clock time", "cpu": "One thread, CPU time"}


def in_markdown(lines: Sequence[Sequence[str]], right: range) -> str:
    """A Markdown table, headings first; right: the columns that stand to the right."""
    rule = ["---:" if column in right else "---" for column in range(len(lines[0]))]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def in_chinese(table: str) -> str:
    """An English table of docs/performance.md in the words of CHINESE."""
    for english, chinese in CHINESE.items():
        table = table.replace(english, chinese)
    return table


def by_clock(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """{'wall' or 'cpu': its rows}."""
    return {clock: [row for row in rows if row["clock"] == clock] for clock in dict.fromkeys(row["clock"] for row in rows)}


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
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the tables.")
def main(source, lang):
    for clock, rows in by_clock(json.loads(Path(source).read_text(encoding="utf-8"))["rows"]).items():
        print(f"{TITLES[clock]}:\n\n{in_chinese(markdown(rows)) if lang == 'zh' else markdown(rows)}\n")


if __name__ == "__main__":
    console.run(main, prints=True)

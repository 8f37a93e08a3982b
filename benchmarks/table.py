"""The figures of a throughput run as Markdown tables, one a clock: python -m benchmarks.table FILE.json [--lang zh]"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from reporting import console
from reporting.markdown import in_markdown
from reporting.table import grouped

NAMES = {"plain": "Paddle<br>as it comes", "ours": "this<br>project", "2 processes": "2<br>processes", "pytorch": "PyTorch"}
# what tables of docs/performance.md say, in the words of docs/zh/performance.md; longer ones first
CHINESE = {
    "the WGAN authors' recipe, PyTorch": "WGAN 作者的配置，PyTorch",
    "Paddle<br>as it comes": "直接用<br>Paddle",
    "this<br>project": "本项目",
    "2<br>processes": "2 个<br>进程",
    "share of the<br>product's rate": "达到矩阵<br>乘法速率的比例",
    "ms a generator step": "生成器一步毫秒数",
    "| images/s |": "| 每秒图像数 |",
    "<summary>The other recipes": "<summary>其余配置",
    "<summary>In train.py's loop": "<summary>在 train.py 的训练循环中",
    "last fd_lenet": "最后的 fd_lenet",
    "its recipe's end": "配置的预算用完",
    "out of time": "时间用完",
    ": CPU s (wall)": "：CPU 秒（实际秒）",
    "at CPU s": "此时 CPU 秒",
    "| recipe |": "| 配置 |",
    "| ended |": "| 结束原因 |",
    "| there |": "| 达到目标 |",
    "| critic step |": "| 判别器步 |",
    "| generator step |": "| 生成器步 |",
    ", ": "，",
}
FOLDED = "<details><summary>{}</summary>\n\n{}\n\n</details>"
TITLES = {"wall": "All cores, wall-clock time", "cpu": "One thread, CPU time"}


def in_chinese(table: str) -> str:
    """An English table of docs/performance.md in the words of CHINESE."""
    for english, chinese in CHINESE.items():
        table = table.replace(english, chinese)
    return table


def name_of(row: dict[str, Any]) -> str:
    """Recipe and network with its filters; mlp and resnet also stand for their data, but for points, which are named instead."""
    network = f"{row['network']} {row['filters']}" if row["network"] != "mlp" else row["data"].replace("mnist-5k", "mlp")
    return f"{row['model']}, {network}".replace(" ", "\u00a0")  # on one line, whatever the column's width


def markdown(rows: list[dict[str, Any]]) -> str:
    """Tables of the first model's steps; folded below them those of the other models, and ours in train.py's loop."""
    loops, rows = ([row for row in rows if (row["step"] == "loop") == kept] for kept in (True, False))
    first, others = ([row for row in rows if (row["model"] == rows[0]["model"]) == kept] for kept in (True, False))
    parts = [steps(first)]
    if others:
        parts.append(FOLDED.format("The other recipes", steps(others)))
    if loops:
        heads = ["recipe", "ms a generator step", "images/s"]
        lines = [[name_of(row), f"{1e3 * row['seconds']:.1f}", f"{row['images_per_second']:,.0f}"] for row in loops]
        parts.append(FOLDED.format("In train.py's loop", in_markdown([heads, *lines], right=range(1, 3))))
    return "\n\n".join(parts)


def steps(rows: list[dict[str, Any]]) -> str:
    """A table a step, one line a recipe: milliseconds by variant, how much faster ours is, its share of a product's rate."""
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    heads = [*(NAMES.get(name, name) for name in variants), "×<br>Paddle", "×<br>PyTorch", "share of the<br>product's rate"]
    tables: dict[str, list[list[str]]] = {}
    for (recipe, step), group in groupby(rows, key=lambda row: (name_of(row), row["step"])):
        by_variant = {row["variant"]: row for row in group}
        times = [f"{1e3 * by_variant[name]['seconds']:.1f}" if name in by_variant else "" for name in variants]
        ours = by_variant["ours"]
        ratios = [f"{ours[key]:.2f}" if key in ours else "" for key in ("over_plain", "over_pytorch")]
        share = f"{100 * ours['share_of_product']:.0f} %" if "share_of_product" in ours else ""
        tables.setdefault(step, []).append([recipe, *times, *ratios, share])
    return "\n\n".join(
        in_markdown([[f"{step} step", *heads], *lines], right=range(1, 1 + len(heads))) for step, lines in tables.items()
    )


@click.command(help=__doc__)
@click.argument("source", metavar="FILE.json", type=click.Path(exists=True, dir_okay=False))
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the tables.")
def main(source, lang):
    for clock, rows in grouped(json.loads(Path(source).read_text(encoding="utf-8"))["rows"], "clock").items():
        print(f"{TITLES[clock]}:\n\n{in_chinese(markdown(rows)) if lang == 'zh' else markdown(rows)}\n")


if __name__ == "__main__":
    console.run(main, prints=True)

"""The results of a comparison as a table for a paper, in LaTeX (booktabs) and in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

import metrics
from reporting import summary, words
from reporting.markdown import in_markdown
from reporting.numbers import aligned, in_digits
from reporting.table import is_class_share

SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
SPECIAL |= {character: "\\" + character for character in "&%$#_{}"} | {"–": "--"}
DIED = {"en": " ({} died)", "zh": "（{} 次出错终止）"}
TRIAL = {"en": "A trial: these numbers prove nothing.", "zh": "这只是试运行，这些数字不能证明任何结论。"}
ARROWS = {"lower": ("↓", r"$\downarrow$"), "higher": ("↑", r"$\uparrow$"), "": ("", "")}
WIDE = r"\resizebox{\linewidth}{!}{\input{results}}"
PACKAGES = {
    "en": rf"needs \usepackage{{booktabs}}; if it is too wide: {WIDE} of graphicx",
    "zh": rf"需要 \usepackage{{booktabs}} 和 \usepackage{{ctex}}，用 XeLaTeX 编译；太宽时用 graphicx 的 {WIDE}",
}
HEAD = """% {note}
% {packages}
\\begin{{tabular}}{{@{{}}l{columns}@{{}}}}
\\toprule
"""


def latex(results: dict, lang: str) -> str:
    """A tabular environment for \\input, and as comments what stands in it."""
    names, costs, scores = _rows(results, lang)
    text = HEAD.format(note=note(results, lang), packages=PACKAGES[lang], columns="r" * (len(names) - 1))
    line = lambda cells: " & ".join(cells) + r" \\"  # noqa: E731
    lines = [line(map(escaped, names)), r"\midrule", *(line(map(escaped, row)) for row in costs)]
    lines += [r"\midrule"] if scores else []
    for name, direction, cells, best in scores:
        shown = [_in_math(cell, number == best) for number, cell in enumerate(cells)]
        lines.append(line([f"{escaped(name)} {ARROWS[direction][1]}".strip(), *shown]))
    return text + "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def markdown(results: dict, lang: str) -> str:
    names, costs, scores = _rows(results, lang)
    lines = [names, *costs]
    for name, direction, cells, best in scores:
        shown = [f"**{cell}**" if number == best else cell for number, cell in enumerate(cells)]
        lines.append([f"{name} {ARROWS[direction][0]}".strip(), *shown])
    return "\n".join([in_markdown(lines, right=range(1, len(names))), "", note(results, lang), ""])


def note(results: dict, lang: str) -> str:
    """The sentence below a table: what was trained and scored how, and what ± and bold mean."""
    data_name, samples = results["data"], results.get("samples")
    trial, bold = results.get("summary", {}).get("trial"), any(summary.marked(results).values())
    several = any(len(group["seeds"]) > 1 for group in results["groups"])
    if lang == "zh":
        parts = ["各种子的均值 ± 标准差" if several else "单个种子"]
        parts += [f"数据：{data_name}"] + ([f"每个生成器取 {samples:,} 个样本评分"] if samples else [])
        parts += ["真实数据一列为留出数据的得分，± 为各组样本之间的标准差"]
        parts += ["加粗：与其他模型的区间均不重叠的最佳值"] if bold else []
        return "；".join(parts) + "。" + (TRIAL[lang] if trial else "")
    parts = [f"{'Mean ± standard deviation over the seeds' if several else 'One seed'}, {data_name}"]
    parts += [f"{samples:,} samples of each generator"] if samples else []
    parts += ["real data: held-out items in place of samples, ± over draws"]
    parts += ["bold: the best, where its interval overlaps no other's"] if bold else []
    return "; ".join(parts) + "." + (" " + TRIAL[lang] if trial else "")


def _rows(results, lang):
    """(heading, rows of costs, rows of scores as (name, direction, cells, place of the best)) as texts."""
    groups, real, marked = results["groups"], words.of("real data", lang), summary.marked(results)
    seeds = [in_ranges(group["seeds"]) + (DIED[lang].format(group["died"]) if group["died"] else "") for group in groups]
    costs = [[words.of("seeds", lang), *seeds, ""]]
    clock = results["clock"]
    costs.append([words.of_axis("step", clock, lang), *(in_digits(round(group["steps"])) for group in groups), ""])
    costs.append([words.of_axis("minutes", clock, lang), *(in_digits(group["minutes"], 3) for group in groups), ""])
    scores = []
    for name in (name for name in results["floor"] if not is_class_share(name)):
        cells = [_cell(group, name) for group in groups]
        floor = results["floor"][name]
        best = next((at for at, group in enumerate(groups) if group["label"] == marked.get(name)), None)
        row = [*cells, aligned(floor["value"], floor["deviation"])]
        scores.append((words.of_value(name, lang), metrics.direction(name), row, best))
    return ["", *(group["label"] for group in groups), real], costs, scores


def _cell(group, name):
    row = group["metrics"].get(name)
    if row is None:
        return "–"
    fewer = f" ({row['seeds']})" if row["seeds"] < len(group["seeds"]) - group["died"] else ""
    return aligned(row["mean"], row["deviation"]) + fewer


def in_ranges(numbers: Sequence[int]) -> str:
    """'0–2, 5' for 0, 1, 2, 5."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def escaped(text: str) -> str:
    """`text` for LaTeX."""
    return "".join(SPECIAL.get(character, character) for character in text)


def _in_math(cell, bold):
    """A number, or mean ± deviation, in math mode; 1.2e-07 as 1.2 · 10⁻⁷."""
    if cell == "–":
        return "--"
    formula = re.sub(
        r"e([+-]\d+)", lambda power: rf" \cdot 10^{{{int(power[1])}}}", cell.replace("±", r"\pm").replace(",", "{,}")
    )
    return rf"$\mathbf{{{formula}}}$" if bold else f"${formula}$"

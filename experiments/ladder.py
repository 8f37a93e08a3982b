"""Do the metrics order what a person would order? `python -m experiments.ladder RUN --data mnist --data-dir DIR`

Scores real test images, the same with 10 % noise, a trained and a half-trained generator, pure noise; then real images of
half of the classes and copies of training images. Puts the table into metrics.md and zh/metrics.md, between their two
marks, and ladder.png beside the first, and says whether each step of the ladder is larger than three deviations.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

from itertools import pairwise
from pathlib import Path

import click
import numpy as np
from matplotlib.figure import Figure

import data
import metrics
from data.dataset import crop_to, to_uint8
from errors import UserError
from reporting import console, figures
from reporting.markdown import between_marks
from reporting.numbers import plus_minus
from reporting.samples import noise
from storage import writing
from training import checkpoint, run, runtime

NAMES = ("frechet", "kid", "prdc", "classes", "w1", "swd", "memorised")
ORDERED = ("fd_lenet", "kid", "coverage", "w1")  # what must rise or fall with every rung
LINEAR = {"fd_lenet": 1, "kid": 0.1}  # below this their axes are linear, above logarithmic
SHOWN: tuple[str, ...] = ("fd_lenet", "kid", "precision", "recall", "density", "coverage", "classes_found", "class_kl")
SHOWN += ("confidence", "classifier_score", "w1", "swd", "memorised_share", "nearest_ratio")
# the table's words in zh/metrics.md
CHINESE = {
    "Against ": "与 ",
    ", draws of ": " 比较，每组 ",
    "; mean ± standard deviation over draws.": " 个样本；各组的均值 ± 标准差。",
    "baseline of real data": "参考值（真实数据得分）",
    "real test images": "真实测试图像",
    "the same, ": "同上，加 ",
    " % noise": " % 噪声",
    "WGAN, step ": "WGAN，步数 ",
    "real, digits 0–4 only": "真实图像，只有数字 0–4",
    "copies of training images": "训练图像的复制品",
    "→ noise": "→ 噪声",
    "| noise": "| 噪声",
    "What single measures catch:": "单项指标看得出什么：",
    "Gaps between neighbouring rungs of the first five, in units of the larger standard deviation of the two:": (
        "前五级中相邻两级的间隔，以两者中较大的标准差为单位："
    ),
}
STEPS = 5  # rungs of the ladder; what follows are tests of single metrics


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source", metavar="RUN")
@click.option("--data", "data_name", default="mnist-5k", show_default=True, metavar="NAME", help="mnist-5k or mnist.")
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie.")
@click.option("--samples", type=click.IntRange(100), default=5000, show_default=True, metavar="N")
@click.option("--half", type=int, metavar="STEP", help="The half-trained checkpoint, by default the one nearest to half.")
@click.option("--out", default="docs", show_default=True, metavar="DIR", help="Folder of metrics.md and ladder.png.")
def main(source, data_name, data_dir, samples, half, out):
    if data_name not in ("mnist-5k", "mnist"):
        raise UserError(f"--data {data_name}: allowed are mnist-5k and mnist")
    folder, last = run.find_checkpoint(source)
    steps = checkpoint.list_steps(folder or Path())
    end = checkpoint.read_state(last)["step"]
    earlier = [step for step in steps if 0 < step < end]
    if folder is None or not earlier:
        raise UserError(f"{source}: wants a run with an earlier checkpoint than its last")
    half = half or min(earlier, key=lambda step: abs(step - end / 2))
    if half not in steps:
        raise UserError(f"--half {half}: {folder} has the checkpoints {', '.join(map(str, steps))}")
    writing.check_writable(out)
    dataset = data.load(data_name, data_dir)
    print(runtime.start("cpu"))

    rungs = ladder(dataset, {end: last, half: checkpoint.path_of(folder, half)}, end, half, samples)
    scores = {}
    for name, images in rungs.items():
        scores[name] = metrics.evaluate(images, dataset, NAMES)
        print(f"{name}: " + ", ".join(f"{v} {scores[name][v]['value']:.4g}" for v in ORDERED), flush=True)
    gaps = gaps_of(scores)
    page, table = Path(out) / "metrics.md", in_markdown(scores, gaps, dataset, samples)
    for path, text in ((page, table), (Path(out) / "zh" / "metrics.md", in_chinese(table))):
        if not path.exists():
            writing.write_text(path, "<!-- ladder -->\n<!-- end of ladder -->\n")
        writing.write_text(path, between_marks(path, "ladder", text))
    draw(Path(out) / "ladder.png", rungs, scores)
    print(in_words(gaps))
    print(page)
    return 0 if all(gap > 3 for row in gaps.values() for gap in row) else 1


def ladder(dataset, paths, end, half, samples):
    """{rung: uint8 N×1×28×28}, from best to worst, then the single tests."""
    from training.sampling import generate
    from training.trainer import rebuild

    rng = np.random.default_rng(0)
    test, train = (crop_to(x, dataset.native_size) for x in (dataset.heldout, dataset.train))
    made = {}
    for step, path in paths.items():
        trainer, _ = rebuild(path)
        made[step] = crop_to(to_uint8(generate(trainer.sampler, noise(0, samples, trainer.recipe.latent))), dataset.native_size)
    noisy = np.clip(np.rint(test + rng.normal(0, 25.5, test.shape)), 0, 255).astype(np.uint8)
    classes = dataset.heldout_labels < 5
    return {
        "real test images": test,
        "the same, 10 % noise": noisy,
        f"WGAN, step {end:,}": made[end],
        f"WGAN, step {half:,}": made[half],
        "noise": rng.integers(0, 256, (samples, *test.shape[1:]), dtype=np.uint8),
        "real, digits 0–4 only": test[classes],
        "copies of training images": train[rng.permutation(len(train))[:samples]],
    }


def deviation(row):
    """Standard deviation of a value over draws; where there was only one draw, that of real data."""
    return row["deviation"] if row["deviation"] is not None else row["floor_deviation"]


def gaps_of(scores):
    """{value: signed gaps between neighbouring rungs, in units of the larger deviation}; above 0 in the right order."""
    rungs, gaps = list(scores.values())[:STEPS], {}
    for value in ORDERED:
        sign = 1 if metrics.direction(value) == "lower" else -1
        pairs = [(a[value], b[value]) for a, b in pairwise(rungs)]
        gaps[value] = [sign * (b["value"] - a["value"]) / max(deviation(a), deviation(b), 1e-12) for a, b in pairs]
    return gaps


def in_words(gaps):
    lines = []
    for value, row in gaps.items():
        verdict = "in order" if min(row) > 3 else "NOT in order"
        lines.append(f"{value}: {verdict}, gaps of {', '.join(f'{gap:.1f}' for gap in row)} standard deviations")
    return "\n".join(lines)


def in_markdown(scores, gaps, dataset, samples):
    draw_size = min(metrics.BLOCK, samples, len(dataset.heldout))
    lines = [f"Against {dataset.name}, draws of {draw_size:,}; mean ± standard deviation over draws.", ""]
    lines += [*table_of(scores, list(scores)[:STEPS], "<br><sub>±\u00a0{}</sub>"), "", "What single measures catch:", ""]
    lines += table_of(scores, list(scores)[STEPS:], "\u00a0±\u00a0{}")
    lines += ["", "Gaps between neighbouring rungs of the first five, in units of the larger standard deviation of the two:", ""]
    rungs = list(scores)[:STEPS]
    lines += ["| | " + " | ".join(f"{a} → {b}" for a, b in pairwise(rungs)) + " |", "| --- |" + " ---: |" * (STEPS - 1)]
    lines += [f"| {value} | " + " | ".join(f"{gap:.1f}" for gap in row) + " |" for value, row in gaps.items()]
    return "\n".join(lines) + "\n"


def table_of(scores, rungs, deviation):
    """One line a value: the baseline and each rung's mean, the deviation behind it in the form that is given."""
    first = next(iter(scores.values()))
    lines = ["| | baseline of real data | " + " | ".join(rungs) + " |", "| --- |" + " ---: |" * (1 + len(rungs))]
    for value in SHOWN:
        rows = [scores[rung][value] for rung in rungs]
        pairs = [(first[value]["floor"], first[value]["floor_deviation"]), *((row["value"], row["deviation"]) for row in rows)]
        cells = [plus_minus({"mean": mean, "deviation": each}).partition(" ± ") for mean, each in pairs]
        lines.append(f"| {value} | " + " | ".join(mean + deviation.format(each) * bool(each) for mean, _, each in cells) + " |")
    return lines


def in_chinese(table: str) -> str:
    for english, chinese in CHINESE.items():
        table = table.replace(english, chinese)
    return table


def draw(path, rungs, scores):
    """A row a rung: eight samples, then where it stands in four metrics."""
    names = list(scores)
    figure = Figure(figsize=(13, 0.75 * len(names) + 0.8), dpi=110)
    axes = figure.subplots(1, 1 + len(ORDERED), gridspec_kw={"width_ratios": [4.6] + [2] * len(ORDERED)})
    rng = np.random.default_rng(1)
    size = 28
    sheet = np.full((len(names) * (size + 4), 8 * (size + 2)), 255, np.uint8)
    for row, name in enumerate(names):
        some = rungs[name][rng.permutation(len(rungs[name]))[:8], 0]
        for column, image in enumerate(some):
            top, left = row * (size + 4) + 2, column * (size + 2) + 1
            sheet[top : top + size, left : left + size] = image
    axes[0].imshow(sheet, cmap="gray", vmin=0, vmax=255, aspect="auto", extent=(0, 1, len(names) - 0.5, -0.5))
    axes[0].set(yticks=range(len(names)), yticklabels=names, xticks=[])
    for axis, value in zip(axes[1:], ORDERED):
        rows = [scores[name][value] for name in names]
        colours = ["tab:blue"] * STEPS + ["tab:orange"] * (len(names) - STEPS)
        for y, (row, colour) in enumerate(zip(rows, colours)):
            axis.errorbar(row["value"], y, xerr=row["deviation"], fmt="o", color=colour, markersize=5, capsize=3)
        axis.axvline(rows[0]["floor"], color="0.5", linewidth=1, linestyle=":")
        axis.set(ylim=(len(names) - 0.5, -0.5), yticks=[], title=f"{value} ({metrics.direction(value)} is better)")
        if value in ("fd_lenet", "kid"):
            axis.set_xscale("symlog", linthresh=LINEAR[value])
            ticks = [0, *(LINEAR[value] * 10**k for k in range(5))]
            axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.set_xticks([], minor=True)
            axis.set_xlim(-0.5 * LINEAR[value], 3 * max(row["value"] for row in rows))
        axis.title.set_fontsize(9)
        axis.tick_params(labelsize=8)
        axis.grid(axis="x", alpha=0.3)
    for axis in axes:
        axis.axhline(STEPS - 0.5, color="0.3", linewidth=0.8)
    figure.text(0.99, 0.01, "dotted: the baseline, real test images against training images", ha="right", fontsize=8)
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    figures.save(figure, path)


if __name__ == "__main__":
    console.run(main)

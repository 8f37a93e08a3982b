"""The seed post's listing, whose critic is never clipped."""

from typing import Any

from experiments import FAILS, HOLDS, IN_PART, figures, robust_architectures, training_runs
from experiments.numeric import mean_and_deviation
from experiments.store import label_key

ABOUT = {
    "title": "What does it cost to throw the clipping away, as the seed post's listing does?",
    "title_zh": "像本项目参照的 PaperWeekly 博文的代码那样丢掉权重裁剪，代价是什么？",
    "claim": """The seed post of 2018 clips by elementwise_max and elementwise_min but uses neither's result, so that its critic
        is never clipped, and trains critic and generator one to one; it reports that WGAN does slightly better than the original
        GAN and is more stable all the same. Algorithm 1 (Wasserstein GAN, 1701.07875) clips after each of five critic steps.""",
    "refuted_by": """the listing's way ending with as good an fd_lenet as algorithm 1's at equal critic steps and at equal
        generator steps, and with an estimate that still stays in bounds.""",
    "run": """wgan on dcgan with 16 filters, mnist-5k, RMSProp 5e-5, three seeds: with clipping and without, with five critic
        steps and with one, 1,500 generator steps each; and the listing's way again with five times as many generator steps, which
        is as many critic steps.""",
    "cost": """35 minutes on one core of an AMD EPYC (Zen 4), a quarter of it robust_architectures' wgan if that has been carried
        out.""",
}

VALUES = ("fd_lenet", "coverage", "classes_found", "class_kl")
RIGHT, LISTING, LONGER = "clipped 5:1", "not clipped 1:1", "not clipped 1:1 longer"


def cells(quick):
    _, right = robust_architectures.cells(quick)[robust_architectures.WGAN]
    once = {"n_critic": 1}
    longer = {**right, **{key: 5 * right[key] for key in ("steps", "sample_every", "checkpoint_every", "log_every")}}
    return {
        "clipped 1:1": ("wgan", {**right, **once}),
        "not clipped 5:1": ("wgan", {**right, "clip": None}),
        LISTING: ("wgan", {**right, **once, "clip": None}),
        LONGER: ("wgan", {**longer, **once, "clip": None}),
    }


def measure(store):
    trained = {RIGHT: robust_architectures.runs(store, [robust_architectures.WGAN])[robust_architectures.WGAN]}
    trained |= training_runs.runs(store, cells(store.quick), tiles=32)
    numbers: dict[str, Any] = {"cells": {}}
    for label, group in trained.items():
        curves = [run["curves"] for run in training_runs.alive(group)]
        row = training_runs.summary(group, VALUES)
        row["curves"] = {"step": curves[0]["step"], "estimate": [curve["estimate"] for curve in curves]} if curves else {}
        row["last_estimate"] = mean_and_deviation([curve["estimate"][-1] for curve in curves])
        row["gradient_norm"] = mean_and_deviation([curve["gradient_norm"][-1] for curve in curves])
        numbers["cells"][label] = row
    return numbers


def judge(numbers):
    """Whether the listing loses what algorithm 1 has."""
    right, *others = (numbers["cells"][label] for label in (RIGHT, LISTING, LONGER))
    quality, bound = right["fd_lenet"]["mean"], 100 * abs(right["last_estimate"]["mean"])
    worse = [row["fd_lenet"]["mean"] is None or row["fd_lenet"]["mean"] > quality for row in others]
    grows = [row["last_estimate"]["mean"] is None or abs(row["last_estimate"]["mean"]) > bound for row in others]
    return HOLDS if all(worse) and all(grows) else IN_PART if any(worse) or any(grows) else FAILS


def draw(numbers, store):
    cells = numbers["cells"]
    figure, axes = figures.new(1, len(cells) + 1, height=2.8, width_ratios=[2.2] + [1] * len(cells))
    for number, (label, row) in enumerate(cells.items()):
        if row["curves"]:
            curves = [[abs(estimate) + 1e-6 for estimate in curve] for curve in row["curves"]["estimate"]]
            figures.band(axes[0], row["curves"]["step"], curves, label, f"C{number}")
        fd = row["fd_lenet"]["mean"]
        if fd is not None:
            borrowed = label == RIGHT
            tiles = store.other("robust_architectures") if borrowed else store
            image = tiles.tile(label_key(robust_architectures.WGAN if borrowed else label))
            figures.picture(axes[number + 1], image[: 4 * 28, : 4 * 28], f"{label}\nfd_lenet {fd:.3g}")
            axes[number + 1].title.set_fontsize(8)
    axes[0].set(title="|estimate| on training images", xlabel="generator step", ylabel="|E f(x) − E f(G(z))|", yscale="log")
    axes[0].legend(fontsize=7)
    axes[0].grid(alpha=0.3)
    about = f"dcgan with 16 filters, mnist-5k, {figures.seeds_of(cells.values())}; samples: seed 0"
    figures.foot(figure, f"{about}; n:1 are critic steps a generator step")
    return figure

"""A critic that learns its few training images by heart (WGAN-GP, figure 5)."""

import contextlib
import dataclasses
from functools import partial
from typing import Any

import numpy as np

import data
from data.dataset import Dataset
from experiments import estimates, figures, run_groups, training_runs
from experiments.numeric import each, mean_and_deviation, t_interval
from reporting.curves import rank_correlation

ABOUT = {
    "title": "Does a critic that overfits show it in its loss?",
    "title_zh": "判别器过拟合时，损失看得出来吗？",
    "claim": """with 1,000 digits to train on, the critic's losses on training and validation images part from one another
        with clipping and with the penalty, since the critic overfits; with the penalty the one on training images goes on
        rising while the other falls (WGAN-GP, 1704.00028, on meaningful loss curves and overfitting, figure 5).""",
    "claim_zh": "只用 1,000 个手写数字训练时，无论裁剪还是惩罚，判别器都会过拟合，训练图像与验证图像上的损失逐渐分开；"
    "惩罚时前者继续上升而后者下降（WGAN-GP，1704.00028，关于有意义的损失曲线与过拟合一节、图 5）。",
    "run": """1,000 digits of mnist-5k drawn at random; wgan-gp and wgan with their recipes of configs/ (tuned says how they
        were found), 3,000 generator steps (critic steps: wgan-gp 12,000, wgan 3,000, so that the two cannot be compared), three
        seeds. At 15 checkpoints the estimate, minus the critic's loss without the penalty, of the 1,000 images trained on and
        of 1,000 held out, against the same samples; the gap is the difference of the two, relative to the first.""",
    "run_zh": "从 mnist-5k 随机取 1,000 个手写数字；wgan-gp 与 wgan 用 configs/ 的配置（来历见 tuned），"
    "3,000 个生成器步（判别器步：wgan-gp 12,000，wgan 3,000，因此两者不能相比），三个种子。15 "
    "个检查点上，用同样的样本分别计算 1,000 张训练图像和 1,000 张留出图像的估计值（不含惩罚的判别器损失取负）；"
    "两者之差除以前者为差距。",
    "core_seconds": 3600,
    "constants": "searched",
    "claims": {
        "penalty_gap": {
            "says": "On 1,000 digits a penalised critic tells the images it was trained on from others.",
            "says_zh": "只有 1,000 个手写数字时，带梯度惩罚的判别器能分辨训练图像与别的图像。",
            "quantity": "relative gap of the estimates of trained and held-out images at the end",
            "quantity_zh": "结束时训练图像与留出图像估计值的相对差距",
            "relation": "above",
            "threshold": 0.05,
        },
        "penalty_grows": {
            "says": "A penalised critic's preference for the images it was trained on grows through training.",
            "says_zh": "带梯度惩罚的判别器对训练图像的偏好在训练中增大。",
            "quantity": "relative gap at the end minus the one at the first checkpoint",
            "quantity_zh": "结束时的相对差距减去第一个检查点的",
            "relation": "above",
            "threshold": 0,
        },
        "penalty_train_rises": {
            "says": "On 1,000 digits a penalised critic's estimate of the images it was trained on goes on rising.",
            "says_zh": "只有 1,000 个手写数字时，带梯度惩罚的判别器对训练图像的估计值一直上升。",
            "quantity": "rank correlation of the estimate of trained images with the step, over the checkpoints",
            "quantity_zh": "各检查点上训练图像的估计值与步数的秩相关系数",
            "relation": "above",
            "threshold": 0,
            "after": True,
        },
        "penalty_heldout_falls": {
            "says": "On 1,000 digits a penalised critic's estimate of held-out images falls through training.",
            "says_zh": "只有 1,000 个手写数字时，带梯度惩罚的判别器对留出图像的估计值在训练中下降。",
            "quantity": "rank correlation of the estimate of held-out images with the step, over the checkpoints",
            "quantity_zh": "各检查点上留出图像的估计值与步数的秩相关系数",
            "relation": "below",
            "threshold": 0,
            "after": True,
        },
        "clip_gap": {
            "like": "penalty_gap",
            "says": "On 1,000 digits a clipped critic tells the images it was trained on from others.",
            "says_zh": "只有 1,000 个手写数字时，权重裁剪的判别器能分辨训练图像与别的图像。",
        },
    },
}

FEW, NAME = 1000, "mnist-1k"  # images that are trained on, and what the data set of them is called here
MODELS = {"wgan-gp": "penalty", "wgan": "clip"}  # recipe: in its claims' keys
SPLITS = ("trained", "heldout")  # of estimates.along


def thousand(name: str, data_dir: str | None, image_size: int) -> Dataset:
    """mnist-5k with FEW of its training digits, of a fixed seed; the held-out ones are all there."""
    whole = data.load("mnist-5k", data_dir, image_size)
    rows = np.sort(np.random.default_rng(0).permutation(len(whole.train))[:FEW])
    assert whole.labels is not None
    return dataclasses.replace(whole, name=name, train=whole.train[rows], labels=whole.labels[rows])


@contextlib.contextmanager
def few_digits():
    """Within this context NAME is a data set."""
    data.SOURCES[NAME] = dataclasses.replace(data.SOURCES["mnist-5k"], load=thousand)
    try:
        yield
    finally:
        del data.SOURCES[NAME]


@few_digits()
def measure(store):
    steps, marks, own = (10, 3, {"filters": 8}) if store.quick else (3000, 15, {})
    common = {"data": NAME, "keep_checkpoints": 1000, **own, **training_runs.schedule(steps, marks)}
    cells = {model: (model, common) for model in MODELS}
    look_at = partial(look, store)
    trained = training_runs.runs(store, cells, names=["frechet"], extra=look_at, recipe_of=training_runs.tuned)
    numbers: dict[str, Any] = {"steps": steps, "cells": {}, "claims": {}}
    gaps = {model: run_groups.by_seed(group, gap) for model, group in trained.items()}
    ranks = {
        model: {split: run_groups.by_seed(group, partial(rank, split)) for split in SPLITS} for model, group in trained.items()
    }
    for model, group in trained.items():
        curves = [run["extra"] for run in run_groups.alive(group)]
        summary = run_groups.summary(group, ("fd_lenet",))
        summary["rank"] = {split: mean_and_deviation(values.values()) for split, values in ranks[model].items()}
        numbers["cells"][model] = summary | {"gap": mean_and_deviation(gaps[model].values()), "curves": curves}
    for model, key in MODELS.items():
        numbers["claims"][f"{key}_gap"] = t_interval(gaps.get(model, {}))
    penalised = ranks.get("wgan-gp", {})
    for key, split in (("penalty_train_rises", "trained"), ("penalty_heldout_falls", "heldout")):
        numbers["claims"][key] = t_interval(penalised.get(split, {}), bound=1)
    grown = run_groups.by_seed(trained.get("wgan-gp", ()), lambda run: gap(run) - gap(run, 0))
    numbers["claims"]["penalty_grows"] = t_interval(grown)
    return numbers


def look(store, folder):
    return estimates.along(folder, training_runs.dataset_of(NAME, store.data_dir, 32))


def gap(run, mark=-1):
    """(estimate of trained images − of held-out ones) / |the former| at a checkpoint."""
    trained, heldout = run["extra"]["trained"][mark], run["extra"]["heldout"][mark]
    return (trained - heldout) / max(abs(trained), 1e-12)


def rank(split, run):
    """Spearman's correlation of the estimate of a split's images with the step."""
    return rank_correlation(run["extra"][split], run["extra"]["step"])


def draw(numbers, store):
    figure, axes = figures.new(1, len(MODELS), height=3.4, squeeze=False)
    for axis, model in zip(axes[0], MODELS):
        row = numbers["cells"].get(model)
        if not (row and row["curves"]):
            axis.axis("off")
            continue
        for seed, curve in enumerate(row["curves"]):
            label = "trained on" if seed == 0 else None
            axis.plot(curve["step"], curve["trained"], color=f"C{seed}", label=label)
            axis.plot(curve["step"], curve["heldout"], color=f"C{seed}", linestyle="--", label="held out" if label else None)
        axis.set(title=f"{model}: relative gap at the end {each(row['gap'], 2)}", xlabel="generator step")
        axis.set_ylabel("E f(x) − E f(G(z))")
        axis.legend(fontsize=8)
        axis.grid(alpha=0.3)
        axis.title.set_fontsize(10)
    seeds = figures.seeds_of(numbers["cells"].values())
    figures.foot(figure, f"{FEW:,} digits, searched recipes, {numbers['steps']:,} generator steps, {seeds}, a colour each")
    return figure

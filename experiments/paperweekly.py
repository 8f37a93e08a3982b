"""PaperWeekly's own comparison."""

from typing import Any

from experiments import figures, run_groups, training_runs
from experiments.numeric import each
from experiments.store import label_key

ABOUT = {
    "title": "What does PaperWeekly's own comparison show: its networks, GAN beside WGAN, ten epochs of MNIST?",
    "title_zh": "PaperWeekly 博文自己的比较（它的网络，GAN 与 WGAN，MNIST 十轮）说明了什么？",
    "claim": """WGAN does slightly better than the original GAN, its samples are slightly better, and it is more stable
        ("效果稍微好一些，生成质量稍微好一些，更稳定": the PaddlePaddle reproduction of 2018 by PaperWeekly, last section,
        below two grids of 64 digits).""",
    "claim_zh": "WGAN 比原始 GAN“效果稍微好一些，生成质量稍微好一些，更稳定”（2018 年 PaperWeekly 的 PaddlePaddle 复现，"
    "末节，两幅 64 个"
    "数字的图之下）。",
    "run": """the post's networks (paperweekly, 28×28), batch 128, ten epochs of real images for each: the non-saturating
        GAN with Adam 2e-4 one to one; WGAN as it should be, clipped, five critic steps, RMSProp 5e-5; and the post's WGAN
        as listed, one to one and not clipped. One seed, as in the post, so that no claim is decided:
        clipping_that_is_none judges the listing with several. An epoch is 468 critic steps, so that wgan's ten have a
        fifth of the GAN's generator steps. The post updates its critic on fake and on real images in two steps, here it
        is one.""",
    "run_zh": "博文的网络（paperweekly，28×28），每批 128，各跑十轮真实图像：非饱和 GAN，Adam 2e-4，1:1；正确的 WGAN，"
    "裁剪，五个判别器步，"
    "RMSProp 5e-5；博文代码原样的 WGAN，1:1，不裁剪。与博文一样只有一个种子，因此不下结论"
    "（clipping_that_is_none 用多个种子检验博文的代码）；一轮为 468 个判别器步，"
    "wgan 的十轮只有 GAN 五分之一的生成器步。"
    "博文在假图与真图上分两步更新判别器，"
    "这里合为一步。",
    "core_seconds": 11000,
    "constants": "the papers'",
    "claims": {},
}

VALUES = ("fd_lenet", "kid", "precision", "coverage", "classes_found", "class_kl")
EPOCHS, EPOCH = 10, 60_000 // 128


def cells(quick):
    total, checkpoints = (5, 2) if quick else (EPOCHS * EPOCH, EPOCHS)
    common = {"network": "paperweekly", "batch_size": 128, "image_size": 28, "data": "mnist-5k" if quick else "mnist"}
    one, fifth = ({**common, **training_runs.schedule(steps, checkpoints)} for steps in (total, total // 5))
    return {
        "gan": ("gan", one),
        "wgan": ("wgan", fifth),
        "wgan as listed": ("wgan", {**one, "n_critic": 1, "clip": None}),
    }


def measure(store):
    # its generator takes a minute for 5,000 samples
    quick: dict[str, Any] = {"names": ["frechet", "classes"], "samples": 300} if store.quick else {}
    trained = training_runs.runs(store, cells(store.quick), 1, tiles=64, **quick)
    rows = {label: run_groups.summary(group, VALUES) for label, group in trained.items()}
    for label, group in trained.items():
        for run in run_groups.alive(group):
            rows[label] |= {"way_steps": run["on_the_way"]["step"], "way_fd": run["on_the_way"]["fd_lenet"]}
    return {"epochs": EPOCHS, "floor": run_groups.real_baseline(trained), "cells": rows, "claims": {}}


def draw(numbers, store):
    cells = {label: row for label, row in numbers["cells"].items() if not row["died"]}
    figure, axes = figures.new(1, len(cells) + 1, height=3.2, width_ratios=[1.1] + [1] * len(cells))
    for axis, (label, row) in zip(axes[1:], cells.items()):
        figures.picture(axis, store.tile(label_key(label)), f"{label}\nfd_lenet {each(row['fd_lenet'])}")
        epochs = [numbers["epochs"] * step / row["way_steps"][-1] for step in row["way_steps"][1:]]
        axes[0].plot(epochs, row["way_fd"][1:], marker="o", markersize=3, label=label)
    axes[0].set(title="through the epochs", xlabel="epoch of critic steps", ylabel="fd_lenet of 1,000 samples", yscale="log")
    axes[0].legend(fontsize=8)
    axes[0].grid(alpha=0.3)
    figures.foot(figure, "the post's networks, MNIST, batch 128, seed 0, equal numbers of critic steps")
    return figure

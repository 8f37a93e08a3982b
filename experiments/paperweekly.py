"""The seed post's own comparison: its networks, GAN beside WGAN, ten epochs of MNIST.

Claim: WGAN does slightly better than the original GAN, its samples are slightly better, and it is more stable
("效果稍微好一些，生成质量稍微好一些，更稳定": the PaddlePaddle reproduction of 2018 by PaperWeekly, last section, below two
grids of 64 digits).

Refuted by: an fd_lenet of the clipped WGAN that is not below the GAN's at the end of the ten epochs.

Run: the post's networks (paperweekly, 28×28), batch 128, ten epochs of real images for each: the non-saturating GAN with Adam
2e-4 one to one; WGAN as it should be, clipped, five critic steps, RMSProp 5e-5; and the post's WGAN as listed, one to one and
not clipped. One seed, as in the post: an epoch is 468 critic steps. The post updates its critic on fake and on real images in
two steps, here it is one.

Cost: about three hours on one core of an AMD EPYC (Zen 4).
"""

from experiments import FAILS, HOLDS, figures, training_runs

VALUES = ("fd_lenet", "kid", "precision", "coverage", "classes_found", "class_kl")
EPOCHS, EPOCH = 10, 60_000 // 128


def cells(quick):
    total = 5 if quick else EPOCHS * EPOCH
    common = {"network": "paperweekly", "batch_size": 128, "image_size": 28, "data": "mnist-5k" if quick else "mnist"}

    def of(n_critic):
        steps = total // n_critic
        looks = {
            "checkpoint_every": -(-steps // (2 if quick else EPOCHS)),
            "sample_every": steps,
            "log_every": max(1, steps // 100),
        }
        return {**common, "steps": steps, **looks}

    return {
        "gan": ("gan", of(1)),
        "wgan": ("wgan", of(5)),
        "wgan as listed": ("wgan", {**of(1), "n_critic": 1, "clip": None}),
    }


def measure(store):
    names = ["frechet", "classes"] if store.quick else None  # its generator takes a minute for 5,000 samples
    found = training_runs.runs(store, cells(store.quick), 1, samples=300 if store.quick else 5000, names=names, tiles=64)
    floor = next((group[0]["floors"] for group in found.values() if "died" not in group[0]), {})
    rows = {label: training_runs.summary(group, VALUES) for label, group in found.items()}
    numbers = {"epochs": EPOCHS, "floor": floor, "cells": rows}
    for label, group in found.items():
        if "died" not in group[0]:
            way = group[0]["on_the_way"]
            numbers["cells"][label] |= {"way_steps": way["step"], "way_fd": way["fd_lenet"]}
    return numbers


def judge(numbers):
    cells = numbers["cells"]
    if "gan" not in cells or "wgan" not in cells:
        return FAILS
    return HOLDS if cells["wgan"]["fd_lenet"]["mean"] < cells["gan"]["fd_lenet"]["mean"] else FAILS


def draw(numbers, store):
    cells = {label: row for label, row in numbers["cells"].items() if not row["died"]}
    figure, axes = figures.new(1, len(cells) + 1, height=3.2, width_ratios=[1.1] + [1] * len(cells))
    for axis, (label, row) in zip(axes[1:], cells.items()):
        figures.picture(axis, store.tile(f"{label.replace(' ', '-')}-s0"), f"{label}\nfd_lenet {row['fd_lenet']['mean']:.3g}")
        epochs = [numbers["epochs"] * step / row["way_steps"][-1] for step in row["way_steps"][1:]]
        axes[0].plot(epochs, row["way_fd"][1:], marker="o", markersize=3, label=label)
    axes[0].set(title="through the epochs", xlabel="epoch of critic steps", ylabel="fd_lenet of 1,000 samples", yscale="log")
    axes[0].legend(fontsize=8)
    axes[0].grid(alpha=0.3)
    figures.foot(figure, "the post's networks, MNIST, batch 128, seed 0, equal numbers of critic steps")
    return figure

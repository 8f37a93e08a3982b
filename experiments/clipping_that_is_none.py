"""What does it cost to throw the clipping away, as the seed post's listing does?

Claim: The seed post of 2018 clips by elementwise_max and elementwise_min but uses neither's result, so that its critic is never
clipped, and trains critic and generator one to one; it reports that WGAN does slightly better than the original GAN and is more
stable all the same. Algorithm 1 (Wasserstein GAN, 1701.07875) clips after each of five critic steps.

Refuted by: the listing's way ending with as good an fd_lenet as algorithm 1's at equal critic steps and at equal generator
steps, and with an estimate that still stays in bounds.

Run: wgan on dcgan with 16 filters, mnist-5k, RMSProp 5e-5, three seeds: with clipping and without, with five critic steps and
with one, 1,500 generator steps each; and the listing's way again with five times as many generator steps, which is as many
critic steps.

Cost: 35 minutes on one core of an AMD EPYC (Zen 4), a quarter of it robust_architectures' wgan if that has been carried out.
"""

from experiments import FAILS, HOLDS, IN_PART, figures, robust_architectures, training_runs

VALUES = ("fd_lenet", "coverage", "classes_found", "class_kl")
RIGHT, LISTING, LONGER = "clipped 5:1", "not clipped 1:1", "not clipped 1:1 longer"


def cells(quick):
    _, right = robust_architectures.cells(quick)["wgan dcgan"]
    once = {"n_critic": 1}
    longer = {**right, **{key: 5 * right[key] for key in ("steps", "sample_every", "checkpoint_every", "log_every")}}
    return {
        "clipped 1:1": ("wgan", {**right, **once}),
        "not clipped 5:1": ("wgan", {**right, "clip": None}),
        LISTING: ("wgan", {**right, **once, "clip": None}),
        LONGER: ("wgan", {**longer, **once, "clip": None}),
    }


def measure(store):
    samples = 1000 if store.quick else 5000
    pool = store.other("robust_architectures")
    right = {"wgan dcgan": robust_architectures.cells(store.quick)["wgan dcgan"]}
    seeds = 1 if store.quick else 3
    found = {RIGHT: training_runs.runs(pool, right, seeds, samples=samples, tiles=32)["wgan dcgan"]}
    found |= training_runs.runs(store, cells(store.quick), seeds, samples=samples, tiles=32)
    numbers = {"cells": {}}
    for label, group in found.items():
        alive = [run for run in group if "died" not in run]
        curves = {"step": alive[0]["curves"]["step"], "estimate": [run["curves"]["estimate"] for run in alive]} if alive else {}
        row = training_runs.summary(group, VALUES) | {"curves": curves}
        row["last_estimate"] = training_runs.spread([run["curves"]["estimate"][-1] for run in alive])
        row["gradient_norm"] = training_runs.spread([run["curves"]["gradient_norm"][-1] for run in alive])
        numbers["cells"][label] = row
    return numbers


def judge(numbers):
    """Whether the listing loses what algorithm 1 has."""
    cells = numbers["cells"]
    right, listing, longer = (cells[label] for label in (RIGHT, LISTING, LONGER))
    worse = [
        other["fd_lenet"]["mean"] is None or other["fd_lenet"]["mean"] > right["fd_lenet"]["mean"] for other in (listing, longer)
    ]
    bound = right["last_estimate"]["mean"]
    grows = [
        other["last_estimate"]["mean"] is None or abs(other["last_estimate"]["mean"]) > 100 * abs(bound)
        for other in (listing, longer)
    ]
    return HOLDS if all(worse) and all(grows) else IN_PART if any(worse) or any(grows) else FAILS


def draw(numbers, store):
    cells = numbers["cells"]
    figure, axes = figures.new(1, len(cells) + 1, height=2.8, width_ratios=[2.2] + [1] * len(cells))
    for number, (label, row) in enumerate(cells.items()):
        if row["curves"]:
            curves = row["curves"]["estimate"]
            figures.band(axes[0], row["curves"]["step"], [[abs(v) + 1e-6 for v in c] for c in curves], label, f"C{number}")
        place = store.other("robust_architectures") if label == RIGHT else store
        key = "wgan-dcgan-s0" if label == RIGHT else f"{label.replace(' ', '-')}-s0"
        fd = row["fd_lenet"]["mean"]
        if fd is not None:
            figures.picture(axes[number + 1], place.tile(key)[: 4 * 28, : 4 * 28], f"{label}\nfd_lenet {fd:.3g}")
            axes[number + 1].title.set_fontsize(8)
    axes[0].set(title="|estimate| on training images", xlabel="generator step", ylabel="|E f(x) − E f(G(z))|", yscale="log")
    axes[0].legend(fontsize=7)
    axes[0].grid(alpha=0.3)
    seeds = " or ".join(map(str, sorted({row["seeds"] for row in cells.values()})))
    figures.foot(
        figure, f"dcgan with 16 filters, mnist-5k, {seeds} seeds; samples: seed 0; n:1 are critic steps a generator step"
    )
    return figure

"""Does WGAN find modes that a GAN loses?

Claim: "In no experiment did we see evidence of mode collapse for the WGAN algorithm." (Wasserstein GAN, 1701.07875, section
4.3); the seed posts say that it "basically solves" mode collapse.

Refuted by: a WGAN, clipped or penalised, that ends with fewer modes than the GAN on any of the sets below.

Run: gan, wgan and wgan-gp with their own recipes (gan_toy.py's: lambda 0.1 on points), mlp of 128 units, batch 256, on the
eight and 25 Gaussians and the Swiss roll, equal critic steps: 2,000 generator steps with five critic steps each, 10,000 of gan
with one; three seeds. Since algorithm 1's step size of 5e-5 is made for ten times as many steps, wgan again with 5e-4 and c =
0.1. Stacked MNIST, three digits as colours, 1,000 modes: the three models on dcgan with 16 filters, 1,000 generator steps (gan
5,000), 25,600 samples, one seed.

Cost: 32 minutes on one core of an AMD EPYC (Zen 4).
"""

import numpy as np

from data import toys
from experiments import FAILS, HOLDS, IN_PART, critics, figures, training_runs
from experiments.store import spread

SETS = ("8gaussians", "25gaussians", "swissroll")
MODES = {"8gaussians": 8, "25gaussians": 25}
MODELS = {
    "gan": ("gan", {}),
    "wgan": ("wgan", {}),
    "wgan faster": ("wgan", {"learning_rate": 5e-4, "clip": 0.1}),
    "wgan-gp": ("wgan-gp", {}),
}
POINTS = ("modes_found", "good_share", "w1")
GRID, SHOWN = 33, 300


def steps_of(model, steps):
    steps = steps * (5 if model == "gan" else 1)
    return {"steps": steps, "checkpoint_every": -(-steps // 5), "sample_every": steps, "log_every": max(1, steps // 100)}


def measure(store):
    seeds, steps = (1, 10) if store.quick else (3, 2000)
    numbers = {"seeds": seeds, "sets": {}, "surfaces": {}}
    for data in SETS:
        cells = {
            f"{data} {label}": (model, {"data": data, "units": 128, **steps_of(model, steps), **own})
            for label, (model, own) in MODELS.items()
        }
        found = training_runs.runs(store, cells, seeds, samples=1000 if store.quick else 5000, extra=landscape)
        values = [value for value in POINTS if value == "w1" or data in MODES]
        numbers["sets"][data] = {label.split(" ", 1)[1]: training_runs.summary(group, values) for label, group in found.items()}
        numbers["surfaces"][data] = {
            label.split(" ", 1)[1]: group[0]["extra"] for label, group in found.items() if "extra" in group[0]
        }
        numbers["sets"][data]["floor"] = next(run["floors"] for group in found.values() for run in group if "floors" in run)
    common = {"data": "stacked-mnist", "filters": 8 if store.quick else 16}
    cells = {f"stacked {m}": (m, {**common, **steps_of(m, 4 if store.quick else 1000)}) for m in ("gan", "wgan", "wgan-gp")}
    stacked = training_runs.runs(store, cells, 1, samples=1000 if store.quick else 25_600, names=["stacked"], tiles=8)
    numbers["stacked"] = {
        label.split(" ", 1)[1]: {
            value: spread([run["scores"].get(value) for run in group]) for value in ("stacked_modes", "stacked_kl")
        }
        for label, group in stacked.items()
    }
    return numbers


def landscape(folder):
    """Where the samples lie, and the critic's values around them on a square grid, from 0 to 1."""
    from training import run
    from training.sampling import sample
    from training.trainer import rebuild

    trainer, _ = rebuild(run.find_checkpoint(folder)[1])
    axis = np.linspace(-2.2, 2.2, GRID, dtype=np.float32)
    trainer.critic.eval()
    values = critics.values(trainer.critic, np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)).reshape(GRID, GRID)
    low, high = values.min(), values.max()
    points = sample(trainer, "fixed noise", SHOWN)
    return {
        "surface": np.round((values - low) / max(high - low, 1e-12), 2).astype(float),
        "points": np.round(points.astype(float), 2),
    }


def judge(numbers):
    """Modes of a WGAN, in the mean over seeds, are not fewer than the GAN's."""
    verdicts = []
    for data in MODES:
        rows = numbers["sets"][data]
        for model in ("wgan", "wgan-gp"):
            verdicts.append(rows[model]["modes_found"]["mean"] >= rows["gan"]["modes_found"]["mean"])
    stacked = numbers["stacked"]
    if "gan" in stacked:
        verdicts += [
            stacked[m]["stacked_modes"]["mean"] >= stacked["gan"]["stacked_modes"]["mean"]
            for m in ("wgan", "wgan-gp")
            if m in stacked
        ]
    return HOLDS if all(verdicts) else IN_PART if any(verdicts) else FAILS


def draw(numbers, store):
    figure, axes = figures.new(3, 4, height=2.75)
    axis_of = np.linspace(-2.2, 2.2, GRID)
    for row, data in enumerate(SETS):
        for column, label in enumerate(MODELS):
            axis = axes[row][column]
            axis.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2], xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal")
            axis.tick_params(labelsize=7)
            shown, found = numbers["surfaces"][data].get(label), numbers["sets"][data].get(label)
            if not shown:
                axis.axis("off")
                continue
            axis.contourf(axis_of, axis_of, shown["surface"], 12, cmap="Greys_r", alpha=0.6)
            axis.scatter(*toys.draw(data, 500, np.random.default_rng(0)).T, s=1, color="tab:blue", linewidths=0)
            axis.scatter(*np.array(shown["points"]).T, s=3, color="tab:orange", linewidths=0)
            modes = f"{found['modes_found']['mean']:.3g} of {MODES[data]} modes, " if data in MODES else ""
            axis.set_title(f"{data}, {label}\n{modes}W1 {found['w1']['mean']:.2f}", fontsize=8)
    stacked = ", ".join(f"{m} {row['stacked_modes']['mean']:.0f}" for m, row in numbers["stacked"].items())
    about = f"samples (orange) and data (blue) over the critic's values, seed 0; numbers: {numbers['seeds']} seeds"
    figures.foot(figure, f"{about}. Stacked MNIST, modes of 1,000: {stacked}")
    return figure

"""Modes found among points and on stacked MNIST (Wasserstein GAN, section 4.3)."""

import numpy as np

from data import toys
from experiments import FAILS, HOLDS, IN_PART, critics, figures, training_runs
from experiments.numeric import mean_and_deviation
from training import run
from training.sampling import sample
from training.trainer import rebuild

ABOUT = {
    "title": "Does WGAN find modes that a GAN loses?",
    "title_zh": "GAN 丢掉的模式，WGAN 找得到吗？",
    "claim": """"In no experiment did we see evidence of mode collapse for the WGAN algorithm." (Wasserstein GAN, 1701.07875,
        section 4.3); the seed posts say that it "basically solves" mode collapse.""",
    "refuted_by": "a WGAN, clipped or penalised, that ends with fewer modes than the GAN on any of the sets below.",
    "run": """gan, wgan and wgan-gp with their own recipes (gan_toy.py's: lambda 0.1 on points), mlp of 128 units, batch 256, on
        the eight and 25 Gaussians and the Swiss roll, equal critic steps: 2,000 generator steps with five critic steps each,
        10,000 of gan with one; three seeds. Since algorithm 1's step size of 5e-5 is made for ten times as many steps, wgan again
        with 5e-4 and c = 0.1. Stacked MNIST, three digits as colours, 1,000 modes: the three models on dcgan with 16 filters,
        1,000 generator steps (gan 5,000), 25,600 samples, one seed.""",
    "cost": "32 minutes on one core of an AMD EPYC (Zen 4).",
}

SETS = ("8gaussians", "25gaussians", "swissroll")
MODES = {"8gaussians": 8, "25gaussians": 25}
MODELS = {
    "gan": ("gan", {}),
    "wgan": ("wgan", {}),
    "wgan faster": ("wgan", {"learning_rate": 5e-4, "clip": 0.1}),
    "wgan-gp": ("wgan-gp", {}),
}
POINTS = ("modes_found", "good_share", "w1")
GRID, EDGE, SHOWN = 33, 2.2, 300


def schedule_of(model, steps):
    """For equal critic steps: gan takes one a generator step, the others five."""
    return training_runs.schedule(steps * (5 if model == "gan" else 1), 5)


def measure(store):
    steps, stacked_steps, filters, stacked_samples = (10, 4, 8, 1000) if store.quick else (2000, 1000, 16, 25_600)
    numbers = {"seeds": store.seeds, "sets": {}, "surfaces": {}}
    for data in SETS:
        cells = {
            f"{data} {label}": (model, {"data": data, "units": 128, **schedule_of(model, steps), **own})
            for label, (model, own) in MODELS.items()
        }
        trained = training_runs.runs(store, cells, extra=landscape)
        groups = {label.partition(" ")[2]: group for label, group in trained.items()}
        values = [value for value in POINTS if value == "w1" or data in MODES]
        numbers["sets"][data] = {label: training_runs.summary(group, values) for label, group in groups.items()}
        numbers["sets"][data]["floor"] = training_runs.real_baseline(groups)
        numbers["surfaces"][data] = {label: group[0]["extra"] for label, group in groups.items() if "extra" in group[0]}
    cells = {
        f"stacked {model}": (model, {"data": "stacked-mnist", "filters": filters, **schedule_of(model, stacked_steps)})
        for model in ("gan", "wgan", "wgan-gp")
    }
    trained = training_runs.runs(store, cells, 1, samples=stacked_samples, names=["stacked"], tiles=8)
    numbers["stacked"] = {
        label.partition(" ")[2]: {
            value: mean_and_deviation([run["scores"].get(value) for run in group]) for value in ("stacked_modes", "stacked_kl")
        }
        for label, group in trained.items()
    }
    return numbers


def landscape(folder):
    """Where the samples lie, and the critic's values around them on a square grid, from 0 to 1."""
    trainer, _ = rebuild(run.find_checkpoint(folder)[1])
    trainer.critic.eval()
    points = sample(trainer, "fixed noise", SHOWN)
    return {"surface": critics.surface(trainer.critic, EDGE, GRID).round(2), "points": points.astype(float).round(2)}


def judge(numbers):
    """Modes of a WGAN, in the mean over seeds, are not fewer than the GAN's."""
    tables = [(numbers["sets"][data], "modes_found") for data in MODES] + [(numbers["stacked"], "stacked_modes")]
    verdicts = [
        rows[model][value]["mean"] >= rows["gan"][value]["mean"]
        for rows, value in tables
        for model in ("wgan", "wgan-gp")
        if model in rows and "gan" in rows
    ]
    return HOLDS if all(verdicts) else IN_PART if any(verdicts) else FAILS


def draw(numbers, store):
    figure, axes = figures.new(3, 4, height=2.75)
    for row, data in enumerate(SETS):
        for column, label in enumerate(MODELS):
            axis = axes[row][column]
            shown = numbers["surfaces"][data].get(label)
            if not shown:
                axis.axis("off")
                continue
            critics.draw_surface(axis, np.array(shown["surface"]), EDGE, levels=12, cmap="Greys_r", alpha=0.6)
            axis.scatter(*toys.draw(data, 500, np.random.default_rng(0)).T, s=1, color="tab:blue", linewidths=0)
            axis.scatter(*np.array(shown["points"]).T, s=3, color="tab:orange", linewidths=0)
            scores = numbers["sets"][data][label]
            modes = f"{scores['modes_found']['mean']:.3g} of {MODES[data]} modes, " if data in MODES else ""
            axis.set_title(f"{data}, {label}\n{modes}W1 {scores['w1']['mean']:.2f}", fontsize=8)
    stacked = ", ".join(f"{model} {row['stacked_modes']['mean']:.0f}" for model, row in numbers["stacked"].items())
    about = f"samples (orange) and data (blue) over the critic's values, seed 0; numbers: {numbers['seeds']} seeds"
    figures.foot(figure, f"{about}. Stacked MNIST, modes of 1,000: {stacked}")
    return figure

"""The recipes that the search chose, side by side."""

import math

import numpy as np
from scipy.stats import t

from experiments import FAILS, HOLDS, main_table, training_runs
from experiments.numeric import mean_and_deviation
from reporting.curves import rank_correlation
from training.comparison import UNREACHED

ABOUT = {
    "title": "After an equal search for each, who wins?",
    "title_zh": "同等搜索之后，谁赢？",
    "claim": """"We find that most models can reach similar scores with enough hyperparameter optimization and random restarts";
        no tested algorithm "consistently outperforms the non-saturating GAN" (Lucic et al., "Are GANs Created Equal?",
        1711.10337).""",
    "refuted_by": """a model whose fd_lenet is below that of dcgan, the non-saturating GAN on the same networks, with a 95 %
        interval of the ratio, paired by seed, that lies below 1.""",
    "run": """the recipes of configs/, which the search chose (docs/search/: equally many trials of equal CPU seconds for each
        model), on mnist-5k with three seeds that the search did not use, 300 CPU seconds a training on one thread; network and
        batch are each recipe's own. The critic's estimate on held-out images beside fd_lenet at all checkpoints; on the eight
        Gaussians wgan and wgan-gp with their recipes for points, 120 CPU seconds, the estimate beside the exact W1.""",
    "cost": "90 minutes on one core of an AMD EPYC (Zen 4), half of that on two.",
}

# model: generator steps between two checkpoints, some twenty in all
MODELS = {"wgan": 500, "wgan-gp": 75, "dcgan": 200, "lsgan": 500, "gan": 1000}
BASE = "dcgan"
POINTS = ("wgan", "wgan-gp")


def measure(store):
    looks = {"log_every": 25, "sample_every": UNREACHED, "keep_checkpoints": 1000}
    budget = {"steps": UNREACHED, "minutes": 0.05 if store.quick else 5, "clock": "cpu", **looks}
    cells = {model: (model, {**budget, "checkpoint_every": 25 if store.quick else every}) for model, every in MODELS.items()}
    numbers = main_table.measure(store, "fd_lenet", cells, store.seeds, recipe_of=training_runs.tuned)
    trained = training_runs.runs(store, cells, tiles=32, recipe_of=training_runs.tuned)  # by now all are there
    alive = {model: training_runs.alive(group) for model, group in trained.items()}
    fd = {model: [run["scores"]["fd_lenet"] for run in group] for model, group in alive.items()}
    numbers["ratio"] = {model: ratio(fd[model], fd[BASE]) for model in fd if model != BASE and BASE in fd}
    numbers["agreement"] = {model: agreement(alive[model], "fd_lenet") for model in alive if model.startswith("wgan")}
    every = {"checkpoint_every": 10} if store.quick else {"checkpoint_every": 500, "minutes": 2}
    toys = {f"points {model}": (model, {**budget, **every, "data": "8gaussians"}) for model in POINTS}
    trained = training_runs.runs(store, toys, samples=2000, recipe_of=training_runs.tuned)
    numbers["points"] = {
        label.removeprefix("points "): training_runs.summary(group, ("w1", "modes_found", "good_share"))
        | {"agreement": agreement(training_runs.alive(group), "w1")}
        for label, group in trained.items()
    }
    return numbers


def ratio(own, base):
    """The ratio of two models' values, paired by seed: {'mean' (geometric), 'low', 'high' (95 % interval, t), 'each'}."""
    logs = np.log(own[: len(base)]) - np.log(base[: len(own)])
    half = t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs)) if len(logs) > 1 else None
    mean = float(logs.mean())
    ends = {} if half is None else {"low": math.exp(mean - half), "high": math.exp(mean + half)}
    return {"mean": math.exp(mean), "low": None, "high": None, **ends, "each": np.exp(logs)}


def agreement(runs, quality):
    """Spearman's rho of the critic's estimate and quality over a run's checkpoints but the untrained one, over seeds."""
    rows = [(run["on_the_way"]["critic_estimate"][1:], run["on_the_way"][quality][1:]) for run in runs]
    return mean_and_deviation([rank_correlation(*row) for row in rows])


def judge(numbers):
    better = [row["high"] is not None and row["high"] < 1 for row in numbers["ratio"].values()]
    return FAILS if any(better) else HOLDS


def draw(numbers, store):
    figure = main_table.draw(numbers, store, "mnist-5k, tuned recipes, equal CPU seconds on one thread")
    figure.axes[0].set_xlabel("CPU minutes")
    return figure

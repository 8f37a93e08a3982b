"""Search a model's recipe: equally many trials of equal CPU seconds for each, one trial a core.

    python -m experiments search wgan wgan-gp dcgan lsgan gan [--data D] [--trials N] [--seconds S]

A trial is one training on one thread for S CPU seconds, whatever else the machine does, with a seed that no table uses. The
space is one for all models as far as a method allows (SPACE), sampled by Optuna's TPE; at marks on the way a trial that is
behind the median of the others is pruned. What counts is the Fréchet distance (points: exact W1) of the generator that
samples are drawn from, the averaged one where there is one. A trial whose critic is dead, or whose Wasserstein estimate stays
negative, is no success, whatever its samples. Trials are kept in docs/search/MODEL-DATA.json as they end; the same command
goes on from them.
"""

from __future__ import annotations

import contextlib
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

import data
import metrics
from data.dataset import Dataset
from errors import Interrupted, TrainingError, one_of
from experiments import trials
from experiments.numeric import rounded
from models.objectives import OBJECTIVES
from reporting.samples import noise
from training import alarms, children, log, runtime
from training import recipe as recipes
from training.budget import UNREACHED, Budget
from training.recipe import Recipe
from training.run_log import RunLog
from training.session import Silent

if TYPE_CHECKING:
    from training.trainer import GANTrainer

HOME = "mnist-5k"  # what configs/ are tuned on
SIGNALLED = 128  # and the signal's number: the exit status of what a signal ended
SEED = 1000  # of trial 0; tables use seeds from 0
SAMPLES, FINAL_SAMPLES = 2000, 5000
MARKS = (0.15, 0.3, 0.5, 0.75)  # shares of a trial's seconds
# (kind, what it is chosen from, whether a recipe has it): a setting that a method lacks is not searched
SPACE = {
    "generator_learning_rate": ("log", (3e-4, 4e-3), lambda recipe: True),
    "critic_learning_rate": ("log", (1e-4, 2e-3), lambda recipe: True),
    "n_critic": ("whole", (1, 5), lambda recipe: True),
    "clip": ("log", (0.005, 0.2), lambda recipe: recipe.clip),
    "penalty": ("log", (0.3, 30.0), lambda recipe: recipe.penalty),
    "beta1": ("one of", (0.0, 0.5), lambda recipe: recipe.optimizer == "adam"),
    "batch_size": ("one of", (32, 64, 128), lambda recipe: not recipe.is_points),
    "filters": ("one of", (16, 24, 32), lambda recipe: recipe.network != "mlp"),
    "units": ("one of", (128, 256, 512), lambda recipe: recipe.network == "mlp"),
    "ema": ("one of", (0.0, 0.99, 0.995, 0.999), lambda recipe: True),
    "decay": ("one of", (False, True), lambda recipe: True),
}
COMMON = {"batch_size": 64, "filters": 16, "units": 512, "ema": 0.99, "decay": False}
GAN = {"generator_learning_rate": 5e-4, "critic_learning_rate": 2e-4, "n_critic": 1, "beta1": 0.5}
FASTER = {"generator_learning_rate": 1e-3, "critic_learning_rate": 1e-3, "n_critic": 1, "beta1": 0.5, "ema": 0.999, "decay": True}
# what is tried first: what was known before the search, good and bad
FIRST = {
    "wgan": (
        {"generator_learning_rate": 1e-3, "critic_learning_rate": 5e-4, "n_critic": 2, "clip": 0.01, "ema": 0.999, "decay": True},
        {"generator_learning_rate": 1e-3, "critic_learning_rate": 1e-3, "n_critic": 1, "clip": 0.01},
    ),
    "wgan-gp": (
        {**FASTER, "n_critic": 3, "penalty": 10.0, "beta1": 0.0, "ema": 0.995},
        {**GAN, "critic_learning_rate": 5e-4, "penalty": 10.0, "beta1": 0.0},
    ),
    **dict.fromkeys(("dcgan", "lsgan", "gan"), (GAN, FASTER)),
}


def base(model: str, name: str, seconds: float) -> Recipe:
    """The recipe that a trial changes: the model's own on data `name`, for so many CPU seconds. Raises UserError."""
    budget = {"steps": UNREACHED, "minutes": seconds / 60, "clock": "cpu"}
    looks = {"log_every": 25, "sample_every": UNREACHED, "checkpoint_every": UNREACHED, "keep_checkpoints": 1}
    return recipes.load(model, overrides={"data": name, **budget, **looks})


def searched(recipe: Recipe) -> dict[str, BaseDistribution]:
    """{setting: Optuna's distribution} of those settings of SPACE that the recipe has."""
    makers: dict[str, Callable[..., BaseDistribution]] = {
        "log": lambda low, high: FloatDistribution(low, high, log=True),
        "whole": IntDistribution,
        "one of": lambda *values: CategoricalDistribution(values),
    }
    return {key: makers[kind](*values) for key, (kind, values, has) in SPACE.items() if has(recipe)}


def first(model: str, recipe: Recipe) -> list[dict[str, Any]]:
    """The settings of the first trials, without those that the recipe has not; on other images also HOME's recipe."""
    space = searched(recipe)
    known = [{**COMMON, **settings} for settings in FIRST.get(model, ())]
    if not recipe.is_points and recipe.data != HOME:
        known.insert(0, {**recipes.load(model, overrides={"data": HOME}).model_dump(), "filters": 32})
    return [{key: value for key, value in settings.items() if key in space} for settings in known]


class Pruned(Exception):
    """The training is not worth going on with. Its text says why."""


Judge = Callable[[float, str], None]  # of the quality at a mark and why the training is dead ('': it is not); raises Pruned


class Marks(Silent):
    """In the place of the progress display: scores the training at MARKS, with its clocks stopped, and lets `judge` end it."""

    def __init__(self, trainer: GANTrainer, dataset: Dataset, budget: Budget, folder: Path, judge: Judge) -> None:
        self.trainer, self.dataset, self.budget, self.folder, self.judge = trainer, dataset, budget, folder, judge
        self._left = list(MARKS)

    def step(self, done: int) -> None:
        if self._left and self.budget.used(done) >= self._left[0]:
            with self.budget.paused():
                self._left.pop(0)
                value, metric = trials.quality_of(self.dataset.name)
                quality = score(self.trainer, self.dataset, SAMPLES, (metric,)).get(value, math.inf)
                self.judge(quality, why_dead(self.folder, self.trainer.recipe))


def score(trainer, dataset: Dataset, samples: int, names: tuple[str, ...]) -> dict[str, float]:
    """{value: mean over draws} of the generator that samples are drawn from; {} where nothing can be measured."""
    from training.sampling import generate

    z = noise(trainer.recipe.seed, samples, trainer.recipe.latent)
    return metrics.mean_scores(generate(trainer.sampler, z), dataset, names)


def why_dead(folder: Path, recipe: Recipe) -> str:
    """'' or why a training is no success whatever its samples, by its last logged steps."""
    last = log.read(folder)[-alarms.PATIENCE :]
    if all(line["gradient_norm"] < alarms.DEAD for line in last):
        return "the critic is dead"
    if OBJECTIVES[recipe.objective].wasserstein and all(line["estimate_heldout"] < 0 for line in last):
        return "the estimate stays negative"
    return ""


def train(recipe: Recipe, dataset: Dataset, judge: Judge) -> tuple[dict[str, float], dict[str, float]]:
    """Train `recipe` in a temporary folder: (scores at the end, counters). Raises Pruned."""
    from training.loop import train as loop
    from training.trainer import GANTrainer

    trainer = GANTrainer(recipe, dataset.shape)
    with tempfile.TemporaryDirectory() as place, contextlib.closing(RunLog(place)) as run_log:
        folder, budget = Path(place), Budget(recipe)
        loop(trainer, dataset, folder, run_log, Marks(trainer, dataset, budget, folder, judge), lambda line: None, budget=budget)
        counters = {"critic_steps": trainer.critic_steps, "cpu_seconds": round(budget.cpu_seconds(), 1)}
        scores = score(trainer, dataset, FINAL_SAMPLES, trials.final_metrics(dataset.name))
        if why := why_dead(folder, recipe) or ("" if scores else "the samples cannot be scored"):
            raise Pruned(why)
        return scores, {"step": log.read(folder)[-1]["step"], **counters}


def run_trials(study: optuna.Study, model: str, recipe: Recipe, dataset: Dataset, count: int) -> None:
    """Take trials of the study until `count` have been begun."""
    begun = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    while len(study.get_trials(deepcopy=False, states=begun)) < count:
        run_trial(study, model, recipe, dataset)


def run_trial(study: optuna.Study, model: str, recipe: Recipe, dataset: Dataset) -> None:
    """Ask the study for settings, train, tell it how good they are, and keep that."""
    space, (quality, _) = searched(recipe), trials.quality_of(dataset.name)
    trial = study.ask(space)
    seed = SEED + trial.number
    trial.set_user_attr("seed", seed)
    own = recipes.resolve({**recipe.model_dump(), **trial.params, "seed": seed})
    marks: list[list[float]] = []

    def judge(value: float, dead: str) -> None:
        trial.report(value, len(marks))
        marks.append([MARKS[len(marks)], float(f"{value:.5g}")])
        trial.set_user_attr("marks", marks)
        if dead:
            raise Pruned(dead)
        if trial.should_prune():
            raise Pruned("behind the median")

    began = time.process_time()
    value, state = None, TrialState.FAIL  # an interruption's
    result: dict[str, Any] = {}
    try:
        scores, counters = train(own, dataset, judge)
        value, state = float(f"{scores[quality]:.5g}"), TrialState.COMPLETE
        result = {"scores": rounded(scores, 5), "counters": counters}
    except (Pruned, TrainingError) as error:
        state, result = TrialState.PRUNED, {"why": str(error)}
    finally:
        result["seconds"] = round(time.process_time() - began, 1)
        if state != TrialState.FAIL:
            for key, attribute in result.items():
                trial.set_user_attr(key, attribute)
        study.tell(trial, value, state)
    trials.write(study, model, dataset, recipe, space)
    print(f"{model} trial {trial.number}: {value or result['why']} ({result['seconds']:.0f} CPU s)", flush=True)


def status_of(code: int) -> int:
    """A worker's exit status as a shell has it, from Popen's: above SIGNALLED where a signal ended it."""
    return SIGNALLED - code if code < 0 else code


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.argument("models", nargs=-1, metavar="MODEL…")
@click.option("--data", "name", default="mnist-5k", show_default=True, metavar="NAME", help="As train.py's.")
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie; otherwise Paddle's cache, then a download.")
@click.option("--trials", "count", type=click.IntRange(1, 1000), default=25, show_default=True, metavar="N", help="A model.")
@click.option("--seconds", type=click.FloatRange(1), default=150.0, show_default=True, metavar="S", help="CPU seconds a trial.")
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="Trials at a time; by default one a core.")
@click.option("--worker", is_flag=True, hidden=True)
def main(models, name, data_dir, count, seconds, jobs, worker):
    models = models or trials.MODELS
    for model in models:
        if model not in trials.MODELS:
            raise one_of("model", model, trials.MODELS)
    bases = {model: base(model, name, seconds) for model in models}
    if worker:
        children.follow_parent()
        runtime.start("cpu")
    dataset = data.load(name, data_dir, 32)  # a mistake here is one line, before any worker begins
    if worker:
        try:
            for model, recipe in bases.items():
                run_trials(trials.open_study(model, name), model, recipe, dataset, count)
        except Interrupted as stop:
            return stop.status
        return 0
    for model, recipe in bases.items():
        trials.prepare(model, name, searched(recipe), first(model, recipe), seconds)
    command = [sys.executable, "-m", "experiments", "search", *sys.argv[1:], "--worker"]
    processes = [children.start(command, threads=1) for _ in range(jobs or runtime.cores())]
    try:
        status = max(status_of(process.wait()) for process in processes)
    finally:
        children.stop(processes)
    if status:
        why = "interrupted" if status > SIGNALLED else f"a worker ended with status {status}"
        print(f"{why}: the trials that ended are kept, the same command goes on with the others", file=sys.stderr)
        return status
    for model in models:
        print(trials.path(model, name))
    print(trials.draw(name))
    return 0

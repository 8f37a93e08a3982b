"""Search a model's recipe: equally many trials of equal CPU seconds for each, one trial a core.

    python -m experiments search wgan wgan-gp dcgan lsgan gan [--data D] [--trials N] [--seconds S]

A trial is one training on one thread for S CPU seconds, whatever else the machine does, with a seed that no table uses. The
space is one for all models as far as a method allows (SPACE), sampled by Optuna's TPE; at marks on the way a trial that is
behind the median of the others is pruned. What counts is the Fréchet distance (points: exact W1) of the generator that
samples are drawn from, the averaged one where there is one. A trial whose critic is dead, or whose Wasserstein estimate stays
negative, is no success, whatever its samples. Trials are kept in docs/search/MODEL-DATA.json as they end; the same command
goes on from them.
"""

import sys
import tempfile
import time
from pathlib import Path

import click

import data
from errors import TrainingError, UserError, one_of
from experiments import trials
from reporting import console
from training import children, runtime
from training import recipe as recipes

SEED = 1000  # of trial 0; tables use seeds from 0
SAMPLES, FINAL_SAMPLES = 2000, 5000
MARKS = (0.15, 0.3, 0.5, 0.75)  # shares of a trial's seconds
NEVER = 10**6
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


def base(model, name, seconds):
    """The recipe that a trial changes: the model's own on data `name`, for so many CPU seconds. Raises UserError."""
    budget = {"steps": NEVER, "minutes": seconds / 60, "clock": "cpu"}
    looks = {"log_every": 25, "sample_every": NEVER, "checkpoint_every": NEVER, "keep_checkpoints": 1}
    return recipes.load(model, overrides={"data": name, **budget, **looks})


def searched(recipe):
    """{setting: Optuna's distribution} of those settings of SPACE that the recipe has."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    makers = {
        "log": lambda low, high: FloatDistribution(low, high, log=True),
        "whole": IntDistribution,
        "one of": lambda *values: CategoricalDistribution(values),
    }
    return {key: makers[kind](*values) for key, (kind, values, has) in SPACE.items() if has(recipe)}


def first(model, recipe):
    """The settings of the first trials, without those that the recipe has not."""
    return [
        {key: value for key, value in {**COMMON, **known}.items() if key in searched(recipe)} for known in FIRST.get(model, ())
    ]


class Look:
    """Stands in for the progress bar: scores the training at MARKS, with its clocks stopped, and lets `prune` end it.

    found: [{'mark', 'step', 'critic_steps', quality}] so far.
    """

    def __init__(self, trainer, dataset, budget, folder, judge):
        self.trainer, self.dataset, self.budget, self.folder, self.judge = trainer, dataset, budget, folder, judge
        self.found, self._marks = [], list(MARKS)

    def step(self, done):
        if self._marks and self.budget.used(done) >= self._marks[0]:
            with self.budget.paused():
                mark = self._marks.pop(0)
                at = {"mark": mark, "step": done, "critic_steps": self.trainer.critic_steps}
                name, value = quality(self.trainer, self.dataset, SAMPLES)
                self.found.append({**at, name: value})
                self.judge(len(self.found) - 1, value, why_dead(self.folder, self.trainer.recipe))

    def show(self, done, text):
        pass


def score(trainer, dataset, samples, names):
    """{value: mean over draws} of the trainer's sampler."""
    import metrics
    from data.dataset import to_uint8
    from reporting.samples import noise
    from training.sampling import generate

    items = generate(trainer.sampler, noise(trainer.recipe.seed, samples, trainer.recipe.latent))
    items = items if dataset.is_points else to_uint8(items)
    try:
        rows = metrics.evaluate(items, dataset, names)
    except UserError:  # one flat colour, say
        return {}
    return {name: row["value"] for name, row in rows.items()}


def quality(trainer, dataset, samples):
    """(name, value) of what a trial is judged by; infinite where nothing can be measured."""
    name, metric = trials.quality_of(dataset.name)
    return name, score(trainer, dataset, samples, (metric,)).get(name, float("inf"))


def why_dead(folder, recipe):
    """'' or why a training is no success whatever its samples, by its last logged steps."""
    from models.objectives import OBJECTIVES
    from training import alarms, log

    last = log.read(folder)[-alarms.PATIENCE :]
    if all(line["gradient_norm"] < 1e-7 for line in last):
        return "the critic is dead"
    if OBJECTIVES[recipe.objective].wasserstein and all(line["estimate_heldout"] < 0 for line in last):
        return "the estimate stays negative"
    return ""


class Pruned(Exception):
    """The training is not worth going on with. Its text says why."""


def train(recipe, dataset, judge):
    """Train `recipe` in a temporary folder: (marks, scores at the end, counters), or Pruned with marks from `judge`.

    judge(number of the mark, value, why it is dead or '') raises Pruned to end the training.
    """
    from training.budget import Budget
    from training.loop import train as loop
    from training.run_log import RunLog
    from training.trainer import GANTrainer

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "samples").mkdir()
        trainer, log = GANTrainer(recipe, dataset.shape), RunLog(folder)
        budget = Budget(recipe)
        look = Look(trainer, dataset, budget, folder, judge)
        try:
            loop(trainer, dataset, folder, log, look, lambda line: None, budget=budget)
            seconds = budget.cpu_seconds()
            scores = score(trainer, dataset, FINAL_SAMPLES, trials.final_metrics(dataset.name))
            why = why_dead(folder, recipe)
        finally:
            log.close()
        counters = {"step": log_step(folder), "critic_steps": trainer.critic_steps, "cpu_seconds": round(seconds, 1)}
        if why:
            raise Pruned(why)
        return look.found, scores, counters


def log_step(folder):
    from training import log

    return log.read(folder)[-1]["step"]


def run_trials(study, model, recipe, dataset, count):
    """Take trials of the study until `count` have been begun."""
    import optuna

    states = optuna.trial.TrialState
    while len(study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED, states.RUNNING))) < count:
        trial = study.ask(searched(recipe))
        trial.set_user_attr("seed", SEED + trial.number)
        own = recipes.resolve({**recipe.model_dump(), **trial.params, "seed": SEED + trial.number})
        began, marks = time.process_time(), []
        name, _ = trials.quality_of(dataset.name)

        def judge(number, value, dead, trial=trial, marks=marks, name=name):
            marks.append(value)
            trial.report(value, number)
            trial.set_user_attr("marks", [[mark, float(f"{at:.5g}")] for mark, at in zip(MARKS, marks)])
            if dead:
                raise Pruned(dead)
            if trial.should_prune():
                raise Pruned("behind the median")

        value, state = None, states.FAIL  # an interruption's
        try:
            _, scores, counters = train(own, dataset, judge)
            value, state = float(f"{scores[name]:.5g}"), states.COMPLETE
            more = {"scores": trials.rounded(scores), "counters": counters}
        except (Pruned, TrainingError, KeyError) as error:
            state, more = states.PRUNED, {"why": str(error)}
        finally:
            seconds = round(time.process_time() - began, 1)
            if state != states.FAIL:
                for key, attribute in {**more, "seconds": seconds}.items():
                    trial.set_user_attr(key, attribute)
            study.tell(trial, value, state)
        trials.write(study, model, dataset, recipe, searched(recipe))
        print(f"{model} trial {trial.number}: {value or more['why']} ({seconds:.0f} CPU s)", flush=True)


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.argument("models", nargs=-1, metavar="MODEL…")
@click.option("--data", "name", default="mnist-5k", show_default=True, metavar="NAME", help="As train.py's.")
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie; otherwise Paddle's cache, then a download.")
@click.option("--trials", "count", type=click.IntRange(1, 1000), default=25, show_default=True, metavar="N", help="A model.")
@click.option("--seconds", type=click.FloatRange(1), default=150.0, show_default=True, metavar="S", help="CPU seconds a trial.")
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="Trials at a time; by default one a core.")
@click.option("--worker", is_flag=True, hidden=True)
def main(models, name, data_dir, count, seconds, jobs, worker):
    data.check_name(name)
    models = models or trials.MODELS
    for model in models:
        if model not in recipes.names():
            raise one_of("model", model, recipes.names())
    bases = {model: base(model, name, seconds) for model in models}
    if worker:
        children.follow_parent()
        runtime.start("cpu")
        from errors import Interrupted

        dataset = data.load(name, data_dir, 32)
        try:
            for model, recipe in bases.items():
                run_trials(trials.open_study(model, name), model, recipe, dataset, count)
        except Interrupted as stop:
            return stop.status
        return 0
    dataset = data.load(name, data_dir, 32)  # refused before any worker begins
    for model, recipe in bases.items():
        trials.prepare(model, name, dataset, searched(recipe), first(model, recipe), seconds)
    command = [sys.executable, "-m", "experiments", "search", *sys.argv[1:], "--worker"]
    processes = [children.start(command, threads=1) for _ in range(jobs or runtime.cores())]
    try:
        status = max(abs(process.wait()) for process in processes)
    finally:
        children.stop(processes)
    if status:
        print("interrupted: the trials that ended are kept, the same command goes on with the others", file=sys.stderr)
        return status
    for model in models:
        print(trials.path(model, name))
    print(trials.draw(name))
    return 0


if __name__ == "__main__":
    console.run(main)

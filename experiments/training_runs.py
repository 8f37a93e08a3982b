"""Units that are trainings of train.py's kind: a run folder that is continued where it was, its log and its scores."""

import functools

import numpy as np

import data
from errors import TrainingError
from experiments.store import spread
from reporting import console
from reporting.scorer import Scorer
from training import budget, checkpoint, comparison, log, run, session
from training import recipe as recipes

CURVES = ("estimate", "estimate_heldout", "js_estimate", "gradient_norm", "clipped_share")
POINTS = 100  # of a curve that is kept
# What the experiments of before the search were measured with, and are: the papers' constants on networks of 32 filters.
ADAM = {"learning_rate": 2e-4, "beta1": 0.5, "beta2": 0.999, "n_critic": 1}
UNTUNED = {"wgan": ("wgan-paper", {}), "wgan-gp": ("wgan-gp-paper", {}), **{m: (m, ADAM) for m in ("gan", "dcgan", "lsgan")}}
TERMS = {"filters": 32, "decay": False, "ema": 0.0}


def untuned(model, settings, seed):
    """The Recipe of a model on a comparison's equal terms, with the papers' constants where `settings` are silent."""
    name, constants = UNTUNED[model]
    terms = comparison.equal_terms({**TERMS, **settings})
    own = {**recipes.for_each_player(constants), **recipes.for_each_player(terms), "seed": seed, "model": model}
    return recipes.load(name, overrides=own)


def tuned(model, settings, seed):
    """The Recipe of configs/ for a model as it is, with `settings` (a budget, say) in place of its own."""
    return recipes.load(model, overrides={**settings, "seed": seed})


def train(store, key, model, settings, seed, names=None, samples=5000, tiles=0, extra=None, recipe_of=untuned):
    """Train a recipe and return its numbers, or {'died': why}.

    recipe_of(model, settings, seed): untuned or tuned. names: metrics, all that fit by default. tiles: samples to keep for the
    figure. extra(folder): more to be measured of the finished run, kept under 'extra'.
    Returns steps, critic_steps, seconds, counted_seconds (of the clock that a budget in minutes counts), curves {figure: list,
    'step': list}, scores {value: mean over draws}, deviations (over draws), floors, on_the_way {value: list, 'step': list}.
    """
    recipe = recipe_of(model, settings, seed)
    # what configs/ say today is a setting too: trained anew when it changes
    configured = {"recipe": comparison.content(recipe)} if recipe_of is tuned else {}

    def measure():
        # seed, model and settings in the name: experiments that ask for the same training share it
        folder = store.runs / f"{key}-{_short(recipe)}"
        return _measure(store, key, recipe, folder, names, samples, tiles, extra)

    return store.cached(key, {"model": model, **settings, "seed": seed, "samples": samples, **configured}, measure)


def runs(store, cells, seeds, **more):
    """{label: [what train() returned, a seed each]} for cells {label: (model, settings)}, one seed after another.

    With store.redraw only what has been measured: labels without a run are left out. more: as train's. A training that another
    process is at (experiments/shared.py) is left for the end.
    """
    todo = {(label, seed): f"{label.replace(' ', '-')}-s{seed}" for seed in range(seeds) for label in cells}
    if store.redraw:
        todo = {cell: key for cell, key in todo.items() if store.measured([key])}
    found = {}
    for wait in (False, True):
        for (label, seed), key in todo.items():
            if (label, seed) not in found:
                with store.lock(key, wait) as mine:
                    if mine:
                        found[label, seed] = train(store, key, *cells[label], seed, **more)
    return {label: [found[cell] for cell in todo if cell[0] == label] for label in cells if any(c[0] == label for c in todo)}


def summary(group, values):
    """{value: mean, deviation and n over seeds, 'floor': …} of the runs of one cell; of those that did not die."""
    alive = [run for run in group if "died" not in run]
    rows = {value: spread([run["scores"].get(value) for run in alive]) for value in values}
    means = {key: spread([run[key] for run in alive]) for key in ("steps", "critic_steps", "seconds")}
    return {**rows, **means, "seeds": len(group), "died": len(group) - len(alive)}


def _short(recipe):
    import hashlib
    import json

    text = json.dumps(comparison.content(recipe) | {"every": recipe.checkpoint_every}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _measure(store, key, recipe, folder, names, samples, tiles, extra):
    dataset = dataset_of(recipe.data, store.data_dir, recipe.image_size)
    try:
        session.train(recipe, folder, store.data_dir, "cpu", True, console.WarningsOnly(), console.command())
    except TrainingError as error:
        return {"died": str(error)}
    measures = Scorer(dataset, names, samples, "cpu", say=lambda line: None)
    last, way = measures.of(folder)
    newest = checkpoint.list_steps(folder)[-1]
    state = checkpoint.read_state(checkpoint.path_of(folder, newest))
    if tiles:
        store.keep_tiles(key, samples_of(folder, dataset, tiles))
    return {
        **({"extra": extra(folder)} if extra else {}),
        "steps": state["step"],
        "critic_steps": state["critic_steps"],
        "seconds": state["seconds"],
        "counted_seconds": state[budget.KEYS[recipe.clock]],
        "curves": curves(folder),
        "scores": {value: row["value"] for value, row in last.items()},
        "deviations": {value: row["deviation"] for value, row in last.items()},
        "floors": {value: row["floor"] for value, row in last.items()},
        "on_the_way": {
            "step": list(way),
            **{value: [row[value]["value"] for row in way.values()] for value in next(iter(way.values()), {})},
        },
    }


@functools.lru_cache(1)
def dataset_of(name, data_dir, image_size):
    return data.load(name, data_dir, image_size)


def curves(folder):
    """{figure: list} of a run's log at about POINTS logged steps, evenly spread; nothing is averaged."""
    lines = log.read(folder)
    rows = [lines[i] for i in np.unique(np.linspace(0, len(lines) - 1, POINTS).round().astype(int))]
    found = {"step": [row["step"] for row in rows], "seconds": [row["seconds"] for row in rows]}
    return found | {name: [row[name] for row in rows] for name in CURVES if name in rows[0]}


def samples_of(folder, dataset, count):
    """The first samples of the run's fixed noise at its end: uint8 N×C×H×W of the native size."""
    from data.dataset import crop_to, to_uint8
    from training.sampling import sample
    from training.trainer import rebuild

    trainer, _ = rebuild(run.find_checkpoint(folder)[1])
    return crop_to(to_uint8(sample(trainer, "fixed noise", count)), dataset.native_size)

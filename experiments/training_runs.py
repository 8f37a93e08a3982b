"""Results that are trainings of train.py's kind: a run folder that is continued where it was, its log and its scores."""

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import data
import metrics
from data.dataset import Dataset, crop_to, to_uint8
from errors import TrainingError, UserError
from experiments.numeric import mean_and_deviation
from experiments.store import ExperimentStore, label_key
from reporting import console
from reporting.scorer import Scorer
from training import budget, checkpoint, comparison, log, run, session
from training import recipe as recipes
from training.recipe import Recipe
from training.sampling import sample
from training.trainer import rebuild

Cells = Mapping[str, tuple[str, dict[str, Any]]]  # {label: (model, settings)}
Run = dict[str, Any]  # what train() returns

CURVES = ("estimate", "estimate_heldout", "js_estimate", "gradient_norm", "clipped_share")
PROVENANCE = ("commit", "data_sha256", "paddle", "processor")  # of a run, kept with its numbers
POINTS = 100  # of a curve that is kept
# What the experiments of before the search were measured with, and are: the papers' constants on networks of 32 filters.
ADAM = {"learning_rate": 2e-4, "beta1": 0.5, "beta2": 0.999, "n_critic": 1}
UNTUNED = {"wgan": ("wgan-paper", {}), "wgan-gp": ("wgan-gp-paper", {}), **{m: (m, ADAM) for m in ("gan", "dcgan", "lsgan")}}
TERMS = {"filters": 32, "decay": False, "ema": 0.0}
IMAGES = {**TERMS, "batch_size": 64}


def untuned(model: str, settings: dict[str, Any], seed: int) -> Recipe:
    """The recipe of a model on a comparison's equal terms, with the papers' constants where `settings` are silent."""
    name, constants = UNTUNED[model]
    points = data.source(settings.get("data", "mnist-5k")).is_points
    terms = comparison.equal_terms({**(TERMS if points else IMAGES), **settings})
    return recipes.load(
        name, overrides={**recipes.for_each_player(constants), **recipes.for_each_player(terms), "seed": seed, "model": model}
    )


def tuned(model: str, settings: dict[str, Any], seed: int) -> Recipe:
    """The recipe of configs/ for a model as it is, with `settings` (a budget, say) in place of its own."""
    return recipes.load(model, overrides={**settings, "seed": seed})


def schedule(steps: int, checkpoints: int, logged: int = 100) -> dict[str, int]:
    """Settings of a training of so many generator steps: how many checkpoints and logged steps it has, and a grid at its end."""
    every = {"checkpoint_every": -(-steps // checkpoints), "log_every": max(1, steps // logged)}
    return {"steps": steps, "sample_every": steps, **every}


def train(
    store: ExperimentStore,
    key: str,
    model: str,
    settings: dict[str, Any],
    seed: int,
    names: Sequence[str] | None = None,
    samples: int | None = None,
    tiles: int = 0,
    extra: Callable[[Path], Any] | None = None,
    recipe_of: Callable[[str, dict[str, Any], int], Recipe] = untuned,
) -> Run:
    """Train a recipe and return its numbers, or {'died': why}.

    names: metrics, all that fit by default. samples: to be scored, the store's by default. tiles: samples to keep for the
    figure. extra(folder): more to be measured of the finished run, kept under 'extra'. recipe_of: untuned or tuned.

    Returns steps, critic_steps, seconds, counted_seconds (of the clock that a budget in minutes counts), curves {figure: list,
    'step': list}, scores {value: mean over draws}, deviations (over draws), floors (real held-out items' scores), on_the_way
    {value: list, 'step': list}.
    """
    recipe, samples = recipe_of(model, settings, seed), samples or store.samples
    # what configs/ say today is a setting too: trained anew when it changes
    configured = {"recipe": comparison.content(recipe)} if recipe_of is tuned else {}

    def measure() -> Run:
        # seed, model and settings in the name: experiments that ask for the same training share it
        folder = store.runs / f"{key}-{_short_hash(recipe)}"
        return _measure(store, key, recipe, folder, names, samples, tiles, extra)

    return store.cached(key, {"model": model, **settings, "seed": seed, "samples": samples, **configured}, measure)


def runs(store: ExperimentStore, cells: Cells, seeds: int | None = None, **more: Any) -> dict[str, list[Run]]:
    """{label: [what train() returned, a seed each]} of cells {label: (model, settings)}, one seed after another.

    seeds: how many, the store's by default. more: as train's. With store.redraw only what has been measured: labels without a
    run are left out. A training that another process is at (experiments/shared.py) is left for the end.
    """
    todo = {(label, seed): label_key(label, seed) for seed in range(seeds or store.seeds) for label in cells}
    if store.redraw:
        todo = {cell: key for cell, key in todo.items() if store.measured([key])}
    done = {}
    for wait in (False, True):
        for (label, seed), key in todo.items():
            if (label, seed) not in done:
                with store.lock(key, wait) as mine:
                    if mine:
                        done[label, seed] = train(store, key, *cells[label], seed, **more)
    groups = {label: [done[cell] for cell in todo if cell[0] == label] for label in cells}
    return {label: group for label, group in groups.items() if group}


def alive(group: Iterable[Run]) -> list[Run]:
    """The runs that did not die."""
    return [run for run in group if "died" not in run]


def real_baseline(groups: Mapping[str, list[Run]]) -> dict[str, float]:
    """{value: score of the real held-out items}, the same for all runs; {} where none lives."""
    return next((run["floors"] for group in groups.values() for run in alive(group)), {})


def summary(group: list[Run], values: Iterable[str]) -> dict[str, Any]:
    """{value: mean_and_deviation over seeds} of the runs of one cell that did not die, and of their steps and seconds."""
    lived = alive(group)
    rows = {value: mean_and_deviation([run["scores"].get(value) for run in lived]) for value in values}
    means = {key: mean_and_deviation([run[key] for run in lived]) for key in ("steps", "critic_steps", "seconds")}
    return {**rows, **means, "seeds": len(group), "died": len(group) - len(lived)}


def _short_hash(recipe: Recipe) -> str:
    text = json.dumps(comparison.content(recipe) | {"every": recipe.checkpoint_every}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _measure(
    store: ExperimentStore,
    key: str,
    recipe: Recipe,
    folder: Path,
    names: Sequence[str] | None,
    samples: int,
    tiles: int,
    extra: Callable[[Path], Any] | None,
) -> Run:
    dataset = dataset_of(recipe.data, store.data_dir, recipe.image_size)
    try:
        session.train(recipe, folder, store.data_dir, "cpu", True, console.WarningsOnly(), console.command())
    except TrainingError as error:
        return {"died": str(error)}
    last, way = Scorer(dataset, names, samples, "cpu").score(folder)
    newest = checkpoint.path_of(folder, checkpoint.list_steps(folder)[-1])
    state = checkpoint.read_state(newest)
    if tiles:
        images = to_uint8(sample(rebuild(newest)[0], "fixed noise", tiles))
        store.keep_tiles(key, crop_to(images, dataset.native_size))
    return {
        **({"extra": extra(folder)} if extra else {}),
        "steps": state["step"],
        "critic_steps": state["critic_steps"],
        "seconds": state["seconds"],
        "provenance": {key: value for key, value in run.read_provenance(folder).items() if key in PROVENANCE},
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


def mean_scores(items: np.ndarray, dataset: Dataset, names: Iterable[str]) -> dict[str, float]:
    """{value: mean over draws} of samples N×shape as a generator makes them, images in [−1, 1].

    {} where nothing can be measured: samples of one flat colour, say.
    """
    try:
        rows = metrics.evaluate(items if dataset.is_points else to_uint8(items), dataset, names)
    except UserError:
        return {}
    return {value: row["value"] for value, row in rows.items() if row["value"] is not None}


@functools.lru_cache(1)
def dataset_of(name: str, data_dir: str | None, image_size: int) -> Dataset:
    """data.load's, kept for the next training."""
    return data.load(name, data_dir, image_size)


def curves(folder: Path) -> dict[str, list[float]]:
    """{figure: list} of a run's log at about POINTS logged steps, evenly spread; nothing is averaged."""
    lines = log.read(folder)
    rows = [lines[i] for i in np.unique(np.linspace(0, len(lines) - 1, POINTS).round().astype(int))]
    return {name: [row[name] for row in rows] for name in ("step", "seconds", *CURVES) if name in rows[0]}

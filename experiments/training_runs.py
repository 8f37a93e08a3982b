"""Results that are trainings of train.py's kind: a run folder that is continued where it was, its log and its scores.

What is made of the runs of several seeds: experiments/run_groups.py."""

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import data
import metrics
from data.dataset import Dataset, crop_to, to_uint8
from errors import TrainingError
from experiments.store import ExperimentStore, label_key
from reporting import console
from reporting.curves import at_step
from reporting.scorer import Scorer
from training import alarms, budget, checkpoint, comparison, log, run, session
from training import recipe as recipes
from training.recipe import Recipe
from training.sampling import sample
from training.trainer import rebuild

Settings = dict[str, Any] | Callable[[int], dict[str, Any]]  # of all seeds, or a function from a seed to its own
Run = dict[str, Any]  # see runs

CURVES = ("estimate", "gradient_norm")
PROVENANCE = ("commit", "data_sha256", "paddle", "processor")  # of a run, kept with its numbers
POINTS = 100  # of a curve that is kept
# generator steps of gan_mnist.py, gan_cifar.py and gan_toy.py of improved_wgan_training, WGAN-GP's code, for every method in them
PUBLISHED = {"images": 200_000, "points": 100_000}
PUBLISHED_KINDS = {"images": ("mnist", "cifar10"), "points": ("8gaussians", "25gaussians", "swissroll")}
# What the experiments of before the search were measured with, and are: the papers' constants on networks of 32 filters.
ADAM = {"learning_rate": 2e-4, "beta1": 0.5, "beta2": 0.999, "n_critic": 1}
UNTUNED = {"wgan": ("wgan-paper", {}), "wgan-gp": ("wgan-gp-paper", {}), **{m: (m, ADAM) for m in ("gan", "dcgan", "lsgan")}}
WGANS = {"wgan": "wgan", "gp": "wgan-gp"}  # in the keys of claims: the recipe
TERMS = {"filters": 32, "decay": False, "ema": 0.0, "warm_up": False}
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
    """The recipe of configs/ for a model as it is, with `settings` (a budget, say) in place of its own.

    It keeps all of its checkpoints, of which `ended` judges.
    """
    return recipes.load(model, overrides={"keep_checkpoints": 1000, **settings, "seed": seed})


def schedule(steps: int, checkpoints: int, logged: int = 100) -> dict[str, int]:
    """Settings of a training of so many generator steps: how many checkpoints and logged steps it has, and a grid at its end."""
    every = {"checkpoint_every": -(-steps // checkpoints), "log_every": max(1, steps // logged)}
    return {"steps": steps, "sample_every": steps, **every}


def runs(
    store: ExperimentStore,
    cells: Mapping[str, tuple[str, Settings]],
    seeds: int | Mapping[str, int] | None = None,
    names: Sequence[str] | None = None,
    samples: int | None = None,
    tiles: int = 0,
    extra: Callable[[Path], Any] | None = None,
    recipe_of: Callable[[str, dict[str, Any], int], Recipe] = untuned,
    needed: bool = True,
) -> dict[str, list[Run]]:
    """Train cells {label: (model, settings)} with so many seeds: {label: [a run a seed]}.

    settings: see Settings. seeds: of all cells, or {label: seeds} of some; the others have the store's. names: metrics, all that
    fit by default. samples: to be scored, the store's by default. tiles: samples to keep for the figure.
    extra(folder): more to be measured of the finished run, kept under 'extra'. recipe_of: untuned or tuned. With store.redraw
    only what has been measured: labels without a run are left out; UserError where it is nothing, {} if not needed.

    A run is its seed and {'died': why}, or steps, critic_steps, seconds, counted_seconds (of the clock that a budget in minutes
    counts), curves {figure: list, 'step': list}, scores {value: mean over draws}, deviations (over draws), floors (real
    held-out items' scores), on_the_way {value: list, 'step': list, 'critic_steps': …, 'cpu_seconds': …}, ended (see
    ended) and published_share (see PUBLISHED; None where nothing was published).
    """
    cell_of, units, recipes_of = {}, {}, {}
    of_label = seeds if isinstance(seeds, Mapping) else dict.fromkeys(cells, seeds or store.seeds)
    seeds_of = {label: of_label.get(label, store.seeds) for label in cells}
    for seed in range(min(store.most, max(seeds_of.values(), default=0))):
        for label, (model, own) in cells.items():
            if seed >= seeds_of[label]:
                continue
            settings = own(seed) if callable(own) else own
            key, recipe = label_key(label, seed), recipe_of(model, settings, seed)
            count = samples or store.samples
            # what configs/ say today is a setting too: trained anew when it changes
            configured = {"recipe": comparison.content(recipe)} if recipe_of is tuned else {}
            asked = {"model": model, **settings, "seed": seed, "samples": count, **configured}
            folder = folder_of(store, key, recipe)
            units[key] = asked, functools.partial(_measure, store, key, recipe, folder, names, count, tiles, extra)
            cell_of[key], recipes_of[key] = (label, seed), recipe
    groups: dict[str, list[Run]] = {label: [] for label in cells}
    for key, found in store.shared(units, needed).items():
        label, seed = cell_of[key]
        groups[label].append({**(found if "died" in found else _complete(recipes_of[key], found)), "seed": seed})
    return {label: group for label, group in groups.items() if group}


def folder_of(store: ExperimentStore, key: str, recipe: Recipe) -> Path:
    """Of a training of `runs`, with its key and recipe in the name: experiments share one that they ask for by the same label."""
    return store.runs / f"{key}-{_short_hash(recipe)}"


def ended(way: Mapping[str, list[Any]], deviations: Mapping[str, float | None], gradient_norm: float = 1.0) -> str:
    """'end' where a training has converged, 'cap' where its budget stopped it on the way there, 'dead' where its critic died,
    'unknown' where its checkpoints are too few to tell.

    Converged: over the last third of its checkpoints its quality (the Fréchet distance, say: lower is better) has not fallen,
    from the mean of their earlier half to that of their later one, by more than their standard deviation, or than that of the
    score itself over draws of samples if it is larger. Fewer than four checkpoints in that third tell nothing. A critic is dead
    by its last mean ‖∇f‖: nothing changes any more, but the training has failed, not converged.
    """
    if gradient_norm < alarms.DEAD:
        return "dead"
    quality = next((value for value in metrics.quality_values() if value in way), "")
    values = [value for value in way.get(quality, [])[1:] if value is not None]  # without the untrained one
    late = np.array(values[len(values) - len(values) // 3 :])
    if len(late) < 4:
        return "unknown"
    fall = late[: len(late) // 2].mean() - late[len(late) // 2 :].mean()
    return "cap" if fall > max(late.std(ddof=1), deviations.get(quality) or 0) else "end"


def _complete(recipe: Recipe, found: Run) -> Run:
    """A run with what was not kept when the first ones were measured, and with what follows from its numbers by today's rules."""
    way = found["on_the_way"]
    counted = {} if recipe.warm_up else {"critic_steps": [recipe.n_critic * step for step in way["step"]]}
    return {**found, **_derived(recipe, found), "on_the_way": {**counted, **way}}


def _derived(recipe: Recipe, found: Run) -> Run:
    kind = published_kind(recipe.data)
    norms = found["curves"].get("gradient_norm") or [1.0]
    return {
        "ended": ended(found["on_the_way"], found["deviations"], norms[-1]),
        "published_share": found["steps"] / PUBLISHED[kind] if kind else None,
    }


def published_kind(name: str) -> str | None:
    """Of PUBLISHED, for a data set or a part of it (mnist-5k is mnist); None where nothing was published."""
    whole = re.sub(r"-\d+k$", "", name)
    return next((kind for kind, names in PUBLISHED_KINDS.items() if whole in names), None)


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
    lines = log.read(folder)
    counters = [at_step(lines, step, "cpu") for step in way]
    # a checkpoint of which nothing could be measured, samples of one flat colour say, has no values
    measured = dict.fromkeys(value for row in way.values() for value in row)
    found = {
        **({"extra": extra(folder)} if extra else {}),
        "recipe": comparison.content(recipe),
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
            "critic_steps": [line["critic_steps"] for line in counters],
            "cpu_seconds": [60 * line["minutes"] for line in counters],
            **{value: [row.get(value, {}).get("value") for row in way.values()] for value in measured},
        },
    }
    return found | _derived(recipe, found)


@functools.lru_cache(1)
def dataset_of(name: str, data_dir: str | None, image_size: int) -> Dataset:
    """data.load's, kept for the next training."""
    return data.load(name, data_dir, image_size)


def curves(folder: Path) -> dict[str, list[float]]:
    """{figure: list} of a run's log at about POINTS logged steps, evenly spread; nothing is averaged."""
    lines = log.read(folder)
    rows = [lines[i] for i in np.unique(np.linspace(0, len(lines) - 1, POINTS).round().astype(int))]
    return {name: [row[name] for row in rows] for name in ("step", "seconds", *CURVES) if name in rows[0]}

"""What the page can draw from, published weights and runs, and how each was trained and scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import data
from errors import UserError
from reporting import score_store
from storage import reading
from training import budget, checkpoint, comparison, run
from training.recipe import Recipe

MOST = 300  # runs in the list


class About(NamedTuple):
    """How a generator came to be. steps: generator steps of the checkpoint. values: of metrics.json at that step, {name: row}."""

    recipe: Recipe
    steps: int | None
    critic_steps: int | None
    minutes: float | None
    clock: str  # that counted them: the budget's, 'wall' or 'cpu'
    classes: list[str]  # names, of a conditional one
    provenance: dict[str, Any]
    values: dict[str, dict]


def sources(runs: Path) -> list[str]:
    """Folders that samples can be drawn from: published weights, in the order of data.SOURCES, so that the page opens on digits;
    then runs with a checkpoint below `runs` and in comparisons, those that began last first. A folder that cannot be read is
    left out."""
    published = sorted((str(path) for path in run.published()), key=_rank)
    found = {}
    for root in (runs, *comparison.ROOT.glob("*/runs")):
        for path in root.glob("*/config.yaml"):
            try:
                if checkpoint.list_steps(path.parent):
                    found[str(path.parent)] = path.stat().st_mtime
            except (UserError, OSError):
                continue
    return (published + sorted(found, key=lambda name: (-found[name], name)))[:MOST]


def _rank(published):
    """The place of published weights' data among all data; those that cannot be read come last."""
    try:
        return list(data.SOURCES).index(data.key_of(run.read_recipe(published).data))
    except UserError:
        return len(data.SOURCES)


def first(choices: list[str], count: int) -> list[str]:
    """Up to `count` of them to begin with: of different models, on the data of the first."""
    chosen: dict[str, str] = {}
    wanted = None
    for source in choices:
        try:
            recipe = about(source).recipe
        except UserError:
            continue
        wanted = wanted or recipe.data
        if recipe.data == wanted and recipe.model not in chosen:
            chosen[recipe.model] = source
        if len(chosen) == count:
            break
    return sorted(chosen.values(), key=lambda source: (len(Path(source).name), source))


def about(source: str) -> About:
    """What the files of a run or a checkpoint say of it. Raises UserError."""
    path = Path(source)
    is_checkpoint = reading.is_file(path / "state.json")
    folder = run.folder_of(path) if is_checkpoint else path
    newest = path if is_checkpoint else checkpoint.last(path)
    state = checkpoint.read_state(newest) if newest else {}
    recipe = run.read_recipe(folder) if folder else run.recipe_of(path, state)
    clock = recipe.clock if recipe.minutes else "cpu" if state.get("cpu_seconds") else "wall"  # old checkpoints have no other
    counted = state.get(budget.KEYS[clock])
    return About(
        recipe,
        state.get("step"),
        state.get("critic_steps"),
        counted / 60 if counted else None,
        clock,
        list(state.get("classes") or ()),
        run.read_provenance(folder) if folder else {},
        _values(folder, recipe, state.get("step")),
    )


def _values(folder, recipe, step):
    """What was measured at a step, or at the last one that was measured; {} where nothing was, or cannot be read."""
    if folder is None:
        return {}
    try:
        scores, _ = score_store.of_run(folder / "metrics.json", recipe)
    except UserError:
        return {}
    return scores.get(step) or (scores[max(scores)] if scores else {})

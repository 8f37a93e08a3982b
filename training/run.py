"""A run's folder: its name, its record (config.yaml), its checkpoint."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import yaml

from data import Dataset
from errors import UserError
from storage import names, reading, writing
from training import budget, checkpoint
from training import recipe as recipes
from training.recipe import Recipe

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"  # published ones, a folder each (reporting/publish.py)


def default_name(recipe: Recipe, default_network: str | None) -> str:
    """wgan-mnist-5k-s0; a conditional recipe says so, and another network than its own: wgan-conditional-mlp-mnist-5k-s0."""
    network = [] if recipe.network == default_network else [recipe.network]
    data = recipe.data
    if ":" in data:  # not Path.resolve: a link that leads to itself is an error there
        data = Path(os.path.realpath(data.partition(":")[2])).name or "folder"
    conditional = ["conditional"] if recipe.conditional else []
    return "-".join([names.part(recipe.model), *conditional, *network, names.part(data), f"s{recipe.seed}"])


def is_run(folder: str | Path) -> bool:
    return reading.is_file(Path(folder) / "config.yaml")


def create(folder: str | Path, recipe: Recipe, dataset: Dataset, machine: dict, command: str | None = None) -> None:
    """Make the folder and its config.yaml: the whole recipe and what else it takes to run it again. The folder is locked.

    machine: of runtime.machine(). command: what the user typed, None where it was no command.
    """
    folder = Path(folder)
    if is_run(folder):
        raise UserError(f"{folder} holds a run already: name another folder, or go on with it by resume")
    provenance = {
        "command": command,
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "data_sha256": dataset.sha256,
        **({"labels_sha256": dataset.labels_sha256} if recipe.conditional else {}),
        **({"data_note": dataset.note} if dataset.note else {}),
        **machine,
    }
    write_config(folder, recipe, provenance)


def write_config(folder: str | Path, recipe: Recipe, provenance: dict) -> None:
    """config.yaml of a run's folder: its recipe and its provenance, as `read_recipe` and `read_provenance` read them."""
    text = f"# the resolved recipe of this run; again: {command_of(folder)}\n"
    text += yaml.safe_dump({**recipe.model_dump(), "provenance": provenance}, sort_keys=False, allow_unicode=True)
    writing.write_text(Path(folder) / "config.yaml", text)


def update_recipe(folder: str | Path, recipe: Recipe) -> None:
    """Bring config.yaml to `recipe`, of whose settings some of RESUMABLE may be new; its provenance stays. The folder is locked.

    Without, nobody could tell afterwards how long a run that was lengthened is to be.
    """
    if read_recipe(folder) != recipe:
        write_config(folder, recipe, read_provenance(folder))


def stopped_before(folder: str | Path, name: str) -> Path | None:
    """The latest of `name`, `name`-2, `name`-3, … beside `folder`, not itself, if its last checkpoint is not its end and no
    process is at it still; else None."""
    folder = Path(folder)
    others = [path for path in folder.parent.glob("*") if re.fullmatch(rf"{re.escape(name)}(-\d+)?", path.name)]
    order = lambda path: (len(path.name), path.name)  # noqa: E731 - -9 before -10
    newest = max((path for path in others if path != folder and is_run(path)), key=order, default=None)
    with contextlib.suppress(UserError):
        last = checkpoint.last(newest) if newest else None
        if newest and last and not budget.finished(read_recipe(newest), checkpoint.read_state(last)):
            with writing.lock(newest):  # a UserError if it is being trained
                return newest
    return None


def is_finished(folder: str | Path, recipe: Recipe) -> bool:
    """Whether a run's newest intact checkpoint has used up the recipe's budget. All of its files are read: a run whose last
    weights are damaged is none that can be scored, but one that training mends."""
    with contextlib.suppress(UserError):  # none is intact
        newest = checkpoint.newest(folder)
        return newest is not None and budget.finished(recipe, newest[1])
    return False


def command_of(folder: str | Path) -> str:
    """The command that trains a run's recipe from the start."""
    return f"python train.py --config {shlex.quote(str(Path(folder) / 'config.yaml'))}"


def published() -> list[Path]:
    """The folders of the project's published weights, by name."""
    return sorted(path.parent for path in WEIGHTS.glob("*/config.yaml"))


def read_recipe(folder: str | Path) -> Recipe:
    """The Recipe of a run. Raises UserError if `folder` is not one."""
    if not is_run(folder):
        raise UserError(f"{folder} is not a run folder: it has no config.yaml")
    return recipes.load(config=Path(folder) / "config.yaml")


def read_provenance(folder: str | Path) -> dict:
    """What else `create` recorded beside the recipe."""
    found = recipes.read_yaml(Path(folder) / "config.yaml").get("provenance")
    return found if isinstance(found, dict) else {}


def continued_recipe(folder: str | Path, asked: Recipe | None, settings: dict) -> Recipe:
    """The recipe to go on with: the run's own, with those of `settings` that may change on the way.

    asked: the recipe that was named with these settings, None for the run's own. Raises UserError if it is not the run's.
    """
    own = read_recipe(folder)
    resumable: tuple[str, ...] = recipes.RESUMABLE
    if settings.get("minutes") and not own.minutes:  # it had no clock: what stands in its recipe counted nothing
        resumable = (*resumable, "clock")
    target = recipes.resolve({**own.model_dump(), **{k: v for k, v in settings.items() if k in resumable}})
    if asked is None:  # what was typed, as the recipe takes it: 5e-5 is a text to YAML
        asked = recipes.resolve({**own.model_dump(), **recipes.for_each_player(settings)})
    other = recipes.difference(own, asked.model_copy(update={key: getattr(own, key) for key in resumable}))
    if other:
        raise UserError(f"{folder} holds a run of another recipe: its {other[0]} is {other[1]!r}, not {other[2]!r}")
    return target


def recipe_of(path: str | Path, state: dict) -> Recipe:
    """The Recipe of a checkpoint, by its state. Raises UserError."""
    try:
        return recipes.resolve(state["recipe"])
    except UserError as error:
        raise UserError(f"{path} has a recipe that is none: {error}") from None


def folder_of(path: str | Path) -> Path | None:
    """The folder of the run that a checkpoint lies in, None if it lies in none."""
    folder = Path(os.path.normpath(Path(path, "..", "..")))  # not path.parent.parent: within the run's folder that is "."
    return folder if is_run(folder) else None


def find_checkpoint(path: str | Path) -> tuple[Path | None, Path]:
    """(run folder or None, checkpoint folder) for a run, which means its newest good checkpoint, or for a checkpoint. Raises
    UserError."""
    path = Path(path)
    if reading.is_file(path / "state.json"):
        return folder_of(path), path
    if not is_run(path):
        raise UserError(f"{path} is neither a run nor a checkpoint" + ("" if path.exists() else ": it does not exist"))
    newest = checkpoint.newest(path)
    if newest is None:
        raise UserError(f"{path} has no checkpoint yet")
    return path, newest[0]


def commit() -> str | None:
    """The commit that runs, and whether files differ from it; None where git or its folder is missing."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        root = Path(__file__).resolve().parent.parent
        if not (root / ".git").exists():
            return None
        git: dict[str, Any] = {"cwd": root, "capture_output": True, "text": True, "timeout": 10, "check": True}
        head = subprocess.run(["git", "rev-parse", "HEAD"], **git).stdout.strip()
        changes = subprocess.run(["git", "status", "--porcelain"], **git).stdout.strip()
        return head + (" with local changes" if changes else "")
    return None

"""A run's folder: its name, its record (config.yaml), and who may write into it."""

import contextlib
import datetime
import os
import subprocess
from pathlib import Path

import yaml

from errors import UserError
from training import checkpoint, files, lock
from training import recipe as recipes

LEFT_OVER = (lock.NAME, files.partial("config.yaml").name)  # of a training that ended before it began: neither is worth anything


def default_name(recipe, default_network):
    """wgan-mnist-5k-s0; another network than the recipe's own comes second: wgan-mlp-mnist-5k-s0."""
    network = [] if recipe.network == default_network else [recipe.network]
    data = recipe.data if ":" not in recipe.data else Path(recipe.data.split(":", 1)[1]).resolve().name or "folder"
    return "-".join([recipe.model, *network, data, f"s{recipe.seed}"])


def is_run(folder):
    return (Path(folder) / "config.yaml").is_file()


def holds_something(folder):
    folder = Path(folder)
    try:
        return folder.exists() and (not folder.is_dir() or any(path.name not in LEFT_OVER for path in folder.iterdir()))
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror}") from None


def next_free(parent, name):
    """parent/name, or parent/name-2, -3 … : the first that does not exist."""
    path, number = Path(parent) / name, 1
    while path.exists():
        number += 1
        path = Path(parent) / f"{name}-{number}"
    return path


def check_writable(folder):
    """Raise UserError unless `folder` is, or can be made, a folder to write in. Makes nothing."""
    at = Path(folder).absolute()
    if at.exists() and not at.is_dir():
        raise UserError(f"--out {folder} is a file, not a folder")
    while not at.exists():
        at = at.parent
    if not at.is_dir():
        raise UserError(f"--out {folder}: {at} is a file, not a folder")
    if not os.access(at, os.W_OK | os.X_OK):
        raise UserError(f"--out {folder}: no permission to write in {at}")


def create(folder, recipe, dataset, machine, command=None):
    """Make the folder and its config.yaml: the whole recipe and what else it takes to run it again. The folder is locked.

    machine: of runtime.machine(). command: what the user typed, None where it was no command.
    """
    folder = Path(folder)
    if is_run(folder):
        raise UserError(f"{folder} holds a run by now: another process began it")
    provenance = {
        "command": command,
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": _commit(),
        "data_sha256": dataset.sha256,
        **({"data_note": dataset.note} if dataset.note else {}),
        **machine,
    }
    text = f"# the resolved recipe of this run; again: python train.py --config {folder / 'config.yaml'}\n"
    text += yaml.safe_dump({**recipe.model_dump(), "provenance": provenance}, sort_keys=False, allow_unicode=True)
    files.write_text(folder / "config.yaml", text)


def read_recipe(folder):
    """The Recipe of a run. Raises UserError if `folder` is not one."""
    if not is_run(folder):
        raise UserError(f"{folder} is not a run folder: it has no config.yaml")
    return recipes.load(config=Path(folder) / "config.yaml")


def read_provenance(folder):
    return recipes.read_yaml(Path(folder) / "config.yaml").get("provenance") or {}


def find_checkpoint(path):
    """(run folder or None, checkpoint folder) for a run, which means its newest good checkpoint, or for a checkpoint."""
    path = Path(path)
    if (path / "state.json").is_file():
        folder = path.parent.parent
        return (folder if is_run(folder) else None), path
    if not is_run(path):
        raise UserError(f"{path} is neither a run nor a checkpoint" + ("" if path.exists() else ": it does not exist"))
    found = checkpoint.newest(path)
    if found is None:
        raise UserError(f"{path} has no checkpoint yet")
    return path, found[0]


def _commit():
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        root = Path(__file__).resolve().parent.parent
        if not (root / ".git").exists():
            return None
        git = ["git", "-C", str(root)]
        commit = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        ).stdout.strip()
        status = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, timeout=10, check=True)
        return commit + (" with local changes" if status.stdout.strip() else "")
    return None

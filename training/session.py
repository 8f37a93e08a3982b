"""One training from a checked recipe to the end of the command: data, device, folder, loop, last words."""

import shlex
import sys
from pathlib import Path

import data
from errors import UserError
from reporting import console
from training import checkpoint, run, runtime
from training.log import RunLog


def train(recipe, folder, data_dir=None, device="auto", resume=False):
    """Train `recipe` in `folder` and return the exit status: 0, 130 or 143 after a signal. Prints as it goes.

    resume: the folder holds a run, to be continued. Nothing is written before data and device are known to be right.
    """
    folder = Path(folder)
    found = checkpoint.newest(folder) if resume else None
    if found and found[2]["step"] >= recipe.steps:
        print(f"finished: {folder} has its {found[2]['step']} steps")
        print(folder)
        return 0
    dataset = data.load(recipe.data, data_dir, recipe.image_size)
    if len(dataset.heldout) < 2 or len(dataset.train) < 2:
        raise UserError(f"data {recipe.data}: too few images")
    recorded = run.read_provenance(folder).get("data_sha256") if resume else None
    if recorded not in (None, dataset.sha256):
        raise UserError(f"{folder} was trained on other data: the SHA-256 of {recipe.data} differs from its config.yaml")
    print(runtime.start(device))

    from training.game import Game
    from training.loop import Interrupted
    from training.loop import train as loop

    game, state = Game(recipe, dataset.shape), None
    if found:
        path, parts, state, remarks = found
        for remark in remarks:
            console.warn(f"{remark}; going back to {path.name}")
        game.restore(parts, state["critic_steps"], path)
        print(f"going on from {path}")
    elif resume:
        print("no checkpoint yet: starting from the beginning")
    if not resume:
        run.create(folder, recipe, dataset, runtime.machine())
    log = RunLog(folder, state and state["logs"])
    progress = console.Progress(recipe.steps, state["step"] if state else 0)
    items = "points" if dataset.is_points else "images"
    print(
        f"{recipe.model} ({recipe.network}) on {recipe.data}, {len(dataset.train):,} {items}, {recipe.steps:,} steps → {folder}"
    )
    try:
        loop(game, dataset, folder, log, progress, console.warn, state)
    except Interrupted as stop:
        progress.close()
        again = shlex.join(
            ["python", "train.py", "--out", str(folder), "--resume"] + (["--data-dir", data_dir] if data_dir else [])
        )
        print(f"interrupted: a checkpoint is saved; go on with: {again}", file=sys.stderr)
        print(folder)
        return 128 + stop.signum
    finally:
        progress.close()
        log.close()
    print(folder)
    return 0

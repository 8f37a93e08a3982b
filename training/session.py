"""One training from a checked recipe to the end of the command: data, device, folder, loop, last words."""

import contextlib
import shlex
import sys
from pathlib import Path

import data
from errors import NotFinite, UserError, WriteError
from reporting import console
from training import budget, checkpoint, launch, lock, run, runtime
from training.log import RunLog

ROLLBACKS = 3  # from one checkpoint


def train(recipe, folder, data_dir=None, device="auto", resume=False, progress=None):
    """Train `recipe` in `folder` and return the exit status: 0, 130 or 143 after a signal. Prints as it goes.

    resume: the folder holds a run, to be continued. progress: is told of it instead of a console.Progress. Nothing is
    written before data and device are known to be right. Where this is one of several processes, only the first writes and
    prints.
    """
    folder, leads = Path(folder), launch.leads()
    tell = print if leads else (lambda *_, **__: None)
    found = checkpoint.newest(folder) if resume else None
    if found and budget.finished(recipe, found[2]):
        tell(f"finished: {folder} has its {found[2]['step']} steps")
        tell(folder)
        return 0
    with contextlib.ExitStack() as held:
        if resume and leads:
            held.enter_context(lock.hold(folder))
            found = checkpoint.newest(folder)  # the process that held it may have come further
        dataset = data.load(recipe.data, data_dir, recipe.image_size)
        recorded = run.read_provenance(folder).get("data_sha256") if resume else None
        if recorded not in (None, dataset.sha256):
            raise UserError(f"{folder} was trained on other data: the SHA-256 of {recipe.data} differs from its config.yaml")
        tell(runtime.start(device))
        runtime.check_amp(recipe.amp)

        from training.loop import Interrupted
        from training.parallel import Processes, Team
        from training.trainer import GANTrainer

        team = Processes(recipe.sync_batch_norm) if launch.is_worker() else Team()
        trainer, state = GANTrainer(recipe, dataset.shape, team), None
        if found:
            path, parts, state, remarks = found
            for remark in remarks:
                tell(f"warning: {remark}; going back to {path.name}", file=sys.stderr)
            trainer.restore(parts, state, path)
            tell(f"going on from {path}")
        elif resume:
            tell("no checkpoint yet: starting from the beginning")
        if leads and not resume:
            held.enter_context(lock.hold(folder))
            run.create(folder, recipe, dataset, {**runtime.machine(), "processes": team.size})
        if progress is None:
            progress = console.Progress(recipe.steps, state["step"] if state else 0) if leads else console.Silence()
        items = "points" if dataset.is_points else "images"
        length = f"{recipe.minutes:g} {budget.WORDS[recipe.clock]}" if recipe.minutes else f"{recipe.steps:,} steps"
        tell(f"{recipe.model} ({recipe.network}) on {recipe.data}, {len(dataset.train):,} {items}, {length} → {folder}")
        again = ["python", "train.py", "--out", str(folder), "--resume"]
        again += ["--data-dir", data_dir] if data_dir else []
        again += ["--processes", str(team.size)] if team.size > 1 else []
        try:
            keep_going(trainer, dataset, folder, leads, progress, state)
        except Interrupted as stop:
            progress.close()
            tell(f"interrupted: a checkpoint is saved; go on with: {shlex.join(again)}", file=sys.stderr)
            tell(folder)
            return 128 + stop.signum
        except WriteError as error:
            raise WriteError(f"{error}; when that is mended, go on with: {shlex.join(again)}") from None
        finally:
            progress.close()
    tell(folder)
    return 0


def keep_going(trainer, dataset, folder, leads, progress, state):
    """The loop, and again from the last checkpoint with other noise after a number that is not finite, if the recipe says so."""
    from training.loop import train as loop

    came_from, times = None, 0
    while True:
        log = RunLog(folder, state and state["logs"]) if leads else None
        try:
            return loop(trainer, dataset, folder, log, progress, console.warn, state)
        except NotFinite as error:
            if trainer.recipe.on_nan == "stop":
                raise
            attempt = trainer.attempt + 1
            path, parts, state, _ = checkpoint.newest(folder)
            times = times + 1 if path == came_from else 1
            came_from = path
            if times > ROLLBACKS:
                raise NotFinite(f"{error}; {ROLLBACKS} attempts with other noise and another order went the same way") from None
            if leads:
                console.warn(f"{error}; going back to it, with other noise and another order")
            trainer.restore(parts, {**state, "attempt": attempt}, path)
        finally:
            if log:
                log.close()

"""One training from a checked recipe to its end: data, device, folder, loop, and again after a number that is not finite."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import data
from errors import Interrupted, NotFinite, UserError, WriteError
from storage import writing
from training import budget, checkpoint, grids, launch, records, run, runtime
from training.recipe import Recipe
from training.run_log import RunLog

if TYPE_CHECKING:
    from training.parallel import Team

ROLLBACKS = 3  # from one checkpoint


class Silent:
    """What a training tells of itself, and its progress display, where nobody watches. One that speaks: reporting/console.py."""

    def say(self, line: str) -> None:
        """A line of information."""

    def warn(self, line: str) -> None:
        """A line about something that went wrong, or may."""

    def progress(self, recipe: Recipe, folder: Path) -> Silent:
        """The display of the training of `recipe` in `folder`, with step, show and close."""
        return self

    def step(self, done: int) -> None:
        pass

    def show(self, done: int, text: str) -> None:
        """A logged step in words."""

    def close(self) -> None:
        pass


def train(
    recipe: Recipe,
    folder: str | Path,
    data_dir: str | None = None,
    device: str = "auto",
    resume: bool = False,
    console: Silent | None = None,
    command: str | None = None,
) -> None:
    """Train `recipe` in `folder` to the end of its budget; at once if it is there.

    resume: go on with the run that the folder holds, if it holds one, from its newest good checkpoint. console: shows what
    happens, Silent by default; in all processes but the first of several nothing is written or shown. command: for the run's
    record. Nothing is written before data and device are known to be right. Raises Interrupted after a signal, its text says
    how to go on; UserError.
    """
    folder, leads = Path(folder), launch.leads()
    console = console if console and leads else Silent()
    resume = resume and run.is_run(folder)
    newest = checkpoint.newest(folder) if resume else None
    if newest and budget.finished(recipe, newest[1]):
        console.say(f"finished: {folder} has its {newest[1]['step']} steps")
        return
    if newest and checkpoint.is_published(newest[1]):
        raise UserError(f"{folder} holds published weights, which cannot be trained on; from the start: {run.command_of(folder)}")
    with contextlib.ExitStack() as held:
        if resume and leads:
            held.enter_context(writing.lock(folder))
        dataset = data.load(recipe.data, data_dir, recipe.image_size, recipe.fit)
        if resume:
            _check_recorded(folder, recipe, dataset)
        classes = dataset.class_counts() if recipe.conditional else None
        console.say(runtime.start(device))
        records.load()  # like Paddle before anything is written
        runtime.check_amp(recipe.amp)

        from training.parallel import Processes, Team
        from training.trainer import GANTrainer

        team = Processes(recipe.sync_batch_norm) if launch.is_worker() else Team()
        team.check_same("recipe", recipe.model_copy(update={"data": ""}))  # a folder's path may differ between hosts
        team.check_same("data", (dataset.sha256, dataset.labels_sha256))
        trainer, state = GANTrainer(recipe, dataset.shape, team, classes), None
        trainer.try_out()
        # once more, while nobody else can write: who held the lock before may have come further
        newest = checkpoint.newest(folder) if resume else None
        check_seen_by_all(team, newest)
        if newest:
            _check_processes(folder, recipe, team.size, console)
            state = _restore(trainer, newest, console)
        elif resume:
            console.say("no checkpoint yet: starting from the beginning")
        if leads and not resume:
            held.enter_context(writing.lock(folder))
            run.create(folder, recipe, dataset, {**runtime.machine(), "processes": team.size}, command)
        items = "points" if dataset.is_points else "images"
        length = budget.in_words(recipe)
        console.say(f"{recipe.model} ({recipe.network}) on {recipe.data}, {len(dataset.train):,} {items}, {length} → {folder}")
        progress = console.progress(recipe, folder)
        try:
            train_with_rollbacks(trainer, dataset, folder, leads, progress, console.warn, state)
        except Interrupted as stop:
            again = _command_to_go_on(folder, data_dir, device, team.size)
            raise Interrupted(stop.signum, f"interrupted: a checkpoint is saved; go on with: {again}") from None
        except WriteError as error:
            again = _command_to_go_on(folder, data_dir, device, team.size)
            raise WriteError(f"{error}; when that is mended, go on with: {again}") from None
        except Exception:
            if team.lost:  # in a backward pass Paddle wraps it in an error of its own
                raise team.lost from None
            raise
        finally:
            progress.close()


def _check_recorded(folder, recipe, dataset):
    """Raise UserError if the run in `folder` was trained on other data, or with other labels, than these."""
    recorded = run.read_provenance(folder)
    if recorded.get("data_sha256") not in (None, dataset.sha256):
        raise UserError(f"{folder} was trained on other data: the SHA-256 of {recipe.data} differs from its config.yaml")
    if recorded.get("labels_sha256") not in (None, dataset.labels_sha256):
        raise UserError(f"{folder} was trained with other labels: their SHA-256 differs from the one in its config.yaml")


def _check_processes(folder, recipe, processes, console):
    """Warn if the run in `folder` was begun in another number of processes. Raises UserError where batch norm would see another
    part of a batch than before."""
    before = run.read_provenance(folder).get("processes", processes)
    if before == processes:
        return
    words = f"{folder} was begun with --processes {before}, this is {processes}"
    if not recipe.sync_batch_norm:
        raise UserError(f"{words}: with sync_batch_norm=false batch norm would see other parts of the batches from here on")
    console.warn(f"{words}: sums are made in another order, so that it does not go on to the bit")


def _restore(trainer, newest, console):
    """Make the trainer what `newest`, of checkpoint.newest, says. Returns the checkpoint's state."""
    path, state, remarks = newest
    for remark in remarks:
        console.warn(f"{remark}; going back to {path.name}")
    if line := _jump_of_rates(trainer.recipe, path, state):
        console.warn(line)
    trainer.resume(path, state)
    console.say(f"going on from {path}")
    return state


def _jump_of_rates(recipe, path, state):
    """A line about learning rates that fall to 0 over another budget than that of the checkpoint at `path`; else ''."""
    if not recipe.decay:
        return ""
    before = run.recipe_of(path, state)
    now, then = (f"{1 - budget.share(each, state):.0%}" for each in (recipe, before))
    if now == then:
        return ""
    return (
        f"decay=true: over {budget.in_words(recipe)} instead of {budget.in_words(before)} the learning rates go on at {now} of "
        f"their first values, not at {then}; a run of that length from the start would have had others all along"
    )


def _command_to_go_on(folder, data_dir, device, processes):
    again = ["python", "train.py", "--out", str(folder), "--resume"]
    again += ["--data-dir", data_dir] if data_dir else []
    again += ["--device", device] if device != "auto" else []
    again += ["--processes", str(processes)] if processes > 1 else []
    return shlex.join(again)


def check_seen_by_all(team: Team, newest: tuple | None) -> None:
    """Raise UserError, in all processes, unless `newest`, of checkpoint.newest, is the same checkpoint in each of them.

    The first process writes the run's folder, all of them read it.
    """
    known = newest and (newest[1]["step"], newest[1]["sha256"])
    team.check_same("checkpoint to go on from: the run's folder must lie on a disk that all hosts share", known)


def train_with_rollbacks(trainer, dataset, folder, leads, progress, warn, state):
    """The loop, and again from the last checkpoint with other noise after a number that is not finite, if the recipe says so."""
    from training.loop import train as loop

    came_from, times = None, 0
    while True:
        log = RunLog(folder, state and state["logs"]) if leads else None
        try:
            if leads:  # now: a log that cannot be continued is an error before anything is changed
                run.update_recipe(folder, trainer.recipe)
                for step, path in grids.list_grids(folder).items():
                    if step > (state["step"] if state else -1):  # like the log's lines: of steps that are done again, or never
                        path.unlink(missing_ok=True)
            return loop(trainer, dataset, folder, log, progress, warn, state)
        except NotFinite as error:
            newest = None if trainer.recipe.on_nan == "stop" else checkpoint.newest(folder)
            check_seen_by_all(trainer.team, newest)
            if newest is None:
                raise
            attempt = trainer.attempt + 1
            path, state, _ = newest
            times = times + 1 if path == came_from else 1
            came_from = path
            if times > ROLLBACKS:
                raise NotFinite(f"{error}; {ROLLBACKS} attempts with other noise and another order went the same way") from None
            warn(f"{error}; going back to it, with other noise and another order")
            trainer.resume(path, {**state, "attempt": attempt})
        finally:
            if log:
                log.close()

"""Train the runs of a comparison, one after another in this process or several at once as `train.py` commands."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

from errors import TrainingError, UserError
from training import comparison, log, run, runtime

TRAIN = Path(__file__).resolve().parent.parent / "train.py"


def train(out, entries, data_dir, device, jobs, whole):
    """Train what is waiting; set each entry's status. Returns 0, or 130 or 143 after a signal with checkpoints saved.

    whole: a reporting.whole.Whole. A run that dies is recorded, and the next one begins.
    """
    waiting = [entry for entry in entries if entry.status == "waiting"]
    if jobs > 1 and len(waiting) > 1:
        return _at_once(out, entries, waiting, data_dir, device, jobs, whole)
    for entry in waiting:
        status = _one(entry, data_dir, device, whole)
        comparison.record(out, entries)
        if status:
            return status
    return 0


def _one(entry, data_dir, device, whole):
    from training import session

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # `whole` speaks for all runs
            status = session.train(entry.recipe, entry.folder, data_dir, device, run.is_run(entry.folder), whole.of(entry))
    except TrainingError as error:
        die(entry, str(error), whole)
        return 0
    if not status:
        finish(entry, whole)
    return status


def finish(entry, whole):
    entry.status = "finished"
    whole.done(entry)


def die(entry, message, whole):
    entry.status, entry.message = "died", message
    whole.done(entry)
    whole.say(f"{entry.label}, seed {entry.recipe.seed} died: {message}")


def _at_once(out, entries, waiting, data_dir, device, jobs, whole):
    """Up to `jobs` runs at a time, with the cores divided among them; what each printed is in OUT/output/."""
    (Path(out) / "output").mkdir(parents=True, exist_ok=True)
    threads = os.environ.get("OMP_NUM_THREADS", str(max(1, runtime.cores() // jobs)))
    running, stopped, queue = {}, [], list(waiting)
    kept = {number: signal.signal(number, lambda signum, _: stopped.append(signum)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while running or (queue and not stopped):
            while queue and len(running) < jobs and not stopped:
                entry = queue.pop(0)
                running[_start(out, entry, data_dir, device, threads)] = entry
            for process, entry in list(running.items()):
                if stopped and process.poll() is None and not getattr(process, "told", False):
                    process.told = True
                    process.send_signal(signal.SIGTERM)
                if process.poll() is None:
                    _report(entry, whole)
                    continue
                del running[process]
                _ended(out, entry, process.returncode, whole)
                comparison.record(out, entries)
            time.sleep(0.2)
    finally:
        for process in running:
            process.terminate()
        for number, handler in kept.items():
            signal.signal(number, handler)
    return 128 + stopped[0] if stopped else 0


def _start(out, entry, data_dir, device, threads):
    name = Path(entry.folder).name
    recipe = Path(out) / "output" / f"{name}.yaml"
    recipe.write_text(yaml.safe_dump(entry.recipe.model_dump(), sort_keys=False), encoding="utf-8")
    command = [sys.executable, TRAIN, "--config", recipe, "--out", entry.folder, "--resume", "--device", device]
    command += ["--data-dir", data_dir] if data_dir else []
    with open(Path(out) / "output" / f"{name}.txt", "w", encoding="utf-8") as text:
        return subprocess.Popen(
            list(map(str, command)),
            env={**os.environ, "OMP_NUM_THREADS": threads},
            stdout=text,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a terminal's Ctrl-C reaches them once, from here
        )


def _report(entry, whole):
    with contextlib.suppress(UserError, IndexError):
        whole.of(entry).step(log.read(entry.folder)[-1]["step"])


def _ended(out, entry, status, whole):
    said = (Path(out) / "output" / f"{Path(entry.folder).name}.txt").read_text(encoding="utf-8").splitlines()
    last = said[-1].removeprefix("train.py: error: ") if said else "it said nothing"
    if status == 0:
        finish(entry, whole)
    elif status not in (130, 143):
        if status == UserError.status:
            raise UserError(last)
        die(entry, last, whole)

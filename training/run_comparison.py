"""Train the runs of a comparison: one after another in this process, or several side by side as `train.py` commands."""

import functools
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

from errors import Interrupted, TrainingError, UserError
from training import children, comparison, runtime
from training.files import write_text

TRAIN = Path(__file__).resolve().parent.parent / "train.py"
ASKED_TO_END = (130, 143, -signal.SIGINT, -signal.SIGTERM)


def train(out, entries, data_dir, device, jobs, progress, scoring=lambda entry: None, command=None):
    """Train what is waiting; set each entry's status. Raises Interrupted after a signal, with checkpoints saved.

    jobs: 1 for one after another in this process, with all its threads; more for as many processes at a time, one thread
    each (or OMP_NUM_THREADS as the user set it), also for the last one that is left: a run's numbers do not depend on how
    many others were waiting. progress: a reporting.progress.MultiRunProgress. scoring(entry): the command that scores a run that
    is there, None if there is nothing to score; called side by side only. command: for the records of runs. A run that dies is
    recorded, and the next one begins.
    """
    if jobs > 1:
        _side_by_side(out, entries, data_dir, device, jobs, progress, scoring)
        return
    for entry in entries:
        if entry.status == "waiting":
            _one(entry, data_dir, device, progress, command)
            comparison.record(out, entries)


def _one(entry, data_dir, device, progress, command):
    from training import session

    try:
        session.train(entry.recipe, entry.folder, data_dir, device, True, progress.of(entry), command)
    except TrainingError as error:
        die(entry, str(error), progress)
    else:
        finish(entry, progress)


def finish(entry, progress):
    entry.status = "finished"
    progress.done(entry)


def die(entry, message, progress):
    entry.status, entry.message = "died", message
    progress.done(entry)
    progress.say(f"{entry.label}, seed {entry.recipe.seed} died: {message}")


def _side_by_side(out, entries, data_dir, device, jobs, progress, scoring):
    """Up to `jobs` processes at a time: the trainings, then the scoring; what each printed is in OUT/output/."""
    (Path(out) / "output").mkdir(parents=True, exist_ok=True)
    start = functools.partial(_start, out, data_dir, device, progress, scoring)
    queue = [(entry, False) for entry in entries if entry.status == "waiting"]
    queue += [(entry, True) for entry in entries if entry.status in ("finished", "stopped")]
    running, asked, received = {}, set(), []
    kept = {
        number: signal.signal(number, lambda signum, _: received.append(signum)) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        while running or (queue and not received):
            while queue and len(running) < jobs and not received:
                if process := start(*queue[0]):
                    running[process] = queue[0]
                queue.pop(0)
            for process, (entry, scored) in list(running.items()):
                if received and process not in asked and process.poll() is None:
                    asked.add(process)
                    process.terminate()
                if process.poll() is None:
                    progress.of(entry).look()
                    continue
                del running[process]
                if not scored:
                    _trained(out, entry, process.returncode, progress)
                    comparison.record(out, entries)
                    queue += [(entry, True)] if entry.status == "finished" else []
            time.sleep(0.2 if running else 0)
    finally:
        children.stop(running)
        for number, handler in kept.items():
            signal.signal(number, handler)
    if received or any(entry.status == "waiting" for entry in entries):
        raise Interrupted(received[0] if received else signal.SIGTERM)


def _start(out, data_dir, device, progress, scoring, entry, score):
    """The process that trains a run, or that scores it; None if there is nothing to score."""
    output = Path(out) / "output" / f"{Path(entry.folder).name}{'-scores' if score else ''}.txt"
    if score:
        command = scoring(entry)
        if not command:
            return None
        progress.say(f"scoring {entry.folder}")
    else:
        recipe = write_text(output.with_suffix(".yaml"), yaml.safe_dump(entry.recipe.model_dump(), sort_keys=False))
        command = [sys.executable, TRAIN, "--config", recipe, "--out", entry.folder, "--resume", "--device", device]
        command += ["--data-dir", data_dir] if data_dir else []
    with open(output, "w", encoding="utf-8") as text:
        return children.start(command, runtime.given_threads() or 1, stdout=text, stderr=subprocess.STDOUT)


def _trained(out, entry, status, progress):
    said = (Path(out) / "output" / f"{Path(entry.folder).name}.txt").read_text(encoding="utf-8").splitlines()
    last = said[-1].removeprefix("train.py: error: ") if said else "it said nothing"
    for line in said:
        if line.startswith("warning: "):
            progress.say(f"{entry.label}, seed {entry.recipe.seed}: {line}")
    if status == 0:
        finish(entry, progress)
    elif status == UserError.status:
        raise UserError(last)
    elif status not in ASKED_TO_END:  # those wait for the next call
        entry.killed = status < 0
        die(entry, f"killed by {signal.Signals(-status).name}" if entry.killed else last, progress)

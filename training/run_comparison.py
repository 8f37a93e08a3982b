"""Train the runs of a comparison: one after another in this process, or several side by side as `train.py` commands."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import yaml

from errors import Interrupted, TrainingError, UserError
from storage import writing
from training import children, comparison, runtime, session, signals
from training.comparison import Entry

TRAIN = Path(__file__).resolve().parent.parent / "train.py"
STATUS_OF_SIGNALS = (*signals.STATUSES, *(-number for number in signals.NUMBERS))  # of a training that was asked to end
ERROR = f"{TRAIN.name}: error: "


class Progress(Protocol):
    """A reporting.progress.MultiRunProgress, or one like it."""

    def of(self, entry: Entry) -> Any: ...  # a session.Silent with look()
    def done(self, entry: Entry) -> None: ...
    def scored(self, entry: Entry) -> None: ...
    def say(self, line: str) -> None: ...


def train(
    out: str | Path,
    entries: list[Entry],
    data_dir: str | None,
    device: str,
    jobs: int,
    progress: Progress,
    scoring: Callable[[Entry], list | None] = lambda entry: None,
    command: str | None = None,
) -> None:
    """Train what is waiting; set each entry's status. Raises Interrupted after a signal, with checkpoints saved.

    jobs: 1 for one after another in this process, with all its threads; more for as many processes at a time, one thread
    each (or OMP_NUM_THREADS as the user set it), also for the last one that is left: a run's numbers do not depend on how
    many others were waiting. scoring(entry): the command that scores a trained run, None if there is nothing to score; called
    side by side only. command: for the records of runs. A run that dies is recorded, and the next one begins. Raises UserError
    as well if another process does not let go of a run's folder.
    """
    _await_others(entries, progress)
    if jobs > 1:
        _side_by_side(out, entries, data_dir, device, jobs, progress, scoring)
        return
    for entry in entries:
        if entry.status == "waiting":
            _in_this_process(entry, data_dir, device, progress, command)
            comparison.write_record(out, entries)


def _await_others(entries, progress):
    """What a comparison that was killed had begun saves a checkpoint and ends (children.follow_parent): wait for that."""
    deadline = time.monotonic() + signals.PATIENCE
    for entry in entries:
        if not entry.given and (entry.folder / writing.LOCK).exists():
            try:
                with writing.lock(entry.folder):
                    continue
            except UserError:
                progress.say(f"{entry.folder} is in use: waiting until the process that writes to it has ended")
            with writing.lock(entry.folder, max(0.0, deadline - time.monotonic())):
                pass


def _in_this_process(entry, data_dir, device, progress, command):
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
    trainings = [entry for entry in entries if entry.status == "waiting"]
    scorings = [entry for entry in entries if entry.status in ("finished", "stopped")]
    terminated = set()
    running: dict[subprocess.Popen, tuple[Entry, bool]] = {}
    with contextlib.ExitStack() as held:
        received = held.enter_context(signals.received())
        held.callback(children.stop, running)
        while running or ((trainings or scorings) and not received):
            while (trainings or scorings) and len(running) < jobs and not received:
                score = not trainings
                entry = (scorings if score else trainings).pop(0)
                arguments = scoring(entry) if score else _training(out, entry, data_dir, device)
                if arguments:
                    if score:
                        progress.say(f"scoring {entry.folder}")
                    running[_start(arguments, _output(out, entry, "-scores" if score else ""))] = entry, score
                else:
                    progress.scored(entry)
            for process, (entry, score) in list(running.items()):
                if received and process not in terminated and process.poll() is None:
                    terminated.add(process)
                    process.terminate()
                if process.poll() is None:
                    progress.of(entry).look()
                    continue
                del running[process]
                if score and process.returncode == 0:
                    progress.scored(entry)
                if not score:
                    _trained(out, entry, process.returncode, progress)
                    comparison.write_record(out, entries)
                    scorings += [entry] if entry.status == "finished" else []
            time.sleep(0.2 if running else 0)
    if received or any(entry.status == "waiting" for entry in entries):
        raise Interrupted(received[0] if received else signal.SIGTERM)


def _output(out, entry, ending="", suffix=".txt"):
    return Path(out) / "output" / f"{entry.folder.name}{ending}{suffix}"


def _training(out, entry, data_dir, device):
    """The command that trains a run."""
    recipe = writing.write_text(_output(out, entry, suffix=".yaml"), yaml.safe_dump(entry.recipe.model_dump(), sort_keys=False))
    command = [sys.executable, TRAIN, "--config", recipe, "--out", entry.folder, "--resume", "--device", device]
    return command + (["--data-dir", data_dir] if data_dir else [])


def _start(command, output):
    """Its process, on one thread or as many as the user set, which prints into the file `output`."""
    output.unlink(missing_ok=True)  # a process of before, which was not told yet to end, may still be printing into it
    with open(output, "w", encoding="utf-8") as text:
        return children.start(command, runtime.given_threads() or 1, stdout=text, stderr=subprocess.STDOUT)


def _trained(out, entry, status, progress):
    """Set the status of a run whose training has ended with this exit status, and pass on its warnings."""
    lines = _output(out, entry).read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line.removeprefix(ERROR) for line in lines if line.startswith(ERROR)]
    last = [*(lines or ["no output"]), *errors][-1]
    for line in lines:
        if line.startswith("warning: "):
            progress.say(f"{entry.label}, seed {entry.recipe.seed}: {line}")
    if status == 0:
        finish(entry, progress)
    elif status == UserError.status:
        raise UserError(last)
    elif status not in STATUS_OF_SIGNALS:  # those wait for the next call
        entry.killed = status < 0
        die(entry, f"killed by {signal.Signals(-status).name}" if entry.killed else last, progress)

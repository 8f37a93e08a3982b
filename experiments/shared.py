"""An experiment's trainings, shared among processes: workers carry out the same experiment and lock what is not locked yet."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from types import ModuleType

from errors import UserError
from experiments.store import ExperimentStore
from training import children, runtime, signals


class Workers:
    """Up to `count` further processes for one experiment, on one thread each (or OMP_NUM_THREADS as the user set it).

    `start` begins them, once: an experiment without trainings needs none. Leaving the context ends them, by SIGTERM, with
    checkpoints of what is under way; so do Ctrl-C, SIGTERM and SIGHUP, which leave it by SystemExit.
    """

    def __init__(self, name: str, count: int, quick: bool = False, data_dir: str | None = None) -> None:
        flags = ["--quick"] * quick + (["--data-dir", data_dir] if data_dir else [])
        self._command = [sys.executable, "-m", "experiments", name, *flags, "--worker"]
        self._count = count
        self._processes: list[subprocess.Popen] = []

    def start(self) -> None:
        while len(self._processes) < self._count:
            self._processes.append(children.start(self._command, runtime.given_threads() or 1))

    def __enter__(self) -> Workers:
        # a training under way has a handler of its own
        self._held = contextlib.ExitStack()
        self._held.enter_context(signals.handled(lambda number: sys.exit(128 + number)))
        self._held.callback(children.stop, self._processes)
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()


def measure_along(module: ModuleType, store: ExperimentStore) -> None:
    """What a worker does: measure with the others, and leave what to say of a mistake to the first process."""
    with contextlib.suppress(UserError):
        module.measure(store)

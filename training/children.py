"""Processes that work for a command and end with it: the trainings of a comparison side by side, an experiment's workers."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from training import runtime, signals

PARENT = "PADDLE_WGAN_PARENT"  # process id of the command that began this one


def start(command: Sequence, threads: int | str, environment: dict[str, str] | None = None, **streams: Any) -> subprocess.Popen:
    """Start `command` with so many threads and return its Popen. environment: what is added to this process's. streams:
    stdout, stderr, as Popen's.

    A session of its own: a terminal's Ctrl-C reaches the command only, which passes it on once.
    """
    inherited = {key: value for key, value in os.environ.items() if key != runtime.OURS}
    own = {"OMP_NUM_THREADS": str(threads), PARENT: str(os.getpid()), **(environment or {})}
    return subprocess.Popen(list(map(str, command)), env={**inherited, **own}, start_new_session=True, **streams)


def follow_parent() -> None:
    """In such a process: end as by SIGTERM, with a checkpoint, when the command that began it is gone, killed for example.

    It would otherwise train on, and hold its run's folder against the same command called again.
    """
    parent = os.environ.pop(PARENT, None)

    def watch(parent: int):
        signals.leave_to_others()
        while os.getppid() == parent:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)

    if parent is not None:
        threading.Thread(target=watch, args=(int(parent),), daemon=True).start()


def stop(processes: Iterable[subprocess.Popen]) -> None:
    """End them by SIGTERM and wait for their checkpoints."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        process.wait()

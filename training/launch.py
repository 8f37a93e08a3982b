"""Processes that a command starts: `--processes N` copies of it, joined by Paddle's distributed engine.

`python -m paddle.distributed.launch` works too, and across hosts (docs/scaling.md), but on one host and a CPU it leaves them
alive when it gets a signal, and its exit status is never theirs.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO

from errors import TrainingError, UserError, shortened
from training import children, hosts, runtime, signals
from training.recipe import Recipe

GRACE = 10  # seconds that processes get to end by themselves, but for the first after a signal, which saves a checkpoint
ENDPOINT = re.compile(r"[^\s:,]+:[0-9]{1,5}")
AGAIN = f"{runtime.UNSET}, or start the processes by --processes or `python -m paddle.distributed.launch`"


def is_worker() -> bool:
    """Whether this process is one of several, started here or by `python -m paddle.distributed.launch`. Raises UserError."""
    return _place()[1] > 1


def leads() -> bool:
    """Whether this process is the first or the only one: it writes the run's folder and talks. Raises UserError."""
    return _place()[0] == 0


def check_alone() -> None:
    """Raise UserError in one of several processes, for a command that cannot be one."""
    if is_worker():
        raise UserError("this command is not for several processes: PADDLE_TRAINERS_NUM is set, unset it or make it 1")


def _place():
    """(number of this process, number of all) from the launcher's variables; some clusters set them for other ends."""
    rank, processes = runtime.rank_and_processes()
    if rank >= max(1, processes):
        raise UserError(f"PADDLE_TRAINER_ID={rank} is not below PADDLE_TRAINERS_NUM={processes}: {AGAIN}")
    if processes > 1:
        endpoints, own = (os.environ.get(name, "") for name in ("PADDLE_TRAINER_ENDPOINTS", "PADDLE_CURRENT_ENDPOINT"))
        every = endpoints.split(",")
        if len(every) != processes or every[rank] != own or not all(ENDPOINT.fullmatch(each) for each in every):
            raise UserError(
                f"PADDLE_TRAINER_ENDPOINTS={shortened(endpoints)} and PADDLE_CURRENT_ENDPOINT={shortened(own)} are "
                f"not the addresses, host:port, of {processes} processes and of number {rank} of them: {AGAIN}"
            )
        own_only = [each for each in every if hosts.is_loopback(each.rpartition(":")[0])]
        if own_only and os.environ.get("PADDLE_NNODES", "1") != "1":
            raise UserError(
                f"one of the hosts calls itself {own_only[0]}, where no other can connect to it: give each its address, by "
                "--host ADDRESS of `python -m paddle.distributed.launch`"
            )
    return rank, processes


def count(asked: str, recipe: Recipe, device: str) -> int:
    """Processes for `--processes asked` ('auto' or a number) and `--device device`. Raises UserError.

    Of a launcher's processes it is their number, whatever was asked. 'auto' is 1: more were not measured to be
    faster on one host (docs/performance.md).
    """
    if is_worker():
        asked = str(_place()[1])
    if asked == "auto":
        return 1
    if not asked.isdecimal() or int(asked) < 1:
        raise UserError(f"--processes {asked}: allowed are auto and whole numbers from 1")
    processes = int(asked)
    for key, size in (("batch_size", recipe.batch_size), ("generator_batch_size", recipe.generator_batch_size)):
        if size and (size % processes or size // processes < 2):
            raise UserError(f"--processes {asked}: {key} {size} does not divide into equal parts of 2 or more")
    if processes > 1 and ":" in device:  # each process has a card of its own
        raise UserError(
            f"--device {device} is for one process, not for {asked}: say --device gpu, and which cards by CUDA_VISIBLE_DEVICES"
        )
    return processes


def environments(processes: int, device: str, addresses: Sequence[str] = ()) -> list[dict[str, str]]:
    """What each process of a team must find in its environment. addresses: of each one's host, by default all on this one."""
    addresses = addresses or ["127.0.0.1"] * processes
    endpoints = [f"{address}:{port}" for address, port in zip(addresses, _free_ports(processes), strict=True)]
    return [
        {
            "PADDLE_TRAINER_ID": str(rank),
            "PADDLE_TRAINERS_NUM": str(processes),
            "PADDLE_TRAINER_ENDPOINTS": ",".join(endpoints),
            "PADDLE_CURRENT_ENDPOINT": endpoint,
            "PADDLE_MASTER": endpoints[0],
            "MASTER_ADDR": addresses[0],  # these two come before PADDLE_MASTER, and a cluster may have set them
            "MASTER_PORT": endpoints[0].rpartition(":")[2],
            "PADDLE_DISTRI_BACKEND": "auto" if runtime.takes_gpu(device) else "gloo",
            "FLAGS_selected_gpus": str(rank),
            "OMP_NUM_THREADS": runtime.given_threads() or str(max(1, runtime.cores() // processes)),
        }
        for rank, endpoint in enumerate(endpoints)
    ]


def run(processes: int, command: list[str], device: str) -> int:
    """Run `python command` in so many processes; returns the exit status of the first one, which alone is heard.

    The first to fail ends the others. Ctrl-C, SIGTERM and SIGHUP are passed on, so that a checkpoint is saved. Raises
    TrainingError, with its last line, if another one failed and the first did not, or if that was killed before it had saved.
    """
    command = [sys.executable, *command]
    with contextlib.ExitStack() as files:
        # the first one is heard; of the others each has its own: lines of two would run into one another
        errors: list[IO[str] | None] = [None]
        for _ in range(1, processes):
            errors.append(files.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")))
        team = [
            children.start(command, own["OMP_NUM_THREADS"], own, stderr=file)
            for own, file in zip(environments(processes, device), errors)
        ]
        failed, first = _watch(team), team[0].returncode
        if failed is None or first > 0:  # it has said why itself
            return first
        if failed.returncode in signals.STATUSES and first < 0:  # what the others have said holds no more
            error = TrainingError(
                f"interrupted, and the first process was killed by {signal.Signals(-first).name} before its checkpoint was "
                "saved: --resume goes on from the one before"
            )
            error.status = failed.returncode
            raise error
        file = errors[team.index(failed)]
        lines = []
        if file:
            file.seek(0)
            lines = [line.strip() for line in file if line.strip()]
    if failed.returncode < 0:
        lines = [f"one of the processes was killed by {signal.Signals(-failed.returncode).name}"]
    last = lines[-1] if lines else f"one of the processes ended with status {failed.returncode}"
    error = TrainingError(last.partition(": error: ")[2] or last)
    error.status = max(1, failed.returncode)
    raise error


def _watch(team):
    """Wait for all of them; returns the first that failed, None for none. No one is left alive."""

    def pass_on(number):
        for process in team:
            if process.poll() is None:
                process.send_signal(number)

    try:
        with signals.handled(pass_on):
            return _first_to_fail(team)
    finally:
        for process in team:
            if process.poll() is None:
                process.kill()
            process.wait()


def _first_to_fail(team):
    while not (failed := [process for process in team if process.poll()]) and None in [p.returncode for p in team]:
        time.sleep(0.1)
    if failed and failed[0].returncode in signals.STATUSES:  # all end by themselves, the first when it has saved a checkpoint
        _wait(team[:1], signals.PATIENCE)
        _wait(team, GRACE)
    elif failed:  # the others wait for one that is gone; the first one may have a word to say
        _wait(team, 1 if failed[0] is team[0] else GRACE / 2)
    return failed[0] if failed else None


def _wait(processes, seconds):
    """Until they have ended, or so long."""
    deadline = time.monotonic() + seconds
    while None in [process.poll() for process in processes] and time.monotonic() < deadline:
        time.sleep(0.1)


def _free_ports(count):
    probes = [socket.socket() for _ in range(count)]  # all open at once, so that no two get the same
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()

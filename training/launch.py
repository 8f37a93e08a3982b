"""Processes that a command starts: `--processes N` copies of it, joined by Paddle's distributed engine; where a GPU is."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from importlib import metadata

from errors import UserError
from models import networks
from training import runtime

GRACE = 10  # seconds that processes get to end by themselves


def is_worker():
    """Whether this process is one of several, started here or by `python -m paddle.distributed.launch`."""
    return int(os.environ.get("PADDLE_TRAINERS_NUM", "1")) > 1


def leads():
    return int(os.environ.get("PADDLE_TRAINER_ID", "0")) == 0


def count(asked, recipe):
    """Processes for `--processes asked` ('auto' or a number). Raises UserError."""
    if asked == "auto":
        # docs/performance.md: on a CPU one process with all cores is the fastest, but for networks of Paddle's own convolutions
        many = min(runtime.cores(), recipe.batch_size // 2)
        one_core = any(network.one_core for network in networks.rows(recipe))
        return many if one_core and not _undivided(many, recipe) and not _has_gpu_build() else 1
    if not asked.isdecimal() or int(asked) < 1:
        raise UserError(f"--processes {asked}: allowed are auto and whole numbers from 1")
    for key in _undivided(int(asked), recipe):
        raise UserError(f"--processes {asked}: {key} {getattr(recipe, key)} does not divide into equal parts of 2 or more")
    return int(asked)


def _undivided(processes, recipe):
    """The settings of the recipe whose batches do not divide among so many processes."""
    batches = {"batch_size": recipe.batch_size, "generator_batch_size": recipe.generator_batch_size}
    return [key for key, size in batches.items() if size and (size % processes or size // processes < 2)]


def _has_gpu_build():
    """Whether paddlepaddle-gpu is installed: told without importing Paddle."""
    try:
        return bool(metadata.version("paddlepaddle-gpu"))
    except metadata.PackageNotFoundError:
        return False


def takes_gpu(device):
    """Whether `--device device` means a GPU here: told without importing Paddle."""
    return device.startswith("gpu") or (device == "auto" and _has_gpu_build() and _gpus() > 0)


def _gpus():
    """GPUs that CUDA shows to this process: a machine with the GPU build need not have one."""
    try:
        cuda = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int()
    return count.value if cuda.cuInit(0) == 0 and cuda.cuDeviceGetCount(ctypes.byref(count)) == 0 else 0


def environments(processes, device):
    """What each process of a team must find in its environment, as a list of dicts."""
    endpoints = [f"127.0.0.1:{port}" for port in _free_ports(processes)]
    return [
        {
            "PADDLE_TRAINER_ID": str(rank),
            "PADDLE_TRAINERS_NUM": str(processes),
            "PADDLE_TRAINER_ENDPOINTS": ",".join(endpoints),
            "PADDLE_CURRENT_ENDPOINT": endpoint,
            "PADDLE_MASTER": endpoints[0],
            "PADDLE_DISTRI_BACKEND": "gloo" if device in ("auto", "cpu") else "auto",
            "FLAGS_selected_gpus": str(rank),
            "OMP_NUM_THREADS": runtime.given_threads() or str(max(1, runtime.cores() // processes)),
        }
        for rank, endpoint in enumerate(endpoints)
    ]


def run(processes, command, device):
    """Run `python command` (a list) in so many processes; returns the exit status.

    The first to fail ends the others. Ctrl-C and SIGTERM are passed on, so that a checkpoint is saved.
    """
    command = [sys.executable, *command]
    # a session of its own for each: a terminal's Ctrl-C reaches them once, through _watch
    return _watch(
        [
            subprocess.Popen(command, env={**os.environ, **environment}, start_new_session=True)
            for environment in environments(processes, device)
        ]
    )


def _watch(team):
    def pass_on(signum, frame):
        for process in team:
            if process.poll() is None:
                process.send_signal(signum)

    kept = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while True:
            states = [process.poll() for process in team]
            failed = [state for state in states if state]
            if failed or None not in states:
                break
            time.sleep(0.1)
        if failed:  # after a signal all end by themselves; after an error the others wait for one that is gone
            deadline = time.monotonic() + (GRACE if failed[0] in (130, 143) else 1)
            while None in [process.poll() for process in team] and time.monotonic() < deadline:
                time.sleep(0.1)
        return (failed[0] if failed[0] > 0 else 1) if failed else 0
    finally:
        for process in team:
            if process.poll() is None:
                process.kill()
            process.wait()
        for number, handler in kept.items():
            signal.signal(number, handler)


def _free_ports(count):
    probes = [socket.socket() for _ in range(count)]  # all open at once, so that no two get the same
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()

"""Ctrl-C, SIGTERM and SIGHUP (a terminal that goes away): a training finishes its step and saves a checkpoint."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

NUMBERS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
STATUSES = tuple(128 + number for number in NUMBERS)  # with which a command ends that one of them has reached
PATIENCE = 300  # seconds that a training gets after one of them: a generator step may have 100 critic steps, a disk may be slow


@contextlib.contextmanager
def handled(by: Callable[[int], object]) -> Iterator[None]:
    """Within this context by(number) is called at each of these signals. SIGHUP stays ignored where it is, as by nohup."""
    before = {}
    for number in NUMBERS:
        ignored = signal.getsignal(number) == signal.SIG_IGN
        if not (ignored and number not in (signal.SIGINT, signal.SIGTERM)):
            with contextlib.suppress(ValueError):  # not in the main thread: a notebook's, say
                before[number] = signal.signal(number, lambda signum, frame: by(signum))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def received() -> Iterator[list[int]]:
    """A list that is empty until one of these signals comes, then holds its number."""
    numbers: list[int] = []
    with handled(numbers.append):
        yield numbers


def leave_to_others() -> None:
    """In a thread beside the main one: let another thread take these signals, the main one if it holds none back."""
    if hasattr(signal, "pthread_sigmask"):  # not on Windows
        signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """SIGTERM waits in this thread until the end of this context."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

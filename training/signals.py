"""Ctrl-C and SIGTERM during a training: the step under way is finished, a checkpoint is saved."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import paddle


@contextlib.contextmanager
def received() -> Iterator[list[int]]:
    """A list that is empty until SIGINT or SIGTERM comes, then holds its number."""
    numbers = []
    paddle.disable_signal_handler()  # Paddle's own prints a C++ traceback and dies
    handlers = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError):  # not in the main thread: a notebook's, say
            handlers[number] = signal.signal(number, lambda signum, frame: numbers.append(signum))
    try:
        yield numbers
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)

"""Imported first by each command: Ctrl-C while it imports the rest is one line and status 130, as later (console.py)."""

import contextlib
import os
import signal
import sys


def end(number, frame):
    """Without a KeyboardInterrupt, of which a library that is being imported could make anything; nothing has begun yet."""
    *_, folder, name = ["", *sys.argv[0].split("/")]
    with contextlib.suppress(OSError):
        os.write(2, f"{folder if name == '__main__.py' else name}: error: interrupted\n".encode())
    os._exit(128 + number)


if signal.getsignal(signal.SIGINT) == signal.default_int_handler:  # it may be ignored
    signal.signal(signal.SIGINT, end)

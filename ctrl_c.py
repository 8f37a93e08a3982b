"""Imported first by each command: while it imports the rest, Ctrl-C is one line and status 130, as later (console.py), and a
package that is missing is one line too."""

import contextlib
import os
import signal
import sys

ELSEWHERE = {"optuna": "dev", "torch": "alignment"}  # modules that requirements-cpu.txt does not bring: requirements-NAME.txt


def say(error):
    *_, folder, name = ["", *sys.argv[0].split("/")]
    if name == "-m":  # a package of which more is imported before its __main__.py has a name
        name = sys.orig_argv[sys.orig_argv.index("-m") + 1].rpartition(".")[2]
    with contextlib.suppress(OSError):
        os.write(2, f"{folder if name == '__main__.py' else name}: error: {error}\n".encode())


def end(number, frame):
    """Without a KeyboardInterrupt, of which a library that is being imported could make anything; nothing has begun yet."""
    say("interrupted")
    os._exit(128 + number)


def missing(kind, error, trace):
    """sys.excepthook: a package that is not there, as in a terminal without the environment, or one that few commands need."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return sys.__excepthook__(kind, error, trace)
    file = f"requirements-{ELSEWHERE.get(error.name.partition('.')[0], 'cpu')}.txt"
    hint = f"activate the environment that it was installed in, or pip install -r {file}"
    say(f"Python has no module {error.name}: {hint}")
    os._exit(2)


if signal.getsignal(signal.SIGINT) == signal.default_int_handler:  # it may be ignored
    signal.signal(signal.SIGINT, end)
if sys.excepthook is sys.__excepthook__:
    sys.excepthook = missing

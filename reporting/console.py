"""How commands talk: one-line errors, warnings on stderr, what a training tells of itself.

Nothing that happens to stdout or stderr ends a command: what cannot be written is dropped.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import logging
import os
import select
import shlex
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

from errors import UserError
from reporting import help_page, hints, page_words
from storage import names
from training.comparison import Entry
from training.recipe import Recipe
from training.session import Silent
from training.settings import reads


def run(command: click.Command, prints: bool = False) -> NoReturn:
    """Run a click command as a program: a mistake is one line on stderr and exit status 2, Ctrl-C one and 130, no traceback.

    prints: what the command makes is what it prints, so that a stdout that cannot be written is an error. For the others,
    which make files and say where, it is a warning.
    """
    _open_missing()
    out, _ = _lasting("stdout"), _lasting("stderr")
    name = _name()
    logging.basicConfig(format="%(message)s")  # on stderr: a download that begins, what Paddle says at its start
    logging.getLogger("data").setLevel(logging.INFO)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns where a home is missing, and does without
    try:
        Path.home()
    except RuntimeError:  # at which Matplotlib 3.10 ends; where it cannot make its folder it takes a temporary one
        os.environ.setdefault("MPLCONFIGDIR", os.devnull)
    try:
        _check_working_directory()
        for word in sys.argv[1:]:
            names.check(word, "argument")
        with _interruptible() as interrupted:
            status = _invoke(command, name)
    except click.ClickException as error:
        status = _say(name, hints.in_words(error), 2)
    except UserError as error:
        status = _say(name, error, error.status)
    except (click.Abort, KeyboardInterrupt):
        status = _say(name, "interrupted", 130)
    except Exception as error:
        if interrupted:  # what was imported or called has made something else of it
            status = _say(name, "interrupted", 130)
        elif isinstance(error, (OSError, MemoryError)):  # the machine's
            status = _say(name, str(error) or "not enough memory", 2)
        else:
            raise
    status = status if isinstance(status, int) else 0
    sys.stdout.flush()
    if status == 0 and out and out.failed and not isinstance(out.failed, BrokenPipeError):  # `| head` has what it wanted
        words = f"stdout cannot be written: {out.failed.strerror}"
        if prints:
            status = _say(name, words, 2)
        else:
            warn(words)
    sys.exit(status)


def _invoke(command, name):
    """The command's status. Not click's main(), which has its own words for Ctrl-C and for a stdout that is closed."""
    command.context_class = help_page.Context
    command.context_settings = {"help_option_names": ["-h", "--help"], **command.context_settings}
    if page_words.by_locale() == "zh":
        from reporting import help_zh  # here: it imports all that its lists name

        help_zh.translate(command, name)
    try:
        with command.make_context(f"python {_typed(name)}", sys.argv[1:]) as context:
            return command.invoke(context)
    except click.exceptions.Exit as end:  # --help
        return end.exit_code


def _name():
    """The command's, as ctrl_c.py says it."""
    path = Path(sys.argv[0])
    return path.parent.name if path.name == "__main__.py" else path.name


def _typed(name):
    """What follows `python` to run the command, for its usage: '-m experiments queue' where `name` is 'experiments queue'."""
    spec = sys.modules["__main__"].__spec__  # None of a file
    module = spec.name.removesuffix(".__main__") if spec else ""
    word, *more = name.split()
    return " ".join(["-m", module, *more]) if module and module.rpartition(".")[2] == Path(word).stem else name


@contextlib.contextmanager
def _interruptible():
    """KeyboardInterrupt at Ctrl-C, unless that is ignored, in place of what ctrl_c.py does; a list that is empty until then."""
    numbers: list[int] = []

    def stop(number, frame):
        numbers.append(number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before != signal.SIG_IGN:
        signal.signal(signal.SIGINT, stop)
    try:
        yield numbers
    finally:
        signal.signal(signal.SIGINT, before)


def _open_missing():
    """Put the null device in the place of stdin, stdout and stderr if they are closed: the next file would have their numbers,
    and what libraries print would be written into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest that is free, this one


def _lasting(name):
    """Make sys.stdout or sys.stderr last, whatever happens to it; returns what writes it, None for a test's or a notebook's.

    A character that its encoding lacks is written as \\u2192, a byte of a name that is no text as it is.
    """
    stream = getattr(sys, name)
    if stream is not getattr(sys, f"__{name}__"):
        return None
    if stream:
        raw = Lasting(getattr(stream.buffer, "raw", stream.buffer))  # Python's -u leaves the buffer out
    else:  # closed
        raw = Lasting(io.FileIO(os.devnull, "w"), OSError(errno.EBADF, os.strerror(errno.EBADF)))
    encoding = stream.encoding if stream else "utf-8"
    codecs.register_error("shown", _shown)
    setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(raw), encoding, "shown", line_buffering=True))
    return raw


def _shown(error):
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.backslashreplace_errors(error)


class Lasting(io.RawIOBase):
    """Writes to `raw`, a FileIO or one like it. What cannot be written, because the disk is full or nobody reads, is dropped.

    failed: OSError of the first time, None if there was none.
    """

    def __init__(self, raw: Any, failed: OSError | None = None):
        self._raw, self.failed = raw, failed

    def write(self, data: Any) -> int:
        try:
            while (written := self._raw.write(data)) is None:  # it is somebody's who does not want to wait
                select.select((), (self._raw,), ())
            return written
        except OSError as error:
            self.failed = self.failed or error
            return len(data)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()


def _check_working_directory():
    try:
        Path.cwd()
    except OSError as error:
        raise UserError(f"the working directory has been deleted, or may not be looked at ({error.strerror})") from None


def command() -> str:
    """What the user typed, for a record: with -m where a module was called, of which sys.argv has another name."""
    name = _name()
    typed = _typed(name)
    return " ".join(["python", shlex.quote(sys.argv[0]) if typed == name else typed, *map(shlex.quote, sys.argv[1:])])


def _say(name, message, status):
    line = " ".join(str(message).split())
    print(f"{name}: error: {line}", file=sys.stderr)
    return status


def warn(message: object) -> None:
    print(f"warning: {message}", file=sys.stderr, flush=True)


class WarningsOnly(Silent):
    """The console of a training that is one step of something longer."""

    def warn(self, line: str) -> None:
        warn(line)


class Console(WarningsOnly):
    """The console of a training that a person watches: lines, warnings on stderr, a progress bar. given: names of the settings
    that were typed, of which it says where they do nothing."""

    def __init__(self, given: Iterable[str] = ()):
        self.given = list(given)

    def say(self, line: str) -> None:
        print(line, flush=True)

    def progress(self, recipe: Recipe, folder: str | Path) -> Silent:
        from reporting.progress import MultiRunProgress  # here, so that rich is not loaded for --help

        for key in self.given:
            if not reads(recipe, key):
                self.warn(f"{key} does nothing here: neither {recipe.optimizer} nor the network {recipe.network} reads it")
        entry = Entry(recipe, folder=Path(folder))
        return MultiRunProgress([entry]).of(entry)

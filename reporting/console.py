"""How commands talk: one-line errors, warnings on stderr, what a training tells of itself."""

from __future__ import annotations

import logging
import shlex
import sys
from pathlib import Path
from typing import NoReturn

import click

from errors import UserError
from storage import names
from training.comparison import Entry
from training.recipe import Recipe
from training.session import Silent


def run(command: click.Command) -> NoReturn:
    """Run a click command as a program: a mistake is one line on stderr and exit status 2, without a traceback."""
    name = sys.argv[0].rsplit("/", 1)[-1]
    logging.basicConfig(format="%(message)s")  # on stderr: a download that begins, what Paddle says at its start
    logging.getLogger("data").setLevel(logging.INFO)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns where a home is missing, and does without
    try:
        _check_working_directory()
        for word in sys.argv[1:]:
            names.check(word, "argument")
        status = command.main(prog_name=f"python {name}", standalone_mode=False)
    except click.ClickException as error:
        status = _say(name, error.format_message(), 2)
    except UserError as error:
        status = _say(name, error, error.status)
    except (click.Abort, KeyboardInterrupt):
        status = _say(name, "interrupted", 130)
    except BrokenPipeError:  # `| head`
        sys.stderr.close()
        status = 0
    sys.exit(status if isinstance(status, int) else 0)


def _check_working_directory():
    try:
        Path.cwd()
    except OSError as error:
        raise UserError(f"the working directory has been deleted, or may not be looked at ({error.strerror})") from None


def command() -> str:
    """What the user typed, for a record."""
    return shlex.join(["python", *sys.argv])


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
    """The console of a training that a person watches: lines, warnings on stderr, a progress bar."""

    def say(self, line: str) -> None:
        print(line, flush=True)

    def progress(self, recipe: Recipe, folder: str | Path) -> Silent:
        from reporting.progress import MultiRunProgress  # here, so that rich is not loaded for --help

        entry = Entry(recipe, folder=Path(folder))
        return MultiRunProgress([entry]).of(entry)

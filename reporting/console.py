"""How commands talk: one-line errors, a progress bar on a terminal, plain lines when piped."""

import logging
import shlex
import sys
import time

import click

from errors import UserError
from training.session import Silent


def run(command):
    """Run a click command as a program: a mistake is one line on stderr and exit status 2, without a traceback."""
    name = sys.argv[0].rsplit("/", 1)[-1]
    logging.basicConfig(format="%(message)s")  # on stderr: a download that begins, what Paddle says at its start
    logging.getLogger("data").setLevel(logging.INFO)
    try:
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


def command():
    """What the user typed, for a record."""
    return shlex.join(["python", *sys.argv])


def _say(name, message, status):
    line = " ".join(str(message).split())
    print(f"{name}: error: {line}", file=sys.stderr)
    return status


def warn(message):
    print(f"warning: {message}", file=sys.stderr, flush=True)


class Console:
    """Speaks where training.session.Silent is silent: lines, warnings on stderr, a Progress."""

    def say(self, line):
        print(line, flush=True)

    def warn(self, line):
        warn(line)

    def progress(self, total, done):
        return Progress(total, done)


class Progress:
    """Progress of `total` steps: a bar with rate and time left on a terminal, a line each `show` call when piped."""

    def __init__(self, total, done=0):
        self.total, self._start, self._at_start = total, time.monotonic(), done
        self._bar = None
        if sys.stdout.isatty():
            from rich import progress

            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(None),
                progress.MofNCompleteColumn(),
                progress.TimeElapsedColumn(),
                progress.TextColumn("left"),
                progress.TimeRemainingColumn(),
            )
            self._task = self._bar.add_task("training", total=total, completed=done)
            self._bar.start()

    def step(self, done):
        if self._bar:
            self._bar.update(self._task, completed=done)

    def show(self, done, text):
        """Report a logged step in words."""
        if self._bar:
            self._bar.print(f"step {done}/{self.total}  {text}", highlight=False)
            return
        rate = (done - self._at_start) / max(1e-9, time.monotonic() - self._start)
        left = f"  eta {clock((self.total - done) / rate)}" if rate and done < self.total else ""
        print(f"step {done}/{self.total}  {text}{left}", flush=True)

    def close(self):
        if self._bar:
            self._bar.stop()


class WarningsOnly(Silent):
    """Where a training is one step of something longer."""

    def warn(self, line):
        warn(line)


def clock(seconds):
    """h:mm:ss"""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

"""How commands talk: one-line errors, a progress bar on a terminal, plain lines when piped."""

import sys
import time

import click

from errors import UserError


def run(command):
    """Run a click command as a program: a mistake is one line on stderr and exit status 2, without a traceback."""
    name = sys.argv[0].rsplit("/", 1)[-1]
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


def _say(name, message, status):
    line = " ".join(str(message).split())
    print(f"{name}: error: {line}", file=sys.stderr)
    return status


def warn(message):
    print(f"warning: {message}", file=sys.stderr, flush=True)


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


class Silence:
    """A Progress that says nothing: for all processes but the first."""

    def step(self, done):
        pass

    def show(self, done, text):
        pass

    def close(self):
        pass


def clock(seconds):
    """h:mm:ss"""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

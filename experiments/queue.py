"""Measure what is left of a list of experiments, one training after another on one thread.

    python -m experiments queue [NAME…] [--list]

Without NAME all experiments, in the order of the page. What was measured stays; a training that was interrupted goes on from its
newest checkpoint, and Ctrl-C or SIGTERM leaves one. The same command may be started once a core: what one process is at, the
others pass over. Budgets are steps or CPU seconds, so that what else runs on the machine changes no result. Results are kept in
docs/results/ of the folder that it is called in: call it in a git worktree of its own, and the code may change meanwhile.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from types import ModuleType

import click

import experiments
from errors import Interrupted, UserError
from reporting import console
from training import runtime, signals


def module_of(name: str) -> ModuleType:
    return importlib.import_module(f"experiments.{name}")


def left(name: str, quick: bool = False, data_dir: str | None = None) -> tuple[list[str], int, float]:
    """(keys that are not measured yet as far as they are known, how many are, core seconds that the former take)."""
    from experiments.store import ExperimentStore

    store, module = ExperimentStore(name, quick, data_dir, redraw=True), module_of(name)
    with contextlib.suppress(UserError):  # nothing of a part has been measured
        module.measure(store)
    known = len(store.left) + len(store.found)
    seconds = module.ABOUT["core_seconds"] * len(store.left) / known if known else 0.0
    return store.left, len(store.found), seconds


def show(names: tuple[str, ...], quick: bool = False, data_dir: str | None = None) -> None:
    """Print what is left of each, and of all."""
    total = 0.0
    for name in names:
        keys, done, seconds = left(name, quick, data_dir)
        total += seconds
        words = (
            f"{len(keys)} of {len(keys) + done} left, about {seconds:,.0f} core seconds, next {keys[0]}" if keys else "measured"
        )
        print(f"{name}: {words}")
    print(f"in all: about {total:,.0f} core seconds")


def measure_next(name: str, quick: bool, data_dir: str | None) -> bool:
    """Measure what no other process is at, and write up what has become complete. Returns whether anything was measured."""
    from experiments.store import ExperimentStore, NotShared

    store = ExperimentStore(name, quick, data_dir, waits=False)
    # a training under way has a handler of its own
    with signals.handled(lambda number: sys.exit(128 + number)), contextlib.suppress(NotShared):
        if figure := store.carry_out(module_of(name), again=False):
            print(figure, flush=True)
    return store.measured_here


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.argument("names", nargs=-1, metavar="[NAME…]")
@click.option("--quick", is_flag=True, help="Small budgets, kept in runs/quick/.")
@click.option("--data-dir", metavar="DIR", help="Where MNIST and CIFAR-10 lie; otherwise Paddle's cache, then a download.")
@click.option("--list", "listing", is_flag=True, help="Say what is left and how long it takes, and end.")
def main(names, quick, data_dir, listing):
    names = experiments.chosen(names)
    settings = runtime.start("cpu", threads=1)
    if listing:
        show(names, quick, data_dir)
        return 0
    print(settings)
    skipped: set[str] = set()
    while True:
        began, measured = time.monotonic(), False
        for name in [name for name in names if name not in skipped]:
            try:
                measured |= measure_next(name, quick, data_dir)
            except (Interrupted, SystemExit) as stop:
                console.warn("interrupted: what was measured and the checkpoints are kept; the same command goes on from there")
                return stop.status if isinstance(stop, Interrupted) else stop.code
            except UserError as error:  # a data set that is not here, say
                skipped.add(name)
                console.warn(f"{name} was left out: {error}")
        if not measured:  # the rest, if any, is with other processes
            break
        print(f"{time.monotonic() - began:.0f} s", flush=True)
    show(tuple(name for name in names if name not in skipped), quick, data_dir)
    return 1 if skipped else 0

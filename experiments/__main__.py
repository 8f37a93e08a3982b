"""Check claims of the papers and of the posts by experiment; without NAME all of them, one after another.

`python -m experiments queue` measures what is left of a list, a training at a time; `… search` searches recipes.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import importlib
import sys
import time

import click

import experiments
from errors import Interrupted, UserError
from reporting import console
from training import children, runtime


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.argument("names", nargs=-1, metavar="[NAME…]")
@click.option("--quick", is_flag=True, help="Minutes instead of hours: everything runs, nothing is proved. Kept in runs/quick/.")
@click.option("--data-dir", metavar="DIR", help="Where MNIST and CIFAR-10 lie; otherwise Paddle's cache, then a download.")
@click.option("--list", "listing", is_flag=True, help="Name the experiments, what they ask and what they cost, and end.")
@click.option("--redraw", is_flag=True, help="Judge and draw again from what was measured; measure nothing.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Trainings at a time, with one thread each; by default as many as there are cores. 1: one after "
    "another, with all threads.",
)
@click.option("--worker", is_flag=True, hidden=True)  # what this command starts to share an experiment's trainings
def main(names, quick, data_dir, listing, redraw, jobs, worker):
    names = experiments.chosen(names)
    if listing:
        for name in names:
            about = experiments.about(name)
            print(f"{name}: {about['title']}\n    Cost: {experiments.cost(about)}.")
        return 0
    children.follow_parent()
    jobs = jobs or runtime.cores()
    settings = runtime.start("cpu", threads=1 if jobs > 1 else None)

    from experiments.shared import Workers, measure_along  # with what they import, later: they would slow down --help
    from experiments.store import ExperimentStore

    if worker:
        name = names[0]
        try:
            measure_along(importlib.import_module(f"experiments.{name}"), ExperimentStore(name, quick, data_dir))
        except Interrupted as stop:  # the first process says so for all
            return stop.status
        return 0
    print(settings)

    missing = []
    for name in names:
        began, about = time.monotonic(), experiments.about(name)
        print(f"== {name}: {about['title']}", flush=True)
        if not quick and not redraw:
            print(f"Cost: {experiments.cost(about)}.", flush=True)
        try:
            with Workers(name, jobs - 1, quick, data_dir) as workers:
                store = ExperimentStore(name, quick, data_dir, redraw, on_lock=workers.start)
                print(store.carry_out(importlib.import_module(f"experiments.{name}")))
        except (Interrupted, SystemExit) as stop:
            console.warn("interrupted: what was measured and the checkpoints are kept; the same command goes on from there")
            if isinstance(stop, Interrupted):
                return stop.status
            raise
        except UserError as error:  # a data set that is not here, say: the others need not wait for it
            if len(names) == 1:
                raise
            missing.append(name)
            console.warn(f"{name} was left out: {error}")
        print(f"{time.monotonic() - began:.0f} s", flush=True)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.argv[0] = "experiments"
    if sys.argv[1:2] in (["search"], ["queue"], ["playground"]):  # commands of their own
        other = sys.argv.pop(1)
        sys.argv[0] = f"experiments {other}"
        console.run(importlib.import_module(f"experiments.{other}").main)
    console.run(main)

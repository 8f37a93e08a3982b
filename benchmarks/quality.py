"""Time to quality: seconds of training until fd_lenet is 20, 10, 5 and 3 on mnist-5k.

    python -m benchmarks.quality [NAME…] [--seconds S] [--seeds N] [--json FILE] [--figure FILE.png] [--quick]

NAMEs: the project's recipes wgan, wgan-gp and dcgan, each to its own end, and wgan-paper, which has none, trained by train.py's
loop with its log, grids and checkpoints; and pytorch, the WGAN authors' recipe in PyTorch: wgan-paper's network, filters,
constants, data and order of the data, with their initialisation and their 100 critic steps in the first 25 and every 500th
generator step, bare steps without a loop's extras.

Each training is a process of one thread with the environment of training/runtime.py, as many at a time as there are cores. At
marks on the way, a geometric grid of CPU seconds, and at its end 5,000 samples are scored as eval.py scores them, from the
averaged generator where the recipe has one; drawing and scoring count on neither clock. A training ends when fd_lenet is 3,
when its recipe's budget or when S CPU seconds are used up.

The time to a quality is that of the first mark at or below it: nothing is interpolated, so that it is late by up to the distance
of two marks, and a training need not stay there. Of several seeds the table has the median one. CPU seconds do not count what
else the machine does; wall seconds do.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import machine, quality_results
from benchmarks.quality_training import NAMES, PYTORCH, SAMPLES, train
from errors import TrainingError, UserError, one_of
from experiments import ROOT
from reporting import console, figures
from storage.writing import write_text
from training import children, runtime

FIRST = 10  # CPU seconds of the first mark


def grid(seconds: float, marks: int) -> list[float]:
    """CPU seconds of the marks: a geometric grid of so many numbers from FIRST (less for a short training) to `seconds`."""
    return np.geomspace(min(FIRST, seconds / 4), seconds, marks).round(3).tolist()


def run_all(tasks: Sequence[tuple[str, int]], jobs: int, command: list[str]) -> Iterator[dict[str, Any]]:
    """Yield what each task, a (name, seed), measured, as it ends; `jobs` processes at a time.

    command: arguments of this module for all. Raises TrainingError if one ends without a result.
    """
    tasks = list(tasks)
    running: dict[Path, subprocess.Popen] = {}
    start = [sys.executable, "-m", "benchmarks.quality", *command, "--one"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            while tasks or running:
                while tasks and len(running) < jobs:
                    name, seed = tasks.pop(0)
                    target = Path(folder) / f"{name}-{seed}.json"
                    running[target] = children.start([*start, name, seed, target], threads=1, cwd=ROOT)
                for target, process in list(running.items()):
                    if process.poll() is not None:
                        del running[target]
                        if process.returncode or not target.is_file():
                            raise TrainingError(f"the training {target.stem} ended with status {process.returncode}")
                        yield json.loads(target.read_text(encoding="utf-8"))
                time.sleep(0.1)
        finally:
            children.stop(running.values())


def record(runs: list[dict[str, Any]], seconds: float, seeds: int, jobs: int, quick: bool) -> dict[str, Any]:
    """The content of the JSON file: the machine, the terms, and all runs with all their marks."""
    terms = {"threads": 1, "jobs": jobs, "seconds": seconds, "seeds": list(range(seeds)), "samples": 1000 if quick else SAMPLES}
    order = {name: number for number, name in enumerate(NAMES)}
    return {**machine.record(), **terms, "quick": quick, "runs": sorted(runs, key=lambda r: (order[r["name"]], r["seed"]))}


def show(content: dict[str, Any]) -> None:
    table = Table(*quality_results.HEADS)
    for line in quality_results.lines(content):
        table.add_row(*line)
    Console(width=130).print(table)


def check(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names to train, all by default; PyTorch's only where it is installed. Raises UserError."""
    for name in names:
        if name not in NAMES:
            raise one_of("name", name, NAMES)
    if find_spec("torch"):
        return names or NAMES
    if PYTORCH in names:
        raise UserError("pytorch wants PyTorch: pip install -r requirements-alignment.txt")
    return names or tuple(name for name in NAMES if name != PYTORCH)


@click.command(help=__doc__.partition("\n\nEach training")[0], context_settings={"max_content_width": 110})
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--seconds", type=click.FloatRange(1), metavar="S", help="CPU seconds a training at most: 1,500, 8 with --quick.")
@click.option("--marks", type=click.IntRange(2, 1000), metavar="N", help="Marks on the way: 25, 3 with --quick.")
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True, metavar="N", help="Trainings of each.")
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="Trainings at a time; by default one a core.")
@click.option("--json", "target", metavar="FILE", help="Write all marks there, after each training.")
@click.option("--figure", metavar="FILE.png", help="Draw fd_lenet against CPU seconds there.")
@click.option("--quick", is_flag=True, help="4 filters, 1,000 samples, seconds: whether it works.")
@click.option("--one", nargs=3, type=str, hidden=True)
def main(names, seconds, marks, seeds, jobs, target, figure, quick, one):
    names = check(names)
    seconds, marks, jobs = seconds or (8 if quick else 1500), marks or (3 if quick else 25), jobs or runtime.cores()
    if one:
        children.follow_parent()
        name, seed, path = one
        tell = lambda mark: print(f"{name}, seed {seed}: {in_words(mark)}", flush=True)  # noqa: E731
        write_text(Path(path), json.dumps(train(name, int(seed), grid(seconds, marks), tell, quick)))
        return
    command = ["--seconds", str(seconds), "--marks", str(marks), *(["--quick"] if quick else [])]
    runs, content = [], {}
    for run in run_all([(name, seed) for seed in range(seeds) for name in names], jobs, command):
        runs.append(run)
        content = record(runs, seconds, seeds, jobs, quick)
        if target:  # what an interruption leaves is whole
            write_text(Path(target), json.dumps(content, indent=1) + "\n")
    show(content)
    if figure:
        figures.save(quality_results.figure(content), figure)
    for made in filter(None, (target, figure)):
        print(made)


def in_words(mark: dict[str, Any]) -> str:
    quality = "nothing to measure" if mark["fd_lenet"] is None else f"fd_lenet {mark['fd_lenet']:.2f}"
    return f"{mark['cpu_seconds']:.0f} CPU s, step {mark['step']:,}: {quality}"


if __name__ == "__main__":
    console.run(main, prints=True)

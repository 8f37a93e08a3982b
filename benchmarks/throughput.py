"""Images a second of a critic step and of a generator step, ours beside Paddle as it comes and PyTorch, in two tables.

    python -m benchmarks.throughput [--quick] [--threads 1|all|both] [--json FILE]

The first table is of all cores and of the clock on the wall, the second of one thread and of the processor's time, which other
work on the machine does not lengthen. Every variant of a row is a process of its own, all alive at once; they take turns of a
few steps, so that a machine whose speed drifts is the same for all, and the medians are compared. The loop, in the first table
only, is train.py's, a generator step with its critic steps at a time. Where PyTorch is installed, it counts a step's
floating-point operations; their rate is set beside that of one large matrix product, measured in the same turns. Batches are
of 64 images or 256 points in all rows. gan and dcgan are one recipe once the network is named. With --quick three rows.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
import statistics
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import machine
from benchmarks.process import Process, Team, environment
from benchmarks.table import TITLES
from benchmarks.worker import PRODUCT, recipe_of
from reporting import console
from storage.writing import write_text
from training import launch, runtime

NETWORKS = (("dcgan", 32, "mnist-5k"), ("dcgan", 64, "mnist-5k"), ("mlp", 64, "mnist-5k"), ("resnet", 32, "cifar10"))
POINTS = ("mlp", 64, "25gaussians")
ROWS = [(model, *at) for model in ("wgan", "wgan-gp", "dcgan", "lsgan") for at in NETWORKS]  # model, network, filters, data
ROWS += [(model, *POINTS) for model in ("wgan", "wgan-gp", "gan")]
QUICK = [("wgan", *NETWORKS[1]), ("wgan-gp", *NETWORKS[1]), ("wgan", *NETWORKS[2])]
STEPS = ("critic", "generator")
TURN = 0.15  # seconds
PATIENCE, LEAST = 30, 5  # a row of slow steps ends after so many seconds, but not before so many turns
CLOCKS = {"all": ("wall",), "1": ("cpu",), "both": ("wall", "cpu")}  # of --threads
Row = tuple[str, str, int, str]


class Worker(Team):
    """A process (or several that share a batch) that does a step when told to."""

    def __init__(self, variant: str, row: Row, processes: int = 1, clock: str = "wall") -> None:
        alone = {"OMP_NUM_THREADS": "1"} if clock == "cpu" else {}
        own = launch.environments(processes, "cpu") if processes > 1 else [alone]
        what = "worker", variant, *row, clock
        super().__init__([Process(*what, env=environment(**each), stderr=subprocess.DEVNULL) for each in own])
        self.counts = dict.fromkeys([*STEPS, "loop"], 1)

    def step(self, kind: str) -> float:
        """Seconds of a step, the slowest process's, the mean over a turn; or what else the worker counts. kind: see worker.py."""
        return self.ask(f"{kind} {self.counts[kind]}" if kind in self.counts else kind)


Times = dict[str, dict[str, float]]  # {variant: {step: seconds}}


def measure(row: Row, repeats: int, clock: str) -> tuple[Times, dict[str, float], dict[str, float]]:
    """{variant: {'critic': seconds, 'generator': seconds}}, {'loop': seconds, 'product': seconds} and {kind: operations}.

    Seconds are medians of interleaved repeats, `repeats` or what fits in PATIENCE; operations are counted where PyTorch is
    installed. clock: 'wall', or 'cpu' for one thread, without the loop and several processes.
    """
    variants = {"plain": ("plain", 1), "ours": ("ours", 1)}
    if clock == "wall" and runtime.cores() > 1:
        variants[f"{runtime.cores()} processes"] = ("ours", runtime.cores())
    if find_spec("torch"):
        variants["pytorch"] = ("pytorch", 1)
    workers = {name: Worker(variant, row, processes, clock) for name, (variant, processes) in variants.items()}
    turns = [(name, kind) for kind in STEPS for name in workers] + [("ours", "product")]
    if clock == "wall":
        workers["loop"] = Worker("loop", row)
        turns.append(("loop", "loop"))
    measured: dict[tuple[str, str], list[float]] = {turn: [] for turn in turns}
    began = time.monotonic()
    for repeat in range(repeats + 2):  # the first two warm up
        if repeat >= LEAST + 2 and time.monotonic() - began > PATIENCE:
            break
        for name, kind in turns:
            seconds = workers[name].step(kind)
            if repeat == 1 and kind in workers[name].counts:
                workers[name].counts[kind] = max(1, min(20, round(TURN / seconds)))
            if repeat >= 2:
                measured[name, kind].append(seconds)
    operations = {kind: workers["pytorch"].step(f"flops {kind}") for kind in STEPS} if "pytorch" in workers else {}
    for worker in workers.values():
        worker.close()
    medians = {turn: statistics.median(times) for turn, times in measured.items()}
    times = {name: {kind: medians[name, kind] for kind in STEPS} for name in variants}
    return times, {kind: medians[name, kind] for name, kind in turns if kind not in STEPS}, operations


def rows_of(row: Row, clock: str, times: Times, others: dict[str, float], operations: dict[str, float]) -> list[dict[str, Any]]:
    """What measure() returned as a list of dicts, one a step and variant.

    threads: how many each variant may use; Paddle as it comes takes one however many there are.
    """
    model, network, filters, data = row
    recipe = recipe_of(*row)
    at = {"model": model, "network": network, "filters": filters, "data": data}
    at |= {"threads": 1 if clock == "cpu" else runtime.cores(), "clock": clock}
    results, rate = [], 2 * PRODUCT**3 / others["product"]  # a product of n×n matrices takes 2 n³ operations
    for kind in STEPS:
        for name, seconds in times.items():
            second = seconds[kind]
            one = {**at, "step": kind, "variant": name, "seconds": second, "images_per_second": recipe.batch_size / second}
            one["over_plain"] = times["plain"][kind] / second
            if "pytorch" in times:
                one["over_pytorch"] = times["pytorch"][kind] / second
                one["share_of_product"] = operations[kind] / second / rate
            results.append(one)
    if "loop" in others:
        bare = recipe.n_critic * times["ours"]["critic"] + times["ours"]["generator"]
        one = {**at, "step": "loop", "variant": "ours", "seconds": others["loop"], "over_bare": bare / others["loop"]}
        one["images_per_second"] = recipe.n_critic * recipe.batch_size / others["loop"]
        results.append({**one, "product_gflops": rate / 1e9})
    return results


@click.command(help=__doc__.partition("\n\nThe first table")[0])  # the rest is for who reads or changes it
@click.option("--quick", is_flag=True, help="Three rows, fewer repeats.")
@click.option("--threads", type=click.Choice(list(CLOCKS)), default="both", show_default=True, help="Which of the tables.")
@click.option("--json", "target", metavar="FILE", help="Write the figures there too.")
def main(quick, threads, target):
    results = []
    heads = ("model", "network", "data", "step", "variant", "ms", "images/s", "× plain", "× PyTorch", "of product")
    for clock in CLOCKS[threads]:
        table = Table(*heads, title=TITLES[clock], title_justify="left")
        for at in QUICK if quick else ROWS:
            rows = rows_of(at, clock, *measure(at, 7 if quick else 9, clock))
            for row in rows:
                width = f"{row['network']} {row['filters']}" if row["network"] != "mlp" else "mlp"
                ratios = [f"{row[key]:.2f}" if key in row else "–" for key in ("over_plain", "over_pytorch", "share_of_product")]
                figures = f"{1e3 * row['seconds']:.1f}", f"{row['images_per_second']:,.0f}", *ratios
                table.add_row(row["model"], width, row["data"], row["step"], row["variant"], *figures)
            results += rows
        Console(width=130).print(table)
    if target:
        print(write_text(Path(target), json.dumps({**machine.record(), "rows": results}, indent=1)))


if __name__ == "__main__":
    console.run(main, prints=True)

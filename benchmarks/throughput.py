"""Images a second of a critic step and of a generator step, ours beside Paddle as it comes and PyTorch, in one table.

    python -m benchmarks.throughput [--quick] [--json FILE]

Every variant of a row is a process of its own, all alive at once; they take turns step by step, so that a machine whose speed
drifts is the same for all, and the medians are compared. Takes about 8 minutes on 2 cores, with --quick about 2.
"""

import json
import os
import statistics
import subprocess
import sys
from importlib.util import find_spec

import click

from reporting import console
from training import launch, runtime

ROWS = [  # model, network, filters, data
    ("wgan", "dcgan", 32, "mnist-5k"),
    ("wgan", "dcgan", 64, "mnist-5k"),
    ("wgan-gp", "dcgan", 32, "mnist-5k"),
    ("wgan-gp", "dcgan", 64, "mnist-5k"),
    ("dcgan", "dcgan", 32, "mnist-5k"),
    ("gan", "mlp", 64, "mnist-5k"),
    ("wgan", "mlp", 64, "mnist-5k"),
    ("wgan", "mlp", 64, "25gaussians"),
    ("wgan-gp", "resnet", 32, "cifar10"),
]
QUICK = ROWS[1:2] + ROWS[3:4] + ROWS[6:7]
SETTINGS = ("OMP_NUM_THREADS", "MKL_DEBUG_CPU_TYPE", "MALLOC_")


class Worker:
    """A process (or several that share a batch) that does a step when told to."""

    def __init__(self, variant, row, processes=1):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(SETTINGS)}
        teams = launch.environments(processes, "cpu") if processes > 1 else [{}]
        command = [sys.executable, "-m", "benchmarks.worker", variant, *map(str, row)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        self.processes = [subprocess.Popen(command, env={**environment, **team}, **pipes) for team in teams]
        for process in self.processes:
            if "ready" not in process.stdout.readline():
                raise RuntimeError(f"{' '.join(command)} did not start")

    def step(self, kind):
        """Seconds of one step, the slowest process's."""
        for process in self.processes:
            process.stdin.write(kind + "\n")
            process.stdin.flush()
        return max(float(process.stdout.readline()) for process in self.processes)

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait()


def measure(row, repeats):
    """{variant: {'critic': seconds, 'generator': seconds}}, medians of interleaved repeats."""
    variants = {"plain": ("plain", 1), "ours": ("ours", 1)}
    if runtime.cores() > 1:
        variants[f"{runtime.cores()} processes"] = ("ours", runtime.cores())
    if find_spec("torch"):
        variants["pytorch"] = ("pytorch", 1)
    workers = {name: Worker(variant, row, processes) for name, (variant, processes) in variants.items()}
    found = {name: {"critic": [], "generator": []} for name in workers}
    for repeat in range(repeats + 2):  # the first two warm up
        for kind in ("critic", "generator"):
            for name, worker in workers.items():
                seconds = worker.step(kind)
                if repeat >= 2:
                    found[name][kind].append(seconds)
    for worker in workers.values():
        worker.close()
    return {name: {kind: statistics.median(times) for kind, times in kinds.items()} for name, kinds in found.items()}


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="Three rows, fewer repeats.")
@click.option("--json", "target", metavar="FILE", help="Write the figures there too.")
def main(quick, target):
    from rich.console import Console
    from rich.table import Table

    results = []
    table = Table(
        "model", "network", "data", "step", "variant", "ms", "images/s", "× plain", "× PyTorch", title="batch as configured"
    )
    for model, network, filters, data in QUICK if quick else ROWS:
        times = measure((model, network, filters, data), 7 if quick else 15)
        batch = 256 if data == "25gaussians" else 64
        for kind in ("critic", "generator"):
            for name, seconds in times.items():
                second = seconds[kind]
                row = {"model": model, "network": network, "filters": filters, "data": data, "step": kind, "variant": name}
                row |= {"seconds": second, "images_per_second": batch / second, "over_plain": times["plain"][kind] / second}
                if "pytorch" in times:
                    row["over_pytorch"] = times["pytorch"][kind] / second
                results.append(row)
                width = f"{network} {filters}" if network != "mlp" else network
                ratio = f"{row['over_pytorch']:.2f}" if "pytorch" in times else "–"
                figures = f"{1e3 * second:.1f}", f"{row['images_per_second']:,.0f}", f"{row['over_plain']:.2f}", ratio
                table.add_row(model, width, data, kind, name, *figures)
    Console(width=130).print(table)
    if target:
        with open(target, "w", encoding="utf-8") as file:
            json.dump({"cores": runtime.cores(), "rows": results}, file, indent=1)
        print(target)


if __name__ == "__main__":
    console.run(main)

"""Steps on one host, on two, and on two with a slow link between them; from these what more hosts would bring: docs/scaling.md.

    python -m benchmarks.hosts [--pages]

The hosts are two network namespaces of this machine (benchmarks/network.py), each with one core and one thread; one process on a
core does the same batch beside them. The slow link is benchmarks/relay.py's, whose own work needs a little of the same cores. The
three take turns of a few steps, and medians are compared. What a step sends is counted by the interface. Writes docs/scaling.json
and, from it, the tables of docs/scaling.md and docs/zh/scaling.md. With --pages nothing is timed: what a step computes and sends
is counted anew for the recipes as they are, beside the times in the file. Timing needs root.
"""

from __future__ import annotations

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
import os
import statistics
import subprocess
import time
from functools import partial
from typing import Any

import click

from benchmarks import hosts_table, machine, network, relay
from benchmarks.process import Process, Team, environment
from benchmarks.throughput import STEPS, Row
from benchmarks.worker import recipe_of
from errors import UserError
from experiments import ROOT
from reporting import console
from reporting.markdown import between_marks
from storage.writing import write_text
from training import launch, runtime

ROWS: list[Row] = [  # model, network, filters, data
    ("wgan", "mlp", 64, "mnist-5k"),
    ("wgan", "dcgan", 16, "mnist-5k"),
    ("wgan", "dcgan", 64, "mnist-5k"),
    ("wgan", "resnet", 32, "cifar10"),
]
LARGER: list[Row] = [  # what these compute and send is counted, but they are not timed
    ("wgan-gp", "dcgan", 64, "mnist-5k"),
    ("wgan", "resnet", 128, "cifar10"),
    ("wgan-gp", "resnet", 128, "cifar10"),
]
PAGES = {"docs/scaling.md": "en", "docs/zh/scaling.md": "zh"}
RATE, DELAY = 1e9, 1e-3  # of the slow link: bits a second, seconds one way
TURN, TURNS, LEAST, PATIENCE = 0.5, 11, 3, 60  # seconds, how many at most and at least, seconds after which no more begin


class Hosts(Team):
    """Processes that share a batch, one a host and core. interface: by which the hosts speak."""

    def __init__(self, row: Row, hosts: list[network.Host], addresses: list[str], interface: str = "") -> None:
        self.hosts, self.interface = hosts, interface
        own = launch.environments(len(hosts), "cpu", addresses) if len(hosts) > 1 else [{}]
        super().__init__(
            [
                Process(
                    *("worker", "ours", *row),
                    by=host.command(),
                    env=environment(**{**each, "OMP_NUM_THREADS": "1"}),
                    stderr=subprocess.DEVNULL,
                    preexec_fn=partial(os.sched_setaffinity, 0, {core}),
                )
                for host, each, core in zip(hosts, own, sorted(os.sched_getaffinity(0)))
            ]
        )

    def step(self, kind: str, count: int) -> tuple[float, float]:
        """(seconds of a step, bytes that the first host sends in one), means over `count` steps."""
        before = self.hosts[0].sent(self.interface) if self.interface else 0
        seconds = self.ask(f"{kind} {count}")
        after = self.hosts[0].sent(self.interface) if self.interface else 0
        return seconds, (after - before) / (count + 1)  # one comes first, which is not timed


def measure(row: Row, hosts: list[network.Host]) -> list[dict[str, Any]]:
    """One dict a step and place: what it is of, medians of seconds a step and of bytes that a host sends a step."""
    teams = {
        "1 host": Hosts(row, hosts[:1], [hosts[0].address]),
        "2 hosts": Hosts(row, hosts, [host.address for host in hosts], hosts[0].name),
        "2 hosts, slow link": Hosts(row, hosts, list(relay.ADDRESSES), relay.LINK),
    }
    turns = [(place, kind) for kind in STEPS for place in teams]
    found: dict[tuple[str, str], list[tuple[float, float]]] = {turn: [] for turn in turns}
    counts, began = dict.fromkeys(turns, 1), time.monotonic()
    for number in range(TURNS + 1):  # the first one warms up
        if number > LEAST and time.monotonic() - began > PATIENCE:
            break
        for turn in turns:
            done = teams[turn[0]].step(turn[1], counts[turn])
            counts[turn] = max(1, min(50, round(TURN / done[0])))
            if number:
                found[turn].append(done)
    for team in teams.values():
        team.close()
    at = dict(zip(("model", "network", "filters", "data"), row)) | {"batch": recipe_of(*row).batch_size}
    results = []
    for (place, kind), figures in found.items():
        seconds, sent = (statistics.median(column) for column in zip(*figures))
        results.append({**at, "step": kind, "place": place, "turns": len(figures), "seconds": seconds, "sent": round(sent)})
    return results


def work_of(row: Row) -> dict[str, Any]:
    """What a step of the row computes and sends, counted (benchmarks/work.py)."""
    from benchmarks import work

    recipe = recipe_of(*row)
    of_row = dict(zip(("model", "network", "filters", "data"), row))
    own = work.reductions(recipe.model_copy(update={"sync_batch_norm": False}))
    counted = {"n_critic": recipe.n_critic, "operations": work.operations(recipe), "reductions": work.reductions(recipe)}
    return {**of_row, "batch": recipe.batch_size, **counted, "own_batch_norm": own}


def write_pages(record: dict[str, Any]) -> None:
    for page, language in PAGES.items():
        for what, text in hosts_table.tables(record, language).items():
            write_text(ROOT / page, between_marks(ROOT / page, what, text))
        print(page)


@click.command(help=__doc__)
@click.option("--pages", is_flag=True, help="Time nothing: count anew and write the tables.")
def main(pages):
    target = ROOT / "docs" / "scaling.json"
    record = json.loads(target.read_text(encoding="utf-8")) if pages else timed()
    runtime.start("cpu")
    record["work"] = [work_of(row) for row in [*ROWS, *LARGER]]
    print(write_text(target, json.dumps(record, indent=1) + "\n"))
    write_pages(record)


def timed() -> dict[str, Any]:
    """All of docs/scaling.json but what is counted."""
    if len(os.sched_getaffinity(0)) < 2:
        raise UserError("two hosts need two cores")
    if not os.access(relay.TUN, os.W_OK):
        raise UserError(f"the slow link needs {relay.TUN}, which is not there or not to be opened")
    record = {**machine.record(), "seed": 0, "load_before": round(os.getloadavg()[0], 2), "rows": []}
    began = time.monotonic()
    with network.two_hosts() as hosts:
        link = Process("relay", hosts[0].name, hosts[1].name, RATE, DELAY)
        link.wait_until_ready()
        for row in ROWS:
            record["rows"] += measure(row, list(hosts))
            print(*row, flush=True)
        cpu = float(link.close())
    record["link"] = {"bits_a_second": RATE, "seconds_one_way": DELAY, "mtu": relay.MTU, "cpu_seconds": round(cpu, 2)}
    return {**record, "minutes": round((time.monotonic() - began) / 60, 1)}


if __name__ == "__main__":
    console.run(main)

"""Whether a GPU computes what a CPU does, and how fast: some minutes, one page, and a JSON file to send back.

    python -m benchmarks.gpu [--out DIR]

alignment: each network's outputs and a few training steps from the same weights, CPU against GPU. In float64, where a right
kernel differs by rounding alone; in float32 the outputs only, because GANs turn a last digit into another training, and with the
loose bound that TF32 products need. amp: the losses of bfloat16 beside float32's. resume: a run that was interrupted ends with
the bytes of one that was not. commands: train.py, eval.py, sample.py --export. cards: two processes on two GPUs do the training
of one. throughput: milliseconds of a step. One check that fails does not end the others.
"""

from __future__ import annotations

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
import math
import re
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from benchmarks import machine
from benchmarks.gpu_checks import MODELS, Figures, alignment, amp, cards, commands, resume, throughput
from benchmarks.throughput import QUICK
from errors import TrainingError
from models import networks
from reporting import console
from storage import writing
from training import run, runtime


def checks(device: str, count: int) -> list[tuple[str, Callable[[], Figures]]]:
    """(what it is, the check) of all checks, in their order. count: of GPUs."""
    rows: list[tuple[str, Callable[[], Figures]]] = []
    for network in networks.NETWORKS:
        rows += [(f"alignment {model} {network}", partial(alignment, device, model, network)) for model in MODELS]
    rows += [(f"amp {model}", partial(amp, device, model)) for model in MODELS]
    rows += [(f"resume {model}", partial(resume, device, model)) for model in MODELS]
    rows += [("commands", partial(commands, device))]
    rows += [(f"cards {model}", partial(cards, device.partition(":")[0], count, model)) for model in MODELS]
    rows += [(f"throughput {row[0]} {row[1]} {row[2]}", partial(throughput, device, row)) for row in QUICK]
    return rows


def checked(check: Callable[[], Figures]) -> Figures:
    """What the check found, for JSON, which has no infinity; an exception is a check that has not passed."""
    began = time.perf_counter()
    try:
        found = check()
    except Exception as error:  # Paddle's own of any kind: the others are wanted all the same
        lines = [line for line in str(error).splitlines() if line.strip()]
        found = {"passed": False, "error": f"{type(error).__name__}: {' '.join(lines[-2:])[:500]}"}
    finite = {key: str(value) if isinstance(value, float) and not math.isfinite(value) else value for key, value in found.items()}
    return {**finite, "seconds": round(time.perf_counter() - began, 1)}


def in_words(name: str, found: Figures) -> str:
    """A check on one line."""
    word = {True: "passed", False: "FAILED", None: "left out"}[found["passed"]]
    figures = [f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in found.items()]
    return f"{word:8} {name}: {'; '.join(figure for figure in figures if not figure.startswith('passed'))}"


def gpu_record() -> Figures:
    """Names and memory of the GPUs, versions of the driver, of CUDA and of cuDNN. Needs a GPU."""
    import paddle

    properties = [paddle.device.cuda.get_device_properties(number) for number in range(paddle.device.cuda.device_count())]
    try:
        asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        driver = subprocess.run(asked, capture_output=True, text=True, timeout=30).stdout.split()[:1]
    except (OSError, subprocess.SubprocessError):
        driver = []
    return {
        "gpus": [{"name": p.name, "bytes": p.total_memory, "capability": f"{p.major}.{p.minor}"} for p in properties],
        "driver": "".join(driver) or None,
        "cuda": paddle.version.cuda(),
        "cudnn": paddle.version.cudnn(),
    }


@click.command(help=__doc__)
@click.option("--out", default=".", show_default=True, metavar="DIR", help="Where the JSON file is written.")
def main(out):
    writing.check_writable(out)
    said = runtime.start("auto")
    import paddle

    device = paddle.device.get_device()
    if device == "cpu":
        raise TrainingError("no GPU here, or Paddle's CPU build: this check needs a machine with a GPU (docs/paddle.md)")
    print(said)
    record = {**machine.record(), **gpu_record(), "commit": run.commit(), "paddle": paddle.__version__, "started": said}
    name = record["gpus"][0]["name"]
    results = {}
    for what, check in checks(device, len(record["gpus"])):
        results[what] = checked(check)
        print(in_words(what, results[what]), flush=True)
    failed = [what for what, found in results.items() if found["passed"] is False]
    print(f"{len(failed)} of {len(results)} checks failed; send this file back:")
    path = Path(out) / f"gpu-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}.json"
    print(writing.write_text(path, json.dumps({**record, "checks": results}, indent=1) + "\n"))
    return 1 if failed else 0


if __name__ == "__main__":
    console.run(main, prints=True)

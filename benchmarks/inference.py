"""Milliseconds a sample: sample.py's way, and infer.py's, Paddle Inference on the exported graph, with and without oneDNN.

    python -m benchmarks.inference

Generators of wgan's recipe, freshly initialised, on all cores. Each way has a process of its own; they take turns, and a row is
the median over the rounds.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import functools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

from benchmarks.process import Process
from errors import UserError
from reporting import console
from reporting.samples import noise
from training import recipe as recipes
from training import runtime

GENERATORS = {  # settings and the shape of an item
    "dcgan, 16 filters": ({"filters": 16}, (1, 32, 32)),
    "dcgan, 64 filters": ({"filters": 64}, (1, 32, 32)),
    "mlp": ({"network": "mlp"}, (1, 32, 32)),
    "resnet, 32 filters, colour": ({"network": "resnet", "filters": 32, "image_size": 32}, (3, 32, 32)),
}
BATCHES = (1, 64)
ROUNDS = 11
WAYS = ("sample", "infer", "onednn")
SECONDS = 0.3  # a turn takes at least


def trainer_of(number):
    from training.trainer import GANTrainer  # here, as below: nothing may import Paddle before runtime.start

    settings, shape = list(GENERATORS.values())[number]
    return GANTrainer(recipes.load("wgan", overrides=settings), shape)


def export_one(number: int, folder: Path) -> None:
    """Generator `number` of GENERATORS into a folder of that name, as sample.py --export does it."""
    runtime.start("cpu")
    from reporting import export

    trainer = trainer_of(number)
    state = {"step": 0, "shape": list(trainer.shape), "native_size": None, "classes": trainer.classes or None}
    export.write(trainer, state, folder / str(number))


def serve(way: str, folder: Path) -> None:
    """In a process of its own: for each line on stdin, number of a generator and a batch, milliseconds a sample, or why not."""
    runtime.start("cpu")
    from reporting.inference import Predictor
    from training.sampling import generate

    @functools.cache
    def generator(number: int) -> Callable[[np.ndarray], np.ndarray]:
        if way == "sample":
            return functools.partial(generate, trainer_of(number).sampler)
        predictor = Predictor(folder / str(number), runtime.threads(), way == "onednn")
        return lambda z: predictor.generate(z, len(z))

    print("ready", flush=True)
    for line in sys.stdin:
        number, batch = map(int, line.split())
        z = noise(0, batch, recipes.load("wgan").latent)
        try:
            draw = generator(number)
            draw(z)
            began, times = time.perf_counter(), 0
            while (took := time.perf_counter() - began) < SECONDS:
                draw(z)
                times += 1
            print(1e3 * took / times / batch, flush=True)
        except UserError as error:
            print(f"not: {error}", flush=True)


@click.command(help=__doc__)
@click.option("--one", nargs=2, type=str, hidden=True)
def main(one):
    os.environ.setdefault("GLOG_minloglevel", "2")
    if one:
        serve(one[0], Path(one[1]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(len(GENERATORS)):
            export_one(number, Path(temporary))
        processes = {way: Process("inference", "--one", way, temporary) for way in WAYS}
        for process in processes.values():
            process.wait_until_ready()
        print("| generator | batch | sample.py, ms a sample | infer.py | infer.py, oneDNN | × infer.py | × oneDNN |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        refusals = set()
        for number, name in enumerate(GENERATORS):
            for batch in BATCHES:
                times: dict[str, list[float]] = {way: [] for way in WAYS}
                for _ in range(ROUNDS):
                    for way, process in processes.items():
                        process.tell(f"{number} {batch}")
                        answer = process.answer()
                        if answer.startswith("not: "):
                            refusals.add(answer.removeprefix("not: ").strip())
                        else:
                            times[way].append(float(answer))
                cells = [f"{statistics.median(times[way]):.3f}" if times[way] else "–" for way in WAYS]
                for way in WAYS[1:]:
                    ratios = [a / b for a, b in zip(times["sample"], times[way])]
                    cells.append(f"{statistics.median(ratios):.2f}" if ratios else "–")
                print(f"| {name} | {batch} | {' | '.join(cells)} |", flush=True)
        for line in sorted(refusals):
            print(f"–: {line}")
        for process in processes.values():
            process.close()


if __name__ == "__main__":
    console.run(main, prints=True)

"""What the loop costs over the bare steps: reading, logging, health, grids and checkpoints at their default intervals.

    python -m benchmarks.loop

Of wgan-paper with 16 filters. Bare steps and the loop take turns, 50 generator steps at a time, on one machine at one time; the
means are compared.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

import data
from reporting import console
from training import recipe as recipes
from training import runtime
from training.run_log import RunLog
from training.session import Silent

MODEL, FILTERS, STEPS, CHUNK = "wgan-paper", 16, 500, 50


class Stopwatch(Silent):
    """In the place of the progress display: after each chunk of the loop it runs a chunk of bare steps and times both.

    begin() is called just before the loop: what is made for it, networks and records, is no part of a step.
    """

    def __init__(self, bare: Callable[[], object]) -> None:
        self.bare = bare
        self.loop: list[float] = []
        self.alone: list[float] = []

    def begin(self) -> None:
        self._began = time.perf_counter()

    def step(self, done: int) -> None:
        if done % CHUNK == 0:
            self.loop.append(time.perf_counter() - self._began)
            began = time.perf_counter()
            self.bare()
            self._began = time.perf_counter()
            self.alone.append(self._began - began)


@click.command(help=__doc__)
def main():
    recipe = recipes.load(MODEL, overrides={"steps": STEPS, "filters": FILTERS})
    runtime.start("cpu")
    import paddle

    from training.loop import train
    from training.trainer import GANTrainer

    dataset = data.load(recipe.data)
    other = GANTrainer(recipe, dataset.shape)
    real = paddle.to_tensor(dataset.batch(np.arange(recipe.batch_size)))

    def bare():
        for step in range(CHUNK):
            for _ in range(recipe.n_critic):
                other.critic_step(real)
            other.generator_step(step)

    bare()
    trainer, watch = GANTrainer(recipe, dataset.shape), Stopwatch(bare)
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(RunLog(folder)) as log:
        watch.begin()
        train(trainer, dataset, Path(folder), log, watch, print)
    # grids and checkpoints come every 500 steps: the mean over all chunks has them, a median would not
    loop, alone = (1e3 * statistics.mean(seconds) / CHUNK for seconds in (watch.loop, watch.alone))
    print(f"{MODEL}, {FILTERS} filters, {STEPS} steps: a generator step and its critic steps take {alone:.1f} ms bare,")
    print(f"{loop:.1f} ms in the loop: {100 * (loop / alone - 1):+.1f} %, or {100 * alone / loop:.1f} % of the bare throughput")


if __name__ == "__main__":
    console.run(main, prints=True)

"""One variant of one recipe in a process of its own: answers each line on stdin with the seconds of a step.

    python -m benchmarks.worker VARIANT MODEL NETWORK FILTERS DATA [wall|cpu]

Seconds are of the clock on the wall and of all cores, or of the processor's time and of one thread, for which the environment
says OMP_NUM_THREADS=1.
Lines in: 'critic N', 'generator N' (how many), to the variant loop 'loop N' (a generator step with its critic steps inside of
train.py's loop), to pytorch 'flops critic' and 'flops generator', to ours 'product' (of two matrices of PRODUCT rows).
Lines out: seconds (or floating-point operations), one a line. The first line out says 'ready'.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import data as data_sets
from data.dataset import Dataset
from training import launch, runtime
from training import recipe as recipes
from training.recipe import Recipe
from training.run_log import RunLog
from training.session import Silent

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
BATCH, BATCH_OF_POINTS = 64, 256
PRODUCT = 2048


def recipe_of(model: str, network: str, filters: int | str, data: str) -> Recipe:
    """The recipe of a row: the model's, but with equal batches and no average: steps are compared, not what they are tuned to."""
    batch = BATCH_OF_POINTS if data_sets.source(data).is_points else BATCH
    settings = {"network": network, "data": data, "filters": int(filters), "image_size": 32, "batch_size": batch}
    return recipes.load(model, overrides={**settings, "generator_batch_size": None, "ema": 0.0, "warm_up": False})


def shape_of(recipe: Recipe) -> tuple[int, ...]:
    """Of an item of the recipe's data."""
    return (2,) if recipe.is_points else (3 if recipe.data == "cifar10" else 1, recipe.image_size, recipe.image_size)


def random_pictures(count: int) -> Dataset:
    """So many 32×32 pictures in the place of CIFAR-10's: no step depends on what is in them."""
    images = np.random.default_rng(0).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    return Dataset("cifar10", images, images[:1000])


def build(variant: str, recipe: Recipe, shape: tuple[int, ...], clock: str = "wall") -> tuple[Any, Any]:
    """(trainer, real batch) for a variant: plain, ours, or pytorch."""
    real = np.random.default_rng(0).uniform(-1, 1, [recipe.batch_size, *shape]).astype(np.float32)
    if variant == "pytorch":
        import torch

        from benchmarks import pytorch

        torch.set_num_threads(1 if clock == "cpu" else runtime.cores())
        return pytorch.GANTrainer(recipe, shape), torch.from_numpy(real)
    if variant == "plain":
        from benchmarks import plain

        plain.use()
    else:
        runtime.start("cpu")
    import paddle

    from training.parallel import Processes, Team
    from training.trainer import GANTrainer

    team = Processes(recipe.sync_batch_norm) if launch.is_worker() else Team()
    return GANTrainer(recipe, shape, team), paddle.to_tensor(team.shard(real))


def main(variant: str, model: str, network: str, filters: str, data: str, clock: str = "wall") -> None:
    recipe, now = recipe_of(model, network, filters, data), CLOCKS[clock]
    if variant == "loop":
        loop(recipe)
        return
    trainer, real = build(variant, recipe, shape_of(recipe), clock)
    steps = {"critic": lambda: trainer.critic_step(real), "generator": lambda: trainer.generator_step(0)}
    print("ready", flush=True)
    for line in sys.stdin:
        kind, _, what = line.strip().partition(" ")
        if kind == "product":
            print(product(now), flush=True)
        elif kind == "flops":
            from benchmarks.pytorch import operations

            print(operations(steps[what]), flush=True)
        else:
            print(sustained(steps[kind], int(what), now), flush=True)


def sustained(step: Callable[[], object], count: int, now: Callable[[], float]) -> float:
    """Seconds (of the clock `now`) of one step when `count` follow one another. One more comes first, which finds cold caches
    after a pause."""
    step()
    began = now()
    for _ in range(count):
        step()
    return (now() - began) / count


def product(now: Callable[[], float]) -> float:
    """Seconds of one product of two square matrices: what the machine does when nothing is in its way."""
    import paddle

    a = paddle.ones([PRODUCT, PRODUCT])
    return sustained(lambda: a @ a, 3, now)


class Turns(Silent):
    """In the place of the progress display: lets a turn's steps pass, says how long they took, and waits for the next turn."""

    def __init__(self) -> None:
        self._wait()

    def _wait(self) -> None:
        line = sys.stdin.readline()
        if not line:
            sys.exit()
        self._count, self._done, self._began = int(line.split()[1]), -1, 0.0

    def step(self, done: int) -> None:
        self._done += 1  # 0 after the first step, which finds cold caches
        if self._done == 0:
            self._began = time.perf_counter()
        elif self._done == self._count:
            print((time.perf_counter() - self._began) / self._count, flush=True)
            self._wait()


def loop(recipe: Recipe) -> None:
    """The whole of train.py's loop, in a temporary folder, a step at a time."""
    runtime.start("cpu")
    from training.loop import train
    from training.trainer import GANTrainer

    dataset = random_pictures(10_000) if recipe.data == "cifar10" else data_sets.load(recipe.data)
    trainer = GANTrainer(recipe, dataset.shape)
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(RunLog(folder)) as log:
        print("ready", flush=True)
        train(trainer, dataset, Path(folder), log, Turns(), lambda line: None)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Does a step cost more with more images? Milliseconds a generator step (with its critic steps), and memory.

    python -m benchmarks.reading

Trainings of equal networks on 32×32 pixels in colour: 5,000 and 60,000 images in memory, 5,000 and 100,000 PNG files in a
folder, generated first, into a temporary folder. All are alive at once and take turns of CHUNK steps, so that a machine whose
speed drifts is the same for all; a turn's first step, which finds batches that were read meanwhile, does not count.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import click
import cv2
import numpy as np

import data
from benchmarks.process import Process
from benchmarks.worker import random_pictures
from data.reader import batches
from reporting import console
from training import recipe as recipes
from training import runtime

CHUNK, ROUNDS = 6, 20
FILES = (5_000, 100_000)


def write_images(folder: Path, count: int) -> None:
    """Smooth random pictures: noise would compress and decode unlike photographs."""
    rng = np.random.default_rng(0)
    for number in range(count):
        small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = cv2.resize(small, (32, 32), interpolation=cv2.INTER_CUBIC)
        (folder / f"{number:06d}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def train(count: int, folder: str) -> None:
    """In a process of its own: for each line on stdin a turn, answered by its milliseconds a step; at the end one JSON object."""
    began = time.monotonic()
    runtime.start("cpu")
    from training.trainer import GANTrainer

    name = f"folder:{folder}" if folder else "cifar10"
    recipe = recipes.load("wgan-paper", overrides={"data": name, "filters": 32, "image_size": 32})
    dataset = data.load(name, None, 32) if folder else random_pictures(count)
    trainer = GANTrainer(recipe, dataset.shape)
    reader = batches(dataset, data.Order(len(dataset.train), 0), 0, recipe.batch_size)

    def step():
        start = time.perf_counter()
        for _ in range(recipe.n_critic):
            trainer.critic_step(*next(reader))
        trainer.generator_step(0)
        return 1000 * (time.perf_counter() - start)

    step()
    first = time.monotonic() - began
    print("ready", flush=True)
    for _ in sys.stdin:
        print(statistics.median([step() for _ in range(CHUNK)][1:]), flush=True)
    kilobytes = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    kept = "memory" if isinstance(dataset.train, np.ndarray) else "files"
    print(json.dumps({"mb": 1024 * max(kilobytes) / 1e6, "first": first, "kept": kept}), flush=True)


@click.command(help=__doc__)
@click.option("--one", nargs=2, type=str, hidden=True)
def main(one):
    if one:
        train(int(one[0]), one[1])
        return
    with tempfile.TemporaryDirectory() as temporary:
        rows = [("arrays", 5_000, ""), ("arrays", 60_000, "")]
        for count in FILES:
            folder = Path(temporary) / str(count)
            folder.mkdir()
            write_images(folder, count)
            rows.append(("PNG files", count, str(folder)))
        times: dict[str, list[float]] = {f"{count:,} {what}": [] for what, count, _ in rows}
        processes = {}
        for name, (_, count, place) in zip(times, rows):
            processes[name] = Process("reading", "--one", count, place)
            processes[name].wait_until_ready()
        for number in range(ROUNDS):
            names = list(times)
            for name in names[number % len(names) :] + names[: number % len(names)]:  # nobody always comes first
                processes[name].tell("go")
                times[name].append(float(processes[name].answer()))
        print("| images | kept in | ms a step | to the first row | seconds to the first step | peak memory, MB |")
        print("| --- | --- | ---: | ---: | ---: | ---: |")
        reference = next(iter(times.values()))
        for name, own in times.items():
            end = json.loads(processes[name].close().splitlines()[-1])
            ratio = statistics.median(mine / first for mine, first in zip(own, reference))
            cost = f"{statistics.median(own):.0f} | {ratio - 1:+.1%}"
            print(f"| {name} | {end['kept']} | {cost} | {end['first']:.1f} | {end['mb']:,.0f} |", flush=True)


if __name__ == "__main__":
    console.run(main, prints=True)

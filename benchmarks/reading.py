"""Does a step cost more with more images? Milliseconds a generator step (with its critic steps), and memory.

    python -m benchmarks.reading [--rounds N] [--images N]

Trainings of equal networks on 32×32 pixels in colour: 5,000 and 60,000 images in memory, 5,000 and --images PNG files in a
folder, generated first, into a temporary folder. All are alive at once and take turns of CHUNK steps, so that a machine whose
speed drifts is the same for all; a turn's first step, which finds batches that were read meanwhile, does not count.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

from reporting import console

CHUNK = 6


def write_images(folder, count):
    """Smooth random pictures: noise would compress and decode unlike photographs."""
    import cv2

    rng = np.random.default_rng(0)
    for number in range(count):
        small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = cv2.resize(small, (32, 32), interpolation=cv2.INTER_CUBIC)
        (folder / f"{number:06d}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def train(count, folder):
    """In a process of its own: for each line on stdin a turn, answered by its milliseconds a step; at the end one JSON object."""
    from training import runtime

    began = time.monotonic()
    runtime.start("cpu")

    import data
    from data import Order
    from data.dataset import Dataset
    from data.reader import batches
    from training import recipe as recipes
    from training.trainer import GANTrainer

    name = f"folder:{folder}" if folder else "cifar10"
    recipe = recipes.load("wgan-paper", overrides={"data": name, "filters": 32, "image_size": 32})
    if folder:
        dataset = data.load(name, None, 32)
    else:
        images = np.random.default_rng(0).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
        dataset = Dataset("cifar10", images, images[:100])
    trainer = GANTrainer(recipe, dataset.shape)
    reader = batches(dataset, Order(len(dataset.train), 0), 0, recipe.batch_size)

    def step():
        start = time.perf_counter()
        for _ in range(recipe.n_critic):
            trainer.critic_step(next(reader))
        trainer.generator_step(0)
        return 1000 * (time.perf_counter() - start)

    step()
    first = time.monotonic() - began
    print("ready", flush=True)
    for _ in sys.stdin:
        print(statistics.median([step() for _ in range(CHUNK)][1:]), flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    kept = "memory" if isinstance(dataset.train, np.ndarray) else "files"
    print(json.dumps({"mb": max(memory, workers), "first": first, "kept": kept}), flush=True)


class Trainee:
    """A training in a process of its own, that goes on for a turn when told to."""

    def __init__(self, what, count, folder):
        self.name, self.times = f"{count:,} {what}", []
        command = [sys.executable, "-m", "benchmarks.reading", "--one", str(count), folder]
        root = Path(__file__).parent.parent
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
        while "ready" not in (line := self.process.stdout.readline()):
            if not line:
                raise RuntimeError(f"{' '.join(command)} did not start")

    def turn(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.times.append(float(self.process.stdout.readline()))

    def close(self):
        self.process.stdin.close()
        found = json.loads(self.process.stdout.read().splitlines()[-1])
        self.process.wait()
        return found


@click.command(help=__doc__)
@click.option("--rounds", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="Turns of each training.")
@click.option(
    "--images", type=click.IntRange(10), default=100_000, show_default=True, metavar="N", help="Files of the large folder."
)
@click.option("--one", nargs=2, type=str, hidden=True)
def main(rounds, images, one):
    if one:
        train(int(one[0]), one[1])
        return
    with tempfile.TemporaryDirectory() as temporary:
        rows = [("arrays", 5_000, ""), ("arrays", 60_000, "")]
        for count in dict.fromkeys((5_000, images)):
            folder = Path(temporary) / str(count)
            folder.mkdir()
            write_images(folder, count)
            rows.append(("PNG files", count, str(folder)))
        trainees = [Trainee(*row) for row in rows]
        for number in range(rounds):
            for trainee in trainees[number % len(rows) :] + trainees[: number % len(rows)]:  # nobody always comes first
                trainee.turn()
        print("| images | kept in | ms a step | to the first row | seconds to the first step | peak memory, MB |")
        print("| --- | --- | ---: | ---: | ---: | ---: |")
        for trainee in trainees:
            found = trainee.close()
            ratio = statistics.median(mine / first for mine, first in zip(trainee.times, trainees[0].times))
            cost = f"{statistics.median(trainee.times):.0f} | {ratio - 1:+.1%}"
            print(f"| {trainee.name} | {found['kept']} | {cost} | {found['first']:.1f} | {found['mb']:,.0f} |", flush=True)


if __name__ == "__main__":
    console.run(main)

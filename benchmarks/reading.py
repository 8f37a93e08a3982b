"""Does a step cost more with more images? Milliseconds a generator step (with its critic steps), and memory.

    python -m benchmarks.reading [--steps N] [--images N]

One training each, of equal networks on 32×32 pixels in colour: 5,000 and 60,000 images in memory, 5,000 and --images PNG files in
a folder. The files are generated first, into a temporary folder.
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


def write_images(folder, count):
    """Smooth random pictures: noise would compress and decode unlike photographs."""
    import cv2

    rng = np.random.default_rng(0)
    for number in range(count):
        small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = cv2.resize(small, (32, 32), interpolation=cv2.INTER_CUBIC)
        (folder / f"{number:06d}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def train(count, folder, steps):
    """In a process of its own: (median ms a step, peak MB of memory, seconds to the first step)."""
    from training import runtime

    began = time.monotonic()
    runtime.start("cpu")

    import data
    from data import Order
    from data.dataset import Dataset
    from data.reader import batches
    from training import recipe as recipes
    from training.game import Game

    name = f"folder:{folder}" if folder else "cifar10"
    recipe = recipes.load("wgan", overrides={"data": name, "filters": 32, "image_size": 32})
    if folder:
        dataset = data.load(name, None, 32)
    else:
        images = np.random.default_rng(0).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
        dataset = Dataset("cifar10", images, images[:100])
    game = Game(recipe, dataset.shape)
    reader = batches(dataset, Order(len(dataset.train), 0), 0, recipe.batch_size)
    times = []
    for step in range(steps + 3):
        start = time.perf_counter()
        for _ in range(recipe.n_critic):
            game.critic_step(next(reader))
        game.generator_step(step)
        times.append(time.perf_counter() - start)
        if step == 0:
            first = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    kept = "memory" if isinstance(dataset.train, np.ndarray) else "files"
    return {"ms": 1000 * statistics.median(times[3:]), "mb": max(memory, workers), "first": first, "kept": kept}


@click.command(help=__doc__.splitlines()[0], context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--steps", type=click.IntRange(1), default=30, show_default=True, metavar="N", help="Generator steps of each.")
@click.option(
    "--images", type=click.IntRange(10), default=100_000, show_default=True, metavar="N", help="Files of the large folder."
)
@click.option("--one", nargs=2, type=str, hidden=True)
def main(steps, images, one):
    if one:
        print(json.dumps(train(int(one[0]), one[1], steps)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        rows = [("arrays", 5_000, ""), ("arrays", 60_000, "")]
        for count in dict.fromkeys((5_000, images)):
            folder = Path(temporary) / str(count)
            folder.mkdir()
            write_images(folder, count)
            rows.append(("PNG files", count, str(folder)))
        print(
            "| images | kept in | ms a step | seconds to the first step | peak memory, MB |\n| --- | --- | ---: | ---: | ---: |"
        )
        for what, count, folder in rows:
            command = [sys.executable, "-m", "benchmarks.reading", "--steps", str(steps), "--one", str(count), folder]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f"| {count:,} {what} | {found['kept']} | {found['ms']:.0f} | {found['first']:.1f} | {found['mb']:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    console.run(main)

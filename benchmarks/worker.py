"""One variant of one recipe in a process of its own: answers each line on stdin with the seconds of a step.

    python -m benchmarks.worker VARIANT MODEL NETWORK FILTERS DATA

Lines in: 'critic' or 'generator'. Lines out: seconds, one a line. The first line out says 'ready'.
"""

import sys
import time

from training import recipe as recipes


def build(variant, recipe, shape):
    """(game, real batch) for a variant: plain, ours, or pytorch."""
    import numpy as np

    real = np.random.default_rng(0).uniform(-1, 1, [recipe.batch_size, *shape]).astype(np.float32)
    if variant == "pytorch":
        import os

        import torch

        from benchmarks.pytorch import Game

        torch.set_num_threads(len(os.sched_getaffinity(0)))
        return Game(recipe, shape), torch.from_numpy(real)
    if variant == "plain":
        from benchmarks import plain

        plain.use()
    else:
        from training import runtime

        runtime.start("cpu" if variant == "ours" else "auto")
    import paddle

    from training import launch
    from training.game import Game
    from training.parallel import Processes, Team

    team = Processes(recipe.sync_batch_norm) if launch.is_worker() else Team()
    return Game(recipe, shape, team), paddle.to_tensor(team.part(real))


def main(variant, model, network, filters, data):
    settings = {"network": network, "data": data, "filters": int(filters), "image_size": 32}
    recipe = recipes.load(model, overrides=settings)
    shape = (2,) if recipe.is_points else (3 if data == "cifar10" else 1, 32, 32)
    game, real = build(variant, recipe, shape)
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        if line.strip() == "critic":
            game.critic_step(real)
        else:
            game.generator_step(0)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

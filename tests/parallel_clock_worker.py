"""A training with decay under minutes, in two processes whose clocks disagree: python -m tests.parallel_clock_worker FOLDER.

Each process writes what it went by, FOLDER/RANK.json: the learning rates of each step, and the steps at which it looked at its
weights for a grid or a checkpoint.
"""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from tests.helpers import tiny
from training import budget, launch, runtime, session

SETTINGS = {"network": "mlp", "n_critic": 1, "decay": True, "generator_learning_rate": 0.001, "critic_learning_rate": 0.002}
LOOKS = {"log_every": 1000, "sample_every": 1000, "checkpoint_every": 1000}


def main(folder):
    runtime.start("cpu")
    from training.trainer import GANTrainer

    now, pace, done, found = [0.0], 6 if launch.leads() else 12, [0], {"rates": [], "looks": []}
    budget.time = SimpleNamespace(monotonic=lambda: now[0], process_time=time.process_time)
    step, parts = GANTrainer.generator_step, GANTrainer.parts

    def timed_step(self, number):
        found["rates"].append((self.generator_optimizer.get_lr(), self.critic_optimizer.get_lr()))
        now[0], done[0] = now[0] + pace, number + 1
        return step(self, number)

    def watched_parts(self):
        if done[0] and found["looks"][-1:] != done:
            found["looks"].append(done[0])
        return parts(self)

    GANTrainer.generator_step, GANTrainer.parts = timed_step, watched_parts
    recipe = tiny("wgan", **SETTINGS, **LOOKS, minutes=1.0, steps=1000)
    session.train(recipe, Path(folder) / "run", device="cpu")
    (Path(folder) / f"{0 if launch.leads() else 1}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

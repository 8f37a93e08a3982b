"""Twenty steps of a recipe in double precision, in one process or several: python -m tests.parallel_worker OUT MODEL KEY=VALUE…

Double precision, because RMSProp and Adam turn the last digit of a tiny gradient into a whole step of the other sign.
"""

import sys

import numpy as np

from tests.helpers import tiny
from training import launch, recipe, runtime

STEPS = 8


def main(out, model, *settings):
    runtime.start("cpu")
    import paddle

    from training.parallel import Processes, Team
    from training.trainer import GANTrainer

    paddle.set_default_dtype("float64")
    asked = tiny(model, **recipe.parse_overrides(settings))
    team = Processes(asked.sync_batch_norm) if launch.is_worker() else Team()
    classes = {"few": 1, "many": 3} if asked.conditional else None
    trainer = GANTrainer(asked, (1, 32, 32), team, classes)
    rng = np.random.default_rng(0)
    for step in range(STEPS):
        for _ in range(asked.n_critic_at(step)):
            real = rng.uniform(-1, 1, (asked.batch_size, 1, 32, 32))
            labels = np.arange(asked.batch_size) // 3 % 2
            trainer.critic_step(paddle.to_tensor(team.shard(real)), team.shard(labels))
        trainer.generator_step(step)
    if launch.leads():
        parts = trainer.parts()
        parts = {part: parts[part] for part in ("generator", "critic", "average") if part in parts}
        np.savez(out, **{f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])

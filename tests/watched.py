"""A training that is watched: what the loop asks of the trainer, and with which learning rates."""

from tests.helpers import tiny
from training.loop import train
from training.run_log import RunLog
from training.trainer import GANTrainer


class Watched(GANTrainer):
    """A trainer that notes what it is asked for."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.events, self.batches, self.rates = [], [], []
        self.noises = {"critic noise": [], "generator noise": []}

    def noise(self, purpose, *arguments):
        z = super().noise(purpose, *arguments)
        if purpose in self.noises:
            self.noises[purpose].append(z.numpy())
        return z

    def critic_step(self, real, labels=None):
        self.events.append("critic")
        self.batches.append(real.numpy())
        return super().critic_step(real, labels)

    def generator_step(self, step):
        self.events.append("generator")
        self.rates.append((self.generator_optimizer.get_lr(), self.critic_optimizer.get_lr()))
        return super().generator_step(step)


class Silence:
    def step(self, done):
        pass

    def show(self, done, text):
        pass


def play(folder, dataset, **settings):
    trainer = Watched(tiny("wgan", **{"network": "mlp", **settings}), dataset.shape)
    (folder / "samples").mkdir()
    log = RunLog(folder)
    train(trainer, dataset, folder, log, Silence(), print)
    log.close()
    return trainer

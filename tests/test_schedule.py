"""What the loop does and in which order: critic and generator steps, their data and their noise."""

import numpy as np
import pytest

from data import Order
from tests.helpers import log_of, tiny, toy_dataset
from training.game import Game
from training.log import RunLog
from training.loop import train


class Watched(Game):
    """A game that notes what it is asked for."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.events, self.batches, self.noises = [], [], {"critic noise": [], "generator noise": []}

    def noise(self, purpose, *arguments):
        z = super().noise(purpose, *arguments)
        if purpose in self.noises:
            self.noises[purpose].append(z.numpy())
        return z

    def critic_step(self, real):
        self.events.append("critic")
        self.batches.append(real.numpy())
        return super().critic_step(real)

    def generator_step(self, step):
        self.events.append("generator")
        return super().generator_step(step)


class Silence:
    def step(self, done):
        pass

    def show(self, done, text):
        pass


def play(folder, dataset, **settings):
    game = Watched(tiny("wgan", **{"network": "mlp", **settings}), dataset.shape)
    (folder / "samples").mkdir()
    log = RunLog(folder)
    train(game, dataset, folder, log, Silence(), print)
    log.close()
    return game


@pytest.mark.parametrize("n_critic", [1, 3, 5])
def test_n_critic_critic_steps_come_before_each_generator_step_over_epoch_ends(tmp_path, n_critic):
    """20 images and batches of 8: the epoch ends again and again inside a round of critic steps, which must not restart."""
    game = play(tmp_path, toy_dataset(20), n_critic=n_critic, steps=7)
    assert game.events == (["critic"] * n_critic + ["generator"]) * 7
    assert game.critic_steps == 7 * n_critic


def test_every_critic_step_gets_a_fresh_batch_each_image_once_an_epoch(tmp_path):
    dataset = toy_dataset(20)
    game = play(tmp_path, dataset, n_critic=5, steps=4)
    seen = np.concatenate(game.batches)
    expected = dataset.batch(Order(20, 0).take(0, len(seen)))
    np.testing.assert_array_equal(seen, expected)
    for epoch in range(len(seen) // 20):
        assert len(np.unique(seen[epoch * 20 : epoch * 20 + 20].reshape(20, -1), axis=0)) == 20


def test_every_step_gets_a_fresh_z(tmp_path):
    game = play(tmp_path, toy_dataset(20), n_critic=3, steps=4)
    critic, generator = game.noises["critic noise"], game.noises["generator noise"]
    assert (len(critic), len(generator)) == (12, 4)
    assert len({z.tobytes() for z in critic + generator}) == 16
    assert len(np.unique(np.concatenate(critic + generator).ravel())) > 0.99 * 16 * 8 * 8


def test_images_reach_the_critic_scaled_to_plus_minus_1(tmp_path):
    game = play(tmp_path, toy_dataset(20), steps=2)
    seen = np.concatenate(game.batches)
    assert seen.dtype == np.float32 and seen.shape[1:] == (1, 32, 32)
    assert -1 == seen.min() < seen.max() == pytest.approx(1)


def test_logging_and_sampling_often_does_not_change_the_training(tmp_path):
    finals = []
    for number, every in enumerate((1, 100)):
        (folder := tmp_path / str(number)).mkdir()
        game = play(folder, toy_dataset(20), network="dcgan", log_every=every, sample_every=every, checkpoint_every=every)
        finals.append([array for part in game.parts().values() for array in part.values()])
    for a, b in zip(*finals, strict=True):
        np.testing.assert_array_equal(a, b)


def test_decay_brings_the_learning_rate_down_linearly_to_0(tmp_path):
    game = Game(tiny("wgan-gp", network="mlp", decay=True, steps=10, learning_rate=0.1), (1, 32, 32))
    rates = []
    for step in range(10):
        game.set_learning_rate(step)
        rates.append((game.generator_optimizer.get_lr(), game.critic_optimizer.get_lr()))
    np.testing.assert_allclose(rates, [[0.1 * (1 - k / 10)] * 2 for k in range(10)])


def test_warm_up_is_run_once_and_not_again_on_resume(call, mnist_dir):
    flags = ["--data-dir", mnist_dir, "--out", "run"]
    tiny_run = ["-o", "units=2", "-o", "latent=1", "-o", "batch_size=2", "-o", "log_every=9", "-o", "warm_up=true"]
    first = call("train", "--model", "wgan", "--network", "mlp", "--data", "mnist", *tiny_run, "--steps", 26, *flags)
    assert first.status == 0
    assert call("train", *flags, "--resume", "--steps", 28).status == 0
    steps = {line["step"]: (line["critic_steps"], line["images_seen"]) for line in log_of("run")}
    assert steps == {1: (100, 200), 9: (900, 1800), 18: (1800, 3600), 26: (2505, 5010), 27: (2510, 5020), 28: (2515, 5030)}

"""What the loop does and in which order: critic and generator steps, their data and their noise."""

import numpy as np
import paddle
import pytest

from data import Order
from tests.helpers import batch, equal, log_of, tiny_game, toy_dataset
from tests.watched import play
from training import loop, randomness
from training import recipe as recipes
from training.session import Silent


@pytest.mark.parametrize("n_critic", [1, 3, 5])
def test_n_critic_critic_steps_come_before_each_generator_step_over_epoch_ends(tmp_path, n_critic):
    """20 images and batches of 8: the epoch ends again and again inside a round of critic steps, which must not restart."""
    trainer = play(tmp_path, toy_dataset(20), n_critic=n_critic, steps=7)
    assert trainer.events == (["critic"] * n_critic + ["generator"]) * 7
    assert trainer.critic_steps == 7 * n_critic


def test_every_critic_step_gets_a_fresh_batch_each_image_once_an_epoch(tmp_path):
    dataset = toy_dataset(20)
    trainer = play(tmp_path, dataset, n_critic=5, steps=4)
    seen = np.concatenate(trainer.batches)
    expected = dataset.batch(Order(20, 0).take(0, len(seen)))
    np.testing.assert_array_equal(seen, expected)
    for epoch in range(len(seen) // 20):
        assert len(np.unique(seen[epoch * 20 : epoch * 20 + 20].reshape(20, -1), axis=0)) == 20


def test_every_step_gets_a_fresh_z(tmp_path):
    trainer = play(tmp_path, toy_dataset(20), n_critic=3, steps=4)
    critic, generator = trainer.noises["critic noise"], trainer.noises["generator noise"]
    assert (len(critic), len(generator)) == (12, 4)
    assert len({z.tobytes() for z in critic + generator}) == 16
    assert len(np.unique(np.concatenate(critic + generator).ravel())) > 0.99 * 16 * 8 * 8
    for purpose, noises in trainer.noises.items():  # both kinds of steps are counted from 0
        for number, z in enumerate(noises):
            np.testing.assert_array_equal(z, randomness.noise(0, purpose, number, [8, 8]))


def test_every_critic_step_has_its_own_points_between_real_and_fake(monkeypatch):
    drawn = []
    trainer = tiny_game("wgan-gp", network="mlp")
    monkeypatch.setattr(trainer, "epsilon", lambda purpose, step: drawn.append((purpose, step)) or paddle.full([8], 0.5))
    for _ in range(3):
        trainer.critic_step(batch())
    assert drawn == [("penalty", 0), ("penalty", 1), ("penalty", 2)]


def test_after_a_rollback_all_that_is_drawn_is_other(tmp_path, monkeypatch):
    """Noise, points of the penalty, classes, the data's order: the same again would end in the same NaN."""
    trainer = tiny_game("wgan-gp", network="mlp", conditional=True)
    orders = []

    def stop(dataset, order, *rest):
        orders.append(order.take(0, 20))
        raise InterruptedError

    monkeypatch.setattr(loop, "batches", stop)

    def drawn():
        with pytest.raises(InterruptedError):
            loop.train(trainer, toy_dataset(20), tmp_path, None, Silent(), warn=print)
        tensors = [trainer.noise("critic noise", 3), trainer.noise("generator noise", 3), trainer.epsilon("penalty", 3)]
        return [*(tensor.numpy() for tensor in tensors), trainer.drawn_classes(3), orders.pop()]

    first = drawn()
    assert equal(first, drawn())
    trainer.attempt = 1
    for before, after in zip(first, drawn(), strict=True):
        assert not np.array_equal(before, after)


def test_trying_networks_out_leaves_them_as_they_were():
    """In training mode above all: batch norm would go by its running statistics from then on."""
    trainer = tiny_game("wgan", network="dcgan")
    before = [array.copy() for part in trainer.parts().values() for array in part.values()]
    trainer.try_out()
    assert equal(before, [array for part in trainer.parts().values() for array in part.values()])
    for network in (trainer.generator, trainer.critic):
        assert all(layer.training for layer in network.sublayers(include_self=True))


def test_a_generator_step_can_have_a_batch_of_its_own_size(tmp_path):
    sizes = {}
    for own in (None, 12):
        (folder := tmp_path / str(own)).mkdir()
        trainer = play(folder, toy_dataset(20), n_critic=2, generator_batch_size=own, steps=2)
        sizes[own] = {purpose: [len(z) for z in noises] for purpose, noises in trainer.noises.items()}
        assert {len(real) for real in trainer.batches} == {8} and trainer.images_seen == 32
    assert sizes[None] == {"critic noise": [8] * 4, "generator noise": [8] * 2}
    assert sizes[12] == {"critic noise": [8] * 4, "generator noise": [12] * 2}


def test_images_reach_the_critic_scaled_to_plus_minus_1(tmp_path):
    trainer = play(tmp_path, toy_dataset(20), steps=2)
    seen = np.concatenate(trainer.batches)
    assert seen.dtype == np.float32 and seen.shape[1:] == (1, 32, 32)
    assert -1 == seen.min() < seen.max() == pytest.approx(1)


def test_logging_and_sampling_often_does_not_change_the_training(tmp_path):
    finals = []
    for number, every in enumerate((1, 100)):
        (folder := tmp_path / str(number)).mkdir()
        trainer = play(folder, toy_dataset(20), network="dcgan", log_every=every, sample_every=every, checkpoint_every=every)
        finals.append([array for part in trainer.parts().values() for array in part.values()])
    for a, b in zip(*finals, strict=True):
        np.testing.assert_array_equal(a, b)


def test_warm_up_is_run_once_and_not_again_on_resume(call, mnist_dir, monkeypatch):
    short = lambda recipe, step: 10 if recipe.warm_up and step < 3 else recipe.n_critic  # noqa: E731 - 3 steps of 10, not 25 of 100
    monkeypatch.setattr(recipes.Recipe, "n_critic_at", short)
    flags = ["--data-dir", mnist_dir, "--out", "run"]
    tiny_run = ["-o", "units=2", "-o", "latent=1", "-o", "batch_size=2", "-o", "log_every=1", "-o", "warm_up=true"]
    tiny_run += ["-o", "n_critic=5"]
    first = call("train", "--model", "wgan", "--network", "mlp", "--data", "mnist", *tiny_run, "--steps", 4, *flags)
    assert first.status == 0
    assert call("train", *flags, "--resume", "--steps", 6).status == 0
    steps = {line["step"]: (line["critic_steps"], line["images_seen"]) for line in log_of("run")}
    assert steps == {step: (number, 2 * number) for step, number in enumerate((10, 20, 30, 35, 40, 45), 1)}

"""Numbers that are not finite stop the training in words, or send it back with other noise."""

import json
from pathlib import Path

import numpy as np
import pytest

from data.dataset import Dataset
from errors import UserError
from tests.helpers import TINY_FLAGS, log_of, weights_of
from tests.reliability import TALLY
from training import checkpoint, session
from training.trainer import GANTrainer

BEGIN = ["--model", "wgan", "--network", "mlp", "--data", "mnist", *TINY_FLAGS, "-o", "checkpoint_every=2", "--steps", "6"]
BEGIN += ["-o", "n_critic=5", "-o", "ema=0.9"]


@pytest.fixture
def poison(monkeypatch):
    """poison(step, when): the critic's last weights become NaN in generator step `step` of every attempt that `when` accepts."""

    def arrange(step, when=lambda attempt: True):
        once = GANTrainer.generator_step

        def poisoned(self, number):
            if number == step - 1 and when(self.attempt):
                weight = self.critic_weights[-1]
                weight.set_value(np.full(weight.shape, np.nan, np.float32))
            return once(self, number)

        monkeypatch.setattr(GANTrainer, "generator_step", poisoned)

    return arrange


@pytest.fixture
def train(call, mnist_dir):
    return lambda out, *flags: call("train", *BEGIN, "--data-dir", mnist_dir, "--out", out, *flags)


def test_it_stops_with_the_step_the_recipe_and_the_last_good_checkpoint(train, poison):
    poison(5)
    result = train("run")
    assert result.status == 1
    line = result.err.splitlines()[-1]
    assert "not finite at step 5 of wgan (wasserstein, mlp, mnist)" in line and "last good checkpoint is step 4 in run" in line
    assert np.isfinite(next(iter(checkpoint.load(checkpoint.newest("run")[0])[0]["generator"].values()))).all()


@pytest.mark.parametrize("part", ["critic_optimizer", "average"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_no_loss_shows_is_never_saved(train, monkeypatch, value, part):
    parts = GANTrainer.parts

    def damaged(self):
        found = parts(self)
        if self.critic_steps == 20:
            next(iter(found[part].values())).flat[0] = value
        return found

    monkeypatch.setattr(GANTrainer, "parts", damaged)
    result = train("run")
    assert result.status == 1 and f"weights of {part} not finite at step 4" in result.err
    assert checkpoint.list_steps("run")[-1] == 2


def test_rollback_goes_back_and_on_with_other_noise(train, poison):
    assert train("straight").status == 0
    poison(5, lambda attempt: attempt < 2)
    result = train("run", "--on-nan", "rollback")
    assert result.status == 0, result
    assert result.err.count("going back to it, with other noise and another order") == 2
    steps = [line["step"] for line in log_of("run")]
    assert steps == [1, 2, 3, 4, 5, 6], "no step twice, none left out"
    assert log_of("run")[:4] == log_of("straight")[:4] and log_of("run")[4:] != log_of("straight")[4:]
    state = json.loads(Path("run/checkpoints/step-000006/state.json").read_text())
    assert state["attempt"] == 2
    TALLY["trainings that went back from NaN and on"] += 1


def test_a_rollback_is_the_same_again_and_after_a_resume(train, poison):
    poison(3, lambda attempt: attempt < 1)
    assert train("one", "--on-nan", "rollback").status == 0
    assert train("two", "--on-nan", "rollback", "--steps", "4").status == 0
    assert train("two", "--on-nan", "rollback", "--resume").status == 0
    assert weights_of("one", 6) == weights_of("two", 6) and log_of("one") == log_of("two")
    assert "average.safetensors" in weights_of("one", 6)


def test_a_rollback_in_one_process_equals_one_by_hand_average_included(train, poison, monkeypatch):
    """Back to step 2 within the training, or by a training that begins there: the same files at step 4."""
    poison(3, lambda attempt: attempt < 1)
    assert train("run", "--on-nan", "rollback", "--steps", "4").status == 0
    assert train("by hand", "--on-nan", "rollback", "--steps", "2").status == 0
    newest = checkpoint.newest

    def other_noise(folder):
        path, state, remarks = newest(folder)
        return path, {**state, "attempt": 1}, remarks

    monkeypatch.setattr(checkpoint, "newest", other_noise)
    assert train("by hand", "--on-nan", "rollback", "--steps", "4", "--resume").status == 0
    assert weights_of("run", 4) == weights_of("by hand", 4)


def test_what_always_fails_is_given_up(train, poison):
    poison(3)
    result = train("run", "--on-nan", "rollback")
    assert result.status == 1
    assert result.err.count("going back to it") == session.ROLLBACKS
    assert f"{session.ROLLBACKS} attempts with other noise and another order went the same way" in result.err


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_data_that_are_not_numbers_are_refused_before_they_reach_a_network(value):
    points = np.zeros((64, 2), np.float32)
    points[5, 1] = value
    for train, heldout in ((points, points[:5]), (points[:5], points)):
        with pytest.raises(UserError, match="25gaussians holds a NaN or an infinity"):
            Dataset("25gaussians", train, heldout)


def test_on_nan_takes_two_words(train):
    result = train("run", "--on-nan", "ignore")
    assert result.status == 2 and "on_nan" in result.err and "stop, rollback" in result.err

"""Objectives against closed forms written in numpy, and the signs that go wrong most often."""

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.objectives import OBJECTIVES, estimate, js_estimate, probability
from tests.helpers import batch, tiny_game

logits = arrays(np.float64, st.integers(1, 9), elements=st.floats(-30, 30))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


# name -> critic loss of (real, fake), its gradients by real and by fake, generator loss of fake, its gradient
CLOSED_FORMS = {
    "minimax": (
        lambda r, f: -log_sigmoid(r).mean() - log_sigmoid(-f).mean(),
        lambda r: -sigmoid(-r) / len(r),
        lambda f: sigmoid(f) / len(f),
        lambda f: log_sigmoid(-f).mean(),
        lambda f: -sigmoid(f) / len(f),
    ),
    "non-saturating": (
        lambda r, f: -log_sigmoid(r).mean() - log_sigmoid(-f).mean(),
        lambda r: -sigmoid(-r) / len(r),
        lambda f: sigmoid(f) / len(f),
        lambda f: -log_sigmoid(f).mean(),
        lambda f: -sigmoid(-f) / len(f),
    ),
    "wasserstein": (
        lambda r, f: f.mean() - r.mean(),
        lambda r: -np.ones_like(r) / len(r),
        lambda f: np.ones_like(f) / len(f),
        lambda f: -f.mean(),
        lambda f: -np.ones_like(f) / len(f),
    ),
    "least-squares": (
        lambda r, f: ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2,
        lambda r: (r - 1) / len(r),
        lambda f: f / len(f),
        lambda f: ((f - 1) ** 2).mean() / 2,
        lambda f: (f - 1) / len(f),
    ),
}


def leaf(array):
    return paddle.to_tensor(array, stop_gradient=False)


@pytest.mark.parametrize("name", CLOSED_FORMS)
@given(real=logits, fake=logits)
def test_losses_and_their_gradients_equal_the_closed_forms(name, real, fake):
    objective = OBJECTIVES[name]
    critic_loss, by_real, by_fake, generator_loss, by_generated = CLOSED_FORMS[name]
    r, f, g = leaf(real), leaf(fake), leaf(fake)
    loss, generated = objective.critic_loss(r, f), objective.generator_loss(g)
    assert loss.shape == generated.shape == []
    np.testing.assert_allclose(float(loss), critic_loss(real, fake), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(float(generated), generator_loss(fake), rtol=1e-8, atol=1e-8)
    loss.backward()
    generated.backward()
    np.testing.assert_allclose(r.grad.numpy(), by_real(real), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(f.grad.numpy(), by_fake(fake), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(g.grad.numpy(), by_generated(fake), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_are_means_and_their_gradients_equal_finite_differences(name):
    objective, (real, fake) = OBJECTIVES[name], np.random.default_rng(0).normal(0, 3, (2, 7))
    for loss, arrays_ in ((objective.critic_loss, (real, fake)), (objective.generator_loss, (fake,))):
        leaves = [leaf(array) for array in arrays_]
        value = loss(*leaves)
        value.backward()
        assert value.shape == []
        assert float(loss(*(leaf(array.repeat(2)) for array in arrays_))) == pytest.approx(float(value))
        for number, array in enumerate(arrays_):
            for k in range(len(array)):
                steps = [[a + sign * 1e-6 * (np.arange(7) == k) * (a is array) for a in arrays_] for sign in (1, -1)]
                high, low = (float(loss(*map(leaf, moved))) for moved in steps)
                assert float(leaves[number].grad[k]) == pytest.approx((high - low) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("size", [100.0, 10000.0])
def test_losses_and_gradients_stay_finite_for_huge_float32_logits(name, size):
    real, fake = leaf(np.array([-size, size], "float32")), leaf(np.array([size, -size], "float32"))
    loss = OBJECTIVES[name].critic_loss(real, fake) + OBJECTIVES[name].generator_loss(fake)
    loss.backward()
    assert np.isfinite([float(loss), *real.grad.numpy(), *fake.grad.numpy()]).all()


@given(real=logits, fake=logits)
def test_estimate_is_real_minus_fake_and_minus_the_wasserstein_loss(real, fake):
    r, f = paddle.to_tensor(real), paddle.to_tensor(fake)
    np.testing.assert_allclose(float(estimate(r, f)), real.mean() - fake.mean(), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(float(estimate(r, f)), -float(OBJECTIVES["wasserstein"].critic_loss(r, f)), atol=1e-8)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_row_s_words_are_what_its_critic_s_loss_is(name):
    """Which figures are logged and which alarms are given follows from them."""
    objective, (real, fake) = OBJECTIVES[name], np.random.default_rng(1).normal(0, 2, (2, 9))
    loss = float(objective.critic_loss(paddle.to_tensor(real), paddle.to_tensor(fake)))
    assert objective.probabilistic == (loss == pytest.approx(-log_sigmoid(real).mean() - log_sigmoid(-fake).mean()))
    assert objective.wasserstein == (loss == pytest.approx(fake.mean() - real.mean()))


def test_js_estimate_is_0_for_equal_logits_of_0_and_log_2_for_a_perfect_critic():
    zero, sure = paddle.zeros([4]), paddle.full([4], 50.0)
    assert float(js_estimate(zero, zero)) == pytest.approx(0, abs=1e-6)
    assert float(js_estimate(sure, -sure)) == pytest.approx(np.log(2), abs=1e-6)


@given(logits)
def test_probability_is_the_mean_of_the_sigmoid(x):
    np.testing.assert_allclose(float(probability(paddle.to_tensor(x))), sigmoid(x).mean(), rtol=1e-8)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_a_generator_step_raises_what_the_critic_says_of_its_samples(objective, network):
    trainer = tiny_game("dcgan", objective=objective, network=network, optimizer="sgd", learning_rate=0.01, critic_norm="none")
    for number in range(3):  # a critic that tells something
        trainer.critic_step(batch(seed=number))
    if objective == "least-squares":  # from below its target
        assert float(score(trainer)) < 1
    before = float(score(trainer))
    trainer.generator_step(0)
    assert float(score(trainer)) > before


@paddle.no_grad()
def score(trainer):
    """E f(G(z)) for the z of the generator's first step."""
    with trainer.frozen_batch_norm_statistics():
        return trainer.critic(trainer.generator(trainer.noise("generator noise", 0))).mean()


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_a_critic_step_raises_the_estimate(objective, network):
    trainer = tiny_game("dcgan", objective=objective, network=network, optimizer="sgd", learning_rate=0.01, critic_norm="none")
    real = batch()

    @paddle.no_grad()
    def current():
        with trainer.frozen_batch_norm_statistics():
            return float(estimate(*trainer.logits(real, trainer.generator(trainer.noise("critic noise", 0)))))

    before = current()
    trainer.critic_step(real)
    assert current() > before

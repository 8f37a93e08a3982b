"""Clipping and the gradient penalty on the critics that are really trained."""

import numpy as np
import paddle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import networks
from models.constraints import clip_, gradient_penalty, input_gradient_norms, interpolate, trainable
from models.networks.layers import has_batch_norm
from tests.helpers import NETWORKS, OBJECTIVES, batch, equal, tiny, tiny_game, values


@pytest.mark.parametrize("network", NETWORKS)
def test_after_any_number_of_critic_steps_every_trainable_weight_is_within_c(network):
    trainer = tiny_game("wgan", network=network, clip=0.01, learning_rate=0.01)  # steps as large as c itself
    assert max(np.abs(w).max() for w in values(trainer.critic_weights)) > 0.01, "nothing to clip: the test would prove nothing"
    for number in range(3):
        trainer.critic_step(batch(seed=number))
        for weight in trainer.critic_weights:
            assert float(weight.abs().max()) <= np.float32(0.01), weight.name


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_clipping_works_under_every_objective_and_optimiser(objective):
    for optimizer in ("adam", "rmsprop", "sgd"):
        trainer = tiny_game("wgan", objective=objective, optimizer=optimizer, clip=0.02, learning_rate=0.05)
        trainer.critic_step(batch())
        assert max(float(w.abs().max()) for w in trainer.critic_weights) == np.float32(0.02)


def test_clip_moves_only_what_lies_outside():
    weights = trainable(layer := paddle.nn.Linear(20, 20))
    before = values(weights)
    clip_(layer, 0.1)
    for old, new in zip(before, values(weights), strict=True):
        np.testing.assert_array_equal(new, np.clip(old, np.float32(-0.1), np.float32(0.1)))


def test_clipping_leaves_running_statistics_alone():
    trainer = tiny_game("wgan", clip=0.01)
    assert has_batch_norm(trainer.critic)
    clipped = {weight.name for weight in trainer.critic_weights}
    buffers = dict(trainer.critic.named_buffers())
    assert {name.rsplit(".", 1)[-1] for name in buffers} == {"mean", "variance"}
    assert not clipped & {buffer.name for buffer in buffers.values()}
    trainer.critic_step(batch())
    before = {name: buffer.numpy().copy() for name, buffer in buffers.items()}
    clip_(trainer.critic, 0.001)
    for name, buffer in buffers.items():
        np.testing.assert_array_equal(buffer.numpy(), before[name])
        if name.endswith("variance"):
            assert float(buffer.min()) > 0.5, "a running variance that began at 1 was clipped"


def test_scale_and_shift_of_batch_norm_are_clipped_along():
    trainer = tiny_game("wgan", clip=0.01)
    trainer.critic_step(batch())
    scales = [weight for weight in trainer.critic_weights if weight.ndim == 1]
    assert scales
    assert max(float(scale.abs().max()) for scale in scales) <= np.float32(0.01)


def test_a_critic_step_leaves_the_generator_alone_and_a_generator_step_the_critic():
    trainer = tiny_game("wgan")
    before = values(trainer.generator_weights)
    trainer.critic_step(batch())
    assert equal(before, values(trainer.generator_weights))
    before = values(trainer.critic_weights)
    trainer.generator_step(0)
    assert equal(before, values(trainer.critic_weights))
    assert all(not weight.stop_gradient for weight in trainer.critic_weights)
    assert max(float(weight.abs().max()) for weight in trainer.generator_weights) > 0.01, "the generator was clipped"


class Plane(paddle.nn.Layer):
    """f(x) = a·x over all axes but the first."""

    def __init__(self, a):
        super().__init__()
        self.a = self.create_parameter(a.shape, default_initializer=paddle.nn.initializer.Assign(a))

    def forward(self, x):
        return (x * self.a).sum(list(range(1, x.ndim)))


@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=4), n=st.integers(1, 5), seed=st.integers(0, 99))
def test_penalty_of_a_plane_is_its_slopes_distance_from_1_squared(shape, n, seed):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(shape)
    plane = Plane(paddle.to_tensor(a, "float64")).astype("float64")
    real, fake = (paddle.to_tensor(rng.standard_normal((n, *shape))) for _ in range(2))
    penalty = gradient_penalty(plane, real, fake, paddle.to_tensor(rng.random(n)))
    slope = np.sqrt((a**2).sum())
    assert penalty.shape == []
    np.testing.assert_allclose(float(penalty), (slope - 1) ** 2, rtol=1e-6, atol=1e-6)
    penalty.backward()
    expected = 2 * (slope - 1) * a / slope
    np.testing.assert_allclose(plane.a.grad.numpy(), expected, rtol=1e-4, atol=1e-4)


def test_penalty_takes_one_norm_a_sample_not_one_a_batch():
    """f(x) = Σ x²/2 has the gradient x: the penalty is the mean of the samples' own (‖x‖ − 1)²."""
    x = np.array([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]])
    points = paddle.to_tensor(x)
    half_square = lambda t: (t * t).sum(1) / 2  # noqa: E731
    penalty = gradient_penalty(half_square, points, points, paddle.to_tensor([0.1, 0.5, 0.9], "float64"))
    assert float(penalty) == pytest.approx((16 + 0 + 1) / 3, rel=1e-5)
    norms = input_gradient_norms(half_square, points).numpy()
    np.testing.assert_allclose(norms, [5, 1, 0], atol=1e-5)
    assert norms[2] == 0, "the alarm of a dead critic looks for less than 1e-7"
    assert points.stop_gradient, "the caller's tensor stays as it was"


def test_gradient_norms_are_those_of_the_network_in_float32_where_it_has_one():
    """As of trainer.MixedPrecision: of products in bfloat16, norms and penalty would be too coarse."""
    coarse, exact = Plane(paddle.to_tensor([3.0, 4.0])), Plane(paddle.to_tensor([3.0, 4.5]))
    coarse.in_float32 = exact
    points, norm = batch(3, (2,)), np.hypot(3, 4.5)
    np.testing.assert_allclose(input_gradient_norms(coarse, points).numpy(), norm, rtol=1e-5)
    assert float(gradient_penalty(coarse, points, points, paddle.rand([3]))) == pytest.approx((norm - 1) ** 2, rel=1e-5)


def test_penalty_is_finite_and_has_a_gradient_where_the_critic_is_flat():
    plane = Plane(paddle.zeros([3]))
    penalty = gradient_penalty(plane, batch(4, (3,)), batch(4, (3,), seed=1), paddle.rand([4]))
    penalty.backward()
    assert float(penalty) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(plane.a.grad.numpy()).all()


@pytest.mark.parametrize("shape", [(2,), (1, 4, 4), (3, 5, 5)])
def test_points_of_the_penalty_lie_between_their_own_pair_one_epsilon_a_sample(shape):
    real, fake, epsilon = batch(6, shape), batch(6, shape, seed=1), np.linspace(0, 1, 6, dtype="float32")
    points = interpolate(real, fake, paddle.to_tensor(epsilon)).numpy()
    for k, e in enumerate(epsilon):
        np.testing.assert_allclose(points[k], e * real.numpy()[k] + (1 - e) * fake.numpy()[k], atol=1e-6)


CRITICS = [("mlp", "none"), *((net, norm) for net in ("dcgan", "resnet", "paperweekly") for norm in ("none", "layer"))]


@pytest.mark.parametrize(("network", "norm"), CRITICS)
def test_parameter_gradients_of_the_penalty_equal_finite_differences(double, network, norm):
    _, critic = networks.build(tiny("wgan-gp", network=network, critic_norm=norm), (1, 32, 32))
    weights, rng = trainable(critic), np.random.default_rng(0)
    real, fake = batch(3, dtype="float64"), batch(3, seed=1, dtype="float64")
    epsilon = paddle.to_tensor(rng.random(3))
    penalty = lambda: gradient_penalty(critic, real, fake, epsilon)  # noqa: E731
    penalty().backward()
    for _ in range(3):
        # along random directions, each weight in proportion to its size, so that no layer hides behind another
        steps = [1e-6 * rng.standard_normal(w.shape) * (float(w.abs().mean()) + 0.01) for w in weights]
        before, sides = values(weights), []
        for sign in (1, -1):
            for weight, old, step in zip(weights, before, steps, strict=True):
                weight.set_value(old + sign * step)
            sides.append(float(penalty()))
        for weight, old in zip(weights, before, strict=True):
            weight.set_value(old)
        analytic = sum((w.grad.numpy() * step).sum() for w, step in zip(weights, steps, strict=True) if w.grad is not None)
        assert analytic != 0
        assert (sides[0] - sides[1]) / 2 == pytest.approx(analytic, rel=1e-4)


@pytest.mark.parametrize(("network", "norm"), CRITICS)
def test_a_wgan_gp_critic_step_works_and_moves_every_layer(network, norm):
    trainer = tiny_game("wgan-gp", network=network, critic_norm=norm, learning_rate=0.001)
    before = values(trainer.critic_weights)
    loss, real, fake, penalty = trainer.critic_step(batch())
    assert float(loss) == pytest.approx(float(fake.mean() - real.mean() + trainer.recipe.penalty * penalty), rel=1e-4)
    for weight, old in zip(trainer.critic_weights, before, strict=True):
        assert weight.ndim == 1 or not np.array_equal(weight.numpy(), old), weight.name


def test_penalty_pulls_the_critics_slope_towards_1():
    trainer = tiny_game("wgan-gp", network="mlp", units=64, learning_rate=3e-4, beta1=0.5)
    real = batch()
    penalties = [float(trainer.critic_step(real)[3]) for _ in range(75)]
    assert penalties[0] > 0.5
    assert np.mean(penalties[-5:]) < penalties[0] / 2

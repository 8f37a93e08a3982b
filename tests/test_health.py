"""The figures of the log, and the warnings that follow from them."""

import numpy as np
import paddle
import pytest

from models.objectives import estimate
from tests.helpers import MODELS, batch, equal, tiny, tiny_game, values
from training import health, randomness
from training.alarms import PATIENCE, HealthMonitor


@pytest.mark.parametrize("model", MODELS)
def test_figures_are_those_of_the_networks_as_they_stand(model):
    trainer = tiny_game(model)
    for number in range(3):
        trainer.critic_step(batch(seed=number))
    held, real, step = batch(seed=8), batch(seed=9), 7
    figures = health.measure(trainer, held, real, step)
    with paddle.no_grad(), trainer.frozen_batch_norm_statistics():
        fake = trainer.generator(trainer.noise("health noise", step))
        real_logits, fake_logits = trainer.logits(real, fake)
        held_logits, again = trainer.logits(held, fake)
    close = lambda value: pytest.approx(float(value), rel=1e-4, abs=1e-7)  # noqa: E731
    assert figures["estimate"] == close(real_logits.mean() - fake_logits.mean())
    assert figures["estimate_heldout"] == close(held_logits.mean() - again.mean())
    assert ("d_real" in figures) == (model in ("gan", "dcgan"))
    if "d_real" in figures:
        assert figures["d_real"] == close((1 / (1 + (-real_logits).exp())).mean())
        assert figures["d_fake"] == close((1 / (1 + (-fake_logits).exp())).mean())
        loss = (1 + (-real_logits).exp()).log().mean() + (1 + fake_logits.exp()).log().mean()
        assert figures["js_estimate"] == close(np.log(2) - loss / 2)
    assert ("clipped_share" in figures) == (model == "wgan")
    assert all(type(value) is float for value in figures.values())


def test_gradient_norms_are_mean_and_deviation_over_points_between_real_and_fake():
    trainer = tiny_game("wgan-gp", network="mlp")
    held, real, step = batch(seed=1), batch(seed=2), 3
    figures = health.measure(trainer, held, real, step)
    fake = trainer.generator(trainer.noise("health noise", step)).detach()
    epsilon = randomness.uniform(0, "health penalty", step, [8]).reshape(8, 1, 1, 1)
    points = paddle.to_tensor(epsilon) * real + paddle.to_tensor(1 - epsilon) * fake
    norms = []
    for k in range(8):  # each sample by itself
        point = points[k : k + 1].detach()
        point.stop_gradient = False
        trainer.critic(point).sum().backward()
        norms.append(np.linalg.norm(point.grad.numpy()))
    assert figures["gradient_norm"] == pytest.approx(np.mean(norms), rel=1e-4)
    assert figures["gradient_norm_std"] == pytest.approx(np.std(norms), rel=1e-3)


@pytest.mark.parametrize("model", MODELS)
def test_measuring_changes_nothing(model):
    trainer = tiny_game(model)
    trainer.critic_step(batch())
    state = lambda: [x for part in trainer.parts().values() for x in part.values()]  # noqa: E731
    before = [x.copy() for x in state()]
    health.measure(trainer, batch(), batch(seed=1), 3)
    assert equal(before, state())
    assert all(weight.grad is None or float(weight.grad.abs().max()) == 0 for weight in trainer.critic_weights)


def test_held_out_items_and_those_generated_beside_them_have_their_own_classes():
    trainer = tiny_game("wgan", network="mlp", conditional=True)
    trainer.critic.projection.set_value(paddle.randn(trainer.critic.projection.shape))  # at first 0: no class would matter
    held, real, held_labels, labels = batch(seed=8), batch(seed=9), np.arange(8), np.full(8, 9)
    figures = health.measure(trainer, held, real, 7, held_labels, labels)
    with paddle.no_grad(), trainer.frozen_batch_norm_statistics():
        z = trainer.noise("health noise", 7)
        for name, items, own in (("estimate", real, labels), ("estimate_heldout", held, held_labels)):
            own = paddle.to_tensor(own)
            expected = trainer.critic(items, own).mean() - trainer.critic(trainer.generator(z, own), own).mean()
            assert figures[name] == pytest.approx(float(expected), rel=1e-4), name


def test_clipped_share_counts_weights_at_plus_and_minus_c():
    layer = paddle.nn.Linear(4, 1, bias_attr=False)
    layer.weight.set_value(np.array([[0.01], [-0.01], [0.0099], [0.0]], "float32"))
    assert float(health.clipped_share([layer.weight], 0.01)) == 0.5
    trainer = tiny_game("wgan", learning_rate=0.1, clip=0.01)
    trainer.critic_step(batch())
    weights = np.concatenate([w.ravel() for w in values(trainer.critic_weights)])
    share = health.measure(trainer, batch(), batch(), 1)["clipped_share"]
    assert share == pytest.approx((np.abs(weights) == np.float32(0.01)).mean(), abs=1e-6) and share > 0.5


GOOD = {"gradient_norm": 1.0, "estimate": 0.1}


@pytest.mark.parametrize(
    ("bad", "word"), [({"gradient_norm": 0.0, "estimate": 0.0}, "dead"), ({"gradient_norm": 1.0, "estimate": -1.0}, "negative")]
)
def test_an_alarm_is_given_once_and_only_if_the_trouble_stays(bad, word):
    monitor = HealthMonitor(tiny("wgan"))
    warnings = [monitor.update(step, figures) for step, figures in enumerate([bad, bad, bad, bad, GOOD] + [bad] * 20)]
    said = [(step, line) for step, lines in enumerate(warnings) for line in lines]
    assert len(said) == 1
    step, line = said[0]
    assert step == 5 + PATIENCE - 1 and word in line and f"step {step}" in line


@pytest.mark.parametrize(
    ("model", "settings", "advice"),
    [
        ("wgan", {}, "(a larger clip value or fewer layers may help)"),
        ("dcgan", {"n_critic": 1}, "(a smaller critic_learning_rate may help)"),
        ("wgan-gp", {"n_critic": 5}, "(a smaller critic_learning_rate or n_critic may help)"),
    ],
)
def test_a_dead_critic_s_alarm_advises_what_its_recipe_has(model, settings, advice):
    monitor = HealthMonitor(tiny(model, **settings))
    said = [line for step in range(PATIENCE) for line in monitor.update(step, {"gradient_norm": 0.0, "estimate": 0.0})]
    assert said[0].endswith(advice)


def test_a_critic_of_zeros_is_measured_as_dead():
    """The figure goes down to 0: what keeps the penalty's root from 0 must not hide it from the alarm."""
    trainer = tiny_game("wgan", network="mlp")
    for weight in trainer.critic_weights:
        weight.set_value(paddle.zeros_like(weight))
    monitor, figures = HealthMonitor(trainer.recipe), health.measure(trainer, batch(), batch(seed=1), 1)
    assert figures["gradient_norm"] == 0
    assert any("dead" in line for step in range(PATIENCE) for line in monitor.update(step, figures))


def test_a_healthy_critic_gives_no_alarm():
    monitor = HealthMonitor(tiny("wgan"))
    assert not any(monitor.update(step, GOOD) for step in range(20))
    small, dead = ({**GOOD, "gradient_norm": norm} for norm in (2e-7, 5e-8))
    assert not any(monitor.update(step, small) for step in range(20)), "a clipped critic's gradients are small"
    assert any(monitor.update(step, dead) for step in range(20))


def test_a_negative_estimate_is_no_alarm_for_a_gan():
    monitor = HealthMonitor(tiny("gan"))
    assert not any(monitor.update(step, {"gradient_norm": 1.0, "estimate": -1.0}) for step in range(20))


def test_alarms_go_on_from_their_saved_state():
    bad = {"gradient_norm": 0.0, "estimate": 0.0}
    first = HealthMonitor(tiny("wgan"))
    assert not any(first.update(step, bad) for step in range(3))
    second = HealthMonitor(tiny("wgan"), dict(first.state))
    assert [len(second.update(step, bad)) for step in range(3, 8)] == [0, 1, 0, 0, 0]


def test_numbers_that_are_not_finite_are_named():
    assert health.not_finite({"a": 1.0, "b": float("nan"), "c": float("-inf")}) == ["b", "c"]


def test_the_logged_estimate_has_the_sign_of_the_paper():
    """A critic that was trained to tell real from fake gives a positive estimate."""
    trainer = tiny_game("wgan-gp", network="mlp", learning_rate=1e-3)
    real = batch()
    for _ in range(20):
        _, real_logits, fake_logits, _ = trainer.critic_step(real)
    assert float(estimate(real_logits, fake_logits)) > 0
    assert health.measure(trainer, real, real, 1)["estimate"] > 0

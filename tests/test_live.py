"""A live training: its steps are the loop's, its settings change between steps, looking changes nothing."""

import base64
import dataclasses
import json
import threading

import numpy as np
import pytest

import data
from errors import NotFinite, UserError
from live import packing
from live.session import GRID, SHOWN, Live, recipe, scene
from live.switches import SWITCHES, switched
from tests.helpers import equal, values
from training import checkpoint, session
from training.trainer import MOVABLE

POINTS = [name for name, row in data.SOURCES.items() if row.is_points]
SMALL = {"units": 8, "batch_size": 16}
STEPS = 12


def live(model="wgan", name="8gaussians", **settings):
    return Live(recipe(model, name, **{**SMALL, **settings}))


def weights(live):
    """All that a step depends on: both networks and what the optimisers remember."""
    parts = live.trainer.parts()
    return [array for part in sorted(parts) for _, array in sorted(parts[part].items())]


def after(steps, *arguments, **settings):
    training = live(*arguments, **settings)
    training.step(steps)
    return weights(training)


@pytest.mark.parametrize(
    ("model", "name", "settings"),
    [
        ("gan", "2lines", {}),
        ("wgan", "8gaussians", {"decay": True, "steps": STEPS}),
        ("wgan-gp", "25gaussians", {"generator_network": "mlp-bn"}),
        ("wgan-paper", "swissroll", {"seed": 3}),
    ],
)
def test_steps_are_the_loop_s_to_the_bit_and_looking_on_changes_nothing(model, name, settings, tmp_path):
    training = live(model, name, **settings)
    session.train(training.recipe.model_copy(update={"steps": STEPS}), tmp_path / "run", device="cpu")
    for number in range(STEPS):
        training.step()
        if number % 5 == 0:
            training.frame()
    parts, _ = checkpoint.load(checkpoint.newest(tmp_path / "run")[0])
    assert equal(weights(training), [array for part in sorted(parts) for _, array in sorted(parts[part].items())])


def test_two_trainings_in_turn_and_in_threads_do_not_disturb_each_other():
    alone = after(10, "wgan-gp"), after(10, "gan", "swissroll", seed=1)
    pair = live("wgan-gp"), live("gan", "swissroll", seed=1)
    state = np.random.get_state()[1].copy()
    for _ in range(5):
        for one in pair:
            one.step()
            one.frame()
    threads = [threading.Thread(target=one.step, args=(5,)) for one in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(equal(weights(one), other) for one, other in zip(pair, alone, strict=True))
    assert (np.random.get_state()[1] == state).all()


def test_models_begin_alike():
    gan, gp = live("gan"), live("wgan-gp")
    assert equal(values(gan.trainer.generator_weights), values(gp.trainer.generator_weights))
    assert equal(values(gan.trainer.critic_weights), values(gp.trainer.critic_weights))
    np.testing.assert_array_equal(gan.frame().surface, gp.frame().surface)


def test_a_setting_holds_from_the_next_step_on():
    """As if the new recipe's trainer had been given the weights: both go on to the same."""
    training = live("wgan", clip=0.05)
    training.step(5)
    assert training.set(clip=0.001) is False
    assert np.abs(np.concatenate([w.flatten() for w in values(training.trainer.critic_weights)])).max() > 0.001
    training.step()
    assert np.abs(np.concatenate([w.flatten() for w in values(training.trainer.critic_weights)])).max() <= np.float32(0.001)
    before = training.trainer.critic_steps
    training.set(n_critic=4)
    training.step(2)
    assert training.trainer.critic_steps == before + 8 and training.steps == 8


def test_what_no_step_depends_on_changes_nothing_and_an_average_begins_anew():
    """steps do where there is decay, from the next step on."""
    training = live("wgan", decay=False)
    training.step(3)
    assert training.set(log_every=7, steps=9, keep_checkpoints=1) is False
    training.step(2)
    assert training.steps == 5 and training.recipe.log_every == 7
    assert equal(weights(training), after(5, "wgan", decay=False))
    assert training.set(ema=0.5) is True and training.steps == 0


@pytest.mark.parametrize(("optimizer", "forgets"), [("adam", True), ("rmsprop", False), ("sgd", False)])
def test_another_beta_makes_an_optimiser_forget_that_reads_it(optimizer, forgets):
    training = live("gan", optimizer=optimizer)
    training.step(2)
    before = training.trainer.generator_optimizer
    for beta in ("beta1", "beta2"):
        assert training.set(**{beta: 0.25}) is False
        assert (training.trainer.generator_optimizer is not before) == forgets
        before = training.trainer.generator_optimizer


@pytest.mark.parametrize("role", ["generator", "critic"])
def test_a_step_size_of_one_player_moves_that_player(role):
    training = live("gan")
    training.step(2)
    training.set(**{f"{role}_learning_rate": 1e-12})
    players = {"generator": training.trainer.generator_weights, "critic": training.trainer.critic_weights}
    before = {name: values(own) for name, own in players.items()}
    training.step()
    for name, own in players.items():
        moved = max(np.abs(new - old).max() for new, old in zip(values(own), before[name], strict=True))
        assert (moved < 1e-7) == (name == role)


@pytest.mark.parametrize("name", SWITCHES)
def test_each_switch_can_be_thrown_alone_in_the_middle_and_back(name):
    training = live("gan", **switched([]))
    training.step(3)
    generator = values(training.trainer.generator_weights)
    assert training.set(**switched([name])) is False
    assert equal(generator, values(training.trainer.generator_weights)), "weights stay"
    assert training.recipe.model_dump().items() >= switched([name]).items()
    training.step(2)
    training.frame()
    training.set(**switched([]))
    training.step(2)
    assert training.steps == 7 and not equal(weights(training), after(7, "gan", **switched([])))
    training.reset()
    training.step(7)
    assert equal(weights(training), after(7, "gan", **switched([])))


def test_all_switches_together_are_algorithm_1():
    paper = live("wgan-paper").recipe.model_dump()
    thrown = switched(SWITCHES)
    assert {key: paper[key] for key in thrown} == thrown
    assert set(thrown) <= set(MOVABLE)


def test_what_is_of_another_network_begins_anew_with_what_was_set_before():
    training = live("wgan")
    training.step(3)
    training.set(n_critic=1)
    assert training.set(generator_network="mlp-bn", latent=5) is True
    assert training.steps == 0 and training.trainer.critic_steps == 0
    training.step(4)
    assert equal(weights(training), after(4, "wgan", n_critic=1, generator_network="mlp-bn", latent=5))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"clip": -1}, "clip"),
        ({"n_critic": 0}, "n_critic"),
        ({"network": "dcgan"}, "makes images"),
        ({"klip": 1}, "klip"),
        ({"data": "swissroll"}, "keeps its points"),
    ],
)
def test_a_value_that_is_not_allowed_changes_nothing(settings, says):
    training = live()
    training.step()
    before = training.recipe
    with pytest.raises(UserError, match=says):
        training.set(**settings)
    assert training.recipe == before and training.steps == 1


def test_images_and_numbers_that_are_not_finite_are_errors():
    with pytest.raises(UserError, match="25gaussians, swissroll, 2lines"):
        Live(recipe("wgan", "mnist-5k", network="mlp", **SMALL))
    training = live("gan", optimizer="sgd", critic_learning_rate=1e30, generator_learning_rate=1e30)
    with pytest.raises(NotFinite, match="not finite at step"):
        for _ in range(20):
            training.step()
            training.frame()


@pytest.mark.parametrize("name", POINTS)
def test_a_frame_shows_points_surface_and_gradient(name):
    training = live("wgan", name)
    first = training.frame()
    assert "critic_loss" not in first.numbers and first.numbers["step"] == 0
    training.step(2)
    frame = training.frame()
    assert frame.samples.shape == training.scene.real.shape == (SHOWN, 2)
    assert frame.surface.shape == (GRID, GRID) and frame.arrows.shape == (11, 11, 2)
    assert all(array.dtype == np.float32 for array in (frame.samples, frame.surface, frame.arrows, training.scene.real))
    assert training.scene.extent > np.abs(training.scene.real).max()
    assert set(frame.numbers) == {
        *("step", "critic_steps", "estimate", "w1", "slope", "critic_loss", "generator_loss", "clipped_share"),
        *(("modes_found", "good_share") if data.source(name).kind == "mixture" else ()),
    }
    assert (frame.numbers["step"], frame.numbers["critic_steps"]) == (2, 4)
    assert "w1" not in training.frame(exact=False).numbers


def test_the_surface_is_the_critic_s_and_the_arrows_are_its_gradient():
    """Along x and y the surface rises as the arrows say, up to what a grid can tell of a piecewise linear function."""
    training = live("wgan-gp", units=32)
    training.step(30)
    frame, extent = training.frame(), training.scene.extent
    spacing = 2 * extent / (GRID - 1)
    by_differences = np.stack(np.gradient(frame.surface, spacing)[::-1], -1)[1::3, 1::3]
    assert np.corrcoef(by_differences.ravel(), frame.arrows.ravel())[0, 1] > 0.97
    assert np.abs(by_differences - frame.arrows).mean() < 0.1 * np.abs(frame.arrows).mean() + 1e-3


def test_the_estimate_is_at_most_slope_times_w1():
    """Kantorovich and Rubinstein: of two finite sets, with the largest slope on a fine grid for K."""
    training = live("wgan-gp", units=64, n_critic=10, penalty=10, critic_learning_rate=1e-3)
    for _ in range(5):
        training.step(8)
        numbers = training.frame().numbers
        assert numbers["estimate"] <= 1.05 * numbers["slope"] * numbers["w1"]
    assert numbers["estimate"] > 0.5 * numbers["w1"]


def test_a_gan_says_probabilities_and_a_scene_its_baseline():
    numbers = live("gan").frame().numbers
    assert 0 < numbers["d_real"] < 1 and 0 < numbers["d_fake"] < 1
    assert 0 < scene("8gaussians").w1_real < 0.3 < numbers["w1"]


@pytest.mark.parametrize("held", [100, 1100])
def test_of_few_held_out_points_a_scene_draws_with_repetition(held):
    """A user's data set may hold out as few; the project's own hold out more than a scene needs."""
    whole = data.load("8gaussians")
    assert equal([scene("8gaussians").real], [whole.heldout[:SHOWN]])
    few = dataclasses.replace(whole, heldout=whole.heldout[:held])
    training = Live(recipe("wgan", "8gaussians", **SMALL), few)
    training.step()
    assert training.scene.real.shape == training.frame().samples.shape == (SHOWN, 2)
    assert {*map(tuple, training.scene.real)} <= {*map(tuple, few.heldout)}
    assert 0.5 < training.scene.w1_real / scene("8gaussians").w1_real < 2


def test_packed_frames_are_small_json_and_true_to_a_part_in_a_hundred():
    training = live("wgan")
    training.step(3)
    frame, shown = training.frame(), training.scene
    packed = packing.pack_frame(frame, shown.extent)
    text = json.dumps([packed, packing.pack_scene(shown)], allow_nan=False)
    assert len(text) < 8000
    kinds = {"samples": "<u2", "surface": "u1", "arrows": "i1"}
    raw = {key: np.frombuffer(base64.b64decode(packed[key]), kind) for key, kind in kinds.items()}
    points = (raw["samples"] / packing.LEVELS * 2 - 1) * shown.extent
    np.testing.assert_allclose(points, np.clip(frame.samples.ravel(), -shown.extent, shown.extent), atol=1e-3)
    surface = packed["low"] + raw["surface"] / 255 * (packed["high"] - packed["low"])
    np.testing.assert_allclose(surface, frame.surface.ravel(), atol=(packed["high"] - packed["low"]) / 200)
    np.testing.assert_allclose(raw["arrows"] / 127 * packed["longest"], frame.arrows.ravel(), atol=packed["longest"] / 200)

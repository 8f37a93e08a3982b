"""The averaged generator: its formula, that no step depends on it, and that what is shown and scored comes from it."""

import json
import shutil

import cv2
import numpy as np
import paddle
import pytest

from data.dataset import crop_to, to_uint8
from reporting.samples import noise
from tests.helpers import NETWORKS, TINY_FLAGS, batch, in_process, log_of, pictures, scalars_of, tiny_game, weights_of
from training import grids
from training import trainer as trainer_module
from training.sampling import generate, sample
from training.trainer import rebuild


def state_of(network):
    return {name: tensor.numpy().astype(np.float64) for name, tensor in network.state_dict().items()}


def play(trainer, steps):
    """The generator's states, as they began and after each of its steps."""
    states = [state_of(trainer.generator)]
    for step in range(steps):
        trainer.critic_step(batch(seed=step))
        trainer.generator_step(step)
        states.append(state_of(trainer.generator))
    return states


def shares(ema, steps):
    """What each of the states 0 … steps has of the average: they sum to 1."""
    keeps = [min(ema, (1 + t) / (10 + t)) for t in range(steps)]
    own = [1.0, *(1 - keep for keep in keeps)]
    return [one * np.prod(keeps[number:]) for number, one in enumerate(own)]


# ema below the warm-up's share from the second step on, and never
@pytest.mark.parametrize(("network", "ema"), [("dcgan", 0.15), *((network, 0.9) for network in NETWORKS)])
def test_it_is_the_weighted_mean_of_weights_and_running_statistics(network, ema):
    steps = 5
    trainer = tiny_game("wgan-paper", network=network, ema=ema, learning_rate=0.012)
    states, parts = play(trainer, steps), shares(ema, steps)
    assert sum(parts) == pytest.approx(1) and min(parts) > 0
    found, moved = state_of(trainer.average), set()
    assert set(found) == set(states[0])
    for name, value in found.items():
        expected = sum(share * state[name] for share, state in zip(parts, states, strict=True))
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6, err_msg=name)
        if np.abs(states[-1][name] - expected).max() > 1e-4:
            moved.add(name)
    # a bias before batch norm has no gradient
    assert moved >= {name for name in found if name.endswith(("weight", "mean", "variance"))}, "the test would prove nothing"
    normalised = ("dcgan", "gp-dcgan", "mlp-bn", "paperweekly", "resnet")
    assert any(name.endswith("variance") for name in found) == (network in normalised)


def test_the_warm_up_forgets_the_beginning_until_ema_is_reached(monkeypatch):
    kept = []
    monkeypatch.setattr(trainer_module, "move_average", lambda average, network, keep: kept.append(keep))
    for ema in (0.999, 0.05):
        trainer = tiny_game(network="mlp", ema=ema)
        for step in (0, 1, 9, 90, 10**6):
            trainer.generator_step(step)
    assert kept == [*(1 / 10, 2 / 11, 10 / 19, 91 / 100, 0.999), *[0.05] * 5]


def test_the_average_of_what_does_not_move_is_that_to_the_bit():
    trainer = tiny_game("wgan-paper", ema=0.999, learning_rate=1e-20)
    before = trainer.parts()["generator"]
    for step in range(20):
        trainer.generator_step(step)
    average = trainer.parts()["average"]
    for name, weight in before.items():
        if name.endswith("weight"):  # a bias begins at 0, where even such steps move it
            np.testing.assert_array_equal(average[name], weight)


@pytest.fixture(scope="module")
def runs(tmp_path_factory, mnist_dir):
    """Two finished runs that differ in ema alone: averaged and plain; their learning rate moves the generator well away."""
    folder = tmp_path_factory.mktemp("runs")
    for name, ema in (("averaged", 0.9), ("plain", 0)):
        flags = ["--model", "wgan-paper", "--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "--out", folder / name]
        in_process("train", *flags, "-o", f"ema={ema}", "-o", "learning_rate=0.01", "-o", "checkpoint_every=2")
    return folder


def last(run):
    return run / "checkpoints" / "step-000004"


def test_training_is_the_same_to_the_bit_with_it_and_without(runs):
    with_it, without = (weights_of(runs / name, 4) for name in ("averaged", "plain"))
    assert set(with_it) - set(without) == {"average.safetensors"} and len(without) == 4
    assert {name: with_it[name] for name in without} == without
    assert log_of(runs / "averaged") == log_of(runs / "plain")


def images(trainer, count, raw):
    """What sample.py should draw: uint8 N×28×28, from the generator itself or from its average."""
    found = generate(trainer.generator if raw else trainer.average, noise(0, count, trainer.recipe.latent))
    return crop_to(to_uint8(found), 28)[:, 0]


def test_samples_are_the_average_s_and_raw_ones_the_generator_s(call, runs):
    trainer, _ = rebuild(last(runs / "averaged"))
    expected = {raw: images(trainer, 10, raw) for raw in (False, True)}
    assert np.abs(expected[True].astype(int) - expected[False]).max() > 20, "the two are alike: the test would prove nothing"
    for raw, flags in ((False, []), (True, ["--raw"])):
        assert call("sample", runs / "averaged", "--n", 10, *flags, "--out", "a.npz").status == 0
        np.testing.assert_array_equal(np.load("a.npz")["images"], expected[raw])


def test_without_an_average_raw_samples_are_all_there_are(call, runs):
    found = []
    for flags in ([], ["--raw"]):
        assert call("sample", runs / "plain", "--n", 5, *flags, "--out", "a.npz").status == 0
        found.append(np.load("a.npz")["images"])
    np.testing.assert_array_equal(*found)


def test_a_raw_picture_does_not_take_the_other_s_place_and_no_gif_is_raw(call, runs, tmp_path):
    shutil.copytree(runs / "averaged", tmp_path / "run")
    names = [call("sample", "run", *flags).out.splitlines()[-1] for flags in ([], ["--raw"], ["--interpolate", "--raw"])]
    assert names == ["run/samples-seed-0.png", "run/samples-raw-seed-0.png", "run/interpolation-raw-seed-0.png"]
    assert (tmp_path / names[0]).read_bytes() != (tmp_path / names[1]).read_bytes()
    result = call("sample", "run", "--raw", "--out", "a.gif")
    assert (
        result.status == 2
        and "a film of the training is made of a run's saved grids" in result.err
        and not (tmp_path / "a.gif").exists()
    )


def test_the_grids_of_a_training_are_the_average_s(runs):
    trainer, _ = rebuild(last(runs / "averaged"))
    drawn = crop_to(to_uint8(sample(trainer, "fixed noise", 64)), 28)
    saved = cv2.imread(str(runs / "averaged" / "samples" / "step-000004.png"))
    np.testing.assert_array_equal(saved[..., ::-1], grids.grid(drawn))
    assert (runs / "averaged/samples/step-000004.png").read_bytes() != (runs / "plain/samples/step-000004.png").read_bytes()


@pytest.mark.parametrize("raw", [False, True])
def test_an_export_holds_the_average_and_a_raw_one_the_generator(call, runs, tmp_path, raw):
    trainer, _ = rebuild(last(runs / "averaged"))
    result = call("sample", runs / "averaged", "--export", "made", "--pdparams", *["--raw"] * raw)
    assert result.status == 0, result.err
    written = paddle.load("made/generator.pdparams")
    expected = state_of(trainer.generator if raw else trainer.average)
    assert set(written) == set(expected)
    for name, tensor in written.items():
        np.testing.assert_array_equal(tensor.numpy(), expected[name].astype(np.float32))
    z = noise(1, 6, trainer.recipe.latent)
    graph = paddle.jit.load("made/generator")
    graph.eval()
    found = graph(paddle.to_tensor(z)).numpy()
    np.testing.assert_allclose(found, generate(trainer.generator if raw else trainer.average, z), atol=1e-4)


def values(result):
    assert result.status == 0, result
    return json.loads(result.out)["results"][0]["values"]


@pytest.fixture
def averaged(runs, tmp_path, monkeypatch):
    """A copy of the run in the current folder, under the name 'run'; reference features are kept below tmp_path."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(runs / "averaged", tmp_path / "run")
    return tmp_path / "run"


def test_metrics_are_of_the_samples_that_sample_py_draws(call, averaged, mnist_dir):
    found = {}
    for raw in ([], ["--raw"]):
        flags = ["--metrics", "swd", "--data-dir", mnist_dir, "--json"]
        of_run = values(call("eval", "run", *raw, "--samples", "40", *flags))["swd"]["value"]
        assert call("sample", "run", *raw, "--n", "40", "--out", "s.npz").status == 0
        of_file = values(call("eval", "s.npz", "--data", "mnist", *flags))["swd"]["value"]
        assert of_run == pytest.approx(of_file, rel=1e-5)
        found[bool(raw)] = of_run
    assert found[True] != pytest.approx(found[False], rel=1e-3)


def test_metrics_json_and_visualdl_do_not_mix_raw_values_with_averaged_ones(call, averaged, mnist_dir):
    flags = ["--data-dir", mnist_dir, "--samples", "40"]

    def kept():
        content = json.loads((averaged / "metrics.json").read_text())
        return content["settings"].get("raw"), [(entry["step"], list(entry["values"])) for entry in content["results"]]

    assert call("eval", "run", *flags, "--metrics", "swd").status == 0
    assert kept() == (None, [(4, ["swd"])])
    result = call("eval", "run", *flags, "--metrics", "swd", "--every", "--raw")
    assert result.status == 0 and "step 4, raw against mnist" in result.out
    assert kept() == (True, [(step, ["swd"]) for step in (0, 2, 4)]), "averaged values stand beside raw ones"
    assert call("eval", "run", *flags, "--metrics", "swd", "--every").status == 0
    assert kept() == (None, [(step, ["swd"]) for step in (0, 2, 4)]), "raw values stand beside averaged ones"
    curves = scalars_of(averaged)
    assert curves["metrics/swd"] != curves["metrics-raw/swd"]
    assert [step for step, _ in curves["metrics/swd"]] == [step for step, _ in curves["metrics-raw/swd"]] == [0, 2, 4]


def test_without_an_average_there_is_nothing_to_mark(call, runs, tmp_path, mnist_dir):
    shutil.copytree(runs / "plain", tmp_path / "run")
    assert call("eval", "run", "--data-dir", mnist_dir, "--samples", "40", "--metrics", "swd", "--raw").status == 0
    assert "raw" not in json.loads((tmp_path / "run" / "metrics.json").read_text())["settings"]


def test_a_comparison_scores_the_average_whatever_was_scored_before(call, averaged, mnist_dir):
    flags = ["--data-dir", mnist_dir, "--samples", "40", "--metrics", "swd"]
    raw, expected = (values(call("eval", "run", *flags, *more, "--json", "--out", "elsewhere")) for more in (["--raw"], []))
    assert call("eval", "run", *flags, "--raw").status == 0
    result = call("compare", "./run", *flags, "--out", "A")
    assert result.status == 0, result.err
    (found,) = json.loads((averaged.parent / "A" / "results.json").read_text())["runs"]
    assert found["metrics"]["swd"]["value"] == pytest.approx(expected["swd"]["value"], rel=1e-5)
    assert found["metrics"]["swd"]["value"] != pytest.approx(raw["swd"]["value"], rel=1e-3)


def test_a_file_of_images_has_no_raw_form(refused, tmp_path):
    np.savez(tmp_path / "x.npz", images=pictures(70, 28))
    assert "--raw wants a run, not a file" in refused("eval", "x.npz", "--raw")


def test_going_back_to_a_checkpoint_takes_the_average_back_too(runs):
    trainer, state = rebuild(last(runs / "averaged"))
    before = trainer.parts()
    play(trainer, 2)
    assert any(not np.array_equal(trainer.parts()["average"][name], before["average"][name]) for name in before["average"])
    trainer.restore(before, state, "there")
    for name, array in trainer.parts()["average"].items():
        np.testing.assert_array_equal(array, before["average"][name])

"""python -m benchmarks.published: the papers' recipes in PyTorch, tiny, here on a CPU; and their scores."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is an optional extra, only to compare with")

from benchmarks import published, published_results  # noqa: E402
from data.dataset import Order, pad_to  # noqa: E402
from models.networks import build  # noqa: E402
from tests.alignment import torch_networks  # noqa: E402
from tests.helpers import pictures, toy_dataset  # noqa: E402
from training import recipe  # noqa: E402

TINY = {"filters": 4, "batch_size": 4}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Digits that are noise, three small recipes, and an order of the data that lasts for seven critic steps."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def load(name, data_dir, size):
        both = pad_to(pictures(200, 28), size)
        dataset = toy_dataset()
        return type(dataset)("mnist", both[:100], both[100:], native_size=28)

    for module in (published, published_results):
        monkeypatch.setattr(module.data, "load", load)
    runs = {name: (model, {**own, **TINY}) for name, (model, own) in published.RUNS.items()}
    for name, value in {"RUNS": runs, "CHUNK": 50, "MARKS": (1,), "SAMPLES": 250, "FINAL": 500}.items():
        monkeypatch.setattr(published, name, value)


@pytest.mark.usefixtures("small")
def test_what_was_trained_is_written_and_scored(call, tmp_path, monkeypatch):
    assert call("benchmarks.published", "--out", "made", "--seeds", 2, "--steps", 2).status == 0
    log = json.loads((tmp_path / "made" / "log.json").read_text())
    steps = {row["name"]: (row["step"], row["critic_steps"]) for row in log["trainings"]}
    assert steps == {"wgan-paper": (2, 200), "dcgan": (2, 2), "wgan-gp-paper": (2, 10)}, "with the authors' warm-up"
    monkeypatch.setattr(published_results, "ROOT", tmp_path)
    (tmp_path / "docs" / "figures").mkdir(parents=True)
    assert call("benchmarks.published_results", "made").status == 0
    content = json.loads((tmp_path / "docs" / "published.json").read_text())
    assert (tmp_path / "docs" / "figures" / "published.png").stat().st_size > 10_000
    for row in content["trainings"]:
        assert row["on_the_way"].keys() == {"1"} and row["on_the_way"]["1"] > 0
        assert row["values"]["fd_lenet"]["value"] > row["values"]["fd_lenet"]["floor"]
    with np.load(tmp_path / "made" / "wgan-paper-final.npz") as final:
        assert final["s0"].shape == (500, 28, 28) and (final["s0"] != final["s1"]).any()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("steps", "last"), [(7, 6), (8, 8), (3, 3)])
def test_the_curve_reaches_the_end(call, tmp_path, monkeypatch, steps, last):
    monkeypatch.setattr(published, "POINTS", 4)
    flags = ["--out", "made", "--seeds", 1, "--steps", steps, "--models", "dcgan"]
    assert call("benchmarks.published", *flags).status == 0
    (row,) = json.loads((tmp_path / "made" / "log.json").read_text())["trainings"]
    assert row["curve"][-1][:2] == [last, last]


@pytest.mark.usefixtures("small")
def test_trainings_see_the_images_in_our_order(monkeypatch):
    chosen = recipe.load("wgan-paper", overrides={"data": "mnist", **TINY, "seed": 3})
    training = published.Training("wgan-paper", chosen, published.data.load("mnist", None, 32), torch.device("cpu"))
    seen = []
    monkeypatch.setattr(training, "critic_step", lambda real: (seen.append(real.numpy().copy()), (real[:, 0], real[:, 0]))[1])
    training.advance()
    wanted = training.dataset.batch(Order(100, 3).take(0, 100 * 4))
    np.testing.assert_allclose(np.concatenate(seen), wanted, atol=1e-6)


@pytest.mark.usefixtures("small")
def test_another_data_set_is_not_scored_against(call, monkeypatch):
    assert call("benchmarks.published", "--out", "made", "--seeds", 1, "--steps", 1, "--models", "dcgan").status == 0
    load = published_results.data.load

    def other(*which):
        return type(load(*which))("mnist", *[pictures(16, which[2], seed=1)] * 2, native_size=28)

    monkeypatch.setattr(published_results.data, "load", other)
    result = call("benchmarks.published_results", "made")
    assert result.status == 2 and "dcgan was trained on another mnist than the one here" in result.err


@pytest.mark.usefixtures("small")
def test_an_unknown_model_is_an_error(call):
    result = call("benchmarks.published", "--out", "made", "--models", "wgan")
    assert result.status == 2 and "wgan-paper" in result.err


@pytest.mark.parametrize("name", published.RUNS)
def test_initial_weights_spread_as_ours(name):
    model, own = published.RUNS[name]
    chosen = recipe.load(model, overrides={"data": "mnist", **own, "filters": 32})
    dataset = toy_dataset(size=chosen.image_size)
    training = published.Training(name, chosen, dataset, torch.device("cpu"))
    for role, ours in zip(("generator", "critic"), build(chosen, dataset.shape)):
        same = torch_networks.counterpart(role.title(), ours, chosen, dataset.shape).state_dict()
        for key, theirs in getattr(training, role).state_dict().items():
            if key.endswith("num_batches_tracked"):
                continue
            one, other = (state.numpy() for state in (theirs, same[key]))
            few = one.size < 100  # of which the spread scatters
            assert one.std() == pytest.approx(other.std(), rel=0.5 if few else 0.15), key
            assert one.mean() == pytest.approx(other.mean(), abs=0.02), key

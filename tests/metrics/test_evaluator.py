"""From samples and a data set to values beside those of real data."""

import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pytest

import data
import metrics
from data.dataset import Dataset, crop_to, pad_to
from errors import UserError
from metrics import draws, evaluator, networks, registry
from metrics.draws import Items
from metrics.memorised import memorised
from tests.helpers import pictures, toy_dataset, write_images

pytestmark = pytest.mark.usefixtures("common_cache")


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist-5k")


@pytest.fixture(scope="module")
def scores(digits, cache_folder):
    """Held-out digits against the data they are of: what real images score."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache_folder))
        return metrics.evaluate(digits.heldout, digits)


def test_real_images_score_the_baseline(scores):
    for name, row in scores.items():
        if not name.startswith("class_"):
            assert abs(row["value"] - row["floor"]) <= 3 * row["floor_deviation"] + 1e-9, (name, row)
    assert scores["classes_found"]["value"] == 10
    assert scores["memorised_share"]["value"] == pytest.approx(0.01, abs=0.01)


def test_half_of_the_classes_is_caught(digits, scores):
    values = metrics.evaluate(digits.heldout[digits.heldout_labels < 5], digits, ["prdc", "classes"])
    assert values["classes_found"]["value"] == 5
    assert values["class_kl"]["value"] == pytest.approx(np.log(2), abs=0.1)
    for name in ("coverage", "recall"):
        assert values[name]["value"] < scores[name]["floor"] - 3 * scores[name]["floor_deviation"]
    assert values["coverage"]["value"] == pytest.approx(0.5, abs=0.1)


def test_copies_of_training_images_are_memorised(digits):
    values = metrics.evaluate(digits.train[:1000], digits, ["memorised"])
    assert values["memorised_share"]["value"] == 1
    assert values["nearest_ratio"]["value"] == 0
    assert values["memorised_share"]["floor"] < 0.05


def test_a_folder_too_large_for_memory_is_scored_as_any(tmp_path, monkeypatch):
    write_images(tmp_path / "pictures", 30)
    some = pictures(20, colours=3)
    dataset = data.load(f"folder:{tmp_path / 'pictures'}")
    values, pairs = metrics.evaluate(some, dataset, ["memorised"]), metrics.pairs_of(some, dataset, ["nearest_ratio"])
    monkeypatch.setattr("data.folder.IN_MEMORY", 0)
    streamed = data.load(f"folder:{tmp_path / 'pictures'}")
    assert metrics.evaluate(some, streamed, ["memorised"]) == values
    np.testing.assert_array_equal(metrics.pairs_of(some, streamed, ["nearest_ratio"])["memorised"], pairs["memorised"])


def test_noise_is_far_from_everything(digits, scores):
    values = metrics.evaluate(pictures(1000, 28), digits)
    assert values["fd_lenet"]["value"] > 20 * scores["fd_lenet"]["value"]
    assert values["kid"]["value"] > 20 * abs(scores["kid"]["value"])
    assert values["coverage"]["value"] < 0.05
    assert values["w1"]["value"] > scores["w1"]["value"]


def test_same_seed_same_numbers_with_and_without_the_cache(digits, own_cache):
    some = ["frechet", "prdc", "swd"]
    first = metrics.evaluate(digits.heldout, digits, some, seed=3)
    assert list(own_cache.glob("*.safetensors"))
    assert metrics.evaluate(digits.heldout, digits, some, seed=3) == first
    for path in own_cache.iterdir():
        path.write_bytes(path.read_bytes()[:-20])  # all damaged: made anew
    assert metrics.evaluate(digits.heldout, digits, some, seed=3) == first


def test_padding_and_order_of_samples_do_not_matter(digits):
    some = ["frechet", "classes"]
    padded = metrics.evaluate(digits.heldout[:500], digits, some)
    native = crop_to(digits.heldout[:500], 28)
    mixed = native[np.random.default_rng(0).permutation(500)]
    for name, row in metrics.evaluate(mixed, digits, some).items():
        assert row["value"] == pytest.approx(padded[name]["value"], rel=1e-4)


@pytest.mark.parametrize(
    "samples, words",
    [
        (np.zeros((0, 1, 28, 28), np.uint8), "no samples"),
        (np.zeros((100, 1, 28, 28), np.uint8), "all pixels of all samples are 0"),
        (pictures(100, 30), "30×30 pixels"),
        (pictures(100, 28, 3), "3 colours"),
        (pictures(100, 28) / 255, "must be uint8"),
    ],
)
def test_bad_samples_are_an_error(digits, samples, words):
    with pytest.raises(UserError, match=words):
        metrics.evaluate(samples, digits)


def test_what_few_samples_do_not_allow_is_an_error_only_where_it_was_named(digits):
    with pytest.raises(UserError, match="20 samples are too few for 64 features"):
        metrics.evaluate(pictures(20, 28), digits, ["swd", "frechet"])
    said, few = [], toy_dataset(300, 40, size=28)
    values = metrics.evaluate(pictures(60, 28), few, say=said.append)
    assert {"kid", "swd", "precision"} <= set(values) and "fd_lenet" not in values
    assert any(line.startswith("not measured: frechet: 60 samples are too few") for line in said)
    values = metrics.evaluate(pictures(3, 28), few, say=said.append)
    assert "swd" in values and not {"fd_lenet", "precision"} & set(values)
    assert any(line.startswith("not measured: prdc: ") for line in said)


def test_too_small_a_data_set_is_an_error():
    with pytest.raises(UserError, match="mnist-5k holds out 40 images, too few for 64 features"):
        metrics.evaluate(pictures(100, 28), toy_dataset(60, 40, size=28), ["frechet"])


@pytest.mark.parametrize(("name", "held", "needed"), [("kid", 1, 2), ("prdc", 5, 6)])
def test_too_few_that_are_held_out_are_not_called_samples(name, held, needed):
    with pytest.raises(UserError, match=f"{name}: mnist-5k holds out {held} images, {needed} are needed .name the others with"):
        metrics.evaluate(pictures(100, 28), toy_dataset(60, held, size=28), [name])
    assert metrics.evaluate(pictures(100, 28), toy_dataset(60, needed, size=28), [name])


def test_points(own_cache):
    dataset = data.load("25gaussians")
    values = metrics.evaluate(dataset.heldout[:5000], dataset)
    assert list(values) == ["modes_found", "good_share", "w1"]
    assert values["modes_found"]["value"] == 25
    assert abs(values["w1"]["value"] - values["w1"]["floor"]) < 4 * values["w1"]["deviation"]
    one_mode = metrics.evaluate(np.repeat(dataset.train[:1], 2000, 0), dataset)
    assert one_mode["modes_found"]["value"] == 1
    assert one_mode["w1"]["value"] > 0.5
    with pytest.raises(UserError, match="NaN"):
        metrics.evaluate(np.full((50, 2), np.nan), dataset)


def test_critic():
    dataset = toy_dataset(60, 40)
    values = metrics.evaluate(pictures(30), dataset, ["critic_estimate"], critic=lambda x: x.mean((1, 2, 3)))
    expected = dataset.heldout.mean() - pictures(30).mean()
    assert values["critic_estimate"]["value"] == pytest.approx(expected)
    assert values["critic_estimate"]["floor_deviation"] > 0


def test_metrics_fit_their_data():
    assert metrics.names_for("swissroll") == ("w1",)
    assert "classes" not in metrics.names_for("stacked-mnist")
    with pytest.raises(UserError, match="unknown metric 'frechett': did you mean 'frechet'"):
        metrics.choose(["frechett"], "mnist")
    with pytest.raises(UserError, match="it is for runs"):
        metrics.choose(["critic_estimate"], "mnist")
    with pytest.raises(UserError, match="gaussians does not fit mnist"):
        metrics.choose(["gaussians"], "mnist")


def test_nothing_is_left_out_where_a_network_knows_the_images():
    for name in ("mnist", "fashion-mnist", "swissroll"):
        assert metrics.left_out(name) == ""
    assert metrics.choose(None, "fashion-mnist") == metrics.choose(None, "mnist")


def test_names_after_a_flag():
    assert metrics.parse_names(None) is None
    assert metrics.parse_names(" kid, wasserstein,") == ["kid", "critic_estimate"]
    assert metrics.parse_names("kid，swd") == ["kid", "swd"]  # the comma that an input method in Chinese types
    with pytest.raises(UserError, match="--metrics is empty"):
        metrics.parse_names(" ,")


def test_what_is_measured_on_the_way():
    fitting = metrics.names_for("mnist", with_critic=True)
    assert metrics.names_on_the_way(fitting, "mnist") == ["frechet", "kid", "swd", "critic_estimate"]
    assert metrics.names_on_the_way(["w1", "swd"], "mnist") == ["swd", "critic_estimate"]
    assert metrics.names_on_the_way(["w1"], "8gaussians") == ["w1", "critic_estimate"]


def test_every_value_has_a_direction(scores):
    for name in scores:
        assert metrics.direction(name) in ("lower", "higher", "")


# draws


def numbered(n):
    return Items(np.arange(n)[:, None], features=np.arange(n, dtype=float)[:, None])


def test_draws_are_disjoint_and_seeded():
    def drawn(seed):
        rest = {"dataset": None, "network": ""}
        return [d.fake.items.ravel() for d in draws.of_samples(numbered(1050), numbered(300), numbered(9), 100, seed, **rest)]

    assert len(drawn(0)) == 10
    assert len(np.unique(np.concatenate(drawn(0)))) == 1000
    assert np.array_equal(drawn(0), drawn(0))
    assert not np.array_equal(drawn(0), drawn(1))
    rest = {"dataset": None, "network": ""}
    assert len(list(draws.of_samples(numbered(300), numbered(300), numbered(9), 100, 0, **rest))) == 3, "all of them"


def test_baseline_of_a_critic_is_training_items_against_all_that_is_held_out():
    reference, heldout = numbered(300), numbered(50)
    for draw in draws.of_training(reference, heldout, 20, 0, dataset=None, network=""):
        assert set(draw.fake.items.ravel()) <= set(reference.items.ravel()) and draw.heldout is heldout


@pytest.mark.parametrize("way", [draws.of_heldout, draws.divided_anew])
@pytest.mark.parametrize("held", [100, 250, 1000])
def test_baseline_takes_no_image_on_both_sides(way, held):
    reference, heldout = numbered(1500), numbered(held)
    heldout.items = heldout.items + 5000
    drawn = list(way(reference, heldout, 100, 0, dataset=None, network=""))
    assert len(drawn) == 10
    for draw in drawn:
        assert len(draw.fake) == len(draw.real) == 100
        assert len(draw.reference) == 1500
        assert not set(draw.fake.items.ravel()) & set(draw.reference.items.ravel())
        assert set(draw.real.items.ravel()) <= set(draw.reference.items.ravel())
        assert way is draws.divided_anew or draw.fake.items.min() >= 5000
        if way is draws.divided_anew or held >= 200:  # where enough are left without those in the samples' place
            assert not {*draw.fake.items.ravel()} & {*draw.heldout.items.ravel()}
            assert not {*draw.real.items.ravel()} & {*draw.heldout.items.ravel()}


@pytest.mark.parametrize("held", [500, 501, 510, 750, 999, 1000, 2499, 2500])
def test_of_real_items_one_in_a_hundred_is_memorised_however_many_are_held_out(held):
    """As metrics/memorised.py promises; a quantile of the one item that a draw leaves would make it about half."""
    heldout = numbered(held)
    heldout.nearest = np.random.default_rng(held).normal(size=held)
    drawn = draws.of_heldout(numbered(1500), heldout, 500, 0, dataset=None, network="")
    shares = [memorised(draw.fake.nearest, draw.heldout.nearest)["memorised_share"] for draw in drawn]
    assert np.mean(shares) == pytest.approx(0.01, abs=0.006)


def test_no_more_held_out_images_are_described_than_a_metric_of_such_data_draws(monkeypatch, own_cache):
    monkeypatch.setattr(evaluator, "REFERENCE", 10)
    monkeypatch.setitem(registry.METRICS, "stacked", dataclasses.replace(registry.METRICS["stacked"], block=20))
    for name in [name for name in registry.METRICS if name != "stacked"]:
        monkeypatch.setitem(registry.METRICS, name, dataclasses.replace(registry.METRICS[name], block=5))
    dataset = toy_dataset(40, 30, size=28, colours=3)
    for dataset.name, count in (("mnist-5k", 10), ("stacked-mnist", 20)):
        real = evaluator.RealData(dataset, None, print)
        real.prepare({"nearest"})
        assert len(real.sides["heldout"]) == count and len(real.sides["reference"]) == 10


def test_what_stands_for_the_data_is_chosen_at_random_and_described_as_training_images(monkeypatch, own_cache):
    """Data may be in the order of their classes; a training image is not its own neighbour."""
    monkeypatch.setattr(evaluator, "REFERENCE", 10)
    dataset = toy_dataset(40, 30, size=28)
    real = evaluator.RealData(dataset, None, print)
    real.prepare({"nearest"})
    reference = real.sides["reference"]
    rows = [next(k for k, image in enumerate(dataset.train) if np.array_equal(image, item)) for item in reference.items]
    assert len(set(rows)) == 10 and max(rows) > 10
    assert reference.nearest.min() > 0 and len(real.sides["heldout"].nearest) == 30


def test_labels_go_with_their_items_to_critic_and_metrics(monkeypatch, own_cache):
    monkeypatch.setattr(evaluator, "CRITIC", 5)
    monkeypatch.setattr(evaluator, "REFERENCE", 20)
    sides = [np.arange(n, dtype=np.uint8) for n in (40, 30)]  # each picture's pixels and class are its number
    pictures_of = [side[:, None, None, None] * np.ones((1, 1, 28, 28), np.uint8) for side in sides]
    dataset = Dataset("mnist-5k", *pictures_of, *(side.astype(np.int64) for side in sides))
    asked = []
    real = evaluator.RealData(dataset, lambda items, labels: asked.append((items, labels)) or np.zeros(len(items)), print)
    real.prepare({"critic", "labels"}, labelled=True)
    for items, labels in [*asked, *((real.sides[side].items, real.sides[side].labels) for side in ("reference", "heldout"))]:
        np.testing.assert_array_equal(items[:, 0, 0, 0], labels)
    assert [len(items) for items, _ in asked] == [5, 5]


def test_numbers_do_not_depend_on_what_was_measured_before(own_cache):
    """Other data of the same pictures, sizes, counts and seeds go by one cache: each of them has its own key."""
    both = pictures(90, size=28)
    images, heldout, labels = both[:60], both[60:], np.arange(60) % 10
    plain = Dataset("mnist-5k", images, heldout, native_size=28)
    padded = Dataset("mnist-5k", pad_to(images, 32), pad_to(heldout, 32))
    named = Dataset("mnist-5k", images, heldout, labels, labels[:30], native_size=28)
    samples = pictures(30, size=28, seed=1)

    def measured(dataset, count, seed):
        some = pad_to(samples[:count], dataset.shape[1])
        return metrics.evaluate(some, dataset, ["swd", "memorised"], seed=seed)

    of_each = [(plain, 30, 0), (plain, 20, 0), (plain, 20, 1), (padded, 20, 1), (named, 20, 1)]
    floors = [json.dumps(measured(*one)) for one in of_each]
    assert len(set(floors)) == 4, "all but the last, whose labels no such metric reads"
    assert [json.dumps(measured(*one)) for one in of_each] == floors, "from the cache"
    shutil.rmtree(own_cache)
    assert [json.dumps(measured(*one)) for one in reversed(of_each)][::-1] == floors, "in another order"


def test_where_few_are_held_out_the_mean_is_theirs_and_the_deviation_that_of_a_division_anew(own_cache):
    dataset = toy_dataset(40, 20, size=28)
    real = evaluator.RealData(dataset, None, print)
    real.prepare(set())
    row = registry.METRICS["swd"]
    found = real.baseline("swd", row, 10, 0)["swd"]
    drawn = [
        evaluator.summary([row.measure(draw) for draw in way(*real._sides(row), 10, 0, dataset=dataset, network="lenet")])["swd"]
        for way in (draws.of_heldout, draws.divided_anew)
    ]
    assert found == pytest.approx((drawn[0][0], drawn[1][1])) and found != pytest.approx(drawn[1])


def test_summary():
    assert evaluator.summary([{"a": 1.0}, {"a": 3.0}]) == {"a": (2.0, pytest.approx(np.sqrt(2)))}
    assert evaluator.summary([{"a": 1.0}]) == {"a": (1.0, None)}


# networks


@pytest.mark.parametrize("name", [name for name, network in networks.NETWORKS.items() if network.sha256])
def test_weights_are_the_recorded_ones_and_small(name):
    raw = networks.path_of(name).read_bytes()
    assert hashlib.sha256(raw).hexdigest() == networks.NETWORKS[name].sha256
    assert len(raw) < 1_500_000


def test_other_weights_are_an_error(monkeypatch, tmp_path):
    raw = bytearray(networks.path_of("digits").read_bytes())
    raw[-1] ^= 1
    (tmp_path / "digits.safetensors").write_bytes(raw)
    monkeypatch.setattr(networks, "WEIGHTS", tmp_path)
    networks.load.cache_clear()
    with pytest.raises(UserError, match="is not the published one: its SHA-256 is"):
        networks.load("digits")
    (tmp_path / "digits.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be read"):
        networks.load("digits")
    networks.load.cache_clear()


def test_a_folder_does_not_get_the_classes_of_cifar10():
    chosen = metrics.choose(None, "folder:pictures")
    assert "classes" not in chosen and "frechet" in chosen
    assert "not measured: classes: the classes that the network 'cifar10' knows are not those of" in registry.left_out("folder:p")
    with pytest.raises(UserError, match="metric classes cannot be measured: the classes that"):
        metrics.choose(["classes"], "folder:pictures")
    assert all("classes" in metrics.choose(None, name) for name in ("mnist", "mnist-5k", "cifar10"))


def test_digits_are_read_rightly(digits):
    _, probabilities = networks.describe(crop_to(digits.heldout, 28), "digits")
    assert (probabilities.argmax(1) == digits.heldout_labels).mean() > 0.99
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


def test_features_do_not_depend_on_batch_mates(digits):
    images = crop_to(digits.heldout, 28)[:60]
    alone = networks.describe(images, "digits", batch=7)[0]
    np.testing.assert_allclose(networks.describe(images, "digits")[0], alone, atol=1e-4)


@pytest.mark.parametrize(("name", "size", "features"), [("digits", 40, 64), ("cifar10", 28, 96), ("cifar10", 32, 96)])
def test_grey_images_of_any_size_are_described(name, size, features):
    grey = pictures(5, size)
    described, probabilities = networks.describe(grey, name)
    assert described.shape == (5, features) and probabilities.shape == (5, 10)
    if name == "cifar10":
        np.testing.assert_allclose(described, networks.describe(grey.repeat(3, 1), name)[0], atol=1e-4)


def test_stacked_images_are_read_colour_by_colour(digits):
    images = crop_to(digits.heldout, 28)
    stack = np.concatenate([images[:20], images[20:40], images[40:60]], 1)
    features, probabilities = networks.describe(stack, "digits")
    assert features.shape == (20, 192)
    assert probabilities.shape == (20, 3, 10)
    np.testing.assert_allclose(features[:, 64:128], networks.describe(images[20:40], "digits")[0], atol=1e-4)

"""Each metric against what is known without it."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

import metrics
from data import Dataset
from errors import UserError
from metrics.class_accuracy import class_accuracy
from metrics.classes import classes
from metrics.critic_estimate import critic_estimate
from metrics.draws import Draw, Items
from metrics.frechet import check, frechet, frechet_gaussians
from metrics.gaussians import gaussians
from metrics.kid import kid
from metrics.memorised import closest_pairs, memorised, nearest
from metrics.prdc import prdc
from metrics.stacked import mode_of, mode_shares, stacked
from metrics.swd import swd
from metrics.w1 import w1


def normal(n, d=8, seed=0, mean=0.0, scale=1.0):
    return mean + scale * np.random.default_rng(seed).standard_normal((n, d))


def uniform_classes(n, k=10):
    """Certain predictions, each class equally often."""
    return np.eye(k)[np.arange(n) % k]


# frechet


def test_frechet_of_gaussians_on_the_line():
    # ‖μ1 − μ2‖² + (σ1 − σ2)² in one dimension
    value = frechet_gaussians(np.array([1.0]), np.array([[4.0]]), np.array([4.0]), np.array([[25.0]]))
    assert value == pytest.approx(9 + 9)


def test_frechet_of_gaussians_with_one_basis():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    a, b = rng.uniform(0.1, 3, 6), rng.uniform(0.1, 3, 6)
    value = frechet_gaussians(np.zeros(6), basis * a @ basis.T, np.ones(6), basis * b @ basis.T)
    assert value == pytest.approx(6 + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum())


def test_frechet_equals_the_general_matrix_root():
    from scipy.linalg import sqrtm

    a, b = np.cov(normal(50, 5, 1), rowvar=False), np.cov(normal(50, 5, 2, scale=2), rowvar=False)
    expected = np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_gaussians(np.zeros(5), a, np.zeros(5), b) == pytest.approx(expected, rel=1e-9)


def test_frechet_survives_a_feature_that_never_varies():
    x = normal(100)
    x[:, 3] = 0
    assert frechet(x, x)["fd_lenet"] == pytest.approx(0, abs=1e-9)


def test_frechet_of_a_set_with_itself_and_with_a_moved_one():
    x = normal(200)
    assert frechet(x, x)["fd_lenet"] == pytest.approx(0, abs=1e-9)
    assert frechet(x + 0.5, x)["fd_lenet"] == pytest.approx(8 * 0.25)


def test_frechet_refuses_no_more_samples_than_features():
    with pytest.raises(UserError, match="8 samples are too few for 8 features"):
        frechet(normal(8), normal(100))
    frechet(normal(9), normal(100))
    with pytest.raises(UserError, match="holds out 8 images, too few for 8 features"):
        check(Items(images(9), features=normal(9)), Dataset("mnist-5k", images(20), images(8)))
    check(Items(images(9), features=normal(9)), Dataset("mnist-5k", images(20), images(9)))


def test_frechet_carries_its_networks_name():
    assert list(frechet(normal(20), normal(20), "vgg")) == ["fd_vgg"]


# kid


def test_kid_is_unbiased():
    values = [kid(normal(60, seed=2 * i), normal(60, seed=2 * i + 1))["kid"] for i in range(300)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0 < max(values)


def test_kid_by_hand():
    # features of one number: k(x, y) = (xy + 1)³
    fake, real = np.array([[0.0], [1.0]]), np.array([[2.0], [-1.0]])
    within_fake, within_real, between = 1.0, (2 * -1 + 1) ** 3, (1 + 1 + 27 + 0) / 4
    assert kid(fake, real)["kid"] == pytest.approx(within_fake + within_real - 2 * between)


def test_kid_grows_with_the_distance():
    x = normal(300)
    assert kid(normal(300, seed=1), x)["kid"] < kid(normal(300, seed=1, mean=0.5), x)["kid"]


# prdc


def test_prdc_of_a_set_with_itself():
    x = normal(100, 3)
    values = prdc(x, x)
    assert values["precision"] == values["recall"] == values["coverage"] == 1


def test_prdc_of_one_distribution():
    values = prdc(normal(1500, 4, 1), normal(1500, 4, 2))
    assert values["coverage"] == pytest.approx(1 - 2**-5, abs=0.02)
    assert values["density"] == pytest.approx(1, abs=0.05)


def test_prdc_of_distant_sets():
    assert set(prdc(normal(50), normal(50, mean=100)).values()) == {0.0}


def test_prdc_tells_missing_modes_from_bad_samples():
    real = np.concatenate([normal(200, 4, 1), normal(200, 4, 2, mean=50)])
    half = normal(400, 4, 3)  # one of two modes
    values = prdc(half, real)
    assert values["precision"] > 0.9
    assert values["recall"] == pytest.approx(0.5, abs=0.05)
    assert values["coverage"] < 0.5
    wide = np.concatenate([real[::2], normal(200, 4, 4, mean=-100)])  # half of them bad, no mode missing
    assert prdc(wide, real)["precision"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("left_out", [1, 3, 5, 9])
def test_coverage_falls_with_the_digits_that_are_left_out(left_out):
    centres = 100 * np.eye(10)
    labels = np.arange(2000) % 10
    real = centres[labels] + normal(2000, 10, 1)
    kept = labels[labels >= left_out]
    fake = centres[np.resize(kept, 2000)] + normal(2000, 10, 2)
    assert prdc(fake, real)["coverage"] == pytest.approx((10 - left_out) / 10, abs=0.04)


def test_prdc_wants_equally_many():
    with pytest.raises(UserError, match="as many samples on either side, not 50 and 60"):
        prdc(normal(50), normal(60))


# classes


def test_classes_of_the_data():
    values = classes(uniform_classes(1000), uniform_classes(500))
    assert values["classes_found"] == 10
    assert values["class_kl"] == pytest.approx(0)
    assert values["confidence"] == 1
    assert values["classifier_score"] == pytest.approx(10)
    assert values["class_3"] == pytest.approx(0.1)


def test_classes_of_one_class():
    values = classes(np.eye(10)[np.zeros(100, int)], uniform_classes(500))
    assert values["classes_found"] == 1
    assert values["class_kl"] == pytest.approx(np.log(10))
    assert values["classifier_score"] == pytest.approx(1)


def test_classes_of_half_the_classes():
    values = classes(np.eye(10)[np.arange(100) % 5], uniform_classes(500))
    assert values["classes_found"] == 5
    assert values["class_kl"] == pytest.approx(np.log(2))


def test_classes_of_an_unsure_classifier():
    values = classes(np.full((50, 10), 0.1), uniform_classes(500))
    assert values["confidence"] == pytest.approx(0.1)
    assert values["classifier_score"] == pytest.approx(1)


def test_the_classifier_s_score_and_confidence_are_of_means_over_samples():
    """exp of the mean divergence, not the mean of its exp; half of the samples certain of a class, half of none."""
    p = np.concatenate([np.eye(10)[np.zeros(50, int)], np.full((50, 10), 0.1)])
    values = classes(p, uniform_classes(500))
    assert values["confidence"] == pytest.approx(0.55)
    marginal = p.mean(0)
    certain, unsure = np.log(1 / marginal[0]), (0.1 * np.log(0.1 / marginal)).sum()
    assert values["classifier_score"] == pytest.approx(np.exp((certain + unsure) / 2))


def test_a_class_counts_as_found_from_a_tenth_of_its_share_on():
    data = uniform_classes(1000)
    of_class_0 = lambda count: np.eye(10)[np.where(np.arange(1000) < count, 0, 1 + np.arange(1000) % 9)]  # noqa: E731
    assert [classes(of_class_0(count), data)["classes_found"] for count in (0, 9, 11, 100)] == [9, 9, 10, 10]
    rare = np.eye(2)[(np.arange(1000) < 20).astype(int)]  # a fiftieth of the data
    assert classes(np.eye(2)[(np.arange(1000) < 3).astype(int)], rare)["classes_found"] == 2
    assert classes(uniform_classes(10, 2), np.eye(2)[np.zeros(10, int)])["classes_found"] == 1, "the data have no other"


def test_what_the_data_lack_counts_as_a_millionth():
    values = classes(uniform_classes(10, 2), np.eye(2)[np.zeros(10, int)])
    assert values["class_kl"] == pytest.approx(0.5 * np.log(0.5) + 0.5 * np.log(0.5 / 1e-6))


def test_class_accuracy_counts_the_samples_of_their_class():
    labels = np.arange(30) % 10
    assert class_accuracy(uniform_classes(30), labels) == {"class_accuracy": 1.0}
    assert class_accuracy(uniform_classes(30), np.where(labels < 3, 9 - labels, labels)) == pytest.approx({"class_accuracy": 0.7})
    assert class_accuracy(np.array([[0.2, 0.5, 0.3]]), np.array([1])) == {"class_accuracy": 1.0}
    for wrong in (labels[:-1], labels.astype(float), uniform_classes(30)):
        with pytest.raises(UserError, match="a class a sample"):
            class_accuracy(uniform_classes(30), wrong)
    with pytest.raises(UserError, match="too few"):
        class_accuracy(np.zeros((0, 10)), np.zeros(0, int))


def test_classes_wants_probabilities():
    with pytest.raises(UserError, match="add up to 1"):
        classes(normal(10, 10), uniform_classes(10))


# w1, swd


@pytest.mark.parametrize("n", [1, 2, 57])
def test_w1_on_the_line_is_the_sorted_formula(n):
    x, y = normal(n, 1, 1), normal(n, 1, 2, mean=1, scale=3)
    assert w1(x, y)["w1"] == pytest.approx(np.abs(np.sort(x, 0) - np.sort(y, 0)).mean())


def test_w1_of_a_moved_set_is_the_distance():
    x = normal(100, 3)
    assert w1(x + np.array([3.0, 4.0, 0.0]), x)["w1"] == pytest.approx(5)


def test_w1_is_the_best_of_all_pairings():
    from itertools import permutations

    x, y = normal(5, 2, 1), normal(5, 2, 2)
    best = min(np.linalg.norm(x[list(order)] - y, axis=1).mean() for order in permutations(range(5)))
    assert w1(x, y)["w1"] == pytest.approx(best)


def test_swd_of_a_moved_set():
    # θ·v has mean square |v|²/D over the sphere
    x = normal(50, 16)
    moved = x + np.full(16, 0.5)
    assert swd(moved, x)["swd"] == pytest.approx(0.5, rel=0.1)
    assert swd(x, x)["swd"] == 0


def test_swd_in_one_dimension_is_w2():
    x, y = normal(40, 1, 1), normal(40, 1, 2)
    assert swd(x, y)["swd"] == pytest.approx(np.sqrt(((np.sort(x, 0) - np.sort(y, 0)) ** 2).mean()))


# memorised, critic_estimate


def images(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 1, 6, 6), dtype=np.uint8)


def test_copies_are_memorised():
    train, heldout = images(200), images(100, 1)
    far = nearest(heldout, train)[0]
    copied = memorised(nearest(train[:50], train)[0], far)
    assert copied == {"memorised_share": 1.0, "nearest_ratio": 0.0}
    new = memorised(nearest(images(100, 2), train)[0], far)
    assert new["memorised_share"] < 0.05
    assert new["nearest_ratio"] == pytest.approx(1, abs=0.05)


def test_copies_are_memorised_also_where_what_is_held_out_has_some():
    """As folders of pictures from the web or of films do."""
    heldout = np.concatenate([np.zeros(3), np.linspace(1, 2, 97)])
    assert memorised(np.zeros(50), heldout)["memorised_share"] == 1
    assert memorised(heldout, heldout)["memorised_share"] == 0.03, "the baseline shows them"
    assert memorised(np.linspace(0.5, 2, 50), heldout)["memorised_share"] == 0


def test_the_ratio_is_of_medians():
    assert memorised(np.array([1.0, 2.0, 90.0]), np.array([4.0, 4.0, 400.0]))["nearest_ratio"] == 0.5


def test_the_pairs_are_the_samples_nearest_to_a_training_image_each_with_it():
    train, some = images(20), images(30, 1)
    some[[4, 11]] = train[[7, 2]]
    some[11, 0, 0, 0] ^= 1
    pairs = closest_pairs(some, Dataset("mnist-5k", train, images(2, 2)), 2)
    np.testing.assert_array_equal(pairs, np.stack([some[4], train[7], some[11], train[2]]))


def test_nearest_against_all_distances():
    from scipy.spatial.distance import cdist

    some, train = images(30, 1), images(70)
    apart = cdist(some.reshape(30, -1) / 255.0, train.reshape(70, -1) / 255.0)
    distance, index = nearest(some, train, block=7)
    np.testing.assert_array_equal(index, apart.argmin(1))
    np.testing.assert_allclose(distance, apart.min(1), rtol=1e-5)


def test_nearest_of_training_images_is_another_one():
    from scipy.spatial.distance import cdist

    train = images(40)
    train[7] = train[3]  # twins are at distance 0 of one another
    flat = train.reshape(40, -1) / 255.0
    apart = cdist(flat, flat) + np.diag(np.full(40, np.inf))
    np.testing.assert_allclose(nearest(train, train, others_only=True)[0], apart.min(1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("others_only", [False, True])
def test_training_images_are_gone_over_in_pieces(monkeypatch, others_only):
    train = images(70)
    some = train[20:50] if others_only else images(30, 1)
    whole = nearest(some, train, others_only)
    monkeypatch.setattr("metrics.memorised.PIECE", 4 * 36 * 23)  # 23 images, and one in the last
    for one, pieces in zip(whole, nearest(some, train, others_only), strict=True):
        np.testing.assert_array_equal(pieces, one)


def test_estimate_is_heldout_minus_samples():
    assert critic_estimate(np.array([1.0, 3.0]), np.array([5.0]))["critic_estimate"] == 3


# gaussians, stacked


@pytest.mark.parametrize("name, modes", [("8gaussians", 8), ("25gaussians", 25)])
def test_gaussians_of_the_mixture_itself(name, modes):
    from data.toys import centres, draw

    values = gaussians(draw(name, 20_000, np.random.default_rng(0)), *centres(name))
    assert values["modes_found"] == modes
    assert values["good_share"] == pytest.approx(1 - np.exp(-4.5), abs=0.004)


def test_gaussians_counts_only_good_points():
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    points = np.array([[0.1, 0.0], [0.0, 0.2], [5.0, 5.0], [10.0, 0.31], [0.0, 10.29]])
    assert gaussians(points, centres, 0.1) == {"modes_found": 2.0, "good_share": 0.6}


def test_stacked():
    shares = np.full(1000, 1e-3)
    assert stacked(np.arange(1000), shares) == pytest.approx({"stacked_modes": 1000, "stacked_kl": 0}, abs=1e-9)
    values = stacked(np.repeat(np.arange(500), 4), shares)
    assert values == pytest.approx({"stacked_modes": 500, "stacked_kl": np.log(2)})


def test_stacked_reads_the_three_digits():
    probabilities = np.eye(10)[[[1, 2, 3], [9, 0, 9]]]
    np.testing.assert_array_equal(mode_of(probabilities), [123, 909])


def test_stacked_shares_are_those_of_independent_digits():
    labels = np.array([0, 111, 1, 10])  # of 12 digits 7 zeros, 5 ones
    shares = mode_shares(labels)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == pytest.approx((7 / 12) ** 3)
    assert shares[101] == pytest.approx((5 / 12) ** 2 * 7 / 12)


# what all have in common

PAIRS = {"frechet": frechet, "kid": kid, "prdc": prdc, "w1": w1, "swd": swd}


@pytest.mark.parametrize("name", PAIRS)
def test_order_does_not_matter(name):
    a, b = normal(60, seed=1), normal(60, seed=2)
    mixed = PAIRS[name](np.random.default_rng(3).permutation(a), np.random.default_rng(4).permutation(b))
    assert mixed == pytest.approx(PAIRS[name](a, b), rel=1e-9)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    "bad, words",
    [
        (np.zeros((0, 8)), "too few"),
        (np.full((60, 8), np.nan), "NaN"),
        (np.full((60, 8), np.inf), "infinity"),
        (np.zeros((60, 7)), "do not compare"),
        (np.zeros(60), "rows"),
        (np.full((60, 8), "x"), "wants numbers"),
    ],
)
def test_bad_input_is_refused(name, bad, words):
    with pytest.raises(UserError, match=words):
        PAIRS[name](bad, normal(60))
    with pytest.raises(UserError, match=words):
        PAIRS[name](normal(60), bad)


@pytest.mark.parametrize("name", PAIRS)
def test_input_stays_as_it_was(name):
    a, b = normal(60, seed=1).astype(np.float32), normal(60, seed=2).astype(np.float32)
    kept = a.copy(), b.copy()
    PAIRS[name](a, b)
    np.testing.assert_array_equal(a, kept[0])
    np.testing.assert_array_equal(b, kept[1])


def test_each_metric_compares_with_the_side_that_its_page_names():
    """Published numbers rest on it: of another side they would be others, each as plausible."""
    rng = np.random.default_rng(0)

    def side(n, mean):
        known = {
            "features": normal(n, 4, n, mean),
            "probabilities": rng.dirichlet(np.ones(10), n),
            "labels": rng.integers(0, 10, n),
        }
        return Items(images(n, n), **known, nearest=rng.random(n) + mean, critic=normal(n, 1, n, mean)[:, 0])

    fake, real, reference, heldout = (side(n, mean) for n, mean in ((40, 0.0), (40, 0.3), (90, 0.5), (50, 0.8)))
    draw = Draw(fake, real, reference, heldout, None, "lenet", 3)
    expected = {
        "frechet": frechet(fake.features, reference.features),
        "kid": kid(fake.features, real.features),
        "prdc": prdc(fake.features, real.features),
        "w1": w1(fake.features, real.features),
        "swd": swd(fake.items / np.float32(255), real.items / np.float32(255), 3),
        "classes": classes(fake.probabilities, reference.probabilities),
        "class_accuracy": class_accuracy(fake.probabilities, fake.labels),
        "memorised": memorised(fake.nearest, heldout.nearest),
        "critic_estimate": critic_estimate(fake.critic, heldout.critic),
    }
    for name, values in expected.items():
        assert metrics.METRICS[name].measure(draw) == pytest.approx(values), name
    of_three = Items(images(9), probabilities=rng.dirichlet(np.ones(10), (9, 3)))
    dataset = SimpleNamespace(labels=np.array([123, 45, 600]), heldout_labels=np.array([9]))
    found = metrics.METRICS["stacked"].measure(Draw(of_three, of_three, of_three, of_three, dataset, "lenet", 0))
    assert found == pytest.approx(stacked(mode_of(of_three.probabilities), mode_shares(dataset.labels)))


def test_every_registered_metric_has_its_module():
    for name in metrics.METRICS:
        module = importlib.import_module(f"metrics.{name}")
        assert callable(getattr(module, name))
        assert callable(module.measure)

"""Our metrics against independent implementations on our features, and our network against PyTorch's layers."""

import numpy as np
import pytest

from metrics.frechet import frechet
from metrics.kid import kid
from metrics.prdc import prdc
from metrics.swd import swd
from metrics.w1 import w1


def features(n, d=16, seed=0, mean=0.0):
    rng = np.random.default_rng(seed)
    return (mean + rng.standard_normal((n, d)) @ rng.uniform(-0.5, 0.5, (d, d))).astype(np.float32)


def test_frechet_equals_torchmetrics():
    pytest.importorskip("torchmetrics", reason="torchmetrics is not installed")
    pytest.importorskip("torchmetrics.image.fid", reason="torchmetrics' image metrics are not installed")
    from tests.alignment import torch_metrics

    fake, real = features(300, seed=1, mean=0.3), features(400, seed=2)
    assert frechet(fake, real)["fd_lenet"] == pytest.approx(torch_metrics.frechet(fake, real), rel=1e-4)


def test_kid_equals_torchmetrics():
    pytest.importorskip("torchmetrics", reason="torchmetrics is not installed")
    pytest.importorskip("torchmetrics.image.kid", reason="torchmetrics' image metrics are not installed")
    from tests.alignment import torch_metrics

    fake, real = features(200, seed=1, mean=0.3), features(200, seed=2)
    assert kid(fake, real)["kid"] == pytest.approx(torch_metrics.kid(fake, real), rel=1e-4)


@pytest.mark.parametrize(("k", "values"), [(3, ("precision", "recall")), (5, ("density", "coverage"))])
def test_precision_recall_density_and_coverage_equal_their_authors(k, values):
    authors = pytest.importorskip("prdc", reason="prdc is not installed")
    fake, real = features(200, 6, seed=1, mean=0.3), features(200, 6, seed=2)
    found, expected = prdc(fake, real), authors.compute_prdc(real, fake, nearest_k=k)
    assert [found[value] for value in values] == pytest.approx([expected[value] for value in values], abs=1e-9)
    assert all(0.1 < found[value] < 0.99 for value in values), "between all and none, where a mistake shows"


def test_w1_equals_pot():
    ot = pytest.importorskip("ot", reason="POT is not installed")
    x, y = features(150, 3, 1).astype(np.float64), features(150, 3, 2).astype(np.float64)
    weights = np.full(150, 1 / 150)
    expected = ot.emd2(weights, weights, ot.dist(x, y, metric="euclidean"))
    assert w1(x, y)["w1"] == pytest.approx(float(expected), rel=1e-9)


def test_swd_equals_pot():
    ot = pytest.importorskip("ot", reason="POT is not installed")
    x, y = features(150, 6, 1).astype(np.float64), features(150, 6, 2).astype(np.float64)
    directions = np.random.default_rng(0).standard_normal((6, 256))
    directions /= np.linalg.norm(directions, axis=0)
    expected = ot.sliced_wasserstein_distance(x, y, projections=directions)
    assert swd(x, y, seed=0)["swd"] == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("name", ["digits", "fashion", "cifar10"])
def test_network_equals_pytorchs_layers(name):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from metrics import networks
    from tests.alignment import torch_metrics

    spec = networks.NETWORKS[name]
    images = np.random.default_rng(0).integers(0, 256, (20, spec.colours, spec.size, spec.size), dtype=np.uint8)
    expected, their_probabilities = torch_metrics.describe(images, name)
    found, probabilities = networks.describe(images, name)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(probabilities, their_probabilities, atol=1e-4)

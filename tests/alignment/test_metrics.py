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


def torchmetrics_value(metric, fake, real):
    """A torchmetrics image metric fed with features: its network is the identity."""
    import torch

    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(fake), real=False)
    return metric.compute()


def identity(d):
    import torch

    network = torch.nn.Identity()
    network.num_features = d
    return network


def test_frechet_equals_torchmetrics():
    pytest.importorskip("torchmetrics", reason="torchmetrics is not installed")
    image = pytest.importorskip("torchmetrics.image.fid", reason="torchmetrics' image metrics are not installed")
    fake, real = features(300, seed=1, mean=0.3), features(400, seed=2)
    metric = image.FrechetInceptionDistance(feature=identity(16), input_img_size=(16,))
    metric.set_dtype(__import__("torch").float64)
    expected = float(torchmetrics_value(metric, fake, real))
    assert frechet(fake, real)["fd_lenet"] == pytest.approx(expected, rel=1e-4)


def test_kid_equals_torchmetrics():
    pytest.importorskip("torchmetrics", reason="torchmetrics is not installed")
    image = pytest.importorskip("torchmetrics.image.kid", reason="torchmetrics' image metrics are not installed")
    fake, real = features(200, seed=1, mean=0.3), features(200, seed=2)
    metric = image.KernelInceptionDistance(feature=identity(16), subsets=1, subset_size=200)
    expected = float(torchmetrics_value(metric, fake, real)[0])
    assert kid(fake, real)["kid"] == pytest.approx(expected, rel=1e-4)


def test_frechet_equals_torch_fidelity():
    fid = pytest.importorskip("torch_fidelity.metric_fid", reason="torch-fidelity is not installed")
    fake, real = features(300, seed=1, mean=0.3), features(400, seed=2)
    statistics = [{"mu": x.astype(np.float64).mean(0), "sigma": np.cov(x, rowvar=False)} for x in (fake, real)]
    found = fid.fid_statistics_to_metric(*statistics, verbose=False)
    assert frechet(fake, real)["fd_lenet"] == pytest.approx(float(next(iter(found.values()))), rel=1e-5)


def test_kid_equals_torch_fidelity():
    module = pytest.importorskip("torch_fidelity.metric_kid", reason="torch-fidelity is not installed")
    fake, real = features(200, seed=1, mean=0.3).astype(np.float64), features(200, seed=2).astype(np.float64)
    kernels = [a @ b.T / 16 + 1 for a, b in ((fake, fake), (fake, real), (real, real))]
    expected = module.mmd2(kernels[0] ** 3, kernels[1] ** 3, kernels[2] ** 3)
    assert kid(fake, real)["kid"] == pytest.approx(float(expected), rel=1e-9)


def test_precision_and_recall_equal_torch_fidelity():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    module = pytest.importorskip("torch_fidelity.metric_prc", reason="torch-fidelity is not installed")
    fake, real = features(200, 6, seed=1, mean=0.3), features(200, 6, seed=2)
    options = {"prc_neighborhood": 3, "prc_batch_size": 100, "verbose": False, "save_cpu_ram": False}
    expected = module.prc_features_to_metric(torch.from_numpy(fake), torch.from_numpy(real), **options)
    found = prdc(fake, real)
    assert found["precision"] == pytest.approx(float(expected["precision"]), abs=0.006)
    assert found["recall"] == pytest.approx(float(expected["recall"]), abs=0.006)


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


@pytest.mark.parametrize("name", ["digits", "cifar10"])
def test_network_equals_pytorchs_layers(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from safetensors.numpy import load_file

    from metrics import networks

    if networks.lacking(name):
        pytest.skip(f"the network {name} has no weights yet")
    spec = networks.NETWORKS[name]
    weights = {key: torch.from_numpy(value) for key, value in load_file(networks.path_of(name)).items()}
    images = np.random.default_rng(0).integers(0, 256, (20, spec.colours, spec.size, spec.size), dtype=np.uint8)

    def norm(x, key):
        parts = [weights[f"{key}.{part}"] for part in ("mean", "variance", "weight", "bias")]
        return torch.nn.functional.batch_norm(x, *parts, eps=1e-5)

    x = torch.from_numpy(images).float() * (2 / 255) - 1
    for i, (_, _, stride) in enumerate(spec.layers):
        kernel = weights[f"body.{3 * i}.weight"].permute(0, 3, 1, 2)
        x = torch.relu(norm(torch.nn.functional.conv2d(x, kernel, stride=stride, padding=1), f"body.{3 * i + 1}"))
    if spec.pooled:
        x = torch.nn.functional.adaptive_avg_pool2d(x, spec.pooled)
    expected = norm(x.permute(0, 2, 3, 1).flatten(1) @ weights["hidden.weight"], "norm")
    logits = torch.relu(expected) @ weights["head.weight"] + weights["head.bias"]
    found, probabilities = networks.describe(images, name)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(probabilities, torch.softmax(logits, 1).numpy(), atol=1e-4)

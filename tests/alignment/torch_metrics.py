"""Our feature networks and metrics in PyTorch's layers and in torchmetrics, with our published weights."""

import torch
from safetensors.numpy import load_file

from metrics import networks


def value(metric, fake, real):
    """A torchmetrics image metric fed with features: its network is the identity."""
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(fake), real=False)
    return metric.compute()


def identity(d):
    network = torch.nn.Identity()
    network.num_features = d
    return network


def frechet(fake, real):
    from torchmetrics.image.fid import FrechetInceptionDistance

    d = fake.shape[1]
    metric = FrechetInceptionDistance(feature=identity(d), input_img_size=(d,))
    metric.set_dtype(torch.float64)
    return float(value(metric, fake, real))


def kid(fake, real):
    """Of features N×F and N×F: one subset of them all."""
    from torchmetrics.image.kid import KernelInceptionDistance

    metric = KernelInceptionDistance(feature=identity(fake.shape[1]), subsets=1, subset_size=len(fake))
    return float(value(metric, fake, real)[0])


def describe(images, name):
    """As networks.describe, of uint8 images N×C×S×S of the network's own size: features N×F and probabilities N×10, float32."""
    spec = networks.NETWORKS[name]
    weights = {key: torch.from_numpy(array) for key, array in load_file(networks.path_of(name)).items()}

    def norm(x, key):
        parts = [weights[f"{key}.{part}"] for part in ("mean", "variance", "weight", "bias")]
        return torch.nn.functional.batch_norm(x, *parts, eps=1e-5)

    x = torch.from_numpy(images).float() * (2 / 255) - 1
    for i, (_, _, stride) in enumerate(spec.layers):
        kernel = weights[f"body.{3 * i}.weight"].permute(0, 3, 1, 2)
        x = torch.relu(norm(torch.nn.functional.conv2d(x, kernel, stride=stride, padding=1), f"body.{3 * i + 1}"))
    if spec.pooled:
        x = torch.nn.functional.adaptive_avg_pool2d(x, spec.pooled)
    features = norm(x.permute(0, 2, 3, 1).flatten(1) @ weights["hidden.weight"], "norm")
    logits = torch.relu(features) @ weights["head.weight"] + weights["head.bias"]
    return features.numpy(), torch.softmax(logits, 1).numpy()

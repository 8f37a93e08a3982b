"""The feature networks: small classifiers of our own, trained by metrics/feature_training.py, with weights in metrics/weights.

A new one is a row in NETWORKS and a training, whose figures go into the row.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from data.dataset import to_unit
from data.folder import resize
from errors import UserError
from storage import reading

if TYPE_CHECKING:
    from paddle.nn import Layer

WEIGHTS = Path(__file__).resolve().parent / "weights"
LARGEST = 4 << 20  # bytes of a file of weights; the largest has 1.3 MB


class FeatureNetwork(NamedTuple):
    """architecture: part of the names of what is measured with it. size, colours: of its pictures. layers: (outputs,
    kernel, stride) of each convolution. pooled: side of the mean-pooled picture, None for no pooling. features: their number.
    data, epochs, augmentation: of its training. sha256, accuracy: of its weights; the share of the whole test split in %."""

    architecture: str
    size: int
    colours: int
    layers: tuple
    pooled: int | None
    features: int
    data: str
    epochs: int
    augmentation: str
    sha256: str
    accuracy: float


LENET = ("lenet", 28, 1, ((32, 4, 2), (64, 4, 2), (128, 3, 2)), None, 64)
VGG = ("vgg", 32, 3, ((32, 3, 1), (64, 3, 2), (64, 3, 1), (128, 3, 2), (128, 3, 1)), 2, 96)
NETWORKS = {
    "digits": FeatureNetwork(
        *LENET, "mnist", 12, "digits", "a48db08897df8b1f4af63faf2d9f2e1e1bbd59f7b36be27beb53a9235b469c34", 99.48
    ),
    "fashion": FeatureNetwork(
        *LENET, "fashion-mnist", 24, "flip", "f8d6a0ac376a4c1a753536629bc65553ae08e8bd0104815fa6de7a17eba1e34b", 92.67
    ),
    "cifar10": FeatureNetwork(  # trained and tested on images that had been re-encoded once as JPEG
        *VGG, "cifar10", 10, "crop", "64357cd6d1b269febedd189cc8b4275e6f010a9b9a5b5d6c3ba8f35218dfba11", 84.03
    ),
}


def build(name: str) -> Layer:
    """A freshly initialised classifier: pictures in [−1, 1] in, (features, logits) out. Needs Paddle."""
    import paddle
    from paddle import nn

    from models.networks.convolution import Conv
    from models.networks.layers import BatchNorm

    spec = NETWORKS[name]

    class Classifier(nn.Layer):
        """N×H×W×C in [−1, 1] → features N×F, logits N×10.

        Convolutions with batch norm and ReLU, then a linear layer whose batch-normalised outputs, before their ReLU, are
        the features: on the data's own training images means are near 0, variances between 0.3 and 1.6.
        """

        def __init__(self):
            super().__init__()
            body, channels, side = [], spec.colours, spec.size
            for outputs, kernel, stride in spec.layers:
                conv = Conv(channels, outputs, kernel, stride, 1)
                conv.weight.set_value(paddle.randn(conv.weight.shape) * (2 / (kernel**2 * channels)) ** 0.5)  # He's
                body += [conv, BatchNorm(outputs, channels_last=True), nn.ReLU()]
                channels, side = outputs, (side + 2 - kernel) // stride + 1
            self.body = nn.Sequential(*body)
            side = spec.pooled or side
            self.hidden = nn.Linear(channels * side**2, spec.features, bias_attr=False)
            self.norm = BatchNorm(spec.features)
            self.head = nn.Linear(spec.features, 10)

        def forward(self, x):
            h = self.body(x)
            if spec.pooled:
                n, side, _, channels = h.shape
                step = side // spec.pooled
                h = h.reshape([n, spec.pooled, step, spec.pooled, step, channels]).mean([2, 4])
            features = self.norm(self.hidden(h.flatten(1)))
            return features, self.head(nn.functional.relu(features))

    return Classifier()


def path_of(name: str) -> Path:
    """The file of a network's weights."""
    return WEIGHTS / f"{name}.safetensors"


def record(name: str | None) -> dict[str, str | float]:
    """network_sha256 and network_accuracy for the record of what was measured; empty without a network."""
    return {"network_sha256": NETWORKS[name].sha256, "network_accuracy": NETWORKS[name].accuracy} if name else {}


@lru_cache(maxsize=4)
def load(name: str) -> Layer:
    """The trained classifier in evaluation mode. Raises UserError unless its file has the published SHA-256."""
    import paddle
    from safetensors.numpy import load as parse

    expected, path = NETWORKS[name].sha256, path_of(name)
    raw = reading.read(path, LARGEST)
    digest = hashlib.sha256(raw).hexdigest()
    if digest != expected:
        raise UserError(f"{path} is not the published one: its SHA-256 is {digest[:16]}…, not {expected[:16]}…")
    network = build(name)
    network.set_state_dict({key: paddle.to_tensor(value) for key, value in parse(raw).items()})
    network.eval()
    return network


def describe(images: np.ndarray, name: str, batch: int = 250) -> tuple[np.ndarray, np.ndarray]:
    """What the network sees: (features float32 N×F, probabilities float32 N×10) of uint8 images N×C×S×S.

    A network of grey pictures describes each colour by itself: features N×(C·F), probabilities N×C×10. For one of colours grey
    pictures are three equal ones. Pictures of another size than the network's are resized.
    """
    spec = NETWORKS[name]
    images = resize(images, spec.size)
    n, colours = images.shape[:2]
    if colours < spec.colours:
        images = images.repeat(spec.colours, 1)
    elif colours > spec.colours:
        features, probabilities = describe(images.reshape(n * colours, 1, *images.shape[2:]), name, batch)
        return features.reshape(n, -1), probabilities.reshape(n, colours, -1)
    return classify_all(load(name), images, batch)


def classify_all(network: Layer, images: np.ndarray, batch: int = 250) -> tuple[np.ndarray, np.ndarray]:
    """classify, `batch` images at a time."""
    pairs = [classify(network, images[start : start + batch]) for start in range(0, len(images), batch)]
    return np.concatenate([f for f, _ in pairs]), np.concatenate([p for _, p in pairs])


def classify(network: Layer, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(features, probabilities) of uint8 images N×C×S×S from a classifier in evaluation mode."""
    import paddle
    import paddle.nn.functional as F

    with paddle.no_grad():
        x = paddle.to_tensor(to_unit(np.ascontiguousarray(images.transpose(0, 2, 3, 1))))
        features, logits = network(x)
        return features.numpy(), F.softmax(logits).numpy()

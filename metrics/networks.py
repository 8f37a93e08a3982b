"""The feature networks: small classifiers of our own, trained by metrics/train_network.py, with weights in metrics/weights.

A new one is a line in NETWORKS, a training, and its figures and SHA-256 in PUBLISHED.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from errors import UserError

WEIGHTS = Path(__file__).resolve().parent / "weights"


class Spec(NamedTuple):
    """architecture: part of the names of what is measured with it. size, colours: of its pictures. layers: (outputs,
    kernel, stride) of each convolution. pooled: side of the mean-pooled picture, None for no pooling. features: their number."""

    architecture: str
    size: int
    colours: int
    layers: tuple
    pooled: int | None
    features: int


NETWORKS = {
    "digits": Spec("lenet", 28, 1, ((32, 4, 2), (64, 4, 2), (128, 3, 2)), None, 64),
    "fashion": Spec("lenet", 28, 1, ((32, 4, 2), (64, 4, 2), (128, 3, 2)), None, 64),
    "cifar10": Spec("vgg", 32, 3, ((32, 3, 1), (64, 3, 2), (64, 3, 1), (128, 3, 2), (128, 3, 1)), 2, 96),
}


class Published(NamedTuple):
    """accuracy: on the whole test split, in %. data: what it was trained and tested on. command: which made the weights."""

    sha256: str
    accuracy: float
    data: str
    command: str


PUBLISHED = {
    "digits": Published(
        "a48db08897df8b1f4af63faf2d9f2e1e1bbd59f7b36be27beb53a9235b469c34",
        99.48,
        "mnist, its 60,000 training and 10,000 test images",
        "python -m metrics.train_network digits --data-dir DIR",
    ),
    "cifar10": Published(
        "64357cd6d1b269febedd189cc8b4275e6f010a9b9a5b5d6c3ba8f35218dfba11",
        84.03,
        "cifar10, 50,000 training and 10,000 test images, re-encoded once as JPEG",
        "python -m metrics.train_network cifar10 --data-dir DIR",
    ),
}

# data set -> its network; stacked-mnist is judged colour by colour
NETWORK_OF = {
    "mnist-5k": "digits",
    "mnist": "digits",
    "stacked-mnist": "digits",
    "fashion-mnist": "fashion",
    "cifar10": "cifar10",
    "folder:PATH": "cifar10",
}


def build(name):
    """A freshly initialised classifier: uint8-valued pictures in, (features, logits) out. Needs Paddle."""
    import paddle
    from paddle import nn

    from models.networks.convolution import Conv
    from models.networks.layers import BatchNorm

    spec = NETWORKS[name]

    class Classifier(nn.Layer):
        """N×H×W×C in [−1, 1] → features N×F, logits N×10.

        Convolutions with batch norm and ReLU, then a linear layer whose batch-normalised outputs, before their ReLU, are
        the features: on the data's own training images each has mean 0 and variance about 1.
        """

        def __init__(self):
            super().__init__()
            body, channels, side = [], spec.colours, spec.size
            for outputs, kernel, stride in spec.layers:
                conv = Conv(channels, outputs, kernel, stride, 1)
                he_initial(conv.weight, kernel**2 * channels)
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

    def he_initial(weight, fan_in):
        weight.set_value(paddle.randn(weight.shape) * (2 / fan_in) ** 0.5)

    return Classifier()


def path_of(name):
    return WEIGHTS / f"{name}.safetensors"


def sha256(name):
    """The recorded SHA-256 of a network's weights. Raises UserError if none were published."""
    if name not in PUBLISHED:
        raise UserError(
            f"there are no weights of the network {name!r} yet: python -m metrics.train_network {name} makes them; "
            "or leave out the metrics that need features with --metrics swd,memorised"
        )
    return PUBLISHED[name].sha256


@lru_cache(maxsize=4)
def load(name):
    """The trained classifier in evaluation mode. Raises UserError unless its file has the recorded SHA-256."""
    import paddle
    from safetensors.numpy import load as parse

    expected, path = sha256(name), path_of(name)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    found = hashlib.sha256(raw).hexdigest()
    if found != expected:
        raise UserError(f"{path} is not the published one: its SHA-256 is {found[:16]}…, not {expected[:16]}…")
    network = build(name)
    network.set_state_dict({key: paddle.to_tensor(value) for key, value in parse(raw).items()})
    network.eval()
    return network


def describe(images, name, batch=250):
    """What the network sees: (features float32 N×F, probabilities float32 N×10) of uint8 images N×C×S×S.

    Colours that the network does not know are judged one by one: features N×(C·F), probabilities N×C×10. Larger pictures
    (a folder's) are shrunk to its size.
    """
    import numpy as np

    from data.folder import resize

    spec = NETWORKS[name]
    images = resize(images, spec.size)
    n, colours = images.shape[:2]
    if colours != spec.colours:
        features, probabilities = describe(images.reshape(n * colours, 1, *images.shape[2:]), name, batch)
        return features.reshape(n, -1), probabilities.reshape(n, colours, -1)
    features, probabilities = [], []
    for start in range(0, n, batch):
        f, p = classify(load(name), images[start : start + batch])
        features.append(f)
        probabilities.append(p)
    return np.concatenate(features), np.concatenate(probabilities)


def classify(network, images):
    """(features, probabilities) of uint8 images N×C×S×S from a classifier in evaluation mode."""
    import numpy as np
    import paddle
    import paddle.nn.functional as F

    from data.dataset import to_unit

    with paddle.no_grad():
        x = paddle.to_tensor(to_unit(np.ascontiguousarray(images.transpose(0, 2, 3, 1))))
        features, logits = network(x)
        return features.numpy(), F.softmax(logits).numpy()

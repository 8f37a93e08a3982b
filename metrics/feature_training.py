"""How a feature network is trained, and how well it then tells images apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from data.dataset import Dataset, crop_to, to_unit
from metrics import networks

if TYPE_CHECKING:
    from paddle.nn import Layer

BATCH, RATE, WEIGHT_DECAY = 128, 0.1, 5e-4


def train(
    name: str, dataset: Dataset, epochs: int, seed: int = 0, say: Callable[[int, float, float], object] = lambda *row: None
) -> Layer:
    """A network of NETWORKS, trained on dataset.train and its labels with its own augmentation, in evaluation mode.

    SGD with Nesterov momentum, the rate rising for a fifth of the steps and falling to 0 linearly; cross-entropy. say: told
    the epoch, its mean loss and `accuracy` after each.
    """
    import paddle
    import paddle.nn.functional as F

    from models.networks.layers import trainable

    paddle.seed(seed)
    rng = np.random.default_rng(seed)
    network = networks.build(name)
    images, labels = crop_to(dataset.train, dataset.native_size), np.asarray(dataset.labels)
    total = epochs * (len(images) // BATCH)
    optimizer = paddle.optimizer.Momentum(RATE, 0.9, trainable(network), use_nesterov=True, weight_decay=WEIGHT_DECAY)
    step, augmentation = 0, networks.NETWORKS[name].augmentation
    for epoch in range(1, epochs + 1):
        network.train()
        losses, order = [], rng.permutation(len(images))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            picked = order[start : start + BATCH]
            optimizer.set_lr(RATE * min(step / (0.2 * total), (total - step) / (0.8 * total)))
            x = augment(images[picked], augmentation, rng)
            _, logits = network(paddle.to_tensor(x.transpose(0, 2, 3, 1).copy()))
            loss = F.cross_entropy(logits, paddle.to_tensor(labels[picked]))
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            losses.append(float(loss))
            step += 1
        say(epoch, float(np.mean(losses)), accuracy(network, dataset))
    network.eval()
    return network


def accuracy(network: Layer, dataset: Dataset) -> float:
    """Share of held-out images classified rightly, in %."""
    network.eval()
    images = crop_to(dataset.heldout, dataset.native_size)
    classes = networks.classify_all(network, images)[1].argmax(1)
    return 100 * float((classes == dataset.heldout_labels).mean())


def augment(images: np.ndarray, how: str, rng: np.random.Generator) -> np.ndarray:
    """uint8 N×C×S×S → float32 in [−1, 1], each image moved a little.

    digits: turned by up to 12°, scaled by up to 10 %, moved by up to 2 pixels; every second one also gets noise of up to
    4 % of the range, so that the features follow noise smoothly. flip: mirrored. crop: mirrored and moved by up to 4 pixels.
    """
    import cv2

    size, n = images.shape[-1], len(images)
    x = to_unit(images)
    if how == "digits":
        centre = (size - 1) / 2
        for i in range(n):
            matrix = np.asarray(cv2.getRotationMatrix2D((centre, centre), rng.uniform(-12, 12), rng.uniform(0.9, 1.1)), float)
            matrix[:, 2] += rng.uniform(-2, 2, 2)
            x[i, 0] = cv2.warpAffine(x[i, 0], matrix, (size, size), borderValue=-1.0)
        sigma = rng.uniform(0, 0.08, n) * (rng.random(n) < 0.5)
        noise = rng.standard_normal(x.shape, dtype=np.float32) * sigma[:, None, None, None].astype(np.float32)
        return np.clip(x + noise, -1, 1)
    mirrored = rng.random(n) < 0.5
    x[mirrored] = x[mirrored][..., ::-1]
    if how == "crop":
        padded = np.pad(x, ((0, 0), (0, 0), (4, 4), (4, 4)), mode="reflect")
        for i, (top, left) in enumerate(rng.integers(0, 9, (n, 2))):
            x[i] = padded[i, :, top : top + size, left : left + size]
    return x

"""memorised: are samples nearer to a training image than held-out images are?"""

import numpy as np

from data import Dataset
from data.dataset import crop_to
from errors import UserError
from metrics.draws import Draw
from metrics.registry import register

QUANTILE = 0.01


def memorised(fake: np.ndarray, heldout: np.ndarray) -> dict[str, float]:
    """From distances to the nearest training image, N of samples and M of held-out images.

    memorised_share: samples nearer than all but 1 % of the held-out images; 1 % of held-out images are, all copies are.
    nearest_ratio: median distance of samples over that of held-out images; near 1 for real images, 0 for copies.
    """
    fake, heldout = np.asarray(fake, np.float64), np.asarray(heldout, np.float64)
    if not len(fake) or not len(heldout):
        raise UserError("memorised: needs a sample and a held-out image at least")
    if not (np.isfinite(fake).all() and np.isfinite(heldout).all()):
        raise UserError("memorised: there is a NaN or an infinity among the distances")
    return {
        "memorised_share": float((fake < np.quantile(heldout, QUANTILE)).mean()),
        "nearest_ratio": float(np.median(fake) / max(np.median(heldout), 1e-12)),
    }


def nearest(images: np.ndarray, train: np.ndarray, others_only: bool = False, block: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """(distance, index) of the nearest training image of each: Euclidean, pixels in [0, 1]. uint8 N×C×H×W, M×C×H×W.

    others_only: `images` are among `train` and do not count as their own neighbours.
    """
    flat = train.reshape(len(train), -1).astype(np.float32) / np.float32(255)
    norms = (flat**2).sum(1)
    distance, index = np.zeros(len(images)), np.zeros(len(images), np.int64)
    for start in range(0, len(images), block):
        x = images[start : start + block].reshape(-1, flat.shape[1]).astype(np.float32) / np.float32(255)
        squared = norms - 2 * (x @ flat.T)  # + ‖x‖², which decides nothing
        count = 2 if others_only else 1
        close = np.argpartition(squared, count, axis=1)[:, :count] if len(flat) > count else np.argsort(squared, 1)[:, :count]
        apart = np.linalg.norm(x[:, None] - flat[close], axis=2)  # anew: the product cancels badly near 0
        pick = apart.argmax(1) if others_only else apart.argmin(1)
        rows = np.arange(len(x))
        distance[start : start + block], index[start : start + block] = apart[rows, pick], close[rows, pick]
    return distance, index


def closest_pairs(images: np.ndarray, dataset: Dataset, count: int = 8) -> np.ndarray:
    """The samples nearest to a training image, each followed by it: uint8 2·count×C×H×W."""
    train, some = crop_to(dataset.train, dataset.native_size), images[:2000]
    distance, index = nearest(some, train)
    first = np.argsort(distance)[:count]
    return np.stack([some[first], train[index[first]]], 1).reshape(-1, *images.shape[1:])


@register(
    "memorised",
    values={"memorised_share": "lower", "nearest_ratio": ""},
    fits=("images",),
    needs=("nearest",),
    if_asked=("stacked",),
    draws=2,
    pairs=closest_pairs,
)
def measure(draw: Draw) -> dict[str, float]:
    return memorised(draw.fake.nearest, draw.heldout.nearest)

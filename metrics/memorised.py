"""memorised: are samples nearer to a training image than held-out images are?"""

import math

import numpy as np

from data import Dataset
from data.dataset import crop_to
from errors import NotMeasurable
from metrics.draws import Draw
from metrics.registry import register

QUANTILE = 0.01
PIECE = 512 << 20  # bytes of training images as float32 at once; mnist has 188 MB


def memorised(fake: np.ndarray, heldout: np.ndarray) -> dict[str, float]:
    """From distances to the nearest training image, N of samples and M of held-out images.

    memorised_share: samples at least as near as the nearest 1 % of the held-out images; 1 % of held-out images are, all copies
    are, also where 1 % of what is held out are copies themselves.
    nearest_ratio: median distance of samples over that of held-out images; near 1 for real images, 0 for copies.
    """
    fake, heldout = np.asarray(fake, np.float64), np.asarray(heldout, np.float64)
    if not len(fake) or not len(heldout):
        raise NotMeasurable("memorised: needs a sample and a held-out image at least")
    if not (np.isfinite(fake).all() and np.isfinite(heldout).all()):
        raise NotMeasurable("memorised: there is a NaN or an infinity among the distances")
    return {
        "memorised_share": float((fake <= np.quantile(heldout, QUANTILE)).mean()),
        "nearest_ratio": float(np.median(fake) / max(np.median(heldout), 1e-12)),
    }


def nearest(images: np.ndarray, train: np.ndarray, others_only: bool = False, block: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """(distance, index) of the nearest training image of each: Euclidean, pixels in [0, 1]. uint8 N×C×H×W, M×C×H×W; `train` may
    be data.folder.Files.

    others_only: `images` are among `train` and do not count as their own neighbours.
    """
    count = min(2 if others_only else 1, len(train))
    distance, index = np.full((len(images), count), np.inf), np.zeros((len(images), count), np.int64)
    step = max(1, PIECE // (4 * math.prod(train.shape[1:])))
    for at in range(0, len(train), step):  # all of them as floats, or of Files at all, may be more than the memory
        flat = _unit(train[at : at + step])
        norms = (flat**2).sum(1)
        for start in range(0, len(images), block):
            rows = slice(start, start + block)
            x = _unit(images[rows])
            squared = norms - 2 * (x @ flat.T)  # + ‖x‖², which decides nothing
            close = np.argpartition(squared, count, axis=1)[:, :count] if len(flat) > count else np.argsort(squared, 1)[:, :count]
            apart = np.linalg.norm(x[:, None] - flat[close], axis=2)  # anew: the product cancels badly near 0
            apart, close = np.hstack([distance[rows], apart]), np.hstack([index[rows], close + at])
            first = np.argsort(apart, 1, kind="stable")[:, :count]
            distance[rows], index[rows] = np.take_along_axis(apart, first, 1), np.take_along_axis(close, first, 1)
    return distance[:, -1], index[:, -1]


def _unit(images):
    """uint8 N×C×H×W to float32 N×D in [0, 1]."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat /= np.float32(255)
    return flat


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

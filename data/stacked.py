"""stacked-mnist: three digits drawn at random as the red, green and blue of one image: 1000 modes whose names are known.

As in Unrolled GAN (1611.02163). The digits are mnist's if --data-dir holds its files, otherwise mnist-5k's.
"""

import numpy as np

from data import files, idx, mnist5k
from data.dataset import Dataset

TRAIN, HELD_OUT = 60_000, 25_600


def load(name: str, data_dir: str | None, image_size: int) -> Dataset:
    """60,000 images to train on and 25,600 held out, N×3×S×S, of a fixed seed; labels 0..999 read the three digits.

    Held-out images are made of held-out digits.
    """
    has_mnist = all(files.given(remote, "mnist", data_dir) for remote in idx.remotes("mnist"))
    source = "mnist" if has_mnist else "mnist-5k"
    digits = (idx if source == "mnist" else mnist5k).load(source, data_dir, image_size)
    rng = np.random.Generator(np.random.Philox(key=[0, 1000]))
    train, labels = stack(digits.train, digits.labels, TRAIN, rng)
    heldout, heldout_labels = stack(digits.heldout, digits.heldout_labels, HELD_OUT, rng)
    classes = tuple(f"{number:03d}" for number in range(1000))
    return Dataset(name, train, heldout, labels, heldout_labels, 28, f"stacked from {source}", classes=classes)


def stack(images: np.ndarray, labels: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(uint8 count×3×S×S, int64 count): three independent digits each."""
    rows = rng.integers(len(images), size=(count, 3))
    return images[rows, 0], labels[rows] @ np.array([100, 10, 1])

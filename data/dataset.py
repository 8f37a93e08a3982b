"""What a reader returns, and the order in which training visits it."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from errors import UserError

MOST_CLASSES = 1000


@dataclass
class Dataset:
    """Images as uint8 N×C×H×W, or points as float32 N×2, split into `train` and `heldout`: arrays, or Files that act as such.

    labels, heldout_labels: int64 class of each item, or None. native_size: height and width before padding; grids and
    .npz files are cropped back to it. modes: of a mixture, centres float K×2 and the standard deviation of each. classes: names
    of the labels 0, 1, …, by default these numbers.
    """

    name: str
    train: np.ndarray
    heldout: np.ndarray
    labels: np.ndarray | None = None
    heldout_labels: np.ndarray | None = None
    native_size: int | None = None
    note: str = ""
    modes: tuple[np.ndarray, float] | None = None
    classes: tuple[str, ...] = ()
    sha256: str = field(init=False)

    def __post_init__(self):
        self._check()
        for split in (self.train, self.heldout):
            if isinstance(split, np.ndarray) and split.dtype.kind == "f" and not np.isfinite(split).all():
                raise UserError(f"{self.name} holds a NaN or an infinity")
        if known := [labels for labels in (self.labels, self.heldout_labels) if labels is not None]:
            highest = max(labels.max() for labels in known)
            self.classes = self.classes or tuple(map(str, range(highest + 1)))
            if highest >= len(self.classes):
                raise UserError(f"{self.name}: a label is {highest}, of {len(self.classes)} classes that are numbered from 0 on")
        digest = hashlib.sha256()
        for split in (self.train, self.heldout):
            digest.update(np.ascontiguousarray(split).data if isinstance(split, np.ndarray) else split.digest())
        self.sha256 = digest.hexdigest()

    def _check(self):
        """Raise UserError unless the arrays, which may come from a user's reader, are what a Dataset holds."""
        for split, labels in ((self.train, self.labels), (self.heldout, self.heldout_labels)):
            points = split.ndim == 2 and split.shape[1] == 2 and split.dtype == np.float32
            images = split.ndim == 4 and split.shape[1] in (1, 3) and split.shape[2] == split.shape[3] and split.dtype == np.uint8
            if not (points or images):
                raise UserError(
                    f"{self.name}: an array of shape {tuple(split.shape)} and type {split.dtype} holds neither images (uint8, "
                    "N×C×S×S, C = 1 or 3) nor points (float32, N×2)"
                )
            if not len(split):
                raise UserError(f"{self.name}: no items to train on, or none held out")
            if tuple(split.shape[1:]) != self.shape:
                raise UserError(f"{self.name}: items of shape {self.shape} to train on, {tuple(split.shape[1:])} held out")
            if labels is None:
                continue
            if (
                not isinstance(labels, np.ndarray)
                or labels.dtype.kind != "i"
                or labels.shape != (len(split),)
                or labels.min() < 0
            ):
                raise UserError(
                    f"{self.name}: labels are whole numbers from 0 on, an array of one for each of {len(split):,} items"
                )

    @property
    def is_points(self) -> bool:
        return self.train.ndim == 2

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one item as networks see it: (C, H, W), or (2,) for points."""
        return tuple(self.train.shape[1:])

    def batch(self, indices: np.ndarray, split: str = "train") -> np.ndarray:
        """Items as float32: images scaled from 0..255 to [−1, 1], points as they are."""
        items = getattr(self, split)[indices]
        return items if self.is_points else to_unit(items)

    def classes_of(self, indices: np.ndarray | slice, split: str = "train") -> np.ndarray | None:
        """int64 class of each of these items, None for data without."""
        labels = self.labels if split == "train" else self.heldout_labels
        return None if labels is None else labels[indices]

    def class_counts(self) -> dict[str, int]:
        """{name of a class: its training items}, in the order of the labels. Raises UserError if there are none, or too many."""
        if self.labels is None or self.heldout_labels is None:
            hint = "" if self.is_points else ": pictures have them where each lies in the folder of its class"
            raise UserError(f"conditional=true wants data with labels, {self.name} has none{hint}")
        if len(self.classes) > MOST_CLASSES:
            raise UserError(f"conditional=true: {self.name} has {len(self.classes):,} classes, up to {MOST_CLASSES:,} are taken")
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    @property
    def labels_sha256(self) -> str | None:
        """SHA-256 of the labels and of their names, None for data without."""
        if self.labels is None or self.heldout_labels is None:
            return None
        names = "\n".join(self.classes).encode("utf-8", "surrogateescape")
        return hashlib.sha256(names + self.labels.tobytes() + self.heldout_labels.tobytes()).hexdigest()


def to_unit(images: np.ndarray) -> np.ndarray:
    """uint8 0..255 to float32 in [−1, 1]."""
    return images.astype(np.float32) * np.float32(2 / 255) - np.float32(1)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Floats in [−1, 1] to uint8 0..255, rounded; values outside (an MLP has no tanh) are cut off."""
    return np.rint((np.clip(images, -1, 1) + 1) * 127.5).astype(np.uint8)


class Order:
    """A seeded shuffle per epoch as a pure function of position, so that resuming needs one integer.

    Epochs follow one another without a seam: a batch may hold the end of one and the beginning of the next, and no image is
    ever left out or seen twice within an epoch. attempt: another number is another shuffle. What else has these streams:
    training/randomness.py.
    """

    def __init__(self, n: int, seed: int, attempt: int = 0):
        self.n, self.seed, self.attempt = n, seed, attempt
        self._epoch, self._permutation = -1, np.empty(0, np.int64)

    def _shuffled(self, epoch):
        if epoch != self._epoch:
            rng = np.random.Generator(np.random.Philox(key=[self.seed, epoch], counter=[0, 0, self.attempt, 0]))
            self._epoch, self._permutation = epoch, rng.permutation(self.n)
        return self._permutation

    def take(self, position: int, count: int) -> np.ndarray:
        """Indices number `position` to `position + count` of the endless order."""
        parts = []
        while count:
            epoch, start = divmod(position, self.n)
            part = self._shuffled(epoch)[start : start + count]
            parts.append(part)
            position, count = position + len(part), count - len(part)
        return np.concatenate(parts)


def pad_to(images: np.ndarray, size: int) -> np.ndarray:
    """Centre uint8 N×C×h×w on a black size×size ground; pixel values stay untouched."""
    missing = size - images.shape[-1]
    before = missing // 2
    width = (before, missing - before)
    return np.pad(images, ((0, 0), (0, 0), width, width)) if missing else images


def crop_to(images: np.ndarray, size: int | None) -> np.ndarray:
    """Undo pad_to on ...×H×W (or any array whose last two axes are the picture)."""
    if size is None or size >= images.shape[-1]:
        return images
    before = (images.shape[-1] - size) // 2
    return images[..., before : before + size, before : before + size]

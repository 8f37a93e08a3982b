"""mnist and fashion-mnist: the published IDX files (http://yann.lecun.com/exdb/mnist), gzipped or not."""

import hashlib
from pathlib import Path

import numpy as np

from data.dataset import Dataset, pad_to
from data.files import Remote, locate
from errors import UserError
from storage import reading

MIRROR = "https://dataset.bj.bcebos.com/"
FILES = {  # split -> (images, labels); sizes and MD5 as published
    "mnist": {
        "train": (
            Remote("train-images-idx3-ubyte.gz", MIRROR + "mnist/", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
            Remote("train-labels-idx1-ubyte.gz", MIRROR + "mnist/", "d53e105ee54ea40749a09fcbcd1e9432", 28_881),
        ),
        "heldout": (
            Remote("t10k-images-idx3-ubyte.gz", MIRROR + "mnist/", "9fb629c4189551a2d022fa330f9573f3", 1_648_877),
            Remote("t10k-labels-idx1-ubyte.gz", MIRROR + "mnist/", "ec29112dd5afa0611ce80d1b7f02629c", 4_542),
        ),
    },
    "fashion-mnist": {
        "train": (
            Remote("train-images-idx3-ubyte.gz", MIRROR + "fashion_mnist/", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880),
            Remote("train-labels-idx1-ubyte.gz", MIRROR + "fashion_mnist/", "25c81989df183df01b3e8a0aad5dffbe", 29_515),
        ),
        "heldout": (
            Remote("t10k-images-idx3-ubyte.gz", MIRROR + "fashion_mnist/", "bef4ecab320f06d8554ea6380940ec79", 4_422_102),
            Remote("t10k-labels-idx1-ubyte.gz", MIRROR + "fashion_mnist/", "bb300cfdad3c16e7a12a480ee83cd310", 5_148),
        ),
    },
}
# of what the published files hold after the header: the sets' files have the same names, and packed anew another MD5
CONTENTS = {
    "mnist": {
        "train": ("6510e85a72c3e9475c492d559d3770d2", "e86ee40d66677c011a9abda399ec8c4d"),
        "heldout": ("240610fa99e73bfa49df8e7fc24d3206", "073c3904dfbd3e141ff8aa01cfde6b15"),
    },
    "fashion-mnist": {
        "train": ("f209073e486d5113ebe2cc431d4df862", "3236f6424fc25388b2834cb19942cf7e"),
        "heldout": ("b7656a891b218fc13e45205c48a92cae", "8dea97a4e78c1bd1b5a6e8efbb870b6e"),
    },
}
CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion-mnist": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
}
LARGEST = 128 << 20  # bytes of a file, packed or not; the real ones have 47 MB


def remotes(name: str) -> list[Remote]:
    """The four files of mnist or fashion-mnist."""
    return [remote for pair in FILES[name].values() for remote in pair]


def load(name: str, data_dir: str | None, image_size: int) -> Dataset:
    """All images of both splits, padded from 28 to image_size (28 or 32). Raises UserError, also for files of the other set.

    Files that are not the published ones are taken, and the data set's note says so.
    """
    check_digit_size(name, image_size)
    read, published = {}, True
    for split, (images, labels) in FILES[name].items():
        image_path, label_path = (locate(remote, name, data_dir, remotes(name)) for remote in (images, labels))
        x, y = read_idx(image_path, 3), read_idx(label_path, 1)
        if len(x) != len(y):
            raise UserError(f"{image_path} holds {len(x)} images but {label_path} {len(y)} labels")
        if not len(x):
            raise UserError(f"{image_path} holds no images")
        if x.shape[1:] != (28, 28):
            raise UserError(f"{image_path} holds images of {x.shape[1]}×{x.shape[2]} pixels, not 28×28")
        if y.max() > 9:
            raise UserError(f"{label_path} holds a label of {y.max()}, not 0 to 9")
        for path, array in ((image_path, x), (label_path, y)):
            whose = published_as(array, split)
            if whose not in (None, name):
                place = Path(data_dir) / name if data_dir else path.parent
                raise UserError(
                    f"{path} is a file of {whose}, not of {name}, whose files have the same names: put those into {place}, "
                    "or name their folder by --data-dir"
                )
            published = published and whose == name
        read[split] = pad_to(x[:, None], image_size), y.astype(np.int64)
    splits = read["train"][0], read["heldout"][0], read["train"][1], read["heldout"][1]
    note = "" if published else "not the published files: another MD5"
    return Dataset(name, *splits, native_size=28, note=note, classes=CLASSES[name])


def published_as(array: np.ndarray, split: str) -> str | None:
    """The data set that publishes these images or labels, as read_idx reads them, for the split; None if none does."""
    md5 = hashlib.md5(array.tobytes()).hexdigest()
    return next((name for name, splits in CONTENTS.items() if md5 in splits[split]), None)


def check_digit_size(name: str, image_size: int) -> None:
    """Raise UserError unless digits can be shown at `image_size` pixels a side."""
    if image_size not in (28, 32):
        raise UserError(f"image_size {image_size}: {name} has 28×28 pixels; allowed are 28 (as it is) and 32 (padded)")


def read_idx(path: str | Path, dimensions: int) -> np.ndarray:
    """Read an IDX file of unsigned bytes with so many dimensions. Raises UserError if it is anything else."""
    raw = reading.unpacked(path, LARGEST)
    if len(raw) < 4 or raw[:2] != b"\0\0":
        raise UserError(f"{path} is not an IDX file: it does not begin with two zero bytes")
    if raw[2] != 8 or raw[3] != dimensions:
        raise UserError(f"{path}: IDX type {raw[2]:#04x} with {raw[3]} dimensions, not 0x08 with {dimensions}")
    if len(raw) < 4 + 4 * dimensions:
        raise UserError(f"{path} is cut short: its header is incomplete")
    shape = [int(n) for n in np.frombuffer(raw, ">u4", dimensions, 4)]
    expected, held = int(np.prod(shape, dtype=object)), len(raw) - 4 - 4 * dimensions
    if held != expected:
        what = "is cut short" if held < expected else "is too long"
        raise UserError(f"{path} {what}: its header names {expected:,} bytes, {held:,} are there")
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(shape)

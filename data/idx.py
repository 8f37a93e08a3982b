"""mnist and fashion-mnist: the published IDX files (http://yann.lecun.com/exdb/mnist), gzipped or not."""

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
    """All images of both splits, padded from 28 to image_size (28 or 32)."""
    check_digit_size(name, image_size)
    read = {}
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
        read[split] = pad_to(x[:, None], image_size), y.astype(np.int64)
    splits = read["train"][0], read["heldout"][0], read["train"][1], read["heldout"][1]
    return Dataset(name, *splits, native_size=28, classes=CLASSES[name])


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

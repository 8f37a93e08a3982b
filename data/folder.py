"""folder:PATH: every PNG or JPEG below a folder, resized to cover the square and centre-cropped, as RGB.

Up to IN_MEMORY bytes of pixels are decoded at once; of a larger folder only names are kept and images are read as they come up,
which on a machine of few cores takes time from the training (docs/performance.md).
"""

import hashlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from data.dataset import Dataset
from errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg"}
HELD_OUT = 10  # every tenth image by name
IN_MEMORY = 512 << 20
LARGEST = 100_000_000  # pixels of one image: 300 MB of memory


def load(name: str, data_dir: str | None, image_size: int) -> Dataset:
    """N×3×S×S; each tenth image, in the order of names, is held out. Raises UserError for no or broken images."""
    root = Path(name.split(":", 1)[1]).expanduser()
    if not root.is_dir():
        raise UserError(f"data {name}: {root} is not a folder")
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if len(paths) < 2:
        raise UserError(f"data {name}: {len(paths)} images in {root}; PNG or JPEG files are wanted, two at least")
    held = np.arange(len(paths)) % HELD_OUT == min(HELD_OUT, len(paths)) - 1
    train, heldout = (Files([p for p, h in zip(paths, held) if h == which], image_size) for which in (False, True))
    if 3 * image_size**2 * len(paths) <= IN_MEMORY:
        return Dataset(name, train[:], heldout[:])
    train.read(0)  # a folder of something else should not wait for the first step
    return Dataset(name, cast(np.ndarray, train), cast(np.ndarray, heldout))


class Files:
    """Images that stay in their files, indexed like the uint8 array N×3×S×S that they would make."""

    ndim, dtype = 4, np.dtype(np.uint8)

    def __init__(self, paths: Sequence[Path], size: int):
        # an array of names: 100,000 Path objects would take 50 MB
        self._names = np.array([str(path) for path in paths])
        self.size = size

    def __len__(self):
        return len(self._names)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), 3, self.size, self.size)

    def read(self, index: int) -> np.ndarray:
        return read_image(self._names[index], self.size)

    def __getitem__(self, indices):
        """Images by an integer array, a mask or a slice."""
        names = np.atleast_1d(self._names[indices])
        images = np.empty((len(names), 3, self.size, self.size), np.uint8)  # a list of all of them would double the memory
        for row, name in enumerate(names):
            images[row] = read_image(name, self.size)
        return images

    def digest(self) -> bytes:
        """SHA-256 of names and file sizes: reading the files themselves could take minutes."""
        lines = (f"{name}:{Path(name).stat().st_size}\n" for name in self._names)
        return hashlib.sha256("".join(lines).encode()).digest()


def read_image(path: str | Path, size: int) -> np.ndarray:
    """One image file as uint8 3×size×size, RGB. Raises UserError if OpenCV cannot decode it."""
    import cv2
    from PIL import Image

    try:
        raw = Path(path).read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures: we have a limit of our own
            with Image.open(io.BytesIO(raw), formats=("PNG", "JPEG")) as head:  # reads the header alone
                width, height = head.size
    except OSError as error:
        raise UserError(
            f"{path} is not an image (PNG or JPEG) that can be read ({error.strerror or 'unknown content'})"
        ) from None
    except Exception as error:  # a damaged header fails in many ways
        raise UserError(f"{path} is not an image (PNG or JPEG) that can be read ({type(error).__name__})") from None
    if width * height > LARGEST:
        raise UserError(f"{path} has {width}×{height} pixels; up to {LARGEST:,} are taken")
    try:
        image = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise UserError(f"{path} is not an image (PNG or JPEG) that can be read (damaged)")
    if image.shape[:2] == (size, size):
        return image[..., ::-1].transpose(2, 0, 1)
    height, width = image.shape[:2]
    scale = size / min(height, width)
    new = max(size, round(width * scale)), max(size, round(height * scale))
    image = cv2.resize(image, new, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (new[1] - size) // 2, (new[0] - size) // 2
    return image[top : top + size, left : left + size, ::-1].transpose(2, 0, 1)


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """uint8 N×C×H×H to N×C×size×size, C of 1 or 3."""
    if images.shape[-1] == size:
        return images
    import cv2

    how = cv2.INTER_AREA if size < images.shape[-1] else cv2.INTER_CUBIC
    resized = [cv2.resize(x.transpose(1, 2, 0), (size, size), interpolation=how) for x in images]
    return np.stack(resized).reshape(len(images), size, size, -1).transpose(0, 3, 1, 2)  # OpenCV drops a single colour's axis

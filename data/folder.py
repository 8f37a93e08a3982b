"""folder:PATH: every PNG or JPEG below a folder, resized to cover the square and centre-cropped, or to lie in it, as RGB.

Up to IN_MEMORY bytes of pixels are decoded at once; of a larger folder only names are kept and images are read as they come up,
which on a machine of few cores takes time from the training (docs/performance.md).
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from data.dataset import Dataset
from errors import UserError, shortened
from storage import reading

SUFFIXES = {".png", ".jpg", ".jpeg"}
HELD_OUT = 10  # every tenth image by name
IN_MEMORY = 512 << 20
LARGEST = 50_000_000  # pixels of an image, also when its shorter side is the square's: 150 MB, 300 MB while it is decoded
LARGEST_FILE = 256 << 20  # bytes
WORK = 20  # times LARGEST: pixels in all scans of a JPEG; a progressive one has about ten
SEGMENTS = 100_000  # of a JPEG, or chunks of a PNG; large ones have some 10,000
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# a JPEG's next segment; 0xff with 0 or a restart marker (0xd0 to 0xd7) is part of the data of a scan, with 0xff filling
MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
FRAMES, SCAN, END = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}, 0xDA, 0xD9


def load(name: str, data_dir: str | None, image_size: int, fit: str = "crop") -> Dataset:
    """N×3×S×S; each tenth image, in the order of names, is held out. fit: of read_image. Raises UserError for no or broken
    images.

    The folders in PATH are classes, in the order of their names, if there are two at least and every image lies in one.
    """
    try:
        root = Path(name.split(":", 1)[1]).expanduser()
        if not reading.is_folder(root):
            raise UserError(f"data {name}: {root} is not a folder")
        paths = sorted(p for p in _files(root) if p.suffix.lower() in SUFFIXES and reading.is_file(p))
    except (OSError, RuntimeError) as error:  # RuntimeError: ~ of an unknown user, folders nested a thousand deep
        path, why = getattr(error, "filename", None), getattr(error, "strerror", None) or error
        where = f" in {shortened(path)}" if path else ""
        raise UserError(f"data {shortened(name)}: its pictures cannot be looked for{where}: {why}") from None
    if len(paths) < 2:
        raise UserError(f"data {name}: {len(paths)} images in {root}; PNG or JPEG files are wanted, two at least")
    held = np.arange(len(paths)) % HELD_OUT == min(HELD_OUT, len(paths)) - 1
    train, heldout = (Files([p for p, h in zip(paths, held) if h == which], image_size, fit, root) for which in (False, True))
    numbers, classes = classes_of(root, paths)
    labels, heldout_labels = (None, None) if numbers is None else (numbers[~held], numbers[held])
    if 3 * image_size**2 * len(paths) <= IN_MEMORY:
        return Dataset(name, train[:], heldout[:], labels, heldout_labels, classes=classes)
    train.read(0)  # a folder of something else should not wait for the first step
    return Dataset(name, cast(np.ndarray, train), cast(np.ndarray, heldout), labels, heldout_labels, classes=classes)


def _files(root: Path) -> Iterator[Path]:
    """All that is no folder below `root`, also in folders that are linked there; those of `root` itself, and circles, once only.
    Raises OSError for a folder that cannot be read, RuntimeError."""
    top = os.path.realpath(root)
    seen = {top}

    def fail(error):
        raise error

    def is_new(path):
        real = os.path.realpath(path)
        if real in seen or (path.is_symlink() and Path(real).is_relative_to(top)):
            return False
        seen.add(real)
        return True

    for place, folders, names in os.walk(root, onerror=fail, followlinks=True):
        folders[:] = [name for name in sorted(folders) if is_new(Path(place, name))]
        yield from (Path(place, name) for name in names)


def classes_of(root: Path, paths: Sequence[Path]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """(int64 class of each image, names of the classes): the folders in `root` that they lie in. (None, ()) if there are none."""
    folders = [path.relative_to(root).parts[0] for path in paths if path.parent != root]
    names = sorted(set(folders))
    if len(folders) < len(paths) or len(names) < 2:
        return None, ()
    return np.searchsorted(np.array(names, object), np.array(folders, object)).astype(np.int64), tuple(names)


class Files:
    """Images that stay in their files, indexed like the uint8 array N×3×S×S that they would make."""

    ndim, dtype = 4, np.dtype(np.uint8)

    def __init__(self, paths: Sequence[Path], size: int, fit: str, root: Path):
        # 100,000 Path objects would take 50 MB, an array of numpy's strings as many times the longest name
        self._names = np.array([str(path) for path in paths], object)
        self.size, self.fit, self.root = size, fit, root

    def __len__(self):
        return len(self._names)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), 3, self.size, self.size)

    def read(self, index: int) -> np.ndarray:
        return read_image(self._names[index], self.size, self.fit)

    def __getitem__(self, indices):
        """Images by an integer array, a mask or a slice."""
        names = np.atleast_1d(self._names[indices])
        images = np.empty((len(names), 3, self.size, self.size), np.uint8)  # a list of all of them would double the memory
        for row, name in enumerate(names):
            images[row] = read_image(name, self.size, self.fit)
        return images

    def digest(self) -> bytes:
        """SHA-256 of names below `root` and file sizes, and of how they fit unless cropped: reading the files themselves could
        take minutes. Raises UserError."""
        try:
            lines = "".join(f"{os.path.relpath(name, self.root)}:{Path(name).stat().st_size}\n" for name in self._names)
        except OSError as error:
            raise UserError(f"{error.filename} cannot be read: {error.strerror}") from None
        lines += "" if self.fit == "crop" else f"fit:{self.fit}\n"
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).digest()


def read_image(path: str | Path, size: int, fit: str = "crop") -> np.ndarray:
    """One image file as uint8 3×size×size, RGB. Raises UserError for any other file and for pictures that are too large.

    fit: 'crop' scales the shorter side to the square's and cuts the longer one off on both ends alike; 'pad' scales the longer
    side, and black fills what is missing.
    """
    import cv2

    raw, damaged = reading.read(path, LARGEST_FILE), f"{path} is not an image (PNG or JPEG) that can be read"
    width, height, scans = measure(raw)
    if not width * height * scans:
        raise UserError(f"{damaged}: no picture begins in it")
    if width * height > LARGEST or scans * width * height > WORK * LARGEST:
        raise UserError(f"{path} has {width}×{height} pixels in {scans} scans; up to {LARGEST:,} in {WORK} scans are taken")
    try:
        with _without_stderr():
            image = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise UserError(f"{damaged}: it is damaged")
        if image.shape[:2] == (size, size):
            return image[..., ::-1].transpose(2, 0, 1)
        height, width = image.shape[:2]
        crop = fit == "crop"
        scale, least = (size / min(height, width), size) if crop else (size / max(height, width), 1)
        new = max(least, round(width * scale)), max(least, round(height * scale))
        if new[0] * new[1] > LARGEST:
            raise UserError(f"{path} has {width}×{height} pixels: too long a strip to make a square of")
        image = cv2.resize(image, new, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    except (cv2.error, MemoryError) as error:
        raise UserError(f"{damaged}: {str(error)[:100]}") from None
    if not crop:
        square = np.zeros((size, size, 3), np.uint8)
        top, left = (size - new[1]) // 2, (size - new[0]) // 2
        square[top : top + new[1], left : left + new[0]] = image
        return square[..., ::-1].transpose(2, 0, 1)
    top, left = (new[1] - size) // 2, (new[0] - size) // 2
    return image[top : top + size, left : left + size, ::-1].transpose(2, 0, 1)


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    """What libpng and libjpeg write there of a damaged file is left out: an error is one line, and it is ours."""
    with contextlib.ExitStack() as handles:
        try:
            own = os.dup(2)
            handles.callback(os.close, own)
            nothing = os.open(os.devnull, os.O_WRONLY)
            handles.callback(os.close, nothing)
        except OSError:  # it is closed, or no more files can be opened
            yield
            return
        os.dup2(nothing, 2)
        try:
            yield
        finally:
            os.dup2(own, 2)


def measure(raw: bytes) -> tuple[int, int, int]:
    """(width, height, number of scans) of a PNG or JPEG by its header, before anything is decoded; zeros if it is neither.

    Or if it is cut short: OpenCV would make room for whatever length a chunk of a PNG says it has. A scan of a JPEG goes over all
    of its pixels, and may take no more than ten bytes: thousands of them would take minutes.
    """
    if raw.startswith(PNG):
        at = len(PNG)
        for _ in range(SEGMENTS):
            if raw[at + 4 : at + 8] == b"IEND" and at + 12 <= len(raw):
                return int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big"), 1
            at += 12 + int.from_bytes(raw[at : at + 4], "big")
            if at > len(raw):
                break
    elif raw.startswith(JPEG):
        width = height = scans = 0
        at = 2
        for _ in range(SEGMENTS):
            marker = MARKER.search(raw, at)
            if marker is None or raw[marker.start() + 1] == END:
                return width, height, scans
            code, at = raw[marker.start() + 1], marker.end()
            if code in FRAMES and not width:
                height, width = int.from_bytes(raw[at + 3 : at + 5], "big"), int.from_bytes(raw[at + 5 : at + 7], "big")
            scans += code == SCAN
            at += int.from_bytes(raw[at : at + 2], "big")
    return 0, 0, 0


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """uint8 N×C×H×H to N×C×size×size, C of 1 or 3."""
    if images.shape[-1] == size:
        return images
    import cv2

    how = cv2.INTER_AREA if size < images.shape[-1] else cv2.INTER_CUBIC
    resized = [cv2.resize(x.transpose(1, 2, 0), (size, size), interpolation=how) for x in images]
    return np.stack(resized).reshape(len(images), size, size, -1).transpose(0, 3, 1, 2)  # OpenCV drops a single colour's axis

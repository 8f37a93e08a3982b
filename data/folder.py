"""folder:PATH: every PNG or JPEG below a folder, resized to cover the square and centre-cropped, as RGB."""

from pathlib import Path

import numpy as np

from data.dataset import Dataset
from errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg"}
HELD_OUT = 0.1  # share of the images, every tenth by name


def load(name, data_dir, image_size):
    """All images in memory as N×3×S×S; each tenth, in the order of names, is held out."""
    root = Path(name.split(":", 1)[1]).expanduser()
    if not root.is_dir():
        raise UserError(f"data {name}: {root} is not a folder")
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if len(paths) < 2:
        raise UserError(f"data {name}: {len(paths)} images in {root}; PNG or JPEG files are wanted, two at least")
    images = np.stack([read_image(path, image_size) for path in paths])
    held = np.arange(len(paths)) % int(1 / HELD_OUT) == min(9, len(paths) - 1)
    return Dataset(name, images[~held], images[held])


def read_image(path, size):
    """One image file as uint8 3×size×size, RGB. Raises UserError if OpenCV cannot decode it."""
    import cv2

    try:
        raw = np.fromfile(path, np.uint8)
        image = cv2.imdecode(raw, cv2.IMREAD_COLOR) if raw.size else None
    except (cv2.error, OSError):
        image = None
    if image is None:
        raise UserError(f"{path} is not an image that can be read")
    height, width = image.shape[:2]
    scale = size / min(height, width)
    new = max(size, round(width * scale)), max(size, round(height * scale))
    image = cv2.resize(image, new, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (new[1] - size) // 2, (new[0] - size) // 2
    return image[top : top + size, left : left + size, ::-1].transpose(2, 0, 1)


def resize(images, size):
    """uint8 N×C×H×H to N×C×size×size."""
    if images.shape[-1] == size:
        return images
    import cv2

    how = cv2.INTER_AREA if size < images.shape[-1] else cv2.INTER_CUBIC
    shrunk = [cv2.resize(x.transpose(1, 2, 0), (size, size), interpolation=how) for x in images]
    return np.stack(shrunk).transpose(0, 3, 1, 2)

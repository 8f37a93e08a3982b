"""Images that another program wrote, as an .npz, in any usual form."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data import Source
from data.dataset import crop_to
from errors import UserError
from storage import reading

LARGEST, NUMBERS = 320 << 20, 160 << 20  # bytes and numbers the array may have: 50,000 CIFAR images in uint8, 25,000 in float32
MOST = 1024  # pixels a side, as a recipe's image_size
PIECE, AT_ONCE = 4 << 20, 1 << 20  # bytes that are converted at once, and that are read
WANTED = "uint8 or float, N×H×W, N×H×W×C or N×C×H×W, square, 1 or 3 colours"


def read_points(path: str | Path) -> np.ndarray:
    """float32 N×2 from `points` (or `images`) of an .npz. Raises UserError."""
    array = _read(path, ("points", "images"))
    if array.dtype.kind not in "fiu" or array.ndim != 2 or array.shape[1] != 2:
        raise UserError(f"{path}: wants points N×2, not {array.dtype} of shape {array.shape}")
    with np.errstate(over="ignore"):  # an infinity is an error further on
        return array.astype(np.float32)


def read_labels(path: str | Path) -> np.ndarray | None:
    """int64 N from `labels` of an .npz; None if it has none, or others than whole numbers in a row."""
    with contextlib.suppress(UserError):
        array = _read(path, ("labels",))
        if array.ndim == 1 and len(array) and array.dtype.kind in "iu":
            return array.astype(np.int64)
    return None


def image_size(path: str | Path, source: Source) -> int:
    """Pixels a side at which to read a data set that a file is compared with: the file's own where the data set has no size, or
    where its pictures are enlarged for networks of that size."""
    if source.is_points or (source.size and not source.enlarged):
        return 32
    side = to_channels_first(_read(path, ("images",)), path).shape[-1]
    return side if source.size in (None, side) or side in source.enlarged else source.size


def read_images(path: str | Path, colours: int, size: int, native_size: int | None = None) -> np.ndarray:
    """uint8 N×colours×S×S from `images` of an .npz, S the data set's native size. Raises UserError.

    Floats may lie in [0, 1] or, if any is below 0, in [−1, 1]. Images of the padded size are cropped to the native one, as digits
    of 32 pixels to 28. Grey images stored as three equal colours are grey again.
    """
    images = to_channels_first(_read(path, ("images",)), path)
    images = to_uint8(images, path)
    if images.shape[1] == 3 and colours == 1:
        grey = np.empty((len(images), 1, *images.shape[2:]), np.uint8)
        for piece in _pieces(images):
            red, green, blue = images[piece].transpose(1, 0, 2, 3).astype(np.int16)
            spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
            if spread.max() > 8:
                raise UserError(f"{path} holds images in colour, the data set is grey: name other data with --data")
            grey[piece, 0] = np.rint((red + green + blue) / 3)
        images = grey
    if images.shape[1] != colours:
        raise UserError(f"{path} holds grey images, the data set has {colours} colours: name other data with --data")
    if images.shape[-1] == size:
        images = crop_to(images, native_size)
    pixels, wanted = images.shape[-1], native_size or size
    if pixels != wanted:
        raise UserError(f"{path} holds images of {pixels}×{pixels} pixels, the data set has {wanted}×{wanted}")
    return images


def to_channels_first(images: np.ndarray, where: str | Path) -> np.ndarray:
    """N×H×W, N×H×W×C or N×C×H×W → N×C×H×W. Raises UserError."""
    shape = images.shape
    if images.size == 0:
        raise UserError(f"{where} holds no images: shape {shape}")
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and shape[1] == shape[2] and shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    elif images.ndim != 4 or shape[1] not in (1, 3):
        raise UserError(f"{where}: images of shape {shape}; wanted are {WANTED}")
    if images.shape[2] != images.shape[3] or images.shape[2] > MOST:
        raise UserError(f"{where}: images of {images.shape[2]}×{images.shape[3]} pixels; wanted are {WANTED}")
    return images


def to_uint8(images: np.ndarray, where: str | Path) -> np.ndarray:
    """uint8 as they are, floats of [0, 1] or [−1, 1] scaled to 0..255. Raises UserError for any other numbers."""
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise UserError(f"{where}: pixels are {images.dtype}; wanted are {WANTED}")
    wide = np.promote_types(images.dtype, np.float32)  # numpy is slow at half precision
    extremes = [(part.min(), part.max()) for part in (images[piece].astype(wide, copy=False) for piece in _pieces(images))]
    low, high = float(np.min(extremes)), float(np.max(extremes))  # NaN if there is one
    if not (np.isfinite(low) and np.isfinite(high)):
        raise UserError(f"{where}: there is a NaN or an infinity among the pixels")
    if low < -1.001 or high > 1.001:
        raise UserError(f"{where}: float pixels from {low:.4g} to {high:.4g}; wanted are [0, 1] or [−1, 1] (or uint8)")
    converted = np.empty(images.shape, np.uint8)
    for piece in _pieces(images):
        part = images[piece].astype(wide, copy=False)
        converted[piece] = np.rint(np.clip(part if low >= -0.001 else (part + 1) / 2, 0, 1) * 255)
    return converted


def _pieces(images: np.ndarray) -> Iterator[slice]:
    """Slices of PIECE bytes, or of one image: what is computed of all at once takes several times their memory."""
    step = max(1, PIECE // images[:1].nbytes)
    return (slice(at, at + step) for at in range(0, len(images), step))


class _InPieces(io.FileIO):
    """A file of which AT_ONCE bytes are read at once at most: a zip file's directory is, whatever size it says."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(AT_ONCE if size is None or size < 0 else min(size, AT_ONCE))


def _read(path, names):
    """The first array of `names` in an .npz. Raises UserError."""
    try:
        with reading.regular(path) as file, zipfile.ZipFile(_InPieces(file.fileno(), closefd=False)) as archive:
            members = {item.filename.removesuffix(".npy"): item for item in archive.infolist()}
            item = next((members[name] for name in names if name in members), None)
            if item is None:
                raise UserError(f"{path} has no array `{names[0]}`; it has {', '.join(members)[:200] or 'none'}")
            if item.file_size > LARGEST:
                raise UserError(f"{path}: {item.filename} unpacks to more than {LARGEST >> 20} MiB")
            if item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others take memory of their own
                raise UserError(f"{path}: {item.filename} is packed otherwise than numpy does")
            with archive.open(item) as member:
                array = np.lib.format.read_array(member, allow_pickle=False)
            if array.size > NUMBERS:
                raise UserError(f"{path}: {item.filename} has {array.size:,} numbers; up to {NUMBERS:,} are taken")
            return array
    except UserError:
        raise
    except Exception as error:  # a damaged file fails in many ways: zlib, header, pickle refused
        raise UserError(f"{path} cannot be read as .npz: {getattr(error, 'strerror', None) or str(error)[:100]}") from None

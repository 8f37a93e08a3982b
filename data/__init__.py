"""Data sets by name. Every reader gives uint8 images (or 2-D points) and held-out ones beside them.

A new data set is a file with a `load(name, data_dir, image_size) -> Dataset` and a row in SOURCES.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from data.dataset import Dataset, Order
from errors import UserError, one_of
from storage import reading

__all__ = ["FITS", "SOURCES", "Dataset", "Order", "Source", "check_fit", "key_of", "load", "source"]

FITS = ("crop", "pad")  # how a picture of any sides becomes a square: what stands out is cut off, or black fills what is missing


@dataclass(frozen=True)
class Source:
    """A row of SOURCES: all that depends on a data set, beside where its files lie (data/files.py's Remote).

    load: (name, data_dir, image_size) → Dataset; where its pictures have any_sides, `fit` of FITS is a fourth argument. kind:
    which metrics fit; 'stacked' are images of three labelled digits each, 'mixture' points whose modes are known (Dataset.modes).
    feature_network: of metrics/networks.py, None if none knows such images. own_classes: the data have the classes that it was
    trained on. size: pixels a side of its pictures; None if its reader makes any that is asked for. enlarged: larger sizes that
    it makes, too, for networks of these. samples: that eval.py scores unless told otherwise. family: block of a config's per_data
    that it shares with others, below the one of its own name.
    """

    load: Callable[..., Dataset]
    kind: Literal["images", "stacked", "points", "mixture"] = "images"
    feature_network: str | None = None
    own_classes: bool = False
    size: int | None = None
    samples: int = 5000
    family: str | None = None
    any_sides: bool = False
    enlarged: tuple[int, ...] = ()

    @property
    def is_points(self) -> bool:
        return self.kind in ("points", "mixture")


def load_of(module: str) -> Callable[..., Dataset]:
    """`load` of a module of this package, which is imported when it is called: what downloads needs takes time to import."""
    return lambda *arguments: importlib.import_module(f"data.{module}").load(*arguments)


SOURCES = {
    "mnist-5k": Source(load_of("mnist5k"), feature_network="digits", own_classes=True, size=28),
    "mnist": Source(load_of("idx"), feature_network="digits", own_classes=True, size=28),
    "fashion-mnist": Source(load_of("idx"), feature_network="fashion", own_classes=True, size=28),
    "cifar10": Source(load_of("cifar10"), feature_network="cifar10", own_classes=True, size=32, enlarged=(64, 128)),
    "stacked-mnist": Source(load_of("stacked"), "stacked", feature_network="digits", size=28, samples=25_600),
    "folder:PATH": Source(load_of("folder"), feature_network="cifar10", any_sides=True),
    "8gaussians": Source(load_of("toys"), "mixture", family="points"),
    "25gaussians": Source(load_of("toys"), "mixture", family="points"),
    "swissroll": Source(load_of("toys"), "points", family="points"),
    "2lines": Source(load_of("toys"), "points", family="points"),
}


def key_of(name: str) -> str:
    """The key of SOURCES for a data name: 'folder:PATH' for any folder, else the name. Raises UserError, naming the nearest."""
    key = "folder:PATH" if isinstance(name, str) and name.startswith("folder:") else name
    if not isinstance(name, str) or key not in SOURCES:
        raise one_of("data", name, SOURCES)
    if key == "folder:PATH" and name in ("folder:", "folder:PATH"):
        raise UserError("data 'folder:' needs a path after the colon, as in folder:my/images")
    return key


def source(name: str) -> Source:
    """The row of a data set. Raises UserError."""
    return SOURCES[key_of(name)]


def check_fit(name: str, fit: str) -> None:
    """Raise UserError unless the pictures of a data set can be made square by `fit`."""
    if fit not in FITS:
        raise one_of("fit", fit, FITS)
    if fit != FITS[0] and not source(name).any_sides:
        names = ", ".join(key for key, row in SOURCES.items() if row.any_sides)
        raise UserError(f"fit {fit} is for pictures that are not square, of {names}: {name} has none")


def load(name: str, data_dir: str | None = None, image_size: int = 32, fit: str = FITS[0]) -> Dataset:
    """Read the data set `name`.

    data_dir: a folder that is looked in first. image_size: pixels a side that networks see; 28 × 28 digits are padded to
    32 or left at 28. fit: of FITS. Raises UserError for anything that cannot be read.
    """
    check_fit(name, fit)
    row = source(name)
    if data_dir is not None and not reading.is_folder(data_dir):  # also where none is needed: it is mistyped
        raise UserError(f"--data-dir {data_dir} is not a folder")
    dataset = row.load(name, data_dir, image_size, *([fit] if row.any_sides else []))
    if not isinstance(dataset, Dataset):  # of a user's reader
        raise UserError(f"{name}: its reader returned a {type(dataset).__name__}, not a data.Dataset")
    if dataset.is_points != row.is_points:
        raise UserError(f"{name} is a row of SOURCES for {row.kind}, and its reader returned the other of images and points")
    if not dataset.is_points and dataset.shape[1] != image_size:
        raise UserError(
            f"{name}: its reader returned images of {dataset.shape[1]} pixels a side, not of image_size = {image_size}"
        )
    return dataset

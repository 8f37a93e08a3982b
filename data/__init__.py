"""Data sets by name. Every reader gives uint8 images (or 2-D points) and held-out ones beside them.

A new source is one file with a `load(data_dir, image_size) -> Dataset` and a line in SOURCES.
"""

import importlib

from data.dataset import Dataset, Order
from errors import UserError, one_of

__all__ = ["POINTS", "SOURCES", "Dataset", "Order", "check_name", "load"]

# name -> module of this package; nothing is imported before it is asked for
SOURCES = {
    "mnist-5k": "mnist5k",
    "mnist": "idx",
    "fashion-mnist": "idx",
    "cifar10": "cifar10",
    "stacked-mnist": "stacked",
    "folder:PATH": "folder",
    "8gaussians": "toys",
    "25gaussians": "toys",
    "swissroll": "toys",
}
POINTS = ("8gaussians", "25gaussians", "swissroll")


def family(name):
    """The key of SOURCES for a data name: 'folder:PATH' for any folder, else the name. Raises UserError."""
    key = "folder:PATH" if isinstance(name, str) and name.startswith("folder:") else name
    if not isinstance(name, str) or key not in SOURCES:
        raise one_of("data", name, SOURCES)
    if key == "folder:PATH" and name in ("folder:", "folder:PATH"):
        raise UserError("data 'folder:' needs a path after the colon, as in folder:my/images")
    return key


def check_name(name):
    """Raise UserError, naming the nearest source, unless `name` is a data set."""
    family(name)


def load(name, data_dir=None, image_size=32):
    """Read the data set `name`.

    data_dir: a folder that is looked in first. image_size: pixels a side that networks see; 28 × 28 digits are padded to
    32 or left at 28. Raises UserError for anything that cannot be read.
    """
    module = importlib.import_module(f"data.{SOURCES[family(name)]}")
    return module.load(name, data_dir, image_size)

"""What no metric takes: each raises a NotMeasurable that names it."""

from collections.abc import Callable

import numpy as np

from data import Dataset
from errors import NotMeasurable
from metrics.draws import Items


def rows(metric: str, *sets: np.ndarray, at_least: int = 2) -> list[np.ndarray]:
    """The sets as float64 N×D, of one width. Raises NotMeasurable if one is empty, too small, of another shape or not finite."""
    arrays = []
    for items in sets:
        items = np.asarray(items)
        if items.dtype.kind not in "fiu":
            raise NotMeasurable(f"{metric}: wants numbers, not {items.dtype}")
        if items.ndim < 2 or 0 in items.shape[1:]:
            raise NotMeasurable(f"{metric}: wants N rows of D numbers, not an array of shape {items.shape}")
        if len(items) < at_least:
            raise NotMeasurable(f"{metric}: {len(items)} samples are too few, {at_least} are needed")
        items = items.reshape(len(items), -1).astype(np.float64)
        if not np.isfinite(items).all():
            raise NotMeasurable(f"{metric}: there is a NaN or an infinity among the numbers")
        arrays.append(items)
    if len({items.shape[1] for items in arrays}) > 1:
        raise NotMeasurable(f"{metric}: rows of {' and '.join(str(items.shape[1]) for items in arrays)} numbers do not compare")
    return arrays


def equally_many(metric: str, a: np.ndarray, b: np.ndarray) -> None:
    """Raise NotMeasurable unless there are as many rows on either side."""
    if len(a) != len(b):
        raise NotMeasurable(f"{metric}: wants as many samples on either side, not {len(a)} and {len(b)}")


def held_out(metric: str, at_least: int) -> Callable[[Items, Dataset], None]:
    """A `check` of registry.Metric: so many images are held out, of which a draw has no more than there are."""

    def check(samples, dataset):
        if len(dataset.heldout) < at_least:
            raise NotMeasurable(
                f"{metric}: {dataset.name} holds out {len(dataset.heldout)} images, {at_least} are needed "
                "(name the others with --metrics)"
            )

    return check

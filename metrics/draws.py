"""What a metric is given: items with all that is known of each, and draws of them."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from data import Dataset

BASELINE_DRAWS = 10  # of real data, fewer where there are too few items


def _unknown():
    return np.empty(0)


@dataclass
class Items:
    """N samples or data items, row by row.

    items: uint8 N×C×H×W or points N×2. features: N×F (points: the points). probabilities: N×10, stacked N×3×10. nearest:
    distance to the nearest training image (of a training image: to the nearest other one). critic: the critic's outputs.
    labels: int64 class of each, of a sample the one that it was drawn with. What no metric asked for is empty.
    """

    items: np.ndarray
    features: np.ndarray = field(default_factory=_unknown)
    probabilities: np.ndarray = field(default_factory=_unknown)
    nearest: np.ndarray = field(default_factory=_unknown)
    critic: np.ndarray = field(default_factory=_unknown)
    labels: np.ndarray = field(default_factory=_unknown)

    def __len__(self):
        return len(self.items)

    def take(self, rows: np.ndarray | slice) -> Items:
        return replace(self, **{name: value[rows] for name, value in self.known().items()})

    def join(self, other: Items) -> Items:
        mine, others = self.known(), other.known()
        return Items(**{name: np.concatenate([value, others[name]]) for name, value in mine.items() if name in others})

    def known(self) -> dict[str, np.ndarray]:
        """What is known of the items, by attribute; the items themselves among it."""
        return {f.name: value for f in fields(self) if len(value := getattr(self, f.name))}


@dataclass
class Draw:
    """fake: n samples. real: n training items. reference: all training items in use. heldout: held-out items. dataset: that
    these are of, with its labels and modes. network: the architecture that the features come from. seed: for directions."""

    fake: Items
    real: Items
    reference: Items
    heldout: Items
    dataset: Dataset
    network: str
    seed: int


def of_samples(samples: Items, reference: Items, heldout: Items, n: int, seed: int, **rest: Any) -> Iterator[Draw]:
    """Disjoint draws of n of the samples, as many as there are. rest: dataset and network of each Draw."""
    rng = np.random.default_rng([seed, 1])
    order = rng.permutation(len(samples))
    for start in range(0, len(order) - n + 1, n):
        real = reference.take(rng.permutation(len(reference))[:n])
        yield Draw(samples.take(order[start : start + n]), real, reference, heldout, seed=seed, **rest)


def of_heldout(reference: Items, heldout: Items, n: int, seed: int, count: int = BASELINE_DRAWS, **rest: Any) -> Iterator[Draw]:
    """Draws in which held-out items stand where samples stood: disjoint blocks if there are five, otherwise n at random."""
    rng = np.random.default_rng([seed, 2])
    order = rng.permutation(len(heldout))
    blocks = has_blocks(heldout, n)
    for block in range(min(count, len(heldout) // n) if blocks else count):
        rows = order[block * n : (block + 1) * n] if blocks else rng.permutation(len(heldout))[:n]
        # the rest alone, where it is no smaller than a draw: of a few items no quantile is known
        others = heldout.take(np.setdiff1d(order, rows)) if len(heldout) >= 2 * n else heldout
        yield Draw(heldout.take(rows), reference.take(rng.permutation(len(reference))[:n]), reference, others, seed=seed, **rest)


def has_blocks(heldout: Sized, n: int) -> bool:
    """Whether held-out items alone show how much a draw of n scatters."""
    return len(heldout) >= 5 * n


def divided_anew(reference: Items, heldout: Items, n: int, seed: int, **rest: Any) -> Iterator[Draw]:
    """Draws that divide training and held-out items at random, to see how much a draw scatters where few are held out.

    Their mean is no baseline: it is better than what held-out images score, presumably because digits of one writer then
    lie on both sides.
    """
    rng = np.random.default_rng([seed, 4])
    pool = reference.join(heldout)
    for _ in range(BASELINE_DRAWS):
        order = rng.permutation(len(pool))
        held, kept = pool.take(order[: len(heldout)]), pool.take(order[len(heldout) :])
        again = kept.take(slice(n, n + len(heldout)))
        yield Draw(held.take(slice(n)), kept.take(slice(n)), kept, again, seed=seed, **rest)


def of_training(reference: Items, heldout: Items, n: int, seed: int, **rest: Any) -> Iterator[Draw]:
    """For a critic, which knows its training images: n of them where samples stood, against all that is held out."""
    rng = np.random.default_rng([seed, 2])
    for _ in range(BASELINE_DRAWS):
        items = reference.take(rng.permutation(len(reference))[:n])
        yield Draw(items, items, reference, heldout, seed=seed, **rest)

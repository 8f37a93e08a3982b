"""What a metric is given: items with all that is known of each, and draws of them."""

from dataclasses import dataclass, fields, replace

import numpy as np

FLOOR = 10  # draws, fewer where there are too few items


@dataclass
class Items:
    """N samples or data items, row by row.

    items: uint8 N×C×H×W or points N×2. features: N×F (points: the points). probabilities: N×10, stacked N×3×10. nearest:
    distance to the nearest training image (of a training image: to the nearest other one). critic: the critic's outputs.
    What no metric asked for is None.
    """

    items: np.ndarray
    features: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    nearest: np.ndarray | None = None
    critic: np.ndarray | None = None

    def __len__(self):
        return len(self.items)

    def take(self, rows):
        return replace(self, **{f.name: value[rows] for f in fields(self) if (value := getattr(self, f.name)) is not None})

    def join(self, other):
        both = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        joined = {k: np.concatenate(pair) for k, pair in both.items() if pair[0] is not None and pair[1] is not None}
        return Items(**joined)


@dataclass
class Draw:
    """fake: n samples. real: n training items. reference: all training items in use. heldout: held-out items. data, labels:
    the data set's name and training labels. network: the architecture that the features come from. seed: for directions."""

    fake: Items
    real: Items
    reference: Items
    heldout: Items
    data: str
    labels: np.ndarray | None
    network: str
    seed: int


def of_samples(samples, reference, heldout, n, seed, **rest):
    """Disjoint draws of n of the samples, as many as there are."""
    rng = np.random.default_rng([seed, 1])
    order = rng.permutation(len(samples))
    for start in range(0, len(order) - n + 1, n):
        real = reference.take(rng.permutation(len(reference))[:n])
        yield Draw(samples.take(order[start : start + n]), real, reference, heldout, seed=seed, **rest)


def of_heldout(reference, heldout, n, seed, many=FLOOR, **rest):
    """Draws in which held-out items stand where samples stood: disjoint blocks if there are five, otherwise n at random."""
    rng = np.random.default_rng([seed, 2])
    order = rng.permutation(len(heldout))
    for block in range(min(many, len(heldout) // n) if has_blocks(heldout, n) else many):
        rows = order[block * n : (block + 1) * n] if has_blocks(heldout, n) else rng.permutation(len(heldout))[:n]
        others = heldout.take(np.setdiff1d(order, rows)) if len(heldout) > n else heldout
        yield Draw(heldout.take(rows), reference.take(rng.permutation(len(reference))[:n]), reference, others, seed=seed, **rest)


def has_blocks(heldout, n):
    """Whether held-out items alone show how much a draw of n scatters."""
    return len(heldout) >= 5 * n


def divided_anew(reference, heldout, n, seed, many=FLOOR, **rest):
    """Draws that divide training and held-out items at random, to see how much a draw scatters where few are held out.

    Their mean is no floor: it is better than what held-out images score, presumably because digits of one writer then
    lie on both sides.
    """
    rng = np.random.default_rng([seed, 4])
    pool = reference.join(heldout)
    for _ in range(many):
        order = rng.permutation(len(pool))
        held, kept = pool.take(order[: len(heldout)]), pool.take(order[len(heldout) :])
        again = kept.take(slice(n, n + len(heldout)))
        yield Draw(held.take(slice(n)), kept.take(slice(n)), kept, again, seed=seed, **rest)


def of_training(reference, heldout, n, seed, many=FLOOR, **rest):
    """For a critic, which knows its training images: n of them where samples stood, against all that is held out."""
    rng = np.random.default_rng([seed, 2])
    for _ in range(many):
        items = reference.take(rng.permutation(len(reference))[:n])
        yield Draw(items, items, reference, heldout, seed=seed, **rest)

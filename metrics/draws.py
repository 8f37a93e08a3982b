"""What a metric is given: items with all that is known of each, and draws of them."""

from dataclasses import dataclass, fields, replace

import numpy as np


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


def of_floor(reference, heldout, n, seed, swapped=False, many=5, **rest):
    """Draws in which real items stand where samples stood.

    Disjoint blocks of n held-out items where there are five. Where there are fewer, the first draw is of held-out items
    and the others divide held-out and training items anew: to a measure they are as good as one another. swapped (for a
    critic, which knows its training images): n training items against all that is held out.
    """
    rng = np.random.default_rng([seed, 2])
    if swapped:
        for _ in range(many):
            items = reference.take(rng.permutation(len(reference))[:n])
            yield Draw(items, items, reference, heldout, seed=seed, **rest)
        return
    order = rng.permutation(len(heldout))
    blocks = min(many, len(heldout) // n)
    for block in range(blocks):
        rows = order[block * n : (block + 1) * n]
        others = heldout.take(np.setdiff1d(order, rows)) if len(heldout) > n else heldout
        yield Draw(heldout.take(rows), reference.take(rng.permutation(len(reference))[:n]), reference, others, seed=seed, **rest)
    if blocks < many and len(reference) >= len(heldout):
        pool = reference.join(heldout)
        for _ in range(many - blocks):
            order = rng.permutation(len(pool))
            held, kept = pool.take(order[: len(heldout)]), pool.take(order[len(heldout) :])
            fake, again = held.take(slice(n)), kept.take(slice(n, n + len(heldout)))
            yield Draw(fake, kept.take(slice(n)), kept, again, seed=seed, **rest)

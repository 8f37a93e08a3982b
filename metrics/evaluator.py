"""How samples are scored: describe every item once, draw, measure, and set the floor beside it."""

import importlib
import time

import numpy as np

import metrics
from data.dataset import crop_to
from errors import UserError
from metrics import cache, draws, frechet, memorised, networks
from metrics.draws import Items

CRITIC = 2500  # items of each side that a critic is asked about
REFERENCE = 10_000  # training images that stand for all of them; the nearest one is looked for among all


def evaluate(images, dataset, names, seed, critic, say):
    """See metrics.evaluate. names: checked ones."""
    judge = Judge(dataset, critic, say)
    samples = check(images, dataset)
    needs = needs_of(names)
    began = time.monotonic()
    samples = judge.describe(samples, needs - {"nearest"})
    say(f"{len(samples):,} samples described in {time.monotonic() - began:.1f} s")
    if "frechet" in names:  # before the data are described, which takes longer
        features = samples.features.shape[1]
        frechet.check_count(len(samples), features)
        if len(dataset.heldout) <= features:
            raise UserError(
                f"frechet: {dataset.name} holds out {len(dataset.heldout)} images, too few for {features} features "
                "(leave it out with --metrics)"
            )
    judge.prepare(needs)
    found = {}
    for name in names:
        began = time.monotonic()
        values = judge.values(name, samples, seed)
        floor = judge.floor(name, n_of(name, len(samples), dataset), seed)
        for value, (mean, deviation) in values.items():
            at, spread = floor.get(value, (None, None))
            found[value] = {"value": mean, "deviation": deviation, "floor": at, "floor_deviation": spread}
        say(f"{name} in {time.monotonic() - began:.1f} s")
    return found


def needs_of(names):
    return {need for name in names for need in metrics.METRICS[name].needs}


def n_of(name, count, dataset):
    """Samples a draw."""
    return min(metrics.METRICS[name].block, count, len(dataset.heldout))


def check(images, dataset):
    """The samples in the data set's own form and size. Raises UserError if they do not compare with it."""
    images = np.asarray(images)
    if not len(images):
        raise UserError("there are no samples to score")
    if dataset.is_points:
        if images.ndim != 2 or images.shape[1] != 2:
            raise UserError(f"{dataset.name} are points N×2, the samples have shape {images.shape}")
        if not np.isfinite(images).all():
            raise UserError("there is a NaN or an infinity among the samples")
        return images
    if images.dtype != np.uint8 or images.ndim != 4:
        raise UserError(f"samples must be uint8 N×C×H×W, not {images.dtype} of shape {images.shape}")
    colours, size = dataset.shape[0], dataset.shape[1]
    if images.shape[1] != colours:
        raise UserError(f"the samples have {images.shape[1]} colours, {dataset.name} has {colours}: name other data with --data")
    if images.shape[2] != images.shape[3] or images.shape[2] not in {size, dataset.native_size or size}:
        raise UserError(f"the samples have {images.shape[2]}×{images.shape[3]} pixels, {dataset.name} has {size}×{size}")
    if images.min() == images.max():
        raise UserError(f"all pixels of all samples are {images.min()}: there is nothing to score")
    return images


class Judge:
    """A data set with what is known of its images: the side that samples are compared with."""

    def __init__(self, dataset, critic, say):
        self.dataset, self.critic, self.say = dataset, critic, say
        self.network = metrics.network_of(dataset.name)
        self.known = {}

    def describe(self, items, needs, train=False):
        """Items with the attributes in `needs`. train: they are training images."""
        native = items if self.dataset.is_points else crop_to(items, self.dataset.native_size)
        known = {}
        if "features" in needs:
            if self.dataset.is_points:
                known["features"] = items
            else:
                known["features"], known["probabilities"] = networks.describe(native, self.network)
        if "nearest" in needs:
            everything = crop_to(self.dataset.train, self.dataset.native_size)
            known["nearest"] = memorised.nearest(native, everything, others_only=train)[0]
        if "critic" in needs:
            known["critic"] = self.critic(items)
        return Items(native, **known)

    def prepare(self, needs):
        """Describe the data's own images, from the cache if they were described before."""
        dataset = self.dataset
        rows = np.random.default_rng(0).permutation(len(dataset.train))[:REFERENCE]
        held = slice(0, max(REFERENCE, metrics.METRICS["stacked"].block))
        split = {"reference": dataset.train[rows], "heldout": dataset.heldout[held]}
        # how near training images are to one another matters only where the floor must divide anew
        near = {"heldout", "reference"} if len(dataset.heldout) < 5 * metrics.BLOCK else {"heldout"}
        for side, items in split.items():
            if dataset.is_points:
                self.known[side] = self.describe(items, needs - {"critic"})
            else:
                known = {}
                for need in sorted(needs & {"features"} | needs & ({"nearest"} if side in near else set())):
                    network = networks.sha256(self.network) if need == "features" else ""
                    name = cache.key("items", dataset.sha256, dataset.native_size, side, need, network)
                    known |= cache.arrays(name, lambda i=items, n=need, s=side: self._known(i, n, s))
                self.known[side] = Items(crop_to(items, dataset.native_size), **known)
            if "critic" in needs:
                some = items[:: -(-len(items) // CRITIC)]
                self.known[f"{side} by critic"] = Items(some, critic=self.critic(some))

    def _known(self, items, need, side):
        began = time.monotonic()
        made = self.describe(items, {need}, train=side == "reference")
        self.say(f"{need} of {len(items):,} {side} items in {time.monotonic() - began:.1f} s")
        return {k: v for k in ("features", "probabilities", "nearest") if (v := getattr(made, k)) is not None}

    def values(self, name, samples, seed):
        """{value: (mean, deviation)} over the draws of the samples."""
        metric = metrics.METRICS[name]
        n = n_of(name, len(samples), self.dataset)
        measured = []
        for number, draw in enumerate(draws.of_samples(samples, *self._sides(metric), n, seed, **self._rest())):
            if number == metric.draws:
                break
            if "nearest" in metric.needs:
                native = crop_to(self.dataset.train, self.dataset.native_size)
                draw.fake.nearest = memorised.nearest(draw.fake.items, native)[0]
            measured.append(self._measure(name, draw))
        return summary(measured)

    def floor(self, name, n, seed):
        """The same of real held-out items in the samples' place."""
        metric = metrics.METRICS[name]

        sides, rest = self._sides(metric), self._rest()

        def measured(drawn):
            return [self._measure(name, draw) for draw in drawn]

        def make():
            if name == "critic_estimate":
                found = summary(measured(draws.of_training(*sides, n, seed, **rest)))
            elif metric.block > metrics.BLOCK:  # as large as all that is held out
                found = summary(measured(draws.of_heldout(*sides, n, seed, many=1, **rest)))
            else:
                found = summary(measured(draws.of_heldout(*sides, n, seed, **rest)))
                if not draws.has_blocks(sides[1], n):
                    scatter = summary(measured(draws.divided_anew(*sides, n, seed, **rest)))
                    found = {value: (mean, scatter[value][1]) for value, (mean, _) in found.items()}
            return {value: list(pair) for value, pair in found.items()}

        if name == "critic_estimate":  # another critic every time
            return make()
        network = networks.sha256(self.network) if "features" in metric.needs and self.network else ""
        return cache.numbers(cache.key("floor", self.dataset.sha256, self.dataset.name, name, n, seed, network), make)

    def _sides(self, metric):
        by = " by critic" if "critic" in metric.needs else ""
        return self.known["reference" + by], self.known["heldout" + by]

    def _rest(self):
        architecture = networks.NETWORKS[self.network].architecture if self.network else ""
        return {"data": self.dataset.name, "labels": self.dataset.labels, "network": architecture}

    def _measure(self, name, draw):
        return importlib.import_module(f"metrics.{name}").measure(draw)


def summary(measured):
    """{value: (mean, standard deviation or None)} of a list of dicts."""
    found = {}
    for value in measured[0] if measured else ():
        numbers = [m[value] for m in measured]
        found[value] = float(np.mean(numbers)), float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
    return found


def describe_settings(dataset, count, seed):
    import paddle
    import scipy
    import sklearn

    network = metrics.network_of(dataset.name)
    published = networks.PUBLISHED.get(network)
    return {
        "data": dataset.name,
        "data_sha256": dataset.sha256,
        **({"data_note": dataset.note} if dataset.note else {}),
        "samples": count,
        "samples_a_draw": min(metrics.BLOCK, count, len(dataset.heldout)),
        "seed": seed,
        "network": network,
        **({"network_sha256": published.sha256, "network_accuracy": published.accuracy} if published else {}),
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}
        | {"paddle": paddle.__version__},
    }

"""How samples are scored: describe every item once, draw, measure, and set what real data score beside it."""

from __future__ import annotations

import contextlib
import functools
import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import data
from data import Dataset
from data.dataset import crop_to, to_uint8
from errors import NotMeasurable, UserError
from metrics import cache, draws, networks, registry
from metrics.draws import Items
from metrics.memorised import nearest
from metrics.registry import BLOCK, METRICS, Metric

CRITIC = 2500  # items of each side that a critic is asked about
REFERENCE = 10_000  # training images that stand for all of them; the nearest one is looked for among all


def evaluate(
    images: np.ndarray,
    dataset: Dataset,
    names: Iterable[str] | None = None,
    *,
    seed: int = 0,
    critic: Callable[..., np.ndarray] | None = None,
    labels: np.ndarray | None = None,
    say: Callable[[str], object] = lambda line: None,
) -> dict[str, dict[str, float | None]]:
    """Measure samples against a data set: {value: {value, deviation, floor, floor_deviation}} of floats (or None).

    images: uint8 N×C×H×W as the data set's (padded, or of its native size), or float N×2 points. dataset: data.load's.
    names: metrics, each an error if it cannot be measured; by default all that fit and can be. critic: for metrics that need
    one, a function from items as the data set's to N outputs; where there are labels, from items and labels. labels: the
    classes, int64 N, that the samples of a conditional generator were drawn with. say: takes a line of progress. Raises
    UserError.

    Samples are divided at random into disjoint draws of 1,000 (fewer if there are fewer samples or held-out images), ten at
    most; value and deviation are mean and standard deviation over them. 'floor' is the baseline of real data: the same measure of
    as many held-out images, so that it carries the same bias. deviation is None where there is one draw only.
    """
    rows = {name: METRICS[name] for name in registry.choose(names, dataset.name, critic is not None, labels is not None)}
    if names is None and (line := registry.left_out(dataset.name, labels is not None)):
        say(line)
    needs = {need for row in rows.values() for need in row.needs}
    real = RealData(dataset, critic, say)
    began = time.monotonic()
    samples = real.describe(check(images, dataset), needs - {"nearest"}, labels=labels)
    say(f"{len(samples):,} samples described in {time.monotonic() - began:.1f} s")
    could_not: dict[str, NotMeasurable] = {}

    @contextlib.contextmanager
    def left_out_if_not_measurable(name):
        """A metric that was named is an error where it cannot be measured; of all that fit it is left out, in words."""
        try:
            yield
        except NotMeasurable as error:
            if names is not None:
                raise
            could_not[name] = error
            say(f"not measured: {error}")

    for name, row in rows.items():
        if row.check:
            with left_out_if_not_measurable(name):
                row.check(samples, dataset)
    rows = {name: row for name, row in rows.items() if name not in could_not}
    real.prepare({need for row in rows.values() for need in row.needs}, labels is not None)
    scores = {}
    for name, row in rows.items():
        began = time.monotonic()
        n = min(row.block, len(samples), len(dataset.heldout))
        with left_out_if_not_measurable(name):
            baseline, values = real.baseline(name, row, n, seed), real.values(row, samples, n, seed)
            for value, (mean, deviation) in values.items():
                real_mean, real_deviation = baseline.get(value, (None, None))
                scores[value] = {"value": mean, "deviation": deviation, "floor": real_mean, "floor_deviation": real_deviation}
            say(f"{name} in {time.monotonic() - began:.1f} s")
    if could_not and not scores:
        raise next(iter(could_not.values()))
    return scores


def mean_scores(items: np.ndarray, dataset: Dataset, names: Iterable[str]) -> dict[str, float]:
    """{value: mean over draws} of samples N×shape as a generator makes them, images in [−1, 1].

    {} where nothing can be measured: samples of one flat colour, say.
    """
    try:
        rows = evaluate(items if dataset.is_points else to_uint8(items), dataset, names)
    except UserError:
        return {}
    return {value: row["value"] for value, row in rows.items() if row["value"] is not None}


def check(images: np.ndarray, dataset: Dataset) -> np.ndarray:
    """The samples in the data set's own form and size. Raises NotMeasurable if they do not compare with it."""
    images = np.asarray(images)
    if not len(images):
        raise NotMeasurable("there are no samples to score")
    if dataset.is_points:
        if images.ndim != 2 or images.shape[1] != 2:
            raise NotMeasurable(f"{dataset.name} are points N×2, the samples have shape {images.shape}")
        if not np.isfinite(images).all():
            raise NotMeasurable("there is a NaN or an infinity among the samples")
        return images
    if images.dtype != np.uint8 or images.ndim != 4:
        raise NotMeasurable(f"samples must be uint8 N×C×H×W, not {images.dtype} of shape {images.shape}")
    colours, size = dataset.shape[0], dataset.shape[1]
    if images.shape[1] != colours:
        raise NotMeasurable(
            f"the samples have {images.shape[1]} colours, {dataset.name} has {colours}: name other data with --data"
        )
    if images.shape[2] != images.shape[3] or images.shape[2] not in {size, dataset.native_size or size}:
        raise NotMeasurable(f"the samples have {images.shape[2]}×{images.shape[3]} pixels, {dataset.name} has {size}×{size}")
    if images.min() == images.max():
        raise NotMeasurable(f"all pixels of all samples are {images.min()}: there is nothing to score")
    return images


class RealData:
    """A data set with what is known of its images: the side that samples are compared with."""

    def __init__(self, dataset: Dataset, critic: Callable[..., np.ndarray] | None, say: Callable[[str], object]):
        self.dataset, self.critic, self.say = dataset, critic, say
        self.network = registry.network_of(dataset.name) or ""
        self.sides: dict[str, Items] = {}  # 'reference' and 'heldout', and the same 'by critic' → Items
        architecture = networks.NETWORKS[self.network].architecture if self.network else ""
        self.form = f"{dataset.shape} {dataset.native_size}"  # a hash of files in a folder is the same at any size
        self.shared: dict[str, Any] = {"dataset": dataset, "network": architecture}

    def describe(self, items: np.ndarray, needs: set[str], train: bool = False, labels: np.ndarray | None = None) -> Items:
        """Items with the attributes in `needs`. train: they are training images. labels: their classes, where they are told."""
        native = items if self.dataset.is_points else crop_to(items, self.dataset.native_size)
        known = {}
        if "features" in needs:
            if self.dataset.is_points:
                known["features"] = items
            else:
                known["features"], known["probabilities"] = networks.describe(native, self.network)
        if "nearest" in needs:
            known["nearest"] = self._nearest(native, train)
        if "critic" in needs:
            known["critic"] = self._ask(items, labels)
        if "labels" in needs and labels is not None:
            known["labels"] = labels
        return Items(native, **known)

    def _ask(self, items, labels):
        assert self.critic is not None  # registry.choose takes no metric that asks it, otherwise
        return self.critic(items) if labels is None else self.critic(items, labels)

    def _nearest(self, native, others_only=False):
        return nearest(native, crop_to(self.dataset.train, self.dataset.native_size), others_only)[0]

    def prepare(self, needs: set[str], labelled: bool = False) -> None:
        """Describe the data's own images, from the cache if they were described before. labelled: with their classes."""
        dataset = self.dataset
        rows = np.random.default_rng(0).permutation(len(dataset.train))[:REFERENCE]
        kind = data.source(dataset.name).kind
        blocks = [row.block for row in METRICS.values() if kind in row.fits + row.if_asked]
        held = slice(0, max(REFERENCE, *blocks))  # the same whatever was chosen, so that draws and baselines are
        # how near training images are to one another matters only where the baseline must divide anew
        near = () if draws.has_blocks(dataset.heldout, BLOCK) else ("nearest",)
        kept = {"reference": ("features", *near), "heldout": ("features", "nearest")}
        labels = {}
        if labelled:
            labels = {"reference": dataset.classes_of(rows), "heldout": dataset.classes_of(held, "heldout")}
        for side, items in {"reference": dataset.train[rows], "heldout": dataset.heldout[held]}.items():
            classes = labels.get(side)
            if dataset.is_points:
                self.sides[side] = self.describe(items, needs - {"critic"})
            else:
                known: dict[str, np.ndarray] = {}
                for need in (need for need in kept[side] if need in needs):
                    network = networks.NETWORKS[self.network].sha256 if need == "features" else ""
                    name = cache.key("items", dataset.sha256, self.form, side, len(items), need, network)
                    known |= cache.arrays(name, functools.partial(self._known, items, need, side))
                if "labels" in needs and classes is not None:
                    known["labels"] = classes
                self.sides[side] = Items(crop_to(items, dataset.native_size), **known)
            if "critic" in needs:
                some = slice(None, None, -(-len(items) // CRITIC))
                outputs = self._ask(items[some], classes if classes is None else classes[some])
                self.sides[f"{side} by critic"] = Items(items[some], critic=outputs)

    def _known(self, items, need, side):
        began = time.monotonic()
        described = self.describe(items, {need}, train=side == "reference")
        self.say(f"{need} of {len(items):,} {side} items in {time.monotonic() - began:.1f} s")
        return {name: value for name, value in described.known().items() if name != "items"}

    def values(self, row: Metric, samples: Items, n: int, seed: int) -> dict[str, tuple[float, float | None]]:
        """{value: (mean, deviation)} over the draws of n of the samples."""
        measured = []
        for draw in itertools.islice(draws.of_samples(samples, *self._sides(row), n, seed, **self.shared), row.draws):
            if "nearest" in row.needs:
                draw.fake.nearest = self._nearest(draw.fake.items)
            measured.append(row.measure(draw))
        return summary(measured)

    def baseline(self, name: str, row: Metric, n: int, seed: int) -> dict[str, tuple[float, float | None]]:
        """The same of real items in the samples' place, from the cache if it was measured before."""
        reference, heldout = self._sides(row)

        def over(way, **more):
            return summary([row.measure(draw) for draw in way(reference, heldout, n, seed, **more, **self.shared)])

        def make():
            if row.baseline == "training":
                return over(draws.of_training)
            if row.block > BLOCK:  # as large as all that is held out
                return over(draws.of_heldout, count=1)
            values = over(draws.of_heldout)
            if not draws.has_blocks(heldout, n):
                scatter = over(draws.divided_anew)
                values = {value: (mean, scatter[value][1]) for value, (mean, _) in values.items()}
            return values

        if not row.cached:
            return make()
        network = networks.NETWORKS[self.network].sha256 if "features" in row.needs and self.network else ""
        key = cache.key(
            "baseline", self.dataset.sha256, self.dataset.labels_sha256, self.form, self.dataset.name, name, n, seed, network
        )
        return cache.numbers(key, make)

    def _sides(self, row: Metric) -> tuple[Items, Items]:
        by = " by critic" if row.needs_critic else ""
        return self.sides["reference" + by], self.sides["heldout" + by]


def summary(measured: list[dict[str, float]]) -> dict[str, tuple[float, float | None]]:
    """{value: (mean, standard deviation or None)} of a list of dicts."""
    values = {}
    for value in measured[0] if measured else ():
        numbers = [m[value] for m in measured]
        values[value] = float(np.mean(numbers)), float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
    return values


def describe_settings(dataset: Dataset, count: int, seed: int) -> dict:
    """What a record of the numbers must say: data, sample count, draws, network and its hash, seed, versions. samples_that_count:
    in all draws, where these are fewer than the samples. samples_a_draw_of: the metrics whose draws are of another size than the
    others'."""
    import paddle
    import scipy
    import sklearn

    network = registry.network_of(dataset.name)
    all_there_are = min(count, len(dataset.heldout))
    a_draw = {name: min(METRICS[name].block, all_there_are) for name in registry.names_for(dataset.name)}
    most = max((size * METRICS[name].draws for name, size in a_draw.items()), default=count)
    others = {name: size for name, size in a_draw.items() if size != min(BLOCK, all_there_are)}
    return {
        "data": dataset.name,
        "data_sha256": dataset.sha256,
        **({"data_note": dataset.note} if dataset.note else {}),
        "samples": count,
        **({"samples_that_count": most} if most < count else {}),
        "samples_a_draw": min(BLOCK, all_there_are),
        **({"samples_a_draw_of": others} if others else {}),
        "seed": seed,
        "network": network,
        **networks.record(network),
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__}
        | {"paddle": paddle.__version__},
    }

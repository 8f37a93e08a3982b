"""The metrics by name, and which of them can be measured on a data set. One row holds all that depends on a metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

import data
from data import Dataset
from errors import UserError, one_of, words_of
from metrics.draws import Draw, Items

BLOCK = 1000  # samples a draw
METRICS: dict[str, Metric] = {}
RENAMED = {"wasserstein": "critic_estimate"}  # former names, still understood
IMAGES, POINTS = ("images", "stacked"), ("points", "mixture")  # kinds of data.Source


@dataclass(frozen=True)
class Metric:
    """measure: Draw → {value: number}. values: each value's name → whether lower or higher is better, '' if neither is.

    fits: kinds of data (data.Source) on which it is measured by default. if_asked: those on which it must be asked for.
    on_the_way: those on which a comparison measures it at the checkpoints on the way, too; it must be quick. needs: attributes of
    Items that it reads beside the items. block: samples a draw. draws: at most. baseline: the real items that take the samples'
    place. check: raises NotMeasurable, before the data are described, for samples or data that it cannot take. quality: whether
    its values may stand for a generator's quality. pairs: pictures N×C×H×W, two and two, that eval.py draws into NAME.png.
    """

    measure: Callable[[Draw], dict[str, float]]
    values: dict[str, str]
    fits: tuple[str, ...]
    if_asked: tuple[str, ...] = ()
    on_the_way: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    block: int = BLOCK
    draws: int = 10
    baseline: Literal["held-out", "training"] = "held-out"
    check: Callable[[Items, Dataset], None] | None = None
    quality: bool = False
    pairs: Callable[[np.ndarray, Dataset], np.ndarray] | None = None

    @property
    def needs_critic(self) -> bool:
        """Whether it asks the run's own critic: then it is for runs only, and costs nothing beside them."""
        return "critic" in self.needs

    @property
    def needs_labels(self) -> bool:
        """Whether it asks which class a sample was drawn with: then it is for conditional runs only."""
        return "labels" in self.needs

    @property
    def cached(self) -> bool:
        """Whether its values of real data may be kept: not another critic's, nor those of code that the cache does not know."""
        return not self.needs_critic and self.measure.__module__.startswith("metrics.")


def register(name: str, **row: Any) -> Callable:
    """Decorator that makes a function of a Draw the metric `name`. row: the other fields of Metric."""

    def add(measure):
        METRICS[name] = Metric(measure, **row)
        return measure

    return add


def check_names(names: Iterable[str]) -> list[str]:
    """`names` by their present ones. Raises UserError, naming the nearest, unless all are metrics."""
    names = [RENAMED.get(name, name) for name in names]
    for name in names:
        if name not in METRICS:
            raise one_of("metric", name, METRICS)
    return names


def parse_names(text: str | None) -> list[str] | None:
    """What follows --metrics, as 'kid,swd', by present names; None if the flag was not given. Raises UserError."""
    if text is None:
        return None
    if names := [name for name in words_of(text) if name]:
        return check_names(names)
    raise UserError(f"--metrics is empty: allowed are {', '.join(METRICS)}")


def names_for(data_name: str, with_critic: bool = False, with_labels: bool = False) -> tuple[str, ...]:
    """The metrics that fit a data set, in the order in which they are shown. Raises UserError for an unknown one."""
    kind = data.source(data_name).kind
    rows = {name: row for name, row in METRICS.items() if kind in row.fits and (with_critic or not row.needs_critic)}
    return tuple(name for name, row in rows.items() if with_labels or not row.needs_labels)


def choose(names: Iterable[str] | None, data_name: str, with_critic: bool = False, with_labels: bool = False) -> tuple[str, ...]:
    """`names`, or all that fit and can be measured. Raises UserError if one does not fit the data, or has no feature network.

    with_critic: the samples are a run's. with_labels: it is known which class each of them was drawn with.
    """
    fitting = names_for(data_name, with_critic, with_labels)
    if names is None:
        return tuple(name for name in fitting if not _lacking(name, data_name))
    chosen = tuple(dict.fromkeys(check_names(names)))
    for name in chosen:
        row = METRICS[name]
        if row.needs_critic and not with_critic:
            raise UserError(f"metric {name} asks the run's own critic: it is for runs, not for files of images")
        if row.needs_labels and not with_labels:
            raise UserError(
                f"metric {name} asks what class a sample is to be of: it is for conditional runs, and files with labels"
            )
        if data.source(data_name).kind not in row.fits + row.if_asked:
            raise UserError(f"metric {name} does not fit {data_name}: allowed are {', '.join(fitting)}")
        if why := _lacking(name, data_name):
            allowed = ", ".join(choose(None, data_name, with_critic, with_labels))
            raise UserError(f"metric {name} cannot be measured: {why}; allowed are {allowed}")
    return chosen


def names_on_the_way(names: Iterable[str], data_name: str) -> list[str]:
    """Those of `names` that a comparison measures at checkpoints on the way, and all that ask the critic, which cost nothing."""
    kind = data.source(data_name).kind
    return [name for name, row in METRICS.items() if kind in row.on_the_way and (name in names or row.needs_critic)]


def _lacking(name, data_name):
    """Why the features or classes that a fitting metric needs cannot be had, '' if they can or if it needs none."""
    source = data.source(data_name)
    if "features" not in METRICS[name].needs or source.is_points:
        return ""
    if not source.feature_network:
        return f"{data_name} has no feature network"
    if "probabilities" in METRICS[name].needs and not source.own_classes:
        return f"the classes that the network {source.feature_network!r} knows are not those of {data_name}"
    return ""


def left_out(data_name: str, with_labels: bool = False) -> str:
    """A line about the metrics that fit a data set but cannot be measured on it, '' if all can."""
    why = {name: reason for name in names_for(data_name, with_labels=with_labels) if (reason := _lacking(name, data_name))}
    return f"not measured: {', '.join(why)}: {next(iter(why.values()))}" if why else ""


def network_of(data_name: str) -> str | None:
    """Name of the feature network of a data set, None for points and where no network knows such images."""
    return data.source(data_name).feature_network


def direction(value: str) -> str:
    """'lower', 'higher' or '' for the name of a value: which is better."""
    return next((row.values[value] for row in METRICS.values() if value in row.values), "")


def is_of_critic(value: str) -> bool:
    """Whether a run's own critic measures it, so that no two runs' can be set side by side."""
    return any(row.needs_critic and value in row.values for row in METRICS.values())


def quality_values(data_name: str | None = None) -> list[str]:
    """The values that may stand for a generator's quality, of those that fit a data set; the first one that was measured does."""
    names = METRICS if data_name is None else names_for(data_name)
    return [value for name in names if METRICS[name].quality for value in METRICS[name].values]


def pairs_of(images: np.ndarray, dataset: Dataset, values: Iterable[str]) -> dict[str, np.ndarray]:
    """{metric: its pairs} of those that `values` are of, for uint8 images N×C×H×W of the data set's native size."""
    return {name: row.pairs(images, dataset) for name, row in METRICS.items() if row.pairs and set(row.values) & set(values)}

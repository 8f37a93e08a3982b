"""Scorer of samples, by name. `evaluate` takes samples and a data set and returns each value beside its floor.

A new metric is one file with a pure function, a `measure(draw)` that calls it, and a line in METRICS.
"""

from typing import NamedTuple

from errors import UserError, one_of
from metrics import networks

__all__ = ["METRICS", "check_names", "describe_settings", "evaluate", "names_for"]

BLOCK = 1000  # samples a draw


class Metric(NamedTuple):
    """values: each value's name → whether lower or higher is better, '' if neither is. needs: which of the items'
    attributes (metrics/draws.py). block: samples a draw. draws: at most."""

    values: dict
    needs: tuple
    block: int = BLOCK
    draws: int = 10


# the module of this package has the metric's name
METRICS = {
    "frechet": Metric({"fd_lenet": "lower", "fd_vgg": "lower"}, ("features",)),
    "kid": Metric({"kid": "lower"}, ("features",)),
    "prdc": Metric({"precision": "higher", "recall": "higher", "density": "higher", "coverage": "higher"}, ("features",)),
    "classes": Metric(
        {"classes_found": "higher", "class_kl": "lower", "confidence": "", "classifier_score": "higher"}, ("features",)
    ),
    "w1": Metric({"w1": "lower"}, ("features",)),
    "swd": Metric({"swd": "lower"}, ()),
    "memorised": Metric({"memorised_share": "lower", "nearest_ratio": ""}, ("nearest",), draws=2),
    "critic_estimate": Metric({"critic_estimate": ""}, ("critic",)),
    "gaussians": Metric({"modes_found": "higher", "good_share": "higher"}, ()),
    "stacked": Metric({"stacked_modes": "higher", "stacked_kl": "lower"}, ("features",), block=25_600),
}
RENAMED = {"wasserstein": "critic_estimate"}  # former names, still understood
STACKED = ("stacked", "frechet", "kid", "prdc", "w1", "swd")
IMAGES = ("frechet", "kid", "prdc", "classes", "w1", "swd", "memorised")


def check_names(names):
    """`names` by their present ones. Raises UserError, naming the nearest, unless all are metrics."""
    names = [RENAMED.get(name, name) for name in names]
    for name in names:
        if name not in METRICS:
            raise one_of("metric", name, METRICS)
    return names


def names_for(data_name, with_critic=False):
    """The metrics that fit a data set, in the order in which they are shown."""
    import data

    critic = ("critic_estimate",) if with_critic else ()
    if data_name in data.POINTS:
        return (("gaussians", "w1") if data_name != "swissroll" else ("w1",)) + critic
    if data_name == "stacked-mnist":
        return STACKED + critic
    return IMAGES + critic


def choose(names, data_name, with_critic=False):
    """`names`, or all that fit. Raises UserError if one does not fit the data, or has no feature network."""
    fitting = names_for(data_name, with_critic)
    chosen = fitting if names is None else tuple(dict.fromkeys(check_names(names)))
    for name in chosen:
        if name == "critic_estimate" and not with_critic:
            raise UserError("metric critic_estimate asks the run's own critic: it is for runs, not for files of images")
        if name not in fitting and not (data_name == "stacked-mnist" and name == "memorised"):
            raise UserError(f"metric {name} does not fit {data_name}: allowed are {', '.join(fitting)}")
    network = network_of(data_name)
    if network and any("features" in METRICS[name].needs for name in chosen):
        networks.sha256(network)
    return chosen


def network_of(data_name):
    """Name of the feature network of a data set, None for points."""
    return networks.NETWORK_OF.get("folder:PATH" if data_name.startswith("folder:") else data_name)


def direction(value):
    """'lower', 'higher' or '' for the name of a value: which is better."""
    return next((metric.values[value] for metric in METRICS.values() if value in metric.values), "")


def evaluate(images, dataset, names=None, *, seed=0, critic=None, say=None):
    """Measure samples against a data set: {value: {value, deviation, floor, floor_deviation}} of floats (or None).

    images: uint8 N×C×H×W as the data set's (padded, or of its native size), or float N×2 points. dataset: data.load's.
    names: metrics, all that fit by default. critic: for 'critic_estimate', a function from items as the data set's to N outputs.
    say: takes a line of progress. Raises UserError.

    Samples are divided at random into disjoint draws of 1,000 (fewer if there are fewer samples or held-out images), ten at
    most; value and deviation are mean and standard deviation over them. The floor is the same measure of as many held-out
    images, so that it carries the same bias. deviation is None where there is one draw only.
    """
    from metrics import evaluator

    chosen = choose(names, dataset.name, critic is not None)
    return evaluator.evaluate(images, dataset, chosen, seed, critic, say or (lambda line: None))


def describe_settings(dataset, count, seed):
    """What a record of the numbers must say: data, sample count, draws, network and its hash, seed, versions."""
    from metrics import evaluator

    return evaluator.describe_settings(dataset, count, seed)

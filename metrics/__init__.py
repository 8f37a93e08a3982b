"""Measures of samples, by name. `evaluate` takes samples and a data set and returns each value beside that of real data.

A new metric is a file with a function of a Draw that registers itself (metrics/registry.py), and its name below.
"""

import importlib

from metrics.evaluator import describe_settings, evaluate, mean_scores
from metrics.registry import (
    BLOCK,
    METRICS,
    choose,
    direction,
    is_of_critic,
    left_out,
    names_for,
    names_on_the_way,
    network_of,
    pairs_of,
    parse_names,
    quality_values,
)

__all__ = [
    "BLOCK",
    "METRICS",
    "choose",
    "describe_settings",
    "direction",
    "evaluate",
    "is_of_critic",
    "left_out",
    "mean_scores",
    "names_for",
    "names_on_the_way",
    "network_of",
    "pairs_of",
    "parse_names",
    "quality_values",
]

# in the order in which they are shown, whichever of them imports another first
_FILES = (
    *("gaussians", "stacked", "frechet", "kid", "prdc", "classes", "class_accuracy", "w1", "swd", "memorised"),
    "critic_estimate",
)
for _name in _FILES:
    importlib.import_module(f"metrics.{_name}")
for _name in _FILES:
    METRICS[_name] = METRICS.pop(_name)

"""Optimisers by name, with PyTorch's constants. Paddle is imported when the first one is made.

A new one is a function of the recipe, a learning rate and the weights, and a row of OPTIMIZERS.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol


class Optimizer(Protocol):
    """Paddle's optimisers, or one like them."""

    def step(self) -> Any: ...
    def clear_grad(self) -> Any: ...


def adam(recipe, learning_rate: float, weights: list):
    from paddle.optimizer import Adam

    return Adam(learning_rate, recipe.beta1, recipe.beta2, parameters=weights)


def rmsprop(recipe, learning_rate: float, weights: list):
    from training.rmsprop import RMSProp

    return RMSProp(learning_rate, parameters=weights)


def sgd(recipe, learning_rate: float, weights: list):
    from paddle.optimizer import SGD

    return SGD(learning_rate, parameters=weights)


class Row(NamedTuple):
    """make: (recipe, learning rate, weights) → Paddle's optimiser. reads: the settings of the recipe that are its alone."""

    make: Callable
    reads: tuple[str, ...] = ()


OPTIMIZERS = {"adam": Row(adam, ("beta1", "beta2")), "rmsprop": Row(rmsprop), "sgd": Row(sgd)}


def can_continue(one: Any, other: Any) -> bool:
    """Whether the optimisers of two recipes differ in their learning rates at most, so that one may go on for the other."""
    return all(getattr(one, key) == getattr(other, key) for key in ("optimizer", *OPTIMIZERS[other.optimizer].reads))

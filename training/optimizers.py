"""Optimisers by name, with PyTorch's constants. Paddle is imported when the first one is made.

A new one is a function of the recipe, a learning rate and the weights, and a row of OPTIMIZERS.
"""

from typing import Any


def adam(recipe, learning_rate: float, weights: list):
    from paddle.optimizer import Adam

    return Adam(learning_rate, recipe.beta1, recipe.beta2, parameters=weights)


def rmsprop(recipe, learning_rate: float, weights: list):
    from training.rmsprop import RMSProp

    return RMSProp(learning_rate, parameters=weights)


def sgd(recipe, learning_rate: float, weights: list):
    from paddle.optimizer import SGD

    return SGD(learning_rate, parameters=weights)


OPTIMIZERS = {"adam": adam, "rmsprop": rmsprop, "sgd": sgd}
WITHOUT_BETAS = ("rmsprop", "sgd")  # those that read neither beta1 nor beta2


def alike(one: Any, other: Any) -> bool:
    """Whether the optimisers of two recipes differ in their learning rates at most, so that one may go on for the other."""
    read = ("optimizer",) if other.optimizer in WITHOUT_BETAS else ("optimizer", "beta1", "beta2")
    return all(getattr(one, key) == getattr(other, key) for key in read)

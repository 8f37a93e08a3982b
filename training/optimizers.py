"""Optimisers by name, with PyTorch's constants. Paddle is imported when the first one is made.

A new one is a function of the recipe, a step size and the weights, and a row of OPTIMIZERS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paddle import Tensor
    from paddle.optimizer import Optimizer


def adam(recipe: Any, learning_rate: float, weights: list[Tensor]) -> Optimizer:
    from paddle.optimizer import Adam

    return Adam(learning_rate, recipe.beta1, recipe.beta2, parameters=weights)


def rmsprop(recipe: Any, learning_rate: float, weights: list[Tensor]) -> Optimizer:
    from training.rmsprop import RMSProp

    return RMSProp(learning_rate, parameters=weights)


def sgd(recipe: Any, learning_rate: float, weights: list[Tensor]) -> Optimizer:
    from paddle.optimizer import SGD

    return SGD(learning_rate, parameters=weights)


OPTIMIZERS = {"adam": adam, "rmsprop": rmsprop, "sgd": sgd}

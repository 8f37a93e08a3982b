"""Optimisers by name, with PyTorch's constants. Paddle is imported when the first one is made.

A new one is a function of the recipe, a learning rate and the weights, and a row of OPTIMIZERS.
"""


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

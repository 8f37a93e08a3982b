"""The optimisers against their formulas, at the sizes that a WGAN's gradients have."""

import numpy as np
import paddle
import pytest

from tests.helpers import tiny
from training.optimizers import OPTIMIZERS

RATE = 1e-3


def adam(g, state, t):
    m, v = state.get("m", 0), state.get("v", 0)
    m, v = 0.5 * m + 0.5 * g, 0.999 * v + 0.001 * g * g
    state.update(m=m, v=v)
    return m / (1 - 0.5**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def rmsprop(g, state, _):
    """PyTorch's defaults: alpha .99, epsilon 1e-8 outside of the root, no momentum, not centred."""
    state["v"] = 0.99 * state.get("v", 0) + 0.01 * g * g
    return g / (np.sqrt(state["v"]) + 1e-8)


FORMULAS = {"rmsprop": rmsprop, "adam": adam, "sgd": lambda g, *_: g}


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("name", FORMULAS)
def test_ten_steps_equal_the_formula(double, name, size):
    rng, begin = np.random.default_rng(0), np.linspace(-1, 1, 50)
    weight = paddle.create_parameter([50], "float64", default_initializer=paddle.nn.initializer.Assign(begin))
    ours = OPTIMIZERS[name].make(tiny("gan", optimizer=name, beta1=0.5, beta2=0.999), RATE, [weight])
    expected, state = np.zeros(50), {}
    for t in range(1, 11):
        gradient = size * rng.standard_normal(50)
        (weight * paddle.to_tensor(gradient)).sum().backward()
        ours.step()
        ours.clear_grad()
        expected -= RATE * FORMULAS[name](gradient, state, t)
    np.testing.assert_allclose(weight.numpy() - begin, expected, rtol=1e-6, atol=2e-15)


def test_rmsprop_leaves_a_weight_without_gradient_where_it_is():
    weight = paddle.create_parameter([3], "float32", default_initializer=paddle.nn.initializer.Constant(1.0))
    ours = OPTIMIZERS["rmsprop"].make(tiny("wgan"), 5e-5, [weight])
    (weight * paddle.to_tensor([1.0, 0.0, -1.0])).sum().backward()
    ours.step()
    # the mean square begins at 0, so that the first step is ten times the rate, whatever the gradient's size
    np.testing.assert_allclose(weight.numpy() - 1, [-5e-4, 0, 5e-4], rtol=1e-3)

"""Our convolutions against Paddle's own: values, gradients and second gradients."""

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from models.networks import convolution
from models.networks.convolution import Conv, Deconv

# inputs, outputs, kernel, stride, padding, height, width
CONVS = [
    (1, 4, 4, 2, 1, 8, 8),
    (3, 5, 4, 2, 1, 8, 12),
    (3, 5, 4, 2, 0, 6, 8),
    (1, 2, 2, 2, 1, 5, 6),
    (6, 3, 4, 2, 1, 4, 8),  # too many channels to copy pixels in pairs
    (2, 3, 4, 1, 0, 4, 4),  # the whole picture at once
    (2, 3, 4, 1, 0, 6, 5),
    (2, 3, 3, 1, 1, 5, 5),
    (3, 2, 5, 1, 2, 6, 5),  # fewer outputs than inputs: multiplied first
    (3, 1, 3, 1, 0, 5, 4),
    (2, 3, 5, 2, 2, 7, 9),
    (2, 2, 3, 2, 0, 7, 7),
    (2, 2, 2, 3, 0, 7, 7),  # pixels that no patch holds
]
DECONVS = [
    (5, 3, 4, 1, 0, 1, 1),  # from a vector
    (4, 3, 4, 2, 1, 4, 4),
    (3, 1, 4, 2, 1, 2, 5),
    (3, 1, 4, 2, 0, 2, 5),
    (2, 6, 4, 2, 1, 3, 4),
    (2, 3, 4, 1, 0, 2, 2),
    (2, 3, 3, 1, 1, 5, 5),
    (2, 3, 5, 2, 2, 3, 4),
]


def reference(layer, x):
    kind = F.conv2d if isinstance(layer, Conv) else F.conv2d_transpose
    moved = x.transpose([0, 3, 1, 2]), layer.weight.transpose([0, 3, 1, 2])
    return kind(*moved, stride=layer.stride, padding=layer.padding).transpose([0, 2, 3, 1])


def derivatives(forward, layer, x):
    """Output, gradients by input and weight, and the weight's gradient of a function of the input's gradient."""
    x = x.detach()
    x.stop_gradient = False
    out = forward(x)
    curved = (out * out * out).sum()
    (by_weight,) = paddle.grad(curved, [layer.weight], retain_graph=True)
    (by_x,) = paddle.grad(curved, [x], create_graph=True)
    twice_weight, twice_x = paddle.grad((by_x * by_x).sum(), [layer.weight, x])
    return [array.numpy() for array in (out, by_x, by_weight, twice_weight, twice_x)]


def layer_and_input(kind, geometry):
    inputs, outputs, kernel, stride, padding, height, width = geometry
    paddle.seed(0)
    layer = kind(inputs, outputs, kernel, stride, padding)
    layer.weight.set_value(np.random.default_rng(0).standard_normal(layer.weight.shape))
    return layer, paddle.to_tensor(np.random.default_rng(1).standard_normal((3, height, width, inputs)))


@pytest.mark.parametrize(("kind", "geometry"), [*((Conv, g) for g in CONVS), *((Deconv, g) for g in DECONVS)])
def test_equals_paddles_own_in_value_gradient_and_second_gradient(double, kind, geometry):
    layer, x = layer_and_input(kind, geometry)
    ours = derivatives(layer, layer, x)
    if kind is Conv:
        theirs = derivatives(lambda t: reference(layer, t), layer, x)
    else:  # Paddle's transposed convolution has no second gradient
        x.stop_gradient = False
        out = reference(layer, x)
        theirs = [t.numpy() for t in (out, *paddle.grad((out**3).sum(), [x, layer.weight]))]
    for mine, other in zip(ours, theirs, strict=False):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("geometry", DECONVS)
def test_second_gradient_of_the_transposed_convolution_equals_finite_differences(double, geometry):
    layer, x = layer_and_input(Deconv, geometry)
    *_, twice_weight, twice_x = derivatives(layer, layer, x)

    def squared_gradient(weight, x):
        layer.weight.set_value(weight)
        return (derivatives(layer, layer, paddle.to_tensor(x))[1] ** 2).sum()

    rng, weight, x, h = np.random.default_rng(2), layer.weight.numpy(), x.numpy(), 1e-6
    along_weight, along_x = rng.standard_normal(weight.shape), rng.standard_normal(x.shape)
    ups = squared_gradient(weight + h * along_weight, x + h * along_x)
    downs = squared_gradient(weight - h * along_weight, x - h * along_x)
    assert (ups - downs) / (2 * h) == pytest.approx((twice_weight * along_weight).sum() + (twice_x * along_x).sum(), rel=1e-5)


@pytest.mark.parametrize(("kind", "geometry"), [*((Conv, g) for g in CONVS), *((Deconv, g) for g in DECONVS)])
def test_the_gpu_branch_computes_the_same(double, monkeypatch, kind, geometry):
    if paddle.__version__ < "3.3" and kind is Deconv and geometry[3] == 1 and geometry[4]:
        pytest.skip(
            "before Paddle 3.3 the gradient in N×H×W×C is another than in N×C×H×W on a CPU here; no network of ours has this one"
        )
    layer, x = layer_and_input(kind, geometry)
    x.stop_gradient = False

    def first_derivatives():
        out = layer(x)
        return [t.numpy() for t in (out, *paddle.grad((out**3).sum(), [x, layer.weight]))]

    ours = first_derivatives()
    monkeypatch.setattr(convolution, "on_cpu", lambda x: False)
    for mine, other in zip(ours, first_derivatives(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "geometry", [g for g in CONVS if (g[5] + 2 * g[4] - g[2]) % g[3] == 0 == (g[6] + 2 * g[4] - g[2]) % g[3]]
)
def test_transposed_convolution_is_the_adjoint_of_the_convolution(double, geometry):
    conv, x = layer_and_input(Conv, geometry)
    inputs, outputs, kernel, stride, padding, _, _ = geometry
    deconv = Deconv(outputs, inputs, kernel, stride, padding)
    deconv.weight.set_value(conv.weight)
    y = conv(x)
    other = paddle.to_tensor(np.random.default_rng(3).standard_normal(y.shape))
    assert float((y * other).sum()) == pytest.approx(float((x * deconv(other)).sum()), rel=1e-12)


@pytest.mark.parametrize(("kind", "geometry"), [(Conv, CONVS[1]), (Conv, CONVS[2]), (Deconv, DECONVS[0]), (Deconv, DECONVS[1])])
@pytest.mark.parametrize("frozen", ["input", "weight"])
def test_gradients_are_the_same_with_input_or_weight_frozen(double, kind, geometry, frozen):
    layer, x = layer_and_input(kind, geometry)
    _, by_x, by_weight, *_ = derivatives(layer, layer, x)
    x.stop_gradient, layer.weight.stop_gradient = frozen == "input", frozen == "weight"
    (layer(x) ** 3).sum().backward()
    got, expected, none = (layer.weight, by_weight, x) if frozen == "input" else (x, by_x, layer.weight)
    np.testing.assert_allclose(got.grad.numpy(), expected, rtol=1e-12)
    assert none.grad is None


def test_samples_of_a_batch_do_not_mix(double):
    layer, x = layer_and_input(Conv, CONVS[1])
    together = layer(x).numpy()
    for k in range(len(x)):
        np.testing.assert_allclose(layer(x[k : k + 1]).numpy()[0], together[k], rtol=1e-12)

"""Convolutions padded by 1 on N×H×W×C, a few samples at a time: 3×3 of stride 1, and 4×4 of stride 2, which halves H and W.

Patches of as many samples as stay in a core's cache are gathered and multiplied before the next ones are, and no patch is kept
for the gradient (docs/performance.md). A convolution y = w∗x is linear in x and in w, so ⟨w∗x, y⟩ has three arguments, and is
linear in each. Its gradients by y, x and w are the three operators here; the gradients of each are the other two, as often as
one differentiates, which a gradient penalty needs.

A 3×3 convolution beside a change of size is one of stride 2 (`halving`, `doubling`), exactly: it adds up 2×2 neighbours or sees
copies of one pixel, so that its weights can be added up instead, which takes 16 products where there were 36.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import paddle
from paddle import Tensor
from paddle.autograd import PyLayer

from models.networks.convolution import Geometry, index, with_zero_row
from models.networks.layers import column_sums, on_cpu
from models.networks.threads import each

FLOATS = 600_000  # of the patches gathered at a time: 2.4 MB


def suits(x: Tensor) -> bool:
    """Whether x is convolved by these: on a CPU, and not by a Paddle 2, whose PyLayer differentiates by a list's last only."""
    return on_cpu(x) and not paddle.__version__.startswith("2.")


def same(weight: Tensor) -> Tensor:
    """The weights outputs×inputs×3×3 of a convolution as `convolve` takes them: outputs×3×3×inputs."""
    return weight.transpose([0, 2, 3, 1])


def halving(weight: Tensor) -> Tensor:
    """Weights outputs×inputs×3×3 → outputs×4×4×inputs: `convolve` with them is that convolution and then 2×2 means."""
    return _added_up(weight, 1 / 4).transpose([0, 2, 3, 1])


def doubling(weight: Tensor) -> Tensor:
    """Weights outputs×inputs×3×3 → inputs×4×4×outputs: `adjoint` with them is that convolution after nearest up-sampling."""
    return _added_up(weight.flip([2, 3]), 1.0).transpose([1, 2, 3, 0])


def _added_up(weight, factor):
    taps = np.subtract.outer(np.arange(4), np.arange(3))  # a tap of four is one of three seen from either of two pixels
    side = np.isin(taps, (0, 1)).astype(float)
    matrix = paddle.to_tensor(factor * np.kron(side, side).T, dtype=weight.dtype)
    return (weight.reshape([-1, 9]) @ matrix).reshape([*weight.shape[:2], 4, 4])


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x N×H×W×inputs, weight outputs×k×k×inputs, bias outputs → w∗x + b, N×H'×W'×outputs; k = 3, or 4 with stride 2."""
    return _differentiable(
        lambda: _convolve(x, weight, bias),
        (x, lambda gradient: adjoint(gradient, weight)),
        _by(weight, lambda gradient: weight_gradient(x, gradient)),
        _by(bias, _sum_of_rows),
    )


def adjoint(y: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y N×H'×W'×outputs, weight outputs×k×k×inputs, bias inputs → N×H×W×inputs: the transpose of `convolve`, and b."""
    return _differentiable(
        lambda: _convolve(y, _turned(weight), bias) if weight.shape[1] == 3 else _multiply_first(y, weight, bias),
        (y, lambda gradient: convolve(gradient, weight)),
        _by(weight, lambda gradient: weight_gradient(gradient, y)),
        _by(bias, _sum_of_rows),
    )


def weight_gradient(x: Tensor, y: Tensor) -> Tensor:
    """x N×H×W×inputs, y N×H'×W'×outputs → outputs×k×k×inputs: the gradient of ⟨w∗x, y⟩ by w."""
    return _differentiable(
        lambda: _weight_gradient(x, y),
        (x, lambda gradient: adjoint(y, gradient)),
        (y, lambda gradient: convolve(x, gradient)),
    )


def _sum_of_rows(gradient):
    return column_sums(gradient.reshape([-1, gradient.shape[-1]]))


class _Asked(threading.local):
    weights = True


_asked = _Asked()


@contextlib.contextmanager
def no_weight_gradients() -> Iterator[None]:
    """Within this context paddle.grad and backward make the gradients by these convolutions' weights and biases 0."""
    before, _asked.weights = _asked.weights, False
    try:
        yield
    finally:
        _asked.weights = before


def _by(weight, gradient):
    # not None, of which Paddle's own operators before it could not make anything
    return weight, lambda output: gradient(output) if _asked.weights else paddle.zeros_like(weight)


def _differentiable(value: Callable[[], Tensor], *arguments: tuple[Tensor | None, Callable[[Tensor], Tensor]]) -> Tensor:
    """value(), whose gradient by each argument is what its function makes of the gradient by the value.

    Where paddle.grad is asked for that by some of a PyLayer's inputs, Paddle wants None for the others and does not say which
    they are. Of a list it looks at the first only, though, here one that needs a gradient whenever one of the others does.
    """
    given = [(x, gradient) for x, gradient in arguments if x is not None and not x.stop_gradient]
    if not given or not paddle.is_grad_enabled():
        return value()
    inputs = [x for x, _ in given]
    return _Value.apply([_Any.apply(*inputs), *inputs], value, [gradient for _, gradient in given])


class _Any(PyLayer):
    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        ctx.count = len(inputs)
        return paddle.zeros([], inputs[0].dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return (None,) * ctx.count if ctx.count > 1 else None


class _Value(PyLayer):
    @staticmethod
    def forward(
        ctx: Any, inputs: list[Tensor], value: Callable[[], Tensor], gradients: list[Callable[[Tensor], Tensor]]
    ) -> Tensor:
        ctx.gradients = gradients
        return value()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        # before Paddle 3.3 a None in front ends the process
        return [paddle.zeros([], gradient.dtype), *(function(gradient) for function in ctx.gradients)]


def _convolve(x, weight, bias):
    outputs, kernel, _, inputs = weight.shape
    if kernel == 3 and outputs < inputs:  # less to gather if it multiplies first
        return _multiply_first(x, _turned(weight), bias)
    matrix = weight.reshape([outputs, -1])

    def made(part):
        return _plus(paddle.matmul(_patches(part, kernel), matrix, transpose_y=True), bias)

    size = [side // (kernel - 2) for side in x.shape[1:3]]
    return _joined(each(made, _parts(x, kernel, size))).reshape([-1, *size, outputs])


def _joined(parts):
    return paddle.concat(parts) if len(parts) > 1 else parts[0]


def _plus(rows, bias):
    return rows if bias is None else rows + bias


def _turned(weight):
    """The kernel by which a convolution of stride 1 is the transpose of the one by `weight`."""
    return weight.flip([1, 2]).transpose([3, 1, 2, 0])


def _multiply_first(y, weight, bias):
    """The transpose: the patches that each sample's pixels of y make, added up where they overlap."""
    outputs, kernel, _, inputs = weight.shape
    matrix = weight.reshape([outputs, -1])
    size = [side * (kernel - 2) for side in y.shape[1:3]]

    def made(part):
        patches = (with_zero_row(part.reshape([-1, outputs])) @ matrix).reshape([-1, inputs])
        pixels = _geometry(len(part), size, kernel).pixels
        return _plus(paddle.add_n([paddle.gather(patches, entries) for entries in pixels]), bias)

    return _joined(each(made, _parts(y, kernel, y.shape[1:3], inputs))).reshape([-1, *size, inputs])


def _weight_gradient(x, y):
    inputs, outputs, stride = x.shape[-1], y.shape[-1], x.shape[1] // y.shape[1]
    if stride == 1 and outputs < inputs:
        return _turned(_weight_gradient(y, x))
    kernel = stride + 2
    parts = _parts(x, kernel, y.shape[1:3])
    samples = len(parts[0])

    def product(number):
        rows = y[number * samples : (number + 1) * samples].reshape([-1, outputs])
        return paddle.matmul(rows, _patches(parts[number], kernel), transpose_x=True)

    return paddle.add_n(each(product, range(len(parts)))).reshape([outputs, kernel, kernel, inputs])


def _patches(x, kernel):
    """The patches of x N×H×W×C, (N·H'·W')×(k·k·C)."""
    n, *size, channels = x.shape
    entries = _geometry(n, size, kernel).patches[: -(kernel**2)]  # without the last one, of zeros
    return paddle.gather(with_zero_row(x.reshape([-1, channels])), entries).reshape([-1, kernel**2 * channels])


def _parts(x, kernel, places, channels=None):
    """x in parts of samples, one at least, whose patches are FLOATS at most, each of k·k·C, one for each of `places`, H'×W'."""
    samples = max(1, FLOATS // (kernel**2 * (channels or x.shape[-1]) * places[0] * places[1]))
    return [x[begin : begin + samples] for begin in range(0, len(x), samples)]


def _geometry(n, size, kernel):
    height, width = size
    return Geometry.of(n, height, width, kernel, kernel - 2, 1)


class SumPool(PyLayer):
    """N×H×W×C → N×H/2×W/2×C: the sums over 2×2 pixels."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        n, height, width, channels = x.shape
        rows = x.reshape([-1, channels])
        four, _ = _quarters(n, height // 2, width // 2)
        return paddle.add_n([paddle.gather(rows, one) for one in four]).reshape([n, height // 2, width // 2, channels])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return Upsample.apply(gradient)


class Upsample(PyLayer):
    """N×H×W×C → N×2H×2W×C: nearest neighbours, the transpose of SumPool."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        n, height, width, channels = x.shape
        _, source = _quarters(n, height, width)
        return paddle.gather(x.reshape([-1, channels]), source).reshape([n, 2 * height, 2 * width, channels])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return SumPool.apply(gradient)


@lru_cache(maxsize=64)
def _quarters(n, height, width):
    """For H×W pixels, each of 2×2 larger ones' rows: four times the rows of one, and the pixel's row for each larger one."""
    large = np.arange(4 * n * height * width).reshape(n, height, 2, width, 2)
    source = np.arange(n * height * width).reshape(n, height, 1, width, 1)
    four = [index(large[:, :, a, :, b].ravel()) for a in (0, 1) for b in (0, 1)]
    return four, index(np.broadcast_to(source, large.shape).ravel())

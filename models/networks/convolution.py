"""Convolutions on N×H×W×C, on a CPU as a copy of rows and one matrix product.

Paddle's own CPU convolution loops over the samples with one small product each. Here the patches of the whole batch are
gathered into one matrix first (im2col), so that a single large product does the work: faster for
DCGAN's 4×4 kernels (docs/performance.md). On a GPU Paddle's (cuDNN's) convolution is used.

The layers copy rows by four small operators that are pairwise each other's gradient, and leave the product to Paddle, so
everything can be differentiated as often as one likes, which a gradient penalty needs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn
from paddle.autograd import PyLayer

from models.networks.layers import channels_first, normal, on_cpu


class Conv(nn.Layer):
    """Convolution without bias, weights N(0, .02) stored as outputs×k×k×inputs: N×H×W×inputs → N×H'×W'×outputs."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 4, stride: int = 2, padding: int = 1):
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.weight = self.create_parameter([outputs, kernel, kernel, inputs], attr=normal())

    def forward(self, x: Tensor) -> Tensor:
        n, height, width, inputs = x.shape
        outputs = self.weight.shape[0]
        if self.padding == 0 and height == width == self.kernel:  # the whole picture at once
            # reshape, because Paddle's flatten cannot be differentiated twice
            return (x.reshape([n, -1]) @ self.weight.reshape([outputs, -1]).T).reshape([n, 1, 1, outputs])
        if not on_cpu(x):
            return paddles(F.conv2d, x, self.weight, self.stride, self.padding)
        if self.stride == 1 and outputs < inputs:
            return multiply_first(x, self.weight, self.padding)
        geometry = Geometry.of(n, height, width, self.kernel, self.stride, self.padding)
        columns = Im2Col.apply(x.reshape([-1, inputs]), geometry).reshape([-1, self.kernel**2 * inputs])
        y = DropRow.apply(paddle.matmul(columns, self.weight.flatten(1), transpose_y=True))
        return y.reshape([n, *geometry.output, outputs])


class Deconv(nn.Layer):
    """Transposed convolution without bias, weights N(0, .02) stored as inputs×k×k×outputs: the adjoint of a Conv."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 4, stride: int = 2, padding: int = 1):
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.weight = self.create_parameter([inputs, kernel, kernel, outputs], attr=normal())

    def forward(self, x: Tensor) -> Tensor:
        n, height, width, inputs = x.shape
        outputs = self.weight.shape[-1]
        if self.padding == 0 and height == width == 1:  # from a vector: every output is written once
            return (x.reshape([n, -1]) @ self.weight.reshape([inputs, -1])).reshape([n, self.kernel, self.kernel, outputs])
        if not on_cpu(x):
            return paddles(F.conv2d_transpose, x, self.weight, self.stride, self.padding)
        larger = [(s - 1) * self.stride + self.kernel - 2 * self.padding for s in (height, width)]
        geometry = Geometry.of(n, *larger, self.kernel, self.stride, self.padding)
        columns = AddRow.apply(x.reshape([-1, inputs])) @ self.weight.flatten(1)
        return Col2Im.apply(columns.reshape([-1, outputs]), geometry).reshape([n, *larger, outputs])


def paddles(convolution: Callable[..., Tensor], x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """Paddle's own `convolution` of N×H×W×C, with weights whose channels are last, too."""
    weight = weight.transpose([0, 3, 1, 2])
    if paddle.in_dynamic_mode():
        return convolution(x, weight, stride=stride, padding=padding, data_format="NHWC")
    return channels_first(lambda x: convolution(x, weight, stride=stride, padding=padding), x)


def multiply_first(x: Tensor, weight: Tensor, padding: int) -> Tensor:
    """A convolution of stride 1 that multiplies before it gathers, less to gather where outputs are fewer than inputs.

    x N×H×W×inputs, weight outputs×k×k×inputs → N×H'×W'×outputs. It is the adjoint of a convolution whose kernel is turned
    by 180 degrees.
    """
    n, height, width, inputs = x.shape
    outputs, kernel = weight.shape[:2]
    larger = [s + 2 * padding - kernel + 1 for s in (height, width)]
    geometry = Geometry.of(n, *larger, kernel, 1, kernel - 1 - padding)
    turned = weight.flip([1, 2]).transpose([3, 1, 2, 0]).reshape([inputs, -1])
    columns = AddRow.apply(x.reshape([-1, inputs])) @ turned
    return Col2Im.apply(columns.reshape([-1, outputs]), geometry).reshape([n, *larger, outputs])


class Geometry:
    """Which pixels (N·H·W rows) make which entries of the patches (N·H'·W'·k·k rows), and the other way round.

    output: (H', W'). patches: for every entry of the patches the pixel that it copies. pixels: a list of index tensors,
    which between them name every entry that copies a pixel. Padding is one more pixel, and one more patch, of zeros.
    """

    @staticmethod
    @lru_cache(maxsize=64)
    def of(n: int, height: int, width: int, kernel: int, stride: int, padding: int) -> Geometry:
        return Geometry(n, height, width, kernel, stride, padding)

    def __init__(self, n: int, height: int, width: int, kernel: int, stride: int, padding: int):
        self.output = tuple((s + 2 * padding - kernel) // stride + 1 for s in (height, width))
        oy, ox, ky, kx = np.ogrid[: self.output[0], : self.output[1], :kernel, :kernel]
        y, x = oy * stride + ky - padding, ox * stride + kx - padding
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        source = np.where(inside, y * width + x, -1).ravel()  # of one picture
        users = [np.flatnonzero(source == pixel) for pixel in range(height * width)]
        targets = np.full((max(map(len, users)), height * width), -1)
        for pixel, entries in enumerate(users):
            targets[: len(entries), pixel] = entries
        zero_patch = np.full(kernel * kernel, n * height * width)
        self.patches = index(np.concatenate([for_batch(source, n, height * width), zero_patch]))
        self.pixels = [index(for_batch(entries, n, len(source))) for entries in targets]


def for_batch(rows, n, rows_per_picture):
    """Row numbers within one picture (−1: padding) → within n pictures one after another (the last one: padding)."""
    offset = np.arange(n)[:, None] * rows_per_picture
    return np.where(rows >= 0, rows + offset, n * rows_per_picture).ravel()


def index(rows: np.ndarray) -> Tensor:
    return paddle.to_tensor(rows.astype(np.int32), place=paddle.CPUPlace())


def with_zero_row(rows: Tensor) -> Tensor:
    return paddle.concat([rows, paddle.zeros([1, rows.shape[1]], rows.dtype)])


class Im2Col(PyLayer):
    """Pixels (N·H·W)×C → patches ((N·H'·W' + 1)·k·k)×C: sample, place, kernel row, kernel column; then the zero patch."""

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, geometry: Geometry) -> Tensor:
        ctx.geometry = geometry
        return paddle.gather(with_zero_row(pixels), geometry.patches)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        # the zero patch's own gradient is zero: DropRow's
        return Col2Im.apply(gradient, ctx.geometry)


class Col2Im(PyLayer):
    """The adjoint of Im2Col: each pixel is the sum of the patch entries that copy it. The last patch must be zero."""

    @staticmethod
    def forward(ctx: Any, patches: Tensor, geometry: Geometry) -> Tensor:
        ctx.geometry = geometry
        return paddle.add_n([paddle.gather(patches, entries) for entries in geometry.pixels])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return Im2Col.apply(gradient, ctx.geometry)


class AddRow(PyLayer):
    """Append a row of zeros."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        return with_zero_row(rows)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return DropRow.apply(gradient)


class DropRow(PyLayer):
    """Take the last row off: the adjoint of AddRow."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        return rows[:-1]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return AddRow.apply(gradient)

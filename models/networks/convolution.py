"""Convolutions on N×H×W×C, on a CPU as a copy of rows and one matrix product.

Paddle's own CPU convolution loops over the samples with one small product each. Here the patches of the whole batch are
gathered into one matrix first (im2col), so that a single large product does the work: faster for DCGAN's 4×4 kernels
(docs/performance.md). On a GPU Paddle's (cuDNN's) convolution is used.

The layers copy rows by four small operators that are pairwise each other's gradient, and leave the product to Paddle, so
everything can be differentiated as often as one likes, which a gradient penalty needs.
"""

from __future__ import annotations

import math
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
    """Convolution without bias, weights N(0, .02) if `attr` says nothing else, stored as outputs×k×k×inputs: N×H×W×inputs →
    N×H'×W'×outputs."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 4,
        stride: int = 2,
        padding: int = 1,
        attr: paddle.ParamAttr | None = None,
    ):
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.weight = self.create_parameter([outputs, kernel, kernel, inputs], attr=attr or normal())

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
        geometry = Geometry.of(n, height, width, self.kernel, self.stride, self.padding, inputs)
        y = paddle.matmul(Im2Col.apply(x, geometry), self.weight.flatten(1), transpose_y=True)
        return DropRow.apply(y, [n, *geometry.output, outputs])


class Deconv(nn.Layer):
    """Transposed convolution without bias, weights as a Conv's, stored as inputs×k×k×outputs: the adjoint of a Conv."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 4,
        stride: int = 2,
        padding: int = 1,
        attr: paddle.ParamAttr | None = None,
    ):
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.weight = self.create_parameter([inputs, kernel, kernel, outputs], attr=attr or normal())

    def forward(self, x: Tensor) -> Tensor:
        n, height, width, inputs = x.shape
        outputs = self.weight.shape[-1]
        if self.padding == 0 and height == width == 1:  # from a vector: every output is written once
            return (x.reshape([n, -1]) @ self.weight.reshape([inputs, -1])).reshape([n, self.kernel, self.kernel, outputs])
        if not on_cpu(x):
            return paddles(F.conv2d_transpose, x, self.weight, self.stride, self.padding)
        height, width = ((s - 1) * self.stride + self.kernel - 2 * self.padding for s in (height, width))
        geometry = Geometry.of(n, height, width, self.kernel, self.stride, self.padding, outputs)
        return Col2Im.apply(AddRow.apply(x) @ self.weight.flatten(1), geometry)


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
    height, width = (s + 2 * padding - kernel + 1 for s in (height, width))
    geometry = Geometry.of(n, height, width, kernel, 1, kernel - 1 - padding, outputs)
    turned = weight.flip([1, 2]).transpose([3, 1, 2, 0]).reshape([inputs, -1])
    return Col2Im.apply(AddRow.apply(x) @ turned, geometry)


NARROW = 4  # channels up to which it pays to copy pixels in pairs: a short row takes as long as a single number


class Geometry:
    """Which pixels of N pictures make which entries of their patches, k·k for each output pixel, and the other way round.

    output: (H', W'). patches: for every entry of the patches the row of the pictures that it copies. pixels: a list of index
    tensors, which between them name every entry that copies a row. Padding is one more row, and one more patch, of zeros.

    pair: a row is two neighbouring pixels of a line, and an entry two of a patch, where patches begin at even places of lines
    that are padded; else a row is one pixel.
    """

    @staticmethod
    def of(n: int, height: int, width: int, kernel: int, stride: int, padding: int, channels: int | None = None) -> Geometry:
        """The one for pictures N×height×width×channels; without channels its rows are single pixels."""
        pair = channels is not None and channels <= NARROW and kernel % 2 == stride % 2 == width % 2 == 0
        return Geometry._of(n, height, width, kernel, stride, padding, pair)

    @staticmethod
    @lru_cache(maxsize=64)
    def _of(*shape):
        return Geometry(*shape)

    def __init__(self, n: int, height: int, width: int, kernel: int, stride: int, padding: int, pair: bool):
        self.shape, self.kernel, self.pair, self.padding = (n, height, width), kernel, pair, padding
        self.output = tuple((s + 2 * padding - kernel) // stride + 1 for s in (height, width))
        rows = (width + 2 * padding) // 2 if pair else width  # of a line
        oy, ox, ky, kx = np.ogrid[: self.output[0], : self.output[1], :kernel, : kernel // 2 if pair else kernel]
        y, x = oy * stride + ky - padding, (ox * stride // 2 + kx if pair else ox * stride + kx - padding)
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < rows)
        source = np.where(inside, y * rows + x, -1).ravel()  # of one picture
        users = [np.flatnonzero(source == row) for row in range(height * rows)]
        targets = np.full((max(map(len, users)), height * rows), -1)
        for row, entries in enumerate(users):
            targets[: len(entries), row] = entries
        zero_patch = np.full(source.size // math.prod(self.output), n * height * rows)
        self.patches = index(np.concatenate([for_batch(source, n, height * rows), zero_patch]))
        self.pixels = [index(for_batch(entries, n, len(source))) for entries in targets]

    def rows(self, pictures: Tensor) -> Tensor:
        """The rows of pictures N×H×W×C, and one of zeros."""
        channels = pictures.shape[3]
        if self.pair and self.padding:
            side = zeros((*self.shape[:2], self.padding, channels), pictures.dtype)
            pictures = paddle.concat([side, pictures, side], 2)
        return with_zero_row(pictures.reshape([-1, 2 * channels if self.pair else channels]))

    def pictures(self, rows: Tensor) -> Tensor:
        """The pictures N×H×W×C of their rows, without a row of zeros."""
        n, height, width = self.shape
        if not self.pair:
            return rows.reshape([n, height, width, -1])
        padded = rows.reshape([n, height, width + 2 * self.padding, -1])
        return padded[:, :, self.padding : self.padding + width]


def for_batch(rows, n, rows_per_picture):
    """Row numbers within one picture (−1: padding) → within n pictures one after another (the last one: padding)."""
    offset = np.arange(n)[:, None] * rows_per_picture
    return np.where(rows >= 0, rows + offset, n * rows_per_picture).ravel()


def index(rows: np.ndarray) -> Tensor:
    return paddle.to_tensor(rows.astype(np.int32), place=paddle.CPUPlace())


@lru_cache(maxsize=64)
def zeros(shape, dtype):
    """Zeros that nobody writes to."""
    return paddle.zeros(shape, dtype)


def with_zero_row(rows: Tensor) -> Tensor:
    return paddle.concat([rows, zeros((1, rows.shape[1]), rows.dtype)])


class Im2Col(PyLayer):
    """Pictures N×H×W×C → patches (N·H'·W' + 1)×(k·k·C), each by kernel rows; the last one is zero."""

    @staticmethod
    def forward(ctx: Any, pictures: Tensor, geometry: Geometry) -> Tensor:
        ctx.geometry = geometry
        patches = paddle.gather(geometry.rows(pictures), geometry.patches)
        return patches.reshape([-1, geometry.kernel**2 * pictures.shape[3]])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        # the zero patch's own gradient is zero: DropRow's
        return Col2Im.apply(gradient, ctx.geometry)


class Col2Im(PyLayer):
    """The adjoint of Im2Col: each pixel is the sum of the patches' entries that copy it. The last patch must be zero."""

    @staticmethod
    def forward(ctx: Any, patches: Tensor, geometry: Geometry) -> Tensor:
        ctx.geometry = geometry
        entries = patches.reshape([-1, patches.shape[1] // geometry.kernel**2 * (2 if geometry.pair else 1)])
        return geometry.pictures(paddle.add_n([paddle.gather(entries, users) for users in geometry.pixels]))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return Im2Col.apply(gradient, ctx.geometry)


class AddRow(PyLayer):
    """N×H×W×C → (N·H·W + 1)×C, the last row zeros."""

    @staticmethod
    def forward(ctx: Any, pictures: Tensor) -> Tensor:
        ctx.shape = pictures.shape
        return with_zero_row(pictures.reshape([-1, pictures.shape[3]]))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return DropRow.apply(gradient, ctx.shape)


class DropRow(PyLayer):
    """The adjoint of AddRow: rows without the last one, as pictures of that shape."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, shape: list[int]) -> Tensor:
        return rows[:-1].reshape(shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return AddRow.apply(gradient)

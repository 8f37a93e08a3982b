"""Layers that the networks share, with DCGAN's initialisation."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any, Literal

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn
from paddle.autograd import PyLayer

from errors import UserError
from models.networks.norms import NORMS


def normal(std: float = 0.02, mean: float = 0.0) -> paddle.ParamAttr:
    return paddle.ParamAttr(initializer=nn.initializer.Normal(mean, std))


def on_cpu(x: Tensor) -> bool:
    """Whether to go the ways that are faster on a CPU. A graph for export (paddle.jit) holds Paddle's own layers."""
    return paddle.in_dynamic_mode() and x.place.is_cpu_place()


def channels_first(operator: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """An operator of N×C×H×W on N×H×W×C. A graph for export has no other, since ONNX has none."""
    return operator(x.transpose([0, 3, 1, 2])).transpose([0, 2, 3, 1])


def trainable(layer: nn.Layer) -> list[Tensor]:
    """Parameters that the optimiser moves. `Layer.parameters()` would add batch norm's running statistics."""
    return [p for p in layer.parameters() if not p.stop_gradient]


class Linear(nn.Linear):
    """Paddle's linear layer; on a CPU the bias's gradient is a matrix product too, not Paddle's slow sum over the rows."""

    def forward(self, x: Tensor) -> Tensor:
        if not on_cpu(x):
            return nn.Linear.forward(self, x)  # Paddle 2.6 cannot export a super()
        return add_bias(x @ self.weight, self.bias)


def swap(x: Tensor, axes: list[int]) -> Tensor:
    """Between N×C×H×W and N×H×W×C; for one colour nothing has to move."""
    shape = [x.shape[axis] for axis in axes]
    return x.reshape(shape) if 1 in (x.shape[1], x.shape[3]) else x.transpose(axes)


def add_bias(rows: Tensor, bias: Tensor) -> Tensor:
    """rows R×C + bias C as a product with a column of ones, whose gradient is a product too."""
    return rows + paddle.ones([rows.shape[0], 1], rows.dtype) @ bias.reshape([1, -1])


def column_sums(rows: Tensor) -> Tensor:
    """Σ over the rows of R×C, shape C, as a matrix product, which is many times faster on a CPU than a reduction."""
    return (paddle.ones([1, rows.shape[0]], rows.dtype) @ rows).reshape([-1])


def add_bias_last(x: Tensor, bias: Tensor) -> Tensor:
    """x N×H×W×C + bias C, by add_bias."""
    return add_bias(x.reshape([-1, x.shape[-1]]), bias).reshape(x.shape)


class LeakyReLU(nn.Layer):
    """max(x, a·x), a in [0, 1)."""

    def __init__(self, a: float = 0.2):
        super().__init__()
        self.a = a

    def forward(self, x: Tensor) -> Tensor:
        return Leaky.apply(x, self.a) if on_cpu(x) else F.leaky_relu(x, self.a)

    def extra_repr(self) -> str:
        return f"a={self.a}"


class Leaky(PyLayer):
    """Leaky ReLU on a CPU, where Paddle's gradient of it takes ten times as long as the function."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, a: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.a = a
        return F.leaky_relu(x, a)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensor()
        with paddle.no_grad():  # 1 from x = 0 on, as Paddle's own, a below: no number below 0 is left above 0 by this
            slope = paddle.clip(paddle.scale(x.detach(), 1 / paddle.finfo(x.dtype).tiny, 1.0), ctx.a, 1.0)
        return gradient * slope


class BatchNorm(nn.Layer):
    """Batch norm over all axes but the channels, the last one or (as in N×C×H×W) the second; scale ~ N(1, .02), shift 0.

    Training uses the batch's statistics, evaluation the running ones. `frozen` leaves the running statistics alone while
    training: looking at a network must not change it. `normalise`, where it is set, takes (rows R×C, epsilon) to
    (normalised rows, mean, variance) in place of Paddle's kernel: batch norm over several processes.
    """

    momentum, epsilon, frozen = 0.9, 1e-5, False
    normalise: Callable[[Tensor, float], tuple[Tensor, Tensor, Tensor]] | None = None

    def __init__(self, channels: int, channels_last: bool = False):
        super().__init__()
        self.data_format: Literal["NCHW", "NHWC"] = "NHWC" if channels_last else "NCHW"
        self.weight = self.create_parameter([channels], attr=normal(0.02, 1.0))
        self.bias = self.create_parameter([channels], is_bias=True)
        self.register_buffer("mean", paddle.zeros([channels]))
        self.register_buffer("variance", paddle.ones([channels]))

    def forward(self, x: Tensor, data_format: str = "") -> Tensor:
        data_format = data_format or self.data_format
        if self.normalise and self.training:
            return self._elsewhere(x, self.normalise, data_format)
        if x.ndim == 4 and data_format == "NHWC" and not paddle.in_dynamic_mode():
            return channels_first(lambda x: self._paddles(x, "NCHW"), x)
        return self._paddles(x, data_format if x.ndim == 4 else "NC")

    def _paddles(self, x, data_format):
        return F.batch_norm(
            x,
            self.mean,
            self.variance,
            self.weight,
            self.bias,
            training=self.training,
            momentum=1.0 if self.frozen else self.momentum,
            epsilon=self.epsilon,
            data_format=data_format,
        )

    def _elsewhere(self, x, normalise, data_format):
        second = x.ndim == 4 and data_format == "NCHW"  # the axis of the channels
        x = x.transpose([0, 2, 3, 1]) if second else x
        rows, mean, variance = normalise(x.reshape([-1, x.shape[-1]]), self.epsilon)
        y = affine(rows, self.weight, self.bias).reshape(x.shape)
        if not self.frozen:
            with paddle.no_grad():
                for running, now in ((self.mean, mean), (self.variance, variance)):
                    running.set_value(self.momentum * running + (1 - self.momentum) * now)
        return y.transpose([0, 3, 1, 2]) if second else y


def affine(rows: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """rows·scale + shift by columns: batch norm's own kernel in evaluation mode, faster on a CPU than broadcasting."""
    zero, one = paddle.zeros_like(scale), paddle.ones_like(scale)
    return F.batch_norm(rows, zero, one, scale, shift, training=False, epsilon=0.0)


class LayerNorm(nn.Layer):
    """Layer norm over C, H, W of each sample, scale and shift a channel, composed of operators with a double gradient.

    Paddle's own has none, which a gradient penalty needs. WGAN-GP (1704.00028, section 4) recommends it for critics.
    """

    epsilon = 1e-5

    def __init__(self, channels: int, channels_last: bool = False):
        super().__init__()
        shape = [1, 1, 1, channels] if channels_last else [1, channels, 1, 1]
        self.weight = self.create_parameter(shape, default_initializer=nn.initializer.Constant(1.0))
        self.bias = self.create_parameter(shape, is_bias=True)

    def forward(self, x: Tensor, data_format: str = "") -> Tensor:
        shape = [1, 1, 1, -1] if data_format == "NHWC" else self.weight.shape
        centred = x - x.mean([1, 2, 3], keepdim=True)
        variance = centred.square().mean([1, 2, 3], keepdim=True)
        return centred / paddle.sqrt(variance + self.epsilon) * self.weight.reshape(shape) + self.bias.reshape(shape)


# Paddle's own, which a user's network may hold
PADDLES_BATCH_NORMS = (nn.BatchNorm, nn.BatchNorm1D, nn.BatchNorm2D, nn.BatchNorm3D, nn.SyncBatchNorm)


def norm(name: str, channels: int, channels_last: bool = False, scale: float | None = None) -> list[nn.Layer]:
    """The normalising layer of a row of NORMS, as a list: empty for 'none'. scale: batch norm's first, if not N(1, .02)."""
    kind = NORMS[name].layer
    kind = globals()[kind] if isinstance(kind, str) else kind
    layers = [kind(channels, channels_last)] if kind else []
    for layer in layers:
        if scale is not None and isinstance(layer, BatchNorm):
            layer.weight.set_value(paddle.full_like(layer.weight, scale))
    return layers


def normalised_last(norms: nn.Sequential, x: Tensor) -> Tensor:
    """Of N×H×W×C what norm layers that were made for N×C×H×W make of it."""
    for layer in norms:
        x = layer(x, "NHWC") if isinstance(layer, (BatchNorm, LayerNorm)) else channels_first(layer, x)  # a user's
    return x


def all_but_last(layers: nn.Sequential, x: Tensor) -> Tensor:
    """What the last of these layers is given of x."""
    for layer in list(layers)[:-1]:
        x = layer(x)
    return x


def batch_norms(network: nn.Layer, kinds: type | tuple[type, ...] = (BatchNorm, *PADDLES_BATCH_NORMS)) -> list[nn.Layer]:
    """The layers of a network that take their statistics over the batch, Paddle's own among them."""
    return [layer for layer in network.sublayers(include_self=True) if isinstance(layer, kinds)]


def has_batch_norm(network: nn.Layer) -> bool:
    """Whether an output of this network depends, in training, on the other samples of the batch."""
    return bool(batch_norms(network))


@contextlib.contextmanager
def at_most(weights: int, error: str) -> Iterator[None]:
    """Within this context layers may make so many weights together; the one after them is a UserError that says `error`."""
    make = nn.Layer.create_parameter

    def counted(layer, shape, *arguments, **settings):
        nonlocal weights
        weights -= math.prod(shape)
        if weights < 0:
            raise UserError(error)
        return make(layer, shape, *arguments, **settings)

    nn.Layer.create_parameter = counted  # type: ignore[method-assign, assignment] # the one place that all layers make weights in
    try:
        yield
    finally:
        nn.Layer.create_parameter = make  # type: ignore[method-assign]


@contextlib.contextmanager
def frozen_weights(network: nn.Layer) -> Iterator[None]:
    """Within this context no gradient of the network's trainable weights is computed; gradients pass through it."""
    weights = trainable(network)
    for weight in weights:
        weight.stop_gradient = True
    try:
        yield
    finally:
        for weight in weights:
            weight.stop_gradient = False


@contextlib.contextmanager
def frozen_statistics(*networks: nn.Layer) -> Iterator[None]:
    """Within this context no batch norm of these networks moves its running statistics.

    Paddle's own layers cannot be told so: theirs move, and are put back at the end of the context.
    """
    layers = [layer for network in networks for layer in batch_norms(network, BatchNorm)]
    states = [layer.state_dict() for network in networks for layer in batch_norms(network, PADDLES_BATCH_NORMS)]
    kept = [(state[name], state[name].numpy()) for state in states for name in ("_mean", "_variance")]
    for layer in layers:
        layer.frozen = True
    try:
        yield
    finally:
        for layer in layers:
            layer.frozen = False
        for statistic, value in kept:
            statistic.set_value(value)

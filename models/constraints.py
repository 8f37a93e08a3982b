"""What keeps a critic Lipschitz: clipping its weights, or a penalty on its gradient."""

from __future__ import annotations

from collections.abc import Callable

import paddle
from paddle import Tensor, nn

from models.networks.layers import trainable
from models.networks.patches import no_weight_gradients


@paddle.no_grad()
def clip_(critic: nn.Layer, c: float) -> None:
    """Overwrite every trainable parameter w by min(max(w, −c), c) (WGAN, 1701.07875, algorithm 1, line 7).

    Batch norm's scale and shift are clipped along with the rest, as in the authors' code; its running statistics are not.
    """
    for p in trainable(critic):
        p.clip_(-c, c)


def input_gradient_norms(critic: Callable[[Tensor], Tensor], points: Tensor, create_graph: bool = False) -> Tensor:
    """‖∇f‖ at each of N points (any shape N×…), over all axes but the first: shape N.

    Of a critic with batch norm in training, whose statistics couple the samples, that of Σ f over the batch: what a step passes
    back to a sample.
    """
    critic = getattr(critic, "in_float32", critic)  # bfloat16's eight bits are too few for a gradient's norm
    points = points.detach()
    points.stop_gradient = False
    output = critic(points).sum()
    with no_weight_gradients():
        (gradient,) = paddle.grad(output, points, create_graph=create_graph)
    # the small constant keeps the root's own derivative finite at 0; a measurement goes down to 0, for a dead critic to show
    return paddle.sqrt(gradient.flatten(1).square().sum(1) + (1e-12 if create_graph else 0))


def interpolate(real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    """Points ε x + (1 − ε) G(z) between pairs; epsilon in [0, 1], shape N, one a sample (WGAN-GP, algorithm 1, line 6)."""
    epsilon = epsilon.reshape([-1] + [1] * (real.ndim - 1))
    return epsilon * real + (1 - epsilon) * fake


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    """E (‖∇f(x̂)‖₂ − 1)² at points between real and fake, one norm a sample (WGAN-GP, 1704.00028, eq. 3), 0-D.

    epsilon: uniform on [0, 1], shape N. Multiply by lambda. Batch norm in the critic would make it invalid.
    """
    points = interpolate(real.detach(), fake.detach(), epsilon)
    return (input_gradient_norms(critic, points, create_graph=True) - 1).square().mean()

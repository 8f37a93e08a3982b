"""A critic (or discriminator) trained alone, between two distributions that stand still: points in the plane or on a line."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import paddle
from paddle import Tensor

from data import toys
from models.constraints import input_gradient_norms, interpolate, trainable
from models.networks.mlp import Critic, Generator
from models.objectives import OBJECTIVES
from training import algorithm
from training.rmsprop import RMSProp

BATCH = 256
SEEDS = 10  # of what is measured on points
Draw = Callable[..., np.ndarray]  # of (rng), or of (rng, n=BATCH): points, float32 n×D


class Kind(NamedTuple):
    """An objective with its constraint, as fit takes them, and the colour of its curves."""

    objective: str
    clip: float | None
    penalty: float | None
    colour: str


KINDS = {
    "discriminator": Kind("minimax", None, None, "tab:red"),
    "clipped critic": Kind("wasserstein", 0.1, None, "tab:blue"),
    "penalised critic": Kind("wasserstein", None, 10, "tab:green"),
}


def build(dimensions: int = 2, units: int = 64, seed: int = 0) -> Critic:
    """models/networks/mlp.py's critic for points N×dimensions: four linear layers, ReLU."""
    paddle.seed(seed)
    return Critic(SimpleNamespace(units=units), (dimensions,))


def points(name: str) -> Draw:
    """Of a data set in the plane (data/toys.py)."""
    return lambda rng, n=BATCH: toys.draw(name, n, rng)


def still_generator(seed: int) -> tuple[Generator, Draw]:
    """An untrained generator of points in the plane, 64 units a layer, and what draws its points."""
    paddle.seed(seed)
    generator = Generator(SimpleNamespace(latent=2, units=64, generator_norm="none"), (2,))

    @paddle.no_grad()
    def draw(rng: np.random.Generator, n: int = BATCH) -> np.ndarray:
        return generator(paddle.to_tensor(rng.standard_normal((n, 2), dtype=np.float32))).numpy()

    return generator, draw


def fit(
    critic: paddle.nn.Layer,
    real: Draw,
    fake: Draw,
    steps: int,
    objective: str = "wasserstein",
    clip: float | None = None,
    penalty: float | None = None,
    learning_rate: float = 1e-3,
    seed: int = 0,
    look: Callable[[int], object] = lambda step: None,
    one_sided: bool = False,
) -> paddle.nn.Layer:
    """Train `critic` for `steps` critic steps (training/algorithm.py) and return it.

    A clipped critic has RMSProp, others Adam (0.5, 0.9). look(step) is called before the first step and after each; where it
    returns true after one, that was the last. one_sided: the penalty is one_sided_penalty.
    """
    rng = np.random.default_rng(seed)
    weights = trainable(critic)
    adam = lambda: paddle.optimizer.Adam(learning_rate, 0.5, 0.9, parameters=weights)  # noqa: E731
    optimizer = RMSProp(learning_rate, parameters=weights) if clip else adam()
    look(0)
    for step in range(steps):
        x, y = (paddle.to_tensor(draw(rng)) for draw in (real, fake))
        epsilon = paddle.to_tensor(rng.random(len(x), dtype=np.float32)) if penalty else None
        if penalty and epsilon is not None and one_sided:
            loss = OBJECTIVES[objective].critic_loss(*algorithm.critic_outputs(critic, x, y))
            algorithm.update(optimizer, loss + penalty * one_sided_penalty(critic, x, y, epsilon))
        else:
            algorithm.critic_step(critic, lambda y: y, OBJECTIVES[objective], optimizer, x, y, clip, penalty, epsilon)
        if look(step + 1):
            break
    return critic


def one_sided_penalty(critic: paddle.nn.Layer, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    """E max(0, ‖∇f(x̂)‖₂ − 1)², 0-D: the other form of models/constraints.py's gradient_penalty, which minds no slope below 1
    (WGAN-GP, 1704.00028, section 4, "two-sided penalty")."""
    norms = input_gradient_norms(critic, interpolate(real, fake, epsilon), create_graph=True)
    return paddle.nn.functional.relu(norms - 1).square().mean()


@paddle.no_grad()
def values(critic: paddle.nn.Layer, points: np.ndarray) -> np.ndarray:
    """f at points N×D: shape N."""
    return critic(paddle.to_tensor(np.asarray(points, np.float32))).numpy()


def slopes(critic: paddle.nn.Layer, points: np.ndarray) -> np.ndarray:
    """∇f at points N×D: shape N×D."""
    x = paddle.to_tensor(np.asarray(points, np.float32))
    x.stop_gradient = False
    (gradient,) = paddle.grad(critic(x).sum(), x)
    return gradient.numpy()


def largest_slope(critic: paddle.nn.Layer, points: np.ndarray) -> float:
    """The largest ‖∇f‖ at points N×D: what is known of the critic's Lipschitz constant."""
    return float(np.linalg.norm(slopes(critic, points), axis=1).max())


def estimate(critic: paddle.nn.Layer, real: np.ndarray, fake: np.ndarray) -> float:
    """E f(x) − E f(G(z))."""
    return float(values(critic, real).mean() - values(critic, fake).mean())


def probability(logits: np.ndarray) -> np.ndarray:
    """D = sigmoid(logit), in [0, 1]."""
    return 1 / (1 + np.exp(-logits.astype(float)))


def surface(critic: paddle.nn.Layer, edge: float, count: int) -> np.ndarray:
    """f on a grid of count×count points that reaches from −edge to edge on both axes, scaled to 0…1."""
    axis = np.linspace(-edge, edge, count, dtype=np.float32)
    f = values(critic, np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)).reshape(count, count)
    return ((f - f.min()) / max(np.ptp(f), 1e-12)).astype(float)


def draw_surface(axes: Any, f: np.ndarray, edge: float, **style: Any) -> None:
    """Contours of `surface`, in a square panel."""
    axis = np.linspace(-edge, edge, len(f))
    axes.contourf(axis, axis, f, **style)
    axes.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2], xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")
    axes.tick_params(labelsize=7)

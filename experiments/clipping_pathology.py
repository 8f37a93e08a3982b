"""Surfaces, weights and gradients of clipped and of penalised critics (WGAN-GP, section 3 and figure 1)."""

from functools import partial
from typing import Any

import numpy as np
import paddle
from paddle import nn

from data import toys
from experiments import FAILS, HOLDS, IN_PART, critics, figures
from experiments.numeric import mean_and_deviation
from metrics.w1 import w1
from models.constraints import trainable
from models.networks.mlp import linear

ABOUT = {
    "title": "What does clipping do to a critic that a penalty does not?",
    "title_zh": "权重裁剪给判别器带来哪些惩罚不会带来的毛病？",
    "claim": """"critics trained with weight clipping … fail to capture higher moments of the data distribution"; "weight clipping
        pushes weights towards two values (the extremes of the clipping range)"; its gradients explode or vanish through the
        layers unless c is tuned, a penalty's do not (WGAN-GP, 1704.00028, section 3 and figure 1; the seed post of 2018 says the
        same of the weights).""",
    "refuted_by": """a clipped critic with less than half of its weights at ±c; gradient norms that change by less than a
        thousandfold through twelve layers for c = 0.001 and 0.01, or by more than a hundredfold for the penalty; a clipped critic
        that sees as large a share of the exact distance as the penalised one.""",
    "run": """as in the paper the generator's distribution stands still, real points plus unit Gaussian noise. Surfaces: mlp
        critics of 128 units, clipped at 0.01 (RMSProp 5e-5, algorithm 1) and penalised with lambda 10 (Adam 1e-4, 0.5, 0.9), on
        the eight and 25 Gaussians and the Swiss roll; a critic's estimate on new points divided by its largest slope, as a share
        of the exact W1 of 2,000 pairs. Layers: critics of twelve hidden layers of 64 units on the Swiss roll, c = 0.001, 0.01,
        0.1 against the penalty. Three seeds.""",
    "cost": "7 minutes on one core of an AMD EPYC (Zen 4).",
}

SETS = ("8gaussians", "25gaussians", "swissroll")
CONSTRAINTS: dict[str, dict[str, float]] = {"clipped": {"clip": 0.01}, "penalised": {"penalty": 10}}
DEEP = {"c = 0.001": {"clip": 0.001}, "c = 0.01": {"clip": 0.01}, "c = 0.1": {"clip": 0.1}, "penalty": {"penalty": 10}}
LAYERS, BATCH, GRID, EDGE = 12, 256, 41, 2.5


class Deep(nn.Layer):
    """N×2 → N through LAYERS hidden layers of 64 units, ReLU. `outputs`: of each hidden layer, of the last call."""

    def __init__(self):
        super().__init__()
        self.layers = nn.LayerList([linear(2 if k == 0 else 64, 64) for k in range(LAYERS)])
        self.head = linear(64, 1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        self.outputs = []
        for layer in self.layers:
            x = nn.functional.relu(layer(x))
            self.outputs.append(x)
        return self.head(x).reshape([-1])


def real(name):
    return lambda rng, n=BATCH: toys.draw(name, n, rng)


def noisy(name):
    return lambda rng, n=BATCH: toys.draw(name, n, rng) + rng.standard_normal((n, 2), dtype=np.float32)


def fit(critic, name, constraint, steps, seed):
    rate = 5e-5 if "clip" in constraint else 1e-4
    critics.fit(critic, real(name), noisy(name), steps, learning_rate=rate, seed=seed, **constraint)


def measure(store):
    steps, deep_steps, pairs = (50, 30, 300) if store.quick else (4000, 1500, 2000)
    shallow: dict[str, dict[str, list[Any]]] = {}
    deep: dict[str, list[Any]] = {}
    for seed in range(store.seeds):
        for name in SETS:
            for kind in CONSTRAINTS:
                run = partial(surface, name, kind, steps, pairs, seed)
                run = store.cached(f"{name}, {kind}, seed {seed}", {"steps": steps, "pairs": pairs}, run)
                shallow.setdefault(name, {}).setdefault(kind, []).append(run)
        for label in DEEP:
            run = store.cached(f"layers, {label}, seed {seed}", {"steps": deep_steps}, partial(layers, label, deep_steps, seed))
            deep.setdefault(label, []).append(run)
    numbers = {"seeds": store.seeds, "steps": steps, "deep_steps": deep_steps}
    for key in ("share", "at_extremes"):
        numbers[key] = {
            name: {kind: mean_and_deviation([run[key] for run in group]) for kind, group in kinds.items()}
            for name, kinds in shallow.items()
        }
    numbers["surfaces"] = {name: {kind: group[0]["surface"] for kind, group in kinds.items()} for name, kinds in shallow.items()}
    numbers["weights"] = {kind: group[0]["weights"] for kind, group in shallow["swissroll"].items()}
    numbers["norms"] = {label: [run["norms"] for run in group] for label, group in deep.items()}
    numbers["orders"] = {label: mean_and_deviation([orders(run["norms"]) for run in group]) for label, group in deep.items()}
    return numbers


def orders(norms):
    """log10 of the first layer's gradient norm over the last one's: below 0 it vanishes on its way down."""
    return float(np.log10(max(norms[0], 1e-45)) - np.log10(max(norms[-1], 1e-45)))


def surface(name, kind, steps, pairs, seed):
    critic, constraint = critics.build(units=128, seed=seed), CONSTRAINTS[kind]
    fit(critic, name, constraint, steps, seed)
    rng = np.random.default_rng(900 + seed)
    x, y = real(name)(rng, pairs), noisy(name)(rng, pairs)
    between = x + rng.random((pairs, 1), dtype=np.float32) * (y - x)
    k = critics.largest_slope(critic, np.concatenate([x, y, between]))
    weights = np.concatenate([p.numpy().ravel() for p in trainable(critic)])
    limit = constraint.get("clip", np.abs(weights).max())
    return {
        "share": critics.estimate(critic, x, y) / max(k, 1e-12) / w1(x.astype(float), y.astype(float))["w1"],
        "at_extremes": float((np.abs(weights) > 0.99 * limit).mean()),
        "surface": critics.surface(critic, EDGE, GRID).round(3),
        "weights": {"count": np.histogram(weights, 41, (-limit, limit))[0], "limit": limit},
    }


def layers(label, steps, seed):
    """Norm of the critic loss's gradient with respect to each hidden layer's outputs, after training."""
    paddle.seed(seed)
    critic = Deep()
    fit(critic, "swissroll", DEEP[label], steps, seed)
    rng = np.random.default_rng(900 + seed)
    x, y = (paddle.to_tensor(draw(rng, 1000)) for draw in (real("swissroll"), noisy("swissroll")))
    sign = paddle.concat([paddle.full([1000], -1e-3), paddle.full([1000], 1e-3)])
    loss = (critic(paddle.concat([x, y])) * sign).sum()
    return {"norms": [float(g.norm()) for g in paddle.grad(loss, critic.outputs)]}


def judge(numbers):
    piles = all(row["clipped"]["mean"] > 0.5 for row in numbers["at_extremes"].values())
    orders_of = {label: abs(row["mean"]) for label, row in numbers["orders"].items()}
    layers_differ = orders_of["c = 0.001"] > 3 and orders_of["c = 0.01"] > 3 and orders_of["penalty"] < 2
    blind = all(row["clipped"]["mean"] < row["penalised"]["mean"] for row in numbers["share"].values())
    return HOLDS if piles and layers_differ and blind else IN_PART if piles or layers_differ or blind else FAILS


def draw(numbers, store):
    figure, axes = figures.new(2, 4, height=3.1)
    rng = np.random.default_rng(0)
    for column, name in enumerate(SETS):
        points = toys.draw(name, 500, rng)
        for row, kind in enumerate(CONSTRAINTS):
            axis = axes[row][column]
            critics.draw_surface(axis, numbers["surfaces"][name][kind], EDGE, levels=14, cmap="viridis")
            axis.scatter(*points.T, s=1, color="white", linewidths=0)
            axis.set_title(f"{name}, {kind}\nshare of W1 seen {numbers['share'][name][kind]['mean']:.2f}", fontsize=9)
    axis = axes[0][3]
    for label, runs in numbers["norms"].items():
        axis.plot(range(1, LAYERS + 1), np.maximum(np.median(runs, 0), 1e-30), marker="o", markersize=3, label=label)
    axis.set(xlabel="hidden layer", ylabel="norm of the loss's gradient", yscale="log")
    axis.set_title("through twelve layers, Swiss roll", fontsize=9)
    axis = axes[1][3]
    for kind in CONSTRAINTS:
        count, limit = np.array(numbers["weights"][kind]["count"]), numbers["weights"][kind]["limit"]
        style = {"color": critics.KINDS[f"{kind} critic"].colour, "label": f"{kind}, limit {limit:.2g}"}
        axis.step(np.linspace(-1, 1, len(count)), count / count.sum(), where="mid", **style)
    axis.set(xlabel="weight / limit", ylabel="share of weights", yscale="log")
    axis.set_title("weights, Swiss roll", fontsize=9)
    for axis in axes[:, 3]:
        axis.legend(fontsize=7)
        axis.grid(alpha=0.3)
    budget = f"{numbers['steps']:,} steps (twelve layers: {numbers['deep_steps']:,}), {numbers['seeds']} seeds"
    figures.foot(figure, f"real points against real plus N(0, 1); {budget}; pictures: seed 0")
    return figure

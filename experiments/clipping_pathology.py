"""What does clipping do to a critic that a penalty does not?

Claim: "critics trained with weight clipping … fail to capture higher moments of the data distribution"; "weight clipping pushes
weights towards two values (the extremes of the clipping range)"; its gradients explode or vanish through the layers unless c is
tuned, a penalty's do not (WGAN-GP, 1704.00028, section 3 and figure 1; the seed post of 2018 says the same of the weights).

Refuted by: a clipped critic with less than half of its weights at ±c; gradient norms that change by less than a thousandfold
through twelve layers for c = 0.001 and 0.01, or by more than a hundredfold for the penalty; a clipped critic that sees as large
a share of the exact distance as the penalised one.

Run: as in the paper the generator's distribution stands still, real points plus unit Gaussian noise. Surfaces: mlp critics of
128 units, clipped at 0.01 (RMSProp 5e-5, algorithm 1) and penalised with lambda 10 (Adam 1e-4, 0.5, 0.9), on the eight and 25
Gaussians and the Swiss roll; a critic's estimate on new points divided by its largest slope, as a share of the exact W1 of
2,000 pairs. Layers: critics of twelve hidden layers of 64 units on the Swiss roll, c = 0.001, 0.01, 0.1 against the penalty.
Three seeds.

Cost: 7 minutes on one core of an AMD EPYC (Zen 4).
"""

from functools import partial

import numpy as np
import paddle
from paddle import nn

from data import toys
from experiments import FAILS, HOLDS, IN_PART, critics, figures
from experiments.store import spread
from metrics.w1 import w1
from models.constraints import trainable
from models.networks.mlp import linear
from training.rmsprop import RMSProp

SETS = ("8gaussians", "25gaussians", "swissroll")
HOW = {"clipped": {"clip": 0.01}, "penalised": {"penalty": 10}}
DEEP = {"c = 0.001": {"clip": 0.001}, "c = 0.01": {"clip": 0.01}, "c = 0.1": {"clip": 0.1}, "penalty": {"penalty": 10}}
LAYERS, BATCH, GRID = 12, 256, 41


class Deep(nn.Layer):
    """N×2 → N through LAYERS hidden layers of 64 units, ReLU. `outputs`: of each hidden layer, of the last call."""

    def __init__(self):
        super().__init__()
        self.layers = nn.LayerList([linear(2 if k == 0 else 64, 64) for k in range(LAYERS)])
        self.head = linear(64, 1)

    def forward(self, x):
        self.outputs = []
        for layer in self.layers:
            x = nn.functional.relu(layer(x))
            self.outputs.append(x)
        return self.head(x).reshape([-1])


def real(name):
    return lambda rng, n=BATCH: toys.draw(name, n, rng)


def noisy(name):
    return lambda rng, n=BATCH: toys.draw(name, n, rng) + rng.standard_normal((n, 2), dtype=np.float32)


def optimizer_of(critic, how):
    return RMSProp(5e-5, parameters=trainable(critic)) if "clip" in how else critics.adam(critic, 1e-4)


def measure(store):
    seeds, steps, deep_steps = (1, 50, 30) if store.quick else (3, 4000, 1500)
    pairs = 300 if store.quick else 2000
    shallow, deep = {}, {}
    for seed in range(seeds):
        for name in SETS:
            for how in HOW:
                at = {"steps": steps, "pairs": pairs}
                found = store.cached(f"{name}, {how}, seed {seed}", at, partial(surface, name, how, steps, pairs, seed))
                shallow.setdefault(name, {}).setdefault(how, []).append(found)
        for label in DEEP:
            found = store.cached(f"layers, {label}, seed {seed}", {"steps": deep_steps}, partial(layers, label, deep_steps, seed))
            deep.setdefault(label, []).append(found)
    numbers = {"seeds": seeds, "steps": steps, "deep_steps": deep_steps, "share": {}, "at_extremes": {}}
    for name, hows in shallow.items():
        numbers["share"][name] = {how: spread([run["share"] for run in group]) for how, group in hows.items()}
        numbers["at_extremes"][name] = {how: spread([run["at_extremes"] for run in group]) for how, group in hows.items()}
    numbers["surfaces"] = {name: {how: group[0]["surface"] for how, group in hows.items()} for name, hows in shallow.items()}
    numbers["weights"] = {how: group[0]["weights"] for how, group in shallow["swissroll"].items()}
    numbers["norms"] = {label: [run["norms"] for run in group] for label, group in deep.items()}
    numbers["orders"] = {label: spread([orders(run["norms"]) for run in group]) for label, group in deep.items()}
    return numbers


def orders(norms):
    """log10 of the first layer's gradient norm over the last one's: below 0 it vanishes on its way down."""
    return float(np.log10(max(norms[0], 1e-45)) - np.log10(max(norms[-1], 1e-45)))


def surface(name, how, steps, pairs, seed):
    critic = critics.build(units=128, seed=seed)
    critics.fit(critic, real(name), noisy(name), steps, optimizer=optimizer_of(critic, HOW[how]), seed=seed, **HOW[how])
    rng = np.random.default_rng(900 + seed)
    x, y = real(name)(rng, pairs), noisy(name)(rng, pairs)
    between = x + rng.random((pairs, 1), dtype=np.float32) * (y - x)
    k = float(np.linalg.norm(critics.slopes(critic, np.concatenate([x, y, between])), axis=1).max())
    estimate = float(critics.values(critic, x).mean() - critics.values(critic, y).mean())
    weights = np.concatenate([p.numpy().ravel() for p in trainable(critic)])
    limit = HOW[how].get("clip", np.abs(weights).max())
    axis = np.linspace(-2.5, 2.5, GRID, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    values = critics.values(critic, grid).reshape(GRID, GRID)
    return {
        "share": estimate / max(k, 1e-12) / w1(x.astype(float), y.astype(float))["w1"],
        "at_extremes": float((np.abs(weights) > 0.99 * limit).mean()),
        "surface": np.round((values - values.min()) / max(np.ptp(values), 1e-12), 3),
        "weights": {"count": np.histogram(weights, 41, (-limit, limit))[0], "limit": limit},
    }


def layers(label, steps, seed):
    """Norm of the critic loss's gradient with respect to each hidden layer's outputs, after training."""
    paddle.seed(seed)
    critic, how = Deep(), DEEP[label]
    critics.fit(critic, real("swissroll"), noisy("swissroll"), steps, optimizer=optimizer_of(critic, how), seed=seed, **how)
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
    axis_of = np.linspace(-2.5, 2.5, GRID)
    for column, name in enumerate(SETS):
        points = toys.draw(name, 500, rng)
        for row, how in enumerate(HOW):
            axis = axes[row][column]
            axis.contourf(axis_of, axis_of, numbers["surfaces"][name][how], 14, cmap="viridis")
            axis.scatter(*points.T, s=1, color="white", linewidths=0)
            share = numbers["share"][name][how]
            axis.set_title(f"{name}, {how}\nshare of W1 seen {share['mean']:.2f}", fontsize=9)
            axis.set(xticks=[-2, 0, 2], yticks=[-2, 0, 2], xlim=(-2.5, 2.5), ylim=(-2.5, 2.5), aspect="equal")
            axis.tick_params(labelsize=7)
    axis = axes[0][3]
    for label, runs in numbers["norms"].items():
        axis.plot(range(1, LAYERS + 1), np.maximum(np.median(runs, 0), 1e-30), marker="o", markersize=3, label=label)
    axis.set(xlabel="hidden layer", ylabel="norm of the loss's gradient", yscale="log")
    axis.set_title("through twelve layers, Swiss roll", fontsize=9)
    axis.legend(fontsize=7)
    axis.grid(alpha=0.3)
    axis = axes[1][3]
    for how, colour in (("clipped", "tab:blue"), ("penalised", "tab:green")):
        weights = numbers["weights"][how]
        count = np.array(weights["count"])
        axis.step(
            np.linspace(-1, 1, len(count)),
            count / count.sum(),
            color=colour,
            where="mid",
            label=f"{how}, limit {weights['limit']:.2g}",
        )
    axis.set(xlabel="weight / limit", ylabel="share of weights", yscale="log")
    axis.set_title("weights, Swiss roll", fontsize=9)
    axis.legend(fontsize=7)
    axis.grid(alpha=0.3)
    budget = f"{numbers['steps']:,} steps (twelve layers: {numbers['deep_steps']:,}), {numbers['seeds']} seeds"
    figures.foot(figure, f"real points against real plus N(0, 1); {budget}; pictures: seed 0")
    return figure

"""Two parallel lines: which distance feels how far apart they are?

Claim: "the EM distance is continuous while the others are not: W(P0, Pθ) = |θ|, JS = log 2 if θ ≠ 0, KL = +∞ if θ ≠ 0, δ = 1 if
θ ≠ 0 … the sequence converges to P0 under the EM distance, but does not converge at all under either of the JS, KL, reverse KL,
or TV" (Wasserstein GAN, 1701.07875, example 1 and figure 1; seed post of 2018, "一个简单直观的例子").

Refuted by: a critic whose estimate does not fall with θ to 0, or whose gradient at Pθ vanishes at some θ > 0; a discriminator
whose JS estimate tells near lines from far ones, or that gives the generator a gradient of the same size at every θ.

Run: P0 = (0, Z), Pθ = (θ, Z), Z uniform on [0, 1], ten θ from 0 to 1. For each θ and each of three seeds a discriminator, a
clipped and a penalised critic (mlp of 64 units) are trained on fresh samples; their estimates and the mean gradient at Pθ along
θ are measured on new ones. The clipped critic's estimate is divided by its largest slope, since clipping does not say what its
Lipschitz constant is.

Cost: 2 minutes on one core of an AMD EPYC (Zen 4).
"""

import math
from functools import partial

import numpy as np
import paddle

from experiments import FAILS, HOLDS, IN_PART, critics, figures
from experiments.store import spread
from metrics.w1 import w1
from models.constraints import trainable
from models.objectives import js_estimate
from training.rmsprop import RMSProp

THETAS = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
BATCH, TESTED = 256, 1000
KINDS = {"discriminator": {}, "clipped critic": {"clip": 0.1}, "penalised critic": {"penalty": 10}}


def line(theta, count=BATCH):
    def draw(rng):
        return np.stack([np.full(count, theta), rng.random(count)], 1).astype(np.float32)

    return draw


def measure(store):
    thetas, seeds, steps = (THETAS[::3], 1, 150) if store.quick else (THETAS, 3, 1000)
    settings = {"batch": BATCH, "steps": steps}
    rows = []
    for theta in thetas:
        for seed in range(seeds):
            at = {**settings, "theta": theta, "seed": seed}
            found = store.cached(f"theta {theta}, seed {seed}", at, partial(every_kind, theta, steps, seed))
            rows.append({"theta": theta, "seed": seed, **found})
    numbers = {"thetas": list(thetas), "seeds": seeds, "steps": steps}
    numbers["exact"] = {"em": list(thetas), "js": [math.log(2) * (t > 0) for t in thetas], "tv": [float(t > 0) for t in thetas]}
    for kind in KINDS:
        of = [[row[kind] for row in rows if row["theta"] == theta] for theta in thetas]
        numbers[kind] = {value: [spread([r[value] for r in group]) for group in of] for value in of[0][0]}
    far = [i for i, theta in enumerate(thetas) if theta >= 0.1]
    for kind in ("clipped critic", "penalised critic"):
        means = [row["mean"] for row in numbers[kind]["estimate"]]
        numbers[kind]["largest_error"] = max(abs(m - t) for m, t in zip(means, thetas))
        numbers[kind]["least_slope"] = min(numbers[kind]["slope"][i]["mean"] for i in far)
    js = [row["mean"] for row in numbers["discriminator"]["estimate"]]
    numbers["discriminator"]["range_from_0.1"] = max(js[i] for i in far) - min(js[i] for i in far)
    slopes = [numbers["discriminator"]["slope"][i]["mean"] for i in far]
    numbers["discriminator"]["slope_ratio"] = slopes[-1] / max(slopes)
    numbers["discriminator"]["last_slope"] = slopes[-1]
    return numbers


def every_kind(theta, steps, seed):
    return {kind: learn(kind, theta, steps, seed) for kind in KINDS}


def learn(kind, theta, steps, seed):
    """{estimate: of the distance, slope: mean gradient at Pθ that would move it towards P0, k: largest slope found}."""
    critic = critics.build(units=64, seed=seed)
    objective = "non-saturating" if kind == "discriminator" else "wasserstein"
    optimizer = RMSProp(1e-3, parameters=trainable(critic)) if kind == "clipped critic" else critics.adam(critic)
    critics.fit(critic, line(0), line(theta), steps, objective, optimizer=optimizer, seed=seed, **KINDS[kind])
    rng = np.random.default_rng(1000 + seed)
    real, fake = line(0, TESTED)(rng), line(theta, TESTED)(rng)
    on_real, on_fake = critics.values(critic, real), critics.values(critic, fake)
    slope = critics.slopes(critic, fake)
    between = real + rng.random((TESTED, 1), dtype=np.float32) * (fake - real)
    k = float(np.linalg.norm(critics.slopes(critic, between), axis=1).max())
    if kind == "discriminator":  # what the saturating loss log(1 − D) passes on: D(x) ∇f(x)
        towards = (1 / (1 + np.exp(-on_fake)))[:, None] * slope
        estimate = float(js_estimate(paddle.to_tensor(on_real), paddle.to_tensor(on_fake)))
        return {"estimate": estimate, "slope": -float(towards[:, 0].mean()), "k": k}
    scale = k if kind == "clipped critic" else 1.0
    estimate = float(on_real.mean() - on_fake.mean()) / max(scale, 1e-12)
    empirical = w1(real[:500].astype(float), fake[:500].astype(float))["w1"]
    return {"estimate": estimate, "slope": -float(slope[:, 0].mean()) / max(scale, 1e-12), "k": k, "w1_of_500": empirical}


def judge(numbers):
    follows = all(numbers[k]["largest_error"] < 0.1 and numbers[k]["least_slope"] > 0.5 for k in KINDS if k != "discriminator")
    blind = numbers["discriminator"]["range_from_0.1"] < 0.1 and numbers["discriminator"]["slope_ratio"] < 0.1
    return HOLDS if follows and blind else IN_PART if follows or blind else FAILS


def draw(numbers, store):
    figure, axes = figures.new(1, 3, height=3.6)
    thetas = numbers["thetas"]
    colours = {"discriminator": "tab:red", "clipped critic": "tab:blue", "penalised critic": "tab:green"}
    axes[0].plot(thetas, thetas, color="0.4", linestyle=":", label="exact: |θ|")
    axes[1].axhline(math.log(2), color="0.4", linestyle=":", label="exact: log 2 for θ ≠ 0")
    for kind, colour in colours.items():
        for value, axis in (("estimate", axes[1] if kind == "discriminator" else axes[0]), ("slope", axes[2])):
            rows = numbers[kind][value]
            axis.errorbar(
                thetas,
                [row["mean"] for row in rows],
                [row["deviation"] or 0 for row in rows],
                color=colour,
                marker="o",
                markersize=4,
                capsize=2,
                label=kind,
            )
    axes[0].set(title="EM distance", xlabel="θ", ylabel="estimate (clipped: divided by its K)")
    axes[1].set(title="Jensen–Shannon divergence", xlabel="θ", ylabel="estimate, nats", ylim=(-0.05, 0.8))
    axes[2].set(title="Gradient at Pθ towards P0", xlabel="θ", ylabel="mean over samples")
    for axis in axes:
        axis.legend(fontsize=8)
        axis.grid(alpha=0.3)
    figures.foot(
        figure, f"(0, Z) against (θ, Z); {numbers['seeds']} seeds, bars: ± a deviation; {numbers['steps']:,} critic steps each"
    )
    return figure

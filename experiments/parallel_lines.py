"""Two parallel lines (Wasserstein GAN, example 1 and figure 1)."""

import math
from functools import partial

import numpy as np
import paddle

from experiments import FAILS, HOLDS, IN_PART, critics, figures
from experiments.numeric import mean_and_deviation
from metrics.w1 import w1
from models.objectives import js_estimate

ABOUT = {
    "title": "Two parallel lines: which distance feels how far apart they are?",
    "title_zh": "两条平行线：哪种距离能反映分布间的远近？",
    "claim": """"the EM distance is continuous while the others are not: W(P0, Pθ) = |θ|, JS = log 2 if θ ≠ 0, KL = +∞ if θ ≠ 0, δ
        = 1 if θ ≠ 0 … the sequence converges to P0 under the EM distance, but does not converge at all under either of the JS,
        KL, reverse KL, or TV" (Wasserstein GAN, 1701.07875, example 1 and figure 1; seed post of 2018, "一个简单直观的例子").""",
    "refuted_by": """a critic whose estimate does not fall with θ to 0, or whose gradient at Pθ vanishes at some θ > 0; a
        discriminator whose JS estimate tells near lines from far ones, or that gives the generator a gradient of the same size at
        every θ.""",
    "run": """P0 = (0, Z), Pθ = (θ, Z), Z uniform on [0, 1], ten θ from 0 to 1. For each θ and each of three seeds a
        discriminator, a clipped and a penalised critic (mlp of 64 units) are trained on fresh samples; their estimates and the
        mean gradient at Pθ along θ are measured on new ones. The clipped critic's estimate is divided by its largest slope, since
        clipping does not say what its Lipschitz constant is.""",
    "cost": "2 minutes on one core of an AMD EPYC (Zen 4).",
}

THETAS = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
BATCH, TESTED = 256, 1000
DISCRIMINATOR, *CRITICS = critics.KINDS


def line(theta, count=BATCH):
    def draw(rng):
        return np.stack([np.full(count, theta), rng.random(count)], 1).astype(np.float32)

    return draw


def measure(store):
    thetas, steps = (THETAS[::3], 150) if store.quick else (THETAS, 1000)
    rows = []
    for theta in thetas:
        for seed in range(store.seeds):
            settings = {"batch": BATCH, "steps": steps, "theta": theta, "seed": seed}
            row = store.cached(f"theta {theta}, seed {seed}", settings, partial(every_kind, theta, steps, seed))
            rows.append({"theta": theta, "seed": seed, **row})
    numbers = {"thetas": list(thetas), "seeds": store.seeds, "steps": steps}
    numbers["exact"] = {"em": list(thetas), "js": [math.log(2) * (t > 0) for t in thetas], "tv": [float(t > 0) for t in thetas]}
    for kind in critics.KINDS:
        groups = [[row[kind] for row in rows if row["theta"] == theta] for theta in thetas]
        numbers[kind] = {value: [mean_and_deviation([run[value] for run in group]) for group in groups] for value in groups[0][0]}
    far = [i for i, theta in enumerate(thetas) if theta >= 0.1]
    for kind in CRITICS:
        means = [row["mean"] for row in numbers[kind]["estimate"]]
        numbers[kind]["largest_error"] = max(abs(mean - theta) for mean, theta in zip(means, thetas))
        numbers[kind]["least_slope"] = min(numbers[kind]["slope"][i]["mean"] for i in far)
    js = [row["mean"] for row in numbers[DISCRIMINATOR]["estimate"]]
    numbers[DISCRIMINATOR]["range_from_0.1"] = max(js[i] for i in far) - min(js[i] for i in far)
    slopes = [numbers[DISCRIMINATOR]["slope"][i]["mean"] for i in far]
    numbers[DISCRIMINATOR]["slope_ratio"] = slopes[-1] / max(slopes)
    numbers[DISCRIMINATOR]["last_slope"] = slopes[-1]
    return numbers


def every_kind(theta, steps, seed):
    return {kind: learn(kind, theta, steps, seed) for kind in critics.KINDS}


def learn(kind, theta, steps, seed):
    """{estimate: of the distance, slope: mean gradient at Pθ that would move it towards P0, k: the critic's largest slope}."""
    objective, clip, penalty, _ = critics.KINDS[kind]
    critic = critics.fit(critics.build(seed=seed), line(0), line(theta), steps, objective, clip, penalty, seed=seed)
    rng = np.random.default_rng(1000 + seed)
    real, fake = line(0, TESTED)(rng), line(theta, TESTED)(rng)
    on_real, on_fake = critics.values(critic, real), critics.values(critic, fake)
    slope = critics.slopes(critic, fake)
    k = critics.largest_slope(critic, real + rng.random((TESTED, 1), dtype=np.float32) * (fake - real))
    if kind == DISCRIMINATOR:  # what the saturating loss log(1 − D) passes on: D(x) ∇f(x)
        towards = critics.probability(on_fake)[:, None] * slope
        estimate = float(js_estimate(paddle.to_tensor(on_real), paddle.to_tensor(on_fake)))
        return {"estimate": estimate, "slope": -float(towards[:, 0].mean()), "k": k}
    scale = max(k, 1e-12) if clip else 1.0
    estimate = float(on_real.mean() - on_fake.mean()) / scale
    empirical = w1(real[:500].astype(float), fake[:500].astype(float))["w1"]
    return {"estimate": estimate, "slope": -float(slope[:, 0].mean()) / scale, "k": k, "w1_of_500": empirical}


def judge(numbers):
    follows = all(numbers[kind]["largest_error"] < 0.1 and numbers[kind]["least_slope"] > 0.5 for kind in CRITICS)
    blind = numbers[DISCRIMINATOR]["range_from_0.1"] < 0.1 and numbers[DISCRIMINATOR]["slope_ratio"] < 0.1
    return HOLDS if follows and blind else IN_PART if follows or blind else FAILS


def draw(numbers, store):
    figure, axes = figures.new(1, 3, height=3.6)
    thetas = numbers["thetas"]
    axes[0].plot(thetas, thetas, color="0.4", linestyle=":", label="exact: |θ|")
    axes[1].axhline(math.log(2), color="0.4", linestyle=":", label="exact: log 2 for θ ≠ 0")
    for kind, (*_, colour) in critics.KINDS.items():
        for value, axis in (("estimate", axes[1] if kind == DISCRIMINATOR else axes[0]), ("slope", axes[2])):
            means, deviations = ([row[key] or 0 for row in numbers[kind][value]] for key in ("mean", "deviation"))
            axis.errorbar(thetas, means, deviations, color=colour, marker="o", markersize=4, capsize=2, label=kind)
    axes[0].set(title="EM distance", xlabel="θ", ylabel="estimate (clipped: divided by its K)")
    axes[1].set(title="Jensen–Shannon divergence", xlabel="θ", ylabel="estimate, nats", ylim=(-0.05, 0.8))
    axes[2].set(title="Gradient at Pθ towards P0", xlabel="θ", ylabel="mean over samples")
    for axis in axes:
        axis.legend(fontsize=8)
        axis.grid(alpha=0.3)
    bars = "bars: ± a standard deviation"
    figures.foot(figure, f"(0, Z) against (θ, Z); {numbers['seeds']} seeds, {bars}; {numbers['steps']:,} critic steps each")
    return figure

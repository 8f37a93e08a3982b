"""Two parallel lines (Wasserstein GAN, example 1 and figure 1)."""

import math
from functools import partial
from typing import Any

import numpy as np
import paddle

from experiments import critics, figures
from experiments.numeric import mean_and_deviation, t_interval
from models.objectives import js_estimate

ABOUT = {
    "title": "Two parallel lines: which distance feels how far apart they are?",
    "title_zh": "两条平行线：哪种距离能反映分布间的远近？",
    "claim": """W(P0, Pθ) = |θ|, while JS = log 2, KL = +∞ and TV = 1 for every θ ≠ 0; as θ goes to 0 "the sequence … converges to
        P0 under the EM distance, but does not converge at all under either the JS, KL, reverse KL, or TV divergences"; "The EM
        plot is continuous and provides a usable gradient everywhere" (Wasserstein GAN, 1701.07875, example 1 and figure 1;
        PaperWeekly's post of 2018, "一个简单直观的例子").""",
    "claim_zh": "EM 距离 W(P0, Pθ) = |θ| 连续，而 JS、KL、TV 在 θ ≠ 0 时都是常数或无穷，所以 Pθ 只在 EM 距离下收敛到 P0"
    "（WGAN，1701.07875，例 1、图 1；PaperWeekly 2018 年的博文“一个简单直观的例子”）。",
    "run": """P0 = (0, Z), Pθ = (θ, Z), Z uniform on [0, 1], ten θ from 0 to 1. For each θ and each of sixty seeds (ten and
        thirty did not decide) a discriminator, a clipped (c = 0.1) and a penalised critic (lambda 10; mlp of 64 units) are
        trained on fresh samples; their estimates and the mean gradient at Pθ along θ are measured on new ones. The clipped
        critic's estimate is divided by its largest slope, since clipping does not say what its Lipschitz constant is. Then θ is
        learnt, from 1 on, by plain gradient descent (steps of 0.02, falling to 0) on what each passes to it: 200 steps of θ,
        500 critic steps before the first and ten before each other; ten seeds.""",
    "run_zh": "P0 = (0, Z)，Pθ = (θ, Z)，Z 在 [0, 1] 上均匀，θ 取 0 到 1 的十个值。对每个 θ、"
    "六十个种子（十个、三十个都没有定论）的每一个，"
    "用新样本训练 GAN 判别器、"
    "权重裁剪的判别器（c = 0.1）和带梯度惩罚的判别器（lambda = 10；64 个单元的 mlp），"
    "再在新样本上测估计值和 Pθ 处沿 θ 的平均梯度。"
    "权重裁剪不给出 Lipschitz 常数，所以它的估计值除以实测最大斜率。然后从 1 开始学习 θ：用各自传来的梯度做普通的梯度下降"
    "（步长 0.02，逐渐降到 0）200 步，第一步之前 500 个判别器步，之后每步之前 10 个；十个种子。",
    "core_seconds": 1200,
    "constants": "–",
    "claims": {
        "penalised_estimate": {
            "says": "A penalised critic's estimate follows W = |θ|.",
            "says_zh": "带梯度惩罚的判别器的估计值与 W = |θ| 一致。",
            "quantity": "largest error of the estimate over the ten θ",
            "quantity_zh": "十个 θ 上估计值的最大误差",
            "relation": "below",
            "threshold": 0.1,
            "caveat": "A penalty does not forbid slopes above 1, so that the estimate may exceed |θ|.",
            "caveat_zh": "惩罚并不禁止斜率超过 1，所以估计值可以超过 |θ|。",
            "looked_at": (3, 10, 30),
        },
        "clipped_estimate": {
            "like": "penalised_estimate",
            "says": "A clipped critic's estimate, divided by its largest slope, follows W = |θ|.",
            "says_zh": "权重裁剪的判别器的估计值除以最大斜率后与 W = |θ| 一致。",
            "caveat": "Its slope is not the same everywhere, so that dividing by the largest makes the estimate too small.",
            "caveat_zh": "它的斜率处处不同，除以最大者会使估计值偏小。",
        },
        "penalised_gradient": {
            "says": "From θ = 0.1 on a penalised critic gives Pθ a gradient towards P0, at every distance.",
            "says_zh": "θ ≥ 0.1 时，不论多远，带梯度惩罚的判别器都给 Pθ 一个指向 P0 的梯度。",
            "quantity": "least mean gradient along θ, over θ from 0.1 on (exact: 1)",
            "quantity_zh": "θ ≥ 0.1 时沿 θ 的平均梯度的最小值（精确值 1）",
            "relation": "above",
            "threshold": 0.5,
            "looked_at": (3, 10, 30),
        },
        "clipped_gradient": {
            "like": "penalised_gradient",
            "says": "From θ = 0.1 on a clipped critic, divided by its largest slope, gives Pθ a gradient towards P0, at every "
            "distance.",
            "says_zh": "θ ≥ 0.1 时，不论多远，权重裁剪的判别器给 Pθ 的梯度（除以最大斜率）都指向 P0。",
            "after": True,
            "caveat": "The threshold was 0.5 before these trainings, then 0, and is 0.5 again.",
            "caveat_zh": "阈值在这些训练之前是 0.5，后来改为 0，现已改回 0.5。",
        },
        "js_blind": {
            "says": "A discriminator's JS estimate does not tell near lines from far ones.",
            "says_zh": "GAN 判别器的 JS 估计值分不出远近。",
            "quantity": "range of the JS estimate over θ from 0.1 on, in nats (it is log 2 at most)",
            "quantity_zh": "θ ≥ 0.1 时 JS 估计值的变化范围（nat，至多为 log 2）",
            "relation": "below",
            "threshold": 0.1,
            "looked_at": (3, 10, 30),
        },
        "gan_gradient": {
            "says": "From θ = 0.1 on log(1 − D) passes Pθ next to no gradient, at any distance.",
            "says_zh": "θ ≥ 0.1 时，不论多远，log(1 − D) 传给 Pθ 的梯度几乎为零。",
            "quantity": "largest size of the mean gradient along θ, over θ from 0.1 on (an exact critic's: 1)",
            "quantity_zh": "θ ≥ 0.1 时沿 θ 的平均梯度绝对值的最大值（精确的 WGAN 判别器为 1）",
            "relation": "below",
            "threshold": 0.01,
            "looked_at": (3, 10, 30),
            "after": True,
            "caveat": "At first it was the gradient at θ = 1 as a share of the largest one, of which both are next to nothing.",
            "caveat_zh": "最初测的是 θ = 1 处的梯度与最大值之比，而两者都几乎为零。",
        },
        "penalised_learns": {
            "says": "Learnt through a penalised critic, θ comes to 0: Pθ converges to P0.",
            "says_zh": "通过带梯度惩罚的判别器学习时，θ 到达 0：Pθ 收敛到 P0。",
            "quantity": "|θ| after the last step, from θ = 1",
            "quantity_zh": "从 θ = 1 开始，最后一步之后的 |θ|",
            "relation": "below",
            "threshold": 0.05,
        },
        "clipped_learns": {
            "like": "penalised_learns",
            "says": "Learnt through a clipped critic, its gradient divided by its largest slope, θ comes to 0.",
            "says_zh": "通过权重裁剪的判别器（梯度除以最大斜率）学习时，θ 到达 0。",
        },
        "js_stays": {
            "says": "Learnt through a discriminator by log(1 − D), the loss of the JS divergence, θ stays where it is.",
            "says_zh": "通过 GAN 判别器用 log(1 − D)（即 JS 散度）学习时，θ 原地不动。",
            "quantity": "|θ| after the last step, from θ = 1",
            "quantity_zh": "从 θ = 1 开始，最后一步之后的 |θ|",
            "relation": "above",
            "threshold": 0.95,
            "caveat": "An optimiser that divides by the gradient's own size, Adam say, would move it.",
            "caveat_zh": "把梯度除以其自身大小的优化器（如 Adam）能使它移动。",
        },
    },
}

THETAS = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
TESTED = 1000
SEEDS = 60  # where θ is fixed: a claim with its threshold near the value needs them
START, RATE, FIRST, BETWEEN = 1.0, 0.02, 500, 10  # of θ that is learnt; critic steps before its first step and before the others
DISCRIMINATOR, *CRITICS = critics.KINDS


def line(theta, count=critics.BATCH):
    def draw(rng):
        return np.stack([np.full(count, theta), rng.random(count)], 1).astype(np.float32)

    return draw


def measure(store):
    thetas, steps = (THETAS[::3], 150) if store.quick else (THETAS, 1000)

    def units_of(seed):
        settings = {"batch": critics.BATCH, "steps": steps, "seed": seed}
        return {f"theta {t}": ({**settings, "theta": t}, partial(every_kind, t, steps, seed)) for t in thetas}

    of_seed = {
        seed: [{"theta": theta, **found[f"theta {theta}"]} for theta in thetas]
        for seed, found in store.each_seed(SEEDS, units_of).items()
    }
    rows = [row for group in of_seed.values() for row in group]
    numbers: dict[str, Any] = {"thetas": list(thetas), "seeds": len(of_seed), "steps": steps}
    for kind in critics.KINDS:
        groups = [[row[kind] for row in rows if row["theta"] == theta] for theta in thetas]
        numbers[kind] = {v: [mean_and_deviation([run[v] for run in group]) for group in groups] for v in ("estimate", "slope")}
    far = {seed: [row for row in group if row["theta"] >= 0.1] for seed, group in of_seed.items()}

    def interval(groups, quantity):
        return t_interval({seed: quantity(group) for seed, group in groups.items()})

    numbers["claims"] = {
        "js_blind": interval(far, lambda group: float(np.ptp([row[DISCRIMINATOR]["estimate"] for row in group]))),
        "gan_gradient": t_interval({seed: largest_slope(group) for seed, group in far.items()}, log=True),
    }
    for kind in CRITICS:
        word = kind.partition(" ")[0]
        numbers["claims"][f"{word}_estimate"] = interval(of_seed, partial(largest_error, kind))
        numbers["claims"][f"{word}_gradient"] = interval(far, partial(least_slope, kind))
    return numbers | learnt(store, numbers["claims"])


def learnt(store, claims):
    """{'learnt': {kind: [θ on its way, a seed each]}}, with its intervals added to `claims`."""
    moves = 10 if store.quick else 200

    def units_of(seed):
        return {f"learnt, {kind}": ({"moves": moves}, partial(move, kind, moves, seed)) for kind in critics.KINDS}

    found = store.each_seed(critics.SEEDS, units_of, needed=False)
    for key, kind in zip(("js_stays", "clipped_learns", "penalised_learns"), critics.KINDS):
        claims[key] = t_interval({seed: abs(units[f"learnt, {kind}"][-1]) for seed, units in found.items()})
    return {"learnt": {kind: [units[f"learnt, {kind}"] for units in found.values()] for kind in critics.KINDS}}


def move(kind, moves, seed):
    """θ at its beginning and after each of its steps, while the critic is trained between P0 and Pθ."""
    objective, clip, penalty, _ = critics.KINDS[kind]
    way, rng = [START], np.random.default_rng(2000 + seed)
    critic = critics.build(seed=seed)

    def look(step):
        if step >= FIRST and (step - FIRST) % BETWEEN == 0:
            rate = RATE * (1 - (len(way) - 1) / moves)
            way.append(way[-1] - rate * passed(kind, critic, line(0)(rng), line(way[-1])(rng), rng)[0])

    steps = FIRST + BETWEEN * (moves - 1)
    critics.fit(critic, line(0), lambda rng: line(way[-1])(rng), steps, objective, clip, penalty, seed=seed, look=look)
    return way


def largest_error(kind, group):
    return max(abs(row[kind]["estimate"] - row["theta"]) for row in group)


def largest_slope(group):
    """The largest size of what a discriminator's saturating loss passes to Pθ; above 0, of which it has a logarithm."""
    return max(1e-30, *(abs(row[DISCRIMINATOR]["slope"]) for row in group))


def least_slope(kind, group):
    return min(row[kind]["slope"] for row in group)


def every_kind(theta, steps, seed):
    return {kind: learn(kind, theta, steps, seed) for kind in critics.KINDS}


def learn(kind, theta, steps, seed):
    """{estimate: of the distance, slope: mean gradient at Pθ that would move it towards P0}."""
    objective, clip, penalty, _ = critics.KINDS[kind]
    critic = critics.fit(critics.build(seed=seed), line(0), line(theta), steps, objective, clip, penalty, seed=seed)
    rng = np.random.default_rng(1000 + seed)
    real, fake = line(0, TESTED)(rng), line(theta, TESTED)(rng)
    on_real, on_fake = critics.values(critic, real), critics.values(critic, fake)
    slope, k = passed(kind, critic, real, fake, rng)
    if kind == DISCRIMINATOR:
        estimate = float(js_estimate(paddle.to_tensor(on_real), paddle.to_tensor(on_fake)))
    else:
        estimate = float(on_real.mean() - on_fake.mean()) / (max(k, 1e-12) if clip else 1.0)
    return {"estimate": estimate, "slope": slope}


def passed(kind, critic, real, fake, rng):
    """(mean gradient at Pθ that would move it towards P0, the critic's largest slope K between pairs of points).

    Of a discriminator: what the saturating loss log(1 − D) passes on, D(x) ∇f(x). Of a clipped critic: divided by K.
    """
    slope = critics.slopes(critic, fake)
    k = critics.largest_slope(critic, real + rng.random((len(real), 1), dtype=np.float32) * (fake - real))
    if kind == DISCRIMINATOR:
        slope = critics.probability(critics.values(critic, fake))[:, None] * slope
    return -float(slope[:, 0].mean()) / (max(k, 1e-12) if critics.KINDS[kind].clip else 1.0), k


def draw(numbers, store):
    figure, axes = figures.new(1, 4, height=3.4)
    thetas = numbers["thetas"]
    axes[0].plot(thetas, thetas, color="0.4", linestyle=":", label="exact: |θ|")
    axes[1].axhline(math.log(2), color="0.4", linestyle=":", label="exact: log 2 for θ ≠ 0")
    for kind, (*_, colour) in critics.KINDS.items():
        for value, axis in (("estimate", axes[1] if kind == DISCRIMINATOR else axes[0]), ("slope", axes[2])):
            curves = list(zip(*(row["each"] for row in numbers[kind][value])))  # a seed each
            figures.band(axis, thetas, curves, kind, colour)
        if ways := numbers["learnt"][kind]:
            figures.band(axes[3], range(len(ways[0])), ways, kind, colour)
    axes[0].set(title="EM distance", xlabel="θ", ylabel="estimate (clipped: divided by its K)")
    axes[1].set(title="Jensen–Shannon divergence", xlabel="θ", ylabel="estimate, nats", ylim=(-0.05, 0.8))
    # a discriminator's is large beside θ = 0 with some seeds
    axes[2].set(title="Gradient at Pθ towards P0", xlabel="θ", ylabel="mean over samples (cut at 2)", ylim=(-1.2, 2))
    axes[3].axhline(0, color="0.4", linestyle=":", label="P0")
    axes[3].set(title="θ learnt", xlabel="steps of θ", ylabel="θ")
    figures.finish(axes, legend=7, title=10)
    if not numbers["learnt"][DISCRIMINATOR]:
        axes[3].remove()  # not measured yet
    learnt_by = f" (θ learnt: {len(numbers['learnt'][DISCRIMINATOR])})" if numbers["learnt"][DISCRIMINATOR] else ""
    bars = "line: mean, band: least to largest"
    figures.foot(
        figure,
        f"(0, Z) against (θ, Z); {numbers['seeds']} seeds{learnt_by}, {bars}; {numbers['steps']:,} critic steps for a fixed θ",
    )
    return figure

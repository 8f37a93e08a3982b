"""What a discriminator and a critic leave of the generator's gradient (Wasserstein GAN, figure 2)."""

from functools import partial
from typing import Any

import numpy as np
import paddle
from paddle import Tensor
from paddle.nn import Layer
from scipy.integrate import trapezoid

from experiments import critics, figures
from experiments.numeric import last_of_largest, t_interval
from models.constraints import trainable
from models.objectives import OBJECTIVES, Objective

ABOUT = {
    "title": "Does a discriminator that has learnt its job leave the generator without a gradient?",
    "title_zh": "学得好的判别器会不会让生成器失去梯度？",
    "claim": """the better the discriminator, the smaller the gradient of E log(1 − D(G(z))), down to nothing where the
        supports do not meet; with the −log D trick it does not vanish, but its variance grows; a critic has a gradient
        everywhere: "the critic … can't saturate, and converges to a linear function that gives remarkably clean gradients
        everywhere" (Wasserstein GAN, 1701.07875, section 3, figure 2; Towards Principled Methods, 1701.04862, theorem 2.4,
        figures 2 and 3; the posts repeat it). What the trick descends is KL(Pg ‖ Pr) − 2 JS (theorem 2.5).""",
    "claim_zh": "判别器越好，E log(1 − D(G(z))) 的梯度越小，支撑集不相交时趋于零；−log D 的梯度不消失，但方差增大；"
    "WGAN 的判别器（critic）处处有梯度，不会饱和"
    "（WGAN，1701.07875，第 3 节、图 2；1701.04862，定理 2.4、图 2 和 3；本项目参照的两篇博文）；"
    "−log D 实际减小的是 KL(Pg ‖ Pr) − 2 JS（定理 2.5）。",
    "run": """a discriminator, a clipped critic (c = 0.1) and a penalised one (lambda 10), mlp of 64 units. Left: between
        N(−1, 0.3²) and N(2, 0.3²) on a line, what each passes to a sample at x. Right: an untrained generator of 64 units
        that stands still against the eight Gaussians: norm and variance (over 20 batches of 256) of its parameters' gradient
        while discriminator or critic are trained for 3,000 steps. Theorem 2.5: discriminators, 3,000 steps on batches of 2,048,
        between N(0, 1) and N(θ, 1), θ = 0.5, 1, 2, of which gθ(z) = θ + z: the derivative of −log D along θ beside that of KL −
        2 JS by numerical integration. Ten seeds. frozen_dcgan has a trained DCGAN in the generator's place.""",
    "run_zh": "GAN 判别器、权重裁剪的判别器（c = 0.1）、带梯度惩罚的判别器（lambda = 10），64 个单元的 mlp。"
    "左：直线上 N(−1, 0.3²) 与 "
    "N(2, 0.3²) 之间，各自在 x 处传给样本的梯度。右：未训练、参数固定的生成器（64 个单元）对八个高斯，判别器训练 3,000 步期间"
    "生成器参数梯度的范数和方差（20 批，每批 256）。定理 2.5：N(0, 1) 与 N(θ, 1)（θ = 0.5、1、2，gθ(z) = θ + z）之间的判别器"
    "训练 3,000 步（每批 2,048），−log D 沿 θ 的导数与数值积分得到的 KL − 2 JS 的导数相比。十个种子。"
    "frozen_dcgan 用训练过的 DCGAN 作生成器。",
    "core_seconds": 1700,
    "constants": "–",
    "claims": {
        "saturating_vanishes": {
            "says": "A discriminator that has learnt its job leaves next to nothing of log(1 − D)'s gradient.",
            "says_zh": "判别器学好之后，log(1 − D) 的梯度几乎消失。",
            "quantity": "norm of the generator's gradient after the last step, divided by its largest on the way",
            "quantity_zh": "最后一步之后生成器梯度的范数与途中最大值之比",
            "relation": "below",
            "threshold": 0.01,
            "caveat": "The theorem speaks of an optimal discriminator, which 3,000 steps approach.",
            "caveat_zh": "定理说的是最优判别器，3,000 步只是接近它。",
            "looked_at": (3,),
        },
        "clipped_lasts": {
            "says": "A clipped critic's gradient does not vanish.",
            "says_zh": "权重裁剪的判别器的梯度不消失。",
            "quantity": "norm of the generator's gradient after the last step, divided by its largest on the way",
            "quantity_zh": "最后一步之后生成器梯度的范数与途中最大值之比",
            "relation": "above",
            "threshold": 0.1,
            "looked_at": (3,),
        },
        "penalised_lasts": {
            "like": "clipped_lasts",
            "says": "A penalised critic's gradient does not vanish.",
            "says_zh": "带梯度惩罚的判别器的梯度不消失。",
        },
        "log_d_is_noisy": {
            "says": "With the −log D trick the gradient gets noisier, relative to its size.",
            "says_zh": "−log D 的梯度，其噪声相对于梯度本身的大小越来越大。",
            "quantity": "variance over batches divided by the squared norm of the mean, after the last step over after the first",
            "quantity_zh": "方差除以均值范数的平方，最后一步之后与第一步之后之比",
            "relation": "above",
            "threshold": 10,
            "caveat": "The raw variance grows with the gradient itself and decides nothing.",
            "caveat_zh": "原始方差随梯度本身增大，不作判据。",
            "looked_at": (3,),
        },
        "reverse_kl": {
            "says": "Through a trained discriminator −log D descends KL(Pg ‖ Pr) − 2 JS, as theorem 2.5 has it.",
            "says_zh": "判别器训练好之后，用 −log D 训练生成器，实际减小的是 KL(Pg ‖ Pr) − 2 JS，如定理 2.5 所述。",
            "quantity": "largest relative error of the derivative over the three θ",
            "quantity_zh": "三个 θ 上导数的最大相对误差",
            "relation": "below",
            "threshold": 0.1,
            "caveat": "Batches of 256, with which the same ten seeds were trained first, left it undecided.",
            "caveat_zh": "同样的十个种子最初用 256 的批次训练，未定。",
        },
    },
}

# what a generator that stands still is trained by: the kind of critic, and the objective whose generator's loss it is
LOSSES = {
    "minimax": ("discriminator", "minimax"),
    "−log D": ("discriminator", "non-saturating"),
    "clipped critic": ("clipped critic", "wasserstein"),
    "penalised critic": ("penalised critic", "wasserstein"),
}
GRID = np.linspace(-3, 4, 141, dtype=np.float32)
BATCHES = 20
LARGE_BATCH = 2048  # of theorem 2.5, which is of a discriminator at its optimum
THETAS = (0.5, 1.0, 2.0)  # of theorem 2.5: between the means of two normal distributions
WIDE = np.linspace(-10, 12, 4401)


def measure(store):
    line_steps, ticks = (200, (1, 10, 100)) if store.quick else (3000, (1, 3, 10, 30, 100, 300, 1000, 3000))

    def units_of(seed):
        on_line = {"steps": line_steps}, partial(line, line_steps, seed)
        return {"line": on_line, "generator": ({"ticks": ticks}, partial(still, ticks, seed))}

    found = store.each_seed(critics.SEEDS, units_of)
    lines, stills = ([units[key] for units in found.values()] for key in ("line", "generator"))
    numbers = {"seeds": len(found), "line_steps": line_steps, "ticks": list(ticks), "line": lines[0], "norm": {}, "variance": {}}
    for loss in stills[0]:
        for value in ("norm", "variance"):
            numbers[value][loss] = np.mean([run[loss][value] for run in stills], 0).tolist()
    variance = numbers["variance"]["−log D"]
    numbers["variance_grows"] = variance[-1] / variance[0]
    fake = np.abs(GRID - 2) < 0.3
    numbers["at_fakes"] = {kind: float(np.mean([np.array(run[kind]["slope"])[fake] for run in lines])) for kind in critics.KINDS}
    losses = {"saturating_vanishes": "minimax", "clipped_lasts": "clipped critic", "penalised_lasts": "penalised critic"}
    of_seed = dict(zip(found, stills))
    left = {key: {seed: last_of_largest(run[loss]["norm"]) for seed, run in of_seed.items()} for key, loss in losses.items()}
    noise = {seed: relative_growth(**run["−log D"]) for seed, run in of_seed.items()}
    numbers["claims"] = {key: t_interval(values, log=True) for key, values in (left | {"log_d_is_noisy": noise}).items()}

    def theorem_of(seed):
        return {
            f"theta {theta}": ({"steps": line_steps, "batch": LARGE_BATCH}, partial(along_theta, theta, line_steps, seed))
            for theta in THETAS
        }

    derivatives = store.each_seed(critics.SEEDS, theorem_of, needed=False)
    errors = {seed: max(relative_error(units[f"theta {t}"], t) for t in THETAS) for seed, units in derivatives.items()}
    numbers["claims"]["reverse_kl"] = t_interval(errors)
    return numbers


def normal(x, mean):
    return np.exp(-((x - mean) ** 2) / 2) / np.sqrt(2 * np.pi)


def reverse_kl_minus_2js(theta):
    """KL(Pθ ‖ P0) − 2 JS(Pθ, P0) of normal distributions with means θ and 0 and variance 1, in nats, on WIDE."""
    real, fake = normal(WIDE, 0), normal(WIDE, theta)
    mean = (real + fake) / 2
    kl = lambda p, q: float(trapezoid(p * np.log(p / q), WIDE))  # noqa: E731
    return kl(fake, real) - kl(fake, mean) - kl(real, mean)


def reverse_kl_slope(theta, step=1e-3):
    return (reverse_kl_minus_2js(theta + step) - reverse_kl_minus_2js(theta - step)) / (2 * step)


def relative_error(derivative, theta):
    return abs(derivative / reverse_kl_slope(theta) - 1)


def along_theta(theta, steps, seed):
    """d/dθ E −log D(gθ(z)) with gθ(z) = θ + z, of a discriminator trained between N(0, 1) and N(θ, 1)."""

    def gaussian(mean):
        return lambda rng: (mean + rng.standard_normal((LARGE_BATCH, 1))).astype(np.float32)

    objective, clip, penalty, _ = critics.KINDS["discriminator"]
    critic = critics.fit(critics.build(1, seed=seed), gaussian(0), gaussian(theta), steps, objective, clip, penalty, seed=seed)
    return log_d_slope(critics.values(critic, WIDE[:, None]), critics.slopes(critic, WIDE[:, None])[:, 0], theta)


def log_d_slope(logits, slopes, theta):
    """E −(1 − D(x)) f'(x), x ~ N(θ, 1), of a discriminator D = sigmoid(f) with these logits and slopes f' on WIDE."""
    return -float(trapezoid(normal(WIDE, theta) * (1 - critics.probability(logits)) * slopes, WIDE))


def relative_growth(norm: list[float], variance: list[float]) -> float:
    """By which factor variance / norm² has grown from the first entry to the last."""
    return (variance[-1] / norm[-1] ** 2) / (variance[0] / norm[0] ** 2)


def line(steps, seed):
    """{kind: value (D or f) and slope, the size of the saturating loss's or −f's derivative, on GRID}."""

    def gaussian(mean):
        return lambda rng: (mean + 0.3 * rng.standard_normal((critics.BATCH, 1))).astype(np.float32)

    rows = {}
    for kind, (objective, clip, penalty, _) in critics.KINDS.items():
        critic = critics.build(1, seed=seed)
        critics.fit(critic, gaussian(-1), gaussian(2), steps, objective, clip, penalty, seed=seed)
        values, slopes = critics.values(critic, GRID[:, None]).astype(float), np.abs(critics.slopes(critic, GRID[:, None])[:, 0])
        if OBJECTIVES[objective].probabilistic:
            values = critics.probability(values)
            slopes = values * slopes
        rows[kind] = {"value": values, "slope": slopes}
    return rows


def still(ticks, seed):
    """{loss: norm and variance of the generator's gradient after so many critic steps}."""
    generator, fake = critics.still_generator(100 + seed)
    rng = np.random.default_rng(7 + seed)
    noise = [paddle.to_tensor(rng.standard_normal((critics.BATCH, 2), dtype=np.float32)) for _ in range(BATCHES)]
    rows: dict[str, dict[str, Any]] = {loss: {"norm": [], "variance": []} for loss in LOSSES}

    def look(kind, critic, step):
        for loss, (trained_by, objective) in LOSSES.items():
            if trained_by == kind and step in ticks:
                gradients = np.stack([gradient(generator, critic, OBJECTIVES[objective], z) for z in noise])
                rows[loss]["norm"].append(float(np.linalg.norm(gradients.mean(0))))
                rows[loss]["variance"].append(float(gradients.var(0, ddof=1).sum()))

    for kind, (objective, clip, penalty, _) in critics.KINDS.items():
        critic = critics.build(seed=seed)
        critics.fit(
            critic,
            critics.points("8gaussians"),
            fake,
            max(ticks),
            objective,
            clip,
            penalty,
            seed=seed,
            look=partial(look, kind, critic),
        )
    return rows


def gradient(generator: Layer, critic: Layer, objective: Objective, z: Tensor) -> np.ndarray:
    """The generator's gradient of a batch, all of its parameters in a row."""
    rows = paddle.grad(objective.generator_loss(critic(generator(z))), trainable(generator))
    return np.concatenate([row.numpy().ravel() for row in rows]).astype(float)


def draw(numbers, store):
    figure, axes = figures.new(2, 2, height=3.3)
    for kind, (*_, colour) in critics.KINDS.items():
        row = numbers["line"][kind]
        values, scaled = np.array(row["value"]), ""
        if kind != "discriminator":
            values, scaled = (values - values.min()) / np.ptp(values), ", scaled to 0…1"
        axes[0][0].plot(GRID, values, color=colour, label=kind + scaled)
        axes[1][0].plot(GRID, np.maximum(row["slope"], 1e-9), color=colour, label=kind)
    for mean, label in ((-1, "real"), (2, "generated")):
        for axis in axes[:, 0]:
            axis.axvspan(mean - 0.6, mean + 0.6, color="0.5", alpha=0.25 if label == "real" else 0.12, linewidth=0)
        axes[0][0].text(mean, 0.5, label, ha="center", fontsize=8, rotation=90, va="center")
    axes[0][0].set(title="D(x) and f(x) between two Gaussians", xlabel="x", ylabel="D, f")
    axes[1][0].set(title="what the generator gets at x", xlabel="x", ylabel="|d log(1 − D)/dx|, |df/dx|")
    axes[1][0].set(yscale="log", ylim=(1e-9, 30))
    for loss, (kind, _) in LOSSES.items():
        style = {"color": "tab:orange" if loss == "−log D" else critics.KINDS[kind].colour, "marker": "o", "markersize": 3}
        style["label"] = "log(1 − D), saturating" if loss == "minimax" else loss
        axes[0][1].plot(numbers["ticks"], np.maximum(numbers["norm"][loss], 1e-12), **style)
        axes[1][1].plot(numbers["ticks"], np.maximum(numbers["variance"][loss], 1e-24), **style)
    axes[0][1].set(title="gradient of a generator that stands still", ylabel="norm of the mean", xscale="log", yscale="log")
    axes[1][1].set(title="its variance over batches", ylabel="summed over parameters", xscale="log", yscale="log")
    figures.finish(axes.ravel(), legend=7)
    for axis in axes[:, 1]:
        axis.set_xlabel("steps of discriminator or critic")
    about = f"left: seed 0 after {numbers['line_steps']:,} steps; right: mean of {numbers['seeds']} seeds"
    figures.foot(figure, f"{about}, batches of {critics.BATCH}, eight Gaussians; slopes below 1e-9 are drawn at 1e-9")
    return figure

"""Critics at their optimum: clipped at many c, with the two-sided and with the one-sided penalty (WGAN-GP, sections 3 and 4)."""

from functools import partial
from typing import Any

import numpy as np

from data import toys
from experiments import critics, figures, run_groups
from experiments.gradient_fidelity import cosine, way_to_partner
from experiments.numeric import mean_and_deviation, paired_difference, t_interval

ABOUT = {
    "title": "Trained till optimality, what does a critic see of higher moments: clipped, at which c, or penalised?",
    "title_zh": "训练到最优时，判别器能学到多少高阶矩：裁剪（c 取多少）与惩罚相比如何？",
    "claim": """"critics trained with weight clipping fail to capture higher moments of the data distribution"; the result
        depends on c, a penalty needs no such care (WGAN-GP, 1704.00028, section 3). The optimal critic has unit gradient
        norm almost everywhere under Pr and Pg (corollary 1), so that the two-sided penalty, "towards 1", seems "not to
        constrain the critic too much" beside the one-sided, "below 1", and was found "to perform slightly better" (section
        4; not significantly, appendix C).""",
    "claim_zh": "权重裁剪的判别器学不到数据分布的高阶矩；结果取决于 c，惩罚则不必如此小心（WGAN-GP，1704.00028，第 3 节）。"
    "最优判别器在 Pr、Pg 下几乎处处梯度范数为 1（推论 1），所以与“不超过 1”的单侧惩罚相比，“趋向 1”的双侧惩罚并没有"
    "过分约束判别器，效果还略好（第 4 节；附录 C：不显著）。",
    "run": """the eight and 25 Gaussians and the Swiss roll, each against one Gaussian of the same mean and covariance, so
        that all of their distance lies in higher moments; critics (mlp of 64 units, batch 256) clipped at six c (RMSProp,
        learning rate c / 50, at most 1e-3) and with either penalty, lambda 10 (Adam 1e-3, 0.5, 0.9). Each is trained until
        its objective on 2,000 held-out pairs has not risen by more than 1 % in 2,000 steps (it has converged), for at most
        20,000 steps. Its estimate there, divided by the slope that 99 % of the points stay below, as a share of the exact
        W1. Eight seeds (six did not tell the two penalties apart); a seed's number is the mean over the three sets. The
        first seed chose and is not judged: the best and the worst c, the penalised critics' learning rate (of 1e-4, 5e-4
        and 1e-3) and the most steps.""",
    "run_zh": "8 个、25 个高斯和瑞士卷，各对一个均值与协方差相同的高斯，因此两者的距离全在高阶矩里；判别器（64 个单元的 mlp，"
    "每批 256）按六个 c 裁剪（RMSProp，学习率 c / 50，至多 1e-3），或用两种惩罚，lambda = 10（Adam 1e-3、0.5、0.9）。"
    "训练到 2,000 对留出点上的目标在 2,000 步内上升不超过 1 % 即为收敛；至多 20,000 步。所测的是此时的估计值先除以"
    "斜率的 99 % 分位数，再除以精确 W1。八个种子（六个未能定两种惩罚的高下）；每个种子取三种数据的均值。"
    "第一个种子只用来选定最好与最差的 c、带梯度惩罚的判别器的"
    "学习率（在 1e-4、5e-4、1e-3 中）和步数上限，不参与判定。",
    "core_seconds": 4000,
    "constants": "–",
    "claims": {
        "clip_sees_less": {
            "says": "Even at the best c a clipped critic captures less of the higher moments than a penalised one.",
            "says_zh": "即使 c 取得最好，权重裁剪的判别器学到的高阶矩仍少于带梯度惩罚的判别器。",
            "quantity": "share of the exact W1 seen, penalised (two-sided) minus clipped at the best of the six c",
            "quantity_zh": "测出的距离占精确 W1 的比例，惩罚（双侧）减去六个 c 中最好的裁剪",
            "relation": "above",
            "threshold": 0,
            "of_converged": True,
            "looked_at": (5,),
        },
        "c_matters": {
            "says": "What a clipped critic captures depends on c.",
            "says_zh": "权重裁剪的判别器学到多少取决于 c。",
            "quantity": "share of the exact W1 seen, at the best minus at the worst of the six c, as the first seed has them",
            "quantity_zh": "测出的距离占精确 W1 的比例，第一个种子选出的最好的 c 减去最差的 c",
            "relation": "above",
            "threshold": 0.1,
            "of_converged": True,
            "looked_at": (5,),
        },
        "unit_norm": {
            "says": "At its optimum a critic with the two-sided penalty has unit gradient norm at real and generated points.",
            "says_zh": "双侧惩罚的判别器在最优处，真实点和生成点上梯度范数为 1。",
            "quantity": "mean of |‖∇f‖ − 1| over held-out real and generated points",
            "quantity_zh": "留出的真实点和生成点上 |‖∇f‖ − 1| 的均值",
            "relation": "below",
            "threshold": 0.1,
            "of_converged": True,
            "looked_at": (5,),
            "caveat": "The penalty asks for it: whether an optimum has it without being asked, the one-sided one shows.",
            "caveat_zh": "这正是该惩罚所要求的；不作要求时最优处是否也如此，要看单侧惩罚。",
        },
        "unit_norm_one_sided": {
            "like": "unit_norm",
            "says": "At its optimum a critic with the one-sided penalty has unit gradient norm there too.",
            "says_zh": "单侧惩罚的判别器在最优处，真实点和生成点上梯度范数也为 1。",
            "caveat": "The threshold is ours, and it is missed by little.",
            "caveat_zh": "阈值由本项目所定，只差一点。",
        },
        "two_sided_better": {
            "like": "clip_sees_less",
            "says": "A critic with the two-sided penalty sees more than one with the one-sided.",
            "says_zh": "双侧惩罚的判别器测出的距离大于单侧惩罚的判别器。",
            "quantity": "share of the exact W1 seen, two-sided minus one-sided",
            "quantity_zh": "测出的距离占精确 W1 的比例，双侧减去单侧",
            "caveat": "The paper compared Inception scores of trained generators (appendix C: of 174 architectures the "
            "two-sided penalty was ahead in 100, the one-sided in 77, not significantly) and expects settings in which the "
            "one-sided does better; this compares critics.",
            "caveat_zh": "论文比较的是训练出的生成器的 Inception 得分（附录 C：174 种结构中双侧惩罚 100 次领先、单侧 77 次，"
            "不显著），并认为会有单侧更好的情形；这里比较的是判别器。",
        },
    },
}

SETS = ("8gaussians", "25gaussians", "swissroll")
CLIPS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.5)
TWO, ONE = "two-sided", "one-sided"
PENALTIES: dict[str, dict[str, Any]] = {TWO: {"penalty": 10}, ONE: {"penalty": 10, "one_sided": True}}
KINDS: dict[str, dict[str, Any]] = {**{f"c = {c:g}": {"clip": c} for c in CLIPS}, **PENALTIES}
CLIPPED = [kind for kind in KINDS if kind not in PENALTIES]
VALUES = ("share", "share_of_largest", "cosine", "norm_gap")
PATIENCE, RISE, SEEDS = 4, 0.01, 8


def matched(name):
    """A function that draws points of the Gaussian with a set's mean and covariance."""
    points = toys.draw(name, 100_000, np.random.default_rng(0)).astype(float)
    mean, root = points.mean(0), np.linalg.cholesky(np.cov(points.T))
    return lambda rng, n=critics.BATCH: (mean + rng.standard_normal((n, 2)) @ root.T).astype(np.float32)


def measure(store):
    cap, every, pairs = (60, 20, 200) if store.quick else (20_000, 500, 2000)

    def units_of(seed):
        settings = {"cap": cap, "every": every, "pairs": pairs}
        return {
            f"{name}, {kind}": (settings, partial(optimum, name, kind, cap, every, pairs, seed))
            for name in SETS
            for kind in KINDS
        }

    found = store.each_seed(SEEDS, units_of)
    numbers: dict[str, Any] = {"cells": {}}
    # the first seed chose: the learning rate and the cap were settled with it in view, too; the others are judged
    chose = np.array([[found[min(found)][f"{name}, {kind}"]["share"] for name in SETS] for kind in CLIPPED]).mean(1)
    numbers["worst"], numbers["best"] = worst, best = CLIPPED[chose.argmin()], CLIPPED[chose.argmax()]
    found = {seed: units for seed, units in found.items() if seed != min(found)} or found
    groups = {kind: [units[f"{name}, {kind}"] for units in found.values() for name in SETS] for kind in KINDS}
    means = {
        value: {
            kind: {s: float(np.mean([units[f"{name}, {kind}"][value] for name in SETS])) for s, units in found.items()}
            for kind in KINDS
        }
        for value in VALUES
    }
    numbers |= {"seeds": len(found), "cap": cap}
    for kind, group in groups.items():
        row = {value: mean_and_deviation(means[value][kind].values()) for value in VALUES}
        row["sets"] = {name: mean_and_deviation([units[f"{name}, {kind}"]["share"] for units in found.values()]) for name in SETS}
        row["steps"] = mean_and_deviation([unit["steps"] for unit in group])
        numbers["cells"][kind] = {**row, "trainings": len(group), "at_end": sum(unit["ended"] == "end" for unit in group)}
    share, gap = means["share"], means["norm_gap"]
    of_kinds = {
        "clip_sees_less": (paired_difference(share[TWO], share[best]), (TWO, best)),
        "c_matters": (paired_difference(share[best], share[worst]), (best, worst)),
        "unit_norm": (t_interval(gap[TWO]), (TWO,)),
        "unit_norm_one_sided": (t_interval(gap[ONE]), (ONE,)),
        "two_sided_better": (paired_difference(share[TWO], share[ONE]), (ONE, TWO)),
    }
    numbers["claims"] = {
        key: run_groups.with_ends(interval, *(groups[kind] for kind in kinds)) for key, (interval, kinds) in of_kinds.items()
    }
    return numbers


def optimum(name, kind, cap, every, pairs, seed):
    """A critic's VALUES where its objective on held-out points has stopped rising, after `steps`; ended: 'end' or 'cap'."""
    constraint, real, fake = KINDS[kind], critics.points(name), matched(name)
    rng = np.random.default_rng(1100 + seed)
    x, y = real(rng, pairs), fake(rng, pairs)
    between = x + rng.random((pairs, 1), dtype=np.float32) * (y - x)
    critic = critics.build(seed=seed)
    seen: list[float] = []

    def look(step):
        if step and step % every == 0:
            seen.append(critics.estimate(critic, x, y) - paid(critic, between, **constraint))
        return step % every == 0 and settled(seen)

    rate = min(1e-3, constraint.get("clip", 1) / 50)  # some 50 steps from 0 to c
    critics.fit(critic, real, fake, cap, learning_rate=rate, seed=seed, look=look, **constraint)
    slopes, way = critics.slopes(critic, np.concatenate([x, y, between])).astype(float), way_to_partner(y, x)
    norms = np.linalg.norm(slopes, axis=1)
    seen_of_w1 = critics.estimate(critic, x, y) / float(np.linalg.norm(way, axis=1).mean())
    return {
        "share": seen_of_w1 / max(float(np.quantile(norms, 0.99)), 1e-30),
        "share_of_largest": seen_of_w1 / max(float(norms.max()), 1e-30),
        "cosine": cosine(slopes[pairs : 2 * pairs], way),
        "norm_gap": float(np.abs(norms[: 2 * pairs] - 1).mean()),
        "steps": every * len(seen),
        "ended": "end" if settled(seen) else "cap",
    }


def paid(critic, points, clip=None, penalty=0.0, one_sided=False):
    """What a critic's objective pays for its slopes at points N×2; a clipped one pays nothing."""
    excess = np.linalg.norm(critics.slopes(critic, points), axis=1) - 1
    return penalty * float(np.square(np.maximum(excess, 0) if one_sided else excess).mean())


def settled(values: list[float]) -> bool:
    """Whether the best of the last PATIENCE values is above the best before them by no more than RISE of its size."""
    before = max(values[:-PATIENCE], default=None)
    return before is not None and max(values[-PATIENCE:]) <= before + RISE * abs(before)


def draw(numbers, store):
    figure, axes = figures.new(1, 3, height=3.6)
    cells = numbers["cells"]
    for number, name in enumerate(SETS):
        shares = zip(*(cells[f"c = {c:g}"]["sets"][name]["each"] for c in CLIPS))
        figures.band(axes[0], CLIPS, [*shares], name, f"C{number}")
        axes[0].axhline(cells[TWO]["sets"][name]["mean"], color=f"C{number}", linestyle="--", linewidth=1)
        axes[0].axhline(cells[ONE]["sets"][name]["mean"], color=f"C{number}", linestyle=":", linewidth=1)
    axes[0].set(title="share of the exact W1 seen", xlabel="c")
    figures.band(axes[1], CLIPS, [*zip(*(cells[f"c = {c:g}"]["cosine"]["each"] for c in CLIPS))], "clipped", "tab:blue")
    axes[1].set(title="cosine with the exact W1's direction", xlabel="c")
    axes[2].plot(CLIPS, [cells[f"c = {c:g}"]["steps"]["mean"] for c in CLIPS], "o-", color="tab:blue", label="clipped")
    axes[2].set(title=f"critic steps, at most {numbers['cap']:,}", xlabel="c")
    for kind, style in ((TWO, "--"), (ONE, ":")):
        for axis, value in ((axes[1], "cosine"), (axes[2], "steps")):
            axis.axhline(cells[kind][value]["mean"], color="tab:green", linestyle=style, label=f"{kind} penalty")
    for axis in axes:
        axis.set_xscale("log")
    figures.finish(axes, legend=7, title=10)
    about = f"{numbers['seeds']} seeds, line: mean, band: least to largest; dashed: two-sided penalty, dotted: one-sided"
    figures.foot(figure, f"points against one Gaussian of their mean and covariance; {about}")
    return figure

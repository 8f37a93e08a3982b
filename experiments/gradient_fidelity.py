"""The direction that a critic gives a sample beside the exact W1's (Wasserstein GAN, section 3, theorem 3)."""

from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from experiments import critics, figures
from experiments.numeric import mean_and_deviation, paired_difference, t_interval

ABOUT = {
    "title": "Does a critic's gradient point where the Wasserstein distance would send a sample?",
    "title_zh": "判别器的梯度，是否指向最优传输中样本的去向？",
    "claim": """the gradient of W with respect to the generator is that of the optimal critic (Wasserstein GAN, 1701.07875,
        theorem 3), so that "the more we train the critic, the more reliable gradient of the Wasserstein we get" (section 3);
        an optimal critic has unit gradient along the straight lines of an optimal coupling (WGAN-GP, 1704.00028, proposition
        1).""",
    "claim_zh": "W 对生成器的梯度就是最优判别器的梯度（WGAN，1701.07875，定理 3），所以判别器训练得越多，得到的 W "
    "的梯度越可靠（第 3 节）；最优判别器在最优耦合所连的直线上梯度范数为 1（WGAN-GP，1704.00028，命题 1）。",
    "run": """an untrained generator of points that stands still against the eight and against the 25 Gaussians; critics (mlp
        of 64 units) clipped at c = 0.01, 0.03, 0.1 (RMSProp 1e-3) and penalised with lambda = 0.1, 1, 10 (Adam 1e-3), for 10
        to 3,000 steps. Cosine, mean over 2,000 generated points, between the critic's gradient and the way to the partner in
        an optimal assignment to 2,000 real points; the same between two such assignments shows what so many points allow. Ten
        seeds; a seed's cosines are means over the two sets.""",
    "run_zh": "未训练、参数固定的生成器，分别对 8 个和 25 个高斯；判别器（64 个单元的 mlp）按 c = 0.01、0.03、0.1 裁剪（RMSProp "
    "1e-3），或按 lambda = 0.1、1、10 惩罚（Adam 1e-3），训练 10 到 3,000 步。用最优指派为 2,000 个生成点"
    "各配一个真实点（共 2,000 个），求判别器的梯度与指向所配真实点的方向之间夹角余弦的均值；"
    "两次这样的指派之间的余弦，就是点数有限时所能达到的上限。"
    "十个种子；每个种子的余弦先取两种数据的均值。",
    "core_seconds": 3800,
    "constants": "–",
    "claims": {
        "penalty_rises": {
            "says": "With lambda 10 the gradient is truer after 3,000 critic steps than after 10.",
            "says_zh": "lambda = 10 时，3,000 个判别器步之后的梯度比 10 步之后的准。",
            "quantity": "cosine after the last step minus the cosine after the first 10",
            "quantity_zh": "最后一步之后的余弦减去前 10 步之后的余弦",
            "relation": "above",
            "threshold": 0,
        },
        "clip_rises": {
            "like": "penalty_rises",
            "says": "With clipping at 0.01 it is truer after 3,000 critic steps than after 10.",
            "says_zh": "裁剪（c = 0.01）时，3,000 个判别器步之后的梯度比 10 步之后的准。",
            "caveat": "It is truest after about 100 steps and falls from there on (table): more steps do not make it truer.",
            "caveat_zh": "100 步左右最准，此后变差（见表），所以并非步数越多越准。",
        },
        "penalty_true": {
            "says": "With lambda 10 and 3,000 steps the critic's gradient at samples points where the Wasserstein distance's "
            "does.",
            "says_zh": "lambda = 10、3,000 步之后，判别器在样本处的梯度与 Wasserstein 距离的梯度方向一致。",
            "quantity": "cosine after the last step, divided by the cosine between two assignments",
            "quantity_zh": "最后一步之后的余弦除以两次指派之间的余弦",
            "relation": "above",
            "threshold": 0.9,
        },
        "clip_true": {
            "like": "penalty_true",
            "says": "With clipping at 0.01 and 3,000 steps the critic's gradient at samples points where the Wasserstein "
            "distance's does.",
            "says_zh": "裁剪（c = 0.01）、3,000 步之后，判别器在样本处的梯度与 Wasserstein 距离的梯度方向一致。",
            "caveat": "0.01 is the worst of the three c, and its steps of 1e-3 are a tenth of c; with c = 0.1 much less is "
            "missing (table).",
            "caveat_zh": "0.01 是三个 c 中最差的一个，1e-3 的步长又是它的十分之一；c = 0.1 时差距小得多（见表）。",
        },
        "penalty_truer": {
            "says": "The penalty (lambda 10) gives a truer gradient than clipping (0.01).",
            "says_zh": "惩罚（lambda = 10）的梯度比裁剪（0.01）的更准。",
            "quantity": "cosine after the last step, penalised minus clipped",
            "quantity_zh": "最后一步之后的余弦，惩罚减去裁剪",
            "relation": "above",
            "threshold": 0,
            "terms": "critic steps",
            "caveat": "0.01 is the worst of the three c, and its steps of 1e-3 are a tenth of c; with c = 0.1 much less is "
            "missing (table).",
            "caveat_zh": "0.01 是三个 c 中最差的一个，1e-3 的步长又是它的十分之一；c = 0.1 时差距小得多（见表）。",
        },
    },
}

CASES = ("8gaussians", "25gaussians")
CONSTRAINTS = [("clip", c) for c in (0.01, 0.03, 0.1)] + [("penalty", weight) for weight in (0.1, 1.0, 10.0)]
CLIP, PENALTY = "clip 0.01", "penalty 10"  # of the claims


def measure(store):
    ticks, pairs = ((10, 50), 300) if store.quick else ((10, 30, 100, 300, 1000, 3000), 2000)
    labels = {f"{constraint} {value:g}": {constraint: value} for constraint, value in CONSTRAINTS[:: 5 if store.quick else 1]}

    def units_of(seed):
        settings = {"ticks": ticks, "pairs": pairs}
        return {
            f"{case}, {label}": (settings, partial(still, case, constraint, ticks, pairs, seed))
            for case in CASES
            for label, constraint in labels.items()
        }

    rows: dict[str, dict[int, Any]] = {label: {} for label in labels}  # {constraint: {seed: means over the sets}}
    for seed, units in store.each_seed(critics.SEEDS, units_of).items():
        for label, group in rows.items():
            cases = [units[f"{case}, {label}"] for case in CASES]
            group[seed] = {key: np.mean([unit[key] for unit in cases], 0).tolist() for key in ("cosine", "assignments")}
    numbers: dict[str, Any] = {"ticks": list(ticks), "pairs": pairs, "cells": {}, "claims": {}}
    for label, group in rows.items():
        cosines = [mean_and_deviation(values) for values in zip(*(row["cosine"] for row in group.values()))]
        ceiling = mean_and_deviation(row["assignments"] for row in group.values())
        numbers["cells"][label] = {"cosine": cosines, "assignments": ceiling}
    last = {label: {seed: row["cosine"][-1] for seed, row in group.items()} for label, group in rows.items()}
    for key, label in (("clip", CLIP), ("penalty", PENALTY)):
        group = rows[label]
        numbers["claims"][f"{key}_rises"] = t_interval({s: row["cosine"][-1] - row["cosine"][0] for s, row in group.items()})
        numbers["claims"][f"{key}_true"] = t_interval({s: row["cosine"][-1] / row["assignments"] for s, row in group.items()})
    numbers["ahead"] = {label: paired_difference(last[PENALTY], row) for label, row in last.items() if label.startswith("clip")}
    numbers["claims"]["penalty_truer"] = paired_difference(last[PENALTY], last[CLIP])
    return numbers


def still(case, constraint, ticks, pairs, seed):
    """{cosine: at each tick, mean over generated points; assignments: the same between two assignments to other real points}."""
    real, fake = critics.points(case), critics.still_generator(50 + seed)[1]
    rng = np.random.default_rng(700 + seed)
    points = fake(rng, pairs)
    way, other = (towards_partner(points, real(rng, pairs)) for _ in range(2))
    critic = critics.build(seed=seed)
    row: dict[str, Any] = {"cosine": [], "assignments": cosine(way, other)}

    def look(step):
        if step in ticks:
            row["cosine"].append(cosine(critics.slopes(critic, points), way))

    critics.fit(critic, real, fake, max(ticks), seed=seed, look=look, **constraint)
    return row


def way_to_partner(points: np.ndarray, real: np.ndarray) -> np.ndarray:
    """From each point to its partner in an optimal assignment, N×2: the mean length is the exact W1 of the two sets."""
    rows, columns = linear_sum_assignment(cdist(points.astype(float), real.astype(float)))
    return real[columns].astype(float) - points[rows]


def towards_partner(points, real):
    """Minus the gradient of the exact W1 with respect to each point, N×2: the way to its partner, of length 1."""
    way = way_to_partner(points, real)
    return way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Mean cosine of the rows of two arrays N×2."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean((a * b).sum(1) / np.maximum(norms, 1e-12)))


def draw(numbers, store):
    figure, axes = figures.new(1, 2, height=3.4, sharey=True)
    for axis, kind, name in zip(axes, ("clip", "penalty"), ("clipped at c", "penalised with lambda")):
        for label, row in numbers["cells"].items():
            if label.startswith(kind):
                values = np.array([tick["each"] for tick in row["cosine"]], float).T
                figures.band(axis, numbers["ticks"], values.tolist(), label.split()[1], f"C{list(numbers['cells']).index(label)}")
        ceilings = [row["assignments"]["mean"] for row in numbers["cells"].values()]
        if ceilings:
            axis.axhline(np.mean(ceilings), color="0.5", linestyle=":", label="between two assignments")
        axis.set(title=f"critic {name}", xlabel="critic steps", xscale="log")
    figures.finish(axes, legend=8)
    axes[0].set_ylabel("cosine with the exact W1's direction")
    seeds = len(next(iter(numbers["cells"].values()))["assignments"]["each"]) if numbers["cells"] else 0
    figures.foot(
        figure, f"mean over {numbers['pairs']:,} points and both sets; line: mean, band: least to largest of {seeds} seeds"
    )
    return figure

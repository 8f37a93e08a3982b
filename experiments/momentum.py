"""RMSProp beside Adam with more and more momentum (Wasserstein GAN, section 4)."""

from typing import Any

import numpy as np

from experiments import figures, run_groups, training_runs
from experiments.numeric import mean_and_deviation

ABOUT = {
    "title": "Does momentum upset a clipped critic?",
    "title_zh": "动量会不会扰乱权重裁剪的判别器？",
    "claim": """"WGAN training becomes unstable at times when one uses a momentum based optimizer such as Adam (with β1 > 0)
        on the critic, or when one uses high learning rates. Since the loss for the critic is nonstationary, momentum based
        methods seemed to perform worse." (Wasserstein GAN, 1701.07875, section 4; the reason for algorithm 1's RMSProp.)""",
    "claim_zh": "判别器用带动量的优化器（Adam，β1 > 0）或高学习率时训练有时不稳；判别器的损失不平稳，动量方法似乎更差"
    "（WGAN，1701.07875，第 4 节；算法 1 用 RMSProp 的理由）。",
    "run": """wgan on dcgan with 16 filters, mnist-5k, three seeds (twelve of Adam at 5e-5, which three and seven did not
        tell apart), both players with RMSProp, Adam with β1 = 0, 0.5 and 0.9 (β2 = 0.99, RMSProp's; the authors' option
        --adam has 0.999), 1,500 generator steps at learning rate 5e-5 and 400 at 2e-4, and 400 of SGD without momentum at
        0.05. Measured: fd_lenet at the end and its largest rise between checkpoints on the way, the share of logged steps
        with a negative estimate, and the roughness of the estimate (mean change between logged steps in the second half,
        divided by its mean there).""",
    "run_zh": "wgan，16 个滤波器的 dcgan，mnist-5k，三个种子（5e-5 上的 Adam 为十二个：三个和七个都分不出高下），"
    "双方都用 RMSProp，或 Adam（β1 = 0、0.5、0.9；β2 = 0.99，与 "
    "RMSProp 相同，"
    "作者的 --adam 选项为 0.999）；学习率 5e-5 做 1,500 个生成器步，2e-4 做 400 步；另有无动量的 SGD（0.05）400 步。测最后的 "
    "fd_lenet、途中后一个检查点与前一个之比的最大值、估计值为负的记录步所占比例、估计值的粗糙度（后一半中相邻记录步之差的绝对值的均值，除以这一半的均值）。",
    "core_seconds": 7400,
    "constants": "the papers'",
    "claims": {
        "b0.9_slow": {
            "says": "Momentum of β1 = 0.9 makes samples worse at algorithm 1's learning rate, 5e-5.",
            "says_zh": "按算法 1 的学习率 5e-5，β1 = 0.9 使样本变差。",
            "quantity": "fd_lenet at the end with β1 divided by the one without, paired by seed",
            "quantity_zh": "有动量与无动量时最后的 fd_lenet 之比（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "all steps",
            "looked_at": (3, 7),
            "caveat": "Both players have the optimiser: momentum_apart tells whose momentum does the harm.",
            "caveat_zh": "双方用同一种优化器；害处来自哪一方的动量，见 momentum_apart。",
        },
        "b0.5_slow": {
            "says": "Momentum of β1 = 0.5 makes samples worse at a learning rate of 5e-5.",
            "says_zh": "学习率 5e-5 时，β1 = 0.5 使样本变差。",
            "quantity": "fd_lenet at the end with β1 divided by the one without, paired by seed",
            "quantity_zh": "有动量与无动量时最后的 fd_lenet 之比（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "all steps",
            "looked_at": (3, 7),
        },
        "b0.9_fast": {
            "says": "Momentum of β1 = 0.9 makes samples worse at a learning rate of 2e-4.",
            "says_zh": "学习率 2e-4 时，β1 = 0.9 使样本变差。",
            "quantity": "fd_lenet at the end with β1 divided by the one without, paired by seed",
            "quantity_zh": "有动量与无动量时最后的 fd_lenet 之比（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "all steps",
        },
        "b0.5_fast": {
            "like": "b0.9_fast",
            "says": "Momentum of β1 = 0.5 makes samples worse at a learning rate of 2e-4.",
            "says_zh": "学习率 2e-4 时，β1 = 0.5 使样本变差。",
        },
        "unstable_slow": {
            "like": "unstable_fast",
            "says": "With momentum of β1 = 0.9 at a learning rate of 5e-5 fd_lenet rises more from one checkpoint to the next "
            "than without.",
            "says_zh": "学习率 5e-5 时，β1 = 0.9 的 fd_lenet 在相邻检查点之间的回升比没有动量时大。",
            "looked_at": (3, 7),
        },
        "unstable_fast": {
            "says": "With momentum of β1 = 0.9 at a learning rate of 2e-4 fd_lenet rises more from one checkpoint to the next "
            "than without.",
            "says_zh": "学习率 2e-4 时，β1 = 0.9 的 fd_lenet 在相邻检查点之间的回升比没有动量时大。",
            "quantity": "largest factor by which fd_lenet rises from one checkpoint to the next (the untrained one left out; 1 "
            "where it only falls), with β1 divided by the one without, paired by seed",
            "quantity_zh": "后一个检查点与前一个的 fd_lenet 之比的最大值（不计未训练的检查点；只降不升则为 1），"
            "有动量与没有动量之比（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "all steps",
            "after": True,
            "caveat": "Nearly all of these rises lie in the first climb, which every training has, so that it says little of "
            "instability; at first it was without the comparison, and the threshold 1.5.",
            "caveat_zh": "这些回升几乎都在训练最初的上升阶段，每次训练都有，所以不大能说明稳定与否；起初不与无动量的相比，"
            "阈值为 1.5。",
        },
    },
}

RATES = (5e-5, 2e-4)
BETAS = (0.0, 0.5, 0.9)
OURS = "rmsprop 5e-05"  # algorithm 1
CLOSE, MORE = tuple(f"adam b{beta:g} 5e-05" for beta in BETAS), 12  # cells that fewer seeds did not tell apart, and theirs


def cells(quick):
    ours: dict[str, Any] = {
        "network": "dcgan",
        "filters": 16,
        **training_runs.schedule(20 if quick else 1500, 4 if quick else 20, 300),
    }
    faster = {"filters": 16, **training_runs.schedule(20 if quick else 400, 2 if quick else 10, 200)}
    table: dict[str, tuple[str, dict[str, Any]]] = {OURS: ("wgan", ours)}
    for rate, common in zip(RATES, (ours,) if quick else (ours, faster)):
        if rate != RATES[0]:
            table[f"rmsprop {rate:g}"] = "wgan", {**common, "optimizer": "rmsprop", "learning_rate": rate}
        for beta in BETAS[::2] if quick else BETAS:
            adam = {"optimizer": "adam", "beta1": beta, "beta2": 0.99, "learning_rate": rate}
            table[f"adam b{beta:g} {rate:g}"] = "wgan", {**common, **adam}
    if not quick:
        table["sgd 0.05"] = "wgan", {**faster, "optimizer": "sgd", "learning_rate": 0.05}
    return table


def measure(store):
    trained = training_runs.runs(store, cells(store.quick), dict.fromkeys(CLOSE, MORE), names=["frechet"])
    numbers: dict[str, Any] = {"cells": {}}
    for label, group in trained.items():
        row = run_groups.summary(group, ("fd_lenet",))
        alive = run_groups.alive(group)
        row["largest_rise"] = mean_and_deviation([rise(run["on_the_way"]["fd_lenet"]) for run in alive])
        row["estimates"] = [run["curves"]["estimate"] for run in alive]
        row["negative_share"] = mean_and_deviation([float(np.mean(np.array(curve) < 0)) for curve in row["estimates"]])
        row["roughness"] = mean_and_deviation([roughness(curve) for curve in row["estimates"]])
        row["curve_steps"] = alive[0]["curves"]["step"] if alive else []
        numbers["cells"][label] = row
    pairs = {
        f"b{beta:g}_{speed}": (trained.get(f"adam b{beta:g} {rate:g}", []), trained.get(f"adam b0 {rate:g}", []))
        for rate, speed in zip(RATES, ("slow", "fast"))
        for beta in BETAS[1:]
    }
    numbers["claims"] = {key: run_groups.compared(ours, theirs, "fd_lenet") for key, (ours, theirs) in pairs.items()}
    for speed in ("slow", "fast"):
        rises = run_groups.compared(*pairs[f"b0.9_{speed}"], lambda run: rise(run["on_the_way"]["fd_lenet"]))
        numbers["claims"][f"unstable_{speed}"] = rises
    return numbers


def rise(values):
    """Largest factor by which it grew from one checkpoint to the next, after the first: 1 where it only fell."""
    values = np.array([value for value in values[1:] if value is not None])
    return float(max(1.0, (values[1:] / values[:-1]).max())) if len(values) > 1 else None


def roughness(values):
    late = np.array(values[len(values) // 2 :])
    return float(np.abs(np.diff(late)).mean() / max(abs(late.mean()), 1e-12))


def draw(numbers, store):
    figure, axes = figures.new(1, 3, height=3.8, width_ratios=[1.2, 1, 1])
    cells = numbers["cells"]
    for y, (label, row) in enumerate(cells.items()):
        values = [value for value in row["fd_lenet"]["each"] if value is not None]
        axes[0].plot(values, [y] * len(values), "o", color=colour(label), markersize=4)
    axes[0].set_yticks(range(len(cells)), [", ".join(in_words(label)) for label in cells], fontsize=8)
    axes[0].set(title="fd_lenet at the end (lower is better)", xscale="log")
    axes[0].set_xlabel("fd_lenet, every seed")
    axes[0].invert_yaxis()
    for axis, rate in zip(axes[1:], RATES):
        for label, row in cells.items():
            if label.endswith(f" {rate:g}") and row["estimates"]:
                style = {"color": colour(label), "label": in_words(label)[0], "linewidth": 1}
                axis.plot(row["curve_steps"], row["estimates"][0], **style)
        axis.set(title=f"estimate, learning rate {rate:g}", xlabel="generator step", ylabel="E f(x) − E f(G(z))")
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside upper right", fontsize=8, ncols=4)
    figures.finish(axes, title=10)
    seeds = figures.seeds_of(cells.values())
    figures.foot(figure, f"wgan, c = 0.01, dcgan with 16 filters, mnist-5k, {seeds}; curves: seed 0")
    return figure


def colour(label):
    kind = label.rpartition(" ")[0]
    return {"rmsprop": "tab:blue", "adam b0": "tab:green", "adam b0.5": "tab:orange", "adam b0.9": "tab:red", "sgd": "0.4"}[kind]


def in_words(label):
    """(optimiser, learning rate) of a cell's label, as texts."""
    kind, *beta, rate = label.split()
    name = {"rmsprop": "RMSProp", "adam": "Adam", "sgd": "SGD"}[kind] + (f" β1 = {beta[0][1:]}" if beta else "")
    return name, f"{float(rate):g}"

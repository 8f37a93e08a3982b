"""PaperWeekly's listing, whose critic is never clipped."""

from typing import Any

from experiments import figures, run_groups, training_runs
from experiments.numeric import mean_and_deviation, paired_difference

ABOUT = {
    "title": "What does it cost to throw the clipping away, as PaperWeekly's listing does?",
    "title_zh": "像本项目参照的 PaperWeekly 博文的代码那样丢掉权重裁剪，代价是什么？",
    "claim": """PaperWeekly's post of 2018 clips by elementwise_max and elementwise_min but uses neither's result, so that its
        critic is never clipped, and trains critic and generator one to one; it reports that WGAN does slightly better than
        the original GAN and is more stable all the same. Algorithm 1 (Wasserstein GAN, 1701.07875) clips after each of five
        critic steps.""",
    "claim_zh": "PaperWeekly 2018 年的博文，代码算出了裁剪后的权重却没有写回，判别器从未被裁剪，"
    "且与生成器 1:1 训练；它仍说 WGAN 略好、更稳定。"
    "算法 1（WGAN，1701.07875）在五个判别器步的每一步之后都裁剪。",
    "run": """wgan on dcgan with 16 filters, mnist-5k, RMSProp 5e-5, three seeds (six of the listing and of algorithm 1,
        which three did not tell apart): with clipping (0.01) and without, with five critic steps and with one, 1,500
        generator steps each; and one to one again, without clipping and with, for 7,500 generator steps, which is as many
        critic steps as algorithm 1's.""",
    "run_zh": "wgan，16 个滤波器的 dcgan，mnist-5k，RMSProp 5e-5，三个种子（代码原样与算法 1 为六个：三个分不出高下）："
    "裁剪（0.01）与不裁剪，五个与一个判别器步，各 "
    "1,500 个生成器步；"
    "1:1 再各做 7,500 个生成器步（不裁剪与裁剪），判别器步数与算法 1 相同。",
    "core_seconds": 12400,
    "constants": "the papers'",
    "claims": {
        "no_estimate": {
            "says": "Without clipping, one to one, the estimate follows the quality less closely than with clipping.",
            "says_zh": "判别器与生成器按 1:1 更新时，不裁剪的估计值不如裁剪的那样随样本质量变化。",
            "quantity": "rank correlation of the estimate with fd_lenet over 7,500 steps, without clipping minus with it, "
            "paired by seed",
            "quantity_zh": "7,500 步中估计值与 fd_lenet 的秩相关系数，不裁剪减去裁剪（按种子配对）",
            "relation": "below",
            "threshold": 0,
            "terms": "all steps",
            "after": True,
            "caveat": "Without clipping it runs against the quality: rank correlations below 0 (after the table).",
            "caveat_zh": "不裁剪时，估计值与样本质量的变化相反：秩相关系数小于 0（见表后）。",
        },
        "worse_at_generator_steps": {
            "like": "worse_at_critic_steps",
            "says": "The listing's samples are worse than algorithm 1's after as many generator steps.",
            "says_zh": "生成器步数相同时，按博文代码原样训练，样本比算法 1 的差。",
            "terms": "generator steps",
            "looked_at": (3,),
        },
        "worse_at_critic_steps": {
            "says": "The listing's samples are worse than algorithm 1's after as many critic steps.",
            "says_zh": "判别器步数相同时，按博文代码原样训练，样本比算法 1 的差。",
            "quantity": "fd_lenet of the listing divided by algorithm 1's, paired by seed",
            "quantity_zh": "博文代码原样与算法 1 的 fd_lenet 之比（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "critic steps",
        },
        "clipping_helps_5": {
            "says": "With five critic steps samples are worse without clipping than with it.",
            "says_zh": "五个判别器步时，不裁剪的样本更差。",
            "quantity": "fd_lenet without clipping divided by the one with it, paired by seed",
            "quantity_zh": "不裁剪与裁剪的 fd_lenet 之比（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "all steps",
            "after": True,
        },
        "clipping_helps_1": {
            "like": "clipping_helps_5",
            "after": False,
            "says": "One to one, samples are worse without clipping than with it after 7,500 steps.",
            "says_zh": "1:1 时，7,500 步之后不裁剪的样本更差。",
            "caveat": "One to one and clipped for as long is the control that tells clipping from the number of critic steps.",
            "caveat_zh": "同样长的 1:1 裁剪训练是对照，它把裁剪与判别器步数的作用分开。",
        },
    },
}

VALUES = ("fd_lenet", "coverage", "classes_found", "class_kl")
MORE = 6  # seeds of LISTING and RIGHT, which three did not tell apart
RIGHT, LISTING, LONGER, CONTROL = "clipped 5:1", "not clipped 1:1", "not clipped 1:1 longer", "clipped 1:1 longer"


def cells(quick):
    right: dict[str, Any] = {
        "network": "dcgan",
        "filters": 16,
        **training_runs.schedule(20 if quick else 1500, 4 if quick else 20, 300),
    }
    once = {"n_critic": 1}
    longer = {**right, **{key: 5 * right[key] for key in ("steps", "sample_every", "checkpoint_every", "log_every")}}
    return {
        RIGHT: ("wgan", right),
        "clipped 1:1": ("wgan", {**right, **once}),
        "not clipped 5:1": ("wgan", {**right, "clip": None}),
        LISTING: ("wgan", {**right, **once, "clip": None}),
        LONGER: ("wgan", {**longer, **once, "clip": None}),
        CONTROL: ("wgan", {**longer, **once}),
    }


def measure(store):
    trained = training_runs.runs(store, cells(store.quick), {LISTING: MORE, RIGHT: MORE}, tiles=32)
    numbers: dict[str, Any] = {"cells": {}}
    for label, group in trained.items():
        curves = [run["curves"] for run in run_groups.alive(group)]
        row = run_groups.summary(group, VALUES)
        row["curves"] = {"step": curves[0]["step"], "estimate": [curve["estimate"] for curve in curves]} if curves else {}
        row["last_estimate"] = mean_and_deviation([curve["estimate"][-1] for curve in curves])
        row["gradient_norm"] = mean_and_deviation([curve["gradient_norm"][-1] for curve in curves])
        numbers["cells"][label] = row
    pairs = {
        "worse_at_generator_steps": (LISTING, RIGHT),
        "worse_at_critic_steps": (LONGER, RIGHT),
        "clipping_helps_5": ("not clipped 5:1", RIGHT),
        "clipping_helps_1": (LONGER, CONTROL),
    }
    numbers["claims"] = {
        key: run_groups.compared(trained.get(ours, []), trained.get(theirs, []), "fd_lenet")
        for key, (ours, theirs) in pairs.items()
    }
    unclipped, clipped = (run_groups.agreement(trained.get(label, []), "fd_lenet") for label in (LONGER, CONTROL))
    numbers["claims"]["no_estimate"] = paired_difference(unclipped, clipped, bound=2)
    of_label = {LONGER: unclipped, CONTROL: clipped}
    numbers["agreement"] = {label: mean_and_deviation(ranks.values()) for label, ranks in of_label.items()}
    return numbers


def draw(numbers, store):
    cells = numbers["cells"]
    figure, axes = figures.new(2, 1 + -(-len(cells) // 2), height=2.3, width_ratios=[2.2] + [1] * -(-len(cells) // 2))
    for axis in axes[:, 0]:
        axis.remove()
    curve, pictures = figure.add_subplot(axes[0][0].get_gridspec()[:, 0]), axes[:, 1:].ravel()
    for number, (label, row) in enumerate(cells.items()):
        # a training that a longer one goes on with is that one's beginning
        if row["curves"] and f"{label} longer" not in cells:
            curves = [[abs(estimate) + 1e-6 for estimate in curve] for curve in row["curves"]["estimate"]]
            style = ("tab:red" if label.startswith("not") else "tab:blue", "-" if "5:1" in label else "--")
            figures.band(curve, row["curves"]["step"], curves, label.removesuffix(" longer"), *style)
        image = run_groups.worst_tile(store, label, row, "fd_lenet")
        if image is not None:
            figures.picture(pictures[number], image[:, : 4 * 28], f"{label}\nfd_lenet {figures.in_title(row['fd_lenet'])}")
            pictures[number].title.set_fontsize(8)
    curve.set(title="|estimate| on training images", xlabel="generator step", ylabel="|E f(x) − E f(G(z))|", yscale="log")
    curve.legend(fontsize=8, loc=(0.45, 0.45))
    curve.grid(alpha=0.3)
    about = f"dcgan with 16 filters, mnist-5k, {figures.seeds_of(cells.values())}; samples: each one's worst seed"
    figures.foot(figure, f"{about}; n:1 are critic steps a generator step")
    return figure

"""The critic's estimate beside the quality of samples (Wasserstein GAN, figures 3 and 4)."""

from functools import partial
from typing import Any

import numpy as np

from experiments import figures, robust_architectures, training_runs
from experiments.numeric import mean_and_deviation, t_interval
from reporting.curves import rank_correlation

ABOUT = {
    "title": "Does the critic's estimate tell how good the samples are?",
    "title_zh": "判别器的估计值能说明样本质量吗？",
    "claim": """WGAN's estimate against training: "The plots clearly show that these curves correlate well with the visual
        quality of the generated samples." For a GAN the JS estimate "increases or stays constant, pointing towards no
        significant correlation between sample quality and loss" (Wasserstein GAN, 1701.07875, section 4.2, figures 3 and 4,
        whose curves are median-filtered).""",
    "claim_zh": "WGAN 的估计值与样本质量明显相关；GAN 的 JS 估计上升或不变，与质量没有显著关系"
    "（WGAN，1701.07875，4.2 节、图 3 和 4，曲线经中值滤波）。",
    "run": """the trainings of robust_architectures (the non-saturating GAN and wgan, both players dcgan or both mlp,
        mnist-5k, three seeds, without the authors' warm-up). At 20 checkpoints the estimate of the held-out images by the
        run's own critic, for the GAN the JS estimate at the nearest logged step, beside fd_lenet of 1,000 samples. Spearman's
        rank correlation a run; nothing is smoothed. figures_3_4 is the paper's experiment: one critic for all generators, the
        warm-up, both estimates of the same images.""",
    "run_zh": "用 robust_architectures 的训练（非饱和 GAN 与 wgan，双方都是 dcgan 或都是 mlp，mnist-5k，三个种子，"
    "没有作者的预热）。"
    "20 个检查点上，wgan 取它自己的判别器对留出图像的估计值，GAN 取最近的记录步的 JS 估计，与 1,000 个样本的 fd_lenet 相比。"
    "每次训练一个 Spearman 秩相关系数，没有平滑。论文的实验是 figures_3_4：同一判别器配各生成器、有预热、两种估计用同样的图像。",
    "core_seconds": 0,
    "constants": "the papers'",
    "claims": {
        "wgan_dcgan": {
            "says": "On dcgan networks wgan's estimate follows the quality.",
            "says_zh": "dcgan 网络上，wgan 的估计值与样本质量的变化一致。",
            "quantity": "rank correlation of wgan's estimate with fd_lenet over a training",
            "quantity_zh": "一次训练中 wgan 的估计值与 fd_lenet 的秩相关系数",
            "relation": "above",
            "threshold": 0.5,
        },
        "wgan_dcgan_late": {
            "says": "On dcgan networks wgan's estimate follows the quality in the second half of training, where less is "
            "to be gained.",
            "says_zh": "dcgan 网络上，在进步较小的后半程，wgan 的估计值与样本质量的变化一致。",
            "quantity": "rank correlation of wgan's estimate with fd_lenet over the second half of a training",
            "quantity_zh": "一次训练后半程中 wgan 的估计值与 fd_lenet 的秩相关系数",
            "relation": "above",
            "threshold": 0.5,
        },
        "wgan_mlp": {
            "says": "On mlp networks wgan's estimate follows the quality.",
            "says_zh": "mlp 网络上，wgan 的估计值与样本质量的变化一致。",
            "quantity": "rank correlation of wgan's estimate with fd_lenet over a training",
            "quantity_zh": "一次训练中 wgan 的估计值与 fd_lenet 的秩相关系数",
            "relation": "above",
            "threshold": 0.5,
            "caveat": "Its critic is an mlp clipped at 0.01, which the paper does not use.",
            "caveat_zh": "它的判别器是在 0.01 处裁剪的 mlp，论文没有用过。",
        },
        "gan_dcgan": {
            "says": "On dcgan networks a GAN's JS estimate does not follow the quality.",
            "says_zh": "dcgan 网络上，GAN 的 JS 估计与样本质量的变化不一致。",
            "quantity": "rank correlation of the GAN's JS estimate with fd_lenet over a training",
            "quantity_zh": "一次训练中 GAN 的 JS 估计与 fd_lenet 的秩相关系数",
            "relation": "below",
            "threshold": 0.5,
            "caveat": "The JS estimate is of one training batch of 64, not of the held-out images.",
            "caveat_zh": "JS 估计只用一批 64 张训练图像，不是留出图像。",
        },
        "gan_mlp": {
            "says": "On mlp networks a GAN's JS estimate does not follow the quality.",
            "says_zh": "mlp 网络上，GAN 的 JS 估计与样本质量的变化不一致。",
            "quantity": "rank correlation of the GAN's JS estimate with fd_lenet over a training",
            "quantity_zh": "一次训练中 GAN 的 JS 估计与 fd_lenet 的秩相关系数",
            "relation": "below",
            "threshold": 0.5,
            "caveat": "The JS estimate is of one training batch of 64, not of the held-out images.",
            "caveat_zh": "JS 估计只用一批 64 张训练图像，不是留出图像。",
        },
    },
}

SHOWN = ("dcgan", "mlp")
ESTIMATES = {"wgan": "critic_estimate", "gan": "js_estimate"}


def measure(store):
    trained = robust_architectures.runs(store)
    numbers: dict[str, Any] = {"runs": {}, "claims": {}}
    for model, value in ESTIMATES.items():
        for network in SHOWN:
            label = f"{model} {network}"
            group = trained.get(label, [])
            numbers["runs"][label] = [curve_of(run, value) for run in training_runs.alive(group)]
            ranks = training_runs.by_seed(group, partial(correlation, value))
            numbers[label] = mean_and_deviation(ranks.values())
            numbers["claims"][f"{model}_{network}"] = t_interval(ranks, bound=1)
    late = training_runs.by_seed(trained.get("wgan dcgan", []), partial(correlation, ESTIMATES["wgan"], half=True))
    numbers["claims"]["wgan_dcgan_late"] = t_interval(late, bound=1)
    return numbers


def curve_of(run, value):
    """{step, estimate, fd_lenet} at the checkpoints after step 0, where nothing has been trained."""
    way, curve = run["on_the_way"], run["curves"]
    rows = [i for i, step in enumerate(way["step"]) if step > 0]
    steps = [way["step"][i] for i in rows]
    if value == "critic_estimate":
        estimate = [way["critic_estimate"][i] for i in rows]
    else:
        nearest = [int(np.argmin(np.abs(np.array(curve["step"]) - step))) for step in steps]
        estimate = [curve[value][i] for i in nearest]
    return {"step": steps, "estimate": estimate, "fd_lenet": [way["fd_lenet"][i] for i in rows]}


def correlation(value, run, half=False):
    """Spearman's; half: of the second half of training alone."""
    curve = curve_of(run, value)
    start = len(curve["step"]) // 2 if half else 0
    return rank_correlation(curve["estimate"][start:], curve["fd_lenet"][start:])


def draw(numbers, store):
    figure, axes = figures.new(2, 4, height=2.9)
    for row, model in enumerate(ESTIMATES):
        name = "estimate of W (held out)" if model == "wgan" else "JS estimate, nats"
        for column, network in enumerate(SHOWN):
            left, right = axes[row][2 * column], axes[row][2 * column + 1]
            fd = left.twinx()
            for seed, curve in enumerate(numbers["runs"][f"{model} {network}"]):
                colour = f"C{seed}"
                left.plot(curve["step"], curve["estimate"], color=colour, label=f"seed {seed}")
                fd.plot(curve["step"], curve["fd_lenet"], color=colour, linestyle=":")
                right.scatter(curve["fd_lenet"], curve["estimate"], color=colour, s=10)
            fd.set_yscale("log")
            fd.set_ylabel("fd_lenet (dotted)", fontsize=8)
            fd.tick_params(labelsize=7)
            left.set(title=f"{model}, {network}", xlabel="generator step")
            rank = numbers[f"{model} {network}"]["mean"]
            right.set(title=f"rank correlation {rank:.2f}" if rank is not None else "", xlabel="fd_lenet", xscale="log")
            for axis in (left, right):
                axis.set_ylabel(name, fontsize=8)
                axis.tick_params(labelsize=7)
                axis.grid(alpha=0.3)
                axis.title.set_fontsize(10)
                axis.xaxis.label.set_fontsize(8)
    axes[0][0].legend(fontsize=7)
    figures.foot(figure, f"mnist-5k; {numbers['wgan dcgan']['n']} seeds, a point a checkpoint, nothing smoothed")
    return figure

"""The critic's estimate and a discriminator's beside the quality of samples (Wasserstein GAN, figures 3 and 4)."""

from functools import partial
from typing import Any

from experiments import estimates, figures, run_groups, training_runs
from experiments.numeric import each, mean_and_deviation, paired_difference, t_interval
from reporting.curves import rank_correlation

ABOUT = {
    "title": "Does the loss tell how good the samples are (figures 3 and 4)?",
    "title_zh": "损失能说明样本质量吗（图 3 和图 4）？",
    "claim": """WGAN's estimate against training: "The plots clearly show that these curves correlate well with the visual
        quality of the generated samples." For a GAN the JS estimate "increases or stays constant, pointing towards no
        significant correlation between sample quality and loss" (Wasserstein GAN, 1701.07875, section 4.2, figures 3 and
        4).""",
    "claim_zh": "WGAN 的估计值与样本质量明显相关；GAN 的 JS 估计值上升或不变，与质量没有显著关系（WGAN，1701.07875，4.2 节、"
    "图 3 和 4）。",
    "run": """one critic, dcgan with 16 filters, for two generators, dcgan and an mlp of 512 units; MNIST, three seeds,
        2,000 generator steps of wgan-paper with the authors' warm-up (100 critic steps in the first 25 and every 500th; 12,660
        critic steps in all), and of dcgan, the non-saturating GAN with its searched recipe but for the average of the weights
        (4,000 critic steps). At 20 checkpoints
        both estimates by the run's own critic of the same 1,000 held-out images, beside fd_lenet of 1,000 samples;
        Spearman's rank correlation a run, nothing smoothed.""",
    "run_zh": "同一个判别器（16 个滤波器的 dcgan）配两种生成器：dcgan 和 512 个单元的 mlp；MNIST，三个种子，2,000 "
    "个生成器步：wgan-paper 有作者的预热（前 25 步和每 500 步各 100 个判别器步，共 12,660 个判别器步），"
    "以及用搜索到的配置、但不做权重平均的非饱和 GAN（dcgan，4,000 个判别器步）。"
    "20 个检查点上，各自的判别器对同样 1,000 张留出图像给出两种估计，与 1,000 个样本的 fd_lenet 相比；"
    "每次训练一个 Spearman 秩相关系数，没有平滑。",
    "core_seconds": 6500,
    "constants": "the papers', the GAN's searched",
    "claims": {
        "wgan_dcgan": {
            "says": "With a dcgan generator and the warm-up wgan's estimate follows the quality.",
            "says_zh": "生成器为 dcgan、有预热时，wgan 的估计值与样本质量的变化一致。",
            "quantity": "rank correlation of the estimate on held-out images with fd_lenet over a training",
            "quantity_zh": "一次训练中留出图像的估计值与 fd_lenet 的秩相关系数",
            "relation": "above",
            "threshold": 0.5,
        },
        "wgan_mlp_trains": {
            "says": "With an mlp generator and the paper's hyperparameters wgan makes digits of which half can be read, within "
            "2,000 generator steps.",
            "says_zh": "生成器为 mlp、用论文的超参数时，wgan 在 2,000 个生成器步内生成的数字有一半可辨认。",
            "quantity": "fd_lenet at the end (of an mlp's digits more than half can be read at 25)",
            "quantity_zh": "结束时的 fd_lenet（mlp 的 fd_lenet 为 25 时，一半以上的样本可辨认）",
            "relation": "below",
            "threshold": 25,
            "after": True,
            "caveat": "It stands in the place of rank correlations, wgan's and the GAN's, of which nothing follows where no "
            "digits are learnt; with "
            "a dcgan generator wgan is not there after so few steps, either.",
            "caveat_zh": "它代替了原来的两个秩相关系数（wgan 的和 GAN 的；没有生成可辨认的数字时，它们说明不了什么）；"
            "步数这样少时，"
            "生成器为 dcgan 的 wgan 也还没有达到。",
        },
        "js_dcgan": {
            "says": "The JS estimate of a GAN does not fall as the samples get better (dcgan generator).",
            "says_zh": "样本变好时，GAN 的 JS 估计值并不下降（生成器为 dcgan）。",
            "quantity": "rank correlation of the JS estimate on held-out images with fd_lenet over a training",
            "quantity_zh": "一次训练中留出图像的 JS 估计值与 fd_lenet 的秩相关系数",
            "relation": "below",
            "threshold": 0,
            "after": True,
            "caveat": "The threshold was 0.5 at first; the discriminator, with a twentieth of its generator's learning rate by "
            "the searched recipe, is far from its optimum: some of its estimates are below 0, which no JS divergence is.",
            "caveat_zh": "阈值起初是 0.5；搜索到的配置里判别器的学习率是生成器的二十分之一，离最优还远：有的估计值小于 0，而 JS "
            "散度不会。",
        },
        "apart_dcgan": {
            "says": "With a dcgan generator wgan's estimate follows the quality more closely than the GAN's.",
            "says_zh": "生成器为 dcgan 时，wgan 的估计值比 GAN 的更能随样本质量变化。",
            "quantity": "rank correlation of wgan's estimate (with warm-up) minus that of the JS estimate, paired by seed",
            "quantity_zh": "wgan 估计值（有预热）的秩相关系数减去 JS 估计值的（按种子配对）",
            "relation": "above",
            "threshold": 0,
            "terms": "generator steps",
            "caveat": "It follows from the claims about wgan's and the GAN's estimates with this generator, and not only the "
            "loss differs: wgan's critic took 12,660 steps at its generator's learning rate, the GAN's 4,000 at a twentieth of "
            "it.",
            "caveat_zh": "由这种生成器下 wgan 与 GAN 估计值的那两条即可得出；不同的也不只是损失：wgan 的判别器做了 12,660 步，"
            "学习率与生成器相同，GAN 的做了 4,000 步，学习率是生成器的二十分之一。",
        },
    },
}

GENERATORS = ("dcgan", "mlp")
WARM, GAN = "wgan warm-up", "non-saturating"
# label: recipe, settings of its own, which of estimates.along's estimates is its loss
MODELS: dict[str, tuple[str, dict[str, Any], str]] = {
    WARM: ("wgan-paper", {"warm_up": True}, "heldout"),
    GAN: ("dcgan", {}, "js_heldout"),
}


def measure(store):
    steps, marks, filters, data = (6, 3, 8, "mnist-5k") if store.quick else (2000, 20, 16, "mnist")
    # no average: the estimate is of the generator's own samples, and so has the quality to be
    common = {
        "ema": 0,
        "data": data,
        "filters": filters,
        "units": 512,
        "keep_checkpoints": 1000,
        **training_runs.schedule(steps, marks),
    }
    cells = {
        f"{label} {generator}": (model, {**common, "generator_network": generator, "critic_network": "dcgan", **own})
        for generator in GENERATORS
        for label, (model, own, _) in MODELS.items()
    }
    more: dict[str, Any] = {"extra": partial(look, store, data), "recipe_of": training_runs.tuned}
    samples = None if store.quick else 10_000
    trained = training_runs.runs(store, cells, samples=samples, names=["frechet"], **more)
    ranks = {label: run_groups.by_seed(group, partial(rank, loss_of(label))) for label, group in trained.items()}
    of = lambda label: ranks.get(label, {})  # noqa: E731
    numbers: dict[str, Any] = {"steps": steps, "cells": {}}
    for label, group in trained.items():
        lived = run_groups.alive(group)
        curves = [{**run["extra"], "fd_lenet": run["on_the_way"]["fd_lenet"][1:]} for run in lived]
        summary = run_groups.summary(group, ("fd_lenet",))
        summary |= {"rank": mean_and_deviation(of(label).values()), "curves": curves}
        numbers["cells"][label] = summary | {"best": mean_and_deviation(best(curve["fd_lenet"]) for curve in curves)}
        below = sum(value < 0 for curve in curves for value in curve[loss_of(label)])
        numbers["cells"][label] |= {"below_0": below, "estimates": sum(len(curve["step"]) for curve in curves)}
    runs = lambda label: trained.get(label, [])  # noqa: E731
    numbers["ratios"] = {g: run_groups.compared(runs(f"{WARM} {g}"), runs(f"{GAN} {g}"), "fd_lenet") for g in GENERATORS}
    numbers["claims"] = {
        "wgan_dcgan": t_interval(of(f"{WARM} dcgan"), bound=1),
        "wgan_mlp_trains": t_interval(run_groups.by_seed(runs(f"{WARM} mlp"), "fd_lenet"), log=True),
        "js_dcgan": t_interval(of(f"{GAN} dcgan"), bound=1),
        "apart_dcgan": paired_difference(of(f"{WARM} dcgan"), of(f"{GAN} dcgan"), bound=2),
    }
    return numbers


def look(store, data, folder):
    return estimates.along(folder, training_runs.dataset_of(data, store.data_dir, 32))


def loss_of(label):
    return MODELS[label.rpartition(" ")[0]][2]


def rank(loss, run):
    return rank_correlation(run["extra"][loss], run["on_the_way"]["fd_lenet"][1:])


def best(values):
    """The least of a curve's values, None where it has none."""
    return min((value for value in values if value is not None), default=None)


def draw(numbers, store):
    figure, axes = figures.new(len(GENERATORS), len(MODELS), height=2.9)
    for label, row in numbers["cells"].items():
        model, _, generator = label.rpartition(" ")
        axis = axes[GENERATORS.index(generator)][list(MODELS).index(model)]
        fd = axis.twinx()
        for seed, curve in enumerate(row["curves"]):
            axis.plot(curve["step"], curve[loss_of(label)], color=f"C{seed}")
            fd.plot(curve["step"], curve["fd_lenet"], color=f"C{seed}", linestyle=":")
        fd.set_yscale("log")
        fd.tick_params(labelsize=7)
        name = "JS estimate, nats" if model == GAN else "estimate of W"
        axis.set(xlabel="generator step", ylabel=f"{name}, held out")
        axis.set_title(f"{model}, {generator} generator\nrank correlation {each(row['rank'], 2)}", fontsize=9)
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3)
    seeds = figures.seeds_of(numbers["cells"].values())
    figures.foot(figure, f"MNIST, one dcgan critic with 16 filters, {seeds}, a point a checkpoint; dotted: fd_lenet")
    return figure

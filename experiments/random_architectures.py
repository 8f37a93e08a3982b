"""Architectures drawn at random, each trained by every method (WGAN-GP, section 5.1, table 2)."""

from typing import Any

import numpy as np

from experiments import figures, training_runs
from experiments.numeric import mcnemar

ABOUT = {
    "title": "On architectures drawn at random, which method trains more of them?",
    "title_zh": "随机抽取的网络结构，哪种方法训练成功的更多？",
    "claim": """of 200 architectures drawn at random WGAN-GP trains many that the standard GAN objective does not (WGAN-GP,
        1704.00028, section 5.1, tables 1 and 2); a WGAN takes no careful design of the network architecture either
        (Wasserstein GAN, 1701.07875, introduction).""",
    "claim_zh": "随机抽取 200 种结构，WGAN-GP 成功训练了许多用标准 GAN 目标训练不了的结构（WGAN-GP，1704.00028，5.1 节、"
    "表 1 和 2）；不再需要精心设计网络结构（WGAN，1701.07875，引言）。",
    "run": """24 architectures: generator dcgan, dcgan-nobn, dcgan-constant or mlp against a critic that is dcgan with batch
        norm (for wgan-gp with layer norm), dcgan without or mlp, each of the twelve pairs twice; drawn at random: 8 to 32
        filters, 128 to 512 units, z of 16 to 128 numbers, batches of 32 or 64; mnist-5k, one seed each. dcgan (the
        non-saturating GAN) and wgan-gp with the other hyperparameters that the search chose, 800 generator steps each, with two
        and four critic steps. A success is an fd_lenet below 10, with an mlp generator below 25: there about half of the digits
        can be read.""",
    "run_zh": "24 种结构：生成器为 dcgan、dcgan-nobn、dcgan-constant 或 mlp，判别器为有批归一化的 dcgan（wgan-gp 为层归一化）、"
    "没有归一化的 dcgan 或 mlp，十二种组合各两次；随机抽取的是：8 到 32 个滤波器，128 到 512 个单元，z 为 16 到 128 维，"
    "每批 32 或 64；mnist-5k，各一个种子。dcgan（非饱和 GAN）与 wgan-gp 的其余超参数用搜索选出的，各 800 "
    "个生成器步，每步两个与四个判别器步。fd_lenet 低于 10（生成器为 mlp 时低于 25）算成功：约一半手写数字可辨认。",
    "core_seconds": 12700,
    "constants": "searched",
    "claims": {
        "gp": {
            "says": "wgan-gp trains architectures that the GAN does not, more than the other way round.",
            "says_zh": "只有 wgan-gp 能训练的结构，多于只有 GAN 能训练的结构。",
            "quantity": "of the architectures that only one of the two trains, the share that wgan-gp does",
            "quantity_zh": "只有一方训练成功的结构中，成功的是 wgan-gp 的比例",
            "relation": "above",
            "threshold": 0.5,
            "terms": "generator steps",
        },
    },
}

STEPS = 800
# fd_lenet below which about half of the digits can be read: an mlp's noise in single pixels costs more than it hides
SUCCESS = {"convolutional": 10.0, "mlp": 25.0}
MODELS = ("dcgan", "wgan-gp")
GENERATORS = ("dcgan", "dcgan-nobn", "dcgan-constant", "mlp")
CRITICS: tuple[dict[str, str], ...] = (
    {"critic_network": "dcgan", "critic_norm": "batch"},
    {"critic_network": "dcgan", "critic_norm": "none"},
    {"critic_network": "mlp"},  # has no norm to choose
)
CRITIC_NAMES = ("dcgan, batch norm (wgan-gp: layer norm)", "dcgan, no norm", "mlp")
PAIRS = [{"generator_network": generator, **critic} for generator in GENERATORS for critic in CRITICS]
COUNT = 2 * len(PAIRS)
CHOICES: dict[str, tuple[Any, ...]] = {
    "filters": (8, 16, 24, 32),
    "units": (128, 256, 512),
    "latent": (16, 64, 128),
    "batch_size": (32, 64),
}


def architecture(number: int, model: str) -> dict[str, Any]:
    """Settings of architecture `number`, the same for all models but for the norm: under a penalty it may not mix samples."""
    rng = np.random.default_rng([51, number])
    drawn = {key: values[rng.integers(len(values))] for key, values in CHOICES.items()}
    pair = PAIRS[number % len(PAIRS)]
    layer = {"critic_norm": "layer"} if model == "wgan-gp" and pair.get("critic_norm") == "batch" else {}
    return {**drawn, **pair, **layer}


def kind_of(number: int) -> str:
    """Of SUCCESS, by the generator of architecture `number`."""
    return "mlp" if architecture(number, MODELS[0])["generator_network"] == "mlp" else "convolutional"


def measure(store):
    count, steps = (2, 5) if store.quick else (COUNT, STEPS)
    budget = {"data": "mnist-5k", **training_runs.schedule(steps, 1)}
    cells = {
        f"{model} {number:02d}": (model, {**budget, **architecture(number, model)}) for number in range(count) for model in MODELS
    }
    trained = training_runs.runs(store, cells, 1, names=["frechet"], recipe_of=training_runs.tuned)
    fd: dict[str, dict[int, Any]] = {model: {} for model in MODELS}
    for label, (run,) in trained.items():
        model, _, number = label.rpartition(" ")
        fd[model][int(number)] = run.get("scores", {}).get("fd_lenet")  # None of one that died
    success = {
        model: {n: value is not None and value < SUCCESS[kind_of(n)] for n, value in values.items()}
        for model, values in fd.items()
    }
    numbers: dict[str, Any] = {"fd_lenet": fd}
    numbers["successes"] = {model: sum(values.values()) for model, values in success.items()}
    numbers["by_critic"] = {
        name: {
            model: [sum(values[n] for n in of), len(of)]
            for model, values in success.items()
            if (of := with_critic(place, values))
        }
        for place, name in enumerate(CRITIC_NAMES)
    }
    numbers["claims"] = {"gp": mcnemar(success["wgan-gp"], success["dcgan"])}
    return numbers


def with_critic(place, values):
    """Numbers of the architectures whose critic is CRITICS[place], of those that have been trained."""
    return [number for number in values if number % len(CRITICS) == place]


def draw(numbers, store):
    figure, axis = figures.new(height=4.5)
    theirs, ours = (numbers["fd_lenet"][model] for model in MODELS)
    pairs = {int(n): (theirs[n], value) for n, value in ours.items() if None not in (value, theirs.get(n))}
    for (kind, limit), marker, style in zip(SUCCESS.items(), "o^", (":", "--")):
        if drawn := [pair for n, pair in pairs.items() if kind_of(n) == kind]:
            axis.loglog(*zip(*drawn), marker, color=figures.colour("wgan-gp"), markersize=4, label=f"{kind} generator")
        for line in (axis.axvline, axis.axhline):
            line(limit, color="0.5", linestyle=style)
    axis.axline((1, 1), (10, 10), color="0.6", linewidth=0.8)
    axis.legend(fontsize=8)
    counts = " and ".join(f"{model} {numbers['successes'][model]}" for model in MODELS)
    axis.set(xlabel="fd_lenet of dcgan", ylabel="fd_lenet of wgan-gp", title=f"successes of {len(ours)} architectures: {counts}")
    axis.grid(alpha=0.3)
    success = "success: fd_lenet below the dotted line, of an mlp below the dashed one"
    figures.foot(figure, f"mnist-5k, {STEPS} generator steps, a mark an architecture; {success}")
    return figure

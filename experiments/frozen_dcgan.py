"""Discriminators and critics from scratch against a DCGAN that stands still (Towards Principled Methods, figures 1 to 3)."""

from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
import paddle

from data import Order
from data.reader import batches
from experiments import critics, figures, run_groups, training_runs
from experiments.numeric import each, last_of_largest, mean_and_deviation, t_interval
from experiments.store import label_key
from experiments.vanishing_gradients import LOSSES, gradient, relative_growth
from models.objectives import OBJECTIVES
from reporting import console
from training import checkpoint, session
from training.trainer import GANTrainer, rebuild

ABOUT = {
    "title": "What does a discriminator from scratch leave of a trained DCGAN's gradient: figures 1 to 3?",
    "title_zh": "面对从头训练的判别器，训练过的 DCGAN 还能得到多少梯度（图 1 至图 3）？",
    "claim": """against a DCGAN of 1, 10 and 25 epochs that stands still a discriminator trained from scratch has an error that
        goes to 0 and an accuracy of 1, even when its samples are good (figure 1); the gradient of log(1 − D) decays by orders
        of magnitude (figure 2, theorem 2.4); with −log D it grows, and its variance too (figure 3): under noise in D and ∇D
        each coordinate is "a centered Cauchy distribution with infinite expectation and variance" (Towards Principled
        Methods, 1701.04862, theorem 2.6).""",
    "claim_zh": "固定训练了 1、10、25 轮的 DCGAN，从头训练判别器：即使样本很好，判别器的误差也趋于 0，"
    "准确率趋于 1（图 1）；log(1 − D) "
    "的梯度衰减几个数量级（图 2，定理 2.4）；−log D 的梯度及其方差增大（图 3）；若 D 与 ∇D 带噪声，每个坐标服从期望和方差"
    "无穷的 Cauchy 分布（1701.04862，定理 2.6）。",
    "run": """dcgan with its searched recipe on mnist-5k, three seeds; its generator (the averaged one, evaluation mode) of 200
        and of 3,800 generator steps stands still. Against each, from scratch, in batches of 64: 10,000 steps of a discriminator
        (DCGAN's Adam 2e-4; the paper takes 4,000), 2,000 of a critic clipped at 0.01 (RMSProp 5e-5) and of a penalised one
        (lambda 10, Adam 1e-4), dcgan critics with 16 filters. Error and accuracy on 960 held-out images and as many new
        samples; norm and variance of the generator's gradient over 20 batches of 64. Tails: after the last step the gradients
        of 200 batches are projected on 64 random directions; Hill's estimator takes, of each, the 20 values farthest from the
        median. The theorem assumes noise in D; here only z is random.""",
    "run_zh": "dcgan 用搜索到的配置在 mnist-5k 上训练，三个种子；"
    "取第 200 和第 3,800 个生成器步的生成器（权重平均后的，评估模式），此后参数固定。"
    "对每一个都从头训练（每批 64 张）：判别器 10,000 步（DCGAN 的 Adam，2e-4；论文为 4,000 步），"
    "按 c = 0.01 裁剪的判别器（RMSProp 5e-5）和带梯度惩罚的判别器（lambda = 10，Adam 1e-4）各 2,000 步，"
    "都是 16 个滤波器的 dcgan。"
    "误差和准确率用 960 张留出图像和同样多的新样本；生成器梯度的"
    "范数和方差取自 20 批，每批 64。尾部：把最后一步之后 200 批的梯度投影到 64 个随机方向上，每个方向取离中位数最远的 20 "
    "个值作 Hill 估计。定理假设 D 带噪声，这里随机的只有 z。",
    "core_seconds": 6400,
    "constants": "–",
    "claims": {
        "told_apart": {
            "says": "A discriminator from scratch tells a trained DCGAN's samples from its training images, at every age.",
            "says_zh": "无论 DCGAN 训练了多久，从头训练的判别器都能把样本与训练图像完全分开。",
            "quantity": "accuracy on training images and new samples after the last step, least of the two ages",
            "quantity_zh": "最后一步之后在训练图像和新样本上的准确率，两个阶段中的最小值",
            "relation": "above",
            "threshold": 0.99,
            "after": True,
            "caveat": "Asked first of held-out images: after 2,000 steps it did not hold, after 10,000 it is undecided (table); "
            "the paper's figure 1 is the training error.",
            "caveat_zh": "最初问的是留出图像：2,000 步之后不成立，10,000 步之后不能判定（见表）；论文的图 1 是训练本身的误差。",
        },
        "saturating_vanishes": {
            "says": "A discriminator from scratch leaves a DCGAN of 200 steps next to nothing of log(1 − D)'s gradient.",
            "says_zh": "面对从头训练的判别器，训练了 200 步的 DCGAN 几乎得不到 log(1 − D) 的梯度。",
            "quantity": "norm of the generator's gradient after the last step over its largest",
            "quantity_zh": "最后一步之后生成器梯度的范数与途中最大值之比",
            "relation": "below",
            "threshold": 0.01,
            "after": True,
        },
        "saturating_vanishes_late": {
            "like": "saturating_vanishes",
            "says": "A discriminator from scratch leaves a DCGAN of 3,800 steps next to nothing of log(1 − D)'s gradient.",
            "says_zh": "面对从头训练的判别器，训练了 3,800 步的 DCGAN 几乎得不到 log(1 − D) 的梯度。",
            "caveat": "Both ages were one claim at first; at this one the gradient still falls after 10,000 steps.",
            "caveat_zh": "起初两个阶段合为一条结论；这一阶段的梯度在 10,000 步之后仍在减小。",
        },
        "log_d_grows": {
            "says": "With −log D the gradient grows, at every age.",
            "says_zh": "无论哪个阶段，−log D 的梯度都增大。",
            "quantity": "norm of the generator's gradient after the last step over that after the first, least of the two ages",
            "quantity_zh": "最后一步之后与第一步之后生成器梯度的范数之比，两个阶段中的最小值",
            "relation": "above",
            "threshold": 1,
        },
        "log_d_is_noisy": {
            "says": "With −log D the gradient gets noisier, relative to its size, at every age.",
            "says_zh": "无论哪个阶段，−log D 的梯度，其噪声相对于梯度本身的大小都越来越大。",
            "quantity": "variance over batches by the squared norm, after the last step over after the first, least of the ages",
            "quantity_zh": "批间方差除以范数的平方，最后一步之后与第一步之后之比，两个阶段中的最小值",
            "relation": "above",
            "threshold": 1,
            "caveat": "The paper speaks of the variance itself, which grew (table); relative to the squared norm it rose on "
            "points (vanishing_gradients).",
            "caveat_zh": "论文说的是方差本身，它确实增大了（见表）；相对于范数的平方，平面点上也是增大的（vanishing_gradients）"
            "。",
        },
        "heavy_tails": {
            "says": "Updates with −log D have tails so heavy that their variance is infinite.",
            "says_zh": "−log D 的更新是重尾的，方差无穷大。",
            "relation": "below",
            "threshold": 2,
            "caveat": "The noise in D that the theorem assumes is not drawn here, so that this tests its conclusion alone.",
            "caveat_zh": "这里没有生成定理所假设的判别器噪声，检验的只是其结论。",
            "quantity": "tail index of the updates, mean of the two ages (by this estimator a Cauchy distribution has 1.0, a "
            "normal one 4.7)",
            "quantity_zh": "更新的尾指数，两个阶段的平均（按此估计，Cauchy 分布为 1.0，正态分布为 4.7）",
        },
        "clipped_lasts": {
            "says": "A clipped critic's gradient at a trained DCGAN does not vanish, at any age.",
            "says_zh": "无论 DCGAN 训练了多久，权重裁剪的判别器给它的梯度都不消失。",
            "quantity": "norm of the generator's gradient after the last step over its largest, least of the two ages",
            "quantity_zh": "最后一步之后生成器梯度的范数与途中最大值之比，两个阶段中的最小值",
            "relation": "above",
            "threshold": 0.1,
            "caveat": "Judged after 2,000 critic steps; after as many, log(1 − D)'s gradient at the older DCGAN had not "
            "vanished either (table), and a critic's scale is its own, so that only its own course is judged.",
            "caveat_zh": "在 2,000 个判别器步之后判断；同样步数之后，较成熟的 DCGAN 得到的 log(1 − D) 的梯度也还没有消失（见表）"
            "；判别器的尺度各不相同，所以只看它自身的变化。",
        },
        "penalised_lasts": {
            "like": "clipped_lasts",
            "says": "A penalised critic's gradient does not vanish, at any age.",
            "says_zh": "无论哪个阶段，带梯度惩罚的判别器的梯度都不消失。",
            "caveat": "As for the clipped critic, after 2,000 critic steps.",
            "caveat_zh": "与裁剪的判别器一样，是 2,000 个判别器步之后。",
        },
    },
}

MODELS = dict(zip(critics.KINDS, ("dcgan", "wgan", "wgan-gp")))  # whose untuned recipe trains each kind
PARTS = {"critics": ("clipped critic", "penalised critic"), "discriminator": ("discriminator",)}  # measured each by itself
BATCH, LATENT = 64, 100
BATCHES, TAIL_BATCHES, DIRECTIONS, TAIL = 20, 200, 64, 0.1


def plan(quick: bool) -> tuple[dict[str, Any], tuple[int, ...], dict[str, tuple[int, ...]], int]:
    """(settings of the DCGAN, its ages in generator steps, the steps at which PARTS are looked at, filters of the critics)."""
    schedule = training_runs.schedule(*((6, 3) if quick else (3800, 19)))
    settings = {"filters": 8 if quick else 16, "keep_checkpoints": 1000, **schedule}
    if quick:
        return settings, (2, 6), dict.fromkeys(PARTS, (1, 5, 20)), 8
    ticks = (1, 3, 10, 30, 100, 300, 1000, 2000)
    return settings, (200, 3800), {"critics": ticks, "discriminator": (*ticks, 4000, 10_000)}, 16


def measure(store):
    settings, ages, ticks, filters = plan(store.quick)
    cells = {"dcgan": ("dcgan", settings)}
    trained = training_runs.runs(store, cells, names=["frechet"], recipe_of=training_runs.tuned)["dcgan"]

    died = {run["seed"] for run in trained if "died" in run}

    def units_of(seed):
        if seed in died:
            return {}  # there is nothing to freeze
        asked = {"dcgan": folder_of(store, settings, seed).name, "filters": filters}
        return {
            f"{part} at age {age}": (
                {**asked, "ticks": ticks[part], "age": age},
                partial(still, store, settings, age, ticks[part], filters, seed, kinds),
            )
            for age in ages
            for part, kinds in PARTS.items()
        }

    found = {
        seed: {age: units[f"critics at age {age}"] | units[f"discriminator at age {age}"] for age in ages}
        for seed, units in store.each_seed(store.seeds, units_of).items()
    }
    numbers: dict[str, Any] = {"seeds": len(found), "ages": list(ages), "ticks": ticks, "cells": {}}
    for age in ages:
        runs = [units[age] for units in found.values()]
        cell: dict[str, Any] = {value: [run[value] for run in runs] for value in ("error", "accuracy", "accuracy_trained")}
        for value in ("norm", "variance"):
            cell[value] = {loss: [run[loss][value] for run in runs] for loss in LOSSES}
        for value in ("tail_index", "quantile_ratio"):
            cell[value] = {loss: mean_and_deviation([run[loss][value] for run in runs]) for loss in LOSSES}
        early = len(ticks["critics"])  # of the discriminator's looks: at a critic's last one
        cell["left_as_early"] = mean_and_deviation([last_of_largest(run["minimax"]["norm"][:early]) for run in runs])
        variances = [run["−log D"]["variance"] for run in runs]
        cell["variance_grows"] = mean_and_deviation([row[-1] / row[0] for row in variances])
        cell["fd_lenet"] = mean_and_deviation(run_groups.by_seed(trained, partial(fd_at, age)).values())
        numbers["cells"][str(age)] = cell
    numbers["claims"] = {key: t_interval(over_ages(found, ages, *of), **how) for key, (how, *of) in CLAIMS.items()}
    return numbers


def fd_at(age, run):
    return run_groups.at(run, "fd_lenet", "step", age)


def over_ages(found, ages, worst, quantity):
    """{seed: worst of the ages' quantities}; None where one is not known."""
    rows = {seed: [quantity(units[age]) for age in ages] for seed, units in found.items()}
    return {seed: None if None in row else float(worst(row)) for seed, row in rows.items()}


LOG, LEAST = {"log": True}, 1e-30  # a gradient that float32 no longer holds has a logarithm, too
CLAIMS: dict[str, tuple[Any, ...]] = {  # key: how t_interval takes it, which of the ages, the quantity of one
    "told_apart": ({"bound": 1}, min, lambda run: run["accuracy_trained"][-1]),
    "saturating_vanishes": (LOG, itemgetter(0), lambda run: max(LEAST, last_of_largest(run["minimax"]["norm"]))),
    "saturating_vanishes_late": (LOG, itemgetter(-1), lambda run: last_of_largest(run["minimax"]["norm"])),
    "log_d_grows": (LOG, min, lambda run: run["−log D"]["norm"][-1] / run["−log D"]["norm"][0]),
    "log_d_is_noisy": (LOG, min, lambda run: relative_growth(run["−log D"]["norm"], run["−log D"]["variance"])),
    "heavy_tails": ({}, np.mean, lambda run: run["−log D"]["tail_index"]),
    "clipped_lasts": (LOG, min, lambda run: last_of_largest(run["clipped critic"]["norm"])),
    "penalised_lasts": (LOG, min, lambda run: last_of_largest(run["penalised critic"]["norm"])),
}


def folder_of(store, settings, seed):
    """The DCGAN's run; its name changes with its recipe."""
    return training_runs.folder_of(store, label_key("dcgan", seed), training_runs.tuned("dcgan", settings, seed))


def frozen(store, settings, age, seed):
    """The DCGAN's generator as it was after `age` steps, in evaluation mode: a fixed function of z."""
    recipe, folder = training_runs.tuned("dcgan", settings, seed), folder_of(store, settings, seed)
    # at once, unless the folder is gone
    session.train(recipe, folder, store.data_dir, "cpu", True, console.WarningsOnly(), console.command())
    generator = rebuild(checkpoint.path_of(folder, age))[0].sampler
    generator.eval()
    return generator


def still(store, settings, age, ticks, filters, seed, kinds):
    """{error, accuracy: of the discriminator; loss: {norm, variance: of the generator's gradient}} at the ticks, and tails.

    kinds: of MODELS, whose losses alone are there.
    """
    generator, rng = frozen(store, settings, age, seed), np.random.default_rng(1300 + seed)
    rows: dict[str, Any] = {loss: {"norm": [], "variance": []} for loss, (kind, _) in LOSSES.items() if kind in kinds}
    few, many = (2, 20) if store.quick else (BATCHES, TAIL_BATCHES)
    noise = [paddle.to_tensor(rng.standard_normal((BATCH, LATENT), np.float32)) for _ in range(many)]
    for kind in kinds:
        recipe = training_runs.untuned(MODELS[kind], {"filters": filters, "batch_size": BATCH, "latent": LATENT}, seed)
        dataset = training_runs.dataset_of(recipe.data, store.data_dir, recipe.image_size)
        trainer = GANTrainer(recipe, dataset.shape)
        trainer.players["generator"] = generator
        reader = batches(dataset, Order(len(dataset.train), seed), 0, recipe.batch_size)
        losses = {loss: OBJECTIVES[objective] for loss, (trained_by, objective) in LOSSES.items() if trained_by == kind}
        for step in range(1, max(ticks) + 1):
            trainer.critic_step(*next(reader))
            if step not in ticks:
                continue
            with trainer.frozen_batch_norm_statistics():
                for loss, objective in losses.items():
                    gradients = np.stack([gradient(generator, trainer.critic, objective, z) for z in noise[:few]])
                    rows[loss]["norm"].append(float(np.linalg.norm(gradients.mean(0))))
                    rows[loss]["variance"].append(float(gradients.var(0, ddof=1).sum()))
                if kind == "discriminator":
                    for value, number in told_apart(trainer, dataset, generator, noise[:few]).items():
                        rows.setdefault(value, []).append(number)
        with trainer.frozen_batch_norm_statistics():
            for loss, objective in losses.items():
                rows[loss] |= tails(project(gradient(generator, trainer.critic, objective, z) for z in noise))
    return rows


@paddle.no_grad()
def told_apart(trainer, dataset, generator, noise):
    """{error: the discriminator's loss, accuracy}: means over batches of held-out images and new samples.

    accuracy_trained: of images that it was trained on.
    """
    found = {}
    for split, images in (("heldout", dataset.heldout), ("train", dataset.train)):
        errors, right = [], []
        order = np.random.default_rng(0).permutation(len(images))  # mnist-5k is in the order of its classes
        for number, z in enumerate(noise[: len(order) // BATCH]):
            items = paddle.to_tensor(dataset.batch(order[number * BATCH : (number + 1) * BATCH], split))
            real, fake = trainer.logits(items, generator(z))
            errors.append(float(trainer.objective.critic_loss(real, fake)))
            right += [float((real > 0).astype("float32").mean()), float((fake < 0).astype("float32").mean())]
        found[split] = {"error": float(np.mean(errors)), "accuracy": float(np.mean(right))}
    return {**found["heldout"], "accuracy_trained": found["train"]["accuracy"]}


def project(gradients):
    """Gradients, N of them, along DIRECTIONS random directions: N×DIRECTIONS."""
    rows, directions = [], None
    for row in gradients:
        if directions is None:
            directions = np.random.default_rng(0).standard_normal((len(row), DIRECTIONS), np.float32) / np.sqrt(len(row))
        rows.append(row @ directions)
    return np.stack(rows)


def tails(rows: np.ndarray) -> dict[str, float | None]:
    """How heavy the tails of the columns of N×D numbers are.

    tail_index: one over Hill's estimator on the largest TAIL of a column's distances from its median, averaged over columns: of
    200 numbers it is 1.0 for a Cauchy distribution, 2.5 for Student's t with three degrees of freedom, 4.7 for a normal one.
    quantile_ratio: range of the middle 98 % over that of the middle 50 %, median of the columns: 3.4 of a normal distribution,
    31.8 of a Cauchy. None where rows do not differ.
    """
    far = np.sort(np.abs(rows - np.median(rows, 0)), 0)[-max(2, round(TAIL * len(rows))) :]
    low, quarter, three, high = np.quantile(rows, (0.01, 0.25, 0.75, 0.99), axis=0)
    if not (far[0] > 0).all() or not (three > quarter).all():
        return {"tail_index": None, "quantile_ratio": None}
    ratio = np.median((high - low) / (three - quarter))
    return {"tail_index": float(1 / np.log(far[1:] / far[0]).mean()), "quantile_ratio": float(ratio)}


def draw(numbers, store):
    figure, axes = figures.new(2, 2, height=3)
    panels = (  # title, what of PARTS, rows of a cell (a seed each) with their line styles
        ("figure 1: error of a discriminator from scratch", "discriminator", lambda cell: {"-": cell["error"]}),
        ("figure 2: gradient of log(1 − D)", "discriminator", lambda cell: {"-": cell["norm"]["minimax"]}),
        ("figure 3: gradient of −log D", "discriminator", lambda cell: {"-": cell["norm"]["−log D"]}),
        (
            "gradient of a critic: clipped, penalised (dashed)",
            "critics",
            lambda cell: {"-": cell["norm"]["clipped critic"], "--": cell["norm"]["penalised critic"]},
        ),
    )
    for axis, (title, part, rows_of) in zip(axes.ravel(), panels):
        for number, (age, cell) in enumerate(numbers["cells"].items()):
            for style, rows in rows_of(cell).items():
                for seed, row in enumerate(rows):
                    label = f"{int(age):,} steps, fd_lenet {each(cell['fd_lenet'], 2)}" if seed == 0 and style == "-" else None
                    axis.plot(numbers["ticks"][part], np.maximum(row, 1e-12), style, color=f"C{number}", linewidth=1, label=label)
        axis.set(xscale="log", yscale="log", xlabel="steps of discriminator or critic", ylabel="norm of the mean")
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("−E log D(x) − E log(1 − D(G(z)))")
    axes[0][0].legend(fontsize=7)
    about = f"{numbers['seeds']} seeds, a line each; a colour is the age of the DCGAN, which stands still"
    figures.foot(figure, f"mnist-5k, dcgan with 16 filters; {about}")
    return figure

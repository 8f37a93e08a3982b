"""Momentum in one player and not in the other, and the cosine that the paper blames (Wasserstein GAN, section 4)."""

from functools import partial
from typing import Any

import numpy as np
import paddle

import metrics
from data import Order
from data.dataset import crop_to, to_uint8
from data.reader import batches
from experiments import figures
from experiments.numeric import mean_and_deviation, paired_ratio
from experiments.training_runs import dataset_of, untuned
from training.algorithm import Optimizer
from training.optimizers import OPTIMIZERS
from training.recipe import Recipe
from training.sampling import sample
from training.trainer import GANTrainer, TeamOptimizer

ABOUT = {
    "title": "Whose momentum upsets a clipped WGAN, and does its critic's step turn against the gradient?",
    "title_zh": "是谁的动量扰乱了权重裁剪的 WGAN？判别器的更新会不会背离负梯度方向？",
    "claim": """"We identified momentum as a potential cause because, as the loss blew up and samples got worse, the cosine
        between the Adam step and the gradient usually turned negative. The only places where this cosine was negative was in
        these situations of instability." (Wasserstein GAN, 1701.07875, section 4, of Adam with β1 > 0 on the critic).""",
    "claim_zh": "损失发散、样本变差时，Adam 的更新与梯度之间的余弦通常变为负值，而且只在不稳定时才为负，所以作者怀疑是动量所致"
    "（WGAN，1701.07875，第 4 节，指判别器用 β1 > 0 的 Adam）。",
    "run": """wgan on dcgan with 16 filters, mnist-5k, three seeds, Adam with β2 = 0.999 (the authors' option --adam) for both
        players; β1 = 0.9 and 0.5, in the critic alone, in the generator alone, in both, in neither; 400 generator steps at a
        learning rate of 2e-4. At every critic step the cosine between Adam's step, before
        the clipping, and the way downhill, minus the gradient of its batch; fd_lenet of 5,000 samples after the last.""",
    "run_zh": "wgan，16 个滤波器的 dcgan，mnist-5k，三个种子，双方都用 Adam，β2 = 0.999（作者的 --adam 选项）；β1 = 0.9 "
    "和 0.5 只用于判别器、只用于生成器、用于双方或都不用；学习率 2e-4，400 个生成器步。"
    "每个判别器步都测 Adam 的更新（裁剪之前）与负梯度方向（该批的）的夹角余弦；最后测 5,000 个样本的 fd_lenet。",
    "core_seconds": 2000,
    "constants": "ours",
    "claims": {
        "critic": {
            "says": "Momentum of β1 = 0.9 in the critic alone makes samples worse at a learning rate of 2e-4.",
            "says_zh": "学习率 2e-4 时，只在判别器用 β1 = 0.9 使样本变差。",
            "quantity": "fd_lenet with momentum in the critic alone divided by the one without, paired by seed",
            "quantity_zh": "只有判别器有动量与没有动量时的 fd_lenet 之比（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "all steps",
            "caveat": "With β1 = 0.5 in the critic alone nothing is seen (table).",
            "caveat_zh": "只在判别器用 β1 = 0.5 时看不出差别（见表）。",
        },
        "blame": {
            "says": "Momentum of β1 = 0.9 does more harm in the critic than in the generator at 2e-4.",
            "says_zh": "学习率 2e-4 时，β1 = 0.9 在判别器里比在生成器里害处大。",
            "quantity": "fd_lenet with momentum in the critic alone divided by the one with it in the generator alone, "
            "paired by seed",
            "quantity_zh": "只有判别器有动量与只有生成器有动量时的 fd_lenet 之比（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "all steps",
            "caveat": "The paper does not compare the two: it says that momentum on the critic makes training unstable at times.",
            "caveat_zh": "论文没有比较两者，只说判别器用动量时训练有时不稳定。",
        },
    },
}

RATE, STEPS = 2e-4, 400
NEITHER = "neither"
WHO: dict[str, tuple[str, ...]] = {
    NEITHER: (),
    "critic": ("critic",),
    "generator": ("generator",),
    "both": ("generator", "critic"),
}
COLOURS = {NEITHER: "tab:green", "critic": "tab:red", "generator": "tab:blue", "both": "tab:purple"}
LOOKS = 75  # points of a curve


class Watched:
    """An optimiser that notes the cosine of each of its steps with the way downhill, None where either is 0."""

    def __init__(self, optimizer: Optimizer, weights: list[paddle.Tensor]):
        self.optimizer, self.weights = optimizer, weights
        self.cosines: list[float | None] = []

    def step(self) -> None:
        before, downhill = self._flat(self.weights), -self._flat([weight.grad for weight in self.weights])
        self.optimizer.step()
        step = self._flat(self.weights) - before
        lengths = np.linalg.norm(step) * np.linalg.norm(downhill)
        self.cosines.append(float(step @ downhill / lengths) if lengths else None)

    def clear_grad(self) -> None:
        self.optimizer.clear_grad()

    @staticmethod
    def _flat(tensors):
        # float64: the squares of a WGAN's small gradients underflow in float32
        return np.concatenate([tensor.numpy().ravel() for tensor in tensors]).astype(float)


class Apart(GANTrainer):
    """A GANTrainer in which only the players of `who` have the recipe's beta1, the others 0; `watched` is the critic's Adam."""

    def __init__(self, recipe: Recipe, shape: tuple[int, ...], who: tuple[str, ...]):
        self.who = who
        super().__init__(recipe, shape)

    def _make_optimizers(self):
        def optimizer(role, rate, weights):
            recipe = self.recipe.model_copy(update={} if role in self.who else {"beta1": 0.0})
            return OPTIMIZERS[recipe.optimizer].make(recipe, rate, weights)

        self.generator_optimizer = optimizer("generator", self.recipe.generator_learning_rate, self.generator_weights)
        self.critic_optimizer = optimizer("critic", self.recipe.critic_learning_rate, self.critic_weights)
        self.watched = Watched(self.critic_optimizer, self.critic_weights)
        self._updates = {
            "generator": TeamOptimizer(self.generator_optimizer, self.generator_weights, self.team),
            "critic": TeamOptimizer(self.watched, self.critic_weights, self.team),
        }


def cells(quick: bool) -> dict[str, dict[str, Any]]:
    """{label: who has momentum, beta1 and steps}."""
    table = {}
    for beta in (0.9,) if quick else (0.9, 0.5):
        for who in WHO if beta == 0.9 else [who for who in WHO if who != NEITHER]:
            label = who if who == NEITHER else f"{who} b{beta:g}"
            table[label] = {"who": who, "beta1": beta, "steps": 6 if quick else STEPS}
    return table


def measure(store):
    table = cells(store.quick)

    def units_of(seed):
        return {label: (settings, partial(train, store, **settings, seed=seed)) for label, settings in table.items()}

    found = store.each_seed(store.seeds, units_of)
    fd = {label: {seed: units[label]["fd_lenet"] for seed, units in found.items()} for label in table}
    numbers: dict[str, Any] = {"seeds": len(found), "cells": {}}
    for label, settings in table.items():
        group = [units[label] for units in found.values()]
        row = {key: mean_and_deviation([run[key] for run in group]) for key in ("fd_lenet", "negative", "least")}
        curves = {"cosine": [run["cosine"] for run in group], "curve_steps": group[0]["step"]}
        numbers["cells"][label] = {**settings, **row, **curves}
    numbers["harm"] = {label: paired_ratio(values, fd[NEITHER]) for label, values in fd.items() if label != NEITHER}
    numbers["claims"] = {
        "critic": paired_ratio(fd["critic b0.9"], fd[NEITHER]),
        "blame": paired_ratio(fd["critic b0.9"], fd["generator b0.9"]),
    }
    return numbers


def train(store, who, beta1, steps, seed):
    """fd_lenet, the cosine at about LOOKS generator steps, and the share of all cosines that is below 0."""
    adam = {"optimizer": "adam", "beta1": beta1, "beta2": 0.999, "learning_rate": RATE}
    recipe = untuned("wgan", {"filters": 16, "steps": steps, **adam}, seed)
    dataset = dataset_of(recipe.data, store.data_dir, recipe.image_size)
    trainer = Apart(recipe, dataset.shape, WHO[who])
    reader = batches(dataset, Order(len(dataset.train), seed), 0, recipe.batch_size)
    row: dict[str, Any] = {"step": [], "cosine": []}
    every, cosines = max(1, steps // LOOKS), trainer.watched.cosines
    for step in range(1, steps + 1):
        for _ in range(recipe.n_critic):
            trainer.critic_step(*next(reader))
        trainer.generator_step(step - 1)
        if step % every == 0:
            row["step"].append(step)
            row["cosine"].append(mean_of(cosines[-every * recipe.n_critic :]))
    known = [cosine for cosine in cosines if cosine is not None]
    items = crop_to(to_uint8(sample(trainer, "samples", store.samples)), dataset.native_size)
    row["fd_lenet"] = metrics.evaluate(items, dataset, ("frechet",))["fd_lenet"]["value"]
    row["negative"] = share_below(known)
    return row | {"least": min(known, default=None), "steps": steps, "critic_steps": trainer.critic_steps}


def mean_of(values):
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def share_below(values):
    return float(np.mean(np.array(values) < 0)) if values else 0.0


def draw(numbers, store):
    figure, (left, right) = figures.new(1, 2, height=3)
    cells = numbers["cells"].values()
    for y, cell in enumerate(cells):
        values = cell["fd_lenet"]["each"]
        left.plot(values, [y] * len(values), "o", color=COLOURS[cell["who"]], markersize=4)
        if cell["beta1"] == 0.9 and cell["who"] != "generator":
            curve = [np.nan if value is None else value for value in cell["cosine"][0]]
            right.plot(cell["curve_steps"], curve, color=COLOURS[cell["who"]], label=in_words(cell), linewidth=1)
    left.set_yticks(range(len(cells)), [in_words(cell) for cell in cells], fontsize=8)
    left.set(title=f"learning rate {RATE:g}", xlabel="fd_lenet after the last step, every seed", xscale="log")
    left.invert_yaxis()
    right.axhline(0, color="0.4", linestyle=":")
    right.set(title="cosine of the critic's Adam step with the way downhill", xlabel="generator step")
    right.legend(fontsize=7)
    figures.finish((left, right), title=10)
    about = f"{numbers['seeds']} seeds; cosines: seed 0, mean of the critic steps between two points"
    figures.foot(figure, f"wgan, c = 0.01, dcgan with 16 filters, mnist-5k, Adam with β2 = 0.999; {about}")
    return figure


def in_words(cell):
    """Who has momentum, and which."""
    return "no momentum" if cell["who"] == NEITHER else f"{cell['who']}, β1 = {cell['beta1']:g}"

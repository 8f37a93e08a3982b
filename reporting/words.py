"""Figures and tables for print: their formats, their languages, and what values, axes and columns are called in these."""

from __future__ import annotations

import re

from training import budget

FORMS = ("pdf", "svg", "png")
LANGUAGES = ("en", "zh")
# values of the metrics, with the unit where there is one; a metric of a user's own keeps the name under which it is registered
VALUES = {
    "fd_lenet": ("Fréchet distance (LeNet)", "Fréchet 距离（LeNet）"),
    "fd_vgg": ("Fréchet distance (VGG)", "Fréchet 距离（VGG）"),
    "kid": ("Kernel distance (KID)", "核距离（KID）"),
    "precision": ("Precision", "精确率"),
    "recall": ("Recall", "召回率"),
    "density": ("Density", "密度"),
    "coverage": ("Coverage", "覆盖率"),
    "classes_found": ("Classes found", "找到的类别数"),
    "class_kl": ("KL divergence of classes (nats)", "类别分布的 KL 散度（nat）"),
    "class_accuracy": ("Samples of the class asked for", "属于指定类别的样本比例"),
    "confidence": ("Classifier's confidence", "分类器置信度"),
    "classifier_score": ("Classifier score", "分类器得分"),
    "stacked_modes": ("Modes found, of 1,000", "找到的模式数（共 1,000 个）"),
    "stacked_kl": ("KL divergence of modes (nats)", "模式分布的 KL 散度（nat）"),
    "modes_found": ("Modes found", "找到的模式数"),
    "good_share": ("Share of good samples", "合格样本比例"),
    "w1": ("Wasserstein-1 distance", "Wasserstein-1 距离"),
    "swd": ("Sliced Wasserstein distance", "切片 Wasserstein 距离"),
    "memorised_share": ("Memorised share", "记忆率"),
    "nearest_ratio": ("Ratio of nearest distances", "最近邻距离之比"),
    "critic_estimate": ("Critic's estimate", "判别器估计值"),
}
WORDS = {
    "real data": ("real data", "真实数据"),
    "died": ("died", "出错终止"),
    "seed": ("seed", "种子"),
    "seeds": ("Seeds", "种子"),
    "steps": ("steps", "步"),
    "step": ("Generator steps", "生成器步数"),
    "minutes": ("Minutes of training", "训练时间（分钟）"),
    "CPU minutes": ("CPU minutes of training", "训练时间（CPU 分钟）"),
    "loss": ("Loss", "损失"),
    "training data": ("training data", "训练数据"),
    "held-out data": ("held-out data", "留出数据"),
    "critic": ("critic", "判别器"),
    "generator": ("generator", "生成器"),
}


def of_value(name: str, lang: str) -> str:
    """What a metric's value is called."""
    if name in VALUES:
        return VALUES[name][LANGUAGES.index(lang)]
    if share := re.fullmatch(r"class_(\d+)", name):
        return f"Share of class {share[1]}" if lang == "en" else f"第 {share[1]} 类的比例"
    return name


def of(key: str, lang: str) -> str:
    """A word or phrase of WORDS in the language."""
    return WORDS[key][LANGUAGES.index(lang)]


def of_axis(axis: str, clock: str, lang: str) -> str:
    """The label of 'step' or 'minutes', these as `clock` ('wall' or 'cpu') counts them."""
    return of(budget.WORDS[clock] if axis == "minutes" else axis, lang)


def characters(lang: str) -> str:
    """All that the words of a language are written with."""
    return "".join(both[LANGUAGES.index(lang)] for both in (*VALUES.values(), *WORDS.values(), ("−", "第 类的比例，至−")))

"""What the report calls things in English and in Chinese: values, curves, settings and states, by their keys in results.json."""

from __future__ import annotations

import locale
import os
import re
from typing import NamedTuple

from reporting import words


class Words(NamedTuple):
    """One thing in both languages, with its unit where it has one."""

    en: str
    zh: str


# what words.VALUES of metrics are counted in
UNITS = {
    "precision": Words("share of samples", "占样本的比例"),
    "recall": Words("share of real images", "占真实图像的比例"),
    "coverage": Words("share of real images", "占真实图像的比例"),
    "classes_found": Words("number", "个"),
    "modes_found": Words("number", "个"),
    "confidence": Words("mean", "均值"),
    "classifier_score": Words("1 to number of classes", "1 至类别数"),
    "swd": Words("pixels", "像素"),
    "memorised_share": Words("of samples", "与训练图像近乎重复的样本比例"),
    "nearest_ratio": Words("real data = 1", "真实数据 = 1"),
    "critic_estimate": Words("held-out data", "留出数据"),
}
DIRECTIONS = {"lower": Words("lower is better", "越低越好"), "higher": Words("higher is better", "越高越好")}
# of log.jsonl
QUANTITIES = {
    "estimate": Words("Estimate, training data", "估计值（训练数据）"),
    "estimate_heldout": Words("Estimate, held-out data", "估计值（留出数据）"),
    "gradient_norm": Words("Gradient norm ‖∇f‖, mean", "梯度范数 ‖∇f‖，均值"),
    "gradient_norm_std": Words("Gradient norm, std. dev.", "梯度范数，标准差"),
    "clipped_share": Words("Share of weights at ±c", "位于 ±c 的权重比例"),
    "d_real": Words("D(x), real data", "D(x)，真实数据"),
    "d_fake": Words("D(G(z)), samples", "D(G(z))，样本"),
    "js_estimate": Words("JS divergence, estimate (nats)", "JS 散度估计值（nat）"),
    "critic_loss": Words("Critic’s loss", "判别器损失"),
    "generator_loss": Words("Generator’s loss", "生成器损失"),
}
# of curves.LOGGED: heading, what its vertical axes are, remark
CHARTS = {
    "Estimate": (
        Words("The critic’s estimate", "判别器的估计值"),
        Words("estimate (critic’s own scale)", "估计值（各判别器尺度不同）"),
        Words("Each model has a scale of its own: heights of two models do not compare.", "各模型的尺度不同，不能比较高低。"),
    ),
    "Losses": (Words("Losses", "损失"), Words("loss", "损失"), Words("", "")),
    "Gradient of the critic": (
        Words("Gradient of the critic", "判别器的梯度"),
        Words("gradient norm ‖∇f‖", "梯度范数 ‖∇f‖"),
        Words("Between real and generated items.", "在真实样本与生成样本之间的各点上。"),
    ),
    "Probabilities": (
        Words("Probabilities of the discriminator", "判别器给出的概率"),
        Words("probability of “real”", "判为真实的概率"),
        Words("", ""),
    ),
    "Weights at ±c": (
        Words("Weights held by clipping", "停在裁剪边界上的权重"),
        Words("share of weights at ±c", "位于 ±c 的权重比例"),
        Words("", ""),
    ),
}
PARTS_OF_CHARTS = {
    "real": Words(*words.WORDS["real data"]),
    "seed": Words(*words.WORDS["seed"]),
    "estimate": Words("critic’s estimate (held-out data)", "判别器估计值（留出数据）"),
    "save": Words("Save", "保存"),
}
AXES = {
    "step": Words("generator steps", "生成器步数"),
    "critic_steps": Words("critic steps", "判别器步数"),
    "images_seen": Words("images seen by the critic", "判别器看过的图像数"),
    "minutes": Words("minutes", "分钟"),
}
MINUTES = {"cpu": Words("CPU minutes", "CPU 分钟"), "wall": AXES["minutes"]}
# of a recipe
SETTINGS = {
    "data": Words("data set", "数据集"),
    "image_size": Words("side of an image, pixels", "图像边长（像素）"),
    "fit": Words("how pictures become square", "图片如何变为正方形"),
    "conditional": Words("the class is an input of both players", "类别作为双方的输入"),
    "network": Words("network of both players", "双方的网络"),
    "generator_network": Words("generator’s network", "生成器网络"),
    "critic_network": Words("critic’s network", "判别器网络"),
    "objective": Words("objective", "目标函数"),
    "clip": Words("weights clipped to ±c", "权重裁剪到 ±c"),
    "penalty": Words("weight λ of the gradient penalty", "梯度惩罚的系数 λ"),
    "n_critic": Words("critic steps a generator step", "生成器每步对应的判别器步数"),
    "warm_up": Words("more critic steps at first", "预热（起初多训练判别器）"),
    "optimizer": Words("optimiser", "优化器"),
    "learning_rate": Words("learning rate", "学习率"),
    "generator_learning_rate": Words("generator’s learning rate", "生成器学习率"),
    "critic_learning_rate": Words("critic’s learning rate", "判别器学习率"),
    "beta1": Words("Adam’s β₁", "Adam 的 β₁"),
    "beta2": Words("Adam’s β₂", "Adam 的 β₂"),
    "decay": Words("learning rate falls to 0", "学习率逐渐降到 0"),
    "ema": Words("averaged generator: share kept a step", "生成器权重平均：每步保留的比例"),
    "batch_size": Words("samples a critic step", "判别器每步的样本数"),
    "generator_batch_size": Words("samples a generator step", "生成器每步的样本数"),
    "latent": Words("dimensions of the noise z", "噪声 z 的维数"),
    "filters": Words("filters of the outermost layer", "最外层的滤波器数"),
    "units": Words("units a layer", "每层单元数"),
    "generator_norm": Words("generator’s normalisation", "生成器的归一化"),
    "critic_norm": Words("critic’s normalisation", "判别器的归一化"),
    "sync_batch_norm": Words("batch norm over all processes", "跨进程同步批归一化"),
    "amp": Words("bfloat16 on a GPU", "GPU 上用 bfloat16"),
    "steps": Words("generator steps", "生成器步数"),
    "minutes": Words("minutes of training", "训练分钟数"),
    "clock": Words("what minutes count", "分钟的计时方式"),
    "seed": Words("seeds", "随机种子"),
    # the report leaves these out, the app's cards have them
    "log_every": Words("steps between lines of the log", "每隔多少步记一行日志"),
    "sample_every": Words("steps between grids", "每隔多少步存一张网格图"),
    "checkpoint_every": Words("steps between checkpoints", "每隔多少步存一个检查点"),
    "keep_checkpoints": Words("newest checkpoints kept", "保留最近多少个检查点"),
    "on_nan": Words("what NaN or infinity does", "出现 NaN 或无穷大时"),
}
CELLS = {"yes": "是", "no": "否"}  # of the table of settings
VERDICTS = {
    "alive": Words("alive", "正常"),
    "died": Words("died", "出错终止"),
    "dead: no gradient reaches the generator": Words("dead: no gradient reaches the generator", "失效：生成器得不到梯度"),
    "critic was dead for a time": Words("critic was dead for a time", "判别器曾有一段时间没有梯度"),
    "estimate was negative for a time": Words("estimate was negative for a time", "估计值曾有一段时间为负"),
}
# remarks of results.json, pattern → the same in Chinese: those that list runs, whose lists are put into Chinese, too
LISTS = (
    (
        r"Trained with different threads: (.*)\. Their times cannot be compared(, nor can their steps)?\.",
        "线程数不同：{0}。用时不可比{1}。",
    ),
    (
        r"Trained with different devices: (.*)\. Their times cannot be compared(, nor can their steps)?\.",
        "设备不同：{0}。用时不可比{1}。",
    ),
    (
        r"Trained with different processors: (.*)\. Their times cannot be compared(, nor can their steps)?\.",
        "处理器不同：{0}。用时不可比{1}。",
    ),
    (
        r"Budgets count by different clocks: (.*)\. All times in this report are wall time\.",
        "预算的计时方式不同：{0}。本报告中的时间都是实际时间。",
    ),
    (r"Not trained equally long: (.*)\.", "训练长度不同：{0}。"),
    (r"Stopped before the end of the training: (.*)\.", "训练未完成：{0}。"),
    (r"Not logged equally often \((.*?)\): (.*)\.", "日志记录的疏密不同（{0}）：{1}。"),
    (r"Not drawn equally often \((.*?)\): (.*)\.", "样本图的疏密不同（{0}）：{1}。"),
    (r"Not scored equally often \((.*?)\): (.*)\.", "评分的疏密不同（{0}）：{1}。"),
)
REASONS = (  # and those that hold names and messages, which stay
    (r"No curves of (.*?): (.*)", "{0} 没有曲线：{1}"),
    (r"not measured: (.*): (.*) has no feature network", "未测量：{0}。{1} 没有特征网络"),
    (r"not measured: (.*?): (.*)", "未测量：{0}。原因：{1}"),
    (r"(\S+) was not measured in (.*?): (.*)", "{1} 未测量 {0}。原因：{2}"),
    (r"VisualDL does not show the scores of (.*?): (.*)", "VisualDL 不显示 {0} 的得分：{1}"),
)
PARTS = (
    (", nor can their steps", "，步数也不可比"),
    (" and ", "、"),
    (" or ", "或 "),
    ("all others", "其余"),
    (", seed ", "，种子 "),
    (", after ", "，训练到 "),
    (" (planned: ", "（计划 "),
    (" generator steps)", " 个生成器步）"),
    (" minutes)", " 分钟）"),
    (" lines", " 行日志"),
    (" grids", " 张样本图"),
    (" checkpoints", " 个检查点"),
    ("CPU minutes", "CPU 分钟"),
    ("minutes", "分钟"),
    (" generator steps", " 个生成器步"),
    ("generator steps", "生成器步"),
    (": ", "："),
    (" of ", " / "),
    ("; ", "；"),
)


def of_value(name: str) -> Words:
    """A value that was measured, with its unit; a metric of somebody's own goes by its key."""
    english, chinese = (words.of_value(name, language) for language in words.LANGUAGES)
    unit = UNITS.get(name)
    return Words(f"{english} ({unit.en})", f"{chinese}（{unit.zh}）") if unit else Words(english, chinese)


def of_key(table: dict[str, Words], key: str) -> Words:
    """The words of a table; a key that is not in it, of another version, is its own."""
    return table.get(key) or Words(key.replace("_", " "), key.replace("_", " "))


def of_cell(value: str) -> Words:
    """A value of a table of settings; all but yes and no are the same in both languages."""
    return Words(value, CELLS.get(value, value))


def axes(clock: str) -> dict[str, Words]:
    """What curves are drawn against; minutes are called as they were counted. clock: 'wall' or 'cpu'."""
    return {**AXES, "minutes": MINUTES[clock]}


def remark(line: str) -> Words:
    """A remark of results.json; one that is not known stays English."""
    for pattern, chinese in (*LISTS, *REASONS):
        if match := re.fullmatch(pattern, line, re.S):
            parts = [part or "" for part in match.groups()]
            for english, other in PARTS if (pattern, chinese) in LISTS else ():
                parts = [part.replace(english, other) for part in parts]
            return Words(line, chinese.format(*parts))
    return Words(line, line)


def by_locale() -> str:
    """The reader's language, 'zh' or 'en', by the variables that POSIX asks, or else by the system's own setting."""
    named = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    found = next(filter(None, named), None) or locale.getlocale()[0] or ""
    return "zh" if found.lower().startswith(("zh", "chinese")) else "en"

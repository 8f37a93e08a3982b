"""`--help` of the commands in Chinese, for a terminal in that language. Errors and what a training prints stay as they are."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable

import click

import data
import metrics
from models import networks
from reporting import help_page, samples
from training import recipe
from training.comparison import IMAGES, POINTS

DATA_DIR = "数据文件所在目录；默认先找 Paddle 的缓存，再下载。"
DEVICE = "auto、cpu、gpu 或 gpu:N。"
_MORE = "，".join(f"{name} 为 {row.samples:,}" for name, row in data.SOURCES.items() if row.samples != data.Source.samples)
SAMPLES = f"{data.Source.samples:,}（{_MORE}）"
OUT_FILE = ".png（网格图）、.npz（图像数组）或以斜杠结尾的目录（单张 PNG）"
ON_POINTS = "、".join(name for name, row in networks.NETWORKS.items() if row.points)
COUNT = f"样本数；默认 {samples.IMAGES}，平面点集 {samples.POINTS:,}。"
NOISE = "噪声 z 的随机种子。"
CHOSEN = "用于条件模型：依次生成这些类别，如 3,7，或类别名。"
TABLE = "用于条件模型：每行一个类别，每列同一个 z；N 向上取整到整列。"
CLEAR = "--out 为目录时，先删除其中已有的单张图片。"

# by the file's name and the parameter's; "" is what the command does
COMMANDS = {
    "train.py": {
        "": "训练 GAN、DCGAN、LSGAN、WGAN 或 WGAN-GP：`python train.py --model wgan`。",
        "model": f"configs/ 中的训练配置：{'、'.join(recipe.names())}。",
        "network": f"{'、'.join(networks.NETWORKS)}；任何模型都可以配任何网络，平面点集只能用 {ON_POINTS}。",
        "data": f"{'、'.join(data.SOURCES)}；mnist-5k 无需下载。",
        "data_dir": DATA_DIR,
        "steps": "生成器步数；默认取训练配置中的值。",
        "minutes": "代替 --steps：CPU 分钟，各线程合计；GPU 上为实际分钟。",
        "batch_size": "每步的样本数；默认取训练配置中的值。",
        "seed": "权重、噪声和数据顺序的随机种子；默认取训练配置中的值。",
        "device": DEVICE,
        "processes": "共同分担每个批次的进程数；auto 为 1（docs/zh/performance.md）。",
        "amp": "用 bfloat16 做矩阵乘法和卷积，仅限 GPU（A100 或更新）。",
        "on_nan": "出现 NaN 或无穷大时：stop（停止，默认）或 rollback（退回检查点）。",
        "config": "YAML 训练配置，也可以是某次训练的 config.yaml；代替 --model。",
        "overrides": "训练配置中的任何设置，如 clip=0.1，可重复使用；全部设置见 docs/zh/settings.md。",
        "out": "本次训练的文件夹；默认取 runs/ 下一个尚未占用的名称。",
        "resume": "从 --out 中最新的完好检查点继续（没有则从头开始）。",
    },
    "eval.py": {
        "": "评估一次训练、一个检查点，或 .npz 中的任意图像：`python eval.py runs/wgan-mnist-5k-s0`。",
        "data_name": "与之比较的数据；默认为该次训练的数据，文件默认为 mnist-5k。",
        "data_dir": DATA_DIR,
        "fit": "用于文件：folder:PATH 的图片如何变成正方形，crop（裁切）或 pad（补边）。",
        "names": f"可选 {'、'.join(metrics.METRICS)}；默认为所有适用的指标。",
        "samples": f"评分用的样本数，默认 {SAMPLES}；至多计入十组，每组 1,000 个（stacked-mnist 为一组 25,600 个）。",
        "seed": "噪声和样本分组的随机种子。",
        "raw": "用生成器本身采样，不用训练中的权重平均。",
        "every": "评估全部检查点，结果也写入 VisualDL（已有的不改），并标出最好的一个。",
        "as_json": "标准输出只打印 JSON。",
        "out": "metrics.json 和 memorised.png 的目录；默认为该次训练的目录。",
        "device": DEVICE,
    },
    "compare.py": {
        "": "在同等条件下训练多个模型，或采用已有的训练，在一份报告中并排比较：`python compare.py gan wgan`。",
        "chosen": "所有模型共用一个网络，或写多个；默认 dcgan。",
        "source": "名称见 train.py --help；默认 mnist-5k。",
        "data_dir": DATA_DIR,
        "seeds": "每个模型训练几次，种子为 0 到 N − 1；默认 3。",
        "steps": f"每次训练的生成器步数；默认 {IMAGES['steps']:,}，平面点集为 {POINTS['steps']:,}。",
        "minutes": "代替 --steps：每次训练的 CPU 分钟；GPU 上为实际分钟。",
        "batch_size": f"每步的样本数；默认 {IMAGES['batch_size']}，平面点集为 {POINTS['batch_size']}。",
        "overrides": "对所有模型生效的设置（见 docs/zh/settings.md）；MODEL.KEY=VALUE 只对一个模型生效，如 wgan.clip=0.1。",
        "jobs": "同时进行的训练数，每个用一个线程；默认有几个核就同时进行几个。1（GPU 上的默认值）：逐个进行，使用全部线程。",
        "wanted": "名称见 eval.py --help；默认为所有适用的指标。",
        "samples": f"评分用的样本数，默认 {SAMPLES}；至多计入十组，每组 1,000 个（stacked-mnist 为一组 25,600 个）。",
        "out": "比较结果的目录；默认为 compare/ 下的一个名字。",
        "own_name": "目录为 compare/NAME；若已被别的比较占用则报错。",
        "listing": "只列出已有的比较及各自的领先者。",
        "figures": "另在 figures/ 中生成论文用的图和表格。",
        "lang": "报告、论文图（--figures）和表格的语言；默认取系统语言。",
        "device": DEVICE,
    },
    "sample.py": {
        "": "从一次训练或一个检查点采样：`python sample.py runs/wgan-mnist-5k-s0`。可得网格图、.npz、单张 PNG、插值或动画。",
        "count": COUNT,
        "seed": NOISE,
        "out": OUT_FILE
        + "；.gif、.mp4 为动画：训练过程（由已保存的网格图组成），或 --interpolate 的插值。默认在该次训练的目录中写一张 PNG。",
        "interpolate": "每行 8 步，沿球面大圆在两个噪声向量之间插值。",
        "classes": CHOSEN,
        "grid": TABLE,
        "clear": CLEAR,
        "best": "取最好的检查点（由 eval.py --every 测得）。",
        "raw": "用生成器本身，不用训练中的权重平均。",
        "target": "不采样，而把生成器导出到该目录，供 Paddle Inference 使用。",
        "pdparams": "与 --export 合用：另存 .pdparams 权重。",
        "with_onnx": "与 --export 合用：另存 .onnx（需 requirements-onnx.txt）。",
        "device": DEVICE,
    },
    "infer.py": {
        "": "用 Paddle Inference 采样，模型由 `sample.py RUN --export DIR` 导出：`python infer.py --model_dir DIR`。",
        "folder": "sample.py --export 导出的目录。",
        "count": COUNT,
        "batch": "每批的样本数。",
        "device": DEVICE,
        "threads": "CPU 线程数；默认每核一个。",
        "onednn": "用 oneDNN 计算，仅限 CPU；批较大时往往更快。",
        "seed": NOISE,
        "classes": CHOSEN,
        "grid": TABLE,
        "out": OUT_FILE + "。默认在导出目录中写一张 PNG。",
        "clear": CLEAR,
    },
    "app.py": {
        "": "在浏览器中打开网页，生成样本、观看 GAN 与 WGAN 训练、进行对比：`python app.py`。",
        "port": "默认 7860，被占用时取下一个空闲端口。",
        "host": "监听地址；0.0.0.0 允许其他机器访问，网络中的其他人也能在此采样、训练、查看报告。",
        "lang": "页面打开时的语言；默认取系统语言。",
        "runs": "列出其中训练的目录。",
    },
}
CLICKS_WORDS = {"Show this message and exit.": "显示本帮助。", "[default: ": "[默认 ", "required]": "必填]"}


# what no line begins or ends within: a name, a command's word, a character with the signs that belong to it
PIECE = re.compile(r"(\s*)([（“]*(?:[!-~]+|[^\s!-~])[、，。；：）”…]*)")


def columns(text: str) -> int:
    """That a terminal takes: two for a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for space, piece in PIECE.findall(text):
        if lines[-1] and columns(lines[-1] + space + piece) > width:
            lines.append("")
        lines[-1] += space + piece if lines[-1] else piece
    return lines


class Formatter(help_page.Formatter):
    """An option, and below it what it does: click wraps by characters, of which a Chinese one is two columns wide."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args.replace("[OPTIONS]", "[选项]"), "用法：")

    def write_heading(self, heading: str) -> None:
        self.write("选项：\n" if heading == "Options" else f"{heading}:\n")

    def write_text(self, text: str) -> None:
        self._lines(text, self.current_indent)

    def _lines(self, text, indent):
        for line in wrapped(text, self.width - indent):
            self.write(f"{'':{indent}}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        for option, words in rows:
            for theirs, ours in CLICKS_WORDS.items():
                words = words.replace(theirs, ours)
            self.write(f"{'':{self.current_indent}}{option}\n")
            self._lines(help_page.RANGE.sub("", words), self.current_indent + 4)


class Context(click.Context):
    formatter_class = Formatter


def translate(command: click.Command, name: str) -> None:
    """Give the command, of the file `name`, its help in Chinese, if there is one and the terminal's characters can say it."""
    words = COMMANDS.get(name)
    try:
        "中文".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeError:
        return
    if words:
        command.help, command.context_class = words[""], Context
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name in words:
                parameter.help = words[parameter.name]

"""Write wgan_on_ai_studio.ipynb from the cells below and run it: python notebooks/build.py

PADDLE_WGAN_MINUTES, PADDLE_WGAN_OPTIONS: a smaller budget, for a test. Needs requirements-dev.txt.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PATH = Path(__file__).resolve().parent / "wgan_on_ai_studio.ipynb"

# (kind, text): '#' for text, '>' for code
CELLS = [
    (
        "#",
        """# WGAN 与 GAN：同等条件下的比较 · WGAN and GAN on equal terms

用 PaddlePaddle 3 复现 [Wasserstein GAN](https://arxiv.org/abs/1701.07875)，无需 GPU，约一刻钟。
Wasserstein GAN in PaddlePaddle 3. No GPU needed; about a quarter of an hour.

1. 安装 · Install
2. 看数据 · Look at the data
3. 三行导入网络与目标函数 · Networks and objectives in three lines
4. 并排训练 dcgan 与 wgan · Train dcgan and wgan side by side
5. 样本 · Samples
6. 曲线 · Curves
7. 指标 · Metrics
8. 插值 · Interpolation
9. VisualDL
10. GPU 上的 MNIST 与 CIFAR-10 · MNIST and CIFAR-10 on a GPU""",
    ),
    (
        "#",
        """## 1 安装 · Install

在 AI Studio 上，把仓库放在会保留的 `/home/aistudio/work` 下。下面的单元会自己找到仓库；找不到时，把 `PADDLE_WGAN` 设为它的路径。
On AI Studio keep the repository under `/home/aistudio/work`, which persists. The cell finds it; if it cannot, set
`PADDLE_WGAN` to its path.""",
    ),
    (
        ">",
        """import importlib.util
import os
import sys
from pathlib import Path


def repository():
    asked = [Path(os.environ[name]) for name in ("PADDLE_WGAN", "JPY_SESSION_NAME") if os.environ.get(name)]
    start = [*asked, Path.cwd(), Path.home() / "work", Path.home()]
    around = [p for s in start for p in (s, *s.parents)] + [p for s in start if s.is_dir() for p in s.glob("*")]
    for path in around:
        if (path / "compare.py").is_file() and (path / "configs" / "wgan.yaml").is_file():
            return path.resolve()
    raise FileNotFoundError("找不到仓库 · repository not found: os.environ['PADDLE_WGAN'] = '…/paddle-wgan'")


os.chdir(repository())
if str(Path.cwd()) not in sys.path:
    sys.path.insert(0, str(Path.cwd()))

wanted = ["paddle", "visualdl", "mlxtend", "safetensors", "pydantic", "click", "rich", "jinja2", "sklearn", "cv2"]
if missing := [name for name in wanted if importlib.util.find_spec(name) is None]:
    print("安装 · installing:", *missing)
    %pip install -q -r {"requirements-cpu.txt" if "paddle" in missing else "requirements.txt"}""",
    ),
    (
        ">",
        """%matplotlib inline
import json
import shlex

import matplotlib.pyplot as plt

from training import runtime

print(runtime.start())  # 线程等须在导入 paddle 之前设好 · threads are set before paddle is imported

MINUTES = float(os.environ.get("PADDLE_WGAN_MINUTES", 4))  # 每个模型的 CPU 分钟 · CPU minutes of training for each model
OPTIONS = os.environ.get("PADDLE_WGAN_OPTIONS", "")  # compare.py 的其他参数 · more flags for compare.py
NAME = "-".join(["notebook", f"{MINUTES:g}-minutes", *OPTIONS.replace("-o", "").split()])
OUT = os.environ.get("PADDLE_WGAN_OUT", f"compare/{NAME}")""",
    ),
    (
        "#",
        """## 2 看数据 · Look at the data

`mnist-5k`：5,000 个真实 MNIST 数字，来自一个依赖包，无需下载。
5,000 real MNIST digits that come inside a dependency: nothing is downloaded.""",
    ),
    (
        ">",
        """import paddle

import data
from training import grids


def show(picture, title="", width=9):
    _, axes = plt.subplots(figsize=(width, width * picture.shape[0] / picture.shape[1] + 0.3), dpi=80)
    axes.imshow(picture)
    axes.set_title(title)
    axes.axis("off")
    plt.show()


digits = data.load("mnist-5k")
print(f"训练 · train {digits.train.shape}, 留出 · held out {digits.heldout.shape}, {digits.train.dtype}")
shuffled = data.Order(len(digits.train), seed=0).take(0, 64)
show(grids.grid(digits.train[shuffled], columns=16, scale=1), "mnist-5k")""",
    ),
    (
        "#",
        """## 3 三行导入网络与目标函数 · Networks and objectives in three lines

习惯 `paddle.Model` 的人也可以只取所需：网络是普通的 `paddle.nn.Layer`，目标函数是 logits 的纯函数。
下面是手写的二十步 WGAN（论文算法 1，配方 `wgan-paper`）。RMSProp 用本项目的：Paddle 自带的把 ε 放在根号里面，
而 WGAN 的梯度很小，两者每步会差一成以上。
If you come from `paddle.Model`, take just the parts: networks are plain `paddle.nn.Layer`s, objectives pure functions of logits.
Below are twenty steps of WGAN by hand (the paper's algorithm 1, the recipe `wgan-paper`). RMSProp is this project's: Paddle's
own has ε inside of the root, and a WGAN's gradients are so small that the two differ by a tenth of a step and more.""",
    ),
    (
        ">",
        """from models.networks import build
from models.objectives import OBJECTIVES
from training.recipe import load
from training.rmsprop import RMSProp

recipe = load("wgan-paper", overrides={"filters": 8})
generator, critic = build(recipe, digits.shape)
wasserstein = OBJECTIVES["wasserstein"]

generator_step = RMSProp(recipe.generator_learning_rate, parameters=generator.parameters())
critic_step = RMSProp(recipe.critic_learning_rate, parameters=critic.parameters())
order = data.Order(len(digits.train), seed=0)
for step in range(20):
    for i in range(recipe.n_critic):
        real = paddle.to_tensor(digits.batch(order.take((step * recipe.n_critic + i) * 64, 64)))
        fake = generator(paddle.randn([64, recipe.latent])).detach()
        loss = wasserstein.critic_loss(critic(real), critic(fake))
        loss.backward()
        critic_step.step()
        critic_step.clear_grad()
        with paddle.no_grad():  # 裁剪判别器的权重 · clip the critic's weights
            for weight in critic.parameters():
                if not weight.stop_gradient:
                    weight.clip_(-recipe.clip, recipe.clip)
    wasserstein.generator_loss(critic(generator(paddle.randn([64, recipe.latent])))).backward()
    generator_step.step()
    generator_step.clear_grad()
    critic.clear_gradients()
print(f"估计值 · estimate {-float(loss):.2e}")

# 论文的常数，与按搜索结果定的配方 · the paper's constants, and the recipe that a search found
for name in ("wgan-paper", "wgan"):
    r = load(name)
    print(f"{name:10}: n_critic {r.n_critic}, clip {r.clip:g}, 学习率 · step sizes: generator", end=" ")
    print(f"{r.generator_learning_rate:g}, critic {r.critic_learning_rate:g}; 权重平均 · average: {r.ema:g}")""",
    ),
    (
        "#",
        """## 4 并排训练 dcgan 与 wgan · Train dcgan and wgan side by side

`dcgan` 是非饱和目标的 GAN，网络与 wgan 相同。批大小、数据顺序、种子、噪声和 CPU 时间也相同；目标函数、约束、优化器、
学习率、n_critic 和权重平均各按自己的配方。两个训练同时进行，各用一个线程：`compare.py` 默认每个核一个训练。CPU 分钟只计
该训练自己的计算时间，旁边运行什么都不影响；在 GPU 上则一个接一个，按钟表计时。再次运行此单元会直接用已有的结果，中断后
会接着训练。
`dcgan` is a GAN with the non-saturating objective on wgan's networks. Batch size, order of the data, seed, noise and CPU
minutes are the same too; objective, constraint, optimiser, step sizes, n_critic and average are each recipe's own. The two
train side by side, one thread each: `compare.py` runs a training a core. CPU minutes count what a training's own process
computes, whatever runs beside it; on a GPU one goes after the other, by the clock. Run the cell again: what is finished is
reused, what was interrupted goes on.""",
    ),
    (
        ">",
        """command = f"compare.py dcgan wgan --seeds 1 --minutes {MINUTES:g} {OPTIONS} --out {shlex.quote(OUT)}"
!{sys.executable} {command} 2>&1 | cat""",
    ),
    (
        "#",
        """报告 `report.html` 不需要网络，可下载后打开。`results.json` 含有报告里的每个数字。
`report.html` needs no network: download and open it. `results.json` holds every number of it.""",
    ),
    (
        ">",
        """results = json.loads(Path(OUT, "results.json").read_text(encoding="utf-8"))
for run in results["runs"]:
    print(f"{run['label']:5} {run['status']}: {run['steps']:,} 步 · generator steps, {run['critic_steps']:,} critic steps")
    print(f"      {run['cpu_seconds'] / 60:.1f} CPU 分钟 · minutes, {run['seconds'] / 60:.1f} 钟表 · by the clock")""",
    ),
    (
        "#",
        """## 5 样本 · Samples

同一位置是同一噪声。The same place in a grid is the same noise.""",
    ),
    (
        ">",
        """from reporting.figures import read_png

show(read_png(Path(OUT, "samples.png")), width=13)""",
    ),
    (
        "#",
        """## 6 曲线 · Curves

每个模型的估计值有自己的尺度：只看同一次训练内的走势。
Each model's estimate is on a scale of its own: look at its course within one run.""",
    ),
    (
        ">",
        """from training import budget, log

clock = results["clock"]  # 计时的钟 · the clock that counted
figure, axes = plt.subplots(2, 2, figsize=(12, 6), dpi=80, layout="constrained")
for row, run in zip(axes, results["runs"]):
    lines = log.read(run["folder"])
    minutes = [line[budget.KEYS[clock]] / 60 for line in lines]
    for cell, names in zip(row, (("estimate", "estimate_heldout"), ("critic_loss", "generator_loss"))):
        for name in names:
            cell.plot(minutes, [line[name] for line in lines], label=name)
        cell.set(title=run["label"], xlabel=budget.WORDS[clock])
        cell.legend()
        cell.grid(alpha=0.3)
plt.show()""",
    ),
    (
        "#",
        """## 7 指标 · Metrics

最后一列是真实数据自己的得分（下限）。`fd_lenet` 是本项目分类器特征上的 Fréchet 距离，不是 FID。
The last column is what real data score themselves. `fd_lenet` is a Fréchet distance on our own classifier's features, not
FID.""",
    ),
    (
        ">",
        """from IPython.display import Markdown

import metrics

labels = [group["label"] for group in results["groups"]]
rows = ["| | | " + " | ".join(labels) + " | real |", "| --- " * (len(labels) + 3) + "|"]
for name, floor in results["floor"].items():
    if not name.startswith("class_") or name == "class_kl":
        cells = [f"{group['metrics'][name]['mean']:.4g}" if name in group["metrics"] else "–" for group in results["groups"]]
        rows.append(f"| {name} | {metrics.direction(name)} | " + " | ".join(cells) + f" | {floor['value']:.4g} |")
Markdown("\\n".join(rows))""",
    ),
    (
        "#",
        """## 8 插值 · Interpolation

沿大圆从一个噪声走到另一个；样本都取自训练中平均过的生成器（如果配方有平均）。
From one noise to another, along great circles; all samples are the averaged generator's, where the recipe has an average.""",
    ),
    (
        ">",
        """from data.dataset import crop_to, to_uint8
from reporting.samples import great_circles
from training.comparison import last_checkpoint
from training.trainer import rebuild
from training.sampling import generate

run = next(run for run in results["runs"] if run["label"] == "wgan")
trainer, state = rebuild(last_checkpoint(run["folder"]))
images = generate(trainer.sampler, great_circles(seed=1, count=40, latent=trainer.recipe.latent))
show(grids.grid(crop_to(to_uint8(images), state["native_size"]), columns=8), "wgan", width=6)""",
    ),
    (
        "#",
        """同样的命令行 · The same as a command: `python sample.py RUN --interpolate`；`--out training.gif` 画训练过程 ·
draws the training；`--export DIR` 为 Paddle Inference 写出生成器 · writes the generator for Paddle Inference。""",
    ),
    (
        "#",
        """## 9 VisualDL

在 AI Studio 上：训练时打开左侧“可视化”，或把浏览器地址里的 `notebooks/…` 换成 `visualdl`。
在自己的机器上运行下面打印的命令，再打开 http://127.0.0.1:8040 。
On AI Studio: open the panel “可视化” on the left, or replace `notebooks/…` in the address by `visualdl`.
On a machine of your own run the line that is printed below, then open http://127.0.0.1:8040 .""",
    ),
    (
        ">",
        """print(results["visualdl"])""",
    ),
    (
        "#",
        """## 10 GPU 上的 MNIST 与 CIFAR-10 · MNIST and CIFAR-10 on a GPU

在 AI Studio 选择 GPU 环境，安装 `requirements.txt`（不会动 Paddle 本身），挂载的数据集用 `--data-dir` 指定。
Choose a GPU environment, install `requirements.txt` (it leaves Paddle alone), name a mounted data set with `--data-dir`.

```bash
DATA=/home/aistudio/data/dataNNNN
python compare.py gan wgan wgan-gp --data mnist --data-dir $DATA --steps 20000 --device gpu
python compare.py gan wgan wgan-gp --data cifar10 --data-dir $DATA --steps 50000 -o filters=64 --device gpu
# 论文图 5–7 · the paper's figures 5 to 7
python compare.py gan wgan --network dcgan dcgan-nobn mlp --data cifar10 --data-dir $DATA --device gpu
```""",
    ),
    (
        ">",
        """gpus = paddle.device.cuda.device_count() if paddle.device.is_compiled_with_cuda() else 0
print(f"GPU: {gpus}" if gpus else "这里没有 GPU · no GPU here: run the commands above where there is one")""",
    ),
]


def notebook():
    """The notebook without outputs; cell ids are fixed, so that building it again changes nothing else."""
    made = new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    for number, (kind, text) in enumerate(CELLS):
        cell = new_markdown_cell(text) if kind == "#" else new_code_cell(text)
        made.cells.append({**cell, "id": f"cell-{number:02d}"})
    made.metadata["language_info"] = {"name": "python"}
    return nbformat.from_dict(made)


def execute(made, folder, timeout=1800):
    """Run all cells in a kernel that starts in `folder`. Raises nbclient's CellExecutionError."""
    NotebookClient(made, timeout=timeout, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return made


if __name__ == "__main__":
    sys.path.insert(0, str(PATH.parent.parent))
    made = execute(notebook(), PATH.parent)
    for cell in made.cells:
        cell.metadata.pop("execution", None)  # times of day
    nbformat.write(made, PATH)
    print(PATH.relative_to(Path.cwd()) if PATH.is_relative_to(Path.cwd()) else PATH)

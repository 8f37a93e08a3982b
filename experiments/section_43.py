"""Three generators against one critic (Wasserstein GAN, section 4.3, figures 5 to 7)."""

from typing import Any

from experiments import figures, training_runs
from experiments.numeric import each, t_interval

ABOUT = {
    "title": "Does WGAN forgive a bad generator where a GAN does not (section 4.3's generators, searched recipes)?",
    "title_zh": "生成器变差时，WGAN 是否比 GAN 更稳健：4.3 节的生成器，搜索到的配置",
    "claim": """"We observe that WGANs are much more robust than GANs when one varies the architectural choices for the
        generator." (Wasserstein GAN, 1701.07875, section 4.3): a dcgan generator, one without batch norm and with a constant
        number of filters, and an mlp of four layers of 512 units, all against the convolutional dcgan critic; figures 5 to 7.
        "In no experiment did we see evidence of mode collapse for the WGAN algorithm", says the same section.""",
    "claim_zh": "改变生成器的结构时，WGAN 比 GAN 稳健得多（WGAN，1701.07875，4.3 节、图 5–7）：dcgan、"
    "没有批归一化且滤波器数不变的生成器、四层 512 单元的 mlp，判别器都是卷积的 dcgan；没有在任何实验里看到 WGAN 的模式坍塌。",
    "run": """generators dcgan, dcgan-constant (no batch norm, a constant number of filters) and mlp (512 units) against
        the dcgan critic with 16 filters; wgan and the non-saturating GAN (dcgan) with the recipes that equal searches
        chose, MNIST, 3,000 generator steps, three seeds. fd_lenet of 1,000 samples at 30 checkpoints is read where the
        first of each pair ends: at equal generator steps and at equal critic steps.""",
    "run_zh": "生成器 dcgan、dcgan-constant（没有批归一化，滤波器数不变）、mlp（512 个单元），判别器都是 16 个滤波器的 "
    "dcgan；wgan 与非饱和 GAN（dcgan）都用同等搜索选出的配置，MNIST，3,000 个生成器步，三个种子。30 个检查点上 1,000 "
    "个样本的 fd_lenet，在每对中先结束者的终点处读取：生成器步数相同，或判别器步数相同。",
    "core_seconds": 2900,
    "constants": "searched",
    "claims": {
        "mlp": {
            "says": "An mlp generator costs wgan less than it costs the GAN.",
            "says_zh": "把生成器换成 mlp 对 wgan 的损害小于对 GAN 的损害。",
            "quantity": "fd_lenet divided by the one with a dcgan generator, wgan's divided by the GAN's, paired by seed",
            "quantity_zh": "fd_lenet 与 dcgan 生成器的 fd_lenet 之比，wgan 的除以 GAN 的（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": ("generator steps", "critic steps"),
            "caveat": "It favours whose dcgan is worse: the figure shows both.",
            "caveat_zh": "这个比值有利于用 dcgan 生成器时得分较差的一方，所以图中画出双方的得分。",
        },
        "constant": {
            "says": "A generator without batch norm and of constant width costs wgan less than it costs the GAN.",
            "says_zh": "生成器去掉批归一化、滤波器数不变，对 wgan 的损害小于对 GAN 的损害。",
            "quantity": "fd_lenet divided by the one with a dcgan generator, wgan's divided by the GAN's, paired by seed",
            "quantity_zh": "fd_lenet 与 dcgan 生成器的 fd_lenet 之比，wgan 的除以 GAN 的（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": ("generator steps", "critic steps"),
            "caveat": "It favours whose dcgan is worse: the figure shows both.",
            "caveat_zh": "这个比值有利于用 dcgan 生成器时得分较差的一方，所以图中画出双方的得分。",
        },
        "wgan_classes": {
            "says": "Whichever the generator, wgan makes all classes.",
            "says_zh": "无论哪种生成器，wgan 都生成所有类别。",
            "quantity": "largest class KL to the data over the three generators, in nats (one class of ten lost: 0.105)",
            "quantity_zh": "三种生成器中最大的与数据的类别 KL（nat；丢一类为 0.105）",
            "relation": "below",
            "threshold": 0.105,
        },
    },
}

GENERATORS = {"dcgan": "dcgan", "constant": "dcgan-constant", "mlp": "mlp"}  # in a claim's key: the network
DIGITS = {"data": "mnist", "filters": 16}
MODELS = ("wgan", "dcgan")


def measure(store):
    steps, marks, own = (10, 5, {"data": "mnist-5k", "filters": 8}) if store.quick else (3000, 30, DIGITS)
    common = {**own, "units": 512, "critic_network": "dcgan", "keep_checkpoints": 1000, **training_runs.schedule(steps, marks)}
    cells = {
        f"{model} {name}": (model, {**common, "generator_network": network})
        for name, network in GENERATORS.items()
        for model in MODELS
    }
    samples = None if store.quick else 10_000
    trained = training_runs.runs(store, cells, samples=samples, tiles=32, recipe_of=training_runs.tuned)
    numbers: dict[str, Any] = {"cells": {}, "claims": {}}
    for label, group in trained.items():
        ways = [{key: run["on_the_way"][key] for key in ("cpu_seconds", "fd_lenet")} for run in training_runs.alive(group)]
        numbers["cells"][label] = training_runs.summary(group, ("fd_lenet",)) | {"ways": ways}
    pairs = {name: [trained.get(f"{model} {name}", []) for model in MODELS] for name in GENERATORS}
    for key in ("mlp", "constant"):
        numbers["claims"] |= training_runs.relative_harm(ABOUT, key, pairs[key], pairs["dcgan"], "fd_lenet")
    wgan = [trained.get(f"wgan {name}", []) for name in GENERATORS]
    rows = training_runs.rows_by_seed(wgan, "class_kl")
    worst = {seed: max(row) if row else None for seed, row in rows.items()}
    numbers["claims"]["wgan_classes"] = training_runs.with_ends(t_interval(worst), *wgan)
    return numbers


def draw(numbers, store):
    figure, axes = figures.new(3, len(GENERATORS), height=2.3)
    for column, name in enumerate(GENERATORS):
        for row, model in enumerate(MODELS):
            cell = numbers["cells"].get(f"{model} {name}")
            if cell is None:
                axes[row][column].axis("off")
                continue
            image = training_runs.worst_tile(store, f"{model} {name}", cell, "fd_lenet")
            title = f"{model}, {name} generator\nfd_lenet {each(cell['fd_lenet'])}"
            figures.picture(axes[row][column], image, title)
            for number, way in enumerate(cell["ways"]):
                style = {"color": figures.colour(model), "label": None if number else model, "linewidth": 1}
                axes[2][column].plot(way["cpu_seconds"][1:], way["fd_lenet"][1:], **style)
        axes[2][column].set(xlabel="CPU seconds", ylabel="fd_lenet", yscale="log")
        axes[2][column].legend(fontsize=7)
        axes[2][column].grid(alpha=0.3)
    seeds = figures.seeds_of(numbers["cells"].values())
    figures.foot(figure, f"MNIST, one dcgan critic with 16 filters, searched recipes, {seeds}; samples: each one's worst seed")
    return figure

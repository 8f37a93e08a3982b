"""Three generators against one critic (Wasserstein GAN, section 4.3, figures 5 to 7)."""

from functools import partial
from typing import Any

from experiments import figures, run_groups, training_runs
from experiments.numeric import each, paired, t_interval

ABOUT = {
    "title": "Does WGAN forgive a bad generator where a GAN does not (section 4.3's generators, searched recipes)?",
    "title_zh": "换用较差的生成器结构时，WGAN 是否比 GAN 更稳健（4.3 节的生成器，搜索到的配置）？",
    "claim": """"We observe that WGANs are much more robust than GANs when one varies the architectural choices for the
        generator." (Wasserstein GAN, 1701.07875, section 4.3): a dcgan generator, one without batch norm and with a constant
        number of filters, and an mlp of four layers of 512 units, all against the convolutional dcgan critic; figures 5 to 7.
        "In no experiment did we see evidence of mode collapse for the WGAN algorithm", says the same section.""",
    "claim_zh": "改变生成器的结构时，WGAN 比 GAN 稳健得多（WGAN，1701.07875，4.3 节、图 5–7）：dcgan、"
    "没有批归一化且各层滤波器数相同的生成器、四层 512 单元的 mlp，判别器都是卷积的 dcgan；没有在任何实验里看到 WGAN 的模式坍塌。",
    "run": """generators dcgan, dcgan-constant (no batch norm, a constant number of filters) and mlp (512 units) against the
        dcgan critic with 16 filters; wgan and the non-saturating GAN (dcgan) with their recipes of configs/ (tuned says how
        they were found), MNIST, 3,000 generator steps (3,000 critic steps of wgan, 6,000 of the GAN), three seeds; fd_lenet of
        10,000 samples at the end. Their ratio is of 1,000 samples at 30 checkpoints, where the first of a pair ends: at equal
        generator steps and at equal critic steps.""",
    "run_zh": "生成器 dcgan、dcgan-constant（没有批归一化，各层滤波器数相同）、mlp（512 个单元），判别器都是 16 个滤波器的 "
    "dcgan；wgan 与非饱和 GAN（dcgan）都用 configs/ 的配置（来历见 tuned），MNIST，3,000 个生成器步（判别器步：wgan 3,000，"
    "GAN 6,000），三个种子；最后测 10,000 个样本的 fd_lenet。两者之比用 30 个检查点上 1,000 "
    "个样本的 fd_lenet，在每对中先结束者的终点处读取：生成器步数相同，或判别器步数相同。",
    "core_seconds": 6400,
    "constants": "searched",
    "claims": {
        "only_wgan_constant": {
            "says": "With a generator without batch norm and of constant width wgan makes digits of which half can be read "
            "within 3,000 generator steps, and the GAN does not.",
            "says_zh": "生成器没有批归一化、各层滤波器数相同时，3,000 个生成器步之内，wgan 生成的数字有一半可辨认，而 GAN "
            "的没有。",
            "quantity": "the smaller of 10 / wgan's fd_lenet and the GAN's fd_lenet / 10, paired by seed (at about 10 half of "
            "the digits can be read)",
            "quantity_zh": "10 / wgan 的 fd_lenet 与 GAN 的 fd_lenet / 10 中较小的（按种子配对；10 左右时约一半数字可辨认）",
            "relation": "above",
            "threshold": 1,
            "terms": "generator steps",
            "after": True,
        },
        "only_wgan_mlp": {
            "says": "With an mlp generator wgan makes digits of which half can be read within 3,000 generator steps, and the GAN "
            "does not.",
            "says_zh": "生成器为 mlp 时，3,000 个生成器步之内，wgan 生成的数字有一半可辨认，而 GAN 的没有。",
            "quantity": "the smaller of 25 / wgan's fd_lenet and the GAN's fd_lenet / 25, paired by seed (of an mlp's digits "
            "more than half can be read at 25)",
            "quantity_zh": "25 / wgan 的 fd_lenet 与 GAN 的 fd_lenet / 25 中较小的（按种子配对；mlp 的 fd_lenet 为 25 "
            "时，一半以上的样本可辨认）",
            "relation": "above",
            "threshold": 1,
            "terms": "generator steps",
            "after": True,
        },
        "wgan_classes_dcgan": {
            "says": "With a dcgan generator wgan's samples lack no class.",
            "says_zh": "生成器为 dcgan 时，wgan 的样本不缺任何一类。",
            "quantity": "class KL to the data, in nats (one class of ten lost: 0.105)",
            "quantity_zh": "与数据的类别 KL（nat；丢一类为 0.105）",
            "relation": "below",
            "threshold": 0.105,
            "after": True,
        },
        "wgan_classes_constant": {
            "like": "wgan_classes_dcgan",
            "says": "With a generator without batch norm and of constant width wgan's samples lack no class.",
            "says_zh": "生成器没有批归一化、各层滤波器数相同时，wgan 的样本不缺任何一类。",
        },
        "wgan_classes_mlp": {
            "like": "wgan_classes_dcgan",
            "says": "With an mlp generator wgan's samples lack no class.",
            "says_zh": "生成器为 mlp 时，wgan 的样本不缺任何一类。",
            "caveat": "Its samples are no digits, so that it says nothing of mode collapse.",
            "caveat_zh": "它没有生成可辨认的数字，因此说明不了模式坍塌。",
        },
    },
}

GENERATORS = {"dcgan": "dcgan", "constant": "dcgan-constant", "mlp": "mlp"}  # in a claim's key: the network
DIGITS = {"data": "mnist", "filters": 16}
READABLE = {"constant": 10, "mlp": 25}  # fd_lenet below which half of the digits can be read
MODELS = ("wgan", "dcgan")
TERMS = ("generator steps", "critic steps")  # of the ratios


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
    numbers: dict[str, Any] = {"cells": {}, "ratios": {}, "claims": {}}
    for label, group in trained.items():
        ways = [{key: run["on_the_way"][key] for key in ("cpu_seconds", "fd_lenet")} for run in run_groups.alive(group)]
        numbers["cells"][label] = run_groups.summary(group, ("fd_lenet", "class_kl", "classes_found")) | {"ways": ways}
    for name in GENERATORS:
        wgan, gan = (trained.get(f"{model} {name}", []) for model in MODELS)
        numbers["ratios"][name] = {
            terms: run_groups.on_equal_terms(wgan, gan, "fd_lenet", run_groups.AXES[terms]) for terms in TERMS
        }
        classes = t_interval(run_groups.by_seed(wgan, "class_kl"))
        numbers["claims"][f"wgan_classes_{name}"] = run_groups.with_ends(classes, wgan)
        if name in READABLE:
            how = partial(only_ours, READABLE[name])
            numbers["claims"][f"only_wgan_{name}"] = run_groups.compared(wgan, gan, "fd_lenet", how)
    return numbers


def only_ours(limit, ours, theirs):
    """Interval of how far ours is below the limit and theirs above it, as the smaller of the two ratios."""
    return paired(ours, theirs, lambda a, b: min(limit / a, b / limit), log=True)


def draw(numbers, store):
    figure, axes = figures.new(3, len(GENERATORS), height=2.3)
    for column, name in enumerate(GENERATORS):
        for row, model in enumerate(MODELS):
            cell = numbers["cells"].get(f"{model} {name}")
            if cell is None:
                axes[row][column].axis("off")
                continue
            image = run_groups.worst_tile(store, f"{model} {name}", cell, "fd_lenet")
            who = "the GAN" if model == "dcgan" else model
            title = f"{who}, {name} generator\nfd_lenet {each(cell['fd_lenet'])}"
            figures.picture(axes[row][column], image, title)
            for number, way in enumerate(cell["ways"]):
                style = {
                    "color": figures.colour(model),
                    "label": None if number else {"dcgan": "the GAN"}.get(model, model),
                    "linewidth": 1,
                }
                axes[2][column].plot(way["cpu_seconds"][1:], way["fd_lenet"][1:], **style)
        axes[2][column].set(xlabel="CPU seconds", ylabel="fd_lenet", yscale="log")
        axes[2][column].legend(fontsize=7)
        axes[2][column].grid(alpha=0.3)
    seeds = figures.seeds_of(numbers["cells"].values())
    about = f"MNIST, one dcgan critic with 16 filters, searched recipes, {seeds}; samples: worst seeds"
    figures.foot(figure, f"{about} (mlp: wgan's almost black, the GAN's one image)")
    return figure

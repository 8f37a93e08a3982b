"""The recipes that the search chose, side by side."""

from typing import Any

from experiments import main_table, training_runs
from experiments.numeric import mean_and_deviation, t_interval
from training.budget import UNREACHED

ABOUT = {
    "title": "After an equal search for each, who wins?",
    "title_zh": "同等搜索之后，谁赢？",
    "claim": """"We find that most models can reach similar scores with enough hyperparameter optimization and random
        restarts"; no tested algorithm "consistently outperforms the non-saturating GAN" (Lucic et al., "Are GANs Created
        Equal?", 1711.10337).""",
    "claim_zh": "“只要超参数搜索和重启足够多，大多数模型都能达到相近的分数”，没有哪个“稳定地胜过非饱和 GAN”"
    "（Lucic 等，1711.10337）。",
    "run": """the recipes of configs/, which the search chose (docs/search/: equally many trials of equal CPU seconds for
        each model), on mnist-5k with five seeds that the search did not use (gan: three), network and batch each recipe's
        own: 300 CPU seconds a training on one thread, from the fourth seed on the steps that those paid in the median of
        the first three. The critic's estimate on held-out images beside fd_lenet at all checkpoints; on the eight
        Gaussians wgan and wgan-gp with their recipes for points, 120 CPU seconds, the estimate beside the exact W1.""",
    "run_zh": "configs/ 的配置，由搜索选出（docs/search/：每个模型的试验次数和每次的 CPU 秒数相同），mnist-5k，"
    "五个搜索没有用过的种子（gan 三个），网络和每批大小各用各的；每次训练 300 CPU 秒、一个线程，第四个种子起改为前三个种子在"
    "这段时间里所做步数的中位数。所有检查点上，判别器对留出图像的估计值与 fd_lenet 相比；"
    "八个高斯上 wgan 与 "
    "wgan-gp 用它们在平面点集上的配置，各 120 CPU 秒，估计值与精确 W1 相比。",
    "core_seconds": 7800,
    "constants": "searched",
    "claims": {
        "wgan": {
            "says": "On 4,000 digits, after 5 CPU minutes, wgan outperforms the non-saturating GAN (dcgan).",
            "says_zh": "4,000 个手写数字，训练 5 CPU 分钟之后，wgan 胜过非饱和 GAN（dcgan）。",
            "quantity": "fd_lenet of wgan divided by dcgan's, paired by seed",
            "quantity_zh": "wgan 与 dcgan 的 fd_lenet 之比（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": "CPU seconds",
        },
        "wgan-gp": {
            "says": "On 4,000 digits, after 5 CPU minutes, wgan-gp outperforms the non-saturating GAN (dcgan).",
            "says_zh": "4,000 个手写数字，训练 5 CPU 分钟之后，wgan-gp 胜过非饱和 GAN（dcgan）。",
            "quantity": "fd_lenet of wgan-gp divided by dcgan's, paired by seed",
            "quantity_zh": "wgan-gp 与 dcgan 的 fd_lenet 之比（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": "CPU seconds",
        },
        "lsgan": {
            "says": "On 4,000 digits, after 5 CPU minutes, lsgan outperforms the non-saturating GAN (dcgan).",
            "says_zh": "4,000 个手写数字，训练 5 CPU 分钟之后，lsgan 胜过非饱和 GAN（dcgan）。",
            "quantity": "fd_lenet of lsgan divided by dcgan's, paired by seed",
            "quantity_zh": "lsgan 与 dcgan 的 fd_lenet 之比（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": "CPU seconds",
        },
        "wgan_follows": {
            "says": "With the searched recipe wgan's estimate follows the quality.",
            "says_zh": "用搜索到的配置，wgan 的估计值与样本质量的变化一致。",
            "quantity": "rank correlation of the estimate, of held-out images and the averaged generator's samples, with "
            "fd_lenet over a training",
            "quantity_zh": "一次训练中估计值（留出图像与平均后的生成器的样本）与 fd_lenet 的秩相关系数",
            "relation": "above",
            "threshold": 0.5,
            "caveat": "Outside of the paper's conditions: the search chose one critic step and learning rates that fall to 0.",
            "caveat_zh": "不合论文的条件：搜索选出的是每步一个判别器步，学习率降到 0。",
        },
        "gp_follows": {
            "says": "With the searched recipe wgan-gp's estimate follows the quality.",
            "says_zh": "用搜索到的配置，wgan-gp 的估计值与样本质量的变化一致。",
            "quantity": "rank correlation of the estimate, of held-out images and the averaged generator's samples, with "
            "fd_lenet over a training",
            "quantity_zh": "一次训练中估计值（留出图像与平均后的生成器的样本）与 fd_lenet 的秩相关系数",
            "relation": "above",
            "threshold": 0.5,
        },
        "wgan_classes": {
            "says": "With its searched recipe wgan makes all classes.",
            "says_zh": "用搜索到的配置，wgan 生成所有类别。",
            "quantity": "class KL to the data, in nats (one class of ten lost: 0.105)",
            "quantity_zh": "与数据的类别 KL（nat；丢一类为 0.105）",
            "relation": "below",
            "threshold": 0.105,
        },
        "gp_classes": {
            "says": "With its searched recipe wgan-gp makes all classes.",
            "says_zh": "用搜索到的配置，wgan-gp 生成所有类别。",
            "quantity": "class KL to the data, in nats (one class of ten lost: 0.105)",
            "quantity_zh": "与数据的类别 KL（nat；丢一类为 0.105）",
            "relation": "below",
            "threshold": 0.105,
        },
    },
}

# model: generator steps between two checkpoints, some twenty in all
MODELS = {"wgan": 500, "wgan-gp": 75, "dcgan": 200, "lsgan": 500, "gan": 1000}
# What 300 CPU seconds paid on the reference machine, in the median of the seeds 0 to 2, which its clock stopped: the others
# take so many generator steps, so that they are the same wherever they run.
STEPS, CLOCKED = {"wgan": 10_122, "wgan-gp": 1687, "dcgan": 3610, "lsgan": 9784}, 3
MORE = 5  # seeds of these, which claims compare
BASE = "dcgan"
POINTS = ("wgan", "wgan-gp")


def measure(store):
    looks = {"clock": "cpu", "log_every": 25, "sample_every": UNREACHED, "keep_checkpoints": 1000}
    budget = {"steps": UNREACHED, "minutes": 0.05 if store.quick else 5, **looks}

    def settings_of(model):
        own = {"checkpoint_every": 25 if store.quick else MODELS[model]}
        return lambda seed: {**(budget if seed < CLOCKED else {"steps": STEPS[model], **looks}), **own}

    cells = {model: (model, settings_of(model)) for model in MODELS}
    how: dict[str, Any] = {"tiles": 32, "recipe_of": training_runs.tuned}
    trained = training_runs.runs(store, cells, more={} if store.quick else dict.fromkeys(STEPS, MORE), **how)
    numbers = main_table.numbers_of(trained, "fd_lenet", 5)
    against = main_table.ratios(trained, "fd_lenet", BASE)
    numbers["claims"] = {model: against.get(model) for model in ("wgan", "wgan-gp", "lsgan")}
    for key, model in (("wgan", "wgan"), ("gp", "wgan-gp")):
        group = trained.get(model, [])
        numbers["claims"][f"{key}_follows"] = t_interval(training_runs.agreement(group, "fd_lenet"), bound=1)
        numbers["claims"][f"{key}_classes"] = main_table.class_kl(group)
    every = {"checkpoint_every": 10} if store.quick else {"checkpoint_every": 500, "minutes": 2}
    toys = {f"points {model}": (model, {**budget, **every, "data": "8gaussians"}) for model in POINTS}
    trained = training_runs.runs(store, toys, samples=2000, recipe_of=training_runs.tuned)
    numbers["points"] = {
        label.removeprefix("points "): training_runs.summary(group, ("w1",))
        | {"agreement": mean_and_deviation(training_runs.agreement(group, "w1").values())}
        for label, group in trained.items()
    }
    return numbers


def draw(numbers, store):
    return main_table.draw(numbers, store, "mnist-5k, searched recipes, equal CPU seconds on one thread")

"""The main table, on MNIST."""

from typing import Any

from experiments import main_table

ABOUT = {
    "title": "MNIST: what do 30 CPU minutes give, each model with its searched recipe?",
    "title_zh": "MNIST：各用搜索到的配置，30 CPU 分钟能达到什么水平？",
    "claim": """Every one of these methods is said to reach good digits with enough care; in a wide search the best FID on
        MNIST were 6.8 ± 0.5 (non-saturating GAN), 6.7 ± 0.4 (WGAN), 7.8 ± 0.6 (LSGAN) and 20.3 ± 5.0 (WGAN-GP) (Lucic et al.,
        "Are GANs Created Equal?", 1711.10337, Inception features, not comparable with fd_lenet). WGAN's own claim is that it
        trains stably and does not lose modes (1701.07875, section 4.3); nobody claimed that it wins per minute.""",
    "claim_zh": "这些方法只要调得好，都能生成像样的手写数字；"
    "大范围搜索后最好的 FID：非饱和 GAN 6.8 ± 0.5，WGAN 6.7 ± 0.4，LSGAN 7."
    "8 ± 0.6，WGAN-GP "
    "20.3 ± 5.0（Lucic 等，1711.10337，Inception 特征，不能与 fd_lenet 比较）。WGAN 自己的结论是训练稳定、不丢模式"
    "（1701.07875，4.3 节）；论文没有声称同样时间内它更好。",
    "run": """60,000 digits, dcgan networks, the recipes that the search chose on mnist-5k (wgan with 32 filters for 16, by
        hand), for the steps that 30 CPU minutes pay on one thread of an AMD EPYC (Zen 4), one seed each. minimax is dcgan's
        recipe with the GAN's original loss, log(1 − D), for which nothing was searched. A table, from which no claim is
        decided; tuned compares the recipes with several. The papers' own hyperparameters at their budgets are not run
        here: python train.py --model wgan-paper --data mnist --device gpu.""",
    "run_zh": "60,000 个手写数字，dcgan 网络，mnist-5k 上搜索选出的配置（wgan 的滤波器手工由 16 个改为 32 个），步数为 AMD "
    "EPYC（Zen 4）一个线程 30 CPU 分钟所能做的，"
    "各一个种子。minimax 即 dcgan 的配置换用 GAN 原先的损失 log(1 − D)，没有另外搜索。"
    "只列表，不据此下结论；tuned 用多个种子比较这些配置。"
    "这里没有按论文的超参数和预算训练，命令是：python train.py --model "
    "wgan-paper --data mnist --device gpu。",
    "core_seconds": 9000,
    "constants": "searched",
    "claims": {},
}

# generator steps between two checkpoints
MODELS = {"wgan": 1500, "wgan-gp": 300, "dcgan": 1000, "lsgan": 2000, "minimax": 1000}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {"minimax": ("dcgan", {"objective": "minimax"})}


def measure(store):
    data, clocked = "mnist-5k" if store.quick else "mnist", ("wgan-gp", "dcgan", "lsgan")
    numbers, _ = main_table.measure(store, data, MODELS, 30, seeds=1, clocked=clocked, variants=VARIANTS)
    return {**numbers, "claims": {}}


def draw(numbers, store):
    return main_table.draw(numbers, store, "MNIST, searched recipes, 30 CPU minutes a training on one thread")

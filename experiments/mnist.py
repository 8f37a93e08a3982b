"""The main table, on MNIST."""

from experiments import main_table

ABOUT = {
    "title": "The main table: who is ahead on MNIST, each with its searched recipe, in equal CPU time?",
    "title_zh": "主表：各用搜索到的配置、CPU 时间相同，MNIST 上谁领先？",
    "claim": """Every one of these methods is said to reach good digits with enough care; in a wide search the best FID on
        MNIST were 6.8 ± 0.5 (non-saturating GAN), 6.7 ± 0.4 (WGAN), 7.8 ± 0.6 (LSGAN) and 20.3 ± 5.0 (WGAN-GP) (Lucic et al.,
        "Are GANs Created Equal?", 1711.10337, Inception features, not comparable with fd_lenet). WGAN's own claim is that it
        trains stably and does not lose modes (1701.07875, section 4.3); nobody claimed that it wins per minute.""",
    "claim_zh": "这些方法只要调得好都能画出好数字；大范围搜索后最好的 FID：非饱和 GAN 6.8 ± 0.5，WGAN 6.7 ± 0.4，LSGAN 7."
    "8 ± 0.6，WGAN-GP "
    "20.3 ± 5.0（Lucic 等，1711.10337，Inception 特征，不能与 fd_lenet 比较）。WGAN 自己的结论是训练稳定、不丢模式"
    "（1701.07875，4.3 节）；没有人说过它每分钟更划算。",
    "run": """all on 60,000 digits with the recipes that the search chose, 30 CPU minutes a training on one thread, three
        seeds each; networks are dcgan, "gan" stands for the saturating loss, minimax, on dcgan networks of 16 filters. The
        papers' own constants at their budgets are not run here: python train.py --model wgan-paper --data mnist --device gpu.""",
    "run_zh": "都用 60,000 个数字和搜索选出的配置，每次训练 30 CPU 分钟、一个线程，各三个种子；网络都是 dcgan，gan "
    "在这里指饱和损失"
    "（minimax），16 个滤波器的 dcgan 网络。论文的超参数和预算没有在这里跑：python train.py --model wgan-paper --data "
    "mnist --device gpu。",
    "core_seconds": 27000,
    "claims": {
        "wgan_classes": {
            "says": "wgan loses no class.",
            "says_zh": "wgan 不丢类别。",
            "quantity": "class KL to the data, in nats (one class of ten lost: 0.105)",
            "quantity_zh": "与数据的类别 KL（nat；丢一类为 0.105）",
            "relation": "below",
            "threshold": 0.105,
            "to_the_end": True,
        },
        "gp_classes": {
            "says": "wgan-gp loses no class.",
            "says_zh": "wgan-gp 不丢类别。",
            "quantity": "class KL to the data, in nats (one class of ten lost: 0.105)",
            "quantity_zh": "与数据的类别 KL（nat；丢一类为 0.105）",
            "relation": "below",
            "threshold": 0.105,
            "to_the_end": True,
        },
        "minimax_classes": {
            "says": "The saturating GAN loses classes.",
            "says_zh": "饱和损失的 GAN 丢类别。",
            "quantity": "class KL to the data, in nats (one class of ten lost: 0.105)",
            "quantity_zh": "与数据的类别 KL（nat；丢一类为 0.105）",
            "relation": "above",
            "threshold": 0.105,
            "to_the_end": True,
        },
        "wgan_ahead": {
            "says": "wgan is ahead of the non-saturating GAN (dcgan).",
            "says_zh": "wgan 领先于非饱和 GAN（dcgan）。",
            "quantity": "fd_lenet of wgan divided by dcgan's, paired by seed",
            "quantity_zh": "wgan 与 dcgan 的 fd_lenet 之比（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": "CPU seconds",
        },
        "gp_ahead": {
            "says": "wgan-gp is ahead of the non-saturating GAN (dcgan).",
            "says_zh": "wgan-gp 领先于非饱和 GAN（dcgan）。",
            "quantity": "fd_lenet of wgan-gp divided by dcgan's, paired by seed",
            "quantity_zh": "wgan-gp 与 dcgan 的 fd_lenet 之比（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": "CPU seconds",
        },
    },
}

MODELS: main_table.Models = {  # see main_table.measure
    "wgan": ({}, 1500),
    "wgan-gp": ({}, 300),
    "dcgan": ({}, 1000),
    "lsgan": ({}, 2000),
    "gan": ({"objective": "minimax", "network": "dcgan", "filters": 16}, 1000),
}


def measure(store):
    return main_table.measure(store, "mnist-5k" if store.quick else "mnist", MODELS, 30)


def draw(numbers, store):
    return main_table.draw(numbers, store, "MNIST, tuned recipes, 30 CPU minutes a training on one thread")

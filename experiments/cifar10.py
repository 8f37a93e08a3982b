"""The main table, on CIFAR-10."""

from experiments import main_table

ABOUT = {
    "title": "CIFAR-10, as far as two cores go.",
    "title_zh": "CIFAR-10：两个核能走多远",
    "claim": """clipping and penalty make GANs train on CIFAR-10 as well: Inception score / FID 6.41 / 42.6 with clipping and 6.68
        / 40.2 with a gradient penalty on one convolutional network (Miyato et al., 1802.05957, table 2), DCGAN 6.11 / 48.29 and
        WGAN-GP 5.22 / 53.98 in PyTorch-StudioGAN, whose clipped WGAN died (3.59 / 107.68).""",
    "refuted_by": """a wgan or wgan-gp that loses classes or ends with a higher fd_vgg than dcgan on the same networks after the
        same time.""",
    "run": """wgan, wgan-gp and dcgan with 32 filters, batch 64, 20 minutes a training, one seed. The published figures take
        100,000 generator steps and are not run here; on a GPU: python train.py --model wgan-gp --data cifar10 --device gpu (64
        filters, 100,000 steps).""",
    "cost": "one hour of training on one core of an AMD EPYC (Zen 4).",
}

MODELS = ("wgan-gp", "wgan", "dcgan")


def measure(store):
    budget = {"minutes": 0.1, "filters": 8} if store.quick else {"minutes": 20}
    cells = {model: (model, {"network": "dcgan", "data": "cifar10", **budget}) for model in MODELS}
    return main_table.measure(store, "fd_vgg", cells, 1)


def judge(numbers):
    return main_table.judge(numbers, ("dcgan",))


def draw(numbers, store):
    return main_table.draw(numbers, store, "CIFAR-10, dcgan networks of 32 filters, 20 minutes a training on one core")

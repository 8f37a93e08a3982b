"""The main table, on MNIST."""

from experiments import main_table, training_runs
from training.comparison import UNREACHED

ABOUT = {
    "title": "The main table: who wins on MNIST, with equal networks and equal time?",
    "title_zh": "主表：同样的网络、同样的时间，MNIST 上谁赢？",
    "claim": """Every one of these methods is said to reach good digits with enough care; in a wide search the best FID on MNIST
        were 6.8 ± 0.5 (non-saturating GAN), 6.7 ± 0.4 (WGAN), 7.8 ± 0.6 (LSGAN) and 20.3 ± 5.0 (WGAN-GP) (Lucic et al., "Are GANs
        Created Equal?", 1711.10337, Inception features, not comparable with fd_lenet). WGAN's own claim is that it trains stably
        and does not lose modes (1701.07875, section 4.3).""",
    "refuted_by": """wgan or wgan-gp without all ten classes in some seed, or with a higher fd_lenet than gan, dcgan and lsgan on
        the same networks after the same time.""",
    "run": """all on 60,000 digits with their own recipes, dcgan networks of 32 filters (wgan-gp's critic without batch norm),
        batch 64, 30 minutes a training, three seeds each; gan stands for the saturating loss, "minimax", since on one network gan
        and dcgan are the same recipe. The recipes' own budgets (64 filters, 40,000 steps) are for a GPU and not run here: python
        train.py --model wgan-paper --data mnist --device gpu.""",
    "cost": "7.5 hours of training on one core of an AMD EPYC (Zen 4), half of that on two.",
}

# model: (settings of its own, generator steps between two checkpoints: some thirty a training)
MODELS = {
    "wgan": ({}, 1500),
    "wgan-gp": ({}, 300),
    "dcgan": ({}, 1000),
    "lsgan": ({}, 2000),
    "gan": ({"objective": "minimax", "network": "dcgan", "filters": 16}, 1000),
}


def measure(store):
    budget = {"minutes": 30, "clock": "cpu", "steps": UNREACHED, "data": "mnist"}
    if store.quick:
        budget |= {"minutes": 0.1, "data": "mnist-5k", "filters": 8}
    looks = {"log_every": 50, "sample_every": UNREACHED, "keep_checkpoints": 1000}
    cells = {model: (model, {**budget, **looks, "checkpoint_every": every, **own}) for model, (own, every) in MODELS.items()}
    return main_table.measure(store, "fd_lenet", cells, store.seeds, recipe_of=training_runs.tuned)


def judge(numbers):
    return main_table.judge(numbers, ("dcgan", "gan", "lsgan"))


def draw(numbers, store):
    return main_table.draw(numbers, store, "MNIST, tuned recipes, 30 CPU minutes a training on one thread")

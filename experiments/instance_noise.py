"""Noise on the discriminator's inputs (Towards Principled Methods, section 3)."""

from functools import partial
from typing import Any

import numpy as np
import paddle
from paddle import nn

import metrics
from data import Order
from data.dataset import crop_to, to_uint8
from data.reader import batches
from experiments import critics, figures
from experiments.numeric import mean_and_deviation, paired_ratio
from experiments.store import label_key
from experiments.training_runs import dataset_of, untuned
from training.recipe import Recipe
from training.sampling import sample
from training.trainer import GANTrainer

ABOUT = {
    "title": "Does noise on the discriminator's inputs, annealed, do for a GAN what the Wasserstein distance does?",
    "title_zh": "给判别器输入加（退火的）噪声，能否代替 Wasserstein 距离？",
    "claim": """"An important question now is how to fix the instability … Something we can do to break the assumptions of
        these theorems is add continuous noise to the inputs of the discriminator, therefore smoothening the distribution of
        the probability mass" (Towards Principled Methods, 1701.04862, section 3); PaperWeekly's post of 2018 calls it a remedy
        that "does not change the nature" of the problem.""",
    "claim_zh": "给判别器的输入加连续噪声，把概率质量抹平，可以打破梯度消失诸定理的前提（1701.04862，第 3 节）；"
    "PaperWeekly 2018 年的博文称之为“治标不治本”。",
    "run": """the saturating GAN (minimax, Adam 2e-4) without noise, with Gaussian noise of sigma 0.5 on real and generated
        inputs, and with noise that falls from 0.5 to 0 over the training; wgan-gp beside them. Eight Gaussians, mlp of 128
        units, 5,000 critic steps; mnist-5k, mlp of 512 units, 2,000 critic steps. Ten seeds on points, sixteen on digits; what
        they left open has twice as many on points (without noise, and annealed) and 48 on digits (annealed, and wgan-gp). On
        points annealed noise also from sigma 0.1 and from 1, three seeds, and the mean gradient that log(1 − D) passes to
        samples.""",
    "run_zh": "饱和损失的 GAN（minimax，Adam 2e-4）：无噪声；真实与生成的输入都加 sigma = 0.5 的高斯噪声；噪声在训练中从 "
    "0.5 降到 0；"
    "另以 wgan-gp 作对照。八个高斯，128 个单元的 mlp，5,000 个判别器步；mnist-5k，512 个单元的 mlp，2,000 个判别器步。"
    "平面点十个种子，手写数字十六个；仍未定的各加种子：平面点二十个（无噪声和退火噪声），手写数字 48 个（退火噪声和 wgan-gp）。"
    "平面点的退火噪声另从 sigma = 0.1 和 1 开始，三个种子。点上还测 log(1 − D) 传给样本的平均梯度。",
    "core_seconds": 11700,
    "constants": "the papers'",
    "claims": {
        "digits": {
            "says": "On digits annealed noise makes the saturating GAN better.",
            "says_zh": "在手写数字上，退火噪声使饱和 GAN 变好。",
            "quantity": "fd_lenet with annealed noise divided by the one without noise, paired by seed",
            "quantity_zh": "有退火噪声与无噪声时的 fd_lenet 之比（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": "all steps",
            "looked_at": (3, 6, 10),
            "caveat": "None of these trainings, of 2,000 critic steps, makes digits that can be read.",
            "caveat_zh": "这些训练只有 2,000 个判别器步，都没有生成可辨认的数字。",
        },
        "points": {
            "says": "On the eight Gaussians annealed noise makes the saturating GAN better.",
            "says_zh": "在八个高斯上，退火噪声使饱和 GAN 变好。",
            "quantity": "exact W1 with annealed noise divided by the one without noise, paired by seed",
            "quantity_zh": "有退火噪声与无噪声时的精确 W1 之比（按种子配对）",
            "relation": "below",
            "threshold": 1,
            "terms": "all steps",
            "looked_at": (3, 10),
        },
        "behind_gp": {
            "says": "On digits annealed noise does less for the GAN than the Wasserstein distance: it is behind wgan-gp.",
            "says_zh": "在手写数字上，退火噪声不如 Wasserstein 距离：落后于 wgan-gp。",
            "quantity": "fd_lenet with annealed noise divided by wgan-gp's, paired by seed",
            "quantity_zh": "有退火噪声时与 wgan-gp 的 fd_lenet 之比（按种子配对）",
            "relation": "above",
            "threshold": 1,
            "terms": "critic steps",
            "looked_at": (3, 6, 10, 16, 28),
            "after": True,
            "caveat": "None of these trainings, of 2,000 critic steps, makes digits that can be read.",
            "caveat_zh": "这些训练只有 2,000 个判别器步，都没有生成可辨认的数字。",
        },
    },
}

SIGMA, OTHER_SIGMAS = 0.5, (0.1, 1.0)
KINDS = {"no noise": "tab:red", "noise": "tab:orange", "annealed noise": "tab:purple", "wgan-gp": "tab:green"}
TASKS = {"8gaussians": ("w1", 5000), "mnist-5k": ("fd_lenet", 2000)}
SEEDS = {"8gaussians": critics.SEEDS, "mnist-5k": 16}  # of each kind; and of those whose comparison these leave undecided:
MORE = {"8gaussians": (20, ("no noise", "annealed noise")), "mnist-5k": (48, ("annealed noise", "wgan-gp"))}


class Blurred(nn.Layer):
    """A critic that sees every input with Gaussian noise of `sigma` on it, seeded."""

    def __init__(self, critic: nn.Layer, seed: int):
        super().__init__()
        self.critic, self.seed, self.sigma, self.draws = critic, seed, 0.0, 0

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        self.draws += 1
        noise = np.random.default_rng([self.seed, self.draws]).standard_normal(x.shape, dtype=np.float32)
        return self.critic(x + self.sigma * paddle.to_tensor(noise))


class Noisy(GANTrainer):
    """A GANTrainer whose steps meet the critic through Blurred; `sigma` may be set between steps."""

    def __init__(self, recipe: Recipe, shape: tuple[int, ...]):
        super().__init__(recipe, shape)
        self.players["critic"] = self.blurred = Blurred(self.critic, recipe.seed)


def measure(store):
    numbers: dict[str, Any] = {"sigma": SIGMA, "tasks": {}}
    scores = {}
    for data, (value, steps) in TASKS.items():
        steps = 50 if store.quick else steps

        def units_of(seed, data=data, steps=steps):
            kinds = KINDS if seed < SEEDS[data] else MORE[data][1]
            return {f"{data}, {kind}": ({"steps": steps}, partial(train, store, data, kind, steps, seed)) for kind in kinds}

        found = store.each_seed(MORE[data][0], units_of)
        runs = {
            kind: {seed: units[f"{data}, {kind}"] for seed, units in found.items() if f"{data}, {kind}" in units}
            for kind in KINDS
        }
        groups = {kind: [*of_seed.values()] for kind, of_seed in runs.items()}
        numbers["tasks"][data] = {
            kind: {
                key: mean_and_deviation([run[key] for run in group]) for key in group[0] if key not in ("passed", "at", "tiles")
            }
            for kind, group in groups.items()
        }
        numbers["tasks"][data] |= {"value": value, "critic_steps": steps, "seeds": min(map(len, groups.values()))}
        scores[data] = {kind: {seed: run[value] for seed, run in of_seed.items()} for kind, of_seed in runs.items()}
        if data == "8gaussians":
            numbers["other_sigmas"] = other_sigmas(store, data, value, steps)
            numbers["at"] = groups["no noise"][0]["at"]
            numbers["passed"] = {kind: np.mean([run["passed"] for run in group], 0).tolist() for kind, group in groups.items()}
            numbers["points"] = {kind: group[0]["tiles"] for kind, group in groups.items()}
    points, digits = (scores[data] for data in TASKS)
    numbers["claims"] = {
        "points": paired_ratio(points["annealed noise"], points["no noise"]),
        "digits": paired_ratio(digits["annealed noise"], digits["no noise"]),
        "behind_gp": paired_ratio(digits["annealed noise"], digits["wgan-gp"]),
    }
    return numbers


def other_sigmas(store, data, value, steps):
    """{sigma: mean_and_deviation of the points' value with noise that falls from it}."""

    def units_of(seed):
        return {
            f"{data}, annealed noise from {sigma:g}": (
                {"steps": steps, "sigma": sigma},
                partial(train, store, data, "annealed noise", steps, seed, sigma),
            )
            for sigma in OTHER_SIGMAS
        }

    found = store.each_seed(store.seeds, units_of, needed=False)
    runs = {f"{sigma:g}": [units[f"{data}, annealed noise from {sigma:g}"] for units in found.values()] for sigma in OTHER_SIGMAS}
    return {sigma: mean_and_deviation([run[value] for run in group]) for sigma, group in runs.items() if group}


def train(store, data, kind, critic_steps, seed, sigma=SIGMA):
    points = data == "8gaussians"
    model = "wgan-gp" if kind == "wgan-gp" else "gan"
    settings = {"data": data, "network": "mlp", "units": 128 if points else 512}
    settings |= {} if model == "wgan-gp" else {"objective": "minimax"}
    recipe = untuned(model, settings, seed)
    dataset = dataset_of(data, store.data_dir, recipe.image_size)
    trainer = Noisy(recipe, dataset.shape)
    reader = batches(dataset, Order(len(dataset.train), seed), 0, recipe.batch_size)
    ticks = {round(t) for t in np.geomspace(1, critic_steps, 25)}
    row: dict[str, Any] = {"at": [], "passed": []}
    for step in range(critic_steps // recipe.n_critic):
        left = 1 - step * recipe.n_critic / critic_steps
        trainer.blurred.sigma = {"noise": sigma, "annealed noise": sigma * left}.get(kind, 0.0)
        for _ in range(recipe.n_critic):
            trainer.critic_step(*next(reader))
            if points and trainer.critic_steps in ticks:
                row["at"].append(trainer.critic_steps)
                row["passed"].append(passed(trainer, seed))
        trainer.generator_step(step)
    samples = sample(trainer, "samples", store.samples)
    items = samples if points else crop_to(to_uint8(samples), dataset.native_size)
    scores = metrics.evaluate(items, dataset, ("gaussians", "w1") if points else ("frechet", "classes"))
    row |= {name: score["value"] for name, score in scores.items()}
    row["tiles"] = samples[:300].astype(float).round(2) if points else None
    if not points and seed == 0:  # that the figure shows
        store.keep_tiles(label_key(kind, seed), items[:16], columns=4)
    return row


def passed(trainer, seed):
    """Mean size of what the critic's side passes to a generated point: D ‖∇f‖ for log(1 − D), ‖∇f‖ for a critic."""
    fake = sample(trainer, "samples", 256)
    seen = fake + trainer.blurred.sigma * np.random.default_rng(seed).standard_normal(fake.shape)
    slope = np.linalg.norm(critics.slopes(trainer.critic, seen), axis=1)
    if trainer.objective.probabilistic:
        slope = critics.probability(critics.values(trainer.critic, seen)) * slope
    return float(slope.mean())


def draw(numbers, store):
    figure, axes = figures.new(3, 4, height=2.4)
    points, digits = (numbers["tasks"][data] for data in TASKS)
    grid = axes[2][0].get_gridspec()
    for axis in axes[2]:
        axis.remove()
    below = figure.add_subplot(grid[2, :])
    for column, (kind, colour) in enumerate(KINDS.items()):
        axis = axes[0][column]
        axis.scatter(*np.array(numbers["points"][kind]).T, s=3, color=colour, linewidths=0)
        axis.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), xticks=[-2, 0, 2], yticks=[-2, 0, 2], aspect="equal")
        row = points[kind]
        axis.set_title(f"{kind}\n{row['modes_found']['mean']:.3g} of 8 modes, W1 {row['w1']['mean']:.2f}", fontsize=9)
        axis.tick_params(labelsize=7)
        figures.picture(axes[1][column], store.tile(label_key(kind)), f"fd_lenet {digits[kind]['fd_lenet']['mean']:.3g}")
        below.plot(numbers["at"], np.maximum(numbers["passed"][kind], 1e-9), color=colour, label=kind)
    below.set(xlabel="critic steps", ylabel="mean ‖gradient‖", xscale="log", yscale="log")
    below.set_title("what log(1 − D), or the critic, passes to a sample of the eight Gaussians, mean of the seeds", fontsize=9)
    below.legend(fontsize=8, ncols=4)
    below.grid(alpha=0.3)
    budget = f"{points['critic_steps']:,} and {digits['critic_steps']:,} critic steps"
    about = f"{budget}, at least {points['seeds']} and {digits['seeds']} seeds (pictures: seed 0)"
    figures.foot(figure, f"eight Gaussians and mnist-5k, mlp, sigma {numbers['sigma']}; {about}")
    return figure

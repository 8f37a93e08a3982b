"""Does noise on the discriminator's inputs, annealed, do for a GAN what the Wasserstein distance does?

Claim: "An important question now is how to fix the instability … Something we can do to break the assumptions of these theorems
is add continuous noise to the inputs of the discriminator, therefore smoothening the distribution of the probability mass"
(Towards Principled Methods, 1701.04862, section 3); the seed post of 2018 calls it a remedy that "does not change the nature"
of the problem.

Refuted by: a saturating GAN with annealed noise that ends no better (by more than the larger deviation) than the same GAN
without noise, both on points and on digits.

Run: the saturating GAN (minimax, Adam 2e-4) without noise, with Gaussian noise of sigma 0.5 on real and generated inputs, and
with noise that falls from 0.5 to 0 over the training; wgan-gp beside them. Eight Gaussians, mlp of 128 units, 5,000 critic
steps; mnist-5k, mlp of 512 units, 2,000 critic steps. Three seeds. On points also the mean gradient that log(1 − D) passes to
samples.

Cost: 18 minutes on one core of an AMD EPYC (Zen 4).
"""

from functools import partial

import numpy as np
import paddle
from paddle import nn

import metrics
from data import Order
from data.dataset import crop_to, to_uint8
from data.reader import batches
from experiments import FAILS, HOLDS, IN_PART, critics, figures
from experiments.store import spread
from experiments.training_runs import dataset_of
from training import recipe as recipes
from training.sampling import sample
from training.trainer import GANTrainer

SIGMA = 0.5
KINDS = ("no noise", "noise", "annealed noise", "wgan-gp")
TASKS = {"8gaussians": ("w1", 5000), "mnist-5k": ("fd_lenet", 2000)}


class Blurred(nn.Layer):
    """A critic that sees every input with Gaussian noise of `sigma` on it, seeded."""

    def __init__(self, critic, seed):
        super().__init__()
        self.critic, self.seed, self.sigma, self.draws = critic, seed, 0.0, 0

    def forward(self, x):
        self.draws += 1
        noise = np.random.default_rng([self.seed, self.draws]).standard_normal(x.shape, dtype=np.float32)
        return self.critic(x + self.sigma * paddle.to_tensor(noise))


class Noisy(GANTrainer):
    """A GANTrainer whose steps meet the critic through Blurred; `sigma` may be set between steps."""

    def __init__(self, recipe, shape):
        super().__init__(recipe, shape)
        self.players["critic"] = self.blurred = Blurred(self.critic, recipe.seed)


def measure(store):
    seeds = 1 if store.quick else 3
    numbers = {"seeds": seeds, "sigma": SIGMA, "tasks": {}}
    for data, (value, steps) in TASKS.items():
        steps = 50 if store.quick else steps
        rows = {}
        for seed in range(seeds):
            for kind in KINDS:
                found = store.cached(
                    f"{data}, {kind}, seed {seed}", {"steps": steps}, partial(train, store, data, kind, steps, seed)
                )
                rows.setdefault(kind, []).append(found)
        numbers["tasks"][data] = {
            kind: {key: spread([run[key] for run in group]) for key in group[0] if key not in ("passed", "at", "tiles")}
            for kind, group in rows.items()
        }
        numbers["tasks"][data] |= {"value": value, "critic_steps": steps}
        if data == "8gaussians":
            numbers["at"] = rows["no noise"][0]["at"]
            numbers["passed"] = {kind: np.mean([run["passed"] for run in group], 0).tolist() for kind, group in rows.items()}
            numbers["points"] = {kind: group[0]["tiles"] for kind, group in rows.items()}
    return numbers


def train(store, data, kind, critic_steps, seed):
    points = data == "8gaussians"
    model = "wgan-gp" if kind == "wgan-gp" else "gan"
    settings = {"data": data, "network": "mlp", "seed": seed, "units": 128 if points else 512}
    settings |= {} if model == "wgan-gp" else {"objective": "minimax"}
    recipe = recipes.load(model, overrides=settings)
    dataset = dataset_of(data, store.data_dir, recipe.image_size)
    trainer = Noisy(recipe, dataset.shape)
    reader = batches(dataset, Order(len(dataset.train), seed), 0, recipe.batch_size)
    ticks = {round(t) for t in np.geomspace(1, critic_steps, 25)}
    found = {"at": [], "passed": []}
    for step in range(critic_steps // recipe.n_critic):
        left = 1 - step * recipe.n_critic / critic_steps
        trainer.blurred.sigma = {"noise": SIGMA, "annealed noise": SIGMA * left}.get(kind, 0.0)
        for _ in range(recipe.n_critic):
            trainer.critic_step(next(reader))
            if points and trainer.critic_steps in ticks:
                found["at"].append(trainer.critic_steps)
                found["passed"].append(passed(trainer, seed))
        trainer.generator_step(step)
    made = sample(trainer, "samples", 1000 if store.quick else 5000)
    items = made if points else crop_to(to_uint8(made), dataset.native_size)
    names = ("gaussians", "w1") if points else ("frechet", "classes")
    scores = metrics.evaluate(items, dataset, names)
    found |= {name: row["value"] for name, row in scores.items()}
    found["tiles"] = np.round(made[:300].astype(float), 2) if points else None
    if not points:
        store.keep_tiles(f"{kind.replace(' ', '-')}-s{seed}", items[:16], columns=4)
    return found


def passed(trainer, seed):
    """Mean size of what the critic's side passes to a generated point: D ‖∇f‖ for log(1 − D), ‖∇f‖ for a critic."""
    fake = sample(trainer, "samples", 256)
    seen = fake + trainer.blurred.sigma * np.random.default_rng(seed).standard_normal(fake.shape)
    slope = np.linalg.norm(critics.slopes(trainer.critic, seen), axis=1)
    probability = (
        1 / (1 + np.exp(-critics.values(trainer.critic, seen).astype(float))) if trainer.objective.probabilistic else 1.0
    )
    return float((probability * slope).mean())


def judge(numbers):
    """Lower by more than the larger deviation."""
    better = []
    for rows in numbers["tasks"].values():
        plain, annealed = (rows[kind][rows["value"]] for kind in ("no noise", "annealed noise"))
        better.append(annealed["mean"] < plain["mean"] - max(plain["deviation"] or 0, annealed["deviation"] or 0))
    return HOLDS if all(better) else IN_PART if any(better) else FAILS


def draw(numbers, store):
    figure, axes = figures.new(3, 4, height=2.4)
    points, digits = (numbers["tasks"][data] for data in TASKS)
    colours = dict(zip(KINDS, ("tab:red", "tab:orange", "tab:purple", "tab:green")))
    grid = axes[2][0].get_gridspec()
    for axis in axes[2]:
        axis.remove()
    below = figure.add_subplot(grid[2, :])
    for column, kind in enumerate(KINDS):
        axis = axes[0][column]
        axis.scatter(*np.array(numbers["points"][kind]).T, s=3, color=colours[kind], linewidths=0)
        axis.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), xticks=[-2, 0, 2], yticks=[-2, 0, 2], aspect="equal")
        row = points[kind]
        axis.set_title(f"{kind}\n{row['modes_found']['mean']:.3g} of 8 modes, W1 {row['w1']['mean']:.2f}", fontsize=9)
        axis.tick_params(labelsize=7)
        image = store.tile(f"{kind.replace(' ', '-')}-s0")
        figures.picture(axes[1][column], image, f"fd_lenet {digits[kind]['fd_lenet']['mean']:.3g}")
        below.plot(numbers["at"], np.maximum(numbers["passed"][kind], 1e-9), color=colours[kind], label=kind)
    below.set(xlabel="critic steps", ylabel="passed to a sample", xscale="log", yscale="log")
    below.legend(fontsize=8, ncols=4)
    below.grid(alpha=0.3)
    budget = (
        f"{points['critic_steps']:,} and {digits['critic_steps']:,} critic steps, {numbers['seeds']} seeds (pictures: seed 0)"
    )
    figures.foot(figure, f"eight Gaussians and mnist-5k, mlp, sigma {numbers['sigma']}; {budget}")
    return figure

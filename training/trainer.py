"""The trainer: the two players with their optimisers, counters and noise, as a recipe says. The steps: training/algorithm.py."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import paddle
from paddle import Tensor, nn
from paddle.utils import unique_name

from errors import UserError, shortened
from models import networks
from models.networks import conditional, layers
from models.networks.layers import frozen_statistics, trainable
from models.objectives import OBJECTIVES
from training import algorithm, checkpoint, randomness, run
from training.algorithm import CriticStep
from training.checkpoint import Declared
from training.optimizers import OPTIMIZERS, Optimizer, can_continue
from training.parallel import Team
from training.recipe import Recipe

# settings that may change between two steps of a training of points: no network of points, and no order of the data, depends on
# them (of pictures paperweekly chooses its pooling by the penalty, when it is built)
MOVABLE = (
    *("objective", "clip", "penalty", "n_critic", "optimizer", "beta1", "beta2"),
    *("generator_learning_rate", "critic_learning_rate", "decay"),
)


class GANTrainer:
    """Generator, critic and their optimisers for items of `shape`, (C, H, W) or (2,), built from recipe.seed.

    critic_steps counts all critic updates made; it numbers their noise and their data. attempt: how often training went
    back to a checkpoint because of a number that is not finite; each attempt has other noise and another order. average: the
    generator's weights averaged through training (recipe.ema), None for none; no step depends on it. classes: of a conditional
    recipe, {name: items of the data}, as Dataset.class_counts returns them; the labels are their numbers. Raises UserError.
    """

    def __init__(self, recipe: Recipe, shape: tuple[int, ...], team: Team | None = None, classes: dict[str, int] | None = None):
        if recipe.conditional and not classes:
            raise UserError("conditional=true wants data with labels: their classes are not known here")
        self.recipe, self.shape, self.critic_steps, self.attempt = recipe, tuple(shape), 0, 0
        self.classes = classes if recipe.conditional and classes else {}
        self.team = team or Team()
        self.objective = OBJECTIVES[recipe.objective]
        self.generator, self.critic = networks.build(recipe, shape, len(self.classes))
        self.team.prepare(self.generator, self.critic)
        self.average = copy.deepcopy(self.generator) if recipe.ema else None
        self.generator_weights, self.critic_weights = trainable(self.generator), trainable(self.critic)
        self.players: dict[str, nn.Layer] = {"generator": self.generator, "critic": self.critic}
        if recipe.amp:
            self.players = {role: MixedPrecision(network) for role, network in self.players.items()}
        self._make_optimizers()

    def _make_optimizers(self):
        recipe, make = self.recipe, OPTIMIZERS[self.recipe.optimizer].make
        self.generator_optimizer = make(recipe, recipe.generator_learning_rate, self.generator_weights)
        self.critic_optimizer = make(recipe, recipe.critic_learning_rate, self.critic_weights)
        # what a checkpoint said of each: Paddle 2.6's Adam shows nothing of it before its next step
        self._restored: dict[str, dict[str, np.ndarray]] = {"generator": {}, "critic": {}}
        self._updates = {
            "generator": TeamOptimizer(self.generator_optimizer, self.generator_weights, self.team),
            "critic": TeamOptimizer(self.critic_optimizer, self.critic_weights, self.team),
        }

    def try_out(self) -> None:
        """Raise UserError unless networks and objective, which may be a user's, fit together: tried on two items of zeros."""
        recipe, labels = self.recipe, np.zeros(2, np.int64)
        z, x = paddle.zeros([2, recipe.latent]), paddle.zeros([2, *self.shape])
        for network in (self.generator, self.critic):
            network.eval()  # moves no running statistics
        with paddle.no_grad():
            made = self.given(self.generator, labels)(z)
        outputs = self.given(self.critic, labels)(x)
        for network in (self.generator, self.critic):
            network.train()
        for name, tensor, shape, role in (
            (recipe.generator_network, made, self.shape, "generator"),
            (recipe.critic_network, outputs, (), "critic"),
        ):
            if tuple(tensor.shape) != (2, *shape):
                raise UserError(f"network {name}: its {role} makes {list(tensor.shape)} of 2 items, {[2, *shape]} is wanted")
        losses = {"critic": self.objective.critic_loss(outputs, outputs), "generator": self.objective.generator_loss(outputs)}
        for role, loss in losses.items():
            if loss.ndim or loss.stop_gradient:
                what = "depends on no output" if loss.stop_gradient else f"has the shape {list(loss.shape)}"
                raise UserError(
                    f"objective {recipe.objective}: the {role}'s loss {what}; one number that can be differentiated is wanted"
                )

    @property
    def images_seen(self) -> int:
        """Real images that the critic has been trained on: the position in the data's order."""
        return self.critic_steps * self.recipe.batch_size

    @property
    def sampler(self) -> nn.Layer:
        """The generator that samples are drawn from: the averaged one where there is one."""
        return self.average or self.generator

    def noise(self, purpose: str, step: int) -> Tensor:
        """This process's part of the batch of latent vectors for one purpose at one step."""
        recipe = self.recipe
        count = recipe.generator_batch if purpose == "generator noise" else recipe.batch_size
        z = randomness.noise(recipe.seed, purpose, step, [count, recipe.latent], self.attempt)
        return paddle.to_tensor(self.team.shard(z), dtype=paddle.get_default_dtype())

    def epsilon(self, purpose: str, step: int) -> Tensor:
        """Where between real and fake the gradient is looked at: uniform on [0, 1), one number a sample."""
        u = randomness.uniform(self.recipe.seed, purpose, step, [self.recipe.batch_size], self.attempt)
        return paddle.to_tensor(self.team.shard(u), dtype=paddle.get_default_dtype())

    def given(self, network: nn.Layer, labels: np.ndarray | None) -> nn.Layer:
        """One of the networks as a function of z alone, or of x alone: of a conditional recipe with the classes of the batch,
        int64 m; of any other as it is, whatever the labels."""
        if not self.classes:
            return network
        assert labels is not None  # the data have some: their classes are known
        return conditional.Given(network, paddle.to_tensor(labels))

    def drawn_classes(self, step: int) -> np.ndarray | None:
        """This process's part of a generator step's classes, int64, drawn as often as the data have them; None without."""
        if not self.classes:
            return None
        counts = list(self.classes.values())
        drawn = randomness.classes(self.recipe.seed, "generator classes", step, self.recipe.generator_batch, counts, self.attempt)
        return self.team.shard(drawn)

    def logits(self, real: Tensor, fake: Tensor, labels: np.ndarray | None = None) -> list[Tensor]:
        """The critic's outputs on real and on fake items, of the same classes."""
        return algorithm.critic_outputs(self.given(self.critic, labels), real, fake)

    def critic_step(self, real: Tensor, labels: np.ndarray | None = None) -> CriticStep:
        """One critic update on this process's part of a batch of real items, with a fresh z, and with their classes, int64 m, as
        those of the generated items where the recipe is conditional."""
        recipe, number = self.recipe, self.critic_steps
        z = self.noise("critic noise", number)
        epsilon = self.epsilon("penalty", number) if recipe.penalty else None
        critic, generator = self.given(self.players["critic"], labels), self.given(self.players["generator"], labels)
        done = algorithm.critic_step(
            critic, generator, self.objective, self._updates["critic"], real, z, recipe.clip, recipe.penalty, epsilon
        )
        self.critic_steps += 1
        return done

    def generator_step(self, step: int) -> Tensor:
        """One generator update, number `step` from 0. Returns its loss."""
        labels = self.drawn_classes(step)
        generator, critic = self.given(self.players["generator"], labels), self.given(self.players["critic"], labels)
        z = self.noise("generator noise", step)
        loss = algorithm.generator_step(generator, critic, self.objective, self._updates["generator"], z)
        if self.average:
            move_average(self.average, self.generator, min(self.recipe.ema, (1 + step) / (10 + step)))
        return loss

    def set_learning_rates(self, used: float) -> None:
        """Linear decay to 0 over the budget, of which the share `used`, in [0, 1], is used up, where the recipe asks for it."""
        if self.recipe.decay:
            self.generator_optimizer.set_lr(self.recipe.generator_learning_rate * (1 - used))
            self.critic_optimizer.set_lr(self.recipe.critic_learning_rate * (1 - used))

    def go_on_as(self, recipe: Recipe) -> None:
        """From the next step on train points as `recipe` says, which differs from this one among MOVABLE and RESUMABLE alone.

        Networks and counters stay. So do the optimisers, unless their kind is another or a beta that it reads: they forget then.
        """
        old, self.recipe = self.recipe, recipe
        self.objective = OBJECTIVES[recipe.objective]
        if not can_continue(old, recipe):
            self._make_optimizers()
        self.generator_optimizer.set_lr(recipe.generator_learning_rate)
        self.critic_optimizer.set_lr(recipe.critic_learning_rate)

    def frozen_batch_norm_statistics(self) -> contextlib.AbstractContextManager[None]:
        """Look at the networks as they are trained (batch statistics), without moving anything."""
        return frozen_statistics(self.generator, self.critic)

    def parts(self) -> dict[str, dict[str, np.ndarray]]:
        """What a checkpoint holds: {part: {name: array}}."""
        return {
            "generator": arrays(self.generator.state_dict()),
            "critic": arrays(self.critic.state_dict()),
            "generator_optimizer": arrays(self.generator_optimizer.state_dict()) or self._restored["generator"],
            "critic_optimizer": arrays(self.critic_optimizer.state_dict()) or self._restored["critic"],
            **({"average": arrays(self.average.state_dict())} if self.average else {}),
        }

    def check(self, parts: Mapping[str, Mapping[str, np.ndarray | Declared]], where: str | Path) -> None:
        """Raise UserError unless `parts`, or what a checkpoint declares of them, are those of a trainer of this recipe."""
        if ("projection" in parts["critic"]) != ("projection" in self.critic.state_dict()):
            raise UserError(f"{where} belongs to another recipe: one is conditional, the other is not")
        if bool(self.average) != ("average" in parts):
            raise UserError(f"{where} belongs to another recipe: one has an averaged generator, the other has none")
        for part, network in self._networks().items():
            if part in parts:  # published weights have one of generator and average
                checkpoint.check(network, parts[part], where)
        for role in ("generator", "critic"):
            if saved := parts.get(f"{role}_optimizer"):  # it has nothing to remember before its first step
                self._check_optimizer(saved, getattr(self, f"{role}_weights"), where)

    def _networks(self):
        return {"generator": self.generator, "critic": self.critic, **({"average": self.average} if self.average else {})}

    def _check_optimizer(self, saved, weights, where):
        wanted = {
            f"{weight.name}{ending}": tuple(weight.shape) if shape is None else shape
            for ending, shape in remembered(self.recipe).items()
            for weight in weights
        }
        if missing := [name for name in wanted if name not in saved]:
            raise UserError(f"{where} belongs to another recipe: its optimiser has no {missing[0]}")
        dtype = paddle.get_default_dtype()
        for name, array in saved.items():
            if name not in wanted or tuple(array.shape) != wanted[name] or array.dtype.name != dtype:
                raise UserError(f"{where} belongs to another recipe: its optimiser's {shortened(name)} fits no weight")

    def restore(self, parts: dict, state: dict, where: str | Path) -> None:
        """Take over what `parts` returned, and a checkpoint's state. Raises UserError if it is of other networks.

        Of published weights it takes the networks; the optimisers know nothing then."""
        self.check(parts, where)
        for part, network in self._networks().items():
            network.set_state_dict(parts.get(part) or parts["average"])
        self._make_optimizers()  # Paddle cannot take back the state of one that has taken a step to what it was before
        for role in ("generator", "critic"):
            saved = self._restored[role] = parts.get(f"{role}_optimizer", {})
            getattr(self, f"{role}_optimizer").set_state_dict({name: paddle.to_tensor(array) for name, array in saved.items()})
        self.critic_steps, self.attempt = state["critic_steps"], state["attempt"]

    def resume(self, path: str | Path, state: dict) -> None:
        """Take over a checkpoint. Its arrays are read when it is known that they fit. Raises UserError."""
        self.check(checkpoint.declared(path, state), path)
        parts, _ = checkpoint.load(path)
        self.restore(parts, state, path)


class MixedPrecision(nn.Layer):
    """A network whose products are bfloat16; its range is float32's, so losses need no scaling. Outputs are of the default dtype.

    in_float32: the network itself, for the gradient penalty.
    """

    def __init__(self, network: nn.Layer):
        super().__init__()
        self.in_float32 = network

    def forward(self, *inputs: Tensor) -> Tensor:
        with paddle.amp.auto_cast(level="O1", dtype="bfloat16"):
            y = self.in_float32(*inputs)
        return y.astype(paddle.get_default_dtype())


class TeamOptimizer:
    """An optimiser whose gradients are averaged over the processes before each step."""

    def __init__(self, optimizer: Optimizer, weights: list[Tensor], team: Team):
        self._optimizer, self._weights, self._team = optimizer, weights, team

    def step(self) -> None:
        self._team.average_gradients(self._weights)
        # Paddle numbers the optimiser's state, made in the first step, throughout the process: here each begins at 0, or a
        # checkpoint would fit no second training in one process
        with unique_name.guard():
            self._optimizer.step()

    def clear_grad(self) -> None:
        self._optimizer.clear_grad()


@paddle.no_grad()
def move_average(average, network, keep):
    """average ← keep · average + (1 − keep) · network, weights and batch norm's statistics alike, in place."""
    for own, other in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        own.lerp_(other, 1 - keep)  # own + (1 − keep)·(other − own): what does not move keeps its average to the bit


def arrays(state):
    return {name: np.asarray(value.numpy()) for name, value in state.items() if hasattr(value, "numpy")}


def remembered(recipe: Recipe) -> dict[str, tuple[int, ...] | None]:
    """What the recipe's optimiser keeps of each weight: {end of its name: its shape, None for the weight's own}.

    Found out by a step of a small one.
    """
    shape = (2, 3)
    weight = paddle.create_parameter(list(shape), paddle.get_default_dtype(), default_initializer=nn.initializer.Constant(0.0))
    optimizer = OPTIMIZERS[recipe.optimizer].make(recipe, 1.0, [weight])
    weight.sum().backward()
    with unique_name.guard():
        optimizer.step()
    found = {name.removeprefix(weight.name): tuple(array.shape) for name, array in arrays(optimizer.state_dict()).items()}
    return {ending: None if own == shape else own for ending, own in found.items()}


def rebuild(path: str | Path, raw: bool = False) -> tuple[GANTrainer, dict]:
    """(GANTrainer, state) from a checkpoint folder alone, whatever the configs say today. Raises UserError.

    raw: without the averaged generator, so that the trainer's sampler is the generator itself. Nothing is made that is larger
    than the files say.
    """
    state = checkpoint.read_state(path)
    recipe = run.recipe_of(path, state)
    shapes = (
        ([2],) if recipe.is_points else ([1, recipe.image_size, recipe.image_size], [3, recipe.image_size, recipe.image_size])
    )
    if state["shape"] not in shapes:
        raise UserError(f"{path} is damaged: items of shape {shortened(state['shape'])} do not fit its recipe")
    if recipe.conditional != bool(state["classes"]):
        raise UserError(f"{path} is damaged: its recipe and its classes disagree on whether it is conditional")
    if raw and recipe.ema and checkpoint.is_published(state):
        raise UserError(f"{path} is of published weights, which have the generator's average alone: leave out --raw")
    declared = checkpoint.declared(path, state)
    generator = "generator" if "generator" in declared else "average"
    weights = sum(math.prod(array.shape) for part in (generator, "critic") for array in declared[part].values())
    with layers.at_most(weights, f"{path} belongs to another recipe: its own makes networks of more weights"):
        trainer = GANTrainer(recipe, state["shape"], classes=state["classes"])
    trainer.resume(path, state)
    if raw:
        trainer.average = None
    return trainer, state

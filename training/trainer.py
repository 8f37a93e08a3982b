"""The two players and one update of each: the mathematics of a step, shared by every recipe."""

import contextlib
import copy

import numpy as np
import paddle
from paddle.utils import unique_name

from errors import UserError, shortened
from models import networks
from models.constraints import clip_, gradient_penalty, trainable
from models.networks.layers import frozen_statistics, has_batch_norm
from models.objectives import OBJECTIVES
from training import checkpoint, randomness
from training import recipe as recipes
from training.parallel import Team
from training.rmsprop import RMSProp


class GANTrainer:
    """Generator, critic and their optimisers for items of `shape`, (C, H, W) or (2,), built from recipe.seed.

    critic_steps counts all critic updates made; it numbers their noise and their data. attempt: how often training went
    back to a checkpoint because of a number that is not finite; each attempt has other noise and another order. average: the
    generator's weights averaged through training (recipe.ema), None for none; no step depends on it.
    """

    def __init__(self, recipe, shape, team=None):
        self.recipe, self.shape, self.critic_steps, self.attempt = recipe, tuple(shape), 0, 0
        self.team = team or Team()
        self.objective = OBJECTIVES[recipe.objective]
        self.generator, self.critic = networks.build(recipe, shape)
        self.team.prepare(self.generator, self.critic)
        self.average = copy.deepcopy(self.generator) if recipe.ema else None
        self.generator_weights, self.critic_weights = trainable(self.generator), trainable(self.critic)
        self.generator_optimizer = optimizer(recipe, recipe.generator_learning_rate, self.generator_weights)
        self.critic_optimizer = optimizer(recipe, recipe.critic_learning_rate, self.critic_weights)
        # batch norm sees real and fake apart, as in the authors' code; without it one pass does for both
        self._apart = has_batch_norm(self.critic)

    @property
    def images_seen(self):
        """Real images that the critic has been trained on: the position in the data's order."""
        return self.critic_steps * self.recipe.batch_size

    @property
    def sampler(self):
        """The generator that samples are drawn from: the averaged one where there is one."""
        return self.average or self.generator

    def noise(self, purpose, step):
        """This process's part of the batch of latent vectors for one purpose at one step."""
        recipe = self.recipe
        count = recipe.generator_batch if purpose == "generator noise" else recipe.batch_size
        z = randomness.noise(recipe.seed, purpose, step, [count, recipe.latent], self.attempt)
        return paddle.to_tensor(self.team.shard(z), dtype=paddle.get_default_dtype())

    def epsilon(self, purpose, step):
        """Where between real and fake the gradient is looked at: uniform on [0, 1), one number a sample."""
        u = randomness.uniform(self.recipe.seed, purpose, step, [self.recipe.batch_size], self.attempt)
        return paddle.to_tensor(self.team.shard(u), dtype=paddle.get_default_dtype())

    def mixed(self):
        """Within this context products are bfloat16 where the recipe says so; its range is float32's: no scaling of losses."""
        return paddle.amp.auto_cast(level="O1", dtype="bfloat16") if self.recipe.amp else contextlib.nullcontext()

    def whole(self, *tensors):
        """What came out of such a context in the precision that losses are computed in."""
        return [x.astype(paddle.get_default_dtype()) for x in tensors] if self.recipe.amp else tensors

    def logits(self, real, fake):
        """The critic's outputs on real and on fake items."""
        if self._apart:
            return self.critic(real), self.critic(fake)
        return paddle.split(self.critic(paddle.concat([real, fake])), 2)

    def critic_step(self, real):
        """One critic update on this process's part of a batch of real items, with a fresh z.

        Returns loss, real and fake logits, penalty (or None).
        """
        recipe, number = self.recipe, self.critic_steps
        with self.mixed():
            with paddle.no_grad():
                fake = self.generator(self.noise("critic noise", number))
            real_logits, fake_logits = self.logits(real, fake)
        real_logits, fake_logits, fake = self.cast_to_default_dtype(real_logits, fake_logits, fake)
        loss = self.objective.critic_loss(real_logits, fake_logits)
        penalty = None
        if recipe.penalty:
            penalty = gradient_penalty(self.critic, real, fake, self.epsilon("penalty", number))
            loss = loss + recipe.penalty * penalty
        loss.backward()
        self.team.average_gradients(self.critic_weights)
        update(self.critic_optimizer)
        if recipe.clip:  # after the step, or the generator would meet an unclipped critic
            clip_(self.critic, recipe.clip)
        self.critic_steps += 1
        return loss.detach(), real_logits.detach(), fake_logits.detach(), None if penalty is None else penalty.detach()

    def generator_step(self, step):
        """One generator update, number `step` from 0. Returns its loss."""
        with frozen_weights(self.critic_weights):
            z = self.noise("generator noise", step)
            with self.mixed():
                logits = self.critic(self.generator(z))
            loss = self.objective.generator_loss(*self.cast_to_default_dtype(logits))
            loss.backward()
        self.team.average_gradients(self.generator_weights)
        update(self.generator_optimizer)
        if self.average:
            move_average(self.average, self.generator, min(self.recipe.ema, (1 + step) / (10 + step)))
        return loss.detach()

    def set_learning_rates(self, used):
        """Linear decay to 0 over the budget, of which the share `used`, in [0, 1], is used up, where the recipe asks for it."""
        if self.recipe.decay:
            self.generator_optimizer.set_lr(self.recipe.generator_learning_rate * (1 - used))
            self.critic_optimizer.set_lr(self.recipe.critic_learning_rate * (1 - used))

    @contextlib.contextmanager
    def frozen_batch_norm_statistics(self):
        """Look at the networks as they are trained (batch statistics), without moving anything."""
        with frozen_statistics(self.generator, self.critic):
            yield

    def parts(self):
        """What a checkpoint holds: {part: {name: array}}."""
        return {
            "generator": arrays(self.generator.state_dict()),
            "critic": arrays(self.critic.state_dict()),
            "generator_optimizer": arrays(self.generator_optimizer.state_dict()),
            "critic_optimizer": arrays(self.critic_optimizer.state_dict()),
            **({"average": arrays(self.average.state_dict())} if self.average else {}),
        }

    def restore(self, parts, state, where):
        """Take over what `parts` returned, and a checkpoint's state. Raises UserError if it is of other networks."""
        if bool(self.average) != ("average" in parts):
            raise UserError(f"{where} belongs to another recipe: one has an averaged generator, the other has none")
        checkpoint.restore(self.generator, parts["generator"], where)
        checkpoint.restore(self.critic, parts["critic"], where)
        if self.average:
            checkpoint.restore(self.average, parts["average"], where)
        for role in ("generator", "critic"):
            saved = parts[f"{role}_optimizer"]
            weights = {weight.name: list(weight.shape) for weight in getattr(self, f"{role}_weights")}
            for name, array in saved.items():
                shapes = [shape for weight, shape in weights.items() if name.startswith(weight + "_")]
                if not any(list(array.shape) in (shape, [1]) for shape in shapes):
                    raise UserError(f"{where} belongs to another recipe: its optimiser's {name} fits no weight")
            own = getattr(self, f"{role}_optimizer")
            own.set_state_dict({name: paddle.to_tensor(array) for name, array in saved.items()})
        self.critic_steps, self.attempt = state["critic_steps"], state["attempt"]


def optimizer(recipe, learning_rate, parameters):
    """The recipe's optimiser, with PyTorch's constants."""
    if recipe.optimizer == "rmsprop":
        return RMSProp(learning_rate, parameters=parameters)
    if recipe.optimizer == "adam":
        return paddle.optimizer.Adam(learning_rate, recipe.beta1, recipe.beta2, parameters=parameters)
    return paddle.optimizer.SGD(learning_rate, parameters=parameters)


@paddle.no_grad()
def move_average(average, network, keep):
    """average ← keep · average + (1 − keep) · network, weights and batch norm's statistics alike, in place."""
    for own, other in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        own.add_((other - own) * (1 - keep))  # so written, what does not move keeps its average to the bit


def update(optimizer):
    """Move the weights along their gradients and forget these."""
    # Paddle numbers the optimiser's state, made in the first step, throughout the process: here each begins at 0, or a
    # checkpoint would fit no second training in one process
    with unique_name.guard():
        optimizer.step()
    optimizer.clear_grad()


def arrays(state):
    return {name: np.asarray(value.numpy()) for name, value in state.items() if hasattr(value, "numpy")}


@contextlib.contextmanager
def frozen_weights(weights):
    """The generator's step needs no gradient of the critic's weights: do not compute it."""
    for weight in weights:
        weight.stop_gradient = True
    try:
        yield
    finally:
        for weight in weights:
            weight.stop_gradient = False


def rebuild(path, raw=False):
    """(GANTrainer, state) from a checkpoint folder alone, whatever the configs say today. Raises UserError.

    raw: without the averaged generator, so that the trainer's sampler is the generator itself.
    """
    parts, state = checkpoint.load(path)
    recipe = recipes.resolve(state["recipe"])
    shapes = (
        ([2],) if recipe.is_points else ([1, recipe.image_size, recipe.image_size], [3, recipe.image_size, recipe.image_size])
    )
    if state["shape"] not in shapes:
        raise UserError(f"{path} is damaged: items of shape {shortened(state['shape'])} do not fit its recipe")
    trainer = GANTrainer(recipe, state["shape"])
    trainer.restore(parts, state, path)
    if raw:
        trainer.average = None
    return trainer, state

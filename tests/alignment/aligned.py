"""What is compared with PyTorch for reprod.py: functions of Twins that return pairs, ({name: array} of ours, of PyTorch's).

Both frameworks' networks have the same weights, and get the same real images and the same noise.
"""

import contextlib

import numpy as np
import paddle
import torch

import data
from data.dataset import crop_to, to_uint8
from data.reader import batches
from metrics import networks
from metrics.frechet import frechet
from metrics.kid import kid
from models.constraints import gradient_penalty
from tests.alignment import torch_metrics, torch_training
from tests.alignment.torch_networks import counterpart, pairs
from training import randomness
from training.sampling import generate
from training.trainer import GANTrainer

ROLES = ("generator", "critic")


class Twins:
    """A trainer of `recipe` and PyTorch's generator and critic with its weights, in float32 or float64."""

    def __init__(self, recipe, dtype="float32"):
        self.recipe, self.dtype, self.dataset = recipe, dtype, data.load(recipe.data, None, recipe.image_size)
        with default_dtype(dtype):
            self.trainer = GANTrainer(recipe, self.dataset.shape)
        self.copy_weights()

    def copy_weights(self):
        """Make PyTorch's networks anew, with our weights and running statistics."""
        make = lambda role: counterpart(  # noqa: E731
            role.capitalize(), getattr(self.trainer, role), self.recipe, self.dataset.shape, getattr(torch, self.dtype)
        )
        self.generator, self.critic = map(make, ROLES)
        if self.dtype == "float64":  # in which Paddle keeps this one constant in float32
            for layer in (*self.generator.modules(), *self.critic.modules()):
                if isinstance(layer, torch.nn.BatchNorm2d):
                    layer.eps = float(np.float32(layer.eps))

    def real(self):
        """The training's batches, arrays N×C×H×W, from the first on."""
        order = data.Order(len(self.dataset.train), self.recipe.seed)
        for batch, _ in batches(self.dataset, order, 0, self.recipe.batch_size):
            yield batch.numpy().astype(self.dtype)

    def noise(self, count):
        return randomness.noise(self.recipe.seed, "samples", 0, [count, self.recipe.latent])

    def tensors(self, role, gradients=False):
        """The trainable weights of a role, or their gradients, as (ours, PyTorch's)."""
        found = list(pairs(getattr(self.trainer, role), getattr(self, role), self.recipe, gradients))
        return {f"{role}.{name}": mine for name, mine, _ in found}, {f"{role}.{name}": other for name, _, other in found}


@contextlib.contextmanager
def default_dtype(dtype):
    """Within this context new layers and tensors of Paddle's are of `dtype`."""
    before = paddle.get_default_dtype()
    paddle.set_default_dtype(dtype)
    try:
        yield
    finally:
        paddle.set_default_dtype(before)


@contextlib.contextmanager
def evaluation(twins):
    """Within this context all four networks are in evaluation mode, with batch norm's running statistics."""
    players = [getattr(of, role) for of in (twins, twins.trainer) for role in ROLES]
    for network in players:
        network.eval()
    try:
        yield
    finally:
        for network in players:
            network.train()


def train(twins, steps):
    """`steps` generator steps of both: the losses, one a critic or generator step, and the weights after the last step."""
    trainer, real, critic, generator = twins.trainer, twins.real(), [], []
    with default_dtype(twins.dtype):
        for step in range(steps):
            for _ in range(trainer.recipe.n_critic):
                critic.append(float(trainer.critic_step(paddle.to_tensor(next(real))).loss))
            generator.append(float(trainer.generator_step(step)))
    losses = [{"critic_loss": np.array(critic), "generator_loss": np.array(generator)}, train_pytorch(twins, steps)]
    weights = [one | other for one, other in zip(*map(twins.tensors, ROLES), strict=True)]
    return losses, weights


def train_pytorch(twins, steps):
    """PyTorch's half of train()."""
    losses = torch_training.train(twins.recipe, twins.generator, twins.critic, steps, twins.real())
    return dict(zip(("critic_loss", "generator_loss"), map(np.array, losses), strict=True))


def train_from_next_numbers(twins, steps):
    """PyTorch's half again, from weights each of which is float32's next larger number: what rounding alone does to training."""
    with torch.no_grad():
        for weight in (*twins.generator.parameters(), *twins.critic.parameters()):
            weight.copy_(torch.nextafter(weight, torch.tensor(torch.inf)))
    return train_pytorch(twins, steps)


def forward(twins):
    """G(z), f(x) and f(G(z)) of one batch in evaluation mode."""
    z, real = twins.noise(twins.recipe.batch_size), next(twins.real())
    ours, theirs = (twins.trainer.generator, twins.trainer.critic), (twins.generator, twins.critic)
    with evaluation(twins), paddle.no_grad(), torch.no_grad():
        return [outputs(*pair, tensor(z), tensor(real)) for pair, tensor in ((ours, paddle.to_tensor), (theirs, torch.tensor))]


def outputs(generator, critic, z, real):
    fake = generator(z)
    return {"generator": fake.numpy(), "critic_real": critic(real).numpy(), "critic_generated": critic(fake).numpy()}


def metric(twins, count):
    """fd_lenet and kid of `count` samples of either generator, by either feature network, against as many real images."""
    z, size = twins.noise(count), twins.dataset.native_size
    with evaluation(twins), torch.no_grad():
        their_items = torch.cat([twins.generator(part) for part in torch.tensor(z).split(250)]).numpy()
    items = generate(twins.trainer.generator, z)
    fake, their_fake, real = (crop_to(x, size) for x in (to_uint8(items), to_uint8(their_items), twins.dataset.train[:count]))
    name = data.source(twins.recipe.data).feature_network
    ours, ours_real = (networks.describe(x, name)[0] for x in (fake, real))
    theirs, theirs_real = (torch_metrics.describe(x, name)[0] for x in (their_fake, real))
    pair = (
        frechet(ours, ours_real) | kid(ours, ours_real),
        {"fd_lenet": torch_metrics.frechet(theirs, theirs_real), "kid": torch_metrics.kid(theirs, theirs_real)},
    )
    return [{key: np.array(value) for key, value in values.items()} for values in pair]


def loss_and_backward(twins):
    """(losses of one batch, gradients of all weights), each such a pair. The mode of the networks is the caller's."""
    trainer, recipe, objective = twins.trainer, twins.recipe, twins.trainer.objective
    x, z = next(twins.real()), twins.noise(recipe.batch_size)
    epsilon = randomness.uniform(recipe.seed, "penalty", 0, [len(x)])

    real, fake = paddle.to_tensor(x), trainer.generator(paddle.to_tensor(z))
    their_real, their_fake = torch.tensor(x), twins.generator(torch.tensor(z))
    their_critic_loss, their_generator_loss = torch_training.LOSSES[recipe.objective]
    ours = {"critic_loss": objective.critic_loss(*trainer.logits(real, fake.detach()))}
    theirs = {"critic_loss": their_critic_loss(twins.critic(their_real), twins.critic(their_fake.detach()))}
    if recipe.penalty:
        ours["penalty"] = gradient_penalty(trainer.critic, real, fake, paddle.to_tensor(epsilon))
        their_epsilon = torch.tensor(epsilon.reshape(-1, 1, 1, 1))
        theirs["penalty"] = torch_training.penalty(twins.critic, their_real, their_fake.detach(), their_epsilon)
    for losses in (ours, theirs):
        (losses["critic_loss"] + (recipe.penalty or 0) * losses.get("penalty", 0)).backward()
    gradients = twins.tensors("critic", gradients=True)
    ours["generator_loss"] = objective.generator_loss(trainer.critic(fake))
    theirs["generator_loss"] = their_generator_loss(twins.critic(their_fake))
    for losses in (ours, theirs):
        losses["generator_loss"].backward()
    gradients = [one | other for one, other in zip(gradients, twins.tensors("generator", gradients=True), strict=True)]
    for network in (trainer.generator, trainer.critic):
        network.clear_gradients()
    return [{key: value.detach().numpy() for key, value in losses.items()} for losses in (ours, theirs)], gradients

"""Same weights, same data: the same outputs, losses, gradients and training as in PyTorch."""

import numpy as np
import paddle
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is an optional extra, only to compare with")

from benchmarks import pytorch  # noqa: E402
from models.constraints import gradient_penalty  # noqa: E402
from models.objectives import OBJECTIVES  # noqa: E402
from tests.alignment import torch_training  # noqa: E402
from tests.alignment.torch_networks import counterpart, distance  # noqa: E402
from tests.helpers import pictures, tiny, tiny_game  # noqa: E402
from training import randomness  # noqa: E402
from training.trainer import GANTrainer  # noqa: E402

torch.set_num_threads(1)  # its threads and Paddle's would only wait for one another
NETS = [
    *(("dcgan", norm, size) for norm in ("batch", "layer", "none") for size in (32, 64)),
    ("dcgan-nobn", "batch", 32),
    ("mlp", "none", 32),
    ("mlp-bn", "none", 32),
    ("paperweekly", "batch", 28),
    ("paperweekly", "layer", 32),
    ("paperweekly", "none", 32),
    *(("resnet", norm, 32) for norm in ("batch", "layer", "none")),
    *(("gp-dcgan", norm, size) for norm in ("batch", "layer", "none") for size in (28, 32)),
]


def pair(network, norm, size=32, model="dcgan", **settings):
    """(trainer, their generator, their critic), with weights and statistics that are not the initial ones."""
    if size == 64:
        settings["data"] = "cifar10"
    shape = (3 if size == 64 else 1, size, size)
    trainer = tiny_game(model, shape, network=network, critic_norm=norm, image_size=size, **settings)
    rng = np.random.default_rng(0)
    for layer in (trainer.generator, trainer.critic):
        for name, tensor in layer.state_dict().items():
            noise = rng.standard_normal(tensor.shape).astype("float32")
            tensor.set_value(tensor + (abs(noise) if name.endswith("variance") else 0.05 * noise))
    theirs = (counterpart(role, getattr(trainer, role.lower()), trainer.recipe, shape) for role in ("Generator", "Critic"))
    return trainer, *theirs


def items(trainer, seed=0, n=None):
    """A batch of random images as float32 N×C×H×W."""
    colours, size, _ = trainer.shape
    return pictures(n or trainer.recipe.batch_size, size, colours, seed).astype("float32") / 127.5 - 1


def latent(trainer, number):
    return randomness.noise(0, "critic noise", number, [trainer.recipe.batch_size, trainer.recipe.latent])


@pytest.mark.parametrize(("network", "norm", "size"), NETS)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_forward(network, norm, size, mode):
    trainer, generator, critic = pair(network, norm, size)
    for each in (trainer.generator, trainer.critic, generator, critic):
        getattr(each, mode)()
    z, x = latent(trainer, 0), items(trainer)
    with paddle.no_grad(), torch.no_grad():
        np.testing.assert_allclose(trainer.generator(paddle.to_tensor(z)).numpy(), generator(torch.tensor(z)).numpy(), atol=1e-5)
        ours, theirs = trainer.critic(paddle.to_tensor(x)).numpy(), critic(torch.tensor(x)).numpy()
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * max(1, np.abs(theirs).max()))


@pytest.mark.parametrize("objective", torch_training.LOSSES)
@pytest.mark.parametrize(
    ("network", "norm"), [("dcgan", "batch"), ("mlp", "none"), ("resnet", "layer"), ("paperweekly", "batch")]
)
def test_losses_and_gradients(network, norm, objective):
    trainer, generator, critic = pair(network, norm, objective=objective)
    z, x = latent(trainer, 0), items(trainer)
    critic_loss, generator_loss = torch_training.LOSSES[objective]

    fake = trainer.generator(paddle.to_tensor(z))
    loss = OBJECTIVES[objective].critic_loss(*trainer.logits(paddle.to_tensor(x), fake.detach()))
    their_fake = generator(torch.tensor(z))
    their_loss = critic_loss(critic(torch.tensor(x)), critic(their_fake.detach()))
    loss.backward()
    their_loss.backward()
    assert float(loss) == pytest.approx(their_loss.item(), rel=1e-4, abs=1e-5)
    assert distance(trainer.critic, critic, trainer.recipe, gradients=True) < 1e-4

    loss, their_loss = OBJECTIVES[objective].generator_loss(trainer.critic(fake)), generator_loss(critic(their_fake))
    loss.backward()
    their_loss.backward()
    assert float(loss) == pytest.approx(their_loss.item(), rel=1e-4, abs=1e-5)
    assert distance(trainer.generator, generator, trainer.recipe, gradients=True) < 1e-4


@pytest.mark.parametrize(("network", "norm", "size"), [net for net in NETS if net[1] != "batch"])
def test_penalty_and_its_gradients(network, norm, size):
    trainer, _, critic = pair(network, norm, size, "wgan-gp")
    real, fake = items(trainer, 1), items(trainer, 2)
    epsilon = randomness.uniform(0, "penalty", 0, [trainer.recipe.batch_size])
    ours = gradient_penalty(trainer.critic, *map(paddle.to_tensor, (real, fake, epsilon)))
    theirs = torch_training.penalty(critic, *map(torch.tensor, (real, fake, epsilon.reshape(-1, 1, 1, 1))))
    ours.backward()
    theirs.backward()
    assert float(ours) == pytest.approx(theirs.item(), rel=1e-4)
    assert distance(trainer.critic, critic, trainer.recipe, gradients=True) < 1e-4


@pytest.mark.parametrize(
    ("model", "network", "norm"),
    [
        ("wgan-paper", "dcgan", "batch"),
        ("wgan-paper", "dcgan-nobn", "none"),
        ("wgan-paper", "mlp", "none"),
        ("wgan-gp-paper", "dcgan", "none"),
        ("wgan-gp-paper", "dcgan", "layer"),
        ("wgan-gp-paper", "gp-dcgan", "none"),
        ("wgan-gp-paper", "mlp", "none"),
    ],
)
def test_ten_steps_of_training(double, model, network, norm):
    """In float64, because RMSProp's first steps have one size whatever the gradient's: a sign that rounding turns counts."""
    shape, steps = (1, 32, 32), 10
    trainer = GANTrainer(tiny(model, network=network, critic_norm=norm, n_critic=3), shape)
    roles = ("Generator", "Critic")
    generator, critic = (
        counterpart(role, getattr(trainer, role.lower()), trainer.recipe, shape, torch.float64) for role in roles
    )
    parameters = [*generator.parameters(), *critic.parameters()]
    begin = [parameter.detach().clone() for parameter in parameters]
    batches = [items(trainer, seed).astype("float64") for seed in range(steps * trainer.recipe.n_critic)]
    torch_training.train(trainer.recipe, generator, critic, steps, iter(batches))
    for step in range(steps):
        for _ in range(trainer.recipe.n_critic):
            trainer.critic_step(paddle.to_tensor(batches[trainer.critic_steps]))
        trainer.generator_step(step)
    moved = sum(((a - b) ** 2).sum().item() for a, b in zip(parameters, begin)) / sum((b**2).sum().item() for b in begin)
    assert moved**0.5 > 0.005, "hardly anything was learned: the test would prove nothing"
    assert distance(trainer.generator, generator, trainer.recipe) < 1e-4
    assert distance(trainer.critic, critic, trainer.recipe) < 1e-4


@pytest.mark.parametrize(
    ("model", "network", "norm"),
    [("wgan-paper", "dcgan", "batch"), ("wgan-gp-paper", "gp-dcgan", "none"), ("dcgan", "dcgan", "batch")],
)
def test_the_trainer_of_the_benchmarks_takes_the_same_steps(double, monkeypatch, model, network, norm):
    shape, steps = (1, 32, 32), 10
    trainer = GANTrainer(tiny(model, network=network, critic_norm=norm, n_critic=3, ema=0), shape)
    recipe = trainer.recipe
    theirs = pytorch.GANTrainer(recipe, shape)
    for role in ("Generator", "Critic"):
        same = counterpart(role, getattr(trainer, role.lower()), recipe, shape, torch.float64)
        getattr(theirs, role.lower()).to(torch.float64).load_state_dict(same.state_dict())
    drawn = iter(())

    def noise(*wanted):
        array = next(drawn)
        return torch.tensor(array.reshape(wanted), dtype=torch.float64)

    monkeypatch.setattr(theirs, "normal", noise)
    monkeypatch.setattr(theirs, "uniform", noise)
    for step in range(steps):
        for _ in range(recipe.n_critic):
            number = trainer.critic_steps
            real = items(trainer, number).astype("float64")
            drawn = iter([latent(trainer, number), randomness.uniform(0, "penalty", number, [recipe.batch_size])])
            real_outputs, fake_outputs = theirs.critic_step(torch.tensor(real))
            assert len(real_outputs) == len(fake_outputs) == recipe.batch_size
            trainer.critic_step(paddle.to_tensor(real))
        drawn = iter([randomness.noise(0, "generator noise", step, [recipe.generator_batch, recipe.latent])])
        theirs.generator_step()
        trainer.generator_step(step)
    assert distance(trainer.generator, theirs.generator, recipe) < 1e-4
    assert distance(trainer.critic, theirs.critic, recipe) < 1e-4

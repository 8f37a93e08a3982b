"""conditional=true against a projection discriminator and a generator in PyTorch: outputs, gradients, penalty, training."""

import numpy as np
import paddle
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is an optional extra, only to compare with")

from models.constraints import gradient_penalty  # noqa: E402
from models.networks.conditional import Given  # noqa: E402
from models.objectives import OBJECTIVES  # noqa: E402
from tests.alignment import torch_training  # noqa: E402
from tests.alignment.test_training import items, latent  # noqa: E402
from tests.alignment.torch_networks import counterpart, distance  # noqa: E402
from tests.helpers import tiny  # noqa: E402
from training import randomness  # noqa: E402
from training.trainer import GANTrainer  # noqa: E402

torch.set_num_threads(1)  # its threads and Paddle's would only wait for one another
CLASSES = {"few": 1, "more": 3, "many": 6}
LABELS = np.array([2, 0, 1, 2, 2, 1, 2, 0])
NETS = [("dcgan", "batch"), ("dcgan", "none"), ("dcgan-nobn", "layer"), ("mlp", "none")]
NETS += [("paperweekly", "layer"), ("resnet", "none")]


def pair(model, network, norm, dtype=torch.float32, **more):
    """(trainer, their generator, their critic), with weights that are not the initial ones."""
    shape = (1, 32, 32)
    trainer = GANTrainer(tiny(model, network=network, critic_norm=norm, conditional=True, **more), shape, classes=CLASSES)
    rng = np.random.default_rng(0)
    for layer in (trainer.generator, trainer.critic):
        for tensor in layer.parameters():
            if not tensor.stop_gradient:
                tensor.set_value(tensor + 0.05 * rng.standard_normal(tensor.shape).astype(paddle.get_default_dtype()))
    roles = ("Generator", "Critic")
    return trainer, *(counterpart(role, getattr(trainer, role.lower()), trainer.recipe, shape, dtype) for role in roles)


@pytest.mark.parametrize(("network", "norm"), NETS)
def test_outputs_losses_and_gradients(network, norm):
    trainer, generator, critic = pair("wgan", network, norm)
    z, x, y = latent(trainer, 0), items(trainer), torch.tensor(LABELS)
    fake = trainer.given(trainer.generator, LABELS)(paddle.to_tensor(z))
    their_fake = generator(torch.tensor(z), y)
    np.testing.assert_allclose(fake.numpy(), their_fake.detach().numpy(), atol=1e-5)
    loss = OBJECTIVES["wasserstein"].critic_loss(*trainer.logits(paddle.to_tensor(x), fake.detach(), LABELS))
    their_loss = critic(their_fake.detach(), y).mean() - critic(torch.tensor(x), y).mean()
    loss.backward()
    their_loss.backward()
    assert float(loss) == pytest.approx(their_loss.item(), rel=1e-4, abs=1e-5)
    assert float(trainer.critic.projection.grad.abs().max()) > 0
    assert distance(trainer.critic, critic, trainer.recipe, gradients=True) < 1e-4
    (-trainer.given(trainer.critic, LABELS)(fake).mean()).backward()
    (-critic(their_fake, y).mean()).backward()
    assert distance(trainer.generator, generator, trainer.recipe, gradients=True) < 1e-4


@pytest.mark.parametrize(("network", "norm"), [net for net in NETS if net[1] != "batch"])
def test_penalty_and_its_gradients(network, norm):
    trainer, _, critic = pair("wgan-gp", network, norm)
    real, fake = items(trainer, 1), items(trainer, 2)
    epsilon = randomness.uniform(0, "penalty", 0, [trainer.recipe.batch_size])
    ours = gradient_penalty(Given(trainer.critic, paddle.to_tensor(LABELS)), *map(paddle.to_tensor, (real, fake, epsilon)))
    of_class = lambda x: critic(x, torch.tensor(LABELS))  # noqa: E731
    theirs = torch_training.penalty(of_class, *map(torch.tensor, (real, fake, epsilon.reshape(-1, 1, 1, 1))))
    ours.backward()
    theirs.backward()
    assert float(ours) == pytest.approx(theirs.item(), rel=1e-4)
    assert distance(trainer.critic, critic, trainer.recipe, gradients=True) < 1e-4


@pytest.mark.parametrize(
    ("model", "network", "norm"),
    [
        ("wgan-paper", "dcgan", "batch"),
        ("wgan-paper", "mlp", "none"),
        ("wgan-gp-paper", "dcgan", "none"),
        ("wgan-gp", "mlp", "none"),
    ],
)
def test_ten_steps_of_training(double, model, network, norm):
    """In float64, as the unconditional ones; the real items' classes are drawn, the generator's follow from the seed."""
    steps = 10
    trainer, generator, critic = pair(model, network, norm, torch.float64, n_critic=3)
    parameters = [*generator.parameters(), *critic.parameters()]
    begin = [parameter.detach().clone() for parameter in parameters]
    batches = [items(trainer, seed).astype("float64") for seed in range(steps * trainer.recipe.n_critic)]
    labels = [np.random.default_rng(seed).integers(3, size=len(x)) for seed, x in enumerate(batches)]
    counts = list(CLASSES.values())
    torch_training.train(trainer.recipe, generator, critic, steps, iter(batches), iter(labels), counts)
    for step in range(steps):
        for _ in range(trainer.recipe.n_critic):
            number = trainer.critic_steps
            trainer.critic_step(paddle.to_tensor(batches[number]), labels[number])
        trainer.generator_step(step)
    moved = sum(((a - b) ** 2).sum().item() for a, b in zip(parameters, begin)) / sum((b**2).sum().item() for b in begin)
    assert moved**0.5 > 0.002, "hardly anything was learned: the test would prove nothing"
    assert distance(trainer.generator, generator, trainer.recipe) < 1e-4
    assert distance(trainer.critic, critic, trainer.recipe) < 1e-4

"""What the benchmarks set beside this project does the same mathematics: Paddle as it comes, and PyTorch."""

import numpy as np
import paddle
import pytest

from benchmarks import plain
from models.networks import dcgan, dcgan_constant, resnet
from models.objectives import OBJECTIVES
from tests.helpers import batch, equal, tiny, tiny_game, values
from training import recipe as recipes

pytestmark = pytest.mark.filterwarnings("ignore:When training")  # Paddle's own batch norm says that it keeps statistics
STATISTICS = {"_mean": "mean", "_variance": "variance"}


def twins(monkeypatch, model, **settings):
    """(our trainer, the trainer of Paddle's own layers with the same weights), both on dcgan."""
    settings = {"network": "dcgan", **settings}
    ours = tiny_game(model, **settings)
    for module in (dcgan, dcgan_constant):
        for player in ("Generator", "Critic"):
            monkeypatch.setattr(module, player, getattr(module, player))  # put back at the end of the test
    monkeypatch.setattr(resnet, "suits", resnet.suits)
    plain.use()
    theirs = tiny_game(model, **settings)
    for role in ("generator", "critic"):
        state = getattr(ours, role).state_dict()
        for name, tensor in getattr(theirs, role).state_dict().items():
            tensor.set_value(channels_first(state[renamed(name)]))
    return ours, theirs


def renamed(name):
    head, _, last = name.rpartition(".")
    return f"{head}.{STATISTICS.get(last, last)}"


def channels_first(tensor):
    """Ours are stored with the channels last, Paddle's layers keep them first."""
    return tensor.transpose([0, 3, 1, 2]) if tensor.ndim == 4 else tensor


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("wgan", {}),
        ("dcgan", {}),
        ("wgan-gp", {}),
        ("wgan-gp", {"critic_norm": "layer"}),
        ("wgan", {"network": "dcgan-nobn"}),
        ("wgan", {"network": "dcgan-constant"}),
    ],
    ids=str,
)
def test_paddle_as_it_comes_trains_as_ours(monkeypatch, double, model, settings):
    """In float64: a first step of RMSProp has one size whatever the gradient's, so that rounding would count."""
    ours, theirs = twins(monkeypatch, model, **settings)
    before = values(ours.critic.state_dict().values())
    for step in range(2):
        for number in range(2):
            real = batch(seed=2 * step + number, dtype="float64")
            mine, other = ours.critic_step(real), theirs.critic_step(real)
            np.testing.assert_allclose(float(mine[0]), float(other[0]), rtol=1e-4)
        np.testing.assert_allclose(float(ours.generator_step(step)), float(theirs.generator_step(step)), rtol=1e-4)
    assert not equal(before, values(ours.critic.state_dict().values()))
    for role in ("generator", "critic"):
        state = getattr(ours, role).state_dict()
        for name, tensor in getattr(theirs, role).state_dict().items():
            np.testing.assert_allclose(tensor.numpy(), channels_first(state[renamed(name)]).numpy(), rtol=1e-4, atol=1e-7)


def test_looking_leaves_the_statistics_of_paddles_own_batch_norm_alone(monkeypatch):
    _, trainer = twins(monkeypatch, "wgan")
    state = lambda: values([*trainer.generator.state_dict().values(), *trainer.critic.state_dict().values()])  # noqa: E731
    before = state()
    with trainer.frozen_batch_norm_statistics():
        trainer.critic(trainer.generator(paddle.randn([8, trainer.recipe.latent])))
    assert equal(before, state())
    trainer.critic(trainer.generator(paddle.randn([8, trainer.recipe.latent])))
    assert not equal(before, state())


def test_both_initialise_alike(monkeypatch):
    """Mean and deviation of the weights of each layer: convolutions N(0, .02), batch norm N(1, .02)."""
    monkeypatch.setattr(dcgan, "Critic", plain.Critic)
    critic = tiny_game("wgan", network="dcgan", filters=64).critic
    for name, weight in critic.named_parameters():
        if name.endswith("weight"):
            mean = 1.0 if weight.ndim == 1 else 0.0
            assert float(weight.mean()) == pytest.approx(mean, abs=0.02)
            assert float(weight.std()) == pytest.approx(0.02, rel=0.3)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_pytorchs_losses_are_the_recipes(objective):
    torch = pytest.importorskip("torch", reason="PyTorch is an optional extra, only to compare with")
    from benchmarks.pytorch import GANTrainer

    trainer = GANTrainer(tiny("dcgan", objective=objective, network="mlp"), (1, 32, 32))
    real, fake = np.random.default_rng(0).normal(0, 3, (2, 64)).astype("float32")
    ours = OBJECTIVES[objective]
    want = ours.critic_loss(paddle.to_tensor(real), paddle.to_tensor(fake)), ours.generator_loss(paddle.to_tensor(fake))
    theirs = trainer.objective
    got = theirs.critic_loss(torch.tensor(real), torch.tensor(fake)), theirs.generator_loss(torch.tensor(fake))
    np.testing.assert_allclose([loss.item() for loss in got], [float(loss) for loss in want], rtol=1e-5)


@pytest.mark.parametrize("model", recipes.names())
def test_pytorchs_game_steps_every_recipe(model):
    torch = pytest.importorskip("torch", reason="PyTorch is an optional extra, only to compare with")
    from benchmarks.pytorch import GANTrainer

    torch.manual_seed(0)
    trainer = GANTrainer(tiny(model), (1, 32, 32))
    before = [parameter.detach().clone() for net in (trainer.critic, trainer.generator) for parameter in net.parameters()]
    trainer.critic_step(torch.rand(8, 1, 32, 32))
    trainer.generator_step()
    after = [parameter for net in (trainer.critic, trainer.generator) for parameter in net.parameters()]
    assert all(torch.isfinite(b).all() for b in after)
    assert any(not torch.equal(a, b) for a, b in zip(before, after))

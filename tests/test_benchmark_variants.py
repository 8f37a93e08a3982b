"""What the benchmarks set beside this project does the same mathematics: Paddle as it comes, and PyTorch."""

import numpy as np
import paddle
import pytest

from benchmarks import plain
from models.networks import dcgan
from tests.helpers import batch, equal, tiny_game, values

pytestmark = pytest.mark.filterwarnings("ignore:When training")  # Paddle's own batch norm says that it keeps statistics
STATISTICS = {"_mean": "mean", "_variance": "variance"}


def twins(monkeypatch, model, **settings):
    """(our game, the game of Paddle's own layers with the same weights), both on dcgan."""
    settings = {"network": "dcgan", **settings}
    ours = tiny_game(model, **settings)
    monkeypatch.setattr(dcgan, "Generator", plain.Generator)
    monkeypatch.setattr(dcgan, "Critic", plain.Critic)
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
    [("wgan", {}), ("dcgan", {}), ("wgan-gp", {}), ("wgan-gp", {"critic_norm": "layer"}), ("wgan", {"network": "dcgan-nobn"})],
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
    _, game = twins(monkeypatch, "wgan")
    state = lambda: values([*game.generator.state_dict().values(), *game.critic.state_dict().values()])  # noqa: E731
    before = state()
    with game.looking():
        game.critic(game.generator(paddle.randn([8, game.recipe.latent])))
    assert equal(before, state())
    game.critic(game.generator(paddle.randn([8, game.recipe.latent])))
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

"""A stranger adds an objective, and a network, in one place: a row at run time. All commands then know it."""

from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from paddle import nn

from models import networks, objectives
from tests import test_objectives
from tests.helpers import TINY_FLAGS, log_of, tiny, unwarned
from tests.test_compare import results
from training import run

pytestmark = pytest.mark.filterwarnings("ignore:When training")  # Paddle's batch norm says that it keeps statistics
FLAGS = ["--data", "mnist-5k", *TINY_FLAGS, "-o", "batch_size=64", "--steps", 3]  # the critic scores batches of that size
SCORES = ["--metrics", "swd", "--samples", "100"]


def hinge_critic(real, fake):
    """E max(0, 1 − D(x)) + E max(0, 1 + D(G(z))) (Lim and Ye, 1705.02894)."""
    return (1 - real).clip(min=0).mean() + (1 + fake).clip(min=0).mean()


@pytest.fixture
def hinge(monkeypatch):
    row = objectives.Objective(hinge_critic, lambda fake: -fake.mean())
    monkeypatch.setitem(objectives.OBJECTIVES, "hinge", row)


class Generator(nn.Layer):
    """z N×latent → N×shape: what one would write first, with Paddle's own batch norm."""

    def __init__(self, recipe, shape):
        super().__init__()
        self.shape, units = list(shape), recipe.units
        layers = nn.Linear(recipe.latent, units), nn.BatchNorm1D(units), nn.ReLU(), nn.Linear(units, int(np.prod(shape)))
        self.body = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z):
        return self.body(z).reshape([-1, *self.shape])


class Critic(nn.Layer):
    def __init__(self, recipe, shape):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(int(np.prod(shape)), recipe.units), nn.LeakyReLU(0.2), nn.Linear(recipe.units, 1))

    def forward(self, x):
        return self.body(x.reshape([len(x), -1])).reshape([-1])


@pytest.fixture
def shallow(monkeypatch):
    row = networks.Network(SimpleNamespace(Generator=Generator, Critic=Critic), points=True)
    monkeypatch.setitem(networks.NETWORKS, "shallow", row)


def trained_scored_and_compared(call, *flags):
    """Train with these flags, evaluate, draw, and compare with gan; the recipe of the training."""
    trained = call("train", "--model", "dcgan", *FLAGS, "-o", "ema=0.9", *flags, "--out", "runs/new")
    assert (trained.status, unwarned(trained.err)) == (0, "")
    log = log_of("runs/new")
    assert [line["step"] for line in log] == [1, 2, 3] and all(np.isfinite(value) for line in log for value in line.values())
    scored = call("eval", "runs/new", *SCORES)
    assert (scored.status, "swd" in scored.out) == (0, True)
    assert call("sample", "runs/new", "--out", "a.png").status == 0
    compared = call("compare", "runs/new", "gan", *SCORES, "--jobs", 1, "--seeds", 1, "--out", "A")
    assert compared.status == 0, compared.err
    assert [entry["status"] for entry in results("A")["runs"]] == ["finished", "finished"]
    assert all("swd" in entry["metrics"] for entry in results("A")["runs"])
    return run.read_recipe("runs/new")


@pytest.mark.usefixtures("hinge")
def test_an_objective_is_added_in_one_place(call, refused):
    assert "did you mean 'hinge'" in refused("train", "--model", "gan", "-o", "objective=hnge")
    recipe = trained_scored_and_compared(call, "-o", "objective=hinge", "--network", "mlp")
    assert recipe.objective == "hinge"
    # and the tests of all objectives serve it
    test_objectives.test_losses_are_means_and_their_gradients_equal_finite_differences("hinge")
    test_objectives.test_losses_and_gradients_stay_finite_for_huge_float32_logits("hinge", 1e4)


@pytest.mark.usefixtures("hinge")
def test_the_same_losses_serve_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is an optional extra, only to compare with")
    from benchmarks.pytorch import GANTrainer

    trainer = GANTrainer(tiny("gan", objective="hinge"), (1, 32, 32))
    real, fake = np.random.default_rng(0).normal(0, 2, (2, 64)).astype("float32")
    loss = trainer.objective.critic_loss(torch.tensor(real), torch.tensor(fake))
    assert float(loss) == pytest.approx(np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean(), rel=1e-5)
    trainer.critic_step(torch.rand(8, 1, 32, 32))
    trainer.generator_step()


@pytest.mark.usefixtures("shallow")
def test_a_network_is_added_in_one_place(call, refused):
    assert "did you mean 'shallow'" in refused("train", "--model", "gan", "--network", "shalow")
    recipe = trained_scored_and_compared(call, "--network", "shallow", "-o", "n_critic=2")
    assert (recipe.network, recipe.generator_norm, recipe.critic_norm) == ("shallow", "none", "none")
    assert (
        call("train", "--model", "wgan-gp", *FLAGS, "--network", "shallow", "--data", "8gaussians", "--out", "points").status == 0
    )


@pytest.mark.usefixtures("shallow")
def test_pytorch_has_no_counterpart_of_it_and_says_so():
    pytest.importorskip("torch", reason="PyTorch is an optional extra, only to compare with")
    from benchmarks.pytorch import GANTrainer
    from errors import UserError

    with pytest.raises(UserError, match="network shallow has no counterpart in PyTorch"):
        GANTrainer(tiny("gan", network="shallow"), (1, 32, 32))


def test_a_norm_and_an_optimiser_are_rows_as_well(monkeypatch):
    from models.networks import norms
    from training.optimizers import OPTIMIZERS, Row, can_continue
    from training.settings import reads
    from training.trainer import GANTrainer

    group = lambda channels, channels_last: nn.GroupNorm(1, channels, data_format="NHWC" if channels_last else "NCHW")  # noqa: E731
    momentum = lambda recipe, rate, weights: paddle.optimizer.Momentum(rate, recipe.beta1, weights)  # noqa: E731
    monkeypatch.setitem(norms.NORMS, "group", norms.Norm(group))
    monkeypatch.setitem(OPTIMIZERS, "momentum", Row(momentum, ("beta1",)))
    recipe = tiny("dcgan", generator_norm="group", critic_norm="group", optimizer="momentum")
    trainer = GANTrainer(recipe, (1, 32, 32))
    kinds = {type(layer).__name__ for network in (trainer.generator, trainer.critic) for layer in network.sublayers()}
    assert "GroupNorm" in kinds and "BatchNorm" not in kinds
    trainer.critic_step(paddle.rand([8, 1, 32, 32]))
    assert np.isfinite(float(trainer.generator_step(0)))
    assert reads(recipe, "beta1") and not reads(recipe, "beta2")
    assert can_continue(recipe, recipe.model_copy(update={"beta2": 0.9})) and not can_continue(
        recipe, recipe.model_copy(update={"beta1": 0.9})
    )


class Wide(nn.Layer):
    """A critic of three numbers a sample."""

    def __init__(self, recipe, shape):
        super().__init__()
        self.layer = nn.Linear(int(np.prod(shape)), 3)

    def forward(self, x):
        return self.layer(x.flatten(1))


class Flat(nn.Layer):
    """A generator of vectors."""

    def __init__(self, recipe, shape):
        super().__init__()
        self.layer = nn.Linear(recipe.latent, int(np.prod(shape)))

    def forward(self, z):
        return self.layer(z)


@pytest.mark.parametrize(
    ("generator", "critic", "said"),
    [
        (Generator, Wide, "network mine: its critic makes [2, 3] of 2 items, [2] is wanted"),
        (Flat, Critic, "network mine: its generator makes [2, 1024] of 2 items, [2, 1, 32, 32] is wanted"),
    ],
)
def test_networks_that_make_something_else_are_refused_before_anything_is_written(monkeypatch, refused, generator, critic, said):
    row = networks.Network(SimpleNamespace(Generator=generator, Critic=critic))
    monkeypatch.setitem(networks.NETWORKS, "mine", row)
    assert said in refused("train", "--model", "wgan", *FLAGS, "--network", "mine")


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda real, fake: fake - real, "the critic's loss has the shape [2]"),
        (lambda real, fake: (fake - real).mean().detach(), "the critic's loss depends on no output"),
    ],
)
def test_a_loss_that_is_none_is_refused_before_anything_is_written(monkeypatch, refused, loss, said):
    monkeypatch.setitem(objectives.OBJECTIVES, "mine", objectives.OBJECTIVES["wasserstein"]._replace(critic_loss=loss))
    assert said in refused("train", "--model", "wgan", *FLAGS, "--network", "mlp", "-o", "objective=mine")

"""A user's own network that holds Paddle's batch norm trains as one with the project's, or an error says why it cannot."""

from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from paddle import nn

from errors import UserError
from models import networks
from tests.helpers import ROOT, TINY_FLAGS, batch, equal, log_of, run_program, tiny, tiny_game, values, weights_of
from training import health

pytestmark = pytest.mark.filterwarnings("ignore:When training")  # Paddle's batch norm says that it keeps statistics

# a program of the user's own; its critic's batch norm is the one that is asked for
PROGRAM = """
from types import SimpleNamespace

import train
from models.networks import NETWORKS, Network
from reporting import console


def generator(recipe, shape):
    from paddle import nn

    maps = nn.Linear(recipe.latent, 64), nn.Unflatten(1, [4, 4, 4]), nn.BatchNorm2D(4), nn.ReLU()
    return nn.Sequential(*maps, nn.Conv2DTranspose(4, shape[0], 8, 8), nn.Tanh())


def critic(recipe, shape):
    from paddle import nn

    convolution = nn.Conv2D(shape[0], 4, 8, 8)
    return nn.Sequential(convolution, nn.BatchNorm2D(4), nn.LeakyReLU(0.2), nn.Conv2D(4, 1, 4), nn.Flatten(0))


NETWORKS["own"] = Network(SimpleNamespace(Generator=generator, Critic=critic), (32,))
if __name__ == "__main__":
    console.run(train.main)
"""


@pytest.fixture
def own(monkeypatch):
    """The network 'own' of the program above; own(layer) puts another layer in the place of its critic's batch norm."""
    made = {"__name__": "own"}
    monkeypatch.setitem(networks.NETWORKS, "own", None)  # to be taken back
    exec(PROGRAM, made)

    def replace(layer):
        def critic(recipe, shape):
            network = made["critic"](recipe, shape)
            network[1] = layer
            return network

        row = networks.NETWORKS["own"]._replace(source=SimpleNamespace(Generator=made["generator"], Critic=critic))
        monkeypatch.setitem(networks.NETWORKS, "own", row)

    return replace


def statistics(network):
    return [value.numpy().copy() for name, value in network.state_dict().items() if name.endswith(("_mean", "_variance"))]


@pytest.mark.usefixtures("own")
def test_the_critic_sees_real_and_generated_items_apart():
    trainer = tiny_game("wgan", network="own")
    real, fake = batch(seed=1), batch(seed=2) * 3
    with paddle.no_grad():
        outputs = trainer.logits(real, fake)
        assert equal(values(outputs), values([trainer.critic(real), trainer.critic(fake)]))
        together = trainer.critic(paddle.concat([real, fake])).numpy()
    assert np.abs(together - np.concatenate(values(outputs))).max() > 1e-4


@pytest.mark.usefixtures("own")
def test_training_moves_the_running_statistics_and_measuring_does_not():
    trainer = tiny_game("wgan", network="own")
    both = lambda: statistics(trainer.generator) + statistics(trainer.critic)  # noqa: E731
    before = both()
    assert len(before) == 4
    health.measure(trainer, batch(seed=1), batch(seed=2), 1)
    assert equal(before, both())
    trainer.critic_step(batch())
    trainer.generator_step(0)
    assert not any(np.array_equal(old, new) for old, new in zip(before, both(), strict=True))


@pytest.mark.usefixtures("own")
def test_clipping_leaves_the_running_statistics_alone():
    trainer = tiny_game("wgan", network="own", clip=0.01)
    trainer.critic_step(batch())
    assert max(np.abs(weight).max() for weight in values(trainer.critic_weights)) <= np.float32(0.01)
    assert statistics(trainer.critic)[1].min() > 0.5, "a running variance that began at 1 was clipped"


@pytest.mark.usefixtures("own")
def test_the_average_has_averaged_statistics():
    trainer = tiny_game("wgan", network="own", ema=0.9)
    means = {"before": statistics(trainer.average)[0]}
    trainer.generator_step(0)
    means["network"] = statistics(trainer.generator)[0]
    np.testing.assert_allclose(statistics(trainer.average)[0], 0.1 * means["before"] + 0.9 * means["network"], rtol=1e-5)
    assert np.abs(means["network"]).max() > 0


@pytest.mark.usefixtures("own")
def test_with_a_gradient_penalty_the_error_is_that_of_the_projects_own():
    with pytest.raises(UserError) as ours:
        tiny("wgan-gp", network="dcgan", critic_norm="batch")
    with pytest.raises(UserError) as theirs:
        tiny_game("wgan-gp", network="own")
    assert str(theirs.value) == str(ours.value) and "penalty" in str(ours.value)


def test_sync_batch_norm_on_a_cpu_is_an_error_in_a_line(own):
    if paddle.device.get_device() != "cpu":
        pytest.skip("a GPU can do it")
    own(nn.SyncBatchNorm(4))
    with pytest.raises(UserError, match="the critic has Paddle's SyncBatchNorm, which runs on GPUs only"):
        tiny_game("wgan", network="own")


@pytest.mark.usefixtures("own")
def test_a_run_is_resumed_to_the_bit_evaluated_and_drawn_from(call, mnist_dir):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "--network", "own", "-o", "ema=0.9", "--model", "wgan"]
    for out, steps in (("whole", 4), ("parts", 2), ("parts", 4)):
        made = call("train", *flags, "--steps", steps, "--out", out, "--resume")
        assert made.status == 0, made.err
    assert log_of("whole") == log_of("parts")
    assert weights_of("whole", 4) == weights_of("parts", 4) and len(weights_of("whole", 4)) == 5
    assert call("sample", "whole", "--out", "a.png").status == 0
    assert call("eval", "whole", "--data-dir", mnist_dir, "--metrics", "swd", "--samples", "16").status == 0


def test_in_several_processes_it_is_an_error_in_a_line_unless_each_may_have_its_own_statistics(tmp_path):
    (tmp_path / "own.py").write_text(PROGRAM)
    own = [tmp_path / "own.py", "--model", "wgan", "--network", "own", *TINY_FLAGS, "--processes", 2, "--out", "run"]
    environment = {"PYTHONPATH": str(ROOT)}
    status, _, error = run_program(*own, cwd=tmp_path, env=environment)
    lines = [line for line in error.splitlines() if "error" in line]
    assert (status, len(lines)) == (2, 1)
    assert "Paddle's BatchNorm2D would see" in lines[0] and "sync_batch_norm=false" in lines[0]
    assert "Traceback" not in error and not (tmp_path / "run").exists()
    status, out, error = run_program(*own, "-o", "sync_batch_norm=false", cwd=tmp_path, env=environment)
    assert (status, out.splitlines()[-1]) == (0, "run"), error
    assert [line["step"] for line in log_of(tmp_path / "run")] == [1, 2, 3, 4]

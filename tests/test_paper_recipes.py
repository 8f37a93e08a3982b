"""wgan-paper and wgan-gp-paper, whose every value is fixed; what wgan and wgan-gp keep whatever a search finds for them."""

import math

import numpy as np
import paddle
import pytest

from models import networks
from models.networks import gp_dcgan
from tests.helpers import PAPER
from training import recipe as recipes

# all values of a recipe, as they were when these two were called wgan and wgan-gp
COMMON = {
    "data": "mnist-5k",
    "image_size": 32,
    "fit": "crop",
    "conditional": False,
    "generator_network": "dcgan",
    "critic_network": "dcgan",
    "objective": "wasserstein",
    "n_critic": 5,
    "warm_up": False,
    "decay": False,
    "ema": 0.0,
    "batch_size": 64,
    "generator_batch_size": None,
    "latent": 100,
    "filters": 32,
    "units": 512,
    "generator_norm": "batch",
    "sync_batch_norm": True,
    "amp": False,
    "minutes": None,
    "clock": "wall",
    "seed": 0,
    "log_every": 50,
    "sample_every": 500,
    "checkpoint_every": 500,
    "keep_checkpoints": 3,
    "on_nan": "stop",
}
RATE, GP_RATE = (dict.fromkeys(("generator_learning_rate", "critic_learning_rate"), rate) for rate in (5e-5, 1e-4))
RMSPROP = {"optimizer": "rmsprop", "beta1": 0.5, "beta2": 0.999}  # which it does not use
ADAM = {"optimizer": "adam", "beta1": 0.0, "beta2": 0.9}
OWN = {
    "wgan-paper": {"clip": 0.01, "penalty": None, **RMSPROP, **RATE, "critic_norm": "batch", "steps": 2200},
    "wgan-gp-paper": {"clip": None, "penalty": 10, **ADAM, **GP_RATE, "critic_norm": "none", "steps": 1000},
}
POINTS = {"generator_network": "mlp", "critic_network": "mlp", "generator_norm": "none", "critic_norm": "none"}
POINTS |= {"batch_size": 256, "latent": 2, "steps": 14_000}
PLANE = ("8gaussians", "25gaussians", "swissroll", "2lines")
MAIN_PY = {"filters": 64, "warm_up": True}  # the WGAN authors' main.py
# improved_wgan_training's scripts; they call a generator step an iteration
GAN_DCGAN = {"generator_network": "gp-dcgan", "critic_network": "gp-dcgan", "latent": 128, "beta1": 0.5, "steps": 200_000}
GAN_MNIST = {**GAN_DCGAN, "filters": 64, "batch_size": 50, "image_size": 28, "generator_norm": "none"}
GAN_CIFAR = {**GAN_DCGAN, "filters": 128, "batch_size": 64, "generator_norm": "batch"}
GAN_TOY = {"generator_network": "gp-toy", "critic_network": "gp-toy", "penalty": 0.1, "beta1": 0.5, "steps": 100_000}
PER_DATA = {
    "wgan-paper": {
        "mnist-5k": {},
        "stacked-mnist": {},
        **dict.fromkeys(("mnist", "fashion-mnist"), MAIN_PY | {"steps": 40_000}),
        "cifar10": MAIN_PY | {"steps": 100_000},
        "folder:pictures": MAIN_PY | {"steps": 100_000, "image_size": 64},
        **dict.fromkeys(PLANE, POINTS),
    },
    "wgan-gp-paper": {
        "mnist-5k": {},
        "stacked-mnist": {},
        **dict.fromkeys(("mnist", "fashion-mnist"), GAN_MNIST),
        "cifar10": GAN_CIFAR,
        "folder:pictures": {"filters": 64, "steps": 100_000, "image_size": 64},
        **dict.fromkeys(PLANE, POINTS | GAN_TOY),
    },
}


@pytest.mark.parametrize(("model", "data"), [(model, data) for model in PAPER for data in PER_DATA[model]])
def test_the_papers_recipes_are_theirs_in_every_value(model, data):
    expected = {"model": model, **COMMON, **OWN[model], **PER_DATA[model][data], "data": data}
    assert recipes.load(model, overrides={"data": data}).model_dump() == expected


def test_the_residual_recipe_is_gan_cifar_resnet_s():
    """Without classes and without the noise of a grey level that it adds to images."""
    recipe = recipes.load("wgan-gp-resnet-paper", overrides={"data": "cifar10"})
    assert (recipe.network, recipe.filters, recipe.latent, recipe.critic_norm) == ("resnet", 128, 128, "none")
    assert (recipe.n_critic, recipe.penalty, recipe.batch_size, recipe.generator_batch_size) == (5, 10, 64, 128)
    assert (recipe.generator_learning_rate, recipe.critic_learning_rate, recipe.decay) == (2e-4, 2e-4, True)
    assert (recipe.beta1, recipe.beta2, recipe.steps) == (0.0, 0.9, 100_000)


def weights(model, data, shape, **settings):
    """(generator, critic) that a recipe builds for items of `shape`."""
    return networks.build(recipes.load(model, overrides={"data": data, **settings}), shape)


def count(network):
    return sum(math.prod(weight.shape) for weight in network.parameters())


@pytest.mark.parametrize(
    ("model", "data", "shape", "generator", "critic"),
    [
        ("wgan-gp-paper", "mnist", (1, 28, 28), 1_554_177, 1_030_145),
        ("wgan-gp-paper", "cifar10", (3, 32, 32), 5_179_907, 4_114_689),
        ("wgan-gp-paper", "8gaussians", (2,), 527_874, 527_361),
        ("wgan-gp-resnet-paper", "cifar10", (3, 32, 32), 1_204_483, 1_053_825),
    ],
)
def test_networks_have_as_many_weights_as_the_authors(model, data, shape, generator, critic):
    """Counted from the shapes that their scripts give to their layers."""
    assert [count(network) for network in weights(model, data, shape)] == [generator, critic]


def test_networks_begin_as_the_authors_do():
    """Uniform weights of their variances, biases 0, batch norm's scale 1."""
    he = lambda inputs, outputs: (4 / (25 * (inputs + outputs))) ** 0.5  # noqa: E731 - a stride of 2 leaves a quarter to each
    expected = {
        "generator/linear.weight": (2 / (128 + 8192)) ** 0.5,
        "generator/main.0.weight": he(512 / 4, 256),
        "generator/main.3.weight": he(256 / 4, 128),
        "generator/main.6.weight": he(128 / 4, 3),
        "critic/main.0.weight": he(3, 128 / 4),
        "critic/main.2.weight": he(128, 256 / 4),
        "critic/main.4.weight": he(256, 512 / 4),
        "critic/main.6.weight": (2 / (8192 + 1)) ** 0.5,
    }
    found = {
        weight.name: weight.numpy()
        for network in weights("wgan-gp-paper", "cifar10", (3, 32, 32))
        for weight in network.parameters()
    }
    for name, value in found.items():
        if name in expected:
            deviation = expected.pop(name)
            assert value.std() == pytest.approx(deviation, rel=0.03) and abs(value).max() <= 3**0.5 * deviation * (1 + 1e-6)
        else:
            assert set(value.ravel()) == {1.0 if name.endswith("weight") else 0.0}, name  # batch norm's scale; shifts and biases
    assert not expected
    toy = [weight.numpy() for weight in weights("wgan-gp-paper", "8gaussians", (2,))[1].parameters() if weight.ndim == 2]
    variances = [2 / 2, 2 / 512, 2 / 512, 2 / 513]
    assert [layer.std() for layer in toy] == pytest.approx([variance**0.5 for variance in variances], rel=0.06)


@pytest.mark.parametrize("size", [7, 28, 32])
def test_gp_dcgan_pads_as_tensorflow_does(size):
    """SAME: of an even size one row before and two after it, of an odd one two and two; the generator's layer is the adjoint."""
    rng = np.random.default_rng(size)
    x = rng.standard_normal((2, size, size, 3)).astype(np.float32)
    layer = gp_dcgan.Halve(3, 5, size)
    before, after = (1, 2) if size % 2 == 0 else (2, 2)
    padded = paddle.to_tensor(np.pad(x, ((0, 0), (before, after), (before, after), (0, 0))).transpose(0, 3, 1, 2))
    expected = paddle.nn.functional.conv2d(padded, layer.weight.transpose([0, 3, 1, 2]), stride=2).transpose([0, 2, 3, 1])
    y = layer(paddle.to_tensor(x))
    np.testing.assert_allclose(y.numpy(), expected.numpy(), atol=1e-5)
    double = gp_dcgan.Double(5, 3, size)
    double.weight.set_value(layer.weight)
    z = paddle.to_tensor(rng.standard_normal(y.shape).astype(np.float32))
    if size % 2 == 0:
        assert float((y * z).sum()) == pytest.approx(float((double(z) * paddle.to_tensor(x)).sum()), rel=1e-3)


@pytest.mark.parametrize("data", PER_DATA["wgan-paper"])
def test_wgan_is_clipped_by_rmsprop_and_wgan_gp_penalised_without_batch_norm(data):
    wgan, gp = (recipes.load(model, overrides={"data": data}) for model in ("wgan", "wgan-gp"))
    assert (wgan.objective, wgan.optimizer, wgan.penalty) == ("wasserstein", "rmsprop", None) and wgan.clip
    assert (gp.objective, gp.clip) == ("wasserstein", None) and gp.penalty and gp.critic_norm != "batch"

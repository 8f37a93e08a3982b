"""Shapes, ranges, initialisation and naming of the networks; DCGAN layer by layer as the authors print it."""

import numpy as np
import paddle
import pytest
from paddle import nn

from data.dataset import crop_to
from errors import UserError
from models import networks
from models.constraints import trainable
from models.networks import layers
from models.networks.convolution import Conv, Deconv
from models.networks.paperweekly import max_pool
from tests.helpers import NETWORKS, batch, equal, tiny, values
from training.sampling import generate

SHAPES = [
    *((network, (colours, 32, 32)) for network in NETWORKS for colours in (1, 3)),
    ("dcgan", (3, 64, 64)),
    ("dcgan", (1, 128, 128)),
    ("dcgan-nobn", (3, 64, 64)),
    ("dcgan-constant", (3, 64, 64)),
    ("dcgan-constant", (1, 128, 128)),
    ("resnet", (3, 64, 64)),
    ("paperweekly", (1, 28, 28)),
    ("mlp", (1, 28, 28)),
    ("mlp", (3, 17, 17)),
    ("mlp", (2,)),
]


def build(network, shape, **settings):
    size = shape[-1] if len(shape) == 3 else 32
    data = "mnist-5k" if len(shape) == 3 else "25gaussians"
    settings |= {"network": network} if network else {}
    return networks.build(tiny("dcgan", data=data, image_size=size, **settings), shape)


@pytest.mark.parametrize(("network", "shape"), SHAPES)
def test_generator_makes_items_of_the_shape_and_critic_one_logit_each(network, shape):
    generator, critic = build(network, shape)
    images = generator(batch(5, (8,)))
    assert images.shape == [5, *shape]
    assert critic(images).shape == [5]
    if network not in ("mlp", "mlp-bn"):  # the authors' mlp has no tanh
        assert float(images.abs().max()) <= 1


@pytest.mark.parametrize("network", NETWORKS)
def test_the_critic_ends_without_a_sigmoid(network):
    _, critic = build(network, (1, 32, 32), critic_norm="none")
    last = trainable(critic)[-1] if trainable(critic)[-1].ndim > 1 else trainable(critic)[-2]
    last.set_value(last * 1e4)
    logits = np.concatenate([critic(sign * batch(16)).numpy() for sign in (1, -1)])
    assert logits.min() < 0 or logits.max() > 1, "all outputs in [0, 1]"
    assert np.abs(logits).max() > 1


def describe(sequence):
    """(kind, sizes) of the layers of a Sequential, in order."""
    found = []
    for layer in sequence:
        match layer:
            case Conv():
                found.append(("conv", layer.weight.shape, layer.stride, layer.padding))
            case Deconv():
                found.append(("deconv", layer.weight.shape, layer.stride, layer.padding))
            case layers.BatchNorm():
                found.append(("batch norm", layer.weight.shape[0], layer.epsilon, layer.momentum))
            case layers.LeakyReLU():
                found.append(("leaky relu", layer.a))
            case _:
                found.append((type(layer).__name__.lower(),))
    return found


def norm(channels):
    return ("batch norm", channels, 1e-5, 0.9)  # a momentum of .9 in Paddle is .1 in Torch


def test_dcgan_at_64_pixels_is_layer_by_layer_the_authors():
    generator, critic = networks.build(tiny("wgan-paper", filters=64, latent=100, image_size=64, data="cifar10"), (3, 64, 64))
    assert describe(critic.main) == [
        ("conv", [64, 4, 4, 3], 2, 1),
        ("leaky relu", 0.2),
        ("conv", [128, 4, 4, 64], 2, 1),
        norm(128),
        ("leaky relu", 0.2),
        ("conv", [256, 4, 4, 128], 2, 1),
        norm(256),
        ("leaky relu", 0.2),
        ("conv", [512, 4, 4, 256], 2, 1),
        norm(512),
        ("leaky relu", 0.2),
        ("conv", [1, 4, 4, 512], 1, 0),
    ]
    assert describe(generator.main) == [
        ("deconv", [100, 4, 4, 512], 1, 0),
        norm(512),
        ("relu",),
        ("deconv", [512, 4, 4, 256], 2, 1),
        norm(256),
        ("relu",),
        ("deconv", [256, 4, 4, 128], 2, 1),
        norm(128),
        ("relu",),
        ("deconv", [128, 4, 4, 64], 2, 1),
        norm(64),
        ("relu",),
        ("deconv", [64, 4, 4, 3], 2, 1),
        ("tanh",),
    ]
    count = lambda network: sum(weight.size for weight in trainable(network))  # noqa: E731
    assert (
        count(generator) == 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 2 * (512 + 256 + 128 + 64) == 3576704
    )
    assert count(critic) == 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 2 * (128 + 256 + 512) == 2765568
    for weight in trainable(generator) + trainable(critic):
        if weight.ndim == 4 and weight.size > 9000:
            assert float(weight.mean()) == pytest.approx(0, abs=1e-3)
            assert float(weight.std()) == pytest.approx(0.02, rel=0.03)
        elif weight.name.endswith("bias"):
            assert float(weight.abs().max()) == 0
        elif weight.ndim == 1:
            assert float(weight.mean()) == pytest.approx(1, abs=0.01)
            assert float(weight.std()) == pytest.approx(0.02, rel=0.4)


@pytest.mark.parametrize(("size", "doublings"), [(32, 3), (64, 4), (128, 5)])
def test_dcgan_constant_is_of_one_width_without_norm_and_its_critic_is_dcgans(size, doublings):
    recipes = [tiny("wgan-paper", network=name, filters=48, image_size=size) for name in ("dcgan-constant", "dcgan")]
    (generator, critic), (_, other) = (networks.build(recipe, (1, size, size)) for recipe in recipes)
    inner = [layer for _ in range(doublings - 1) for layer in (("deconv", [48, 4, 4, 48], 2, 1), ("relu",))]
    expected = [("deconv", [8, 4, 4, 48], 1, 0), ("relu",), *inner, ("deconv", [48, 4, 4, 1], 2, 1), ("tanh",)]
    assert describe(generator.main) == expected
    assert describe(critic.main) == describe(other.main)
    assert recipes[0].generator_norm == "none" and recipes[0].critic_norm == "batch"


@pytest.mark.parametrize(("generator", "critic"), zip(NETWORKS, NETWORKS[1:] + NETWORKS[:1]))
def test_each_player_has_its_own_network(generator, critic):
    kinds = lambda network: [type(layer).__name__ for layer in network.sublayers()]  # noqa: E731
    shapes = lambda network: [weight.shape for weight in trainable(network)]  # noqa: E731
    mixed = build(None, (1, 32, 32), generator_network=generator, critic_network=critic)
    same = build(generator, (1, 32, 32))[0], build(critic, (1, 32, 32))[1]
    for one, other in zip(mixed, same, strict=True):
        assert (kinds(one), shapes(one)) == (kinds(other), shapes(other))
    assert mixed[1](mixed[0](batch(2, (8,)))).shape == [2]


def test_mlp_is_four_linear_layers_of_512_with_relu_and_no_tanh():
    generator, critic = networks.build(tiny("gan", units=512, latent=100), (1, 32, 32))
    linear = lambda network: [layer.weight.shape for layer in network.body if hasattr(layer, "weight")]  # noqa: E731
    assert linear(generator) == [[100, 512], [512, 512], [512, 512], [512, 1024]]
    assert linear(critic) == [[1024, 512], [512, 512], [512, 512], [512, 1]]
    others = {type(layer).__name__ for network in (generator, critic) for layer in network.body} - {"Linear"}
    assert others == {"ReLU"}


def test_nobn_and_critic_norms_choose_the_layers():
    kinds = lambda network: {type(x).__name__ for x in network.sublayers() if "Norm" in type(x).__name__}  # noqa: E731
    generator, critic = build("dcgan-nobn", (1, 32, 32))
    assert kinds(generator) == set() and kinds(critic) == {"BatchNorm"}
    generator, critic = build("dcgan", (1, 32, 32), critic_norm="layer")
    assert kinds(generator) == {"BatchNorm"} and kinds(critic) == {"LayerNorm"}
    assert kinds(build("resnet", (1, 32, 32), critic_norm="none")[1]) == set()


@pytest.mark.parametrize("network", NETWORKS)
def test_the_seed_decides_the_weights(network):
    first, again, other = (trainable(build(network, (1, 32, 32), seed=seed)[0])[0].numpy() for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_parameters_keep_their_names_whatever_was_built_before():
    names = [[weight.name for network in build("dcgan", (1, 32, 32)) for weight in trainable(network)] for _ in range(2)]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0])


@pytest.mark.parametrize("network", NETWORKS)
def test_a_sample_does_not_depend_on_its_batch_mates(network):
    generator, _ = build(network, (1, 32, 32))
    generator(batch(16, (8,), seed=1))  # running statistics that are not 0 and 1
    z = np.random.default_rng(0).standard_normal((6, 8)).astype("float32")
    together = generate(generator, z)
    alone = np.concatenate([generate(generator, z[k : k + 1]) for k in range(6)])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert generator.training, "back in training mode afterwards"


@pytest.mark.parametrize(
    ("network", "norm"),
    [(network, norm) for network in ("dcgan", "resnet", "paperweekly") for norm in ("layer", "none")] + [("mlp", "none")],
)
def test_a_critic_without_batch_norm_judges_each_sample_by_itself(network, norm):
    _, critic = build(network, (1, 32, 32), critic_norm=norm)
    x = batch(4)
    together = critic(x).numpy()
    alone = np.concatenate([critic(x[k : k + 1]).numpy() for k in range(4)])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("channels_last", [True, False])
def test_layer_norm_is_over_all_axes_of_a_sample(channels_last):
    x = batch(3, (5, 6, 6) if not channels_last else (6, 6, 5))
    layer = layers.LayerNorm(5, channels_last)
    out = layer(x).numpy()
    a = x.numpy()
    mean, variance = a.mean((1, 2, 3), keepdims=True), a.var((1, 2, 3), keepdims=True)
    np.testing.assert_allclose(out, (a - mean) / np.sqrt(variance + 1e-5), atol=1e-5)


def test_batch_norm_follows_the_batch_and_frozen_statistics_stay():
    layer = layers.BatchNorm(3)
    x = batch(8, (3, 4, 4)) * 3 + 1
    with layers.frozen_statistics(paddle.nn.Sequential(layer)):
        looked = layer(x).numpy()
        assert float(layer.mean.abs().max()) == 0 and float((layer.variance - 1).abs().max()) == 0
    trained = layer(x).numpy()
    np.testing.assert_allclose(looked, trained, atol=1e-6)
    a = x.numpy()
    np.testing.assert_allclose(layer.mean.numpy(), 0.1 * a.mean((0, 2, 3)), atol=1e-5)
    np.testing.assert_allclose(layer.variance.numpy(), 0.9 + 0.1 * a.var((0, 2, 3)), atol=1e-4)
    scale, shift = (p.numpy().reshape(1, 3, 1, 1) for p in (layer.weight, layer.bias))
    normal = (a - a.mean((0, 2, 3), keepdims=True)) / np.sqrt(a.var((0, 2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(trained, normal * scale + shift, atol=1e-4)
    layer.eval()
    running = (a - layer.mean.numpy().reshape(1, 3, 1, 1)) / np.sqrt(layer.variance.numpy().reshape(1, 3, 1, 1) + 1e-5)
    np.testing.assert_allclose(layer(x).numpy(), running * scale + shift, atol=1e-4)


@pytest.mark.parametrize("kind", [nn.BatchNorm, nn.BatchNorm1D, nn.BatchNorm2D, nn.BatchNorm3D, nn.SyncBatchNorm])
def test_paddles_own_batch_norm_is_known(kind):
    assert layers.has_batch_norm(nn.Sequential(nn.Conv2D(1, 3, 3), nn.Sequential(kind(3))))
    assert layers.has_batch_norm(kind(3))
    assert not layers.has_batch_norm(nn.Sequential(nn.Conv2D(1, 3, 3), nn.GroupNorm(1, 3)))


@pytest.mark.filterwarnings("ignore:When training")
def test_frozen_statistics_put_those_of_paddles_own_batch_norm_back():
    network = nn.Sequential(nn.Conv2D(3, 3, 3), nn.BatchNorm2D(3))
    before = values(network.state_dict().values())
    with layers.frozen_statistics(network):
        network(batch(8, (3, 4, 4)))
    assert equal(before, values(network.state_dict().values()))
    network(batch(8, (3, 4, 4)))
    assert not equal(before, values(network.state_dict().values())), "training does move the running statistics"


@pytest.mark.parametrize("size", [8, 9])
def test_composed_max_pooling_equals_paddles(size):
    x = batch(2, (3, size, size))
    np.testing.assert_allclose(max_pool(x).numpy(), paddle.nn.functional.max_pool2d(x, 2).numpy(), atol=1e-6)


def test_looking_at_the_networks_changes_nothing():
    generator, critic = build("dcgan", (1, 32, 32))
    state = lambda: [x.numpy().copy() for network in (generator, critic) for x in network.state_dict().values()]  # noqa: E731
    before = state()
    with layers.frozen_statistics(generator, critic):
        critic(generator(batch(8, (8,))))
    assert equal(before, state())
    critic(generator(batch(8, (8,))))
    assert not equal(before, state()), "training does move the running statistics"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"network": "dcgan", "image_size": 48}, "image_size 48"),
        ({"network": "dcgan", "image_size": 28}, "image_size 28"),
        ({"network": "resnet", "image_size": 28}, "image_size 28"),
        ({"network": "resnet", "data": "swissroll"}, "points"),
        ({"network": "dcgan", "data": "25gaussians"}, "points"),
        ({"critic_network": "dcgan", "data": "25gaussians"}, "network dcgan makes images, but 25gaussians are points"),
        ({"network": "mlp", "generator_network": "dcgan", "image_size": 48}, "network dcgan makes 32, 64, 128 pixels"),
    ],
)
def test_a_network_that_cannot_make_the_data_is_refused(settings, named):
    with pytest.raises(UserError, match=named):
        tiny("wgan", **settings)


def test_output_is_cropped_to_the_pictures_own_size():
    images = np.arange(32 * 32).reshape(1, 1, 32, 32)
    assert crop_to(images, 28).shape == (1, 1, 28, 28)
    assert crop_to(images, 28)[0, 0, 0, 0] == 2 * 32 + 2
    assert values(trainable(build("mlp", (2,))[0]))[-1].shape == (2,)


def test_mlp_bn_is_mlp_with_batch_norm_before_each_relu_of_the_generator():
    kinds = lambda network: [type(layer).__name__ for layer in network.body]  # noqa: E731
    (generator, critic), (plain, other) = (build(name, (2,)) for name in ("mlp-bn", "mlp"))
    assert kinds(generator) == ["Linear", "BatchNorm", "ReLU"] * 3 + ["Linear"]
    assert kinds(plain) == kinds(critic) == kinds(other) == ["Linear", "ReLU"] * 3 + ["Linear"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_leaky_relu_has_paddles_values_and_gradients_twice(dtype):
    """Also at the numbers next to 0 and at the largest; at 0 the second has another slope in Paddle."""
    info = np.finfo(dtype)
    points = np.array([-info.max, -2, -info.tiny, -0.0, 0, info.tiny, 0.5, info.max], dtype)
    given = []
    for function in (layers.LeakyReLU(0.2), lambda x: paddle.nn.functional.leaky_relu(x, 0.2)):
        x = paddle.to_tensor(points, stop_gradient=False)
        weights = paddle.to_tensor(np.linspace(1, 2, len(points)).astype(dtype), stop_gradient=False)
        y = function(x)
        (first,) = paddle.grad((y * weights).sum(), x, create_graph=True)
        (second,) = paddle.grad(first.square().sum(), weights)
        given.append([tensor.numpy() for tensor in (y, first, second)])
    for number, (ours, theirs) in enumerate(zip(*given, strict=True)):
        compared = points != 0 if number == 2 else np.full(len(points), True)
        np.testing.assert_allclose(ours[compared], theirs[compared], rtol=1e-6)

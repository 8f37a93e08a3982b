"""Convolutions a few samples at a time, and the sizes that they change: values, gradients and second gradients of Paddle's."""

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from models.constraints import gradient_penalty, trainable
from models.networks import patches, resnet, threads
from models.networks.patches import SumPool, Upsample, adjoint, convolve, doubling, halving, same
from tests.helpers import batch, tiny_game

pytestmark = pytest.mark.skipif(
    not patches.suits(paddle.zeros([1])), reason="Paddle 2 differentiates by the last of a list only: resnet is Paddle's there"
)
# samples, inputs, outputs, height, width
SIZES = [(7, 3, 5, 6, 8), (7, 5, 2, 4, 4), (2, 4, 4, 8, 6), (1, 1, 1, 2, 2)]


def larger(x):
    """Nearest up-sampling of N×C×H×W, of operators with a second gradient."""
    n, c, h, w = x.shape
    return x.reshape([n, c, h, 1, w, 1]).tile([1, 1, 1, 2, 1, 2]).reshape([n, c, 2 * h, 2 * w])


# ours on N×H×W×C, and Paddle's on N×C×H×W
PAIRS = {
    "same": (
        lambda x, w, b: convolve(x, same(w), b),
        lambda x, w, b: F.conv2d(x, w, b, padding=1),
    ),
    "halving": (
        lambda x, w, b: convolve(x, halving(w), b),
        lambda x, w, b: F.avg_pool2d(F.conv2d(x, w, b, padding=1), 2),
    ),
    "doubling": (
        lambda x, w, b: adjoint(x, doubling(w), b),
        lambda x, w, b: F.conv2d(larger(x), w, b, padding=1),
    ),
    "without a bias": (
        lambda x, w, b: convolve(x, same(w)) + b,
        lambda x, w, b: F.conv2d(x, w, b, padding=1),
    ),
    "pooling": (
        lambda x, w, b: SumPool.apply(x) * w[0, 0, 0, 0] + b[0],
        lambda x, w, b: 4 * F.avg_pool2d(x, 2) * w[0, 0, 0, 0] + b[0],
    ),
    "up-sampling": (
        lambda x, w, b: Upsample.apply(x) * w[0, 0, 0, 0] + b[0],
        lambda x, w, b: larger(x) * w[0, 0, 0, 0] + b[0],
    ),
}


def derivatives(forward, x, weight, bias):
    """The output, its gradients, and the gradients of a function of these."""
    three = [x.detach(), weight.detach(), bias.detach()]
    for one in three:
        one.stop_gradient = False
    out = forward(*three)
    gradients = paddle.grad((out**3).sum(), three, create_graph=True)
    twice = paddle.grad(sum((one**2).sum() for one in gradients), three)
    return [one.numpy() for one in (out, *gradients, *twice)]


def arguments(size):
    n, inputs, outputs, height, width = size
    rng = np.random.default_rng(0)
    shapes = (n, height, width, inputs), (outputs, inputs, 3, 3), (outputs,)
    return [paddle.to_tensor(rng.standard_normal(shape)) for shape in shapes]


@pytest.mark.parametrize("floats", [600, patches.FLOATS], ids=["in parts", "at once"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_equals_paddles_own_in_value_gradient_and_second_gradient(double, monkeypatch, name, size, floats):
    monkeypatch.setattr(patches, "FLOATS", floats)
    ours, theirs = PAIRS[name]
    x, weight, bias = arguments(size)
    swapped = lambda x, *rest: theirs(x.transpose([0, 3, 1, 2]), *rest).transpose([0, 2, 3, 1])  # noqa: E731
    for mine, other in zip(derivatives(ours, x, weight, bias), derivatives(swapped, x, weight, bias), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("wanted", range(4))
def test_gradients_by_some_of_the_arguments_are_the_same_as_by_all(double, wanted):
    """Of two convolutions, by the picture, either weight, or the first bias alone."""
    x, weight, bias = arguments((3, 4, 4, 4, 4))
    inputs = [x, weight, weight + 1, bias]
    for one in inputs:
        one.stop_gradient = False
    out = lambda: (convolve(convolve(x, same(inputs[1]), bias), same(inputs[2])) ** 3).sum()  # noqa: E731
    (found,) = paddle.grad(out(), [inputs[wanted]])
    np.testing.assert_allclose(found.numpy(), paddle.grad(out(), inputs)[wanted].numpy(), rtol=1e-12)


def test_no_gradient_is_computed_that_is_not_asked_for(monkeypatch):
    """A frozen weight's, the data's, and in a penalty's first gradient the weights'."""
    called = []
    own = patches._weight_gradient
    monkeypatch.setattr(patches, "_weight_gradient", lambda *given: (called.append(1), own(*given))[1])
    x, weight, bias = arguments(SIZES[0])
    x.stop_gradient = False
    convolve(x, same(weight), bias).sum().backward()
    assert not called
    weight.stop_gradient = bias.stop_gradient = False
    with patches.no_weight_gradients():
        (by_x,) = paddle.grad((convolve(x, same(weight), bias) ** 2).sum(), x, create_graph=True)
    assert not called
    (by_x**2).sum().backward()
    assert len(called) == 2 and weight.grad is not None


@pytest.mark.parametrize("frozen", range(3))
def test_gradients_are_the_same_with_one_argument_frozen(double, frozen):
    three = arguments(SIZES[0])
    _, *expected = derivatives(PAIRS["doubling"][0], *three)[:4]
    for number, one in enumerate(three):
        one.stop_gradient = number == frozen
    (PAIRS["doubling"][0](*three) ** 3).sum().backward()
    for number, one in enumerate(three):
        if number == frozen:
            assert one.grad is None
        else:
            np.testing.assert_allclose(one.grad.numpy(), expected[number], rtol=1e-12)


def test_as_many_samples_at_a_time_as_have_so_many_patches(monkeypatch):
    """No more floats of them than FLOATS, but of one sample at least."""
    x, *_ = arguments((7, 5, 2, 6, 8))
    monkeypatch.setattr(patches, "FLOATS", 2 * 9 * 5 * 48)
    assert [len(part) for part in patches._parts(x, 3, (6, 8))] == [2, 2, 2, 1]
    assert patches._patches(x[:2], 3).size == patches.FLOATS
    monkeypatch.setattr(patches, "FLOATS", 1)
    assert [len(part) for part in patches._parts(x, 3, (6, 8))] == [1] * 7


def test_threads_change_nothing_to_the_bit(monkeypatch):
    monkeypatch.setattr(patches, "FLOATS", 600)
    x, weight, bias = arguments(SIZES[0])
    found = []
    for count in (1, 2, 3):
        monkeypatch.setenv("OMP_NUM_THREADS", str(count))
        threads._pool.cache_clear()
        found.append([one for name in ("same", "halving", "doubling") for one in derivatives(PAIRS[name][0], x, weight, bias)])
    assert all(np.array_equal(one, other) for others in found[1:] for one, other in zip(found[0], others, strict=True))
    threads._pool.cache_clear()


def test_an_error_in_a_thread_is_raised_and_ends_no_other_work(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    with pytest.raises(ZeroDivisionError):
        threads.each(lambda part: paddle.to_tensor(1 / part), [1, 0, 2])
    made = threads.each(lambda part: paddle.to_tensor(1.0 * part), [1, 2, 3])
    assert [float(one) for one in made] == [1, 2, 3]


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize("size", [32, 64])
def test_resnet_is_the_network_of_paddles_own_layers(double, monkeypatch, norm, size):
    """Both players, and their weights' gradients; without batch norm those of the penalty as well."""
    trainer = tiny_game("dcgan", (3, size, size), network="resnet", critic_norm=norm, image_size=size, data="cifar10")
    weights = trainable(trainer.generator) + trainable(trainer.critic)
    rng = np.random.default_rng(0)
    for weight in weights:
        weight.set_value(weight.numpy() + 0.1 * rng.standard_normal(weight.shape))
    z, real, fake = (batch(4, shape, seed, "float64") for seed, shape in enumerate([(8,), *[(3, size, size)] * 2]))

    def made():
        with trainer.frozen_batch_norm_statistics():
            images = trainer.generator(z)
            logits = trainer.critic(images)
            loss = (logits**2).sum()
            if norm != "batch":
                loss = loss + gradient_penalty(trainer.critic, real, fake, paddle.to_tensor(rng_of_penalty))
        loss.backward()
        found = [images.numpy(), logits.numpy(), *(weight.grad.numpy() for weight in weights)]
        trainer.generator.clear_gradients()
        trainer.critic.clear_gradients()
        return found

    rng_of_penalty = np.random.default_rng(1).random(4)
    ours = made()
    monkeypatch.setattr(resnet, "suits", lambda x: False)
    for mine, other in zip(ours, made(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-8 * max(1, np.abs(other).max()))

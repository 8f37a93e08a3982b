"""conditional=true: the class as an input of generator and critic, from the data's labels to the steps."""

import numpy as np
import paddle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import data
from data import Order
from data.reader import batches
from errors import UserError
from models import networks
from models.constraints import gradient_penalty
from models.networks import conditional, mlp
from reporting import samples
from tests.helpers import CLASSES, NETWORKS, batch, equal, state_of, tiny, tiny_game, values, write_images
from training import algorithm, checkpoint, randomness
from training.sampling import generate
from training.trainer import GANTrainer, rebuild

LABELS = np.array([3, 7, 3, 0, 9, 1, 7, 7])


def game(model="wgan", moved=True, **more):
    """A conditional trainer; its projection, which begins at 0, is `moved`."""
    trainer = tiny_game(model, conditional=True, **more)
    if moved:
        rows = np.random.default_rng(0).normal(0, 0.1, trainer.critic.projection.shape)
        trainer.critic.projection.set_value(rows.astype(paddle.get_default_dtype()))
    return trainer


def what_the_head_is_given(critic, x):
    """φ(x) N×F as it passes by in a plain forward pass."""
    seen = []
    hook = critic.head.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0].numpy()))
    try:
        critic(x)
    finally:
        hook.remove()
    return seen[0].reshape(len(seen[0]), -1)


# the two networks


@pytest.mark.parametrize("network", NETWORKS)
def test_the_critic_is_its_own_output_and_the_projection_on_the_class(network):
    trainer = game("wgan-gp", network=network)
    x, y = batch(), paddle.to_tensor(LABELS)
    features, plain = what_the_head_is_given(trainer.critic.network, x), trainer.critic.network(x).numpy()
    projected = (trainer.critic.projection.numpy()[LABELS] * features).sum(1)
    assert np.abs(projected).max() > 1e-4
    np.testing.assert_allclose(trainer.critic(x, y).numpy(), plain + projected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_critic_begins_as_the_one_that_does_not_look_at_the_class(network):
    trainer = game("wgan-gp", network=network, moved=False)
    x = batch()
    np.testing.assert_array_equal(trainer.critic(x, paddle.to_tensor(LABELS)).numpy(), trainer.critic.network(x).numpy())


@pytest.mark.parametrize("network", NETWORKS)
def test_the_generator_takes_the_class_beside_z(network):
    trainer = game(network=network)
    z = np.random.default_rng(0).standard_normal((8, trainer.recipe.latent)).astype("float32")
    beside = np.concatenate([z, np.eye(10, dtype="float32")[LABELS]], 1)
    made = trainer.generator(paddle.to_tensor(z), paddle.to_tensor(LABELS)).numpy()
    np.testing.assert_array_equal(made, trainer.generator.network(paddle.to_tensor(beside)).numpy())
    assert not equal([made], [trainer.generator(paddle.to_tensor(z), paddle.to_tensor(LABELS + 1 - LABELS // 9)).numpy()])


def test_a_critic_without_features_cannot_be_conditional(monkeypatch):
    plain = type("Plain", (paddle.nn.Layer,), {"forward": lambda self, x: x.mean([1, 2, 3])})
    source = type("Source", (), {"Generator": mlp.Generator, "Critic": lambda recipe, shape: plain()})
    monkeypatch.setitem(networks.NETWORKS, "plain", networks.Network(source))
    with pytest.raises(UserError, match="no features and head"):
        game(network="plain", moved=False)


# the steps


def test_labels_leave_an_unconditional_step_as_it_is():
    one, other = (GANTrainer(tiny("wgan-gp"), (1, 32, 32)) for _ in range(2))
    for number in range(3):
        one.critic_step(batch(seed=number))
        other.critic_step(batch(seed=number), LABELS)
        one.generator_step(number)
        other.generator_step(number)
    assert equal(values(one.generator_weights + one.critic_weights), values(other.generator_weights + other.critic_weights))


def test_real_and_generated_items_of_a_pair_have_one_class(monkeypatch):
    """Drawn for a critic step with the labels of its batch, and judged with them: in the loss and at the penalty's points."""
    trainer, seen = game("wgan-gp", batch_size=8), []
    forward = conditional.Critic.forward

    def spy(self, x, y):
        seen.append((x.numpy(), y.numpy()))
        return forward(self, x, y)

    monkeypatch.setattr(conditional.Critic, "forward", spy)
    z = trainer.noise("critic noise", 0)
    fake = trainer.generator(z, paddle.to_tensor(LABELS)).numpy()
    real, epsilon = batch(), trainer.epsilon("penalty", 0).numpy().reshape(-1, 1, 1, 1)
    trainer.critic_step(real, LABELS)
    (pairs, classes), (between, those) = seen
    np.testing.assert_array_equal(classes, np.tile(LABELS, 2))
    np.testing.assert_allclose(pairs, np.concatenate([real.numpy(), fake]), atol=1e-6)
    np.testing.assert_array_equal(those, LABELS)
    np.testing.assert_allclose(between, epsilon * real.numpy() + (1 - epsilon) * fake, atol=1e-6)


def test_the_two_halves_of_a_pass_are_judged_as_each_by_itself():
    trainer = game("wgan-gp")
    real, fake, y = batch(), batch(seed=1), paddle.to_tensor(LABELS)
    together = algorithm.critic_outputs(conditional.Given(trainer.critic, y), real, fake)
    for half, x in zip(together, (real, fake), strict=True):
        np.testing.assert_allclose(half.numpy(), trainer.critic(x, y).numpy(), rtol=1e-5, atol=1e-6)


class Linear(paddle.nn.Layer):
    """f(x) = ⟨w, x⟩: φ(x) = x."""

    def __init__(self, size):
        super().__init__()
        self.head = paddle.nn.Linear(size, 1)

    def features(self, x):
        return x

    def forward(self, x):
        return self.head(x)


floats = lambda count: st.lists(st.floats(-2, 2, width=32), min_size=count, max_size=count)  # noqa: E731


@settings(max_examples=50)
@given(floats(4), floats(12), st.lists(st.integers(0, 2), min_size=1))
def test_the_penalty_of_a_linear_critic_in_closed_form(w, v, y):
    """∇f(x, y) = w + v_y at every point: the penalty is the mean over the pairs of (‖w + v_y‖ − 1)²."""
    critic = conditional.Critic(Linear(4), 3)
    w, v = np.array(w, "float32"), np.array(v, "float32").reshape(3, 4)
    critic.network.head.weight.set_value(w.reshape(4, 1))
    critic.projection.set_value(v)
    real, fake = (paddle.randn([len(y), 4]) for _ in range(2))
    penalty = gradient_penalty(conditional.Given(critic, paddle.to_tensor(np.array(y))), real, fake, paddle.rand([len(y)]))
    norms = np.linalg.norm(w + v[y], axis=1)
    assert float(penalty) == pytest.approx(((norms - 1) ** 2).mean(), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_penalty_s_gradient_by_the_projection_equals_finite_differences(double, network):
    trainer = game("wgan-gp", network=network)
    real, fake = batch(dtype="float64"), batch(seed=1, dtype="float64")
    epsilon = paddle.to_tensor(np.random.default_rng(2).random(8))
    critic, v = conditional.Given(trainer.critic, paddle.to_tensor(LABELS)), trainer.critic.projection
    gradient_penalty(critic, real, fake, epsilon).backward()
    gradient, start = v.grad.numpy(), v.numpy()
    assert not gradient[[k for k in range(10) if k not in LABELS]].any(), "a class that is not in the batch was moved"
    direction = np.random.default_rng(3).standard_normal(start.shape)
    ends = []
    for step in (1e-5, -1e-5):
        v.set_value(start + step * direction)
        ends.append(float(gradient_penalty(critic, real, fake, epsilon)))
    assert (ends[0] - ends[1]) / 2e-5 == pytest.approx((gradient * direction).sum(), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("network", NETWORKS)
def test_clipping_takes_the_projection_along(network):
    trainer = game(network=network, clip=0.01, learning_rate=0.01)
    assert any(weight is trainer.critic.projection for weight in trainer.critic_weights)
    trainer.critic_step(batch(), LABELS)
    for weight in trainer.critic_weights:
        assert float(weight.abs().max()) <= np.float32(0.01), weight.name
    assert float(trainer.critic.projection.abs().max()) > 0


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("model", ["gan", "wgan", "wgan-gp"])
def test_all_weights_of_both_move_and_the_average_follows(model, network):
    trainer = game(model, network=network, ema=0.5)
    weights = trainer.generator_weights + trainer.critic_weights
    before = values(weights)
    for step in range(2):
        trainer.critic_step(batch(), LABELS)
        trainer.generator_step(step)
    still = [weight.name for weight, old in zip(weights, before, strict=True) if equal([old], values([weight]))]
    assert not [name for name in still if not name.endswith("bias")], still
    z = np.zeros((3, trainer.recipe.latent), "float32")
    made = generate(trainer.sampler, z, labels=np.array([0, 1, 2]))
    assert trainer.sampler is trainer.average and np.isfinite(made).all()


def test_a_generator_step_draws_the_classes_as_often_as_the_data_have_them():
    counts = [5, 0, 1, 14]
    drawn = randomness.classes(0, "generator classes", 3, 20_000, counts)
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 20_000, np.array(counts) / 20, atol=0.01)
    assert drawn.dtype == np.int64
    np.testing.assert_array_equal(drawn[:50], randomness.classes(0, "generator classes", 3, 50, counts))
    assert not equal([drawn[:50]], [randomness.classes(0, "generator classes", 4, 50, counts)])
    trainer = game(generator_batch_size=12)
    assert len(trainer.drawn_classes(0)) == 12
    assert GANTrainer(tiny("wgan"), (1, 32, 32)).drawn_classes(0) is None


@settings(max_examples=50)
@given(
    st.integers(0, 2**31 - 1),
    st.integers(1, 60),
    st.integers(0, 60),
    st.lists(st.integers(0, 9), min_size=1, max_size=7).filter(any),
    st.data(),
)
def test_more_samples_begin_with_the_same_and_chosen_classes_come_in_turn(seed, count, more, counts, drawn):
    classes = {str(k): own for k, own in enumerate(counts)}
    chosen = drawn.draw(st.lists(st.integers(0, len(counts) - 1), max_size=5))
    few, many = (samples.plan(seed, n, 3, classes, chosen) for n in (count, count + more))
    assert equal([few.z, few.labels], [many.z[:count], many.labels[:count]])
    if chosen:
        assert few.labels.tolist() == [chosen[k % len(chosen)] for k in range(count)]
    else:
        assert all(counts[label] for label in few.labels), "a class was drawn that the data do not have"
    rows = samples.plan(seed, count, 3, classes, chosen, by_class=True)
    columns = rows.columns
    assert len(rows.labels) == columns * len(chosen or counts) and 0 <= len(rows.labels) - count < len(chosen or counts)
    for row, label in enumerate(chosen or range(len(counts))):
        here = slice(row * columns, (row + 1) * columns)
        assert set(rows.labels[here].tolist()) == {label} and equal([rows.z[here]], [samples.noise(seed, columns, 3)])


def test_half_precision_passes_the_class_on():
    """Products in bfloat16 are for GPUs; the penalty is asked of the network itself, with the classes."""
    trainer = game("wgan-gp")
    from training.trainer import MixedPrecision

    critic = conditional.Given(MixedPrecision(trainer.critic), paddle.to_tensor(LABELS))
    assert critic.in_float32.network is trainer.critic
    np.testing.assert_array_equal(critic.in_float32(batch()).numpy(), trainer.critic(batch(), paddle.to_tensor(LABELS)).numpy())


# labels on their way


@pytest.fixture
def labelled(tmp_path):
    """A folder of 30 pictures in three classes, of unequal size."""
    for name, count in (("cats", 14), ("dogs", 9), ("eels/small", 7)):
        write_images(tmp_path / "pictures" / name, count)
    return tmp_path / "pictures"


@pytest.mark.parametrize("in_memory", [True, False])
def test_every_image_comes_with_its_label(monkeypatch, labelled, in_memory):
    if not in_memory:
        monkeypatch.setattr("data.folder.IN_MEMORY", 0)
    dataset = data.load(f"folder:{labelled}", None, 32)
    assert isinstance(dataset.train, np.ndarray) == in_memory
    half = lambda rows: rows[: len(rows) // 2]  # noqa: E731 - a process's part
    order = Order(len(dataset.train), 5)
    images = dataset.train[:]
    reader = batches(dataset, order, 3, 8, half)
    for number in range(9):  # into the third epoch
        rows = Order(len(dataset.train), 5).take(3 + 8 * number, 8)[:4]
        items, labels = next(reader)
        np.testing.assert_array_equal(labels, dataset.labels[rows])
        np.testing.assert_allclose((items.numpy() + 1) * 127.5, images[rows], atol=1e-3)


def test_the_folders_in_a_folder_are_classes(labelled):
    dataset = data.load(f"folder:{labelled}", None, 32)
    assert dataset.classes == ("cats", "dogs", "eels")
    paths = sorted(labelled.rglob("*.png"))
    names = [path.relative_to(labelled).parts[0] for path in paths]
    held = np.arange(30) % 10 == 9
    for labels, which in ((dataset.labels, ~held), (dataset.heldout_labels, held)):
        assert [dataset.classes[label] for label in labels] == [name for name, own in zip(names, which, strict=True) if own]
    assert dataset.class_counts() == {"cats": 13, "dogs": 8, "eels": 6}
    (labelled / "cats").rename(labelled / "zebras")
    assert data.load(f"folder:{labelled}", None, 32).labels_sha256 != dataset.labels_sha256


@pytest.mark.parametrize("more", ["in the folder itself", "in one folder"])
def test_pictures_that_do_not_all_lie_in_folders_have_no_classes(tmp_path, more):
    write_images(tmp_path / "p/cats", 12)
    if more == "in the folder itself":
        write_images(tmp_path / "p/dogs", 5)
        write_images(tmp_path / "p", 1)
    dataset = data.load(f"folder:{tmp_path}/p", None, 32)
    assert (dataset.labels, dataset.classes, dataset.labels_sha256) == (None, (), None)


def test_known_data_name_their_classes(mnist_dir, cifar_dir):
    assert data.load("mnist-5k").classes == tuple("0123456789") == data.load("mnist", str(mnist_dir)).classes
    cifar = data.load("cifar10", str(cifar_dir))
    assert cifar.classes[3] == "cat" and sum(cifar.class_counts().values()) == 40
    assert data.load("mnist-5k").class_counts() == dict.fromkeys("0123456789", 400)


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--data", "8gaussians"], "8gaussians are points in the plane, which have no labels"),
        (["--data", "folder:plain"], "folder:plain has none: pictures have them where each lies in the folder of its class"),
        (["-o", "conditional=3"], "conditional = 3: input should be true or false"),
    ],
)
def test_data_without_labels_are_refused(refused, tmp_path, flags, words):
    write_images(tmp_path / "plain", 12)
    assert words in refused("train", "--model", "wgan", "-o", "conditional=true", *flags)
    assert words in refused("compare", "wgan", "gan", "-o", "conditional=true", *flags)


def test_more_classes_than_anybody_has_are_refused(tmp_path):
    dataset = data.dataset.Dataset("many", np.zeros((2, 1, 32, 32), np.uint8), np.zeros((1, 1, 32, 32), np.uint8))
    dataset.labels, dataset.heldout_labels = np.array([0, 1]), np.array([0])
    dataset.classes = tuple(map(str, range(1001)))
    with pytest.raises(UserError, match="has 1,001 classes, up to 1,000 are taken"):
        dataset.class_counts()


# what a run keeps of them


def test_checkpoints_of_the_other_kind_are_refused_in_words(tmp_path):
    parts = {}
    for name in ("conditional", "plain", "wrong"):
        (tmp_path / name).mkdir()
    for kind, trainer in (("conditional", game(moved=False)), ("plain", GANTrainer(tiny("wgan"), (1, 32, 32)))):
        state = state_of(trainer)
        parts[kind] = trainer, checkpoint.save(tmp_path / kind, 1, trainer.parts(), state, 1), state
        assert checkpoint.read_state(parts[kind][1])["classes"] == (CLASSES if kind == "conditional" else None)
    (one, of_one, own), (other, of_other, _) = parts["conditional"], parts["plain"]
    for trainer, path in ((one, of_other), (other, of_one)):
        with pytest.raises(UserError, match="belongs to another recipe: one is conditional, the other is not"):
            trainer.resume(path, checkpoint.read_state(path))
    assert rebuild(of_one)[0].classes == CLASSES
    refused = {
        None: "disagree on whether it is conditional",
        2: "belongs to another recipe",
        0: "classes missing, of another type",
    }
    wrongs = [(refused[None], None), (refused[2], {"a": 1, "b": 2})]
    wrongs += [
        (refused[0], wrong) for wrong in ({}, {"a": 0}, {"a": -1}, {"a": "1"}, ["a"], dict.fromkeys(map(str, range(1001)), 1))
    ]
    for words, wrong in wrongs:
        path = checkpoint.save(tmp_path / "wrong", 1, one.parts(), own | {"classes": wrong}, 1)
        with pytest.raises(UserError, match=words):
            rebuild(path)
    with pytest.raises(UserError, match="classes are not known here"):
        GANTrainer(tiny("wgan", conditional=True), (1, 32, 32))

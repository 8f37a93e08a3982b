"""What experiments measure of critics that are trained alone: penalties, optima, cosines, tails, gradients."""

import importlib
import json

import numpy as np
import paddle
import pytest

import data
from data.dataset import to_uint8
from experiments import (
    claims,
    critics,
    estimates,
    frozen_dcgan,
    momentum_apart,
    numeric,
    optimal_critics,
    parallel_lines,
    store,
    training_runs,
    vanishing_gradients,
)
from experiments.store import ExperimentStore
from models import networks
from models.constraints import gradient_penalty
from reporting.samples import noise
from reporting.scorer import critic_of
from tests.test_experiments import invented
from training import checkpoint
from training.sampling import generate
from training.trainer import rebuild


class Line(paddle.nn.Layer):
    """f(x) = slope · x, N×2 → N."""

    def __init__(self, slope):
        super().__init__()
        self.slope = self.create_parameter([2], default_initializer=paddle.nn.initializer.Assign(np.float32(slope)))

    def forward(self, x):
        return (x * self.slope).sum(1)


@pytest.mark.parametrize(("length", "one", "two"), [(0.5, 0, 0.25), (1, 0, 0), (3, 4, 4)])
def test_the_one_sided_penalty_minds_no_slope_below_1(length, one, two):
    x, y, epsilon = paddle.rand([8, 2]), paddle.rand([8, 2]), paddle.rand([8])
    critic = Line([0, length])
    assert float(critics.one_sided_penalty(critic, x, y, epsilon)) == pytest.approx(one, abs=1e-5)
    assert float(gradient_penalty(critic, x, y, epsilon)) == pytest.approx(two, abs=1e-5)


def test_the_one_sided_penalty_is_trained_with_and_holds_slopes():
    """Between points 1 apart the estimate alone would let the slope grow without end, and a slope of 0.1 costs nothing."""
    ends = [lambda rng, x=x: np.full((16, 2), [x, 0], np.float32) for x in (1.0, 0.0)]
    constraints = {"one": {"penalty": 10, "one_sided": True}, "two": {"penalty": 10}}
    slopes = {}
    for key, constraint in constraints.items():
        critic = critics.fit(Line([0.1, 0.0]), *ends, 600, learning_rate=1e-2, **constraint)
        slopes[key] = float(critic.slope[0])
    assert slopes == pytest.approx({"one": 1.05, "two": 1.05}, abs=0.02)  # K = 1 + W1 / (2 lambda)


def test_the_largest_slope_is_that_of_the_steepest_point_over_all_axes():
    assert critics.largest_slope(Line([3, 4]), np.zeros((2, 2))) == pytest.approx(5)
    bend = lambda x: (x * x).sum(1) / 2  # noqa: E731 - its gradient at x is x
    assert critics.largest_slope(bend, np.array([[1.0, 0.0], [-6.0, 8.0]])) == pytest.approx(10)


def test_estimates_along_a_run_are_of_its_own_generator_and_of_both_kinds_of_images(runs_to_copy, mnist_dir):
    dataset, folder = data.load("mnist", str(mnist_dir), 32), runs_to_copy / "average"
    found = estimates.along(folder, dataset)
    assert found["step"] == [1, 2]
    trainer, _ = rebuild(checkpoint.path_of(folder, 2), raw=True)
    critic = critic_of(trainer, False)
    fake = critic(to_uint8(generate(trainer.generator, noise(0, estimates.COUNT, trainer.recipe.latent))))
    for split, items in (("trained", dataset.train), ("heldout", dataset.heldout)):
        real = critic(items[np.random.default_rng(0).permutation(len(items))])
        assert found[split][-1] == pytest.approx(float(real.mean() - fake.mean()), rel=1e-4, abs=1e-6)
        js = np.log(2) - (np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean()) / 2
        assert found[f"js_{split}"][-1] == pytest.approx(float(js), rel=1e-4, abs=1e-6)


def test_fit_ends_where_look_says_so():
    seen = []
    draw = lambda rng: rng.random((4, 2), dtype=np.float32)  # noqa: E731
    critics.fit(Line([1, 1]), draw, draw, 10, look=lambda step: seen.append(step) or step == 3)
    assert seen == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("values", "ended"),
    [
        ([], False),
        ([1, 1, 1, 1], False),  # nothing before them
        ([1, 1, 1, 1, 1], True),
        ([1, 0.5, 0.2, 0.1, 1.005], True),
        ([1, 1, 1, 1, 1.02], False),
        ([1, 2, 3, 4, 5, 6], False),
        ([-4, -3, -2, -2, -2, -2], False),
        ([-4, -2, -2, -2, -2, -2], True),
    ],
)
def test_a_critic_is_at_its_optimum_when_its_objective_stops_rising(values, ended):
    assert optimal_critics.settled(values) == ended


@pytest.mark.parametrize("name", optimal_critics.SETS)
def test_only_higher_moments_tell_a_set_from_its_gaussian(name):
    rng = np.random.default_rng(1)
    x, y = critics.points(name)(rng, 50_000), optimal_critics.matched(name)(rng, 50_000)
    assert x.mean(0) == pytest.approx(y.mean(0), abs=0.02) and np.cov(x.T) == pytest.approx(np.cov(y.T), abs=0.03)
    assert abs((x**4).mean() / (y**4).mean() - 1) > 0.2


def test_a_clipped_critic_pays_nothing_for_its_slopes():
    points = np.zeros((3, 2), np.float32)
    assert optimal_critics.paid(Line([0, 3]), points, clip=0.1) == 0
    assert optimal_critics.paid(Line([0, 3]), points, penalty=10) == pytest.approx(40)
    assert optimal_critics.paid(Line([0, 0.5]), points, penalty=10) == pytest.approx(2.5)
    assert optimal_critics.paid(Line([0, 0.5]), points, penalty=10, one_sided=True) == 0


def test_the_cosine_of_a_step_is_1_downhill_and_turns_with_momentum():
    weight = paddle.create_parameter([3], "float32", default_initializer=paddle.nn.initializer.Constant(1.0))
    for optimizer, wanted in (
        (paddle.optimizer.SGD(0.1, parameters=[weight]), [1, 1]),
        (paddle.optimizer.Adam(0.1, 0.9, 0.999, parameters=[weight]), [1, -1]),  # nine parts of the old gradient, one of the new
        (paddle.optimizer.Adam(0.1, 0.0, 0.999, parameters=[weight]), [1, 1]),
    ):
        watched = momentum_apart.Watched(optimizer, [weight])
        for sign in (1.0, -0.5):
            (sign * weight.sum()).backward()
            watched.step()
            watched.clear_grad()
        assert watched.cosines == pytest.approx(wanted, abs=1e-5)
    (0.0 * weight.sum()).backward()
    watched.step()
    assert watched.cosines[-1] is None


@pytest.mark.parametrize("who", momentum_apart.WHO)
def test_momentum_is_in_the_players_that_are_named_alone(who):
    recipe = training_runs.untuned("wgan", {"filters": 4, "optimizer": "adam", "beta1": 0.9, "beta2": 0.999}, 0)
    trainer = momentum_apart.Apart(recipe, (1, 32, 32), momentum_apart.WHO[who])
    betas = {"generator": trainer.generator_optimizer._beta1, "critic": trainer.critic_optimizer._beta1}
    assert betas == {role: 0.9 if who in (role, "both") else 0.0 for role in ("generator", "critic")}
    trainer.critic_step(paddle.rand([recipe.batch_size, 1, 32, 32]))
    before = trainer.critic_weights[0].numpy()
    trainer.generator_step(0)
    assert len(trainer.watched.cosines) == 1 and 0 < trainer.watched.cosines[0] <= 1
    assert (trainer.critic_weights[0].numpy() == before).all()


def test_tails_of_known_distributions():
    rng = np.random.default_rng(0)
    shape = (frozen_dcgan.TAIL_BATCHES, frozen_dcgan.DIRECTIONS)
    cauchy, normal = frozen_dcgan.tails(rng.standard_cauchy(shape)), frozen_dcgan.tails(5 + 3 * rng.standard_normal(shape))
    assert cauchy["tail_index"] == pytest.approx(1, abs=0.1) and normal["tail_index"] == pytest.approx(4.7, abs=0.3)
    assert cauchy["quantile_ratio"] > 15 and normal["quantile_ratio"] == pytest.approx(3.4, abs=0.3)
    two = frozen_dcgan.tails(rng.standard_t(2, shape))["tail_index"]  # at the border of a finite variance
    assert two == pytest.approx(2, abs=0.3)
    assert frozen_dcgan.tails(rng.standard_t(3, shape))["tail_index"] == pytest.approx(2.5, abs=0.3)
    assert set(frozen_dcgan.tails(np.ones(shape)).values()) == {None}


def test_directions_are_the_same_for_all_gradients():
    rows = frozen_dcgan.project(iter([np.ones(10), 2 * np.ones(10)]))
    assert rows.shape == (2, frozen_dcgan.DIRECTIONS) and rows[1] == pytest.approx(2 * rows[0])


@pytest.mark.parametrize("theta", vanishing_gradients.THETAS)
def test_the_optimal_discriminator_s_gradient_is_that_of_theorem_2_5(theta):
    grid = vanishing_gradients.WIDE
    logits, slopes = theta**2 / 2 - theta * grid, np.full_like(grid, -theta)  # log P0 / Pθ
    derivative = vanishing_gradients.log_d_slope(logits, slopes, theta)
    assert vanishing_gradients.relative_error(derivative, theta) < 1e-5
    assert vanishing_gradients.relative_error(1.2 * derivative, theta) == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "passed"), [("penalised critic", 2.0), ("clipped critic", 1.0), ("discriminator", 2 / (1 + np.e))]
)
def test_what_reaches_theta(kind, passed):
    """f = −2 x between the lines at 0 and ½, where D = sigmoid(−1)."""
    rng, critic = np.random.default_rng(0), Line([-2, 0])
    real, fake = (parallel_lines.line(x)(rng) for x in (0, 0.5))
    assert parallel_lines.passed(kind, critic, real, fake, rng) == pytest.approx((passed, 2.0), rel=1e-5)


def test_theta_moves_by_what_it_is_passed(monkeypatch):
    monkeypatch.setattr(parallel_lines, "passed", lambda kind, critic, real, fake, rng: (fake[0, 0], 1.0))
    monkeypatch.setattr(parallel_lines, "FIRST", 2)
    way = parallel_lines.move("clipped critic", 3, 0)
    assert way == pytest.approx(np.cumprod([1, 0.98, 1 - 0.02 * 2 / 3, 1 - 0.02 / 3]), rel=1e-5)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ROOT", tmp_path)
    return tmp_path


def test_a_part_that_is_not_measured_may_be_missing(root):
    ExperimentStore("momentum").shared({"a, seed 0": ({}, lambda: 1)})
    half = ExperimentStore("momentum", redraw=True)
    assert half.each_seed(2, lambda seed: {"a": ({}, None)}, needed=False) == {0: {"a": 1}}
    assert half.each_seed(2, lambda seed: {"b": ({}, None)}, needed=False) == {}
    assert half.left == ["a, seed 1", "b, seed 0", "b, seed 1"]
    with pytest.raises(store.UserError, match="has not been measured"):
        half.each_seed(2, lambda seed: {"b": ({}, None)})


def a_momentum_training(store, who, beta1, steps, seed):
    rng = np.random.default_rng(seed)
    curve = [*map(float, rng.random(5))]
    row = {key: float(rng.random()) for key in ("fd_lenet", "negative", "least")}
    return {**row, "step": [1, 2, 3, 4, 5], "cosine": [*curve[:4], None]}


def an_optimum(name, kind, cap, every, pairs, seed):
    rng = np.random.default_rng([seed, len(kind)])
    return {value: float(rng.random()) for value in optimal_critics.VALUES} | {"steps": cap, "ended": "end"}


def a_standing_generator(store, settings, age, ticks, filters, seed, kinds):
    rng = np.random.default_rng(seed)
    some = lambda: [*map(float, 0.1 + rng.random(len(ticks)))]  # noqa: E731
    losses = {
        loss: {"norm": some(), "variance": some(), "tail_index": 3.0, "quantile_ratio": None}
        for loss, (kind, _) in vanishing_gradients.LOSSES.items()
        if kind in kinds
    }
    if "discriminator" not in kinds:
        return losses
    return {**losses, "error": some(), "accuracy": some(), "accuracy_trained": some()}


@pytest.mark.parametrize(
    ("name", "function", "unit"),
    [
        ("momentum_apart", "train", a_momentum_training),
        ("optimal_critics", "optimum", an_optimum),
        ("frozen_dcgan", "still", a_standing_generator),
    ],
)
def test_an_experiment_of_units_can_be_judged_and_drawn_half_done(root, monkeypatch, name, function, unit):
    """All of it, then what is left of it without its last result, as in the midst of a queue."""
    monkeypatch.setattr(training_runs, "_measure", invented)
    module = importlib.import_module(f"experiments.{name}")
    monkeypatch.setattr(module, function, unit)
    asked = ExperimentStore(name)
    asked.most = 4
    verdicts = claims.verdicts(module.ABOUT, numeric.rounded(module.measure(asked)))
    assert len(verdicts) == len(claims.of(module.ABOUT))
    path = root / "docs" / "results" / f"{name}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["units"].popitem()
    path.write_text(json.dumps(content), encoding="utf-8")
    half = ExperimentStore(name, redraw=True)
    half.most = 4
    numbers = numeric.rounded(module.measure(half))
    assert len(half.left) == 1 and set(claims.verdicts(module.ABOUT, numbers)) == set(verdicts)
    assert module.draw(numbers, half).axes


def test_an_untrained_generator_s_points_depend_on_its_seed_alone():
    draw = lambda seed: critics.still_generator(seed)[1](np.random.default_rng(0), 5)  # noqa: E731
    assert draw(1).shape == (5, 2) and np.isfinite(draw(1)).all()
    assert np.array_equal(draw(1), draw(1)) and not np.allclose(draw(1), draw(2))


@pytest.mark.usefixtures("root")
def test_loops_of_their_own_train_and_measure(monkeypatch):
    """Two steps, as nothing but a whole experiment, which takes minutes, would otherwise call them."""
    row = momentum_apart.train(ExperimentStore("momentum_apart", quick=True), "critic", 0.9, steps=2, seed=0)
    assert np.isfinite(row["fd_lenet"]) and row["critic_steps"] == 10 and len(row["cosine"]) == 2

    recipe = training_runs.untuned("dcgan", {"filters": 8, "latent": frozen_dcgan.LATENT}, 0)
    generator, _ = networks.build(recipe, (1, 32, 32))
    monkeypatch.setattr(frozen_dcgan, "frozen", lambda *arguments: generator)
    store, found = ExperimentStore("frozen_dcgan", quick=True), {}
    for kinds in frozen_dcgan.PARTS.values():
        found |= frozen_dcgan.still(store, {}, age=0, ticks=(1, 2), filters=8, seed=0, kinds=kinds)
    assert len(found["accuracy"]) == 2 and all(len(found[loss]["norm"]) == 2 for loss in frozen_dcgan.LOSSES)

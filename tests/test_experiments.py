"""The experiments: what they say, that nothing is measured twice, and that verdicts follow from what was measured."""

import contextlib
import importlib
import json
import threading
import time
from collections import Counter

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import experiments
import metrics
from errors import UserError
from experiments import claims, figures, lead, numeric, random_architectures, results, run_groups, store, training_runs
from experiments.random_architectures import MODELS
from experiments.store import ROOT, ExperimentStore
from reporting import score_store
from reporting.scorer import BRIEF_FILE
from tests.helpers import write_cifar10
from training import checkpoint, grids, log
from training import recipe as recipes

DONE = sorted(results.read())


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder that experiments write into instead of the repository's."""
    monkeypatch.setattr(store, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", experiments.NAMES)
def test_each_says_what_it_claims_and_costs(name):
    about = experiments.about(name)
    assert tuple(about) == experiments.FIELDS
    assert about["title"].endswith(("?", "."))
    assert all(len(about[field]) > 8 for field in experiments.FIELDS if field not in ("core_seconds", "constants", "claims"))
    assert about["constants"] in lead.CONSTANTS
    assert about["core_seconds"] >= 0 and experiments.cost(about) and experiments.cost(about, "zh")
    assert importlib.import_module(f"experiments.{name}").ABOUT.keys() == about.keys()


def test_the_command_lists_costs_and_refuses_an_unknown_name_without_importing_paddle():
    status, out, _ = listing("--list")
    assert status == 0
    assert all(name in out for name in experiments.NAMES) and out.count("Cost: ") == len(experiments.NAMES)
    with pytest.raises(UserError, match="did you mean 'momentum'"):
        command().main(["momentun"], standalone_mode=False)


def command():
    return importlib.import_module("experiments.__main__").main


def listing(*arguments):
    result = CliRunner().invoke(command(), list(arguments))
    return result.exit_code, result.output, None


def test_every_recipe_has_a_colour_of_its_own_in_figures():
    colours = [figures.colour(name) for name in (*recipes.names(), "another program's")]
    assert len(set(colours)) == len(colours)


def test_a_result_is_measured_once_and_again_when_its_settings_change(root):
    calls = []

    def measure():
        calls.append(1)
        return {"value": 1 / 3, "infinite": float("inf")}

    first = ExperimentStore("momentum", quick=True).shared({"a": ({"steps": 3}, measure)})
    assert first == {"a": {"value": 0.333333, "infinite": None}}
    assert ExperimentStore("momentum", quick=True).shared({"a": ({"steps": 3}, measure)}) == first
    assert len(calls) == 1
    ExperimentStore("momentum", quick=True).shared({"a": ({"steps": 4}, measure)})
    assert len(calls) == 2
    with pytest.raises(UserError, match="b has not been measured yet"):
        ExperimentStore("momentum", quick=True, redraw=True).shared({"b": ({}, measure)})


@pytest.mark.parametrize("source", ["mnist-5k", "8gaussians"])
@pytest.mark.parametrize("model", ["gan", "dcgan", "lsgan", "wgan", "wgan-gp"])
def test_experiments_of_before_the_search_keep_their_constants(model, source):
    """Committed results are of these: what a search writes into configs/ must not reach them."""
    recipe = training_runs.untuned(model, {"data": source, "network": "mlp"}, 0)
    points = source == "8gaussians"
    rates = {"wgan": 5e-5, "wgan-gp": 1e-4}.get(model, 2e-4)
    assert (recipe.generator_learning_rate, recipe.critic_learning_rate) == (rates, rates)
    assert (recipe.batch_size, recipe.latent, recipe.units) == ((256, 2, 512) if points else (64, 100, 512))
    assert (recipe.ema, recipe.decay, recipe.n_critic) == (0, False, 5 if model.startswith("wgan") else 1)
    assert recipe.clip == (0.01 if model == "wgan" else None)
    assert recipe.penalty == ((0.1 if points else 10) if model == "wgan-gp" else None)
    if model != "wgan":
        assert recipe.beta1 == (0.0 if model == "wgan-gp" and not points else 0.5)


def test_what_another_process_measures_is_left_for_the_end_and_not_measured_twice(root, monkeypatch):
    """The same command in two shells divides the trainings among two cores."""
    order = []
    monkeypatch.setattr(training_runs, "_measure", lambda store, key, *more: order.append(key) or {"died": key})
    here, there = ExperimentStore("momentum", quick=True), ExperimentStore("momentum", quick=True)
    here.most = 2
    settings = {"data": "8gaussians"}
    cells = {"a": ("wgan", settings), "b": ("gan", settings)}
    with contextlib.ExitStack() as other:
        assert other.enter_context(there.lock("a-s0"))
        shell = threading.Thread(target=lambda: order.append(training_runs.runs(here, cells, 2)))
        shell.start()
        while len(order) < 3:
            time.sleep(0.01)
        there._measured("a-s0", {"model": "wgan", **settings, "seed": 0, "samples": here.samples}, lambda: {"died": "theirs"})
    shell.join(60)
    assert order[:3] == ["b-s0", "a-s1", "b-s1"]
    found = {label: [(run["seed"], run["died"]) for run in group] for label, group in order[3].items()}
    assert found == {"a": [(0, "theirs"), (1, "a-s1")], "b": [(0, "b-s0"), (1, "b-s1")]}


def test_what_was_measured_with_other_settings_is_not_drawn(root):
    first = ExperimentStore("momentum", quick=True)
    first.shared({"a": ({"steps": 3}, lambda: 1), "b": ({"steps": 3}, lambda: 2)})
    again = ExperimentStore("momentum", quick=True, redraw=True)
    units = {"a": ({"steps": 3}, None), "b": ({"steps": 4}, None), "c": ({}, None)}
    assert again.shared(units) == {"a": 1}
    assert (again.found, again.left) == ({"a"}, ["b", "c"])
    with pytest.raises(UserError, match="c has not been measured yet"):
        again.shared({"c": ({}, None)})


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ([50 - step for step in range(10)], "unknown"),  # too few to tell
        ([50 - step for step in range(30)], "cap"),  # falls steadily
        ([3 + 40 * 0.6**step for step in range(30)], "end"),  # falls by less than a score scatters
        ([3 + 40 * 0.9**step for step in range(30)], "cap"),
        ([3.0 for _ in range(30)], "end"),
        ([3 + step / 10 for step in range(30)], "end"),  # gets worse
        ([3 + (-1) ** step for step in range(30)], "end"),
    ],
)
def test_a_training_is_at_its_end_when_its_quality_no_longer_falls(values, state):
    for untrained in (100.0, None):
        way = {"step": [*range(len(values) + 1)], "fd_lenet": [untrained, *values]}
        assert training_runs.ended(way, {"fd_lenet": 0.1}) == state
        assert training_runs.ended(way, {"fd_lenet": 0.1}, gradient_norm=1e-9) == "dead", "a failure, not an end"


def a_run(seed, values, seconds):
    steps = [0, 10, 20]
    return {"seed": seed, "ended": "end", "on_the_way": {"step": steps, "cpu_seconds": [0, *seconds], "fd_lenet": [9.0, *values]}}


def test_terms_are_read_where_the_first_of_a_pair_ends():
    ours = [a_run(seed, (4.0, 2.0), (10, 20)) for seed in range(3)]
    theirs = [a_run(seed, (8.0, 4.0), (20, 40)) for seed in range(3)] + [{"seed": 3, "died": "why"}]
    assert run_groups.on_equal_terms(ours, theirs, "fd_lenet", "step")["each"] == [0.5] * 3
    at_seconds = run_groups.on_equal_terms(ours, theirs, "fd_lenet", "cpu_seconds")
    assert at_seconds["each"] == [0.25] * 3  # 2 beside 8, after 20 seconds each
    assert (at_seconds["trainings"], at_seconds["at_end"]) == (6, 6)
    of_before_they_were_kept = run_groups.on_equal_terms(ours, theirs, "fd_lenet", "critic_steps")
    assert of_before_they_were_kept["each"] == [None] * 3


def test_what_an_interval_rests_on_are_the_pairs_and_those_of_them_that_converged():
    ours = [a_run(seed, (4.0, 2.0), (10, 20)) for seed in range(3)]
    theirs = [a_run(seed, (8.0, 4.0), (20, 40)) | {"ended": end} for seed, end in enumerate(("end", "cap", "dead", "cap"))]
    found = run_groups.compared(ours, theirs, lambda run: run["on_the_way"]["fd_lenet"][-1])
    assert (found["each"], found["trainings"], found["at_end"]) == ([0.5] * 3, 6, 4)


def test_a_critic_agrees_with_a_score_at_trained_checkpoints_alone():
    way = {"critic_estimate": [100.0, 3.0, 2.0, 1.0], "fd_lenet": [90.0, 1.0, 2.0, 3.0]}
    found = run_groups.agreement([{"seed": 4, "on_the_way": way}, {"seed": 5, "died": "why"}], "fd_lenet")
    assert found == {4: pytest.approx(-1), 5: None}


@pytest.mark.parametrize(("value", "worst"), [("fd_lenet", 8), ("coverage", 2)])
def test_the_worst_seed_is_worst_in_the_value_s_own_direction(value, worst):
    group = [{"seed": seed, "scores": {value: score}} for seed, score in ((2, 0.1), (5, 0.4), (8, 0.9))]
    row = {value: numeric.mean_and_deviation([None, *(run["scores"][value] for run in group)]), "seed_numbers": [1, 2, 5, 8]}
    assert run_groups.worst_seed(row, value) == worst
    assert run_groups.worst_seed({value: numeric.mean_and_deviation([None]), "seed_numbers": [1]}, value) is None


def test_a_training_of_an_experiment_is_what_its_folder_says(root, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    settings = {"data": "8gaussians", "network": "mlp", "units": 16, "batch_size": 64, **training_runs.schedule(30, 2)}
    kept = ExperimentStore("momentum", quick=True)
    ((run,),) = training_runs.runs(kept, {"a": ("wgan", settings)}, 1, names=["gaussians"], samples=300).values()
    (folder,) = kept.runs.glob("a-s0-*")
    lines, state = log.read(folder), checkpoint.read_state(checkpoint.last(folder))
    assert (run["steps"], run["critic_steps"]) == (30, 150) == (state["step"], state["critic_steps"])
    assert (run["seconds"], run["counted_seconds"]) == pytest.approx((state["seconds"],) * 2, rel=1e-4)
    values = score_store.read(folder / "metrics.json")[0][30]
    for kind, key in (("scores", "value"), ("deviations", "deviation"), ("floors", "floor")):
        assert run[kind] == {name: row[key] and pytest.approx(row[key], rel=1e-4) for name, row in values.items()}
    way, brief = run["on_the_way"], score_store.read(folder / BRIEF_FILE)[0]
    assert way["step"] == [0, 15, 30] == sorted(brief) and way["critic_steps"] == [0, 75, 150]
    assert way["cpu_seconds"] == pytest.approx([0, *(row["cpu_seconds"] for row in lines if row["step"] in (15, 30))], rel=1e-4)
    assert way["good_share"] == pytest.approx([brief[step]["good_share"]["value"] for step in (0, 15, 30)], rel=1e-4)
    assert run["curves"]["estimate"][-1] == pytest.approx(lines[-1]["estimate"], rel=1e-4)


def test_no_training_has_more_checkpoints_than_asked_for():
    assert training_runs.schedule(10, 3) == {"steps": 10, "sample_every": 10, "checkpoint_every": 4, "log_every": 1}


def test_a_checkpoint_without_a_score_is_passed_over_on_the_way():
    run = a_run(0, (None, 3.0), (10, 20))
    assert run_groups.at(run, "fd_lenet", "step", 10) == 6.0  # between 9 and 3
    assert run_groups.at(a_run(0, (4.0, None), (10, 20)), "fd_lenet", "step", 10) == 4.0
    assert run_groups.at(a_run(0, (4.0, None), (10, 20)), "fd_lenet", "step", 20) is None


def test_the_real_baseline_is_of_all_runs_that_have_one():
    runs = [{"floors": {}}, {"died": "why"}, {"floors": {"kid": 1.0}}, {"floors": {"kid": 2.0, "swd": 3.0}}]
    assert run_groups.real_baseline({"a": runs[:2], "b": runs[2:]}) == {"kid": 1.0, "swd": 3.0}


@pytest.mark.parametrize("name", ["stacked", "tuned", "section_43", "fashion_mnist"])
def test_trainings_that_are_judged_by_their_end_keep_all_checkpoints(root, monkeypatch, name):
    """With train.py's few, `ended` would see too few to tell."""
    asked = []
    monkeypatch.setattr(training_runs, "_measure", lambda store, key, recipe, *rest: asked.append(recipe) or {"died": "why"})
    importlib.import_module(f"experiments.{name}").measure(ExperimentStore(name))
    assert asked and all(
        recipe.keep_checkpoints * recipe.checkpoint_every >= recipe.steps for recipe in asked if recipe.steps < 1e6
    )


def test_an_experiment_runs_and_a_second_call_measures_nothing(root, capsys):
    contents = []
    for _ in range(2):
        assert command().main(["parallel_lines", "--quick", "--jobs", "1"], standalone_mode=False) == 0
        contents.append(json.loads((root / "runs" / "quick" / "parallel_lines.json").read_text(encoding="utf-8")))
    assert contents[0] == contents[1]
    said = capsys.readouterr().out
    assert said.count("theta 0, seed 0 in ") == 1
    assert (root / "runs" / "quick" / "parallel_lines.png").stat().st_size > 5_000
    assert "too small to prove anything" in contents[0]["proves_nothing"] and said.count(contents[0]["proves_nothing"]) == 2
    drawn = np.asarray(Image.open(root / "runs" / "quick" / "parallel_lines.png").convert("L"))
    assert (drawn[: grids.CAPTION, :400] < 128).sum() > 200, "the picture says it, too"
    assert set(contents[0]["verdicts"].values()) == {claims.UNDECIDED}  # of one seed


@pytest.mark.slow
def test_all_of_them_run_quickly(root, tmp_path):
    write_cifar10(tmp_path / "data" / "cifar-10-python.tar.gz", n=2000)
    arguments = ["--quick", "--jobs", "1", "--data-dir", str(tmp_path / "data")]
    result = CliRunner().invoke(command(), arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    for name in experiments.NAMES:
        assert (root / "runs" / "quick" / f"{name}.png").is_file()


@pytest.mark.parametrize("name", DONE)
def test_verdict_and_numbers_follow_from_what_was_kept(name):
    """Summaries and verdicts are not typed: they are computed again from the units."""
    module, kept = importlib.import_module(f"experiments.{name}"), results.read()[name]
    numbers = numeric.rounded(module.measure(ExperimentStore(name, redraw=True)))
    assert numbers == kept["numbers"]
    assert claims.verdicts(module.ABOUT, numbers) == kept["verdicts"]


@pytest.mark.parametrize("name", DONE)
def test_figures_are_there_and_small(name):
    assert 5_000 < (ROOT / "docs" / "figures" / f"{name}.png").stat().st_size < 300_000


TRAINED = (  # experiments that are trainings of train.py's kind
    *("figures_3_4", "section_43", "random_architectures", "balance", "mode_collapse"),
    *("stacked", "momentum", "overfitting", "clipping_that_is_none", "paperweekly", "tuned"),
    *("mnist", "fashion_mnist", "cifar10"),
)


AXES = ("step", "critic_steps", "cpu_seconds")  # of on_the_way


def invented(store, key, recipe, folder, names, samples, tiles, extra):
    """What _measure would return of a training, without one."""
    rng = np.random.default_rng(len(key))
    values = [value for row in metrics.METRICS.values() for value in row.values]
    marks = [*range(16)]
    way = {"step": marks, "critic_steps": marks, "cpu_seconds": [60.0 * mark for mark in marks]}
    way |= {value: [*map(float, 1 + rng.random(16))] for value in values}
    curves = {name: [*map(float, 1 + rng.random(20))] for name in (*training_runs.CURVES, "step")}
    along = dict.fromkeys(("trained", "heldout", "js_trained", "js_heldout", "step"), way["w1"][1:])
    if tiles:
        store.keep_tiles(key, np.zeros((tiles, 1, 28, 28), np.uint8))
    return {
        "extra": {"surface": rng.random((5, 5)), "points": rng.random((9, 2)), **along},
        **{"steps": 15, "critic_steps": 15, "seconds": 900.0, "counted_seconds": 900.0, "curves": curves, "on_the_way": way},
        **{kind: {value: float(1 + rng.random()) for value in values} for kind in ("scores", "floors", "deviations")},
    }


@pytest.mark.parametrize("name", TRAINED)
def test_an_experiment_can_be_judged_and_drawn_half_done(root, monkeypatch, name):
    """All of it, then what is left of it without a third of its results, as in the midst of a queue."""
    monkeypatch.setattr(training_runs, "_measure", invented)
    module = importlib.import_module(f"experiments.{name}")
    monkeypatch.setattr(module, "COUNT", 4, raising=False)  # of random_architectures
    asked = ExperimentStore(name)
    asked.most = 3
    verdicts = claims.verdicts(module.ABOUT, numeric.rounded(module.measure(asked)))
    assert len(verdicts) == len(claims.of(module.ABOUT))
    content = json.loads(asked.json.read_text(encoding="utf-8"))
    kept = {key: unit for number, (key, unit) in enumerate(content["units"].items()) if number % 3}
    asked.json.write_text(json.dumps(content | {"units": kept}), encoding="utf-8")
    half = ExperimentStore(name, redraw=True)
    half.most = 3
    numbers = numeric.rounded(module.measure(half))
    assert half.left and set(claims.verdicts(module.ABOUT, numbers)) == set(verdicts)
    assert module.draw(numbers, half).axes


def test_random_architectures_are_different_ones_each_pair_as_often():
    drawn = {model: [random_architectures.architecture(n, model) for n in range(random_architectures.COUNT)] for model in MODELS}
    for model, settings in drawn.items():
        recipes_of = [recipes.load(model, overrides=own).model_dump_json() for own in settings]
        assert len(set(recipes_of)) == random_architectures.COUNT
    pairs = [(own["generator_network"], own["critic_network"], own.get("critic_norm")) for own in drawn["dcgan"]]
    assert set(Counter(pairs).values()) == {2} and {pair[2] for pair in pairs} == {"batch", "none", None}
    for ours, theirs in zip(*drawn.values(), strict=True):  # but for the norm, which may not mix samples under a penalty
        assert {**ours, "critic_norm": ""} == {**theirs, "critic_norm": ""} and ours.get("critic_norm") != "layer"


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("name", TRAINED)
def test_an_experiment_outlives_trainings_that_died_or_made_nothing_to_measure(root, monkeypatch, name, number):
    """Every third cell's trainings die, every third's samples end as one flat colour, of which nothing can be measured."""

    def failing(store, key, *of_training):
        cell = sum(map(ord, key.rpartition("-s")[0])) + number
        found = invented(store, key, *of_training)
        if cell % 3 == 0:
            return {"died": "why"}
        if cell % 3 == 1:
            way = {value: row if value in AXES else [*row[:9], *[None] * 7] for value, row in found["on_the_way"].items()}
            found |= {"on_the_way": way, "scores": {}, "deviations": {}, "floors": {}}
        return found

    monkeypatch.setattr(training_runs, "_measure", failing)
    module = importlib.import_module(f"experiments.{name}")
    monkeypatch.setattr(module, "COUNT", 4, raising=False)  # of random_architectures
    asked = ExperimentStore(name)
    asked.most = 3
    assert asked.carry_out(module)
    content = json.loads(asked.json.read_text(encoding="utf-8"))
    assert len(content["verdicts"]) == len(claims.of(module.ABOUT))
    monkeypatch.setattr(results, "read", lambda: {name: content})
    monkeypatch.setattr(results.queue, "left", lambda name: ([], 1, 0.0))
    assert all(f'id="{name}"' in page for path, page in results.render().items() if path.startswith("docs/"))

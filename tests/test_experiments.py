"""The experiments: what they say, that nothing is measured twice, and that the pages hold what was measured."""

import contextlib
import importlib
import json
import re
import threading
import time

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import experiments
from errors import UserError
from experiments import figures, numeric, results, store, training_runs
from experiments.store import ROOT, ExperimentStore
from tests.helpers import write_cifar10
from training import grids
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
    assert all(len(text) > 8 for text in about.values())
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

    first = ExperimentStore("momentum", quick=True).cached("a", {"steps": 3}, measure)
    assert first == {"value": 0.333333, "infinite": None}
    assert ExperimentStore("momentum", quick=True).cached("a", {"steps": 3}, measure) == first
    assert len(calls) == 1
    ExperimentStore("momentum", quick=True).cached("a", {"steps": 4}, measure)
    assert len(calls) == 2
    with pytest.raises(UserError, match="b has not been measured yet"):
        ExperimentStore("momentum", quick=True, redraw=True).cached("b", {}, measure)


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

    def train(store, key, model, settings, seed):
        return store.cached(key, {}, lambda: order.append(key) or key)

    monkeypatch.setattr(training_runs, "train", train)
    here, there = ExperimentStore("momentum", quick=True), ExperimentStore("momentum", quick=True)
    cells = {"a": ("wgan", {}), "b": ("gan", {})}
    with contextlib.ExitStack() as other:
        assert other.enter_context(there.lock("a-s0"))
        shell = threading.Thread(target=lambda: order.append(training_runs.runs(here, cells, 2)))
        shell.start()
        while len(order) < 3:
            time.sleep(0.01)
        there.cached("a-s0", {}, lambda: "theirs")
    shell.join(60)
    assert order == ["b-s0", "a-s1", "b-s1", {"a": ["theirs", "a-s1"], "b": ["b-s0", "b-s1"]}]


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
    assert contents[0]["verdict"] in experiments.VERDICTS


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
    assert module.judge(numbers) == kept["verdict"]


@pytest.mark.parametrize("page", [*(f"docs/{name}" for name in results.PAGES), *results.TABLES])
def test_pages_hold_the_numbers_of_the_json(page):
    assert (ROOT / page).read_text(encoding="utf-8") == results.render()[page], "python -m experiments.results writes it again"


@pytest.mark.parametrize(
    "template", sorted((ROOT / "experiments" / "pages").rglob("*.md")), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_no_measured_number_is_typed_into_a_template(template):
    text = template.read_text(encoding="utf-8")
    prose = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", text, flags=re.S)
    assert not re.search(r"\d\s*(±|%)|±\s*\d", prose)


@pytest.mark.parametrize("name", DONE)
def test_figures_are_there_and_small(name):
    assert 5_000 < (ROOT / "docs" / "figures" / f"{name}.png").stat().st_size < 300_000

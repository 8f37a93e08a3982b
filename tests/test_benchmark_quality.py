"""Time to quality: the first mark counts, scoring costs no time, and the page holds what was measured."""

import json
import math
import time

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import quality, quality_results, quality_training
from benchmarks.quality_training import Ended, Marks, recipe_of
from benchmarks.table import in_chinese
from errors import UserError
from experiments.store import ROOT
from tests.helpers import tiny
from training.budget import Budget

KEPT = ROOT / "docs" / "quality.json"


def run(name, *points, seed=0, ended="seconds"):
    """A run whose marks are (CPU seconds, fd_lenet); on the wall they take twice as long."""
    marks = [{"step": 1, "critic_steps": 5, "cpu_seconds": s, "wall_seconds": 2 * s, "fd_lenet": fd} for s, fd in points]
    return {"name": name, "seed": seed, "ended": ended, "recipe": {}, "marks": marks}


def content(*runs):
    return {"samples": 5000, "runs": list(runs)}


def test_the_time_to_a_quality_is_the_first_mark_at_or_below_it():
    one = run("wgan", (10, None), (20, 30.0), (40, 10.0), (80, 12.0), (160, 4.0))
    assert quality_results.time_to(one, 20) == quality_results.time_to(one, 10) == (40, 80)
    assert quality_results.time_to(one, 5) == (160, 320)
    assert quality_results.time_to(one, 3) == (math.inf, math.inf)


def test_the_table_has_the_median_seed_and_a_dash_for_never():
    fast, slow = run("wgan", (10, 9.0), (30, 2.5), ended="quality"), run("wgan", (70, 9.0), seed=1)
    middle = run("wgan", (20, 9.0), (1500, 4.0), seed=2, ended="budget")
    (line,) = quality_results.lines(content(fast, slow, middle))
    assert line == ["wgan", "20 (40)", "20 (40)", "1,500 (3,000)", "–", "2.50, 9.00, 4.00", "30, 70, 1,500", line[-1]]
    assert line[-1] == "there, out of time, its recipe's end"
    table = quality_results.markdown(content(fast, run("pytorch", (10, 50.0)))).splitlines()
    assert len({row.count("|") for row in table}) == 1 and len(table) == 4
    assert table[-1].startswith("| the WGAN authors' recipe, PyTorch | – | – | – | – | 50.00 | 10 |")


def test_the_figure_has_a_line_a_recipe_and_the_thresholds():
    drawn = quality_results.figure(content(run("wgan", (10, 9.0), (30, None), (900, 2.5)), run("pytorch", (20, 50.0))))
    (axis,) = drawn.axes
    curves = [line for line in axis.lines if line.get_marker() == "."]
    assert [list(zip(*line.get_data())) for line in curves] == [[(10, 9.0), (900, 2.5)], [(20, 50.0)]]
    assert {line.get_ydata()[0] for line in axis.lines if line not in curves} == set(quality_training.THRESHOLDS)
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["wgan", "the WGAN authors' recipe, PyTorch"]
    assert axis.get_xscale() == axis.get_yscale() == "log"


def test_marks_are_a_geometric_grid():
    at = quality.grid(1500, 25)
    assert len(at) == 25 and at[0] == 10 and at[-1] == 1500
    np.testing.assert_allclose(np.diff(np.log(at)), math.log(150) / 24, rtol=1e-3)
    assert quality.grid(8, 3) == [2, 4, 8]


class Clocks(Budget):
    """A budget whose clocks a test sets; it notes whether they stood still."""

    def __init__(self, recipe):
        super().__init__(recipe, {"seconds": 0.0, "cpu_seconds": 0.0})
        self.now = 0.0

    def cpu_seconds(self):
        return self.now


def marks(monkeypatch, qualities, at=(1.0, 2.0, 4.0), **settings):
    """Marks over a training whose scores are `qualities`, and its clocks."""
    monkeypatch.setattr(quality_training, "fd_lenet", lambda items, dataset, left=list(qualities): left.pop(0))
    clocks = Clocks(tiny("wgan-paper", steps=100, **settings))
    return Marks(lambda: None, None, clocks, list(at), lambda mark: None), clocks


def walk(found, clocks, until=50):
    """A step each half of a second. Returns why it ended."""
    for step in range(1, until):
        clocks.now = step / 2
        try:
            found.step(step)
        except Ended as end:
            return str(end)
    return None


def test_scores_are_taken_at_the_marks_and_at_the_limit(monkeypatch):
    found, clocks = marks(monkeypatch, [30.0, None, 8.0])
    assert walk(found, clocks) == "seconds"
    assert [(mark["cpu_seconds"], mark["step"], mark["fd_lenet"]) for mark in found.rows] == [
        (1, 2, 30),
        (2, 4, None),
        (4, 8, 8),
    ]
    assert [mark["critic_steps"] for mark in found.rows] == [10, 20, 40]


def test_the_best_quality_and_the_recipes_end_end_it(monkeypatch):
    assert walk(*marks(monkeypatch, [30.0, 3.0])) == "quality"
    found, clocks = marks(monkeypatch, [30.0, 20.0], at=(1.0, 1000.0))
    clocks.recipe = clocks.recipe.model_copy(update={"steps": 6})
    assert walk(found, clocks) == "budget"
    assert [mark["step"] for mark in found.rows] == [2, 6]


def test_a_slow_step_passes_several_marks_but_scores_once(monkeypatch):
    found, clocks = marks(monkeypatch, [30.0, 20.0, 10.0], at=(0.1, 0.2, 0.3, 0.6, 4.0))
    walk(found, clocks)
    assert [mark["cpu_seconds"] for mark in found.rows] == [0.5, 1.0, 4.0]


def test_scoring_stops_both_clocks(monkeypatch):
    spent = []

    def work(items, dataset):
        began = time.monotonic(), time.process_time()
        while time.process_time() - began[1] < 0.2:
            pass
        spent.extend((time.monotonic() - began[0], time.process_time() - began[1]))
        return 30.0

    monkeypatch.setattr(quality_training, "fd_lenet", work)
    began = time.monotonic(), time.process_time()
    budget = Budget(tiny("wgan", steps=100), {"seconds": 0.0, "cpu_seconds": 0.0})
    Marks(lambda: None, None, budget, [0.0, 1000.0], lambda mark: None).step(1)
    assert budget.seconds() <= time.monotonic() - began[0] - spent[0]
    assert budget.cpu_seconds() <= time.process_time() - began[1] - spent[1]


def test_recipes_are_the_defaults_and_pytorch_has_the_authors_constants():
    for name, own in {"wgan-paper": {"steps": 10**9}, "wgan": {}, "wgan-gp": {}, "dcgan": {}}.items():
        assert recipe_of(name) == quality_training.recipes.load(name, overrides={"data": "mnist-5k", "seed": 0, **own})
    ours, theirs = recipe_of("wgan-paper"), recipe_of("pytorch")
    constants = {"optimizer": "rmsprop", "generator_learning_rate": 5e-5, "critic_learning_rate": 5e-5, "clip": 0.01}
    for key, value in {**constants, "n_critic": 5, "batch_size": 64, "warm_up": True, "decay": False, "ema": 0}.items():
        assert getattr(theirs, key) == value
    same = ("data", "filters", "latent", "generator_network", "critic_network", "generator_norm", "critic_norm", "image_size")
    assert all(getattr(ours, key) == getattr(theirs, key) for key in same)
    assert [theirs.n_critic_at(step) for step in (0, 24, 25, 500)] == [100, 100, 5, 100]


def test_pytorchs_networks_begin_as_the_authors():
    torch = pytest.importorskip("torch", reason="PyTorch is an optional extra, only to compare with")
    from benchmarks.pytorch import GANTrainer, initialise

    torch.manual_seed(0)
    critic = GANTrainer(recipe_of("pytorch"), (1, 32, 32)).critic.apply(initialise)
    for name, parameter in critic.named_parameters():
        shift, mean = name.endswith("bias"), 1.0 if parameter.ndim == 1 else 0.0
        if shift:
            assert not parameter.any()
        else:
            assert parameter.mean().item() == pytest.approx(mean, abs=0.01)
            assert parameter.std().item() == pytest.approx(0.02, rel=0.3)


def test_a_training_of_this_project_is_scored_on_the_way():
    told = []
    found = quality_training.train("dcgan", 0, [0.05, 0.3], told.append, quick=True)
    assert found["ended"] == "seconds" and found["marks"] == told and found["recipe"]["filters"] == 4
    assert told[-1]["cpu_seconds"] >= 0.3 and 3 < told[-1]["fd_lenet"] < 2000


def test_the_command_measures_and_writes(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is an optional extra, only to compare with")
    out, figure = tmp_path / "quality.json", tmp_path / "quality.png"
    flags = ["--quick", "--seconds", "1", "--marks", "2", "--json", str(out), "--figure", str(figure)]
    result = CliRunner().invoke(quality.main, ["pytorch", *flags], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found = json.loads(out.read_text(encoding="utf-8"))
    assert [one["name"] for one in found["runs"]] == ["pytorch"] and found["runs"][0]["ended"] == "seconds"
    assert {"processor", "instructions", "date", "versions"} <= set(found) and found["threads"] == 1
    assert 3 < found["runs"][0]["marks"][-1]["fd_lenet"] < 2000
    assert figure.stat().st_size > 5_000


def test_unknown_names_are_refused():
    with pytest.raises(UserError, match="wgan"):
        quality.check(("wgam",))


@pytest.mark.skipif(not KEPT.is_file(), reason="docs/quality.json has not been measured yet")
def test_the_page_holds_the_table_of_the_json():
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert not kept["quick"]
    table = quality_results.markdown(kept)
    assert table in (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert in_chinese(table) in (ROOT / "docs" / "zh" / "performance.md").read_text(encoding="utf-8")

"""The best checkpoint of a run: marked by eval.py --every, drawn from by sample.py --best."""

import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from errors import UserError
from reporting import score_store
from reporting.scorer import BRIEF_FILE, Scorer, best_checkpoint
from tests.helpers import TINY_FLAGS
from training.run import read_recipe

DATA = {"data": "mnist", "data_sha256": "x", "samples": 100, "seed": 0}


def scored(folder, name="metrics.json", by="fd_lenet", more=(), **scores):
    """Write what eval.py would have. scores: step_1=value …; more: of the settings."""
    rows = {int(key.removeprefix("step_")): {by: row(value)} for key, value in scores.items()}
    score_store.write(folder / name, rows, DATA | dict(more))


def row(value):
    return {"value": value, "deviation": None, "floor": None, "floor_deviation": None}


def samples(call, path, *flags):
    result = call("sample", path, "--n", 4, *flags, "--out", "s.npz")
    assert result.status == 0, result.err
    with np.load("s.npz") as content:
        return content["images"]


def test_the_first_quality_value_that_all_have_decides():
    fd, swd, kid = ({name: row(value)} for name, value in (("fd_lenet", 3.0), ("swd", 0.1), ("kid", 0.0)))
    low = {"swd": row(0.05)}
    assert score_store.best({1: fd | low, 2: fd | swd}) == (1, "fd_lenet", 3.0), "the earlier of two alike"
    assert score_store.best({1: fd | swd, 2: low}) == (2, "swd", 0.05)
    assert score_store.best({5: {"w1": row(0.2)}, 7: {"w1": row(0.1), "good_share": row(0.0)}}) == (7, "w1", 0.1)
    assert score_store.best({1: kid, 2: kid}) is None, "none that may stand for quality"
    assert score_store.best({1: fd, 2: {"fd_lenet": row(None)}}) is None
    assert score_store.best({}) is None


def test_of_values_that_grow_with_quality_the_largest_is_best(monkeypatch):
    scores = {step: {"coverage": row(value)} for step, value in ((1, 0.2), (2, 0.5), (3, 0.5))}
    monkeypatch.setattr("metrics.quality_values", lambda: ["coverage"])
    assert score_store.best(scores) == (2, "coverage", 0.5)


def test_values_of_another_call_join_those_that_a_checkpoint_has(tmp_path):
    scored(tmp_path, step_1=5.0)
    scored(tmp_path, by="swd", step_1=0.5, step_2=0.1)
    scores, _ = score_store.read(tmp_path / "metrics.json")
    assert {step: {name: one["value"] for name, one in values.items()} for step, values in scores.items()} == {
        1: {"fd_lenet": 5.0, "swd": 0.5},
        2: {"swd": 0.1},
    }


def test_a_runs_scores_are_of_its_own_samples_and_data(run, runs_to_copy):
    path, recipe = run / "metrics.json", read_recipe(run)
    assert score_store.of_run(path, recipe) == ({}, {}), "there are none"
    for other in ({"data": "mnist-5k"}, {"raw": True}, {"source": "other"}, {}):
        scored(run, step_2=2.0, more=other)
        scores, settings = score_store.of_run(path, recipe)
        assert bool(scores) == bool(settings) == (not other)
    averaged = read_recipe(runs_to_copy / "average")
    scored(run, step_2=2.0, more={"raw": True})
    assert score_store.of_run(path, averaged) == ({}, {}) and score_store.of_run(path, averaged, raw=True)[0]


def test_samples_come_from_the_best_checkpoint(call, run):
    each = {step: samples(call, f"run/checkpoints/step-{step:06d}") for step in (0, 1, 2)}
    for best in each:
        scored(run, **{f"step_{step}": 5.0 if step == best else 9.0 for step in each})
        np.testing.assert_array_equal(samples(call, "run", "--best"), each[best])
        assert json.loads((run / "metrics.json").read_text())["best"] == {"step": best, "by": "fd_lenet", "value": 5.0}
    assert not np.array_equal(each[0], each[1])
    assert call("sample", "run", "--best").out.splitlines()[-1] == "run/samples-best-seed-0.png"


def test_scores_of_other_settings_are_put_aside_and_not_written_over(tmp_path):
    scored(tmp_path, step_0=5.0, step_100=4.0)
    scored(tmp_path, step_200=3.0)
    assert set(score_store.read(tmp_path / "metrics.json")[0]) == {0, 100, 200}
    scored(tmp_path, more={"raw": True}, step_200=2.0)
    assert set(score_store.read(tmp_path / "metrics-2.json")[0]) == {0, 100, 200}
    assert {step: row["fd_lenet"]["value"] for step, row in score_store.read(tmp_path / "metrics.json")[0].items()} == {200: 2.0}


def test_compare_scores_as_many_samples_as_the_data_set_wants():
    assert Scorer(SimpleNamespace(name="stacked-mnist")).samples == 25_600
    assert Scorer(SimpleNamespace(name="mnist")).samples == 5000


def test_what_a_comparison_measured_on_the_way_counts_too(run):
    scored(run, BRIEF_FILE, step_0=9.0, step_1=4.0, step_2=8.0)
    assert best_checkpoint(run).name == "step-000001"
    scored(run, step_2=8.0)  # its metrics.json is of the end alone
    assert best_checkpoint(run).name == "step-000001"
    scored(run, step_0=9.0, step_1=9.0)  # now eval.py --every, with more samples
    assert best_checkpoint(run).name == "step-000002"


def test_a_run_that_was_not_scored_is_refused(refused, run):
    words = "run has not been scored at its checkpoints: python eval.py run --every"
    assert words in refused("sample", "run", "--best")
    for scores in ({"step_2": 8.0}, {"step_0": 8.0, "step_1": 8.0}):  # the last alone; not what came later
        scored(run, **scores, more={"samples": len(scores)})
        assert words in refused("sample", "run", "--best")
    scored(run, step_0=9.0, step_1=4.0, step_2=8.0, more={"data": "fashion-mnist"})
    assert words in refused("sample", "run", "--best")


def test_a_best_checkpoint_that_is_deleted_is_refused_and_the_next_best_named(refused, run):
    scored(run, step_0=9.0, step_1=4.0, step_2=8.0)
    shutil.rmtree(run / "checkpoints" / "step-000001")
    said = refused("sample", "run", "--best")
    assert "the best checkpoint of run, step 1 (fd_lenet 4), is deleted by now" in said
    assert "the best that is left is step 2 (fd_lenet 8)" in said


def test_scores_of_the_generator_itself_are_for_raw_samples(call, refused, runs_to_copy, tmp_path):
    shutil.copytree(runs_to_copy / "average", tmp_path / "run")
    scored(tmp_path / "run", step_0=9.0, step_1=4.0, step_2=8.0, more={"raw": True})
    assert "--every" in refused("sample", "run", "--best")
    expected = samples(call, "run/checkpoints/step-000001", "--raw")
    np.testing.assert_array_equal(samples(call, "run", "--best", "--raw"), expected)
    scored(tmp_path / "run", step_0=9.0, step_1=4.0, step_2=8.0)
    assert "--every --raw" in refused("sample", "run", "--best", "--raw")


def test_without_an_average_raw_changes_nothing(run):
    scored(run, step_0=9.0, step_1=4.0, step_2=8.0)
    assert best_checkpoint(run, raw=True) == best_checkpoint(run)


def test_what_an_interruption_left_behind_need_not_be_scored(call, mnist_dir, tmp_path):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "-o", "checkpoint_every=2", "--out", "r"]
    assert call("train", "--model", "wgan", "--network", "mlp", *flags).status == 0
    shutil.copytree("r/checkpoints/step-000002", "r/checkpoints/step-000003")
    scored(tmp_path / "r", BRIEF_FILE, step_0=9.0, step_2=4.0, step_4=8.0)
    assert best_checkpoint("r").name == "step-000002"
    shutil.rmtree("r/checkpoints/step-000004")  # now it is the last
    with pytest.raises(UserError, match="has not been scored"):
        best_checkpoint("r")


def test_eval_marks_the_best(call, run, mnist_dir, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = call("eval", "run", "--every", "--data-dir", mnist_dir, "--metrics", "swd", "--samples", 30)
    assert found.status == 0, found.err
    values = {row["step"]: row["values"]["swd"]["value"] for row in json.loads((run / "metrics.json").read_text())["results"]}
    step = min(values, key=values.get)
    title = " ".join(found.out.split())
    assert f"run, step {step}, the best of 3 by swd, against mnist" in title and title.count("the best of") == 1
    assert f"best: step {step}, swd " in found.out and "python sample.py run --best draws from it" in found.out
    again = call("eval", "run", "--every", "--data-dir", mnist_dir, "--metrics", "swd", "--samples", 30, "--json")
    assert json.loads(again.out)["best"] == {"step": step, "by": "swd", "value": values[step]}
    assert "best" not in call("eval", "run", "--data-dir", mnist_dir, "--metrics", "swd", "--samples", 30).out
    assert best_checkpoint(run).name == f"step-{step:06d}"


def test_eval_does_not_promise_a_best_that_sample_does_not_draw(call, run, mnist_dir, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    arguments = ["eval", "run", "--every", "--data-dir", mnist_dir, "--metrics", "swd", "--samples", 30]
    assert "draws from it" in call(*arguments).out
    _, settings = score_store.read(run / "metrics.json")
    score_store.write(run / "metrics.json", {9: {"swd": row(0.0)}}, settings)  # the best of all is deleted by now
    for flags in ([], ["--out", "elsewhere"], ["--data", "mnist-5k"]):
        found = call(*arguments, *flags)
        assert found.status == 0 and re.search(r"^best: step \d, swd [\d.]+$", found.out, re.M), found


def test_flags_that_do_not_go_together(refused, run):
    assert "--best wants a run's folder" in refused("sample", "run/checkpoints/step-000001", "--best")
    scored(run, step_0=9.0, step_1=4.0, step_2=8.0)
    assert "--best: a film of the training is made of a run's saved grids" in refused("sample", "run", "--best", "--out", "a.gif")

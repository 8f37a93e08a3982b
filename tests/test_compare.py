"""compare.py: equal terms, reuse by content, going on after an interruption, a run that dies."""

import json
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.helpers import files_below, program, run_program
from training import comparison
from training import recipe as recipes

# filters too: a recipe's own number need not be the comparison's
SMALL = ["--network", "mlp", "--steps", "10", "--batch-size", "8", "-o", "units=16", "-o", "latent=8", "-o", "filters=4"]
SMALL += ["--samples", "100", "--metrics", "swd"]
TIMES = ("made", "command", "minutes", "seconds", "steps_per_second", "started", "reused", "folder", "visualdl")


def plan(*names, networks=(), own=None, seeds=1, **settings):
    return comparison.plan(names, networks, settings, own or {}, seeds)


def results(out):
    return json.loads((Path(out) / "results.json").read_text(encoding="utf-8"))


def timeless(value):
    """Results without what may differ between equal comparisons: times, and curves against minutes."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in TIMES}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def test_terms_are_equal_but_for_the_recipe():
    entries = plan("gan", "wgan", "wgan-gp", seeds=2)
    assert [(e.label, e.recipe.seed) for e in entries] == [(m, s) for m in ("gan", "wgan", "wgan-gp") for s in (0, 1)]
    planned = [e.recipe for e in entries]
    same = ("network", "filters", "latent", "batch_size", "steps", "data", "image_size", "units", "sample_every", "log_every")
    assert all(len({getattr(r, key) for r in planned}) == 1 for key in same)
    assert [r.objective for r in planned[::2]] == ["non-saturating", "wasserstein", "wasserstein"]
    assert {r.n_critic for r in planned if r.model == "wgan"} == {recipes.load("wgan").n_critic}


def test_points_have_terms_of_their_own():
    entry = plan("wgan", data="8gaussians")[0]
    assert (entry.recipe.network, entry.recipe.latent, entry.recipe.batch_size) == ("mlp", 2, 256)


def test_several_networks_and_settings_of_one_model():
    entries = plan("gan", "wgan", networks=["mlp", "dcgan"], own={"wgan": {"clip": 0.1}}, filters=8)
    assert [e.label for e in entries] == ["gan mlp", "wgan mlp", "gan dcgan", "wgan dcgan"]
    assert [e.recipe.clip for e in entries] == [None, 0.1, None, 0.1]
    assert {e.recipe.filters for e in entries} == {8}


def test_a_word_for_both_players_is_for_all_models_and_a_player_s_own_for_one():
    own = {"wgan": {"critic_learning_rate": 0.25, "generator_network": "dcgan-constant"}}
    gan, wgan = (e.recipe for e in plan("gan", "wgan", networks=["resnet"], own=own, learning_rate=0.5))
    assert (gan.generator_learning_rate, gan.critic_learning_rate, gan.network) == (0.5, 0.5, "resnet")
    assert (wgan.generator_learning_rate, wgan.critic_learning_rate) == (0.5, 0.25)
    assert (wgan.generator_network, wgan.critic_network) == ("dcgan-constant", "resnet")


def test_minutes_leave_grids_and_checkpoints_to_the_clock():
    recipe = plan("wgan", minutes=2.0)[0].recipe
    assert recipe.minutes == 2
    assert recipe.steps == recipe.sample_every == recipe.checkpoint_every == comparison.NEVER


def test_a_name_decides_nothing():
    wgan, lsgan = plan("wgan")[0].recipe, plan("lsgan")[0].recipe
    twin = wgan.model_copy(update={"model": "mine", "log_every": 7, "keep_checkpoints": 1})
    assert comparison.content(wgan) == comparison.content(twin)
    assert comparison.content(wgan) != comparison.content(lsgan)
    assert comparison.content(wgan) != comparison.content(wgan.model_copy(update={"seed": 5}))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gna"], "did you mean 'gan'"),
        ([], "name the models or runs"),
        (["gan", "--network", "mpl"], "--network mpl: allowed are mlp"),
        (["gan", "--steps", "5", "--minutes", "1"], "exclude one another"),
        (["gan", "--minutes", "-1"], "minutes"),
        (["gan", "--steps", "0"], "steps"),
        (["gan", "-o", "wgan.clip=1"], "wgan is not among the models"),
        (["gan", "-o", "flters=4"], "filters"),
        (["gan", "--data", "mnits"], "did you mean 'mnist'"),
        (["gan", "--metrics", "kdi"], "kid"),
        (["gan", "--device", "tpu"], "allowed are auto"),
        (["runs/none", "gan"], "not a run folder"),
    ],
)
def test_mistakes_are_one_line(refused, arguments, words):
    assert words in refused("compare", *arguments)


def test_folder_of_something_else_is_refused(refused, tmp_path):
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "thesis.txt").write_text("mine")
    assert "holds something else" in refused("compare", "gan", "--out", "A")


def test_makes_all_files_then_reuses_them(call, tmp_path):
    first = call("compare", "gan", "wgan", *SMALL, "--seeds", "2", "--out", "A")
    assert first.status == 0, first.err
    assert first.out.splitlines()[-1] == "A/report.html"
    made = {path.name for path in Path("A").iterdir()}
    assert {"report.html", "results.json", "results.csv", "samples.png", "curves.png", "comparison.json", "runs"} <= made
    assert (Path("A") / "results.csv").read_text().count("\n") == 6  # heading, four runs, real data
    before, found = files_below("A/runs"), results("A")

    second = call("compare", "gan", "wgan", *SMALL, "--seeds", "2", "--out", "A")
    assert "4 of them there already" in second.out
    assert files_below("A/runs") == before
    assert timeless(results("A")) == timeless(found)

    assert call("compare", "gan", *SMALL, "--seeds", "3", "--out", "A").status == 2


def test_another_comparison_reuses_the_same_trainings(call):
    call("compare", "gan", "wgan", *SMALL, "--seeds", "1")
    other = call("compare", "wgan", *SMALL, "--seeds", "1")
    assert "1 run, 1 of them there already → compare/wgan-mnist-5k" in other.out
    wider = call("compare", "gan", "wgan", *SMALL, "--seeds", "2")
    assert "4 runs, 2 of them there already → compare/gan-wgan-mnist-5k-2" in wider.out


def test_runs_of_train_py_are_reused_and_lend_their_terms(call, tmp_path):
    assert call("train", "--model", "gan", *SMALL[: SMALL.index("--samples")]).status == 0
    found = call("compare", "gan", "wgan", *SMALL, "--seeds", "1", "--out", "A")
    assert "2 runs, 1 of them there already" in found.out, found.err
    assert "runs/gan-mnist-5k-s0" in results("A")["visualdl"]
    other = call("compare", "runs/gan-mnist-5k-s0", "wgan", "--samples", "100", "--metrics", "swd", "--out", "B")
    assert other.status == 0, other.err
    terms = {"generator_network", "critic_network", "units", "latent", "batch_size", "steps"}
    assert terms <= {row["name"] for row in results("B")["settings"] if row["equal"]}


def test_a_model_that_dies_does_not_stop_the_others(call):
    explode = ["-o", "gan.optimizer=sgd", "-o", "gan.learning_rate=1e30"]
    found = call("compare", "gan", "wgan", *SMALL, *explode, "--seeds", "1", "--out", "A")
    assert found.status == 0, found.err
    gan, wgan = results("A")["runs"]
    assert (gan["status"], wgan["status"]) == ("died", "finished")
    assert "not finite" in gan["message"]
    assert "swd" in wgan["metrics"]
    page = Path("A/report.html").read_text(encoding="utf-8")
    assert re.search(r"gan, seed 0 died.*not finite", page, re.S)
    before = files_below("A/runs")
    assert call("compare", "gan", "wgan", *SMALL, *explode, "--seeds", "1", "--out", "A").status == 0  # not tried again
    assert files_below("A/runs") == before


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_killed_and_called_again_ends_with_the_same_numbers(tmp_path, signum):
    arguments = ["gan", "wgan", "--steps", "60", *SMALL[:2], *SMALL[4:], "--seeds", "1"]
    whole = run_program("compare.py", *arguments, "--out", "whole", cwd=tmp_path, timeout=400)
    assert whole[0] == 0, whole
    (tmp_path / "elsewhere").mkdir()
    with program("compare.py", *arguments, "--out", "parts", cwd=tmp_path / "elsewhere") as process:
        log = tmp_path / "elsewhere/parts/runs/gan-mlp-mnist-5k-s0/log.jsonl"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (log.is_file() and log.read_text().count("\n") > 12):
            time.sleep(0.02)
        process.send_signal(signum)
        process.communicate()
    assert not (tmp_path / "elsewhere/parts/report.html").exists()
    again = run_program("compare.py", *arguments, "--out", "parts", cwd=tmp_path / "elsewhere", timeout=400)
    assert again[0] == 0, again
    left, right = (timeless(results(p)) for p in (tmp_path / "whole", tmp_path / "elsewhere/parts"))
    for found in (left, right):  # against minutes there is no equality
        for curves in (*found["curves"].values(), *found["metric_curves"].values()):
            curves.pop("minutes", None)
    assert left == right


def test_jobs_make_the_same_runs(tmp_path):
    arguments = ["gan", "wgan", *SMALL, "--seeds", "1"]
    one = run_program("compare.py", *arguments, "--out", "one", cwd=tmp_path, timeout=400, env={"OMP_NUM_THREADS": "1"})
    shutil.move(tmp_path / "one", tmp_path / "kept")
    two = run_program(
        "compare.py", *arguments, "--jobs", "2", "--out", "two", cwd=tmp_path, timeout=400, env={"OMP_NUM_THREADS": "1"}
    )
    assert (one[0], two[0]) == (0, 0), (one, two)
    left, right = (results(tmp_path / name) for name in ("kept", "two"))
    assert [r["metrics"] for r in left["runs"]] == [r["metrics"] for r in right["runs"]]
    assert [r["health"] for r in left["runs"]] == [r["health"] for r in right["runs"]]


def test_minutes_end_a_run(call):
    budget = [word for word in SMALL if word not in ("--steps", "10")]
    found = call("compare", "gan", *budget, "--minutes", "0.02", "--seeds", "1", "--out", "A")
    assert found.status == 0, found.err
    (run,) = results("A")["runs"]
    assert run["status"] == "finished"
    assert 0.02 <= run["minutes"] < 0.2
    assert len(run["grids"]) == 11
    again = call("compare", "gan", *budget, "--minutes", "0.02", "--seeds", "1", "--out", "A")
    assert "1 run, 1 of them there already" in again.out

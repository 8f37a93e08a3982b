"""compare.py: equal terms, reuse by content, a run that dies, minutes."""

import json
import re
from pathlib import Path

import pytest

import compare
from reporting import terms
from tests.helpers import files_below
from training import comparison, run, runtime
from training import recipe as recipes

TINY = ["--network", "mlp", "--steps", "10", "--batch-size", "64", "-o", "units=16", "-o", "latent=8"]
TINY += ["--samples", "100", "--metrics", "swd"]
SMALL = [*TINY, "--jobs", "1"]  # in this process: tests of more at a time are in test_run_comparison.py
ONE_RUN, RUN = ["gan", *SMALL, "--seeds", "1", "--out", "A"], Path("A/runs/gan-mlp-mnist-5k-s0")  # and the only run's folder
TIMES = ("made", "command", "minutes", "seconds", "cpu_seconds", "steps_per_second", "started", "reused", "folder", "visualdl")


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
    found = [e.recipe for e in entries]
    same = ("network", "filters", "latent", "batch_size", "steps", "data", "image_size", "units", "sample_every", "log_every")
    assert all(len({getattr(r, key) for r in found}) == 1 for key in same)
    assert [r.objective for r in found[::2]] == ["non-saturating", "wasserstein", "wasserstein"]


@pytest.mark.parametrize("source", ["mnist-5k", "8gaussians"])
def test_a_generator_step_has_as_many_samples_in_all_models(source):
    own = recipes.load("wgan-gp-resnet-paper", overrides={"data": source})
    assert own.generator_batch_size
    models = ("wgan-gp", "wgan-gp-resnet-paper")
    assert {entry.recipe.generator_batch_size for entry in plan(*models, data=source)} == {None}
    assert {entry.recipe.generator_batch for entry in plan(*models, data=source, generator_batch_size=6)} == {6}


@pytest.mark.parametrize("model", ["wgan", "wgan-gp", "wgan-paper", "wgan-gp-paper"])
def test_rates_critic_steps_and_averages_stay_the_recipes_own(model):
    own, (entry,) = recipes.load(model), plan(model)
    keys = ("n_critic", "generator_learning_rate", "critic_learning_rate", "ema", "decay", "clip", "penalty", "optimizer")
    assert [getattr(entry.recipe, key) for key in keys] == [getattr(own, key) for key in keys]
    assert entry.recipe.filters == 16
    if model.endswith("-paper"):
        assert (entry.recipe.n_critic, entry.recipe.ema, entry.recipe.decay) == (5, 0, False)


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


@pytest.mark.parametrize("steps", [3000, 3000.0, "3000"])
def test_steps_that_a_recipe_takes_for_a_number_decide_how_often_it_is_looked_at(steps):
    recipe = plan("wgan", steps=steps)[0].recipe
    found = recipe.steps, recipe.log_every, recipe.sample_every, recipe.checkpoint_every
    assert found == (3000, 30, 300, 600)


def test_minutes_leave_grids_and_checkpoints_to_the_clock():
    recipe = plan("wgan", minutes=2.0)[0].recipe
    assert recipe.minutes == 2
    assert recipe.steps == recipe.sample_every == recipe.checkpoint_every == comparison.UNREACHED


def test_minutes_take_the_place_of_the_steps_of_a_run_that_was_named(tmp_path):
    (tmp_path / "config.yaml").write_text(json.dumps(recipes.load("gan", overrides={"steps": 2}).model_dump()))
    steps = lambda **settings: plan(str(tmp_path), "wgan", **settings)[1].recipe.steps  # noqa: E731
    assert steps() == steps(minutes=None) == 2
    assert steps(minutes=3.0) == comparison.UNREACHED
    assert steps(minutes=3.0, steps=4) == 4


def test_minutes_are_of_the_clock_that_is_asked_for():
    clocks = lambda *names, **more: [e.recipe.clock for e in comparison.plan(names, (), *more.pop("args"), 1, **more)]  # noqa: E731
    assert clocks("gan", args=({"minutes": 2}, {}), clock="cpu") == ["cpu"]
    assert clocks("gan", args=({"minutes": 2, "clock": "wall"}, {}), clock="cpu") == ["wall"]
    assert clocks("gan", "wgan", args=({}, {"gan": {"minutes": 2}}), clock="cpu") == ["cpu", "wall"]  # wgan: in steps
    assert clocks("gan", args=({"minutes": 2}, {})) == ["wall"]


@pytest.mark.parametrize(
    ("flags", "gpu", "jobs", "clock"),
    [
        ([], False, "cores", "cpu"),
        (["--jobs", "1"], False, 1, "cpu"),
        (["-o", "clock=wall"], False, "cores", "wall"),
        ([], True, 1, "wall"),
        (["--jobs", "3"], True, 3, "wall"),
    ],
)
def test_a_job_a_core_and_cpu_minutes_but_not_on_a_gpu(call, monkeypatch, flags, gpu, jobs, clock):
    asked = []
    monkeypatch.setattr(runtime, "has_gpu_build", lambda: gpu)
    monkeypatch.setattr(runtime, "_gpus", lambda: 1)
    monkeypatch.setattr(compare, "carry_out", lambda *arguments: asked.append(arguments) or 0)
    assert call("compare", "gan", "--minutes", "1", "--seeds", "1", *flags).status == 0
    ((_, (entry,), *_, found),) = asked
    assert found == (runtime.cores() if jobs == "cores" else jobs)
    assert entry.recipe.clock == clock


def test_labels_name_what_tells_groups_apart(tmp_path):
    for name, rates in (("a", (1e-4, 1e-4)), ("b", (5e-5, 5e-5)), ("c", (5e-5, 1e-3))):
        recipe = recipes.load("wgan", overrides=dict(zip(recipes.PLAYER_SETTINGS["learning_rate"], rates)))
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(json.dumps(recipe.model_dump()))
    folders = [str(tmp_path / name) for name in "abc"]
    assert [e.label for e in plan(*folders[:2], seeds=None)] == ["wgan learning_rate=0.0001", "wgan learning_rate=5e-05"]
    critics = [e.label for e in plan(*folders[1:], seeds=None)]
    assert critics == ["wgan critic_learning_rate=5e-05", "wgan critic_learning_rate=0.001"]
    assert plan("wgan", own={"wgan": {"critic_learning_rate": 1.0}})[0].label == "wgan"


def test_numbers_that_six_digits_do_not_tell_apart_get_all_of_theirs():
    """Groups of one label would be averaged as seeds of one model, and the table would call the setting equal."""
    clips = (0.01234561, 0.01234564)
    entries = [plan("wgan", clip=clip)[0] for clip in clips]
    comparison.label_groups(entries)
    labels = [entry.label for entry in entries]
    assert labels == [f"wgan clip={clip}" for clip in clips]
    (row,) = (row for row in terms.settings(entries, labels) if row["name"] == "clip")
    assert not row["equal"] and list(row["values"].values()) == [str(clip) for clip in clips]


def test_a_name_decides_nothing():
    wgan, lsgan = plan("wgan")[0].recipe, plan("lsgan")[0].recipe
    twin = wgan.model_copy(update={"model": "mine", "log_every": 7, "keep_checkpoints": 1})
    assert comparison.content(wgan) == comparison.content(twin)
    assert comparison.content(wgan) != comparison.content(lsgan)
    assert comparison.content(wgan) != comparison.content(wgan.model_copy(update={"seed": 5}))


def test_a_setting_that_came_later_is_content_where_it_is_not_as_before():
    """Comparisons, runs and experiments of before are found by their content."""
    crop, pad = (plan("wgan", data="folder:x", fit=fit)[0].recipe for fit in ("crop", "pad"))
    assert comparison.content(pad) == {**comparison.content(crop), "fit": "pad"}
    assert "fit" not in comparison.content(crop) and comparison.content(crop)["penalty"] is None


def test_runs_of_one_folder_that_fit_differently_are_not_compared(refused, tmp_path):
    for fit in ("crop", "pad"):
        (tmp_path / fit).mkdir()
        values = recipes.load("wgan", overrides={"data": "folder:x", "fit": fit}).model_dump()
        (tmp_path / fit / "config.yaml").write_text(json.dumps(values))
    assert "different data cannot be compared: folder:x, folder:x (fit=pad)" in refused("compare", "./crop", "./pad")
    assert plan(str(tmp_path / "pad"), "gan")[1].recipe.fit == "pad"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gna"], "did you mean 'gan'"),
        ([], "name the models or runs"),
        (["gan", "--network", "mpl"], "unknown network 'mpl': did you mean 'mlp'"),
        (["gan", "--network", "mlp", "dcgan"], "is dcgan a model or a network here?"),
        (["gan", "--steps", "5", "--minutes", "1"], "exclude one another"),
        (["gan", "--minutes", "-1"], "minutes"),
        (["gan", "--steps", "0"], "steps"),
        (["gan", "-o", "wgan.clip=1"], "wgan is not among the models"),
        (["gan", "wgan", "-o", "wgna.clip=1"], "unknown model in -o 'wgna': did you mean 'wgan'"),
        (["gan", "-o", "flters=4"], "filters"),
        (["gan", "--data", "mnits"], "did you mean 'mnist'"),
        (["gan", "--metrics", "kdi"], "kid"),
        (["gan", "--device", "tpu"], "allowed are auto"),
        (["gan", "--device", "gpu"], "this machine shows 0 GPUs" if runtime.has_gpu_build() else "this Paddle is the CPU build"),
        (["gan", "--jobs", "0"], "--jobs"),
        (["runs/none", "gan"], "not a run folder"),
    ],
)
def test_mistakes_are_one_line(refused, arguments, words):
    assert words in refused("compare", *arguments)


@pytest.mark.parametrize(("conditional", "reused"), [(True, [False, True]), (False, [True, True])])
def test_a_conditional_run_of_other_labels_is_not_reused(monkeypatch, conditional, reused):
    entries = plan("wgan", conditional=conditional, seeds=2)
    runs = [(Path(f"runs/{e.recipe.seed}"), e.recipe, {"data_sha256": "pictures", "labels_sha256": "old"}) for e in entries]
    runs[1][2]["labels_sha256"] = "new"
    monkeypatch.setattr(comparison, "known_runs", lambda out: runs)
    monkeypatch.setattr(run, "is_finished", lambda folder, recipe: True)
    comparison.assign_folders("A", entries, "pictures", "new")
    assert [entry.reused for entry in entries] == reused


def test_a_dead_run_is_tried_again_with_rollbacks_only(monkeypatch):
    stop = plan("gan")[0].recipe
    rollback = stop.model_copy(update={"on_nan": "rollback"})
    monkeypatch.setattr(comparison, "read_record", lambda out: {"died": {"A/runs/gan": "not finite"}})
    monkeypatch.setattr(run, "is_finished", lambda folder, recipe: False)
    for before, now, status in ((stop, stop, "died"), (stop, rollback, "waiting"), (rollback, rollback, "died")):
        monkeypatch.setattr(comparison, "known_runs", lambda out, was=before: [(Path("A/runs/gan"), was, {"data_sha256": "x"})])
        entry = comparison.Entry(now)
        comparison.assign_folders("A", [entry], "x")
        assert (entry.status, entry.message == "not finite", entry.folder.name) == (status, status == "died", "gan")


@pytest.mark.parametrize("finished", [True, False])
def test_models_that_equal_terms_make_alike_keep_each_its_own_run(monkeypatch, finished):
    gan = plan("gan")[0].recipe
    alike = {"gan": gan, "dcgan": gan.model_copy(update={"model": "dcgan"})}
    runs = [(Path("A/runs", name), alike[name], {"data_sha256": "pictures"}) for name in ("dcgan", "gan")]  # as known_runs sorts
    monkeypatch.setattr(comparison, "known_runs", lambda out: runs)
    monkeypatch.setattr(run, "is_finished", lambda folder, recipe: finished)
    entries = [comparison.Entry(recipe) for recipe in alike.values()]
    comparison.assign_folders("A", entries, "pictures")
    assert [entry.folder.name for entry in entries] == ["gan", "dcgan"]
    assert {entry.status for entry in entries} == {"finished" if finished else "waiting"}
    runs.pop()  # killed before its run began: what another began goes on under that one's name only
    comparison.assign_folders("A", entries, "pictures")
    assert finished or [entry.folder.name for entry in entries] == ["gan-dcgan-mnist-5k-s0", "dcgan"]


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


def test_a_run_whose_last_weights_are_damaged_is_trained_to_its_end_again(call):
    assert call("compare", *ONE_RUN).status == 0
    weights = RUN / "checkpoints/step-000010/generator.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert not run.is_finished(RUN, run.read_recipe(RUN))
    again = call("compare", *ONE_RUN)
    assert again.status == 0 and "1 run, 0 of them there already" in again.out
    assert weights.read_bytes() == whole and run.is_finished(RUN, run.read_recipe(RUN))


def test_another_comparison_reuses_the_same_trainings(call):
    call("compare", "gan", "wgan", *SMALL, "--seeds", "1")
    other = call("compare", "wgan", *SMALL, "--seeds", "1")
    assert "1 run, 1 of them there already → compare/wgan-mnist-5k" in other.out
    wider = call("compare", "gan", "wgan", *SMALL, "--seeds", "2")
    assert "4 runs, 2 of them there already → compare/gan-wgan-mnist-5k-2" in wider.out


def test_runs_of_train_py_are_reused_and_lend_their_terms(call, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # as if train.py had taken two cores; a training beside others takes one
    monkeypatch.setenv(runtime.OURS, "2")
    flags = ["--network", "mlp", "--steps", "10", "--batch-size", "64", "-o", "units=16", "-o", "latent=8", "-o", "filters=16"]
    assert call("train", "--model", "gan", *flags).status == 0
    found = call("compare", "gan", "wgan", *TINY, "--jobs", "2", "--seeds", "1", "--out", "A")
    assert "2 runs, 1 of them there already" in found.out, found.err
    assert "Trained with different threads" in results("A")["remarks"][0]
    assert "Trained with different threads" in Path("A/report.html").read_text(encoding="utf-8")
    assert "runs/gan-mnist-5k-s0" in results("A")["visualdl"]
    other = call("compare", "runs/gan-mnist-5k-s0", "wgan", "--samples", "100", "--metrics", "swd", "--out", "B")
    assert other.status == 0, other.err
    terms = {"network", "units", "latent", "batch_size", "steps"}
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
    assert re.search(r'gan<span lang="en">, seed 0</span>.* died.*not finite', page, re.S)
    before = files_below("A/runs")
    again = call("compare", "gan", "wgan", *SMALL, *explode, "--seeds", "1", "--out", "A")
    assert again.status == 0 and files_below("A/runs") == before
    words = "2 runs, 1 of them there already, 1 died before"
    assert f"{words} and will not be tried again without -o on_nan=rollback → A" in again.out
    # what can mend it was not tried
    with_rollbacks = call("compare", "gan", "wgan", *SMALL, *explode, "-o", "on_nan=rollback", "--seeds", "1", "--out", "A")
    assert "2 runs, 1 of them there already → A" in with_rollbacks.out and files_below("A/runs") != before
    assert results("A")["runs"][0]["status"] == "died" and run.read_recipe("A/runs/gan-mlp-mnist-5k-s0").on_nan == "rollback"
    before = files_below("A/runs")
    again = call("compare", "gan", "wgan", *SMALL, *explode, "-o", "on_nan=rollback", "--seeds", "1", "--out", "A")
    assert f"{words} → A" in again.out and files_below("A/runs") == before


def test_minutes_end_a_run(call):
    budget = [word for word in SMALL if word not in ("--steps", "10")]
    found = call("compare", "gan", *budget, "--minutes", "0.02", "--seeds", "1", "--out", "A")
    assert found.status == 0, found.err
    (run,) = results("A")["runs"]
    assert run["status"] == "finished"
    assert 0.02 <= run["minutes"] < 0.2
    assert run["minutes"] == pytest.approx(run["cpu_seconds"] / 60)
    assert run["seconds"] > 0
    assert results("A")["clock"] == "cpu"
    assert recipes.load(config="A/runs/gan-mlp-mnist-5k-s0/config.yaml").clock == "cpu"
    page = Path("A/report.html").read_text(encoding="utf-8")
    assert re.search(r"0\.02</data> CPU minutes of training each", page)
    assert '"minutes": "CPU minutes"' in page
    assert len(run["grids"]) == 11
    again = call("compare", "gan", *budget, "--minutes", "0.02", "--seeds", "1", "--out", "A")
    assert "1 run, 1 of them there already" in again.out

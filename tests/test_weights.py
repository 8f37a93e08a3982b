"""Published weights: what reporting/publish.py writes, and those that come with the project."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

import data
from data.dataset import crop_to, to_uint8
from errors import UserError
from reporting import publish, score_store
from reporting.markdown import between_marks
from reporting.scorer import Scorer
from storage import reading
from tests.helpers import ROOT, TINY_FLAGS
from training import checkpoint, grids, log, run
from training.sampling import sample
from training.trainer import rebuild

WEIGHTS = run.published()
DATA = os.environ.get("PADDLE_WGAN_DATA_DIR")  # a folder with the data sets' files, for those whose scores need them
each = pytest.mark.parametrize("folder", WEIGHTS, ids=lambda path: path.name)


@pytest.fixture(params=[0.9, 0], ids=["averaged", "plain"])
def published(request, call, mnist_dir):
    """A run that was trained here, published as weights/tiny. The call's folder is the current one."""
    flags = ["--model", "wgan-paper", "--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "-o", f"ema={request.param}"]
    assert call("train", *flags, "-o", "learning_rate=0.01", "--out", "run").status == 0
    publish.publish(publish.ready("run", "weights/tiny"))
    return Path("weights/tiny")


def test_they_are_small_and_say_how_they_were_trained(published):
    (step,) = checkpoint.list_steps(published)
    files = {path.name for path in checkpoint.path_of(published, step).iterdir()}
    averaged = run.read_recipe("run").ema > 0
    assert files == {"average.safetensors" if averaged else "generator.safetensors", "critic.safetensors", "state.json"}
    assert run.read_recipe(published) == run.read_recipe("run") and log.read(published) == log.read("run")
    record, before = run.read_provenance(published), run.read_provenance("run")
    assert record == {**before, "command": "python train.py --config weights/tiny/config.yaml"}
    assert {path.name for path in (published / "samples").iterdir()} == {"real.png", "step-000004.png"}


def test_samples_and_scores_are_the_runs_own(published, call, mnist_dir):
    for source, out in (("run", "a.npz"), (published, "b.npz")):
        assert call("sample", source, "--n", 20, "--out", out).status == 0
    with np.load("a.npz") as ours, np.load("b.npz") as theirs:
        np.testing.assert_array_equal(ours["images"], theirs["images"])
    flags = ["--data-dir", mnist_dir, "--samples", 16, "--metrics", "swd,critic_estimate", "--json"]
    before = {path: path.stat().st_mtime_ns for path in published.rglob("*")}
    ours, theirs = (json.loads(call("eval", source, *flags).out) for source in ("run", published))
    assert theirs["results"] == ours["results"] and theirs["file"] is None
    assert {path: path.stat().st_mtime_ns for path in published.rglob("*")} == before


def test_they_are_compared_like_runs(published, call, mnist_dir):
    call("train", "--model", "gan", "--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "--out", "other")
    flags = ["--data-dir", mnist_dir, "--samples", 16, "--metrics", "swd", "--jobs", 1, "--out", "A"]
    before = {path: path.stat().st_mtime_ns for path in published.rglob("*")}
    result = call("compare", published, "other", *flags)
    assert result.status == 0, result.err
    assert {path: path.stat().st_mtime_ns for path in published.rglob("*")} == before
    assert "2 runs, 2 of them there already" in call("compare", published, "other", *flags[:-1], "B").out
    (kept,) = Path("runs/scores").glob("tiny-*")
    assert len(list(kept.glob("metrics*.json"))) == 2, "kept, and not measured again"
    rows = json.loads(Path("A/results.json").read_text(encoding="utf-8"))["runs"]
    assert [row["folder"] for row in rows] == [str(published), "other"]
    assert all(row["metrics"]["swd"]["value"] is not None for row in rows)


def test_weights_of_one_name_in_two_folders_have_their_own_scores(published, mnist_dir):
    other = shutil.copytree(published, "old/tiny")
    (step,) = checkpoint.list_steps(other)
    parts, state = checkpoint.load(checkpoint.path_of(other, step))
    changed = {part: {name: array * 0.9 for name, array in arrays.items()} for part, arrays in parts.items()}
    state = {key: value for key, value in state.items() if key not in ("format", "seal", "sha256")}
    checkpoint.save(other, step, changed, state, keep=1)
    scorer = Scorer(data.load("mnist", str(mnist_dir)), ["swd"], 16)
    ours, theirs = (scorer.score(folder)[0]["swd"]["value"] for folder in (published, other))
    assert ours != theirs and scorer.score(published)[0]["swd"]["value"] == ours


def test_what_they_cannot_do_is_said(published, call):
    for command, *flags in (
        ["train", "--out", published, "--resume", "--steps", 9],
        ["eval", published, "--every"],
        ["sample", published, "--raw"] if run.read_recipe("run").ema else ["sample", published, "--best"],
    ):
        result = call(command, *flags)
        assert result.status == 2 and result.out == "" and len(result.err.splitlines()) == 1, command
    assert "cannot be trained on" in call("train", "--out", published, "--resume", "--steps", 9).err


def test_damage_is_found(published, call):
    (step,) = checkpoint.list_steps(published)
    path = checkpoint.path_of(published, step)
    state = checkpoint.read_state(path)
    for lacking in state["sha256"]:  # sealed anew: one part alone is neither a training nor weights
        kept = {name: digest for name, digest in state["sha256"].items() if name != lacking}
        changed = checkpoint.sealed({**{k: v for k, v in state.items() if k != "seal"}, "sha256": kept})
        (path / "state.json").write_text(json.dumps(changed), encoding="utf-8")
        result = call("sample", path)
        assert result.status == 2 and "error: " in result.err and len(result.err.splitlines()) == 1
    shutil.copyfile(path / "critic.safetensors", next(path.glob("[ag]*.safetensors")))
    (path / "state.json").write_text(json.dumps(checkpoint.sealed(state)), encoding="utf-8")
    assert "damaged" in call("sample", published).err


def test_a_folder_with_something_in_it_and_a_checkpoint_are_refused(published, call):
    (step,) = checkpoint.list_steps("run")[-1:]
    for source, target, words in (("run", published, "holds something"), (checkpoint.path_of("run", step), "w", None)):
        if words is None:  # a checkpoint of a run knows its run
            publish.publish(publish.ready(source, target))
            continue
        with pytest.raises(UserError, match=words):
            publish.publish(publish.ready(source, target))
    shutil.copytree(checkpoint.path_of("run", step), "alone")
    with pytest.raises(UserError, match="is a checkpoint"):
        publish.publish(publish.ready("alone", "other"))
    with pytest.raises(UserError, match="is not the end of its run's budget"):
        publish.publish(publish.ready(checkpoint.path_of("run", 0), "other"))  # as the last of a run that was stopped
    assert not Path("other").exists()


@pytest.mark.usefixtures("run")
def test_without_the_data_to_score_with_nothing_is_written(refused, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(publish, "ROOT", tmp_path)
    (tmp_path / "none").mkdir()

    def load(*which):
        raise UserError("mnist is not here, and cannot be downloaded")

    monkeypatch.setattr(publish.data, "load", load)
    assert "mnist is not here" in refused("reporting.publish", "run", "weights/tiny", "--data-dir", "none")


def test_a_long_log_keeps_its_ends_and_an_even_distance():
    steps = [{"step": number} for number in range(5000)]
    kept = [line["step"] for line in publish.thinned(steps)]
    assert (len(kept), kept[0], kept[-1]) == (300, 0, 4999) and set(np.diff(kept)) <= {16, 17}
    assert publish.thinned(steps[:300]) == steps[:300]


@pytest.mark.parametrize(("page", "language"), publish.PAGES.items())
def test_the_tables_of_the_readmes_are_theirs(page, language):
    assert between_marks(ROOT / page, "weights", publish.table(language)) == (ROOT / page).read_text(encoding="utf-8")


@each
def test_those_of_the_project_are_whole(folder):
    text = (folder / "config.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["provenance"]["command"] == f"python train.py --config weights/{folder.name}/config.yaml"
    assert "/work" not in text and "/home" not in text
    _, state, _ = checkpoint.newest(folder)
    generator = next(checkpoint.path_of(folder, state["step"]).glob("[ag]*.safetensors"))
    assert generator.stat().st_size <= 1_500_000 and len(log.read(folder)) <= publish.LINES
    recipe = run.read_recipe(folder)
    assert run.recipe_of(folder, state) == recipe and log.last(folder)["step"] == state["step"]
    scores, settings = score_store.read(folder / "metrics.json")
    assert list(scores) == [state["step"]] and settings["data"] == recipe.data
    assert settings["samples"] == data.source(recipe.data).samples
    assert reading.is_file(folder / "samples" / "real.png")


@each
def test_those_of_the_project_draw_the_grid_that_lies_beside_them(folder):
    """It was drawn at the end of the training, by another machine perhaps: the same pictures but for rounding."""
    _, state, _ = checkpoint.newest(folder)
    trainer, _ = rebuild(checkpoint.path_of(folder, state["step"]))
    labels = np.arange(64) % len(trainer.classes) if trainer.classes else None
    items = sample(trainer, "fixed noise", 64, labels=labels)
    ours = grids.grid(crop_to(to_uint8(items), state["native_size"])).astype(int)
    saved = grids.picture(grids.path_of(folder, state["step"]))
    assert np.abs(ours - saved).max() <= 2


@each
def test_their_scores_are_those_of_eval(folder, call):
    recipe = run.read_recipe(folder)
    scores, settings = score_store.read(folder / "metrics.json")
    if not DATA:
        pytest.skip(f"wants the files of {recipe.data}: PADDLE_WGAN_DATA_DIR=DIR, with DIR/{recipe.data}")
    result = call("eval", folder, "--data-dir", Path(DATA) / recipe.data, "--json")
    assert result.status == 0, result.err
    answer = json.loads(result.out)
    assert answer["settings"] == settings
    (values,) = scores.values()
    for name, row in answer["results"][0]["values"].items():
        if row["value"] is not None:
            assert abs(row["value"] - values[name]["value"]) <= (values[name]["deviation"] or 0) + 1e-9, name

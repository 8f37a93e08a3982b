"""Comparisons by name, the list of those that there are, and what a comparison says of a run that it reuses."""

import io
import json
import os
import shutil
from pathlib import Path

import pytest
from rich.console import Console

import compare
import data
from errors import UserError
from metrics import networks
from reporting import collect, listing
from reporting import scorer as scorer_module
from reporting.scorer import Scorer
from storage import writing
from tests.helpers import in_process, write_images
from tests.test_compare import SMALL, TINY, plan, results
from training import comparison, run
from training import recipe as recipes


@pytest.fixture
def named(call, tmp_path):
    """A finished comparison of gan, one seed and ten steps, under the name 'monday'."""
    assert call("compare", "gan", *SMALL, "--seeds", "1", "--name", "monday").status == 0
    return tmp_path / "compare/monday"


def test_a_name_is_a_folder_that_no_other_comparison_gets(named, call, refused):
    again = call("compare", "gan", *SMALL, "--seeds", "1", "--name", "monday")
    assert "1 run, 1 of them there already → compare/monday" in again.out
    taken = refused("compare", "gan", *SMALL, "--seeds", "2", "--name", "monday")
    assert "--name monday is taken: compare/monday holds another comparison" in taken and "--list" in taken


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--name", "a/b"], "a name of a folder below compare/ is wanted, as a-b"),
        (["--name", ".."], "a name of a folder below compare/ is wanted"),
        (["--name", ""], "a name of a folder below compare/ is wanted"),
        (["--name", "a", "--out", "b"], "--out and --name exclude one another"),
        (["--list"], "--list shows the comparisons that there are"),
    ],
)
def test_names_that_are_none(refused, flags, words):
    assert words in refused("compare", "gan", *flags)


def record(folder, contents, when, **of_results):
    """A comparison's folder as the commands leave it; finished if it has results."""
    folder.mkdir(parents=True)
    text = json.dumps({"format": comparison.FORMAT, "contents": contents, "died": {}})
    (folder / "comparison.json").write_text(text)
    if of_results:
        (folder / "results.json").write_text(json.dumps({**dict.fromkeys(collect.KEYS), "format": collect.FORMAT, **of_results}))
    for path in folder.iterdir():
        os.utime(path, (when, when))


def contents_of(*models, seeds=2, **settings):
    entries = plan(*models, seeds=seeds, **settings)
    return [{**comparison.content(entry.recipe), "label": entry.label, "run": None} for entry in entries]


def test_the_list_tells_what_there_is_and_who_is_ahead(call, tmp_path):
    root, groups = tmp_path / "compare", [{"label": "wgan", "metrics": {"fd_lenet": {"mean": 4.5, "deviation": 0.1}}}]
    won = {"quality": "fd_lenet", "best": {"fd_lenet": "wgan"}, "groups": groups}
    record(root / "c", contents_of("gan", "wgan", seeds=3, minutes=2.0), 3e8, **won)
    record(root / "a", contents_of("gan"), 4e8, **{**won, "best": {"fd_lenet": None}})
    record(root / "b", contents_of("wgan-gp", data="8gaussians", steps=1234), 5e8)
    (root / "none").mkdir()
    (root / "none/comparison.json").write_text("{")
    rows = listing.rows(root)
    assert [row.name for row in rows] == ["c", "a", "b"]
    assert rows[0][2:] == ("gan, wgan", "mnist-5k", "3 (0–2)", "2 minutes", "wgan (fd_lenet 4.5 ± 0.1)")
    assert rows[0].when.startswith("1979-07-0")
    assert rows[1].winner == "none for certain (fd_lenet)"
    record(root / "d", contents_of("gan", "wgan"), 2e8, **won, summary={"trial": True})
    (trial,) = (row for row in listing.rows(root) if row.name == "d")
    assert trial.winner == "none for certain (fd_lenet)", "as its report: of a trial nothing is marked"
    shutil.rmtree(root / "d")
    assert rows[2][2:] == ("wgan-gp", "8gaussians", "2 (0, 1)", "1,234 steps", "not finished")
    for damaged in ('{"format": 2}', (root / "c/results.json").read_text().replace('"label": "wgan"', '"label": "gan"')):
        (root / "c/results.json").write_text(damaged)
        assert "cannot be read" in listing.rows(root)[-1].winner

    shown = call("compare", "--list")
    assert shown.status == 0 and all(word in shown.out for word in ("1,234 steps", "wgan-gp", "not finished", "winner"))


def test_names_that_one_copies_from_a_list_are_whole_in_80_columns():
    budget, winner = "4 CPU minutes", "none for certain (fd_lenet)"
    row = listing.Row("notebook-4-minutes", "2026-11-27 04:45", "dcgan, wgan", "mnist-5k", "1 (0)", budget, winner)
    won = row._replace(name="gan-wgan-mnist-5k", models="gan, wgan, wgan-gp", winner="wgan-gp (fd_lenet 1.21 ± 0.13)")
    console = Console(width=80, file=io.StringIO())
    console.print(listing.table([row, won]))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert all(word in text for word in (row.name, won.name, "11-27 04:45", "mnist-5k", "1 (0)", "(fd_lenet")), text
    console.print(listing.table([row._replace(name="a[red]b", data="folder:[cats]")]))
    assert "a[red]b" in console.file.getvalue() and "folder:[cats]" in console.file.getvalue()


def test_a_list_of_nothing(call):
    assert call("compare", "--list").out == "no comparisons in compare/ yet\n"


@pytest.fixture
def reused(tmp_path, monkeypatch):
    """A run of ten steps by train.py, logged every five, drawn and kept at its end alone."""
    monkeypatch.chdir(tmp_path)
    flags = [*TINY[: TINY.index("--samples")], "-o", "log_every=5", "-o", "sample_every=10", "-o", "checkpoint_every=10"]
    flags += ["-o", "filters=16"]
    in_process("train", "--model", "wgan", *flags, "--out", "run")
    return "run"


SCORED = ["--samples", "100", "--metrics", "swd", "--jobs", "1"]


def test_a_run_with_another_budget_is_not_called_equal(call, reused):
    assert call("compare", "./run", "gan", "--steps", "6", *SCORED, "--out", "A").status == 0
    found = results("A")
    assert (found["equal_budget"], found["steps"], found["minutes"]) == (False, None, None)
    assert [group["budget"]["steps"] for group in found["groups"]] == [10, 6]
    assert found["remarks"][0] == "Not trained equally long: 10 generator steps: wgan, seed 0; 6 generator steps: all others."
    assert any(
        line.startswith("Not logged equally often (log_every): 3 lines: wgan, seed 0; 6 lines") for line in found["remarks"]
    )
    steps = next(row for row in found["settings"] if row["name"] == "steps")
    assert not steps["equal"] and steps["values"] == {"wgan": "10", "gan": "6"}
    assert "10 generator steps each" not in Path("A/report.html").read_text(encoding="utf-8")


def test_models_beside_a_run_are_looked_at_as_often_as_it(call, reused):
    assert call("compare", "./run", "gan", *SCORED, "--out", "A").status == 0
    found = results("A")
    assert found["equal_budget"] and found["steps"] == 10
    looks = [run["looked_at"] for run in found["runs"]]
    counts = {"log_every": 5, "sample_every": 10, "checkpoint_every": 10, "lines": 3, "grids": 11, "checkpoints": 2}
    assert all(look.items() >= counts.items() for look in looks)
    assert not any(line.startswith("Not ") for line in found["remarks"])


def test_a_reused_run_that_was_looked_at_more_seldom_says_so(call, reused):
    """By its content, which settings like log_every do not change."""
    Path("runs").mkdir()
    Path("run").rename("runs/run")
    for step in range(1, 10):  # as a run of before has them, which drew no twentieths of its budget
        Path(f"runs/run/samples/step-{step:06d}.png").unlink()
    assert call("compare", "wgan", "gan", *TINY, "--jobs", "1", "--seeds", "1", "--out", "A").status == 0
    found = results("A")
    assert [run["reused"] for run in found["runs"]] == [True, False]
    assert found["equal_budget"]
    (logged, drawn, scored) = [line for line in found["remarks"] if line.startswith("Not ")]
    assert logged == "Not logged equally often (log_every): 10 lines: gan, seed 0; 3 lines: all others."
    assert drawn == "Not drawn equally often (sample_every): 11 grids: gan, seed 0; 2 grids: all others."
    assert scored == (
        "Not scored equally often (checkpoint_every, keep_checkpoints): 2 checkpoints: wgan, seed 0; 6 checkpoints: all others."
    )


def test_a_run_that_was_stopped_is_not_called_equal(call, reused):
    text = Path("run/config.yaml").read_text()
    Path("run/config.yaml").write_text(text.replace("\nsteps: 10\n", "\nsteps: 20\n"))
    assert call("compare", "./run", *SCORED, "--out", "A").status == 0
    found = results("A")
    assert not found["equal_budget"]
    assert "wgan, seed 0, after 10 generator steps (planned: 20 generator steps)" in found["remarks"][0]


def test_digits_of_two_sizes_are_compared_at_their_own_28_pixels(call):
    flags = [*TINY[:2], "--steps", "1", *TINY[4:], "--seeds", "1", "-o", "wgan.image_size=28", "--jobs", "1", "--out", "A"]
    assert call("compare", "gan", "wgan", *flags).status == 0
    found = results("A")
    assert found["remarks"] == [] and all("swd" in run["metrics"] for run in found["runs"])
    assert found["runs"][0]["floor"] == found["runs"][1]["floor"]
    assert found["summary"]["unequal"][0] == "image_size"
    entries = [comparison.Entry(run.read_recipe(row["folder"])) for row in found["runs"]]
    digests = {size: dataset.sha256 for size, dataset in compare.load_each_size(entries, None).items()}
    comparison.assign_folders("A", entries, digests)
    assert [(entry.status, str(entry.folder)) for entry in entries] == [("finished", row["folder"]) for row in found["runs"]]


def test_pictures_of_two_sizes_are_not_compared(refused, tmp_path):
    write_images(tmp_path / "pictures", 12)
    for size in (32, 64):
        (tmp_path / f"of-{size}").mkdir()
        recipe = recipes.load("gan", overrides={"data": f"folder:{tmp_path}/pictures", "image_size": size})
        (tmp_path / f"of-{size}/config.yaml").write_text(json.dumps(recipe.model_dump()))
    assert "runs of different image_size cannot be compared on folder:" in refused("compare", "./of-32", "./of-64")


def test_only_samples_and_data_keep_a_metric_from_being_measured_for_ever(run, mnist_dir, monkeypatch, tmp_path):
    """What else went wrong, as a feature network that is not whole, may be mended by the next call."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    networks.load.cache_clear()
    dataset = data.load("mnist", str(mnist_dir))

    def scores(*names):
        scorer = Scorer(dataset, names, 16, "cpu")
        scorer.brief = []  # what is measured on the way costs time, and goes the same way
        return set(scorer.score(run)[0]), {line.partition(" was not")[0] for line in scorer.remarks}, scorer.is_scored(run)

    with monkeypatch.context() as broken:
        broken.setattr(networks, "path_of", lambda name: tmp_path / "a pull that was interrupted")
        assert scores("kid") == (set(), {"kid"}, False)
        assert not (run / "metrics.json").exists()
        assert scores("frechet", "kid", "swd") == ({"swd"}, {"frechet", "kid"}, False)
    assert scores("frechet", "kid", "swd") == ({"swd", "kid"}, {"frechet"}, True), "16 samples are too few"
    monkeypatch.setattr(scorer_module, "score_checkpoint", None)
    assert scores("frechet", "kid", "swd") == ({"swd", "kid"}, {"frechet"}, True), "and nothing is measured again"


def test_a_run_that_is_still_being_trained_is_an_error_before_anything_is_trained(run, call, mnist_dir):
    flags = ["--data-dir", mnist_dir, "--seeds", "1", "--jobs", "1", "--metrics", "swd", "--samples", "16", "--out", "A"]
    with writing.lock(run):
        refused = call("compare", "./run", "gan", *flags)
    assert refused.status == 2 and "run is in use: another process is writing to it" in refused.err
    assert not Path("A/runs").exists()
    assert call("compare", "./run", *flags[:2], *flags[4:]).status == 0


def test_a_run_by_two_paths_is_named_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("R/a").mkdir(parents=True)
    Path("R/a/config.yaml").write_text(json.dumps(recipes.load("gan").model_dump()))
    Path("link").symlink_to("R/a")
    for other in ("R/a/", "./R/a", str(tmp_path / "R/a"), "./link"):
        with pytest.raises(UserError, match="R/a is named twice"):
            plan("R/a", other)
    with pytest.raises(UserError, match="gan is named twice"):
        plan("gan", "gan")


@pytest.mark.parametrize(
    ("networks", "seeds", "settings", "words"),
    [
        ((), None, {"data": "cifar10", "steps": 7, "minutes": None}, "data, steps"),
        (("mlp",), 5, {"clip": None}, "clip, network, seeds"),
    ],
)
def test_what_is_asked_of_models_is_an_error_beside_runs_alone(tmp_path, networks, seeds, settings, words):
    """In silence it would be taken for what the report shows."""
    (tmp_path / "config.yaml").write_text(json.dumps(recipes.load("gan").model_dump()))
    with pytest.raises(UserError, match=f"^{words}: of models that are to be trained, and only runs are named"):
        comparison.plan([str(tmp_path)], networks, settings, {}, seeds)
    assert len(comparison.plan([str(tmp_path), "wgan"], networks, settings, {}, seeds)) > 1

"""Runs as an enemy or a slip of the hand would make them, and odd names: one line that says what is wrong, nothing lost."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from errors import UserError
from reporting import score_store, visual
from storage import names, writing
from tests.helpers import TINY_FLAGS, log_of, scalars_of, weights_of
from tests.reliability.limits import ANYTHING, QUICK, refused_soon
from training import checkpoint
from training import recipe as recipes
from training.trainer import GANTrainer

# names


BAD_CHARACTERS = ["\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\udcff"]


@pytest.mark.parametrize("character", BAD_CHARACTERS, ids=ascii)
def test_a_name_with_a_control_character_is_refused_before_anything_is_made(refused, tmp_path, character):
    name = f"a{character}b"
    small = ["--data", "8gaussians", *TINY_FLAGS]
    for arguments in (["train", "--model", "wgan", "--out", name, *small], ["train", "--config", name], ["sample", name]):
        assert ascii(character)[1:-1] in refused(*arguments)
    for arguments in (["eval", name], ["compare", name + "/x"], ["train", "--model", "wgan", "--data", f"folder:{name}"]):
        assert ascii(character)[1:-1] in refused(*arguments)
    settings = yaml.safe_load((recipes.CONFIGS / "wgan-paper.yaml").read_text())
    for changes in ({"model": name}, {"data": f"folder:{name}"}):
        (tmp_path / "x.yaml").write_text(yaml.safe_dump({**settings, **changes}))
        assert next(iter(changes)) in refused("train", "--config", "x.yaml", *TINY_FLAGS)


@pytest.mark.parametrize("model", ["../../x", "/etc/x", "..", ".", "a/../../b", "x" * 255, "ü" * 255, "C:\\x", " ", "- -"])
def test_a_recipes_name_leads_nowhere(call, tmp_path, monkeypatch, model):
    settings = yaml.safe_load((recipes.CONFIGS / "gan.yaml").read_text())
    place = tmp_path / "deep" / "er"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)
    (place / "x.yaml").write_text(yaml.safe_dump({**settings, "model": model}))
    result = call("train", "--config", "x.yaml", "--data", "8gaussians", *TINY_FLAGS, "--steps", "1")
    assert result.status == 0, result.err
    (made,) = (place / "runs").iterdir()
    assert (made / "config.yaml").is_file() and len(os.fsencode(made.name)) < 240
    assert {path.name for path in tmp_path.iterdir()} == {"deep"} and {path.name for path in place.parent.iterdir()} == {"er"}
    assert recipes.load(config=made / "config.yaml").model == model


def test_parts_of_names():
    assert names.part("wgan-gp") == "wgan-gp" and names.part("my pictures") == "my pictures" and names.part("数字") == "数字"
    for name in ("../../x", "a/b", "a\\b", "..", "", "\n", "x" * 999, "ü" * 999, "\udcff", "con:", " . "):
        part = names.part(name)
        assert part and not set(part) & set('/\\:\n"') and part not in (".", "..") and len(part.encode()) <= names.LONGEST
        names.check(part, "part")


@pytest.mark.parametrize("length", [250, 300, 5000])
def test_long_names_are_taken_or_refused(call, refused, tmp_path, length):
    name = "x" * length
    flags = ["train", "--model", "gan", "--data", "8gaussians", *TINY_FLAGS, "--steps", "1", "--out", name]
    if length > 255:
        assert "File name too long" in refused(*flags)
    else:
        assert call(*flags).status == 0
        assert call("train", "--resume", "--out", name, "--steps", "2").status == 0
        shutil.rmtree(name)
    for arguments in (["train", "--config", name], ["train", "--resume", "--out", name], ["sample", name], ["eval", name]):
        refused(*arguments)
    for arguments in (["eval", f"{name}.npz"], ["compare", f"{name}/"], ["sample", f"{name}/{name}"]):
        refused(*arguments)


# records of a run, edited by hand

CONFIGS = [  # what config.yaml becomes, what the line must say
    (lambda text: "steps: [", "not YAML"),
    (lambda text: text + "\nsteps: 5\n", "a second time"),
    (lambda text: text + "\nx: " + "[" * 25_000, "levels|characters"),
    (lambda text: text + "#" * (90 << 20), "more than"),
    (lambda text: text.replace("steps: 2", "steps: true"), "steps = True"),
    (lambda text: text.replace("steps: 2", "steps: !!int ''"), "the tag"),
    (lambda text: text.replace("model: wgan-paper", "model: 5"), "model = 5"),
    (lambda text: text.replace("data: mnist", "data: [mnist]"), "unknown data"),
    (lambda text: text.replace("amp: false", "amp: 0"), "amp = 0"),
    (lambda text: "", "key: value"),
]


@pytest.mark.parametrize(("change", "said"), CONFIGS, ids=range(len(CONFIGS)))
def test_a_config_that_was_edited_by_hand_is_refused_in_one_line(refused, run, change, said):
    path = run / "config.yaml"
    path.write_text(change(path.read_text()))
    assert re.search(said, refused("train", "--resume", "--out", "run", "--steps", "9"))
    assert re.search(said, refused("compare", "./run"))


SCORE = {"value": 1.0, "deviation": None, "floor": 1, "floor_deviation": 0.5}
SCORES = {"format": 1, "settings": {"data": "mnist"}, "results": [{"step": 2, "values": {"swd": SCORE}}]}
METRICS = [
    "[]",
    "{",
    "",
    "\0",
    "[" * 100_000,
    '{"a":' * 100_000,
    " " * (90 << 20),
    json.dumps({**SCORES, "results": {}}),
    json.dumps({**SCORES, "settings": []}),
    json.dumps({**SCORES, "settings": {"could_not": 5}}),
    *(
        json.dumps({**SCORES, "results": [row]})
        for row in (
            3,
            {"step": 2},
            {"step": "2", "values": {}},
            {"step": True, "values": {}},
            {"step": -1, "values": {}},
            {"step": 2, "values": [1]},
            {"step": 2, "values": {"swd": 5}},
            {"step": 2, "values": {"swd": {"value": 5}}},
            {"step": 2, "values": {"swd": {**SCORE, "value": "5"}}},
            {"step": 2, "values": {"swd": {**SCORE, "floor": True}}},
            {"step": 2, "values": {"swd": {**SCORE, "floor": [[]]}}},
        )
    ),
]


@pytest.mark.parametrize("content", METRICS, ids=range(len(METRICS)))
def test_a_metrics_json_that_was_edited_by_hand_is_refused_and_kept(refused, run, mnist_dir, content):
    (run / "metrics.json").write_text(content)
    assert "metrics.json" in refused_soon(lambda: score_store.read(run / "metrics.json"))
    assert "metrics.json" in refused("eval", "run")
    assert "metrics.json" in refused("compare", "./run", "--metrics", "swd", "--data-dir", mnist_dir, "--out", "a")
    assert "metrics.json" in refused_soon(lambda: score_store.write(run / "metrics.json", {2: {"swd": SCORE}}, {}))


def test_a_metrics_json_is_read_as_it_was_written(tmp_path):
    (tmp_path / "metrics.json").write_text(json.dumps(SCORES))
    assert score_store.read(tmp_path / "metrics.json") == ({2: {"swd": SCORE}}, {"data": "mnist"})


@QUICK
@given(st.fixed_dictionaries({"settings": ANYTHING, "results": ANYTHING | st.lists(ANYTHING, max_size=2)}))
def test_any_scores_are_read_or_refused_in_one_line(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "metrics.json"
    path.write_text(json.dumps(content))
    try:
        score_store.read(path)
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000


# VisualDL's records, and who may write them


def cut_short(path):
    os.truncate(path, path.stat().st_size - 3)


def a_bit_turned(path):
    raw = bytearray(path.read_bytes())
    raw[7] ^= 1  # of the first length
    path.write_bytes(raw)


RECORDS = [cut_short, a_bit_turned, lambda path: path.write_bytes(b"x" * 100), lambda path: os.truncate(path, 8 << 30)]
RECORDS += [lambda path: (path.unlink(), os.mkfifo(path)), lambda path: (path.unlink(), path.symlink_to("/dev/zero"))]


@pytest.mark.parametrize("damage", RECORDS)
def test_scores_are_not_added_to_damaged_records(refused, run, damage):
    (path,) = run.glob("vdlrecords.*.log")
    damage(path)
    kept = path.lstat().st_size
    if path.is_file() and kept < 1 << 30:
        assert "vdlrecords" in refused("eval", "run", "--every")
    else:  # not to be read by the fixture either
        assert "vdlrecords" in refused_soon(lambda: visual.add_scores(run, {1: {"swd": SCORE}}))
    assert path.lstat().st_size == kept


def test_eval_every_does_not_write_beside_a_training(call, refused, run, mnist_dir, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    flags = ["--data-dir", mnist_dir, "--metrics", "swd", "--samples", "40"]
    with writing.lock(run):
        assert "run is in use" in refused("eval", "run", "--every", *flags)
    result = call("eval", "run", "--every", *flags)
    assert result.status == 0, result.err
    assert [step for step, _ in scalars_of(run)["metrics/swd"]] == [0, 1, 2]
    with writing.lock(run):
        pass  # it is let go of


def test_a_link_in_the_place_of_a_log_is_not_followed(refused, run, mnist_dir, tmp_path):
    (tmp_path / "precious").write_text("years of work\n" * 1000)
    (run / "log.jsonl").unlink()
    (run / "log.jsonl").symlink_to(tmp_path / "precious")
    assert "is a link" in refused("train", "--resume", "--out", "run", "--steps", "9", "--data-dir", mnist_dir)


# runs that travel


@pytest.mark.parametrize("how", [shutil.move, shutil.copytree])
def test_a_run_that_was_moved_or_copied_goes_on_as_if_it_had_not(call, run, mnist_dir, tmp_path, how):
    shutil.copytree(run, tmp_path / "stayed")
    (tmp_path / "other place").mkdir()
    how(run, tmp_path / "other place" / "läuft")
    for folder in ("stayed", "other place/läuft"):
        result = call("train", "--resume", "--out", folder, "--data-dir", mnist_dir, "--steps", "4")
        assert result.status == 0, result.err
    moved = tmp_path / "other place" / "läuft"
    assert log_of(moved) == log_of(tmp_path / "stayed") and weights_of(moved, 4) == weights_of(tmp_path / "stayed", 4)
    assert call("sample", moved, "--out", "a.png").status == 0
    if how is shutil.copytree:
        assert checkpoint.list_steps(run)[-1] == 2, "the original was touched"


def test_a_rollback_to_the_beginning_begins_again(call, mnist_dir, monkeypatch):
    once = GANTrainer.generator_step

    def poisoned(self, number):
        if number == 0 and self.attempt < 1:
            weight = self.critic_weights[-1]
            weight.set_value(np.full(weight.shape, np.nan, np.float32))
        return once(self, number)

    monkeypatch.setattr(GANTrainer, "generator_step", poisoned)
    flags = ["--network", "mlp", "--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "--out", "run", "--on-nan", "rollback"]
    result = call("train", "--model", "wgan", *flags)
    assert result.status == 0, result.err
    assert [line["step"] for line in log_of("run")] == [1, 2, 3, 4]

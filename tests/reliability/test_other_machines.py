"""A checkpoint travels: to a machine with other cores, and to a later version of the program."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from tests.helpers import ROOT, TINY_FLAGS, files_of, log_of, run_program, weights_of
from training import budget, checkpoint, run
from training import recipe as recipes
from training.trainer import rebuild

OLD = {number: Path(__file__).parent / f"checkpoint-format-{number}" for number in checkpoint.UPGRADES}  # each by its own program
# of the run in checkpoint-format-2
SETTINGS = {
    "filters": 4,
    "latent": 4,
    "batch_size": 16,
    "log_every": 1,
    "checkpoint_every": 2,
    "keep_checkpoints": 1,
    "steps": 2,
}


def test_written_with_two_threads_and_read_with_one(tmp_path, mnist_dir):
    begin = ["--model", "wgan", "--data", "mnist", "--data-dir", mnist_dir, "--out", "run", *TINY_FLAGS]
    two = run_program("train.py", *begin, "--steps", "3", cwd=tmp_path, env={"OMP_NUM_THREADS": "2"})
    assert two[0] == 0, two
    again = ["--out", "run", "--data-dir", mnist_dir, "--resume", "--steps", "6"]
    one = run_program("train.py", *again, cwd=tmp_path, env={"OMP_NUM_THREADS": "1"})
    assert one[0] == 0 and "going on from run/checkpoints/step-000003" in one[1], one
    assert [line["step"] for line in log_of(tmp_path / "run")] == [1, 2, 3, 4, 5, 6]
    assert set(weights_of(tmp_path / "run", 6)) == files_of(run.read_recipe(tmp_path / "run"))


@pytest.mark.parametrize("number", OLD)
def test_a_checkpoint_of_an_older_format_is_read_and_continued(call, tmp_path, number):
    old = OLD[number]
    assert json.loads((old / "checkpoints/step-000002/state.json").read_text())["format"] == number
    trainer, state = rebuild(old / "checkpoints" / "step-000002")
    assert (state["format"], state["attempt"], state["classes"], trainer.critic_steps) == (checkpoint.FORMAT, 0, None, 10)
    assert (state["cpu_seconds"] > 0, trainer.sampler is trainer.average) == (number > 2, number > 2), "there was none before"
    shutil.copytree(old, tmp_path / "run")
    result = call("train", "--out", "run", "--resume", "--steps", "4")
    assert result.status == 0, result.err
    assert [line["step"] for line in log_of("run")] == [1, 2, 3, 4]
    assert checkpoint.read_state("run/checkpoints/step-000004")["format"] == checkpoint.FORMAT
    assert call("sample", "run", "--out", "s.npz").status == 0
    (items,) = np.load("s.npz").values()
    assert np.isfinite(items).all() and items.std() > 0


def test_a_run_of_before_the_two_step_sizes_keeps_its_recipe(tmp_path):
    """config.yaml and state.json of format 2 have one learning_rate and one network, for both players."""
    old = OLD[2]
    found = [run.read_recipe(old), rebuild(old / "checkpoints" / "step-000002")[0].recipe]
    assert found[0] == found[1] == recipes.load("wgan-paper", overrides=SETTINGS | {"model": "wgan"})


@pytest.mark.parametrize("number", [0, checkpoint.FORMAT + 1, -1, 1.0, "2", None, True])
def test_a_format_that_this_program_does_not_know_is_refused_by_its_number(tmp_path, number):
    shutil.copytree(OLD[1], tmp_path / "run")
    path = tmp_path / "run/checkpoints/step-000002"
    state = json.loads((path / "state.json").read_text())
    (path / "state.json").write_text(json.dumps({**state, "format": number}))
    with pytest.raises(UserError, match="checkpoint format"):
        checkpoint.load(path)


def test_the_format_and_its_rule_are_written_down():
    text = (ROOT / "docs" / "checkpoints.md").read_text()
    assert f"format {checkpoint.FORMAT}" in text
    for key in (*checkpoint.State.model_fields, *budget.KEYS.values(), "seal", *checkpoint.PARTS, checkpoint.AVERAGE):
        assert f"`{key}" in text, key

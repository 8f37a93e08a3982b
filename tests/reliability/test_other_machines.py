"""A checkpoint travels: to a machine with other cores, and to a later version of the program."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from tests.helpers import ROOT, TINY_FLAGS, log_of, run_program, weights_of
from training import checkpoint
from training.game import rebuild

OLD = Path(__file__).parent / "checkpoint-format-1"  # written by the first version of this program


def test_written_with_two_threads_and_read_with_one(tmp_path, mnist_dir):
    begin = ["--model", "wgan", "--data", "mnist", "--data-dir", mnist_dir, "--out", "run", *TINY_FLAGS]
    two = run_program("train.py", *begin, "--steps", "3", cwd=tmp_path, env={"OMP_NUM_THREADS": "2"})
    assert two[0] == 0, two
    again = ["--out", "run", "--data-dir", mnist_dir, "--resume", "--steps", "6"]
    one = run_program("train.py", *again, cwd=tmp_path, env={"OMP_NUM_THREADS": "1"})
    assert one[0] == 0 and "going on from run/checkpoints/step-000003" in one[1], one
    assert [line["step"] for line in log_of(tmp_path / "run")] == [1, 2, 3, 4, 5, 6]
    assert len(weights_of(tmp_path / "run", 6)) == 4


def test_a_checkpoint_of_format_1_is_read_and_continued(call, tmp_path):
    assert json.loads((OLD / "checkpoints/step-000002/state.json").read_text())["format"] == 1
    game, state = rebuild(OLD / "checkpoints" / "step-000002")
    assert (state["format"], state["attempt"], game.critic_steps) == (checkpoint.FORMAT, 0, 10)
    shutil.copytree(OLD, tmp_path / "run")
    result = call("train", "--out", "run", "--resume", "--steps", "4")
    assert result.status == 0, result.err
    assert [line["step"] for line in log_of("run")] == [1, 2, 3, 4]
    assert checkpoint.read_state("run/checkpoints/step-000004")["format"] == checkpoint.FORMAT
    assert call("sample", "run", "--out", "s.npz").status == 0
    assert np.isfinite(np.load("s.npz")["points"]).all()


@pytest.mark.parametrize("number", [0, 3, -1, 1.0, "2", None, True])
def test_a_format_that_this_program_does_not_know_is_refused_by_its_number(tmp_path, number):
    shutil.copytree(OLD, tmp_path / "run")
    path = tmp_path / "run/checkpoints/step-000002"
    state = json.loads((path / "state.json").read_text())
    (path / "state.json").write_text(json.dumps({**state, "format": number}))
    with pytest.raises(UserError, match="checkpoint format"):
        checkpoint.load(path)


def test_the_format_and_its_rule_are_written_down():
    text = (ROOT / "docs" / "checkpoints.md").read_text()
    assert f"format {checkpoint.FORMAT}" in text
    for key in (*checkpoint.CONTENT, "seal", *checkpoint.PARTS):
        assert f"`{key}" in text, key

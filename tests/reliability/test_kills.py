"""SIGKILL at any moment, then on from the last checkpoint: in the end the bytes of an undisturbed run."""

import random
import signal
import time
from pathlib import Path

import pytest

from tests.helpers import TINY_FLAGS, log_of, program, run_program
from tests.reliability import TALLY
from tests.test_resume import assert_same_run

STARTED = ("step ", "going on from")


def killed_once(arguments, folder, cwd, draw):
    """Start the program and kill it: while it starts, while it trains or while it writes a checkpoint. Returns when."""
    moment = draw.choice(["starting", "training", "training", "writing", "writing"])
    with program("train.py", *arguments, cwd=cwd) as process:
        if moment == "starting":
            time.sleep(draw.uniform(0, 4))
        else:
            for line in process.stdout:
                if line.startswith(STARTED):
                    break
            deadline = time.monotonic() + draw.uniform(0, 0.5)
            while time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.001)
            while moment == "writing" and process.poll() is None and not list((folder / "checkpoints").glob(".step-*")):
                pass
        ended = process.poll()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    return moment if ended is None else None


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_any_moment_and_continued_a_run_is_the_same(monkeypatch, mnist_dir, tmp_path, kills):
    steps, draw = 60 * kills, random.Random(kills)
    often = ["--steps", steps, "-o", "checkpoint_every=3", "-o", "sample_every=20"]
    begin = ["--model", "wgan", "--network", "mlp", "--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, *often]
    begin += ["-o", "ema=0.9", "-o", "decay=true"]
    monkeypatch.chdir(tmp_path)
    # all of them in processes of their own: where memory lies decides the last bit of a sum
    assert run_program("train.py", *begin, "--out", "whole", cwd=tmp_path)[0] == 0
    moments, folder = [], tmp_path / "parts"
    while len(moments) < kills:
        moment = killed_once([*begin, "--out", "parts", "--resume"], folder, tmp_path, draw)
        if moment is None:
            pytest.fail(f"it ended by itself after {len(moments)} kills: more steps are needed")
        moments.append(moment)
    assert run_program("train.py", *begin, "--out", "parts", "--resume", cwd=tmp_path)[0] == 0
    assert_same(steps)
    TALLY["kills survived"] += len(moments)
    TALLY["kills survived, of them while a checkpoint was written"] += moments.count("writing")
    TALLY["losses"] += 0


def assert_same(steps):
    assert_same_run("whole", "parts", steps)
    names = [sorted(path.name for path in Path(run, "samples").glob("*.png")) for run in ("whole", "parts")]
    assert names[0] == names[1]
    assert not list(Path("parts/checkpoints").glob(".*")), "what a kill left behind was not cleared"


def test_a_second_process_in_a_run_folder_is_refused_until_the_first_has_ended(call, mnist_dir, tmp_path):
    flags = ["--model", "wgan", "--network", "mlp", "--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS]
    flags += ["--steps", "100000", "--out", "run", "--resume"]
    with program("train.py", *flags, cwd=tmp_path) as first:
        for line in first.stdout:
            if line.startswith("step "):
                break
        result = call("train", *flags)
        assert result.status == 2 and "run is in use: another process is writing to it" in result.err
        assert result.err.count("\n") == 1
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=60)
    assert (tmp_path / "run" / ".lock").exists(), "the file stays behind and means nothing"
    done = log_of("run")[-1]["step"]
    status = call("train", "--data-dir", mnist_dir, "--out", "run", "--resume", "--steps", done + 2).status
    assert status == 0
    assert [line["step"] for line in log_of("run")] == list(range(1, done + 3))
    TALLY["second writers refused"] += 1

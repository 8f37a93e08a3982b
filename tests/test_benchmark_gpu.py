"""The page for a GPU, tried on the CPU: what is equal passes without a difference, what differs or fails does not pass."""

import json
import shutil
import subprocess
import types

import numpy as np
import paddle
import pytest
from click.testing import CliRunner

from benchmarks import gpu, gpu_checks
from errors import TrainingError
from models.networks import NETWORKS
from tests.helpers import tiny
from training import runtime


@pytest.mark.parametrize(("model", "network"), [("wgan-paper", "dcgan"), ("wgan-gp-paper", "mlp")])
def test_a_device_agrees_with_itself(model, network):
    before = paddle.device.get_device(), paddle.get_default_dtype()
    found = gpu_checks.alignment("cpu", model, network)
    assert found == {"passed": True, "outputs, float32": 0, "outputs, float64": 0, "training, float64": 0}
    assert before == (paddle.device.get_device(), paddle.get_default_dtype())


@pytest.mark.parametrize(
    ("what", "part", "dtype", "factor"),
    [
        ("outputs", "critic", "float32", 1.01),
        ("outputs", "generator", "float64", 1.00001),
        ("train", "losses", "float64", 1.00001),
    ],
)
def test_a_device_that_computes_something_else_does_not_pass(monkeypatch, what, part, dtype, factor):
    class Other(gpu_checks.Trial):
        def __init__(self, *arguments, like=None):
            super().__init__(*arguments, like=like)
            self.second = like is not None

        def changed(self, name, arrays):
            if self.second and name == what and self.dtype == dtype:
                arrays[part] = arrays[part] * factor
            return arrays

        def outputs(self):
            return self.changed("outputs", super().outputs())

        def train(self):
            return self.changed("train", super().train())

    monkeypatch.setattr(gpu_checks, "Trial", Other)
    found = gpu_checks.alignment("cpu", "wgan-paper", "mlp")
    assert found.pop("passed") is False
    assert [name for name, value in found.items() if value] == [f"{'training' if what == 'train' else what}, {dtype}"]


def test_a_nan_is_the_largest_difference():
    one = {"a": np.ones(3), "b": np.zeros(2)}
    assert gpu_checks.difference(one, one) == 0
    assert gpu_checks.difference(one, {**one, "a": np.array([1, np.nan, 1])}) == np.inf
    assert gpu_checks.difference({"a": np.array([np.nan])}, {"a": np.ones(1)}) == np.inf
    assert gpu_checks.difference(one, {**one, "a": np.array([1, 0.5, 1])}) == 0.5


def test_amp_is_left_out_where_there_is_no_bfloat16(monkeypatch):
    assert gpu_checks.amp("cpu", "wgan-paper") == {
        "passed": None,
        "why": "amp is for GPUs: on a CPU leave --amp (or amp=true) away",
    }


@pytest.mark.filterwarnings("ignore:amp_guard can only")
def test_amp_that_changes_nothing_does_not_pass(monkeypatch):
    """As on a CPU, where Paddle's autocast does nothing: then nothing is computed in bfloat16."""
    monkeypatch.setattr(runtime, "check_amp", lambda amp: None)
    found = gpu_checks.amp("cpu", "wgan-paper")
    assert found["passed"] is False and found["outputs"] == found["losses"] == 0 < found["bfloat16, ms"]


def test_resume_compares_the_bytes_of_both_runs(monkeypatch):
    monkeypatch.setattr(gpu_checks, "STEPS", 2)
    assert gpu_checks.resume("cpu", "wgan-gp-paper") == {"passed": True, "files": 5, "files that differ": []}
    train = gpu_checks.session.train

    def forgetful(recipe, folder, resume=False, **more):  # which begins anew with another seed where it should go on
        if resume:
            shutil.rmtree(folder)
            recipe = recipe.model_copy(update={"seed": 1})
        train(recipe, folder, **more)

    monkeypatch.setattr(gpu_checks.session, "train", forgetful)
    found = gpu_checks.resume("cpu", "wgan-paper")
    assert found["passed"] is False and "generator.safetensors" in found["files that differ"]


def test_two_processes_are_compared_with_one():
    assert gpu_checks.cards("gpu", 1, "wgan-paper") == {"passed": None, "why": "1 GPU here, two are needed"}
    found = gpu_checks.cards("cpu", 2, "wgan-paper")
    assert found["passed"] is True and found["losses"] > 0


@pytest.mark.slow
def test_commands_run():
    assert gpu_checks.commands("cpu") == {"passed": True}


def test_a_command_that_fails_is_named():
    with pytest.raises(TrainingError, match=r"train\.py ended with status 2: .*unknown model"):
        gpu_checks.run("train.py", "--model", "wgn")


def test_throughput_is_of_both_places(monkeypatch):
    monkeypatch.setattr(gpu_checks, "recipe_of", lambda *row: tiny("wgan-paper"))
    found = gpu_checks.throughput("cpu", ("wgan", "dcgan", 4, "mnist-5k"))
    assert found.pop("passed") and set(found) == {"critic, cpu, ms", "generator, cpu, ms"} and min(found.values()) > 0


def test_every_network_is_aligned():
    names = [name for name, _ in gpu.checks("gpu:0", 1)]
    assert len(set(names)) == len(names)
    assert {name.split()[-1] for name in names if name.startswith("alignment")} == set(NETWORKS)


def test_without_a_gpu_it_says_so_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(runtime, "start", lambda device: "Paddle on cpu")
    result = CliRunner().invoke(gpu.main, ["--out", str(tmp_path)])
    assert isinstance(result.exception, TrainingError) and result.exception.status == 1
    assert str(result.exception).startswith("no GPU here") and "\n" not in str(result.exception)
    assert not result.output and not list(tmp_path.iterdir())


def test_the_page_and_its_file(monkeypatch, tmp_path):
    """All but the GPU itself: a check that raises does not end the others, and each is in the file."""

    def broken():
        raise RuntimeError("\n--- C++ traceback ---\n  [Hint: out of memory]\n")

    card = types.SimpleNamespace(name="NVIDIA A100-SXM4-40GB", total_memory=1, major=8, minor=0)
    monkeypatch.setattr(runtime, "start", lambda device: "Paddle on gpu:0")
    monkeypatch.setattr(paddle.device, "get_device", lambda: "gpu:0")
    monkeypatch.setattr(paddle.device.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(paddle.device.cuda, "get_device_properties", lambda number: card)
    monkeypatch.setattr(subprocess, "run", lambda *words, **more: types.SimpleNamespace(stdout="550.54.15\n"))
    good, left_out = {"passed": True, "ms": 1.25, "x": np.inf}, {"passed": None, "why": "no"}
    rows = [("good", lambda: good), ("bad", broken), ("not here", lambda: left_out)]
    monkeypatch.setattr(gpu, "checks", lambda device, count: rows)
    result = CliRunner().invoke(gpu.main, ["--out", str(tmp_path)], standalone_mode=False)
    assert result.return_value == 1, result.exception
    lines = result.output.splitlines()
    assert lines[1].startswith("passed   good: ms 1.25; x inf") and lines[2].startswith("FAILED   bad: error RuntimeError: ---")
    assert lines[3].startswith("left out not here") and lines[4].startswith("1 of 3 checks failed")
    (path,) = tmp_path.iterdir()
    assert path.name == "gpu-nvidia-a100-sxm4-40gb.json" and lines[5] == str(path)
    kept = json.loads(path.read_text(), parse_constant=pytest.fail)  # Infinity is no JSON
    assert kept["driver"] == "550.54.15" and kept["gpus"][0]["capability"] == "8.0" and kept["paddle"] == paddle.__version__
    assert [kept["checks"][name]["passed"] for name, _ in rows] == [True, False, None]
    assert "out of memory" in kept["checks"]["bad"]["error"]

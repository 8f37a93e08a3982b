"""Several processes do the experiment of one: same parameters, same resuming, and they end together."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import paddle
import pytest

from errors import TrainingError, UserError
from tests.helpers import ROOT, TINY_FLAGS, log_of, run_program, weights_of
from training import budget, checkpoint, launch, run, runtime, signals
from training import recipe as recipes
from training.parallel import Normalise

# Adam makes a step of the noise in a gradient that is 0 in exact arithmetic (a bias before batch norm): small ones keep it small
SMALL = ["learning_rate=2e-4", "beta1=0.5", "n_critic=1"]


def twenty_steps(folder, processes, model, *settings):
    out = folder / f"{processes}.npz"
    command = [sys.executable, "-m", "tests.parallel_worker", str(out), model, *settings]
    environments = launch.environments(processes, "cpu") if processes > 1 else [{}]
    # from the root of the repository, whose packages the worker imports
    team = [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **extra}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for extra in environments
    ]
    for process in team:
        _, error = process.communicate(timeout=240)
        assert process.returncode == 0, error.decode()[-2000:]
    with np.load(out) as found:
        return dict(found)


def difference(one, other):
    """‖one − other‖ / ‖one‖ over all parameters and running statistics of a network."""
    square = sum(((one[name] - other[name]) ** 2).sum() for name in one)
    return np.sqrt(square / sum((one[name] ** 2).sum() for name in one))


@pytest.mark.parametrize(
    "model, settings",
    [
        ("wgan-paper", ["network=dcgan", "ema=0.9"]),
        ("wgan-gp-paper", ["network=dcgan", "generator_batch_size=12"]),
        ("wgan-gp-paper", ["network=dcgan-nobn", "generator_batch_size=12", "conditional=true"]),
        pytest.param("wgan-paper", ["network=dcgan", "conditional=true"], marks=pytest.mark.slow),
        pytest.param("wgan-paper", ["network=mlp"], marks=pytest.mark.slow),
        pytest.param("wgan-gp-paper", ["network=mlp"], marks=pytest.mark.slow),
        pytest.param("wgan-paper", ["generator_network=dcgan-nobn", "critic_network=dcgan"], marks=pytest.mark.slow),
        pytest.param("wgan-gp-paper", ["network=dcgan-nobn"], marks=pytest.mark.slow),
        pytest.param("dcgan", ["network=paperweekly", *SMALL], marks=pytest.mark.slow),
        pytest.param("gan", ["network=resnet", *SMALL], marks=pytest.mark.slow),
    ],
)
def test_two_processes_end_with_the_parameters_of_one(tmp_path, model, settings):
    one, two = (twenty_steps(tmp_path, processes, model, *settings) for processes in (1, 2))
    assert set(one) == set(two)
    for part in {name.partition("/")[0] for name in one}:
        select = {name: array for name, array in one.items() if name.startswith(f"{part}/")}
        assert difference(select, two) < 1e-5


def test_batch_norm_of_each_process_alone_is_another_experiment(tmp_path):
    one, two = (twenty_steps(tmp_path, processes, "wgan", "sync_batch_norm=false") for processes in (1, 2))
    assert difference(one, two) > 1e-4


def test_statistics_of_several_processes_are_numbers_where_the_deviation_is_small_beside_the_mean():
    rows = paddle.to_tensor((20 + 0.01 * np.random.default_rng(0).standard_normal((512, 4))).astype(np.float32))
    alone = SimpleNamespace(size=1, rank=0, sum=lambda tensor: tensor)
    assert all(np.isfinite(tensor.numpy()).all() for tensor in Normalise.apply(rows, 1e-5, alone))


def test_two_processes_resume_to_the_bit_and_write_once(tmp_path):
    flags = ["--data", "mnist-5k", "--processes", "2", *TINY_FLAGS, "-o", "ema=0.9", "-o", "conditional=true"]
    for out, steps in (("whole", 4), ("parts", 2), ("parts", 4)):
        more = ["--resume"] if (tmp_path / out).exists() else []
        status, said, error = run_program(
            "train.py", "--model", "wgan", *flags, "--out", out, *more, "--steps", steps, cwd=tmp_path
        )
        assert status == 0, error
        assert said.splitlines()[-1] == out
    assert log_of(tmp_path / "whole") == log_of(tmp_path / "parts")
    assert [line["step"] for line in log_of(tmp_path / "whole")] == [1, 2, 3, 4]
    assert weights_of(tmp_path / "whole", 4) == weights_of(tmp_path / "parts", 4)
    assert "average.safetensors" in weights_of(tmp_path / "parts", 4)


@pytest.mark.parametrize(("sync", "status"), [("true", 0), ("false", 2)])
def test_a_run_goes_on_in_another_number_of_processes_not_in_silence(tmp_path, call, sync, status):
    flags = ["--model", "wgan", "--network", "mlp", *TINY_FLAGS, "-o", f"sync_batch_norm={sync}", "--out", "run"]
    assert call("train", *flags, "--steps", 1).status == 0
    config = tmp_path / "run/config.yaml"
    config.write_text(config.read_text().replace("processes: 1\n", "processes: 2\n"))
    resumed = call("train", "--out", "run", "--resume", "--steps", 2)
    assert resumed.status == status and "run was begun with --processes 2, this is 1: " in resumed.err
    assert resumed.err.startswith("train.py: error" if status else "warning: ")
    assert checkpoint.list_steps(tmp_path / "run")[-1] == (1 if status else 2)


def test_the_first_process_s_clock_is_all_processes_clock(tmp_path):
    """One process's clock runs twice as fast. Learning rates, the end and the moments of checkpoints are the same in both."""
    command = [sys.executable, "-m", "tests.parallel_clock_worker", str(tmp_path)]
    team = [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **extra}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for extra in launch.environments(2, "cpu")
    ]
    for process in team:
        _, error = process.communicate(timeout=240)
        assert process.returncode == 0, error.decode()[-2000:]
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert first == second
    rates = np.array(first["rates"])
    np.testing.assert_allclose(rates, [[0.001 * (1 - k / 10), 0.002 * (1 - k / 10)] for k in range(10)], rtol=1e-6)
    assert first["looks"] == list(range(1, 11)), "a tenth of the minutes a step"
    recipe = run.read_recipe(tmp_path / "run")
    assert budget.finished(recipe, checkpoint.newest(tmp_path / "run")[1]), "its record says that time is left"


def test_one_that_dies_ends_the_others_within_seconds(tmp_path):
    command = [sys.executable, str(ROOT / "train.py"), "--model", "wgan", *TINY_FLAGS, "--steps", "100000", "--processes", "2"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    parent = subprocess.Popen([*command, "--out", "run"], cwd=tmp_path, **pipes)
    try:
        for line in parent.stdout:
            if line.startswith("step 2/"):
                break
        children = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True).stdout.split()
        assert len(children) == 2
        os.kill(int(children[1]), signal.SIGKILL)
        began = time.monotonic()
        assert parent.wait(timeout=20) != 0
        assert time.monotonic() - began < 10
        errors = [line for line in parent.stderr if "error" in line]
        assert len(errors) == 1 and "another process of this training has ended" in errors[0]
    finally:
        parent.kill()
        parent.stdout.close()
        parent.stderr.close()


def test_they_end_with_a_checkpoint_when_the_command_is_killed(tmp_path):
    command = [sys.executable, str(ROOT / "train.py"), "--model", "wgan", *TINY_FLAGS, "--steps", "100000", "--processes", "2"]
    command += ["-o", "log_every=100000", "--out", "run"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as parent:
        next(line for line in parent.stdout if line.startswith("step 1/"))
        children = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True).stdout.split()
        parent.kill()
        deadline = time.monotonic() + 20
        while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
            time.sleep(0.1)
    states = [Path(f"/proc/{child}/stat").read_text().split()[2] for child in children if Path(f"/proc/{child}").exists()]
    assert len(children) == 2 and set(states) <= {"Z"}
    assert checkpoint.list_steps(tmp_path / "run")[-1] > 0


def test_a_batch_that_does_not_divide_is_refused(tmp_path):
    status, _, error = run_program(
        "train.py", "--model", "wgan", "--batch-size", 9, "--processes", 2, "--out", "run", cwd=tmp_path
    )
    assert status == 2
    assert "batch_size 9" in error and len(error.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_auto_is_one_process():
    assert launch.count("auto", recipes.load("wgan"), "auto") == 1


def test_one_card_by_number_is_for_one_process():
    """Of several each takes the card of its own number: they would train on others than those that were asked for."""
    recipe = recipes.load("wgan")
    assert launch.count("1", recipe, "gpu:2") == 1 and launch.count("2", recipe, "gpu") == 2
    with pytest.raises(UserError, match=r"--device gpu:2 is for one process, not for 2: .*CUDA_VISIBLE_DEVICES"):
        launch.count("2", recipe, "gpu:2")


@pytest.mark.parametrize(("taken", "backend"), [(True, "auto"), (False, "gloo")])
def test_processes_on_gpus_are_not_joined_by_gloo(monkeypatch, taken, backend):
    """With gloo Paddle would put all of them on the CPU, whatever --device auto has found."""
    monkeypatch.setattr(runtime, "takes_gpu", lambda device: taken)
    assert {own["PADDLE_DISTRI_BACKEND"] for own in launch.environments(2, "auto")} == {backend}


def test_a_mistake_that_all_processes_see_is_said_once(tmp_path):
    flags = ["--data", "mnist", "--data-dir", "nowhere", "--processes", 2, "--out", "run"]
    status, out, error = run_program("train.py", "--model", "wgan", *flags, cwd=tmp_path)
    assert (status, out, error) == (2, "", "train.py: error: --data-dir nowhere is not a folder\n")
    assert list(tmp_path.iterdir()) == []


def waits_for_the_first(folder, monkeypatch, patience):
    """launch.run of two processes after a signal: the second ends at once, the first saves for two seconds."""
    monkeypatch.setattr(launch, "GRACE", 0.1)
    monkeypatch.setattr(signals, "PATIENCE", patience)
    code = "import os, sys, time\nif os.environ['PADDLE_TRAINER_ID'] == '1': sys.exit(130)\n"
    (folder / "worker.py").write_text(code + f"time.sleep(2); open({str(folder / 'saved')!r}, 'w'); sys.exit(130)")
    return launch.run(2, [str(folder / "worker.py")], "cpu")


def test_after_a_signal_the_first_process_gets_the_time_that_its_checkpoint_takes(tmp_path, monkeypatch):
    assert waits_for_the_first(tmp_path, monkeypatch, 60) == 130
    assert (tmp_path / "saved").exists()


def test_a_first_process_that_was_killed_while_it_saved_has_saved_nothing(tmp_path, monkeypatch):
    with pytest.raises(TrainingError, match="interrupted, and the first process was killed by SIGKILL before its") as error:
        waits_for_the_first(tmp_path, monkeypatch, 0.1)
    assert error.value.status == 130 and not (tmp_path / "saved").exists()


def test_a_mistake_of_one_of_the_others_is_heard(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "GRACE", 1)
    code = "import os, sys, time; rank = int(os.environ['PADDLE_TRAINER_ID']); rank or time.sleep(20); "
    (tmp_path / "worker.py").write_text(code + "sys.exit('worker.py: error: no room')")
    with pytest.raises(TrainingError, match=r"^no room$") as error:
        launch.run(3, [str(tmp_path / "worker.py")], "cpu")
    assert error.value.status == 1

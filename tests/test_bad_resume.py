"""--resume of what cannot be resumed: one line on stderr, exit status 2, and the run as it was."""

import os
import shutil

import pytest

from tests.helpers import TINY_FLAGS, write_mnist

WGAN = ["--model", "wgan-paper"]


def test_resuming_a_folder_that_is_no_run_is_refused(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "--model NAME is missing" in refused("train", "--resume", "--out", "empty")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.yaml").write_text("- not a recipe")
    assert "config.yaml" in refused("train", "--resume", "--out", "odd")


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--model", "gan"], "its model is 'wgan-paper', not 'gan'"),
        (["--network", "mlp"], "its network is 'dcgan', not 'mlp'"),
        (["-o", "critic_network=mlp"], "its critic_network is 'dcgan', not 'mlp'"),
        (["-o", "learning_rate=1e-3"], "its learning_rate is 5e-05, not 0.001"),
        (["-o", "generator_learning_rate=1e-3"], "its generator_learning_rate is 5e-05, not 0.001"),
        ([*WGAN, "-o", "learning_rate=1e-3"], "its learning_rate is 5e-05, not 0.001"),
        (["-o", "ema=0.9"], "its ema is 0.0, not 0.9"),
        (["-o", "clock=cpu"], "its clock is 'wall', not 'cpu'"),  # without minutes it counts nothing
        (["--seed", "7"], "its seed is 0, not 7"),
        ([*WGAN, "--data", "cifar10"], "holds a run of another recipe"),
        (["-o", "clip=0.5"], "its clip is 0.01, not 0.5"),
    ],
)
def test_resuming_with_another_recipe_is_refused(refused, flags, named):
    if "--model" in flags:
        flags = [*flags, *TINY_FLAGS, *([] if "--data" in flags else ["--data", "mnist"])]
    assert named in refused("train", "--resume", "--out", "run", "--steps", 9, *flags)


def test_resuming_on_other_data_is_refused(refused, run, tmp_path):
    write_mnist(tmp_path / "other", n=41)
    said = refused("train", "--resume", "--out", "run", "--steps", 9, "--data-dir", tmp_path / "other")
    assert "other data" in said


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("rate", ["5e-5", "0.00005", "5.0e-5"])
def test_resuming_with_the_same_recipe_written_otherwise_is_none_of_another(call, mnist_dir, rate):
    flags = ["-o", f"learning_rate={rate}", "-o", "network=dcgan", "--steps", 2]
    result = call("train", "--resume", "--out", "run", "--data-dir", mnist_dir, *flags)
    assert result.status == 0 and "finished" in result.out


@pytest.mark.parametrize(
    ("other", "named"),
    [("mlp", "names or shapes of its weights differ"), ("average", "one has an averaged generator, the other has none")],
)
def test_resuming_from_a_checkpoint_of_another_recipe_is_refused(refused, runs_to_copy, run, mnist_dir, other, named):
    shutil.rmtree(run / "checkpoints")
    shutil.copytree(runs_to_copy / other / "checkpoints", run / "checkpoints")
    said = refused("train", "--resume", "--out", "run", "--steps", 9, "--data-dir", mnist_dir)
    assert "belongs to another recipe" in said and named in said


def test_resuming_when_no_checkpoint_is_whole_is_refused(refused, run, mnist_dir):
    for checkpoint in (run / "checkpoints").iterdir():
        os.truncate(checkpoint / "generator.safetensors", 50)
    said = refused("train", "--resume", "--out", "run", "--steps", 9, "--data-dir", mnist_dir)
    assert "no checkpoint of run is intact" in said
    assert "no checkpoint of run is intact" in refused("sample", "run")


def test_resuming_with_a_shortened_log_is_refused(refused, run, mnist_dir):
    (run / "log.jsonl").write_text("")
    said = refused("train", "--resume", "--out", "run", "--steps", 9, "--data-dir", mnist_dir)
    assert "log.jsonl is shorter than its checkpoint says" in said

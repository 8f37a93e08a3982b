"""Every mistake is answered by one line on stderr and exit status 2, with nothing written and nothing lost."""

import gzip
import json
import os
import subprocess
import sys

import pytest

from tests.helpers import ROOT, TINY_FLAGS, files_below, run_program, write_cifar10, write_images, write_mnist

WGAN = ["--model", "wgan-paper"]
FLAGS = [  # arguments of train.py, what the line must name
    ([], "--model NAME is missing: one of dcgan, gan, lsgan, wgan, wgan-gp, wgan-gp-paper, wgan-gp-resnet-paper, wgan-paper"),
    (["--model", "wagn"], "did you mean 'wgan'"),
    (["--model", "WGAN-GP"], "did you mean 'wgan-gp'"),
    ([*WGAN, "--data", "CIFAR10"], "did you mean 'cifar10'"),
    (["--model", "../wgan"], "unknown model '../wgan'"),
    ([*WGAN, "--config", "x.yaml"], "exclude one another"),
    (["--config", "missing.yaml"], "missing.yaml cannot be read: No such file"),
    ([*WGAN, "--network", "dcgann"], "unknown network 'dcgann': did you mean 'dcgan'"),
    ([*WGAN, "-o", "critic_network=dcgann"], "unknown critic_network 'dcgann'"),
    ([*WGAN, "-o", "learning_rate=-1"], "error: learning_rate = -1"),
    ([*WGAN, "-o", "ema=1.5"], "ema = 1.5"),
    ([*WGAN, "-o", "clock=cup"], "unknown clock 'cup': did you mean 'cpu'"),
    ([*WGAN, "--processes", "2", "-o", "batch_size=9"], "--processes 2: batch_size 9 does not divide"),
    ([*WGAN, "--processes", "4", "-o", "generator_batch_size=66"], "--processes 4: generator_batch_size 66 does not divide"),
    ([*WGAN, "--data", "minst"], "did you mean 'mnist'"),
    ([*WGAN, "--data", "folder:"], "needs a path"),
    ([*WGAN, "--steps", "-1"], "steps = -1"),
    ([*WGAN, "--steps", "0"], "steps = 0"),
    ([*WGAN, "--steps", "many"], "'many' is not a valid integer"),
    ([*WGAN, "--batch-size", "0"], "batch_size = 0"),
    ([*WGAN, "--seed", "-5"], "seed = -5"),
    ([*WGAN, "--device", "gpuu"], "--device gpuu: allowed are auto, cpu, gpu and gpu:N"),
    ([*WGAN, "--device", "gpu:"], "--device gpu:"),
    ([*WGAN, "-o", "n_critic=0"], "n_critic = 0"),
    ([*WGAN, "-o", "clip=0"], "clip = 0"),
    ([*WGAN, "-o", "clip=-0.01"], "clip = -0.01"),
    ([*WGAN, "-o", "clipp=0.01"], "did you mean 'clip'"),
    ([*WGAN, "-o", "lr=1e-4"], "'lr': did you mean learning_rate, generator_learning_rate, critic_learning_rate? allowed are"),
    ([*WGAN, "-o", "Batch-Size=8"], "did you mean 'batch_size'?"),
    ([*WGAN, "-o", "device=gpu"], "did you mean '--device'?"),
    ([*WGAN, "--steps", "9", "--minutes", "1"], "--steps and --minutes exclude one another"),
    ([*WGAN, "--minutes", "0"], "minutes = 0.0: input should be greater than 0"),
    ([*WGAN, "-o", "clip"], "-o clip: wants key=value"),
    ([*WGAN, "-o", "penalty=10"], "critic_norm"),
    ([*WGAN, "-o", "data=folder:"], "unknown data"),
    ([*WGAN, "--data", "25gaussians", "--network", "dcgan"], "points in the plane"),
    ([*WGAN, "-o", "image_size=40"], "image_size 40"),
    ([*WGAN, "--frobnicate"], "--frobnicate"),
    ([*WGAN, "extra"], "extra"),
    (["wgan"], "did you mean --model wgan?"),
    (["wgan-gp", "--steps", "9"], "did you mean --model wgan-gp?"),
    (["wgan-gp-resnet-paper", "mnist"], "did you mean --model wgan-gp-resnet-paper?"),
    (["wga"], "extra argument (wga)"),
    ([*WGAN, "--n_critic", "5"], "'--n_critic': did you mean -o n_critic=VALUE?"),
    ([*WGAN, "--epochs", "5"], "did you mean --steps?"),
    ([*WGAN, "--resume"], "--resume needs --out"),
    (["--resume", "--out", "nowhere"], "--model NAME is missing"),
]


@pytest.mark.parametrize(("arguments", "named"), FLAGS)
def test_a_wrong_flag_of_train_is_one_line_that_names_it(refused, arguments, named):
    assert named in refused("train", *arguments)


PROBE = """
import json, sys, time
import train
from reporting import console

heavy = ("paddle", "torch", "cv2", "matplotlib", "visualdl", "scipy", "sklearn", "mlxtend", "safetensors.paddle")
for arguments in json.loads(sys.argv.pop()):
    sys.argv[:] = ["train.py", *arguments]
    began = time.process_time()
    try:
        console.run(train.main)
    except SystemExit as stop:
        print(json.dumps([stop.code, time.process_time() - began, [name for name in heavy if name in sys.modules]]))
"""


def test_wrong_flags_are_answered_at_once_without_importing_paddle(tmp_path):
    command = [sys.executable, "-c", PROBE, json.dumps([arguments for arguments, _ in FLAGS])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == len(FLAGS) == len(result.stderr.splitlines())
    for (arguments, _), (status, seconds, imported) in zip(FLAGS, answers, strict=True):
        assert (status, imported) == (2, []), arguments
        assert seconds < 0.3, arguments
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_flag_as_a_program_has_status_2_and_one_line(tmp_path):
    status, out, err = run_program("train.py", *WGAN, "-o", "n_critic=0", cwd=tmp_path)
    assert (status, out) == (2, "")
    assert err.startswith("train.py: error: n_critic = 0") and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [("n_critc: 5", "did you mean 'n_critic'"), ("clip: -1", "clip"), ("{", "not YAML"), ("\x00\xff", "cannot be read")],
)
def test_a_wrong_config_file_is_one_line(refused, tmp_path, text, named):
    wgan = (ROOT / "configs" / "wgan-paper.yaml").read_text() if ":" in text else ""
    (tmp_path / "my.yaml").write_bytes((wgan.replace("clip:", "#") + "\n").encode() + text.encode("latin1"))
    assert named in refused("train", "--config", "my.yaml")


def test_a_device_that_is_not_there_is_one_line(refused, mnist_dir):
    import paddle

    if paddle.device.is_compiled_with_cuda():
        pytest.skip("this Paddle has a GPU build")
    said = refused("train", *WGAN, "--data", "mnist", "--data-dir", mnist_dir, "--device", "gpu")
    assert "paddlepaddle-gpu" in said


def damaged(folder, name, change):
    write_mnist(folder)
    change(folder / name)
    return folder


DATA = {
    "missing": (lambda path: path.unlink(), "train-images-idx3-ubyte.gz is not here"),
    "cut short": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "train-images-idx3-ubyte.gz cannot be read"),
    "shorter than its header": (
        lambda path: path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1])),
        "is cut short",
    ),
    "not IDX": (lambda path: path.write_bytes(b"<html>sign in</html>"), "is not an IDX file"),
}


@pytest.mark.parametrize("kind", DATA)
def test_a_damaged_data_file_is_one_line_that_names_it(refused, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # no network
    change, named = DATA[kind]
    folder = damaged(tmp_path / "data", "train-images-idx3-ubyte.gz", change)
    assert named in refused("train", *WGAN, "--data", "mnist", "--data-dir", folder, "--out", "run")


def test_a_data_dir_that_is_none_is_one_line(refused):
    for name in ("mnist", "stacked-mnist", "mnist-5k", "8gaussians"):  # also where other data would do
        assert "--data-dir nowhere is not a folder" in refused("train", *WGAN, "--data", name, "--data-dir", "nowhere")


def test_a_damaged_cifar_archive_is_one_line(refused, tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    write_cifar10(path)
    path.write_bytes(path.read_bytes()[:5000])
    assert str(path) in refused("train", *WGAN, "--data", "cifar10", "--data-dir", tmp_path)


def test_a_folder_with_no_or_broken_images_is_one_line(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "0 images in empty" in refused("train", *WGAN, "--data", "folder:empty")
    assert "missing is not a folder" in refused("train", *WGAN, "--data", "folder:missing")
    write_images(tmp_path / "some", 3)
    (tmp_path / "some" / "001.png").write_bytes(b"\x89PNG broken")
    assert "001.png is not an image" in refused("train", *WGAN, "--data", "folder:some")


@pytest.mark.usefixtures("run")
def test_an_out_that_holds_a_run_is_refused_and_the_run_is_kept(refused, mnist_dir):
    said = refused("train", *WGAN, "--data", "mnist", "--data-dir", mnist_dir, "--out", "run")
    assert "--out run holds something already" in said and "--resume" in said


def test_an_out_that_holds_something_else_is_refused(refused, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    assert "holds something already" in refused("train", *WGAN, "--out", "thesis")
    assert "holds something already" in refused("train", *WGAN, "--out", "thesis", "--resume")
    (tmp_path / "file").write_text("x")
    assert "file" in refused("train", *WGAN, "--out", "file")
    assert "file is a file, not a folder" in refused("train", *WGAN, "--out", "file/run")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_an_out_without_permission_to_write_is_refused(refused, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "no permission to write" in refused("train", *WGAN, "--out", "locked/run")


def test_sampling_from_what_is_no_run_is_refused(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "neither a run nor a checkpoint" in refused("sample", "empty")
    assert "does not exist" in refused("sample", "nowhere")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "state.json").write_text("{}")
    assert "format" in refused("sample", "odd")


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--out", "a.bmp"], "allowed are .png"),
        (["--out", "run"], "allowed are .png"),
        (["--n", "0"], "--n"),
        (["--n", "x"], "--n"),
        (["--seed", "-1"], "--seed"),
        (["--device", "tpu"], "--device tpu"),
        (["--out", "run/log.jsonl/x.png"], "is a file"),
        (["--out", "run/log.jsonl/"], "log.jsonl"),
    ],
)
def test_a_wrong_flag_of_sample_is_one_line_that_names_it(refused, flags, named):
    assert named in refused("sample", "run", *flags)


def test_another_command_s_word_for_the_same_thing_is_named(refused):
    assert "did you mean --samples?" in refused("eval", "run", "--n", "5")
    assert "did you mean --n?" in refused("sample", "run", "--samples", "5")


def test_a_model_named_twice_is_refused(refused):
    assert "wgan is named twice" in refused("compare", "wgan", "gan", "wgan")


def test_sampling_from_a_damaged_checkpoint_is_refused_and_from_its_run_falls_back(call, refused, run):
    newest = run / "checkpoints" / "step-000002"
    os.truncate(newest / "generator.safetensors", 50)
    assert "generator.safetensors is damaged" in refused("sample", newest, "--out", "a.png")
    assert call("sample", "run", "--out", "a.png").status == 0


def test_numbers_that_are_not_finite_end_the_run_in_words_with_a_checkpoint_left(call, mnist_dir):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, "--out", "run", *TINY_FLAGS]
    extreme = ["-o", "optimizer=sgd", "-o", "learning_rate=1e30", "--steps", "8"]
    result = call("train", "--model", "wgan-gp", *flags, *extreme)
    assert result.status == 1
    assert len([line for line in result.err.splitlines() if "error" in line]) == 1
    assert "not finite at step" in result.err and "Traceback" not in result.err
    assert os.listdir("run/checkpoints") == ["step-000000"]  # noqa: PTH208
    assert call("sample", "run", "--out", "a.png").status == 0


def test_a_dead_critic_is_warned_of_once(call, mnist_dir):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, "--out", "run", *TINY_FLAGS, "--network", "mlp"]
    result = call("train", *WGAN, *flags, "-o", "clip=1e-9", "--steps", "9")
    assert result.status == 0
    assert len([line for line in result.err.splitlines() if line.startswith("warning: the critic is dead")]) == 1


def test_a_finished_runs_files_are_not_touched_by_another_run(call, run, mnist_dir):
    before = files_below(run)
    flags = ["--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "--steps", 1]
    result = call("train", *WGAN, *flags)
    again = call("train", *WGAN, *flags)
    assert (
        result.out.splitlines()[-1] == "runs/wgan-paper-mnist-s0" and again.out.splitlines()[-1] == "runs/wgan-paper-mnist-s0-2"
    )
    assert files_below(run) == before

"""One Paddle for all tests of a process, prepared as the commands prepare it."""

import importlib
import json
import os
import shutil
import signal
import sys
from typing import NamedTuple

import hypothesis
import pytest

from training import runtime

if "PYTEST_XDIST_WORKER" in os.environ:  # workers stand side by side: more threads would only wait for one another's
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as a user's own, so that what tests start keeps to it, to the bit
runtime.start("cpu")  # before any test imports paddle
# on a busy machine a moment's wait would be a failure
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background jobs, and then in what tests start

import paddle  # noqa: E402

from reporting import console  # noqa: E402
from tests import helpers  # noqa: E402


class Result(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """call('train', '--model', …): run a command in this process, from an empty folder, and return its Result."""
    monkeypatch.chdir(tmp_path)

    def run(name, *arguments):
        command = importlib.import_module(name).main
        monkeypatch.setenv("LC_ALL", "C.UTF-8")  # whatever the reader's language is
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            console.run(command)
        return Result(stop.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def refused(call, tmp_path):
    """refused(command, *arguments) → the one line a mistake is answered with; nothing may be written or lost."""

    def run(name, *arguments, status=2):
        before = helpers.files_below(tmp_path)
        result = call(name, *arguments)
        assert result.status == status, result
        lines = result.err.splitlines()
        assert len(lines) == 1, result.err
        assert lines[0].startswith(f"{name}.py: error: ")
        assert "Traceback" not in result.out + result.err
        assert helpers.files_below(tmp_path) == before
        return lines[0]

    return run


@pytest.fixture
def double():
    """New layers and tensors are float64: finite differences need it."""
    paddle.set_default_dtype("float64")
    yield
    paddle.set_default_dtype("float32")


@pytest.fixture(scope="session")
def mnist_dir(tmp_path_factory):
    """A --data-dir with 40 + 16 random digits as MNIST's files."""
    folder = tmp_path_factory.mktemp("mnist")
    helpers.write_mnist(folder)
    return folder


@pytest.fixture(scope="session")
def cifar_dir(tmp_path_factory):
    """A --data-dir with a small cifar-10-python.tar.gz."""
    folder = tmp_path_factory.mktemp("cifar")
    helpers.write_cifar10(folder / "cifar-10-python.tar.gz")
    return folder


@pytest.fixture(scope="session")
def image_dir(tmp_path_factory):
    """A folder of 20 PNG files."""
    folder = tmp_path_factory.mktemp("images")
    helpers.write_images(folder, 20)
    return folder


@pytest.fixture(scope="session")
def runs_to_copy(tmp_path_factory, mnist_dir):
    """Finished tiny runs to be copied: wgan, mlp, and average, whose generator is averaged."""
    folder = tmp_path_factory.mktemp("runs")
    own = {"wgan": ["network=dcgan"], "mlp": ["network=mlp"], "average": ["network=dcgan", "ema=0.9"]}
    for name, settings in own.items():
        flags = [
            *helpers.TINY_FLAGS,
            "--steps",
            2,
            *(word for pair in ("checkpoint_every=1", *settings) for word in ("-o", pair)),
        ]
        flags += ["--data", "mnist", "--data-dir", mnist_dir, "--out", folder / name]
        helpers.in_process("train", "--model", "wgan-paper", *flags)
    return folder


@pytest.fixture
def run(runs_to_copy, tmp_path):
    """A copy of a finished run of 2 steps in the current folder, under the name 'run'."""
    shutil.copytree(runs_to_copy / "wgan", tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture(scope="session")
def small_comparison(tmp_path_factory):
    """(results, text of report.html, folder) of a comparison of two models and two seeds, not to be changed."""

    def make(folder):
        flags = ["--network", "mlp", "--steps", "10", "--batch-size", "64", "-o", "units=16", "-o", "latent=8", "--seeds", "2"]
        flags += ["--metrics", "frechet,classes,swd,wasserstein", "--samples", "200", "--jobs", "1", "--out", "A"]
        environment = {"OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
        status, out, err = helpers.run_program("compare.py", "gan", "wgan", *flags, cwd=folder, timeout=400, env=environment)
        assert status == 0, out + err

    folder = helpers.made_once(tmp_path_factory, "comparison", make)
    text = (folder / "A/report.html").read_text(encoding="utf-8")
    return json.loads((folder / "A/results.json").read_text(encoding="utf-8")), text, folder / "A"


def pytest_sessionfinish(session):
    from tests.reliability import TALLY

    if hasattr(session.config, "workeroutput"):  # one of pytest-xdist's processes
        session.config.workeroutput["tally"] = dict(TALLY)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    from tests.reliability import TALLY

    TALLY.update(getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_terminal_summary(terminalreporter):
    from tests.reliability import TALLY

    if TALLY:
        terminalreporter.section("reliability")
        for name in sorted(TALLY):
            terminalreporter.write_line(f"{name}: {TALLY[name]:,}")

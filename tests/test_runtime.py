"""Which Paddle is there: none, two in one folder, one that is too old or too new, a GPU build without a GPU."""

import os
import subprocess
import sys

import pytest

from tests.helpers import ROOT
from training import children, runtime

START = """
import sys
from importlib import metadata

wheels, device = sys.argv[1].split(), sys.argv[2]
if not wheels:
    sys.modules["paddle"] = None

def version(name):
    if name not in wheels:
        raise metadata.PackageNotFoundError(name)
    return "1"

metadata.version = version
from errors import UserError
from training import children, runtime

try:
    print(runtime.start(device))
except UserError as error:
    print(error)
"""
PADDLE = """
import types
__version__ = {version!r}
cuda = types.SimpleNamespace(device_count=lambda: 0)
device = types.SimpleNamespace(is_compiled_with_cuda=lambda: {gpu}, cuda=cuda)
set_device = disable_signal_handler = lambda *_: None
"""


@pytest.fixture
def started(tmp_path):
    """What runtime.start says, on stdout and stderr, where these wheels are installed and `paddle` is no more than this."""

    def start(version="", wheels=("paddlepaddle",), device="auto", module=PADDLE):
        (tmp_path / "paddle").mkdir()
        (tmp_path / "paddle" / "__init__.py").write_text(module.format(version=version, gpu="paddlepaddle-gpu" in wheels))
        path = f"{tmp_path}{os.pathsep}{ROOT}"
        command = [sys.executable, "-c", START, " ".join(wheels), device]
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return done.stdout, done.stderr

    return start


def test_no_paddle(started):
    said, warned = started(wheels=())
    assert (
        said == "Paddle is not installed: pip install -r requirements-cpu.txt, or paddlepaddle-gpu for a GPU (docs/paddle.md)\n"
    )
    assert warned == ""


@pytest.mark.parametrize("module", ["", "def train(): pass", "import paddle.libpaddle"])
def test_a_paddle_that_is_not_whole_or_another_package(started, module):
    said, warned = started("3.3.1", module=module)
    assert "pip uninstall paddlepaddle paddlepaddle-gpu paddle, then pip install" in said and len(said.splitlines()) == 1
    assert warned == ""


def test_two_wheels_in_one_folder(started):
    said, warned = started("3.2.2", runtime.WHEELS)
    assert said.startswith("Paddle 3.2.2 on cpu")
    assert warned.startswith("paddlepaddle and paddlepaddle-gpu are both installed") and "pip uninstall" in warned
    assert len(warned.splitlines()) == 1


@pytest.mark.parametrize("version", ["2.5.2", "1.8.5", "2.6.1"])
def test_an_old_paddle_is_refused(started, version):
    said, _ = started(version)
    assert said.startswith(f"Paddle {version} is too old, 2.6.2 is the oldest that works: pip install")


@pytest.mark.parametrize(
    "version, tested", [("2.6.2", True), ("3.0.0", True), ("3.3.1", True), ("3.3.2", False), ("3.10.0", False), ("0.0.0", False)]
)
def test_a_paddle_that_was_not_tried_warns_once(started, version, tested):
    said, warned = started(version)
    assert said.startswith(f"Paddle {version} on cpu, ")
    words = f"Paddle {version} has not been tried with this code, 2.6.2 to 3.3.1 have (docs/paddle.md)\n"
    assert warned == ("" if tested else words)


def test_a_gpu_build_without_a_gpu_says_that_it_takes_the_cpu(started):
    said, warned = started("2.6.2", ("paddlepaddle-gpu",))
    assert said.startswith("Paddle 2.6.2 on cpu (its GPU build, but no GPU is here), ") and warned == ""


def test_the_first_line_is_for_everybody_and_no_line_is_broken_by_a_terminal(started, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv(runtime.OURS, raising=False)
    monkeypatch.setenv("MKL_DEBUG_CPU_TYPE", "5")
    first, *rest = started("3.3.1")[0].splitlines()
    assert first == "Paddle 3.3.1 on cpu, 1 thread"
    assert rest[0].startswith("OMP_NUM_THREADS=1 (set before), ") and max(map(len, rest)) < 80
    assert any("FLAGS_cudnn_deterministic=1" in line for line in rest)


def test_a_gpu_build_without_a_gpu_refuses_one(started):
    assert started("2.6.2", ("paddlepaddle-gpu",), "gpu")[0] == "--device gpu: this machine shows 0 GPUs\n"


STRUCK = """
import os, signal, sys

class Strike:  # in the midst of Paddle's import
    def find_spec(self, name, *_):
        if name == "paddle.vision":
            os.kill(os.getpid(), signal.SIGTERM)

sys.meta_path.insert(0, Strike())
from training import children, runtime
children.follow_parent()
runtime.start("cpu")
print("ran on")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM of this kind")
def test_sigterm_while_paddle_is_imported_ends_the_process_without_a_traceback():
    """As where a comparison's or an experiment's processes are stopped as soon as they were begun."""
    environment = {**os.environ, children.PARENT: str(os.getpid())}
    done = subprocess.run([sys.executable, "-c", STRUCK], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (-15, "", "")

"""test_tipc/: its scripts join what a config says, note what came of each command, and the commands take what is joined."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT

MODE = "lite_train_lite_infer"
MODELS = ("wgan", "wgan-gp")
STAND_IN = """#!/usr/bin/env bash
echo "$*" >> {folder}/calls
case "$*" in
    *"{fails}"*) echo "this went wrong"; exit 3 ;;
esac
"""


def config_of(model, folder=ROOT):
    return folder / "test_tipc" / "configs" / model / "train_infer_python.txt"


@pytest.fixture
def scripts(tmp_path):
    """scripts(name, fails=…, mode=…): a script of a copy of test_tipc/ with a program that notes its arguments instead of Python.

    Returns (status, output, calls, lines of results_python.log).
    """
    shutil.copytree(ROOT / "test_tipc", tmp_path / "test_tipc", ignore=shutil.ignore_patterns("output"))
    config, stand_in = config_of("wgan", tmp_path), tmp_path / "python"
    config.write_text(config.read_text().replace("\npython:python\n", f"\npython:{stand_in}\n"))

    def run(name, fails="nothing", mode=MODE):
        stand_in.write_text(STAND_IN.format(folder=tmp_path, fails=fails))
        stand_in.chmod(0o755)
        done = subprocess.run(["bash", tmp_path / "test_tipc" / name, config, mode], capture_output=True, text=True, cwd="/")
        calls, results = (
            path.read_text().replace(f"{stand_in} ", "python ").splitlines() if path.exists() else []
            for path in (tmp_path / "calls", tmp_path / "test_tipc" / "output" / "wgan" / mode / "results_python.log")
        )
        return done.returncode, done.stdout + done.stderr, calls, results

    return run


def test_every_setting_is_run_once(scripts):
    status, _, calls, lines = scripts("test_train_inference_python.sh")
    assert status == 0
    out = f"./test_tipc/output/wgan/{MODE}"
    assert calls[1:4] == [
        "train.py --model=wgan -o log_every=10 --data=mnist-5k --seed=0 --device=cpu --steps=50 --batch-size=32"
        f" --out={out}/norm_train_cpu",
        f"eval.py {out}/norm_train_cpu --samples=500 --device=cpu",
        f"sample.py {out}/norm_train_cpu --export={out}/norm_train_cpu_export --device=cpu",
    ]
    assert calls[4:-1] == [
        f"infer.py --device=cpu --use_onednn={onednn} --cpu_threads={threads} --batch_size={batch} --model_dir={out}/"
        f"norm_train_cpu_export --n=16 --out={out}/infer_cpu_onednn_{onednn}_threads_{threads}_batch_{batch}.npz"
        for onednn in ("false", "true")
        for threads in (1, 2)
        for batch in (1, 8)
    ]
    passed = [line for line in lines if line.startswith("Run successfully with command - wgan - python ")]
    assert len(passed) == len(calls) - 1
    assert passed[0] == f"Run successfully with command - wgan - python {calls[1]} - {out}/norm_train_cpu_train.log"


@pytest.mark.parametrize(
    ("fails", "goes_on"), [("eval.py", True), ("--use_onednn=false --cpu_threads=2", True), ("train.py", False)]
)
def test_a_failure_is_noted_and_told(scripts, fails, goes_on):
    status, output, calls, lines = scripts("test_train_inference_python.sh", fails)
    failed = [line for line in lines if line.startswith("Run failed with command - wgan - python ")]
    assert status == 1 and "this went wrong" in output
    assert failed and all(fails in line for line in failed)
    assert any("infer.py" in call for call in calls) == goes_on


def test_preparing_asks_for_the_packages_and_the_data(scripts):
    status, _, calls, _ = scripts("prepare.sh")
    assert status == 0
    assert any(call.startswith("-m pip install") and call.endswith("requirements.txt") for call in calls)
    assert "mnist-5k" in calls[-1]


@pytest.mark.parametrize("script", ["prepare.sh", "test_train_inference_python.sh"])
def test_an_unknown_mode_is_refused_in_words(scripts, script):
    status, output, calls, _ = scripts(script, mode="whole_infer")
    assert status == 2 and output.count("\n") == 1 and "no value for the mode whole_infer" in output and not calls


def commands_of(model):
    """Commands that passed, by the committed log."""
    text = (ROOT / "test_tipc" / "output" / model / MODE / "results_python.log").read_text()
    start, end = "Run successfully with command - ", f" - ./test_tipc/output/{model}/{MODE}/"
    return [line.removeprefix(f"{start}{model} - ").rpartition(end)[0] for line in text.splitlines() if line.startswith(start)]


@pytest.mark.parametrize("model", MODELS)
def test_the_committed_log_is_of_these_commands_and_all_passed(model):
    text = (ROOT / "test_tipc" / "output" / model / MODE / "results_python.log").read_text()
    assert "Run failed" not in text
    programs = [shlex.split(command)[1] for command in commands_of(model)]
    assert programs[:3] == ["train.py", "eval.py", "sample.py"] and programs.count("infer.py") >= 4
    for command in commands_of(model)[:-1]:
        program, *words = shlex.split(command)[1:]
        main = __import__(program.removesuffix(".py")).main
        parsed = main.make_context(program, words).params  # raises for a word that the command does not know
        assert parsed["device"] == "cpu"


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_the_scripts_pass(tmp_path, model):
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in files.stdout.splitlines():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for script in ("prepare.sh", "test_train_inference_python.sh"):
        command = ["bash", f"test_tipc/{script}", config_of(model, tmp_path), MODE]
        done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Run successfully with command") >= 8

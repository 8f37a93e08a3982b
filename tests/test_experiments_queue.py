"""python -m experiments queue: what is left, one training after another, beside another process, and after a signal."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import experiments
from errors import UserError
from experiments import figures, queue
from experiments.store import ExperimentStore
from storage import writing
from tests.test_shared import copy  # noqa: F401
from training import checkpoint


@pytest.fixture
def order(tmp_path, monkeypatch):
    """Two experiments of three results each in the list's place, and in which order these are measured."""
    monkeypatch.setattr("experiments.store.ROOT", tmp_path)
    measured = []

    def experiment(name):
        def measure(store):
            units = {f"{name}{k}": ({"k": k}, lambda k=k: measured.append(f"{name}{k}") or k) for k in range(3)}
            return {"found": store.shared(units), "claims": {}}

        return SimpleNamespace(ABOUT={"core_seconds": 30, "claims": {}}, measure=measure, draw=lambda *_: figures.new()[0])

    modules = {name: experiment(name) for name in ("momentum", "tuned")}
    monkeypatch.setattr(queue, "module_of", modules.__getitem__)
    monkeypatch.setattr(experiments, "NAMES", ("tuned", "momentum"))
    return measured


def call(*arguments):
    result = CliRunner().invoke(queue.main, ["--quick", *arguments], standalone_mode=False)
    assert result.exception is None, result.output
    return result.output


def test_it_measures_the_list_in_its_order_once(order, tmp_path):
    assert "in all: about 60 core seconds" in call("--list") and order == []
    out = call()
    assert order == ["tuned0", "tuned1", "tuned2", "momentum0", "momentum1", "momentum2"]
    assert "tuned: measured" in out and "in all: about 0 core seconds" in out
    first = (tmp_path / "runs" / "quick" / "tuned.png").stat().st_mtime_ns
    call()
    assert len(order) == 6 and (tmp_path / "runs" / "quick" / "tuned.png").stat().st_mtime_ns == first  # nor drawn again


def test_it_says_what_is_left(order):
    units = {"tuned0": ({"k": 0}, lambda: 0), "tuned1": ({"k": "other settings"}, lambda: 0)}
    ExperimentStore("tuned", quick=True).shared(units)
    out = call("--list", "tuned", "momentum")
    assert "tuned: 2 of 3 left, about 20 core seconds, next tuned1" in out
    assert "momentum: 3 of 3 left, about 30 core seconds, next momentum0" in out
    with pytest.raises(UserError, match="did you mean 'tuned'"):
        CliRunner().invoke(queue.main, ["tunde"], standalone_mode=False, catch_exceptions=False)


def test_what_another_process_is_at_is_passed_over(order):
    other = ExperimentStore("tuned", quick=True)
    with other.lock("tuned1"):
        out = call()
        assert order == ["tuned0", "tuned2", "momentum0", "momentum1", "momentum2"]
        assert "tuned: 1 of 3 left" in out
        assert not other.figure.exists()  # nothing is concluded from two thirds
        other._measured("tuned1", {"k": 1}, lambda: 1)
    call()
    assert len(order) == 5 and other.figure.exists()


def test_data_that_is_not_here_costs_the_others_nothing(order, monkeypatch):
    def missing(store):
        raise UserError("cifar10 is not here")

    monkeypatch.setattr(queue.module_of("tuned"), "measure", missing)
    result = CliRunner().invoke(queue.main, ["--quick"], standalone_mode=False)
    assert result.return_value == 1 and order == ["momentum0", "momentum1", "momentum2"]


def test_sigterm_leaves_a_checkpoint_and_the_same_command_goes_on(copy):  # noqa: F811
    folder = copy("one")
    command = [sys.executable, "-m", "experiments", "queue", "parallel_lines", "--quick"]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env={**os.environ, "STEPS": "1000000"}, **pipe) as process:
        deadline = time.monotonic() + 100
        while not any(path.stat().st_size for path in (folder / "runs" / "quick").glob("*/log.jsonl")):
            assert time.monotonic() < deadline and process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "the same command goes on from there" in err and "Traceback" not in err
    (log,) = (folder / "runs" / "quick").glob("*/log.jsonl")
    assert checkpoint.list_steps(log.parent)[-1] > 0
    with writing.lock(log.parent):  # nobody is at it any more
        pass
    kept = json.loads((folder / "runs" / "quick" / "parallel_lines.json").read_text(encoding="utf-8"))
    assert list(kept["units"]) == ["alone"]

"""An experiment's trainings in several processes: the numbers of one, every training once, and signals for all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from errors import UserError
from experiments.shared import measure_along
from experiments.store import ExperimentStore
from storage import writing
from tests.helpers import ROOT
from training import checkpoint

EXPERIMENT = """import os
import time
from pathlib import Path

from experiments import figures, run_groups, training_runs

ABOUT = {"title": "Does an experiment share its trainings?", "core_seconds": 60, "claims": {}}
STEPS = int(os.environ["STEPS"])
PROCESSES = int(os.environ.get("PROCESSES", 1))


def together(folder):
    # not before all processes are there: on a busy machine the first would have measured all by then
    deadline = time.monotonic() + 200
    while len(list(Path().glob("process-*"))) < PROCESSES and time.monotonic() < deadline:
        time.sleep(0.05)
    return {"process": os.getpid()}


def measure(store):
    Path(f"process-{os.getpid()}").touch()
    store.shared({"alone": ({}, lambda: {"process": os.getpid()})})
    common = {"data": "mnist-5k", "network": "mlp", "latent": 8, "units": 16, "batch_size": 64, "steps": STEPS}
    common |= {"log_every": 10, "sample_every": STEPS, "checkpoint_every": STEPS}
    cells = {f"c{clip:g}": ("wgan", {**common, "clip": clip}) for clip in (0.01, 0.02, 0.05)}
    trained = training_runs.runs(store, cells, 1, samples=100, names=["swd"], extra=together)
    return {label: run_groups.summary(group, ["swd"])["swd"] for label, group in trained.items()}


def draw(numbers, store):
    return figures.new()[0]
"""


@pytest.fixture
def copy(tmp_path):
    """copy(name): the repository again, with the experiment above in the place of parallel_lines."""

    def make(name):
        shutil.copytree(ROOT, tmp_path / name, ignore=shutil.ignore_patterns(".*", "runs", "docs", "compare", "__pycache__"))
        (tmp_path / name / "experiments" / "parallel_lines.py").write_text(EXPERIMENT)
        return tmp_path / name

    return make


def begin(folder, *flags, **environment):
    command = [sys.executable, "-m", "experiments", "parallel_lines", "--quick", *flags]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, **pipe)


def kept(folder):
    return json.loads((folder / "runs" / "quick" / "parallel_lines.json").read_text(encoding="utf-8"))


def test_two_processes_find_what_one_finds_and_measure_nothing_twice(copy):
    contents = []
    for name, jobs, environment in (("one", "1", {"OMP_NUM_THREADS": "1"}), ("two", "2", {"PROCESSES": "2"})):
        folder = copy(name)
        with begin(folder, "--jobs", jobs, STEPS="30", **environment) as process:
            out, err = process.communicate(timeout=300)
        assert process.returncode == 0, out + err
        assert sorted(line.split()[1] for line in out.splitlines() if line.endswith(" s") and line[:1] == "p") == [
            "alone",
            "c0.01-s0",
            "c0.02-s0",
            "c0.05-s0",
        ]
        assert len(list((folder / "runs" / "quick").glob("c*-s0-*"))) == 3
        contents.append(kept(folder))
    one, two = contents
    assert one["numbers"] == two["numbers"]
    processes = lambda kept: {unit["found"].get("extra", {}).get("process") for unit in kept["units"].values()}  # noqa: E731
    assert (len(processes(one) - {None}), len(processes(two) - {None})) == (1, 2)
    assert {unit["threads"] for unit in two["units"].values()} == {1}


def test_sigterm_ends_all_of_them_with_checkpoints(copy):
    folder = copy("one")
    with begin(folder, "--jobs", "2", STEPS="1000000") as process:
        deadline = time.monotonic() + 100
        while len(logs := list((folder / "runs" / "quick").glob("*/log.jsonl"))) < 2 or not all(p.stat().st_size for p in logs):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "the same command goes on from there" in err and "Traceback" not in err
    for log in logs:
        assert checkpoint.list_steps(log.parent)[-1] > 0
        with writing.lock(log.parent):  # nobody is at it any more
            pass


def test_workers_are_called_at_the_first_training_and_leave_a_mistake_to_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.store.ROOT", tmp_path)
    called = []
    first = ExperimentStore("momentum", quick=True, on_lock=lambda: called.append(1))
    worker = ExperimentStore("momentum", quick=True)
    assert worker.shared({"training": ({}, lambda: 3)}) == {"training": 3}
    assert first.shared({"training": ({}, lambda: 4)}) == {"training": 3}  # measured already
    assert called == []
    first.shared({"second": ({}, lambda: 5)})
    assert called == [1]

    class Module:
        def measure(store):
            raise UserError("cifar10 is not here")

    measure_along(Module, worker)


def test_what_is_kept_is_not_locked(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.store.ROOT", tmp_path)
    ExperimentStore("momentum").shared({"training": ({}, lambda: 3)})
    shutil.rmtree(tmp_path / "runs")
    assert ExperimentStore("momentum", redraw=True).shared({"training": ({}, None)}) == {"training": 3}
    assert not (tmp_path / "runs").exists()

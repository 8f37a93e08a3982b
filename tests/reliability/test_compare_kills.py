"""compare.py is killed, by SIGKILL: its trainings end, and the same command goes on, straight after as well."""

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from errors import UserError
from storage import writing
from tests.helpers import ROOT, program, run_program, scalars_of
from tests.reliability import TALLY
from tests.test_compare import ONE_RUN, RUN, TINY, results, timeless
from training import checkpoint, comparison, grids, run_comparison, signals

IMPORTING = """
import time
time.sleep(1)  # as the libraries take
from training import children
children.follow_parent()
open("began", "w").close()
time.sleep(2)
open("trained", "w").close()
"""
PARENT = """
import sys, time
from training import children
print(children.start([sys.executable, "child.py"], 1).pid, flush=True)
time.sleep(60)
"""


def test_a_child_whose_parent_is_killed_while_it_imports_does_not_train(tmp_path):
    (tmp_path / "child.py").write_text(IMPORTING)
    (tmp_path / "parent.py").write_text(PARENT)
    with program(tmp_path / "parent.py", cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}) as process:
        pid = int(process.stdout.readline())
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not (tmp_path / "trained").exists()


class Lines:
    """A progress display that keeps what it is told to say."""

    def __init__(self):
        self.said = []

    def say(self, line):
        self.said.append(line)

    def of(self, entry):
        return self

    def done(self, entry):
        pass

    def scored(self, entry):
        pass

    def look(self):
        pass


HOLD = """
import sys, time
from storage import writing
with writing.lock(sys.argv[1]):
    print("held", flush=True)
    print("step 7 of the training before", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def others(tmp_path, monkeypatch):
    """others(seconds) → (entries, display) of a comparison in A, of which one run's folder another process holds so long, and
    whose train.py takes the lock, as the real one does."""
    monkeypatch.chdir(tmp_path)
    held = []

    def begin(seconds):
        entries = comparison.plan(("gan", "lsgan"), (), {"steps": 5, "network": "mlp"}, {}, 1)
        comparison.assign_folders("A", entries, "none")
        (tmp_path / "hold.py").write_text(HOLD)
        held.append(program(tmp_path / "hold.py", entries[0].folder, seconds, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}))
        assert held[0].stdout.readline() == "held\n"
        code = "import sys\nfrom storage import writing\nwith writing.lock(sys.argv[sys.argv.index('--out') + 1]): pass\n"
        (tmp_path / "train.py").write_text(code)
        monkeypatch.setattr(run_comparison, "TRAIN", tmp_path / "train.py")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        return entries, Lines()

    yield begin
    for process in held:
        process.kill()
        process.communicate()


def test_a_run_that_another_process_is_still_writing_to_is_waited_for(others):
    entries, display = others(1.5)
    run_comparison.train("A", entries, None, "cpu", 2, display)
    assert [entry.status for entry in entries] == ["finished", "finished"]
    assert display.said == [f"{entries[0].folder} is in use: waiting until the process that writes to it has ended"]


def test_but_not_for_ever(others, monkeypatch):
    monkeypatch.setattr(signals, "PATIENCE", 0.5)
    entries, display = others(60)
    with pytest.raises(UserError, match="gan-mlp-mnist-5k-s0 is in use: another process is writing to it"):
        run_comparison.train("A", entries, None, "cpu", 2, display)


def test_the_error_of_a_training_is_its_own_not_what_was_printed_last(others, tmp_path):
    entries, display = others(0)
    code = "import sys\nprint('train.py: error: its error')\nprint('step 7 of the training before')\nsys.exit(2)"
    (tmp_path / "train.py").write_text(code)
    with pytest.raises(UserError, match=r"^its error$"):
        run_comparison.train("A", entries, None, "cpu", 2, display)


def test_what_an_orphan_prints_is_in_no_other_s_output(others, tmp_path):
    entries, display = others(0)
    (tmp_path / "A/output").mkdir(parents=True)
    path = tmp_path / "A/output" / f"{entries[0].folder.name}.txt"
    with open(path, "w") as before:
        run_comparison.train("A", entries, None, "cpu", 2, display)
        before.write("step 7 of the training before")
    assert path.read_text() == ""


@pytest.mark.usefixtures("comparison_here")
def test_two_comparisons_in_one_folder_do_not_mix(call):
    held, leave = threading.Event(), threading.Event()

    def hold():
        with writing.lock("A"):
            held.set()
            leave.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    try:
        found = call("compare", *ONE_RUN)
    finally:
        leave.set()
        holder.join()
    assert found.status == 2 and "A is in use: another process is writing to it" in found.err and found.err.count("\n") == 1
    assert call("compare", *ONE_RUN).status == 0


def alive_below(folder):
    """Processes whose command names a path below `folder`, but for zombies."""
    found = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True).stdout.split()
    states = {pid: Path(f"/proc/{pid}/stat") for pid in found}
    return [pid for pid, path in states.items() if path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z"]


@pytest.mark.parametrize("wait", [0.0, pytest.param(0.5, marks=pytest.mark.slow), pytest.param(1.5, marks=pytest.mark.slow)])
def test_killed_with_trainings_side_by_side_no_process_is_left_and_a_rerun_straight_after_ends(tmp_path, wait):
    """wait: seconds after both have begun, 0 while they import."""
    out = tmp_path / "A"
    flags = [*(word for word in TINY if word != "10"), "--seeds", "1", "--jobs", "2", "--out", out]
    steps = 200 if wait else 60
    flags.insert(flags.index("--steps") + 1, str(steps))
    with program("compare.py", "gan", "lsgan", *flags, cwd=tmp_path) as process:
        deadline = time.monotonic() + 60
        while len(list(out.glob("output/*.txt") if not wait else out.glob("runs/*/log.jsonl"))) < 2:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    status, said, error = run_program("compare.py", "gan", "lsgan", *flags, cwd=tmp_path, timeout=200)
    assert (status, error) == (0, ""), said + error
    assert [run["steps"] for run in results(out)["runs"]] == [steps, steps]
    assert alive_below(out) == []
    TALLY["kills of a comparison survived"] += 1


@pytest.mark.parametrize("kills", [2, pytest.param(25, marks=pytest.mark.slow)])
def test_killed_while_it_scores_or_writes_the_report_it_ends_as_if_undisturbed(finished_comparison, tmp_path, kills):
    shutil.copytree(finished_comparison / "A", tmp_path / "A")
    for name in ("metrics.json", "metrics-on-the-way.json"):
        (tmp_path / RUN / name).unlink()
    shutil.rmtree(tmp_path / "A/report")
    for name in ("results.json", "results.csv", "samples.png", "curves.png", "report.html"):
        (tmp_path / "A" / name).unlink()
    records = next((tmp_path / RUN).glob("vdlrecords.*.log"))
    last = json.loads((checkpoint.path_of(tmp_path / RUN, 10) / "state.json").read_text())
    os.truncate(records, last["logs"][records.name])  # without the scores
    draw = random.Random(kills + 1)  # for two kills it draws short waits
    for _ in range(kills):
        with program("compare.py", *ONE_RUN, cwd=tmp_path) as process:
            next(line for line in process.stdout if "there already" in line)
            time.sleep(draw.uniform(0, 4))
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
        TALLY["kills of a comparison survived"] += 1
    status, said, error = run_program("compare.py", *ONE_RUN, cwd=tmp_path)
    assert (status, error) == (0, ""), said + error
    assert timeless(results(tmp_path / "A")) == timeless(results(finished_comparison / "A"))
    for name in ("samples.png", "curves.png"):
        assert grids.read_png(tmp_path / "A" / name).shape == grids.read_png(finished_comparison / "A" / name).shape
    points = {tag: sorted(set(values)) for tag, values in scalars_of(tmp_path / RUN).items()}
    assert points == {tag: sorted(set(values)) for tag, values in scalars_of(finished_comparison / RUN).items()}

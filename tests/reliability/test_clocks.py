"""Time that a training does not have: it is stopped and continued, or the clock on the wall jumps."""

import ast
import signal
import time

import pytest

from tests.helpers import ROOT, TINY_FLAGS, log_of, program


def test_a_training_that_stands_still_for_a_while_ends_well(tmp_path):
    flags = ["--model", "wgan", "--network", "mlp", *TINY_FLAGS, "-o", "steps=1000000", "-o", "minutes=0.05", "-o", "clock=cpu"]
    with program("train.py", *flags, "--out", "run", cwd=tmp_path, env={"OMP_NUM_THREADS": "1"}) as process:
        next(line for line in process.stdout if line.startswith("step "))
        for _ in range(3):
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.5)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.1)
        _, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    log = log_of(tmp_path / "run", without=())
    assert log[-1]["cpu_seconds"] == pytest.approx(3, abs=0.5)
    assert log[-1]["seconds"] > log[-1]["cpu_seconds"] + 1, "the time in which it stood still"
    assert [line["step"] for line in log] == list(range(1, len(log) + 1))


def test_a_clock_that_jumps_moves_no_budget(call, monkeypatch, tmp_path):
    jumps = iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: 4e9 if next(jumps) % 2 else -1e6)
    flags = ["-o", "steps=1000000", "-o", "minutes=0.01", "-o", "clock=wall", "--out", "run"]
    assert call("train", "--model", "wgan", "--network", "mlp", *TINY_FLAGS, *flags).status == 0
    seconds = [line["seconds"] for line in log_of("run", without=())]
    assert seconds == sorted(seconds) and seconds[0] >= 0 and 0.6 <= seconds[-1] < 60


CLOCKS = ("time.time", "datetime.datetime.now", "time.localtime")
# what a file's or a record's date is made of, or compared with
DATED = {
    "storage/writing.py",
    "training/run.py",
    "training/run_log.py",
    "reporting/collect.py",
    "reporting/visual.py",
    "benchmarks/machine.py",
}


def test_only_dates_are_of_the_clock_on_the_wall():
    """Everything else is measured by time.monotonic and time.process_time, which do not jump."""
    found = set()
    for path in ROOT.rglob("*.py"):
        name = str(path.relative_to(ROOT))
        if not name.startswith(("tests/", ".", "runs/")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                    "time.time",
                    "datetime.datetime.now",
                    "time.localtime",
                ):
                    found.add(name)
    assert found == DATED

"""A stdout that fails, a closed stderr, an encoding without the characters, Ctrl-C from the first moment: nothing is lost."""

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers import ROOT, TINY_FLAGS, files_below, program, unwarned
from tests.reliability import TALLY
from tests.test_resume import assert_same_run

WORDS = {
    "full": "No space left on device",
    "closed": "Bad file descriptor",
    "limited": "File too large",
    "unread": None,  # whoever stops reading, like head, has what it wanted
    "impatient": None,
}
PROBE = """
import os
import click
from reporting import console


@click.command()
@click.option("--prints", is_flag=True)
@click.option("--lines", default=3)
def main(prints, lines):
    for number in range(lines):
        print(f"line {number}: → ± 中 \\udcff")
    with open("made", "w") as file:
        os.write(2, b"what a library says")
        file.write(str(file.fileno()))
    print("made", end="")


console.run(main, prints="--prints" in __import__("sys").argv)
"""
COMMANDS = [
    *(["train.py"], ["eval.py"], ["compare.py"], ["sample.py"], ["-m", "experiments"], ["-m", "experiments", "search"]),
    *(["-m", f"experiments.{name}"] for name in ("ladder", "results")),
    *(["-m", f"benchmarks.{name}"] for name in ("loop", "quality", "quality_results", "reading", "table", "throughput")),
    *(["-m", "metrics.train_network"], ["-m", "reporting.strip"]),
]


def started(command, stdout, cwd, stderr=subprocess.PIPE, python=(), **environment):
    """A command of the repository, its stdout in one of the ways of WORDS. The reading end is `.stdout` where there is one."""
    script = [str(ROOT / command[0]), *command[1:]] if command[0].endswith(".py") else command
    words = [sys.executable, *python, *map(str, script)]
    end = read = None
    if stdout == "full":
        end = os.open("/dev/full", os.O_WRONLY)
    elif stdout == "closed":
        words = ["sh", "-c", 'exec "$0" "$@" >&-', *words]
    elif stdout == "limited":
        words = ["sh", "-c", 'ulimit -f 1; exec "$0" "$@"', *words]
        end = os.open(Path(cwd) / "printed", os.O_WRONLY | os.O_CREAT)
    else:
        read, end = os.pipe()
        if stdout == "unread":
            os.close(read)
        else:
            os.set_blocking(end, False)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    process = subprocess.Popen(words, cwd=cwd, env=environment, stdout=end, stderr=stderr, text=True)
    if end is not None:
        os.close(end)
    process.stdout = os.fdopen(read, encoding="utf-8", errors="replace") if stdout == "impatient" else None
    return process


@pytest.fixture
def probe(tmp_path):
    (tmp_path / "probe.py").write_text(PROBE, encoding="utf-8")
    return [str(tmp_path / "probe.py")]


@pytest.mark.parametrize("prints", [False, True])
@pytest.mark.parametrize("stdout", ["full", "closed", "limited", "unread"])
def test_a_stdout_that_fails_ends_no_command_and_is_an_error_where_it_is_the_result(probe, tmp_path, stdout, prints):
    process = started([*probe, "--lines", 1000, *["--prints"] * prints], stdout, tmp_path)
    _, err = process.communicate(timeout=60)
    err = err.removeprefix("what a library says")
    line = WORDS[stdout] and f"stdout cannot be written: {WORDS[stdout]}\n"
    assert err == ((f"probe.py: error: {line}" if prints else f"warning: {line}") if line else "")
    assert process.returncode == (2 if prints and line else 0)
    assert int((tmp_path / "made").read_text()) > 2, "a file got the number of stdout or stderr"
    TALLY["outputs that failed, survived"] += 1


def test_without_stdout_stderr_and_stdin_files_are_safe_and_the_status_is_right(probe, tmp_path):
    for flags, status in (([], 0), (["--prints"], 2)):
        closed = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', sys.executable, *probe, *flags]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        assert subprocess.run(closed, cwd=tmp_path, env=environment, timeout=60).returncode == status
        assert int((tmp_path / "made").read_text()) > 2, "a file got the number of stdout or stderr"
    TALLY["outputs that failed, survived"] += 2


@pytest.mark.parametrize("python", [(), ("-u",)])
def test_whoever_reads_slowly_gets_all(probe, tmp_path, python):
    with started([*probe, "--lines", 20_000], "impatient", tmp_path, python=python) as process:
        time.sleep(0.5)
        lines = process.stdout.read().splitlines()
    assert process.returncode == 0 and len(lines) == 20_001 and lines[-1] == "made"


def test_a_character_that_the_encoding_lacks_is_written_by_its_number(probe, tmp_path):
    ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for environment in ({"PYTHONIOENCODING": "ascii"}, ascii_locale):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        result = subprocess.run([sys.executable, *probe], cwd=tmp_path, env=environment, capture_output=True)
        assert result.returncode == 0, result.stderr
        assert result.stdout.splitlines()[0] == b"line 0: \\u2192 \\xb1 \\u4e2d \xff"


@pytest.mark.parametrize(
    "stdout", ["unread", "full", pytest.param("closed", marks=pytest.mark.slow), pytest.param("head", marks=pytest.mark.slow)]
)
def test_a_training_whose_stdout_fails_goes_on_to_its_end(call, mnist_dir, tmp_path, stdout):
    flags = ["--model", "wgan", "--network", "mlp", "--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS]
    assert call("train", *flags, "--out", "whole").status == 0
    command = ["train.py", *flags, "--out", "run"]
    if stdout == "head":
        head = f'{sys.executable} "$0" "$@" | head -2; exit ${{PIPESTATUS[0]}}'
        words = ["bash", "-c", head, ROOT / command[0], *command[1:]]
        process = subprocess.Popen([*map(str, words)], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    else:
        process = started(command, stdout, tmp_path)
    _, err = process.communicate(timeout=120)
    line = WORDS.get(stdout) and f"warning: stdout cannot be written: {WORDS[stdout]}\n"
    assert (process.returncode, unwarned(err)) == (0, line or "")
    assert_same_run("whole", "run")
    TALLY["outputs that failed, survived"] += 1


@pytest.mark.slow
@pytest.mark.parametrize("stdout", ["unread", "full", "closed"])
def test_what_the_other_commands_do_is_done_without_stdout(runs_to_copy, mnist_dir, tmp_path, stdout):
    run, data = runs_to_copy / "wgan", ["--data-dir", mnist_dir]
    more = ["--network", "mlp", "--data", "mnist", *data, "--metrics", "swd", "--samples", 20, *TINY_FLAGS]
    calls = {
        "sample.npz": (["sample.py", run, "--out", "sample.npz"], 0),
        "scores/metrics.json": (["eval.py", run, *data, "--metrics", "swd", "--samples", 20, "--out", "scores"], 2),
        "both/report.html": (["compare.py", "gan", "wgan", "--seeds", 1, *more, "--jobs", 1, "--out", "both"], 0),
        "strip.png": (["-m", "reporting.strip", run, "--out", "strip.png"], 0),
        "": (["-m", "benchmarks.table", ROOT / "docs" / "throughput.json"], 2),
    }
    for made, (command, status) in calls.items():
        process = started(command, stdout, tmp_path)
        _, err = process.communicate(timeout=300)
        assert process.returncode == (0 if stdout == "unread" else status), err
        assert err.count("\n") == (stdout != "unread") and "Traceback" not in err, err
        assert (tmp_path / made).exists()
        TALLY["outputs that failed, survived"] += 1


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[-1])
def test_ctrl_c_while_a_command_imports_is_one_line(command, tmp_path):
    """A module that every command imports early is replaced by one at which the signal comes."""
    (tmp_path / "click.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(10)\n")
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    process = started([*command, "--help"], "full", tmp_path, PYTHONPATH=path)
    _, err = process.communicate(timeout=60)
    name = "experiments" if "experiments" in command else command[-1].split(".")[-1 if command[0] == "-m" else 0] + ".py"
    assert (process.returncode, err) == (130, f"{name}: error: interrupted\n")
    TALLY["Ctrl-C in the first seconds, one line"] += 1


@pytest.mark.parametrize("command", [["train.py", "--model", "wgan", "--network", "mlp"], ["-m", "experiments", "momentum"]])
def test_ctrl_c_of_which_a_library_makes_another_error_is_one_line(command, tmp_path):
    code = "import os, signal, time\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(10)\n"
    (tmp_path / "paddle.py").write_text(code + "except KeyboardInterrupt:\n    raise ImportError('DSO load failed')\n")
    process = started(command, "full", tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    _, err = process.communicate(timeout=60)
    name = command[0] if command[0] == "train.py" else command[1]
    assert (process.returncode, err) == (130, f"{name}: error: interrupted\n")
    TALLY["Ctrl-C in the first seconds, one line"] += 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_ctrl_c_at_any_moment_of_the_first_seconds_is_one_line(tmp_path):
    draw = random.Random(0)
    flags = ["--model", "wgan", "--network", "mlp", *TINY_FLAGS, "--steps", "100000", "-o", "log_every=1000"]
    for number in range(30):
        with program("train.py", *flags, "--out", f"run-{number}", cwd=tmp_path) as process:
            time.sleep(draw.uniform(0.2, 5))
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        assert process.returncode == 130 and unwarned(err).count("\n") == 1 and "interrupted" in err, err
        TALLY["Ctrl-C in the first seconds, one line"] += 1


@contextlib.contextmanager
def largest_file(size):
    """Within this context this process writes no file larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("flags", [["--export", "made"], ["--out", "a.npz", "--n", 1000], ["--out", "a.png", "--n", 1000]])
def test_a_limit_on_the_size_of_files_is_one_line_and_leaves_what_was_there(call, run, tmp_path, flags):
    for name in ("a.npz", "a.png"):
        (tmp_path / name).write_text("before")
    before = files_below(tmp_path)
    with largest_file(4000):
        result = call("sample", "run", *flags)
    errors = result.err.splitlines()
    assert result.status == 2 and len(errors) == 1 and errors[0].startswith("sample.py: error: "), result
    assert flags[1] in errors[0] and "cannot be written" in errors[0], errors
    assert files_below(tmp_path) == before and not (tmp_path / "made").exists()


def test_a_training_under_a_limit_on_the_size_of_files_ends_in_one_line_and_goes_on_without(call, mnist_dir):
    flags = ["--model", "wgan", "--network", "mlp", "--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS]
    assert call("train", *flags, "--out", "whole").status == 0
    with largest_file(20_000):
        result = call("train", *flags, "--out", "run")
    assert result.status == 2 and "File too large" in result.err and unwarned(result.err).count("\n") == 1, result
    assert call("train", *flags, "--out", "run", "--resume").status == 0
    assert_same_run("whole", "run")


@pytest.mark.parametrize("command", ["train.py", "app.py", "reporting.figures", "reporting.strip"])
def test_a_terminal_without_the_environment_is_answered_in_one_line(command, tmp_path):
    started = [str(ROOT / command)] if command.endswith(".py") else ["-m", command]
    where = {**os.environ, "PYTHONPATH": str(ROOT)}
    bare = [sys.executable, "-S", *started]  # without site-packages
    result = subprocess.run(bare, cwd=tmp_path, env=where, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1), result.stderr
    name = command.removeprefix("reporting.").replace("strip", "strip.py")
    assert result.stderr.startswith(f"{name}: error: Python has no module ") and "activate the environment" in result.stderr
    assert result.stderr.endswith(" pip install -r requirements-cpu.txt\n")


@pytest.mark.parametrize(
    ("words", "name", "file"),
    [(["experiments", "search"], "optuna", "dev"), (["benchmarks.published", "--out", "made"], "torch", "alignment")],
)
def test_a_package_that_few_commands_need_is_named_with_the_file_that_brings_it(words, name, file, tmp_path):
    (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}', name='{name}')")
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", *words]
    result = subprocess.run(command, cwd=tmp_path, env=where, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1), result.stderr
    assert f"Python has no module {name}: " in result.stderr and result.stderr.endswith(f"-r requirements-{file}.txt\n")
    required = (ROOT / f"requirements-{file}.txt").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith(f"{name}>") for line in required)

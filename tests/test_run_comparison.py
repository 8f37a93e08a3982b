"""Trainings side by side: the numbers of one after another, whatever interrupts them, whatever one of them does."""

import io
import json
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from errors import Interrupted, UserError
from reporting import console
from reporting.progress import MultiRunProgress
from tests.helpers import log_of, program, run_program, weights_of
from tests.test_compare import TINY, results, timeless
from training import checkpoint, comparison, log, run_comparison, runtime

LONG = [*(word for word in TINY if word != "10"), "--seeds", "1"]
LONG.insert(LONG.index("--steps") + 1, "150")
MODELS = ("gan", "lsgan")
RUNS = [f"{model}-mlp-mnist-5k-s0" for model in MODELS]


def learnt(folder):
    """What a run has come to: log without clocks, bytes of all weights and optimisers, pictures."""
    last = checkpoint.list_steps(folder)[-1]
    pictures = {path.name: path.read_bytes() for path in (folder / "samples").iterdir()}
    return log_of(folder), weights_of(folder, last), pictures


@pytest.fixture(scope="module")
def one_after_another(tmp_path_factory):
    """The folder of a comparison in one process on one thread."""
    folder = tmp_path_factory.mktemp("one")
    arguments = [*MODELS, *LONG, "--jobs", "1", "--out", "A"]
    status = run_program("compare.py", *arguments, cwd=folder, timeout=400, env={"OMP_NUM_THREADS": "1"})
    assert status[0] == 0, status
    return folder / "A"


def without_minutes(found):
    found = timeless(found)
    for curves in (*found["curves"].values(), *found["metric_curves"].values()):
        curves.pop("minutes", None)  # against these there is no equality
    return found


def test_side_by_side_is_one_after_another_to_the_bit(one_after_another, tmp_path):
    done = run_program("compare.py", *MODELS, *LONG, "--jobs", "2", "--out", "A", cwd=tmp_path, timeout=400)
    assert done[0] == 0, done
    for name in RUNS:
        assert learnt(tmp_path / "A/runs" / name) == learnt(one_after_another / "runs" / name)
    assert without_minutes(results(tmp_path / "A")) == without_minutes(results(one_after_another))
    assert "scoring A/runs/" in done[1]
    again = run_program("compare.py", *MODELS, *LONG, "--jobs", "2", "--out", "A", cwd=tmp_path, timeout=400)
    assert "2 of them there already" in again[1] and "scoring" not in again[1]


@pytest.mark.parametrize(("signum", "status"), [pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow), (signal.SIGINT, 130)])
def test_interrupted_and_called_again_it_ends_with_the_same_bytes(one_after_another, tmp_path, signum, status):
    arguments = [*MODELS, *LONG, "--jobs", "2", "--out", "A"]
    with program("compare.py", *arguments, cwd=tmp_path) as process:
        log = tmp_path / "A/runs" / RUNS[0] / "log.jsonl"
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and not (log.is_file() and log.read_text().count("\n") > 12):
            time.sleep(0.02)
        process.send_signal(signum)
        process.communicate(timeout=60)
    assert process.returncode == status
    assert not (tmp_path / "A/report.html").exists()
    if signum == signal.SIGKILL:
        time.sleep(3)  # the trainings notice by themselves; after a signal they were waited for
    last = checkpoint.list_steps(tmp_path / "A/runs" / RUNS[0])[-1]
    assert 0 < last < 150
    again = run_program("compare.py", *arguments, cwd=tmp_path, timeout=400)
    assert again[0] == 0, again
    assert f"going on from A/runs/{RUNS[0]}/checkpoints/step-{last:06d}" in (tmp_path / f"A/output/{RUNS[0]}.txt").read_text()
    for name in RUNS:
        assert learnt(tmp_path / "A/runs" / name) == learnt(one_after_another / "runs" / name)
    assert without_minutes(results(tmp_path / "A")) == without_minutes(results(one_after_another))


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """fake(code, models, jobs=2, data_dir=None): entries after `run_comparison.train` where train.py is this Python code;
    Interrupted is kept in `fake.interrupted`."""
    monkeypatch.chdir(tmp_path)

    def carry_out(code, models=MODELS, jobs=2, data_dir=None):
        entries = comparison.plan(models, (), {"steps": 5, "network": "mlp"}, {}, 1)
        comparison.assign_folders("A", entries, "none")
        Path("train.py").write_text(f"import os, signal, sys, time\nfolder = sys.argv[sys.argv.index('--out') + 1]\n{code}")
        monkeypatch.setattr(run_comparison, "TRAIN", tmp_path / "train.py")
        try:
            run_comparison.train("A", entries, data_dir, "cpu", jobs, MultiRunProgress(entries, jobs))
        except Interrupted as stop:
            carry_out.interrupted = stop.signum
        return entries

    return carry_out


def died():
    return json.loads(Path("A/comparison.json").read_text(encoding="utf-8"))["died"]


def test_one_thread_each_also_for_the_last_that_is_left(fake, monkeypatch):
    write = "open('threads', 'a').write(os.environ['OMP_NUM_THREADS'])"
    fake(write, MODELS)
    fake(write, MODELS[:1])
    assert Path("threads").read_text() == "111"
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # the user's
    monkeypatch.delenv(runtime.OURS, raising=False)
    fake(write, MODELS[:1])
    assert Path("threads").read_text() == "1117"


def test_a_training_is_told_where_the_data_lie_and_that_it_may_go_on(fake):
    fake("print(sys.argv, file=open('words', 'w'))", MODELS[:1], data_dir="DIR")
    words = Path("words").read_text()
    assert "'--data-dir', 'DIR'" in words and "'--resume'" in words and "'--device', 'cpu'" in words
    fake("print(sys.argv, file=open('words', 'w'))", MODELS[1:])
    assert "--data-dir" not in Path("words").read_text()


def test_no_more_than_so_many_at_a_time(fake):
    write = "open('log', 'a').write('+'); time.sleep(0.5); open('log', 'a').write('-')"
    fake(write, ("gan", "dcgan", "lsgan", "wgan", "wgan-gp"))
    at_work = [Path("log").read_text()[:n].count("+") - Path("log").read_text()[:n].count("-") for n in range(11)]
    assert (max(at_work), at_work[-1]) == (2, 0)


def test_one_that_is_killed_stops_no_other_and_is_tried_again(fake):
    gan, lsgan = fake("'lsgan' in folder or os.kill(os.getpid(), signal.SIGKILL)")
    assert (gan.status, gan.message, lsgan.status) == ("died", "killed by SIGKILL", "finished")
    assert died() == {}


def test_one_that_dies_is_recorded_with_its_last_words(fake, capsys):
    code = "if 'lsgan' not in folder:\n print('warning: dead critic')\n print('train.py: error: not finite')\n sys.exit(1)"
    gan, lsgan = fake(code)
    assert (gan.status, lsgan.status) == ("died", "finished")
    assert died() == {"A/runs/gan-mlp-mnist-5k-s0": "not finite"}
    assert "gan, seed 0: warning: dead critic" in capsys.readouterr().out


def test_one_that_was_asked_to_end_waits_for_the_next_call(fake):
    gan, lsgan = fake("'lsgan' in folder or os.kill(os.getpid(), signal.SIGTERM)")
    assert (fake.interrupted, gan.status, lsgan.status) == (signal.SIGTERM, "waiting", "finished")
    assert died() == {}


def test_a_training_whose_terminal_went_away_waits_for_the_next_call(fake):
    """It saves a checkpoint and ends with 129."""
    gan, lsgan = fake("'lsgan' in folder or sys.exit(129)")
    assert (gan.status, lsgan.status, died()) == ("waiting", "finished", {})


def test_a_mistake_ends_the_others_before_it_is_told(fake):
    code = "if 'lsgan' not in folder:\n print('train.py: error: in use')\n sys.exit(2)\n"
    code += "signal.signal(15, lambda *_: sys.exit(open('ended', 'w').write('x') and 143))\nopen('up', 'w')\ntime.sleep(60)"
    with pytest.raises(UserError, match="in use"):
        fake(code.replace("sys.exit(2)", "while not os.path.exists('up'): time.sleep(.01)\n sys.exit(2)"))
    assert Path("ended").exists()


def test_a_signal_is_passed_on_and_nothing_more_begins(fake):
    code = "signal.signal(15, lambda *_: sys.exit(143))\nopen('begun', 'a').write('x')\n"
    code += "time.sleep(0.5)\nos.kill(os.getppid(), signal.SIGTERM)\ntime.sleep(60)"
    entries = fake(code, ("gan", "lsgan", "dcgan"))
    assert fake.interrupted == signal.SIGTERM
    assert {entry.status for entry in entries} == {"waiting"}
    assert len(Path("begun").read_text()) == 2
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def logged(folder, **line):
    Path(folder).mkdir(parents=True, exist_ok=True)
    figures = dict.fromkeys(("critic_loss", "generator_loss", "estimate", "estimate_heldout", "images_per_second"), 1.0)
    with open(Path(folder) / "log.jsonl", "a") as file:
        file.write(json.dumps({"step": 3, "seconds": 600.0, "cpu_seconds": 30.0, **figures, **line}) + "\n")


def test_progress_is_by_the_clock_that_counts(tmp_path, capsys):
    entries = comparison.plan(MODELS, (), {"minutes": 2, "clock": "cpu"}, {"lsgan": {"clock": "wall"}}, 1)
    for entry in entries:
        entry.folder = tmp_path / entry.recipe.model
    whole = MultiRunProgress(entries, 2)
    assert whole.share() == 0
    whole.of(entries[0]).look()  # there is no log yet
    logged(entries[0].folder)
    whole.of(entries[0]).look()
    assert whole.share() == pytest.approx(0.25 / 2)  # 30 CPU seconds of two minutes, one of two runs
    with open(entries[0].folder / "log.jsonl", "a") as file:
        file.write('{"step": 7, "sec')  # a line that is being written
    whole.of(entries[0]).look()
    logged(entries[1].folder, seconds=60.0)
    whole.of(entries[1]).look()
    assert whole.share() == pytest.approx((0.25 + 0.5) / 2)
    meaning, *lines = capsys.readouterr().out.splitlines()
    assert meaning == "losses of critic, generator; estimate on training (held-out) images"
    assert [line.split(":")[0] for line in lines] == ["[1/2] gan, seed 0", "[2/2] lsgan, seed 0"]
    assert MultiRunProgress(entries, 2).share() == whole.share()  # called again: what an interruption left counts as begun


def test_time_left_knows_how_many_are_at_work(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    entries = comparison.plan(("gan", "lsgan", "dcgan"), (), {}, {}, 1)
    whole = MultiRunProgress(entries, 2)
    for at, share in ((0, 0.0), (10, 0.5), (20, 1.0)):
        now[0] = at
        for entry in entries[:2]:
            whole.move(entry, share)
        if at == 10:
            assert whole.left() == "0:00:30"  # one of the two lanes has half a run and a whole one before it
    assert whole.left() == "0:00:20"


@pytest.mark.parametrize(
    ("budget", "lines"),
    [
        ({"minutes": 2, "clock": "cpu"}, ["step 3 (10%)  fine  172/s", "step 9 (30%)  fine  172/s  eta 0:01:45"]),
        ({"steps": 30}, ["step 3/30  fine  172/s", "step 9/30  fine  172/s  eta 0:01:45"]),
    ],
)
def test_time_left_of_one_training_is_by_its_budget(tmp_path, monkeypatch, capsys, budget, lines):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    (entry,) = comparison.plan(["gan"], (), budget, {}, 1)
    display = console.Console().progress(entry.recipe, tmp_path)
    for seconds, step, used in ((0, 3, 12.0), (30, 9, 36.0)):  # used: CPU seconds, of 120
        now[0] = seconds
        logged(tmp_path, step=step, cpu_seconds=used, images_per_second=172.4)
        display.show(step, "fine")
    display.close()
    assert capsys.readouterr().out.splitlines()[1:] == lines


class Screen(io.StringIO):
    """A terminal of 80 columns in the place of stdout. Made in a test: pytest sets its own when one begins."""

    def __init__(self, monkeypatch):
        super().__init__()
        monkeypatch.setattr(sys, "stdout", self)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "80")

    def isatty(self):
        return True

    def lines(self):
        """What was ever shown on it, without colours and moves of the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue()).replace("\r", "\n").splitlines()


@pytest.mark.parametrize("size", [1.0, -0.0886123, -8.6123e-07])
def test_lines_of_a_long_training_fit_into_80_columns(tmp_path, monkeypatch, size):
    now, terminal = [0.0], Screen(monkeypatch)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    (entry,) = comparison.plan(["gan"], (), {"steps": 650_000}, {}, 1)
    display = console.Console().progress(entry.recipe, tmp_path)
    figures = {**dict.fromkeys(log.SAID, size), "images_per_second": 12_345.6}
    for now[0], step in ((0.0, 1), (36_000.0, 325_000)):
        logged(tmp_path, step=step, **figures)
        display.show(step, log.in_words(figures))
    display.close()
    said = [line for line in terminal.lines() if "losses" in line]
    assert said[0] == "losses of critic, generator; estimate on training (held-out) images; images/s"
    digits = f"{size:.3g}"
    assert said[-1].startswith(f"step 325000/650000  losses {digits} {digits}  estimate {digits} ({digits})")
    assert len(said) == 3 and max(map(len, said)) < 80


def test_names_in_brackets_are_whole_in_the_bars_and_the_lines(tmp_path, monkeypatch):
    terminal = Screen(monkeypatch)
    whole = MultiRunProgress(comparison.plan(("gan", "lsgan"), (), {}, {}, 1), 2)
    for entry in whole.entries:
        entry.folder, entry.label = tmp_path, "my[bold]gan"
    whole = MultiRunProgress(whole.entries, 2)
    whole.move(whole.entries[0], 0.5)
    whole.of(whole.entries[1]).warn("a word")
    whole.bars.refresh()
    whole.close()
    lines = terminal.lines()
    assert any("my[bold]gan" in line and "50%" in line for line in lines)
    assert any("my[bold]gan, seed 0: warning: a word" in line for line in lines)


def test_helpers_end_with_the_command_that_began_them(tmp_path):
    code = "from training import children; children.follow_parent(); import time; open('up', 'w').write('x'); time.sleep(60)"
    parent = "import sys, time; from training import children; process = children.start([sys.executable, '-c', sys.argv[1]], 1); "
    parent += "print(process.pid, flush=True); time.sleep(60)"
    environment = {"PYTHONPATH": str(Path(run_comparison.TRAIN).parent)}
    (tmp_path / "parent.py").write_text(parent)
    with program(tmp_path / "parent.py", code, cwd=tmp_path, env=environment) as process:
        pid = int(process.stdout.readline())
        while not (tmp_path / "up").exists():
            time.sleep(0.02)
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_clock_goes_on_while_runs_are_scored_and_the_report_is_drawn(monkeypatch):
    """A bar that stands at 100 % looks as if the program hung."""
    terminal = Screen(monkeypatch)
    whole = MultiRunProgress(comparison.plan(("gan", "lsgan", "dcgan"), (), {}, {}, 1), 2)
    gan, lsgan, dcgan = whole.entries
    dcgan.status = "died"
    for entry in whole.entries:
        whole.done(entry)
    assert whole.bars.tasks[0].finished and not whole.bars.tasks[-1].finished
    for again in (gan, gan, lsgan):
        whole.scored(again)
    whole.draw()
    whole.bars.refresh()
    assert not whole.bars.finished, "the clock of a finished bar stands"
    whole.close()
    lines = terminal.lines()
    assert "3 of 3 runs done" in lines[-1] and "left" not in lines[-1]
    assert any("drawing the report" in line for line in lines)

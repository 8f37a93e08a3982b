"""A run that was stopped and continued equals one that was not, byte for byte."""

import os
import shutil
import signal
import subprocess

import pytest

from reporting import progress
from tests.helpers import MODELS, TINY_FLAGS, files_below, files_of, log_of, program, run_program, scalars_of, weights_of
from training import grids, run

STEPS = 4


@pytest.fixture
def train(call, mnist_dir):
    """train(out, *flags) → Result of a tiny run on digits."""
    return lambda out, *flags: call("train", "--data-dir", mnist_dir, "--out", out, *flags)


def begin(model, *flags):
    return ["--model", model, "--data", "mnist", *TINY_FLAGS, *flags]


def assert_same_run(one, other, step=STEPS):
    assert log_of(one) == log_of(other)
    assert [line["step"] for line in log_of(other)] == list(range(1, step + 1))
    assert weights_of(one, step) == weights_of(other, step)
    assert set(weights_of(one, step)) == files_of(run.read_recipe(one))
    curves, others = scalars_of(one), scalars_of(other)
    assert set(curves) == set(others)
    for tag in set(curves) - {"speed/images_per_second"}:
        assert curves[tag] == others[tag], tag
        assert [at for at, _ in others[tag]] == list(range(1, step + 1)), tag


@pytest.mark.parametrize("model", MODELS)
def test_half_and_resume_equals_all_in_one_go(train, model):
    assert train("whole", *begin(model)).status == 0
    assert train("parts", *begin(model, "--steps", 2)).status == 0
    result = train("parts", "--resume", "--steps", STEPS)
    assert result.status == 0 and "going on from" in result.out
    assert_same_run("whole", "parts")


@pytest.mark.parametrize("model", ["dcgan"])
def test_half_here_and_half_in_another_process_equals_all_in_one_go(train, tmp_path, mnist_dir, model):
    train("whole", *begin(model))
    train("parts", *begin(model, "--steps", 2))
    flags = ["--data-dir", mnist_dir, "--out", "parts", "--resume", "--steps", STEPS]
    status, out, err = run_program("train.py", *flags, cwd=tmp_path)
    assert (status, err) == (0, ""), err
    assert out.splitlines()[-1] == "parts"
    assert_same_run("whole", "parts")


def test_a_run_that_is_lengthened_goes_on_by_itself_after_an_interruption(train, at_step):
    train("whole", *begin("wgan", "-o", "sample_every=3"))
    train("parts", *begin("wgan", "--steps", 2))
    provenance = run.read_provenance("parts")
    at_step(3, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert train("parts", "--resume", "--steps", STEPS, "-o", "sample_every=3").status == 143
    assert run.read_recipe("parts") == run.read_recipe("whole") and run.read_provenance("parts") == provenance
    assert train("parts", "--resume").status == 0
    assert_same_run("whole", "parts")


def test_a_run_with_decay_that_gets_another_budget_says_where_its_rates_go(train):
    decay = begin("wgan", "--network", "mlp", "-o", "decay=true")
    assert train("run", *decay, "--steps", 2).status == 0
    longer = train("run", "--resume", "--steps", STEPS)
    words = "over 4 steps instead of 2 steps the learning rates go on at 50% of their first values, not at 0%"
    assert longer.status == 0 and f"warning: decay=true: {words}" in longer.err
    assert "decay" not in train("run", "--resume").err, "of a run that is finished"
    assert train("other", *begin("wgan", "--network", "mlp"), "--steps", 2).status == 0
    assert "decay" not in train("other", "--resume", "--steps", STEPS).err, "of rates that stay"


@pytest.mark.parametrize("network", ["dcgan-nobn", "resnet", "mlp"])
def test_other_networks_resume_as_well(train, network):
    train("whole", *begin("wgan-gp", "--network", network))
    train("parts", *begin("wgan-gp", "--network", network, "--steps", 2))
    train("parts", "--resume", "--steps", STEPS)
    assert_same_run("whole", "parts")


@pytest.mark.parametrize("model", ["wgan", "wgan-gp"])
def test_conditional_runs_resume_as_well(train, model):
    flags = ["--network", "dcgan", "-o", "conditional=true", "-o", "ema=0.9", "-o", "generator_batch_size=12"]
    train("whole", *begin(model, *flags))
    train("parts", *begin(model, *flags, "--steps", 2))
    train("parts", "--resume", "--steps", STEPS)
    assert_same_run("whole", "parts")


def test_points_resume_as_well(train):
    toys = ["--data", "25gaussians", "-o", "network=mlp"]
    train("whole", *begin("wgan-gp", *toys))
    train("parts", *begin("wgan-gp", *toys, "--steps", 2))
    train("parts", "--resume", "--steps", STEPS)
    assert_same_run("whole", "parts")


@pytest.fixture
def at_step(monkeypatch):
    """at_step(k, do): call `do` once, when step k is shown."""

    def arrange(step, do):
        show = progress.RunProgress.show

        def shown(self, done, text):
            show(self, done, text)
            if done == step:
                monkeypatch.setattr(progress.RunProgress, "show", show)
                do()

        monkeypatch.setattr(progress.RunProgress, "show", shown)

    return arrange


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("model", ["wgan", "wgan-gp"])
def test_a_signal_saves_a_checkpoint_and_says_how_to_go_on(train, at_step, mnist_dir, model, number, status):
    decay = ["-o", "decay=true"]  # needs the run's full length: a shorter run would be another
    train("whole", *begin(model, *decay))
    handler = signal.getsignal(number)
    at_step(2, lambda: os.kill(os.getpid(), number))
    stopped = train("parts", *begin(model, *decay))
    assert stopped.status == status
    assert f"python train.py --out parts --resume --data-dir {mnist_dir}" in stopped.err
    assert "Traceback" not in stopped.err and stopped.out.splitlines()[-1] == "parts"
    assert [line["step"] for line in log_of("parts")] == [1, 2]
    assert signal.getsignal(number) is handler
    assert train("parts", "--resume").status == 0
    assert_same_run("whole", "parts")


def test_a_terminal_that_goes_away_does_not_stop_what_nohup_began(train, at_step):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        at_step(2, lambda: os.kill(os.getpid(), signal.SIGHUP))
        assert train("run", *begin("wgan")).status == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert [line["step"] for line in log_of("run")] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("wgan", ["ema=0.9", "decay=true"]),
        ("wgan-gp", ["ema=0.9", "decay=true", "generator_batch_size=12"]),
        ("wgan", ["generator_network=dcgan-constant", "critic_network=mlp", "generator_batch_size=4", "ema=0.5"]),
        ("gan", ["generator_network=mlp", "critic_network=resnet", "critic_learning_rate=1e-3", "decay=true"]),
    ],
)
def test_averages_decay_and_players_that_differ_resume_in_another_process(train, at_step, tmp_path, mnist_dir, model, settings):
    flags = begin(model, *(word for setting in settings for word in ("-o", setting)))
    assert train("whole", *flags).status == 0
    at_step(2, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert train("parts", *flags).status == 143
    status, _, err = run_program("train.py", "--data-dir", mnist_dir, "--out", "parts", "--resume", cwd=tmp_path)
    assert (status, err) == (0, "")
    assert_same_run("whole", "parts")


def test_after_a_crash_what_was_logged_since_the_checkpoint_is_done_again_once(train, at_step):
    frequent = ["-o", "checkpoint_every=2"]
    train("whole", *begin("wgan", *frequent))

    def crash():
        raise RuntimeError("power cut")

    at_step(3, crash)
    with pytest.raises(RuntimeError, match="power cut"):
        train("parts", *begin("wgan", *frequent))
    assert [line["step"] for line in log_of("parts")] == [1, 2, 3]
    assert train("parts", "--resume").status == 0
    assert_same_run("whole", "parts")


def test_grids_of_steps_that_are_undone_go_with_their_lines_of_the_log(train):
    """The film and the report would show them after the end: not the same pictures where noise or rates are others by then."""
    assert train("parts", *begin("wgan", "--network", "mlp", "-o", "checkpoint_every=2")).status == 0
    shutil.rmtree("parts/checkpoints/step-000004")
    kept = grids.path_of("parts", 2).stat().st_mtime_ns
    assert [*grids.list_grids("parts")] == [0, 1, 2, 3, 4]
    assert train("parts", "--resume", "--steps", 3).status == 0
    assert [*grids.list_grids("parts")] == [0, 1, 2, 3] and grids.path_of("parts", 2).stat().st_mtime_ns == kept
    shutil.rmtree("parts/checkpoints")
    assert train("parts", "--resume", "--steps", 1).status == 0
    assert [*grids.list_grids("parts")] == [0, 1]


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(train):
    frequent = ["-o", "checkpoint_every=1"]
    train("whole", *begin("wgan", *frequent))
    shutil.copytree("whole", "parts")
    os.truncate("parts/checkpoints/step-000004/critic.safetensors", 100)
    result = train("parts", "--resume")
    assert result.status == 0
    assert result.err.startswith("warning: ") and "going back to step-000003" in result.err
    assert_same_run("whole", "parts")


def test_resuming_before_the_first_checkpoint_starts_from_the_beginning(train):
    train("whole", *begin("wgan"))
    shutil.copytree("whole", "parts")
    shutil.rmtree("parts/checkpoints")
    result = train("parts", "--resume")
    assert result.status == 0 and "starting from the beginning" in result.out
    assert_same_run("whole", "parts")


def test_resume_of_nothing_starts_a_run(train):
    assert train("new", *begin("wgan"), "--resume").status == 0
    assert [line["step"] for line in log_of("new")] == [1, 2, 3, 4]


def test_resume_of_a_finished_run_says_so_and_changes_nothing(train):
    train("run", *begin("wgan"))
    before = files_below("run")
    result = train("run", "--resume")
    assert result.status == 0 and "finished" in result.out and result.out.splitlines()[-1] == "run"
    assert files_below("run") == before


def test_terminated_and_killed_from_outside_a_run_still_equals_the_whole(train, tmp_path, mnist_dir):
    """SIGTERM, then SIGKILL, at whatever step they hit; then to the end in this process."""
    steps = 60
    long = ["--steps", steps, "-o", "checkpoint_every=4"]
    train("whole", *begin("wgan", *long))
    flags = ["--data-dir", mnist_dir, "--out", "parts"]
    for number, more in ((signal.SIGTERM, begin("wgan", *long)), (signal.SIGKILL, ["--resume"])):
        with program("train.py", *flags, *more, cwd=tmp_path) as process:
            shown = 0
            for line in process.stdout:
                shown += line.startswith("step ")
                if shown == 3:
                    process.send_signal(number)
                    break
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert process.returncode == (143 if number == signal.SIGTERM else -9)
    assert train("parts", "--resume").status == 0
    assert_same_run("whole", "parts", steps)


def test_two_runs_of_one_seed_are_equal_and_of_another_are_not(train):
    for out, seed in (("a", 3), ("b", 3), ("c", 4)):
        train(out, *begin("wgan-gp", "--seed", seed))
    assert_same_run("a", "b")
    assert log_of("a") != log_of("c")
    for one, other in zip(log_of("a"), log_of("c"), strict=True):
        same = {key for key in one if one[key] == other[key]}
        assert same == {"step", "critic_steps", "images_seen"}

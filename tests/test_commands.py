"""train.py as users call it: every model on every data set, every network and every objective, the run's folder."""

import itertools
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import yaml

from reporting import console
from storage import writing
from tests.helpers import MODELS, NETWORKS, OBJECTIVES, ROOT, TINY_FLAGS, log_of, run_program, scalars_of, tiny, unwarned
from training import budget, checkpoint, log, run
from training import recipe as recipes

FINE = [*TINY_FLAGS, "--steps", 2]


@pytest.fixture
def sources(cifar_dir, image_dir):
    return {
        "mnist-5k": ["--data", "mnist-5k"],
        "cifar10": ["--data", "cifar10", "--data-dir", cifar_dir],
        "folder": ["--data", f"folder:{image_dir}"],
        "25gaussians": ["--data", "25gaussians"],
    }


def picture(path):
    return cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize("source", ["mnist-5k", "cifar10", "folder", "25gaussians"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_trains_on_every_data_set(call, sources, model, source):
    result = call("train", "--model", model, *sources[source], *FINE, "--out", "run")
    assert (result.status, unwarned(result.err)) == (0, "")
    assert result.out.splitlines()[-1] == "run"
    log = log_of("run")
    assert [line["step"] for line in log] == [1, 2]
    assert all(np.isfinite(value) for line in log for value in line.values())
    n_critic = run.read_recipe("run").n_critic
    assert [(line["critic_steps"], line["images_seen"]) for line in log] == [
        (n_critic, 8 * n_critic),
        (2 * n_critic, 16 * n_critic),
    ]
    assert {path.name for path in Path("run/samples").iterdir()} == {"real.png", *(f"step-{k:06d}.png" for k in range(3))}
    assert {path.name for path in Path("run/checkpoints").iterdir()} == {"step-000000", "step-000002"}
    assert picture("run/samples/real.png").std() > 5


def test_every_network_goes_with_every_objective():
    for network, objective in itertools.product(NETWORKS, OBJECTIVES):
        assert tiny("dcgan", network=network, objective=objective).objective == objective


@pytest.mark.parametrize(("network", "objective"), zip(NETWORKS, itertools.cycle(OBJECTIVES)))
def test_every_network_and_every_objective_train(call, mnist_dir, network, objective):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "--steps", 1, "--network", network]
    result = call("train", "--model", "dcgan", *flags, "-o", f"objective={objective}", "--out", "run")
    assert (result.status, unwarned(result.err)) == (0, "")
    assert len(log_of("run")) == 1


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_trains_with_a_penalty_and_with_clipping(call, mnist_dir, network):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "--steps", 1, "--network", network]
    for model in ("wgan", "wgan-gp"):
        result = call("train", "--model", model, *flags, "-o", "ema=0.9", "--out", model)
        assert (result.status, unwarned(result.err)) == (0, "")
    assert "penalty" in log_of("wgan-gp")[0] and "clipped_share" in log_of("wgan")[0]


@pytest.mark.parametrize(("network", "size"), [("dcgan", 64), ("resnet", 64), ("dcgan", 128), ("mlp", 20)])
def test_folders_train_at_other_sizes(call, image_dir, network, size):
    flags = ["--data", f"folder:{image_dir}", "--network", network, "-o", f"image_size={size}", *TINY_FLAGS, "--steps", 1]
    assert call("train", "--model", "wgan", *flags, "--out", "run").status == 0
    assert picture("run/samples/step-000001.png").shape[1] == 2 * (8 * (size + 2) + 2), "8 images a row, twice as large"


def test_the_log_holds_the_figures_that_are_promised(call, mnist_dir):
    always = {
        *("step", "critic_steps", "images_seen", "seconds", "cpu_seconds", "images_per_second", "batch_cost", "reader_cost"),
        *("critic_loss", "generator_loss", "estimate", "estimate_heldout", "gradient_norm", "gradient_norm_std"),
    }
    more = {"wgan": {"clipped_share"}, "wgan-gp": {"penalty"}, "gan": {"d_real", "d_fake", "js_estimate"}}
    for model, extra in more.items():
        flags = ["--data", "mnist", "--data-dir", mnist_dir, "--out", model, *TINY_FLAGS]
        call("train", "--model", model, *flags, "--steps", 7, "-o", "log_every=3", "-o", "sample_every=5")
        log = log_of(model, without=())
        assert [line["step"] for line in log] == [1, 3, 6, 7], "every log_every, the first and the last"
        assert all(set(line) == always | extra for line in log)
        for clock in ("seconds", "cpu_seconds"):
            assert log[0][clock] > 0 and [line[clock] for line in log] == sorted(line[clock] for line in log)
        assert all(line["images_per_second"] > 0 and 0 < line["reader_cost"] < line["batch_cost"] for line in log)
        curves = scalars_of(model)
        assert [step for step, _ in curves["estimate/train"]] == [1, 3, 6, 7], "VisualDL at the true step"
        assert min(curves).startswith("estimate/"), "VisualDL sorts the groups and opens the first alone"
        np.testing.assert_allclose(
            [value for _, value in curves["loss/critic"]], [line["critic_loss"] for line in log], rtol=1e-5
        )
        grids = {path.stem for path in Path(model, "samples").glob("step*")}
        assert grids == {f"step-{step:06d}" for step in range(8)}, "at each twentieth of the budget too"


def test_a_run_records_all_it_takes_to_run_it_again(call, mnist_dir):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, *FINE]
    call("train", "--model", "wgan", *flags, "-o", "clip=0.02", "--out", "run")
    record = yaml.safe_load(Path("run/config.yaml").read_text())
    assert record["clip"] == 0.02 and record["steps"] == 2 and set(recipes.Recipe.model_fields) < set(record)
    assert {"data_sha256", "paddle", "numpy", "python", "device", "commit", "command"} <= set(record["provenance"])
    assert call("train", "--config", "run/config.yaml", "--data-dir", mnist_dir, "--out", "again").status == 0
    assert log_of("run") == log_of("again")


def test_a_config_of_ones_own_and_flags_over_it(call, tmp_path, mnist_dir):
    wgan = (ROOT / "configs" / "wgan-paper.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(wgan.replace("clip: 0.01", "clip: 0.03"))
    flags = ["--data", "mnist", "--data-dir", mnist_dir, *FINE]
    result = call("train", "--config", "mine.yaml", *flags, "--seed", 5)
    folder = result.out.splitlines()[-1]
    record = yaml.safe_load(Path(folder, "config.yaml").read_text())
    assert (record["model"], record["clip"], record["seed"]) == ("mine", 0.03, 5)
    assert folder == "runs/mine-dcgan-mnist-s5"


def test_without_out_the_next_free_name_is_taken(call, mnist_dir):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, "--network", "mlp", *FINE]
    names = [call("train", "--model", "wgan", *flags).out.splitlines()[-1] for _ in range(3)]
    assert names == ["runs/wgan-mlp-mnist-s0", "runs/wgan-mlp-mnist-s0-2", "runs/wgan-mlp-mnist-s0-3"]


def test_grids_of_a_run_come_from_one_fixed_noise(call, mnist_dir):
    """With a learning rate of almost 0 and frozen statistics nothing but the noise could change the picture."""
    flags = ["--data", "mnist", "--data-dir", mnist_dir, "--network", "mlp", *TINY_FLAGS, "-o", "sample_every=1"]
    call("train", "--model", "wgan", *flags, "-o", "learning_rate=1e-20", "--out", "run")
    grids = [path.read_bytes() for path in sorted(Path("run/samples").glob("step-*.png"))]
    assert len(grids) == 5 and len(set(grids)) == 1


def test_digits_are_shown_without_their_padding(call, mnist_dir):
    call("train", "--model", "wgan", "--data", "mnist", "--data-dir", mnist_dir, *FINE, "--out", "run")
    assert picture("run/samples/step-000002.png").shape == (2 * (8 * 30 + 2), 2 * (8 * 30 + 2), 3)


def test_train_as_a_program_prints_plain_lines_and_last_the_path(tmp_path, mnist_dir):
    environment = {"OMP_NUM_THREADS": "1"}
    flags = ["--data", "mnist", "--data-dir", mnist_dir, *FINE]
    status, out, err = run_program("train.py", "--model", "wgan", *flags, cwd=tmp_path, env=environment)
    assert (status, unwarned(err)) == (0, "")
    lines = out.splitlines()
    assert lines[-1] == "runs/wgan-mnist-s0" and (tmp_path / lines[-1] / "log.jsonl").is_file()
    assert lines[0].endswith("on cpu, 1 thread") and lines[1].startswith("OMP_NUM_THREADS=1 (set before)"), "a user's own wins"
    assert len([line for line in lines if line.startswith("step ")]) == 2
    assert "\x1b" not in out


@pytest.mark.parametrize("name", ["train", "sample", "infer"])
def test_help_answers_in_under_a_second_without_paddle(tmp_path, name):
    probe = f"import sys\nsys.argv = ['{name}.py', '--help']\nimport {name}\nfrom reporting import console\n"
    probe += f"try:\n    console.run({name}.main)\nexcept SystemExit as stop:\n    print(stop.code, 'paddle' in sys.modules)\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    took = []  # of the processor: the machine may be busy with other things
    for _ in range(3):
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = subprocess.run([sys.executable, "-c", probe], cwd=tmp_path, env=environment, capture_output=True, text=True)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime)
        assert result.stdout.splitlines()[-1] == "0 False", result.stderr
        assert "--out" in result.stdout and result.stderr == ""
        if took[-1] < 1:
            break
    assert min(took) < 1


@pytest.mark.parametrize(
    ("model", "network", "unread"), [("wgan", "dcgan", ["units", "beta1"]), ("gan", "mlp", ["filters"]), ("gan", "dcgan+mlp", [])]
)
def test_settings_that_were_typed_and_do_nothing_are_warned_of(capsys, model, network, unread):
    generator, _, critic = network.partition("+")
    own = {"generator_network": generator, "critic_network": critic or generator}
    given = {"units": 7, "filters": 3, "beta1": 0.9, "n_critic": 2, **own}
    console.Console(given).progress(recipes.load(model, overrides=given), "run").close()
    lines = capsys.readouterr().err.splitlines()
    recipe = recipes.load(model)
    assert lines == [
        f"warning: {key} does nothing here: neither {recipe.optimizer} nor the network {network} reads it" for key in unread
    ]


@pytest.mark.parametrize(
    ("argv", "module", "words"),
    [
        (["experiments", "balance", "--quick"], "experiments.__main__", "python -m experiments balance --quick"),
        (["experiments queue", "a b"], "experiments.__main__", "python -m experiments queue 'a b'"),
        (["/some where/reporting/publish.py", "run"], "reporting.publish", "python -m reporting.publish run"),
        (["/some where/reporting/figures/__main__.py"], "reporting.figures.__main__", "python -m reporting.figures"),
        (["../my repo/train.py", "--steps", "9"], None, "python '../my repo/train.py' --steps 9"),
        (["train.py", "--resume"], "pytest.__main__", "python train.py --resume"),
    ],
)
def test_the_command_that_is_recorded_can_be_typed(monkeypatch, argv, module, words):
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", module and SimpleNamespace(name=module))
    assert console.command() == words


def test_minutes_are_a_budget_instead_of_steps_by_the_clock_that_compare_counts_with(call):
    flags = ["--model", "wgan", "--data", "8gaussians", "-o", "units=4", "-o", "batch_size=8", "--out", "run"]
    result = call("train", *flags, "--minutes", 0.01)
    assert (result.status, result.err) == (0, "")
    assert "0.01 CPU minutes → run" in result.out
    recipe, last = run.read_recipe("run"), log.last("run")
    assert (recipe.minutes, recipe.clock, recipe.steps) == (0.01, "cpu", budget.UNREACHED)
    assert 0.6 <= last["cpu_seconds"] < 6 and last["step"] < budget.UNREACHED

    again = call("train", *flags, "--minutes", 0.01, "--resume")
    assert again.status == 0 and "finished: run has its" in again.out
    longer = call("train", "--out", "run", "--minutes", 0.02, "--resume")
    assert longer.status == 0 and log.last("run")["cpu_seconds"] >= 1.2


def test_a_new_run_beside_one_that_was_stopped_says_how_to_go_on_with_that(call):
    flags = ["--model", "gan", "--data", "8gaussians", *TINY_FLAGS, "--steps", 2]
    assert call("train", *flags).out.splitlines()[-1] == "runs/gan-8gaussians-s0"
    second = call("train", *flags)
    assert second.out.splitlines()[-1] == "runs/gan-8gaussians-s0-2" and "was stopped" not in second.out, "the first was not"
    config = Path("runs/gan-8gaussians-s0-2/config.yaml")
    config.write_text(config.read_text().replace("\nsteps: 2\n", "\nsteps: 9\n"))
    with writing.lock("runs/gan-8gaussians-s0-2"):
        assert run.stopped_before("runs/other", "gan-8gaussians-s0") is None, "it is still being trained"
    third = call("train", *flags)
    assert "runs/gan-8gaussians-s0-2 was stopped before its end: --out runs/gan-8gaussians-s0-2 --resume" in third.out
    assert third.out.splitlines()[-1] == "runs/gan-8gaussians-s0-3"
    odd = shutil.copytree("runs/gan-8gaussians-s0-2", "runs/gan-cats[1]-s0")  # of folder:cats[1]
    assert run.stopped_before(f"{odd}-2", "gan-cats[1]-s0") == Path(odd)


def test_steps_take_the_place_of_the_minutes_that_a_run_had(call):
    assert call("train", "--model", "gan", "--data", "8gaussians", *TINY_FLAGS, "--minutes", 0.005, "--out", "run").status == 0
    steps = checkpoint.list_steps("run")[-1] + 3
    assert call("train", "--out", "run", "--resume", "--steps", steps).status == 0
    assert call("train", "--config", "run/config.yaml", "--steps", steps, "--out", "again").status == 0
    assert checkpoint.list_steps("run")[-1] == checkpoint.list_steps("again")[-1] == steps


def test_a_run_of_steps_that_is_lengthened_in_minutes_gets_those_that_the_help_promises(call):
    flags = ["--model", "wgan-paper", "--data", "8gaussians", *TINY_FLAGS, "--steps", 1, "--out", "run"]
    assert call("train", *flags).status == 0 and run.read_recipe("run").clock == "wall", "which counted nothing"
    begun = checkpoint.newest(Path("run"))[1]["cpu_seconds"]
    minutes = round(begun / 60 + 0.01, 3)
    result = call("train", "--out", "run", "--minutes", minutes, "--resume")
    assert (result.status, result.err) == (0, "") and f"{minutes:g} CPU minutes → run" in result.out
    assert run.read_recipe("run").clock == "cpu" and log.last("run")["cpu_seconds"] >= 60 * minutes


def test_a_run_that_is_lengthened_in_minutes_keeps_its_clock(call):
    flags = ["--model", "wgan-paper", "--data", "8gaussians", *TINY_FLAGS, "--steps", 1, "-o", "minutes=9", "--out", "run"]
    assert call("train", *flags).status == 0 and run.read_recipe("run").clock == "wall"
    begun = checkpoint.newest(Path("run"))[1]["seconds"]  # the log's last line is older, by seconds on a busy machine
    minutes = round(begun / 60 + 0.01, 3)
    result = call("train", "--out", "run", "--minutes", minutes, "--resume")
    assert (result.status, result.err) == (0, "") and f"{minutes:g} minutes → run" in result.out
    assert log.last("run")["seconds"] >= 60 * minutes

"""Bare environments, as in containers and on clusters: no home, no rights, no folder, few files, odd variables."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT, TINY_FLAGS, files_below, run_program, unwarned, write_images, write_mnist
from tests.reliability import TALLY
from training import launch, records, runtime

TRAIN = ["--model", "wgan", "--network", "mlp", *TINY_FLAGS, "--steps", "2"]
# a process of root without root's rights: what a file's mode forbids is forbidden
AS_A_USER = [] if os.geteuid() else ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


@pytest.fixture
def as_a_user():
    """The words before a command that is to be run without privileges."""
    if AS_A_USER and (not shutil.which("setpriv") or subprocess.run([*AS_A_USER, "true"], capture_output=True).returncode):
        pytest.skip("privileges cannot be given up here")
    return AS_A_USER


def each(commands, cwd, environment=None, nobody=False, prefix=()):
    """[(status, stdout, stderr)] of commands one after another in a process of that environment, all else left out."""
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "ascii"}
    words = [*prefix, sys.executable, "-m", "tests.commands_worker"]
    words.append(json.dumps([list(map(str, command)) for command in commands]))
    done = subprocess.run(
        words + ["nobody"] * nobody, cwd=cwd, env={**bare, **(environment or {})}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr, done
    return [tuple(one) for one in json.loads(done.stdout.splitlines()[-1])]


def one_line(result, name, status=2):
    code, _, error = result
    assert code == status and error.count("\n") == 1 and error.startswith(f"{name}.py: error: "), result
    return error


SLOW = [pytest.param(home, marks=pytest.mark.slow) for home in ("a file", "read-only")]


@pytest.mark.parametrize("home", ["unset", *SLOW])
def test_without_a_home_everything_works_but_a_download(tmp_path, home, request):
    place, prefix, environment = tmp_path / "home", (), {}
    if home == "a file":
        place.write_text("")
    elif home == "read-only":
        place.mkdir(mode=0o555)
        prefix = request.getfixturevalue("as_a_user")
    if home != "unset":
        environment["HOME"] = str(place)
    # neither a server of the data nor a proxy
    environment |= {"https_proxy": "http://127.0.0.1:9"}
    work = tmp_path / "work"
    work.mkdir()
    commands = [
        ["train", *TRAIN, "--data", "25gaussians", "--out", "points"],
        ["train", *TRAIN, "--out", "run"],
        ["train", "--out", "run", "--resume", "--steps", "4"],
        ["eval", "run", "--samples", "100", "--metrics", "kid,swd"],
        ["sample", "run", "--out", "samples.png"],
        ["sample", "run", "--export", "exported"],
        ["compare", "run", "--samples", "50", "--metrics", "swd", "--out", "A"],
    ]
    *found, download, help_text = each(
        [*commands, ["train", *TRAIN, "--data", "mnist", "--out", "none"], ["train", "--help"]],
        work,
        environment,
        nobody=home == "unset",
        prefix=prefix,
    )
    for command, (status, _, error) in zip(commands, found, strict=True):
        assert (status, unwarned(error)) == (0, ""), (command, error)
    assert help_text[0] == 0
    assert "--data-dir" in one_line(download, "train")
    assert sorted(path.name for path in work.iterdir()) == ["A", "exported", "points", "run", "samples.png"], "in no ~ either"
    if home == "read-only":
        assert list(place.iterdir()) == []
    TALLY["bare environments"] += 1


def test_visualdl_writes_nothing_into_a_home(tmp_path):
    code = "from training import records; records.load()"
    environment = {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    assert not (tmp_path / ".visualdl").exists()
    assert records.load() is records.load()


def test_a_home_is_put_back(monkeypatch):
    for home in ("/somewhere", None):
        monkeypatch.setenv("HOME", "/somewhere") if home else monkeypatch.delenv("HOME")
        with pytest.raises(ZeroDivisionError), runtime.temporary_home():
            place = Path(os.environ["HOME"])
            assert place.is_dir() and list(place.iterdir()) == []
            raise ZeroDivisionError
        assert os.environ.get("HOME") == home and not place.exists()


@pytest.mark.parametrize("name", ["train", "eval", "sample", "compare"])
def test_a_working_directory_that_is_gone_is_one_line(tmp_path, name):
    """Also where all paths are full ones: Paddle itself cannot be imported then."""
    gone = tmp_path / "gone"
    gone.mkdir()
    arguments = TRAIN if name == "train" else ["run"]
    # the folder goes while the shell is in it
    command = ["sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", sys.executable, str(ROOT / f"{name}.py"), *map(str, arguments)]
    done = subprocess.run(command, cwd=gone, capture_output=True, text=True, timeout=120)
    said = one_line((done.returncode, done.stdout, done.stderr), name)
    assert "the working directory has been deleted" in said and not gone.exists()


ENDPOINTS = {"PADDLE_TRAINER_ENDPOINTS": "127.0.0.1:7001,127.0.0.1:7002", "PADDLE_CURRENT_ENDPOINT": "127.0.0.1:7001"}
VARIABLES = [
    ({"PADDLE_TRAINERS_NUM": "two"}, "PADDLE_TRAINERS_NUM='two' is not a whole number"),
    ({"PADDLE_TRAINERS_NUM": ""}, "PADDLE_TRAINERS_NUM='' is not a whole number"),
    ({"PADDLE_TRAINERS_NUM": "-2"}, "PADDLE_TRAINERS_NUM='-2' is not a whole number"),
    ({"PADDLE_TRAINERS_NUM": "٢"}, "is not a whole number"),
    ({"PADDLE_TRAINERS_NUM": "9" * 5000}, "is not a whole number"),
    ({"PADDLE_TRAINER_ID": "first"}, "PADDLE_TRAINER_ID='first' is not a whole number"),
    ({"PADDLE_TRAINER_ID": "1"}, "PADDLE_TRAINER_ID=1 is not below PADDLE_TRAINERS_NUM=1"),
    ({"PADDLE_TRAINER_ID": "2", "PADDLE_TRAINERS_NUM": "2"}, "PADDLE_TRAINER_ID=2 is not below PADDLE_TRAINERS_NUM=2"),
    ({"PADDLE_TRAINERS_NUM": "2"}, "are not the addresses, host:port, of 2 processes"),
    ({"PADDLE_TRAINERS_NUM": "3", **ENDPOINTS}, "are not the addresses, host:port, of 3 processes"),
    ({"PADDLE_TRAINERS_NUM": "2", "PADDLE_TRAINER_ID": "1", **ENDPOINTS}, "of number 1 of them"),
    ({"PADDLE_TRAINERS_NUM": "2", "PADDLE_TRAINER_ENDPOINTS": "a:x,b:y", "PADDLE_CURRENT_ENDPOINT": "a:x"}, "host:port"),
]


@pytest.mark.parametrize(("variables", "named"), VARIABLES)
def test_a_launcher_s_variables_that_do_not_fit_are_one_line(refused, monkeypatch, variables, named):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert named in refused("train", *TRAIN, "--out", "run")
    refused("compare", "gan", "--steps", "2", "--out", "A")


def test_commands_that_are_alone_take_what_paddle_takes(run):
    commands = [["sample", run, "--out", "a.png"], ["eval", run, "--data", "mnist-5k", "--samples", "20", "--metrics", "swd"]]
    fine = {"PADDLE_TRAINERS_NUM": "4", "PADDLE_TRAINER_ID": "2", "PADDLE_MASTER": ":"}
    for status, _, error in each(commands, run.parent, fine):
        assert (status, error) == (0, "")
    for result, command in zip(each(commands, run.parent, {"PADDLE_TRAINER_ID": "x"}), commands):
        assert "PADDLE_TRAINER_ID='x' is not a whole number" in one_line(result, command[0])


def test_a_comparison_is_not_for_several_processes(refused, monkeypatch):
    for name, value in {"PADDLE_TRAINERS_NUM": "2", **ENDPOINTS}.items():
        monkeypatch.setenv(name, value)
    assert "PADDLE_TRAINERS_NUM is set" in refused("compare", "gan", "--steps", "2", "--out", "A")


def test_a_cluster_s_variables_of_one_process_disturb_nothing(call, monkeypatch):
    for name, value in {"PADDLE_TRAINERS_NUM": "1", "PADDLE_TRAINER_ID": "0", "OMP_NUM_THREADS": "1,2"}.items():
        monkeypatch.setenv(name, value)
    assert runtime.threads() == 1
    assert call("train", *TRAIN, "--out", "run").status == 0


def test_another_job_s_master_is_not_asked(tmp_path):
    master = {"MASTER_ADDR": "192.0.2.1", "MASTER_PORT": "1", "PADDLE_MASTER": "192.0.2.1:1"}
    done = run_program("train.py", *TRAIN, "--processes", "2", "--out", "run", cwd=tmp_path, env=master)
    assert done[0] == 0, done
    assert {own["MASTER_ADDR"] for own in launch.environments(2, "cpu")} == {"127.0.0.1"}


@pytest.mark.parametrize(("value", "threads"), [("4", 4), ("4,2", 4), (" 3", 3), ("", 1), ("many", 1), ("٤", 1)])
def test_threads_are_what_openmp_takes(monkeypatch, value, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert runtime.threads() == threads


def limited(files):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))


def test_few_open_files_are_enough(tmp_path):
    flags = ["lsgan", "--network", "mlp", "--steps", "2", "--seeds", "2", "--jobs", "2", "--samples", "50", "--metrics", "swd"]
    done = run_program("compare.py", *flags, "-o", "units=16", "--out", "A", cwd=tmp_path, preexec_fn=limited(64))
    assert (done[0], done[2]) == (0, ""), done


def unreadable(path):
    path.chmod(0)


def read_only(path):
    for each in [path, *path.rglob("*")]:
        each.chmod(0o555 if each.is_dir() else 0o444)


def test_what_a_user_may_not_read_or_write_is_one_line(run, mnist_dir, tmp_path, as_a_user):
    shutil.rmtree(shutil.copytree(run, tmp_path / "locked") / "samples")
    for name in ("locked", "secret", "hidden", "cold"):
        shutil.copytree(run, tmp_path / name, dirs_exist_ok=True)
    read_only(tmp_path / "locked")
    unreadable(tmp_path / "secret")
    unreadable(tmp_path / "hidden" / "config.yaml")
    unreadable(tmp_path / "cold" / "checkpoints")
    write_mnist(tmp_path / "digits")
    unreadable(tmp_path / "digits")
    write_mnist(tmp_path / "images")
    unreadable(next((tmp_path / "images").glob("train-images*")))
    write_images(tmp_path / "pictures", 3)
    (tmp_path / "pictures" / "closed").mkdir(mode=0)
    (tmp_path / "closed").mkdir(mode=0o555)
    data = ["--data-dir", mnist_dir]
    commands = [
        ["train", *TRAIN, "--out", "closed/run"],
        ["train", *TRAIN, "--out", "secret/run"],
        ["train", "--resume", "--out", "locked", "--steps", "9", *data],
        ["train", "--resume", "--out", "secret", "--steps", "9", *data],
        ["train", "--resume", "--out", "hidden", "--steps", "9", *data],
        ["train", "--resume", "--out", "cold", "--steps", "9", *data],
        ["train", "--config", "hidden/config.yaml"],
        ["train", *TRAIN, "--data", "mnist", "--data-dir", "digits"],
        ["train", *TRAIN, "--data", "mnist", "--data-dir", "images"],
        ["train", *TRAIN, "--data", "folder:secret/pictures"],
        ["train", *TRAIN, "--data", "folder:pictures"],
        ["eval", "locked", "--samples", "20", *data],
        ["eval", "secret", *data],
        ["eval", "cold", *data],
        ["eval", "secret/samples.npz"],
        ["sample", "locked"],
        ["sample", "secret"],
        ["sample", "run", "--out", "closed/a.png"],
        ["sample", "run", "--out", "secret/a.npz"],
        ["sample", "run", "--export", "closed/exported"],
        ["compare", "secret", *data],
        ["compare", "hidden", *data],
        ["compare", "cold", *data],
        ["compare", "run", "--out", "closed/A", *data],
        ["compare", "run", "--out", "secret/A", *data],
    ]
    for result, command in zip(each(commands, tmp_path, prefix=as_a_user), commands, strict=True):
        assert one_line(result, command[0]), command
        TALLY["denied by permissions, each an error"] += 1
    for path in (tmp_path / "secret", tmp_path / "digits", tmp_path / "cold" / "checkpoints"):
        path.chmod(0o755)
    assert files_below(tmp_path / "secret") == files_below(run)
    assert not (tmp_path / "runs").exists() and list((tmp_path / "closed").iterdir()) == []
    for path in [tmp_path / "locked", *(tmp_path / "locked").rglob("*")]:  # to be deleted
        path.chmod(0o755)

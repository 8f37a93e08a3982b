"""A full disk, at every write in turn: the error says so, what was saved stays good, and training goes on afterwards."""

import builtins
import errno
import io
import os
import subprocess
from pathlib import Path

import pytest
import safetensors.numpy

from tests.helpers import TINY_FLAGS, files_below, scalars_of
from tests.reliability import TALLY
from tests.test_resume import assert_same_run

BEGIN = ["--model", "wgan", "--network", "mlp", "--data", "mnist", *TINY_FLAGS, "-o", "checkpoint_every=2"]


class Full:
    """Lets `room` writing calls below a folder pass, then fails each with ENOSPC, having written half."""

    def __init__(self, monkeypatch, folder, room):
        self.folder, self.room, self.calls, self.patch = str(Path(folder).absolute()), room, 0, monkeypatch
        for module, name, which in (
            (os, "replace", 0),
            (os, "mkdir", 0),
            (os, "truncate", 0),
            (os, "fsync", 0),
            (safetensors.numpy, "save_file", 1),
        ):
            self.wrap(module, name, which)
        opened = io.open

        def counting_open(file, mode="r", *arguments, **options):
            if set(mode) & set("wax") and self.concerns(file):
                self.pay(file)
                return Written(opened(file, mode, *arguments, **options), self)
            return opened(file, mode, *arguments, **options)

        monkeypatch.setattr(builtins, "open", counting_open)
        monkeypatch.setattr(io, "open", counting_open)

    def concerns(self, file):
        if isinstance(file, int):
            file = Path(f"/proc/self/fd/{file}").readlink()
        path = Path(file).absolute()
        return str(path).startswith(self.folder) and path.name != ".lock"

    def pay(self, file):
        self.calls += 1
        if self.calls > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file) if isinstance(file, (str, Path)) else None)

    def wrap(self, module, name, which):
        original = getattr(module, name)

        def counted(*arguments, **options):
            if self.concerns(arguments[which]):
                self.pay(arguments[which])
            return original(*arguments, **options)

        self.patch.setattr(module, name, counted)


class Written:
    """A file whose every write and flush is counted."""

    def __init__(self, file, disk):
        self._file, self._disk = file, disk

    def write(self, data):
        try:
            self._disk.pay(None)
        except OSError:
            self._file.write(data[: len(data) // 2])
            raise
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()


def survives(call, monkeypatch, mnist_dir, folder, room):
    """Whether a run with so much room failed; if it did, in one line, and went on to the bytes of the whole run."""
    flags = ["--data-dir", mnist_dir, "--out", folder]
    with monkeypatch.context() as patch:
        disk = Full(patch, folder, room)
        result = call("train", *BEGIN, *flags)
    if result.status == 0:
        return False, disk.calls
    errors = [line for line in result.err.splitlines() if line.startswith("train.py: error: ")]
    assert result.status == 2 and len(errors) == 1, result
    assert "cannot be written" in errors[0] and "No space left" in errors[0] and str(folder) in errors[0], errors
    assert "Traceback" not in result.err
    again = call("train", *BEGIN, *flags, "--resume")
    assert again.status == 0, again
    assert_same_run("whole", folder)
    return True, disk.calls


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_a_disk_that_is_full_at_any_write_loses_nothing(call, monkeypatch, mnist_dir, stride):
    assert call("train", *BEGIN, "--data-dir", mnist_dir, "--out", "whole").status == 0
    failed, calls = survives(call, monkeypatch, mnist_dir, "unharmed", 10**9)
    assert not failed and calls > 50, calls
    for room in range(0, calls, stride):
        failed, _ = survives(call, monkeypatch, mnist_dir, f"full-{room}", room)
        assert failed, room
        TALLY["writes that failed, survived"] += 1


SAMPLES = {"a.npz": [], "a.png": ["--interpolate"], "a.gif": [], "pictures/": ["--clear"]}


@pytest.mark.parametrize("out", SAMPLES)
def test_samples_that_do_not_fit_leave_those_of_before(call, monkeypatch, run, tmp_path, out):
    flags = ["run", "--out", out, *SAMPLES[out], *["--n", 2] * (out != "a.gif")]  # a film has as many as the run saved
    assert call("sample", *flags, *["--seed", 1] * (out != "a.gif")).status == 0
    before, found = files_below(tmp_path), []
    while True:
        with monkeypatch.context() as patch:
            Full(patch, tmp_path, len(found))
            result = call("sample", *flags)
        if result.status == 0:
            break
        assert result.status == 2 and result.err.count("\n") == 1, result
        assert "cannot be written: No space left" in result.err and out.rstrip("/") in result.err, result.err
        found.append(files_below(tmp_path))
        TALLY["writes that failed, survived"] += 1
    after = files_below(tmp_path)
    assert set(after) == set(before) and (after != before or out == "a.gif") and len(found) > 2
    # once all of a folder's files are there, only the moves are left
    moves = 1 if out == "pictures/" else 0
    assert all(each == before for each in found[: len(found) - moves])
    assert all(each[name] in (before[name], after[name]) for each in found for name in before)


def test_scores_that_do_not_fit_leave_those_of_before(call, monkeypatch, run, mnist_dir, tmp_path):
    flags = ["run", "--data-dir", mnist_dir, "--metrics", "swd"]
    assert call("eval", *flags, "--samples", 20).status == 0
    before = files_below(tmp_path)
    for room in range(6):  # of the copy of what was measured otherwise, then of the new scores
        with monkeypatch.context() as patch:
            Full(patch, tmp_path, room)
            result = call("eval", *flags, "--samples", 21)
        what = "metrics-2" if room < 3 else "metrics"
        assert result.status == 2 and f"{what}.json cannot be written: No space left" in result.err, result
        assert result.err.count("\n") == 1 and files_below(tmp_path) == before
        TALLY["writes that failed, survived"] += 1
    for room in range(0, 40, 4):  # into VisualDL's records too
        with monkeypatch.context() as patch:
            cut = os.truncate
            Full(patch, tmp_path, room)
            patch.setattr(os, "truncate", cut)  # a full disk does not mind
            result = call("eval", *flags, "--samples", 20, "--every")
        if result.status == 0:
            break
        assert result.status == 2 and result.err.count("\n") == 1 and "cannot be written: No space left" in result.err, result
        (records,) = (name for name in before if "vdlrecords" in name)
        assert files_below(tmp_path)[records] == before[records]
        TALLY["writes that failed, survived"] += 1
    assert room > 4 and "metrics/swd" in scalars_of("run")


@pytest.fixture
def small_disk(tmp_path):
    """small_disk(bytes) → a folder on a file system of that size."""
    mounted = tmp_path / "disk"
    mounted.mkdir()

    def mount(size):
        how = "remount," if mounted.is_mount() else ""
        command = ["mount", "-t", "tmpfs", "-o", f"{how}size={size}", "tmpfs", str(mounted)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a tmpfs is not allowed here")
        return mounted

    yield mount
    if mounted.is_mount():
        subprocess.run(["umount", str(mounted)], check=False)


def test_on_a_real_disk_that_is_full_training_stops_in_words_and_goes_on_when_there_is_room(call, small_disk, mnist_dir):
    assert call("train", *BEGIN, "--data-dir", mnist_dir, "--out", "whole").status == 0
    size = sum(path.stat().st_size for path in Path("whole").rglob("*") if path.is_file())
    for share in (0.1, 0.3, 0.5, 0.7):
        folder = small_disk(int(size * share)) / f"run-{share}"
        flags = ["--data-dir", mnist_dir, "--out", folder]
        result = call("train", *BEGIN, *flags)
        assert result.status == 2 and "No space left on device" in result.err and "Traceback" not in result.err, result
        small_disk(20 * size)
        assert call("train", *BEGIN, *flags, "--resume").status == 0
        assert_same_run("whole", folder)
        subprocess.run(["rm", "-r", str(folder)], check=True)
        TALLY["disks that were really full, survived"] += 1


def test_a_checkpoint_that_does_not_fit_names_what_it_needs(call, small_disk, mnist_dir):
    folder = small_disk(200_000) / "run"
    flags = ["--model", "wgan", "--network", "mlp", "--data", "mnist", "--data-dir", mnist_dir, "-o", "batch_size=8"]
    result = call("train", *flags, "--steps", "1", "--out", folder)
    assert result.status == 2 and "it takes" in result.err and "MB are free" in result.err, result
    assert f"go on with: python train.py --out {folder} --resume" in result.err

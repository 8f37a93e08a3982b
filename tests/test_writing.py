"""storage/writing.py: a file or a folder's files are written as a whole or not at all, through no link, over nothing else."""

import os
import re
import stat
import time
from pathlib import Path

import pytest

from errors import UserError, WriteError
from storage import writing
from tests.helpers import files_below


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("before")
    return tmp_path


def test_a_file_takes_the_place_of_another(place):
    assert writing.write_text("a.txt", "after\r\nall") == Path("a.txt")
    assert writing.write_bytes("new/folder/b", b"\0") == Path("new/folder/b")
    assert files_below(place) == {"a.txt": b"after\r\nall", "new/folder/b": b"\0"}


def test_it_may_be_read_by_those_whom_the_umask_allows(place):
    for mask in (0o022, 0o077):
        before = os.umask(mask)
        writing.write_text("a.txt", "after")
        os.umask(before)
        assert stat.S_IMODE(Path("a.txt").stat().st_mode) == 0o666 & ~mask


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize("error", [FULL, UserError("no"), KeyboardInterrupt(), ValueError("no")])
def test_when_it_fails_all_is_as_before(place, error):
    kind = WriteError if isinstance(error, OSError) else type(error)
    for path in ("a.txt", "new/folder/a.txt"):
        with pytest.raises(kind) as raised, writing.replacing(path) as file:
            file.write(b"half")
            raise error
        with pytest.raises(kind), writing.filling("new/folder" if "/" in path else ".") as folder:
            (folder / "a.txt").write_text("half")
            raise error
        assert sorted(place.rglob("*")) == [place / "a.txt"] and Path("a.txt").read_text() == "before"
        if kind is WriteError:
            assert str(raised.value) == f"{path} cannot be written: No space left on device"


def test_errors_name_the_file_and_not_what_stood_for_it(place):
    for path in ("a.txt/b", ".", f"{'x' * 300}/b"):
        with pytest.raises(WriteError, match=rf"^{re.escape(path.partition('/')[0])}\S* cannot be written: [A-Z]") as raised:
            writing.write_text(path, "after")
        assert "partial" not in str(raised.value)
    with pytest.raises(WriteError, match=r"^b/a cannot be written: No space"), writing.filling("b") as folder:
        raise OSError(28, "No space left on device", str(folder / "a"))


def test_no_link_is_followed(place, monkeypatch):
    Path("victim").write_text("precious")
    for name in (".a.txt.partial", writing.PARTIAL.replace("*", "guessed")):
        Path(name).symlink_to("victim")
    writing.write_text("a.txt", "after")
    monkeypatch.setattr(writing.secrets, "token_hex", lambda count: "guessed")
    with pytest.raises(WriteError, match="File exists"):
        writing.write_text("a.txt", "again")
    Path("a.txt").unlink()
    Path("a.txt").symlink_to("victim")
    writing.write_text("a.txt", "a file in the link's place")
    assert Path("victim").read_text() == "precious" and not Path("a.txt").is_symlink()


def test_a_folder_gets_all_of_its_files_in_the_order_of_writing(place, monkeypatch):
    moved, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: (moved.append(Path(target).name), replace(source, target)))
    with writing.filling(".") as folder:
        for name in ("c.txt", "a.txt", "b.txt"):
            (folder / name).write_text("after")
            time.sleep(0.01)
    assert moved == ["c.txt", "a.txt", "b.txt"]
    assert sorted(path.name for path in place.iterdir()) == ["a.txt", "b.txt", "c.txt"]


def test_what_killed_processes_left_over_counts_for_nothing_and_goes(place):
    old, new, other = (place / "left" / name for name in (".paddle-wgan-1.partial", ".paddle-wgan-2.partial", ".mine.partial"))
    old.mkdir(parents=True)
    (old / "half").write_text("half")
    new.write_text("half")
    assert not writing.holds_something("left")
    other.write_text("a user's own")
    assert writing.holds_something("left")
    for path in (old, other):
        os.utime(path, (0, 0))
    writing.write_text("left/a", "whole")
    assert sorted(path.name for path in Path("left").iterdir()) == [".mine.partial", ".paddle-wgan-2.partial", "a"]


def test_a_name_that_is_no_text_is_written_all_the_same(place):
    writing.write_text("a.json", '"\udcff"')
    assert Path("a.json").read_text(encoding="utf-8") == '"\\udcff"'

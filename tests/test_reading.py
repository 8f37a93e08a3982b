"""storage/reading.py: what is good is read to the last byte, everything else is an error."""

import gzip
import json
import os
import random

import pytest

from errors import UserError
from storage import reading
from storage.reading import PIECE

SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 3]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("content", [bytes, random.Random(0).randbytes], ids=["zeros", "noise"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda raw: gzip.compress(raw[:7]) + gzip.compress(raw[7:]) + bytes(99)])
def test_a_file_gzipped_or_not_is_read_as_it_is(path, size, content, pack):
    raw = content(size)
    path.write_bytes(pack(raw))
    assert reading.unpacked(path, size + 1000) == raw
    with reading.stream(path, size + 1000) as file:
        assert file.read(5) + file.read(PIECE) + file.read() + file.read() == raw


def test_the_most_that_is_read(path):
    path.write_bytes(bytes(1000))
    assert len(reading.read(path, 1000)) == len(reading.unpacked(path, 1000)) == 1000
    for read in (reading.read, reading.unpacked):
        with pytest.raises(UserError, match="more than"):
            read(path, 999)
    path.write_bytes(gzip.compress(bytes(100_000)))
    assert len(reading.unpacked(path, 100_000)) == 100_000
    with pytest.raises(UserError, match="more than"):
        reading.unpacked(path, 99_999)


def test_every_gzip_file_that_is_cut_or_altered_is_an_error(path):
    whole = gzip.compress(random.Random(0).randbytes(200))
    for at in range(2, len(whole)):
        path.write_bytes(whole[:at])
        with pytest.raises(UserError, match="cannot be read"):
            reading.unpacked(path, 1000)
    for at in range(10, len(whole)):  # what comes before it is a name, a time, a system
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(UserError, match="cannot be read"):
            reading.unpacked(path, 1000)


def test_a_file_that_says_it_is_empty(path):
    assert reading.read("/proc/self/status", 100_000).startswith(b"Name:")
    with pytest.raises(UserError, match="more than"):
        reading.read("/proc/self/status", 10)


def test_json(path):
    path.write_text(json.dumps({"a": "[" * 100, "b": [1.5, None]}))
    assert reading.json(path, 1000)["b"] == [1.5, None]
    for depth, content in ((50, "[" * 50 + "]" * 50), (49, '{"a": ' * 49 + "1" + "}" * 49)):
        assert reading.parsed(content, "it"), depth
    for content in (
        "[" * 51 + "]" * 51,
        '["]]]]]]", ' + "[" * 51 + "]" * 52,
        "[" * 100_000,
        "9" * 5000,
        "",
        "{'a': 1}",
        "\ud800",
    ):
        with pytest.raises(UserError, match=r"^it (is not JSON|has more than 50 levels)"):
            reading.parsed(content, "it")
    path.write_bytes(b'"\xff"')
    with pytest.raises(UserError, match="UTF-8"):
        reading.json(path, 1000)


def test_what_is_a_file_and_what_a_folder(tmp_path, path):
    path.write_text("")
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(tmp_path / "fifo")
    files = {name: reading.is_file(tmp_path / name) for name in ("x", "link", "fifo", "nothing", "x/y", "a\0b", ".")}
    assert [name for name, is_file in files.items() if is_file] == ["x", "link"]
    assert reading.is_folder(tmp_path) and not reading.is_folder(path) and not reading.is_folder(tmp_path / "nothing")
    for name in ("x" * 300, "x/" * 5000, "x" * 1_000_000):
        with pytest.raises(UserError, match="File name too long") as error:
            reading.is_file(name)
        assert len(str(error.value)) < 5000

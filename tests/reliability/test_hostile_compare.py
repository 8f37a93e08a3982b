"""compare.py after all trainings: damaged files beside the runs, and names that mean something in TeX, HTML or JavaScript."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting import collect, report
from tests.helpers import write_images
from tests.reliability import TALLY
from tests.test_compare import ONE_RUN, RUN, results
from training import grids, log


def picture_of(width, height):
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0" * 9


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def replaced(path, content):
    path.unlink()
    path.write_bytes(content)


def fifo(path):
    path.unlink()
    os.mkfifo(path)


def folder(path):
    path.unlink()
    path.mkdir()


LAST, REAL = RUN / "samples/step-000010.png", RUN / "samples/real.png"
PICTURES = {
    "an empty grid": lambda: LAST.write_bytes(b""),
    "a grid that is cut off": lambda: cut(LAST),
    "a grid of something else": lambda: LAST.write_text("not a picture"),
    "a grid of a bomb's size": lambda: replaced(LAST, picture_of(60_000, 60_000)),
    "a renamed grid": lambda: LAST.rename(LAST.with_name("step-10.png")),
    "a grid of other digits": lambda: shutil.copy(LAST, LAST.with_name("step-000٣٣٣.png")),
    "a pipe for a grid": lambda: fifo(LAST),
    "a folder for a grid": lambda: folder(LAST),
    "a link to nowhere for a grid": lambda: (LAST.unlink(), LAST.symlink_to("nowhere")),
    "no grids": lambda: shutil.rmtree(LAST.parent),
    "a file for the grids": lambda: (shutil.rmtree(LAST.parent), LAST.parent.write_text("")),
    "an empty picture of real items": lambda: REAL.write_bytes(b""),
}


@pytest.mark.usefixtures("comparison_here")
@pytest.mark.parametrize("kind", ["an empty grid", "a pipe for a grid", "a grid of a bomb's size"])
def test_a_gif_of_damaged_grids_is_one_line(call, kind):
    PICTURES[kind]()
    found = call("sample", RUN, "--out", "training.gif")
    assert found.status == 2 and found.err.count("\n") == 1 and str(LAST) in found.err
    assert not Path("training.gif").exists()


def line(change):
    """A log whose third line is change(its dict)."""

    def damage():
        path = RUN / "log.jsonl"
        lines = path.read_text().splitlines()
        lines[2] = change(json.loads(lines[2]))
        path.write_text("\n".join(lines) + "\n")

    return damage


LOGS = {
    "a line that is cut off": line(lambda found: json.dumps(found)[:40]),
    "a line of another kind": line(lambda found: "7"),
    "a line that is deep": line(lambda found: "[" * 10_000 + "]" * 10_000),
    "a line without a step": line(lambda found: json.dumps({**found, "step": None})),
    "a line without seconds": line(lambda found: json.dumps({key: value for key, value in found.items() if key != "seconds"})),
    "a text for a number": line(lambda found: json.dumps({**found, "estimate": "0.5"})),
    "a truth for a number": line(lambda found: json.dumps({**found, "estimate": True})),
    "a number that is none": line(lambda found: json.dumps({**found, "estimate": float("nan")})),
    "a number beyond all floats": line(lambda found: json.dumps({**found, "estimate": 10**400})),
    "a number of 5,000 digits": line(lambda found: json.dumps(found).replace('"step": ', '"step": ' + "1" * 5000)),
    "a step back": line(lambda found: json.dumps({**found, "step": 1})),
    "bytes that are no text": lambda: (RUN / "log.jsonl").write_bytes(b"\xff\xfe\n"),
    "an empty log": lambda: (RUN / "log.jsonl").write_text(""),
    "no log": lambda: (RUN / "log.jsonl").unlink(),
    "a pipe for a log": lambda: fifo(RUN / "log.jsonl"),
}
SOME_LOGS = ("a line that is cut off", "a number that is none", "an empty log", "no log", "a pipe for a log")


def provenance(old, new):
    def damage():
        path = RUN / "config.yaml"
        path.write_text(re.sub(old, new, path.read_text(), flags=re.M))

    return damage


RECORDS = {
    "results.json of another kind": lambda: Path("A/results.json").write_text("null"),
    "results.json with other runs": lambda: Path("A/results.json").write_text('{"made": 1, "command": 1, "runs": [1]}'),
    "deep results.json": lambda: Path("A/results.json").write_text("[" * 100_000 + "]" * 100_000),
    "threads in words": provenance("^  threads: .*", "  threads: many"),
    "a date that is no text": provenance("^  started: .*", "  started: 2026-11-25"),
    "a list for a processor": provenance("^  processor: .*", "  processor: [1, 2]"),
    "a number for the commit": provenance("^  commit: .*", "  commit: 12"),
}


@pytest.mark.usefixtures("comparison_here")
@pytest.mark.parametrize("kind", LOGS)
def test_a_log_that_is_damaged_gives_no_curves_and_a_word_why(kind):
    LOGS[kind]()
    lines, remark = collect.read_log(RUN)
    assert lines == []
    assert (remark == "") if kind == "an empty log" else remark.startswith(f"No curves of {RUN}: {RUN}/log.jsonl")
    TALLY["damaged files beside the runs of a comparison"] += 1


@pytest.mark.usefixtures("comparison_here")
@pytest.mark.parametrize("kind", [*PICTURES, *SOME_LOGS, *RECORDS])
def test_what_is_damaged_beside_a_run_is_left_out_of_the_report(call, kind):
    {**PICTURES, **LOGS, **RECORDS}[kind]()
    if kind not in RECORDS:
        Path("A/results.json").unlink()  # or the pictures of before are kept
    found = call("compare", *ONE_RUN)
    assert (found.status, found.err) == (0, ""), found.err
    assert found.out.splitlines()[-1] == "A/report.html" and "1 of them there already" in found.out
    (run,) = results("A")["runs"]
    assert run["status"] == "finished" and run["metrics"]["swd"]["value"] > 0
    remarks = results("A")["remarks"]
    if kind in LOGS and kind != "an empty log":
        assert len(remarks) == 1 and remarks[0].startswith(f"No curves of {RUN}: {RUN}/log.jsonl"), remarks
    TALLY["damaged files beside the runs of a comparison"] += 1


NO_RECORDS = ["[" * 100_000 + "]" * 100_000, "", "null", '{"format": 1, "contents": [], "died": [1]}', "{"]


@pytest.mark.usefixtures("comparison_here")
@pytest.mark.parametrize("content", NO_RECORDS, ids=range(len(NO_RECORDS)))
def test_a_damaged_record_of_a_comparison_is_one_line(call, content):
    Path("A/comparison.json").write_text(content)
    found = call("compare", *ONE_RUN)
    assert found.status == 2 and found.err.count("\n") == 1
    assert "--out A holds something else than this comparison" in found.err


def test_a_last_line_that_is_being_written_does_not_count(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"step": 1}\n{"step": 2}\n{"st')
    assert log.read(tmp_path) == [{"step": 1}, {"step": 2}]
    assert log.last(tmp_path) is None  # without losses there is nothing to say of it
    (tmp_path / "log.jsonl").write_text('{"step": 1}\n{"step": 2}')
    assert log.read(tmp_path) == [{"step": 1}]


def test_only_files_that_a_run_wrote_are_its_grids(tmp_path):
    (tmp_path / "samples").mkdir()
    for name in ("step-000005", "step-1234567", "step-7", "step-0000007", "step-00000٣", "step-", "step--00001", "step-00001²"):
        (tmp_path / "samples" / f"{name}.png").write_bytes(b"")
    assert grids.list_grids(tmp_path) == {step: grids.path_of(tmp_path, step) for step in (5, 1234567)}


DOLLARS = ("$\\frac{$", "$x$", "$$", "a$b^{$c")


@pytest.mark.parametrize("name", [*DOLLARS[:1], *(pytest.param(name, marks=pytest.mark.slow) for name in DOLLARS[1:])])
def test_a_folder_of_pictures_whose_name_is_tex_has_a_report(call, tmp_path, name):
    write_images(tmp_path / name, 12)
    flags = ["--network", "mlp", "--steps", "2", "--batch-size", "64", "-o", "units=16", "-o", "latent=8", "--jobs", "1"]
    flags += ["--samples", "10", "--metrics", "swd", "--seeds", "1", "--data", f"folder:{name}", "--out", "A"]
    found = call("compare", "gan", *flags)
    assert (found.status, found.err) == (0, ""), found.err
    assert (tmp_path / "A/report.html").is_file()


def labelled(found, label):
    """Results in which the only label is another one."""
    found = json.loads(json.dumps(found).replace('"gan"', json.dumps(label)))
    found["runs"] = [{**run, "grids": []} for run in found["runs"]]
    return found


def scripts_data(page):
    """{name: value} of the constants in the page's only script, each on a line of its own."""
    assert page.count("<script") == page.count("</script") == 1
    lines = re.findall(r"^const (DATA|FRAMES|GRIDS|COLOUR|WORDS) = ([^\n\r\u2028\u2029<]*);$", page, re.M)
    assert len(lines) == 5
    return {name: json.loads(value) for name, value in lines}


HOSTILE = ["<!--<script>", "</script><script>alert(1)</script>", "</ScRiPt", "]]>"]
HOSTILE += ["a\u2028b\u2029c", "'\"`${1}", "\ud800", "&lt;", "\0"]


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_no_name_ends_the_script_of_a_report(finished_comparison, label):
    page = report.render(labelled(results(finished_comparison / "A"), label))
    assert list(scripts_data(page)["COLOUR"]) == [label]
    assert "<script>alert" not in page and "<!--<script>" not in page


@settings(max_examples=25, deadline=None, database=None)
@given(label=st.text(st.characters(), min_size=1) | st.text("<>!-/script\u2028\\\"'&", min_size=1))
def test_any_name_comes_out_of_a_report_s_script_as_it_went_in(finished_comparison, label):
    assert list(scripts_data(report.render(labelled(results(finished_comparison / "A"), label)))["COLOUR"]) == [label]


@pytest.mark.usefixtures("comparison_here")
def test_a_run_of_a_hostile_name_has_a_report(call):
    path = RUN / "config.yaml"
    path.write_text(path.read_text().replace("model: gan", "model: '<!--<script>'"))
    found = call("compare", RUN, "--samples", "100", "--metrics", "swd", "--out", "B")
    assert (found.status, found.err) == (0, ""), found.err
    assert scripts_data(Path("B/report.html").read_text(encoding="utf-8"))["COLOUR"].keys() == {"<!--<script>"}

"""The notebook: run on a small budget from a foreign folder, twice in one kernel; the committed one is it, with outputs."""

import importlib.util

import nbformat
import pytest
from nbclient import NotebookClient

from tests.helpers import ROOT

SPEC = importlib.util.spec_from_file_location("build_notebook", ROOT / "notebooks" / "build.py")
build = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(build)


@pytest.fixture
def small(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # the user who runs the tests may have none, but Jupyter wants one
    monkeypatch.setenv("PADDLE_WGAN", str(ROOT))
    monkeypatch.setenv("PADDLE_WGAN_MINUTES", "0.02")
    monkeypatch.setenv("PADDLE_WGAN_OPTIONS", "-o filters=4 --samples 200 --metrics frechet,swd")
    monkeypatch.setenv("PADDLE_WGAN_OUT", str(tmp_path / "comparison"))


def test_runs_from_any_folder_and_again_in_the_same_kernel(small, tmp_path):
    made = build.notebook()
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    made.cells = [*code, *nbformat.from_dict(code)]  # everything, and everything again
    client = NotebookClient(made, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    assert (tmp_path / "comparison" / "report.html").is_file()
    words = ["".join(o.get("text", "") for o in cell.outputs) for cell in made.cells]
    assert any("2 runs, 0 of them there already" in text for text in words[: len(code)])
    assert any("2 runs, 2 of them there already" in text for text in words[len(code) :])


def test_committed_notebook_is_the_source_s_and_holds_its_outputs():
    committed, made = nbformat.read(build.PATH, as_version=4), build.notebook()
    assert [(c.cell_type, c.source) for c in committed.cells] == [(c.cell_type, c.source) for c in made.cells]
    for cell in committed.cells:
        if cell.cell_type == "code":
            assert cell.execution_count
            assert all(output.output_type != "error" for output in cell.outputs)
    pictures = [o for c in committed.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
    assert len(pictures) >= 4
    text = build.PATH.read_text(encoding="utf-8")
    assert len(text) < 2_000_000
    assert "/root/" not in text
    assert "/tmp/" not in text


def test_chinese_and_english_headings():
    for cell in build.notebook().cells:
        if cell.source.startswith("## ") and "VisualDL" not in cell.source.splitlines()[0]:
            heading = cell.source.splitlines()[0]
            assert " · " in heading
            assert any("\u4e00" <= c <= "\u9fff" for c in heading)

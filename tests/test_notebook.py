"""The notebook: run on a small budget from a foreign folder, and again from its end after a restart; the committed one is it."""

import ast
import builtins
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from packaging.requirements import Requirement

from notebooks import aistudio
from tests.helpers import ROOT, write_mnist

SPEC = importlib.util.spec_from_file_location("build_notebook", ROOT / "notebooks" / "build.py")
build = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(build)
SETUP = 0  # number of the code cell that is run first, also after a restart


def code_of(made):
    return [cell for cell in made.cells if cell.cell_type == "code"]


@pytest.fixture
def studio(monkeypatch, tmp_path):
    """AI Studio's home folder with MNIST mounted, on whose data the notebook trains for a moment. Returns the folder."""
    home = tmp_path / "aistudio"
    write_mnist(home / "data" / "data65", n=64, heldout=210)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PADDLE_WGAN", str(ROOT))
    monkeypatch.setenv("PADDLE_WGAN_DATA", "mnist")
    monkeypatch.setenv("PADDLE_WGAN_MINUTES", "0.02")
    monkeypatch.setenv("PADDLE_WGAN_OPTIONS", "-o filters=4 --samples 200 --metrics frechet,swd")
    monkeypatch.setenv("PADDLE_WGAN_OUT", str(tmp_path / "comparison"))
    return home


def test_runs_from_any_folder_and_after_a_restart_from_any_cell(studio, tmp_path):
    def execute(cells):
        made.cells = cells
        NotebookClient(made, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
        return ["".join(output.get("text", "") for output in cell.outputs) for cell in cells]

    made = build.notebook()
    cells = code_of(made)
    words = "\n".join(execute(cells))
    assert "2 runs, 0 of them there already" in words
    assert f"mnist ({studio / 'data' / 'data65'})" in words and "mnist: 训练 · train (64, 1, 32, 32)" in words
    assert (tmp_path / "comparison" / "report.html").is_file()
    # another kernel: the setup, and all others from the last to the first
    words = "\n".join(execute([cells[SETUP], *cells[:SETUP:-1]]))
    assert "2 runs, 2 of them there already" in words and "installing" not in words


def test_every_cell_needs_no_other_than_the_setup():
    """What a cell uses it makes itself, before, or the setup does: so a training need not be repeated after a restart."""
    magic = TransformerManager()
    trees = [ast.parse(magic.transform_cell(cell.source)) for cell in code_of(build.notebook())]
    assert len(trees) > 10
    given = {"get_ipython", *dir(builtins), *bound(trees[SETUP])}
    for tree in trees[SETUP + 1 :]:
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        assert not used - given - bound(tree), ast.unparse(tree)


def bound(tree):
    """Names that code gives a value: by assignment, import or def."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    imports = [alias for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names]
    names |= {(alias.asname or alias.name).partition(".")[0] for alias in imports}
    return names | {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_what_is_missing_goes_where_ai_studio_keeps_it(studio, monkeypatch, capsys):
    commands = []

    def run(command, check):
        constraints = Path(command[command.index("-c") + 1]).read_text() if "-c" in command else ""
        commands.append((command, constraints))

    path, libraries = list(sys.path), str(studio / "external-libraries")
    monkeypatch.setattr(sys, "path", path)
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(subprocess, "run", run)
    aistudio.install()
    assert not commands and not capsys.readouterr().out  # nothing is missing here
    assert sys.path[-1] == os.environ["PYTHONPATH"] == libraries
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("visualdl", "yaml") else found(name))
    aistudio.install()
    ((command, constraints),) = commands
    assert [word for word in command if word[:1].isalpha() and "=" in word] == ["visualdl>=2.5.3,<3", "PyYAML>=6,<7"]
    assert command[command.index("-t") + 1] == libraries and "numpy==" in constraints
    assert "visualdl" in capsys.readouterr().out


def test_elsewhere_it_goes_into_the_environment_and_a_paddle_that_is_there_stays(tmp_path, monkeypatch):
    commands = []
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found(name) if name == "paddle" else None)
    aistudio.install()
    (command,) = commands
    assert "-t" not in command and not [word for word in command if word.startswith("paddlepaddle")]
    given = command[command.index("--disable-pip-version-check") + 1 :]
    assert len(given) > 10 and "setuptools" in {Requirement(word).name for word in given}, "pip reads each"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "paddle" else found(name))
    aistudio.install()
    assert [word for word in commands[1] if word.startswith("paddlepaddle")]


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


def test_it_opens_in_chinese():
    first = build.notebook().cells[0].source.split("\n\n")
    chinese = [any("\u4e00" <= c <= "\u9fff" for c in paragraph) for paragraph in first]
    assert chinese[:3] == [True, True, False] and "WGAN 与 GAN" in first[0]


def test_a_paragraph_is_one_line_in_chinese_and_of_one_language():
    """A page would show the break as a space, and lines of two languages as one paragraph."""
    for cell in build.notebook().cells:
        if cell.cell_type == "markdown":
            for paragraph in re.sub("“.*?”", "", cell.source).split("\n\n"):  # what AI Studio calls its buttons
                chinese = [any("\u4e00" <= c <= "\u9fff" for c in line) for line in paragraph.splitlines()]
                assert len(chinese) == 1 or not any(chinese) or paragraph[0] in "1#", paragraph


def test_chinese_and_english_headings():
    for cell in build.notebook().cells:
        if cell.source.startswith("## ") and "VisualDL" not in cell.source.splitlines()[0]:
            heading = cell.source.splitlines()[0]
            assert " · " in heading
            assert any("\u4e00" <= c <= "\u9fff" for c in heading)

"""README and docs/: short enough, the same in both languages, true to the code, and without dead links."""

import importlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from unicodedata import east_asian_width

import click
import cv2
import pytest

from errors import UserError
from experiments import ladder
from experiments.results import CHINESE
from reporting import settings
from reporting.markdown import between_marks
from tests.helpers import ROOT
from training import callbacks, runtime
from training.recipe import Recipe

PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
WIDEST = 100  # columns of a code block: GitHub shows about 104, the rest is behind a scroll bar
PAIRS = {"README.md": "README_zh.md", **{f"docs/{path.name}": f"docs/zh/{path.name}" for path in ROOT.glob("docs/zh/*.md")}}


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.S)


def code(page, language):
    """Lines of code without their comments."""
    return [re.sub(r"\s*#.*", "", line) for block in blocks(page, language) for line in block.splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_fits_its_block(page):
    """A Chinese character takes two columns."""
    lines = "".join(re.findall(r"```\w*\n(.*?)```", page.read_text(encoding="utf-8"), re.S)).splitlines()
    assert not [line for line in lines if sum(1 + (east_asian_width(letter) in "WF") for letter in line) > WIDEST]


@pytest.mark.parametrize("page", ["README.md", "README_zh.md"])
def test_the_readme_is_one_page(page):
    assert len(text_of(page).encode()) <= 9900


@pytest.mark.parametrize(("english", "chinese"), PAIRS.items())
def test_both_languages_say_the_same(english, chinese):
    """The same commands, names in backquotes, and numbers."""
    pages = text_of(english), text_of(chinese)
    for language in ("bash", "python"):
        assert code(english, language) == code(chinese, language)
    names = [set(re.findall(r"`([^`\n]+)`", text)) for text in pages]
    assert names[0] == names[1]
    numbers = [Counter(re.findall(r"\d+(?:[.,]\d+)*", re.sub(r"https?://\S+", "", text))) for text in pages]
    assert numbers[0] == numbers[1]


def test_the_algorithm_is_the_program_s():
    shown = [line.strip() for line in code("README.md", "python") if line.strip() and not line.startswith("def ")]
    program = [re.sub(r"\s*#.*", "", line).strip() for line in text_of("training/algorithm.py").splitlines()]
    assert 10 < len(shown) < 25 and not set(shown) - set(program)


def test_the_page_for_scripts_runs_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it trains a run
    (tmp_path / "weights").symlink_to(ROOT / "weights", target_is_directory=True)
    names = {"__name__": "script"}
    exec("\n".join(blocks("docs/python.md", "python")), names)
    assert names["pixels"].shape == (16, 1, 28, 28) and names["slope"].shape == [16]
    assert names["rows"]["fd_lenet"]["floor"] < names["rows"]["fd_lenet"]["value"] < 2
    assert names["lines"][-1]["step"] == 200 and (tmp_path / "runs" / "mine" / "config.yaml").is_file()
    assert names["estimate"] > 0


def test_the_course_s_real_pictures_are_of_the_size_and_colours_of_samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = (block for block in blocks("docs/course.md", "python") if "real/" in block)
    assert "images = dataset.train " in code
    exec(code.replace("images = dataset.train ", "images = dataset.train[:20] "), {})
    pictures = [cv2.imread(str(path)) for path in (tmp_path / "real").glob("*.png")]
    assert [picture.shape for picture in pictures] == [(28, 28, 3)] * 20


def test_the_lab_s_program_finds_its_numbers(call):
    flags = ["--data", "8gaussians", "-o", "units=16", "-o", "batch_size=64", "-o", "log_every=1", "--steps", 2]
    for out in ("runs/clip-0.1", "runs/steps-10"):
        assert call("train", "--model", "wgan", *flags, "--out", out).status == 0
    assert call("eval", out, "--every", "--samples", 100, "--metrics", "w1,wasserstein").status == 0
    (code,) = blocks("docs/lab.md", "python")
    names = {}
    exec(code, names)
    assert [len(names[name]) for name in ("norms", "w1", "estimate")] == [2, 1, 1]


def test_git_ignores_what_the_pages_have_one_write():
    """Otherwise a run's record says that the program has local changes."""
    if not (ROOT / ".git").exists():
        pytest.skip("no repository")
    lines = [line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines() if "/docs/" not in line]
    written = re.findall(r"(?:--out|xport|-o) (?!docs/)([\w./-]*[\w/])(?![=\w])", "\n".join(lines))
    made = sorted({path for path in written if re.search(r"[/.]", path)})
    assert len(made) > 8
    asked = subprocess.run(["git", "check-ignore", "--stdin"], input="\n".join(made), cwd=ROOT, capture_output=True, text=True)
    assert asked.stdout.splitlines() == made


def test_the_commands_take_what_the_pages_say():
    tried, wrong = 0, []
    for page in PAGES:
        text = "\n".join(blocks(page, "bash")).replace("\\\n", " ").replace("$seed", "0")
        for program, words in re.findall(r"\bpython (\w+)\.py([^\n;|&]*)", re.sub(r"\s#.*", "", text)):
            if not (ROOT / f"{program}.py").is_file():
                continue
            tried += 1
            try:
                arguments = [word for word in shlex.split(words) if not word.startswith("$")]
                importlib.import_module(program).main.make_context(program, arguments)
            except click.exceptions.Exit:  # --help
                pass
            except (click.ClickException, UserError) as error:
                wrong.append(f"{page.relative_to(ROOT)}: python {program}.py{words}: {error}")
    assert not wrong and tried > 100


def test_the_table_of_paddles_is_what_the_suite_wrote():
    rows = []
    for pair, found in json.loads(text_of("docs/versions.json")).items():
        counts = (f"{found[key]:,}" for key in ("passed", "skipped", "failed"))
        rows.append(f"| {' | '.join([*pair.split(', '), found['numpy'], *counts])} |")
    for page in ("docs/paddle.md", "docs/zh/paddle.md"):
        table = text_of(page).partition("<!-- versions -->\n")[2].partition("\n<!-- end")[0]
        assert table.splitlines()[2:] == rows


def test_versions_are_the_same_wherever_they_stand():
    (own,) = re.findall(r'^version = "(.+)"$', text_of("pyproject.toml"), re.M)
    assert f"\nversion: {own}\n" in text_of("CITATION.cff")
    assert f"version {own} " in text_of("README.md") and f"版本 {own}（" in text_of("README_zh.md")
    assert f"\npaddlepaddle=={runtime.NEWEST}\n" in text_of("requirements-cpu.txt")
    assert f"[{runtime.OLDEST} to {runtime.NEWEST}]" in text_of("README.md")
    assert f"[{runtime.OLDEST} 至 {runtime.NEWEST}]" in text_of("README_zh.md")


def test_pip_install_brings_what_the_commands_need_but_no_module(tmp_path):
    """In a copy, since it builds in the folder; the many folders of modules are what setuptools would refuse to choose from."""
    pytest.importorskip("setuptools", minversion="77")
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("data", "models"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "made", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if "No module named pip" in done.stderr:
        pytest.skip("no pip")
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("made/*.whl")
    with zipfile.ZipFile(wheel) as held:
        assert not [name for name in held.namelist() if name.endswith(".py")]
        (about,) = (held.read(name).decode() for name in held.namelist() if name.endswith("METADATA"))
    lines = [line.partition(" #")[0] for line in text_of("requirements.txt").splitlines() if not line.startswith("#")]
    wanted = {re.match(r"[\w-]+", line)[0] for line in lines}
    assert set(re.findall(r"^Requires-Dist: ([\w-]+)", about, re.M)) == wanted and len(wanted) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if ":" not in link and not (page.parent / link).exists()]


def anchors(page):
    """Its own, and of its headings, as GitHub makes them: lower case, no punctuation, a hyphen for each space."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    made = {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'^<a id="([^"]+)"></a>$', text, re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_into_a_page_lead_to_a_heading(page):
    links = re.findall(r"\]\(([^):#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    assert not [(to, part) for to, part in links if part not in anchors(page.parent / to if to else page)]


@pytest.mark.parametrize(("page", "language"), settings.PAGES.items())
def test_the_tables_of_settings_are_the_program_s(page, language):
    assert between_marks(ROOT / page, "settings", settings.markdown(language)) == text_of(page)
    assert not [name for name in Recipe.model_fields if f"\n| `{name}` |" not in text_of(page)]


def test_the_ladder_is_the_same_in_chinese():
    table = text_of("docs/metrics.md").partition("<!-- ladder -->\n")[2].partition("<!-- end")[0]
    assert between_marks(ROOT / "docs/zh/metrics.md", "ladder", ladder.in_chinese(table)) == text_of("docs/zh/metrics.md")


@pytest.mark.parametrize("page", ROOT.glob("docs/zh/*.md"), ids=lambda path: path.name)
def test_chinese_paragraphs_are_not_broken_into_lines(page):
    """A browser would show the break as a space."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    assert not re.findall(f".*{CHINESE}\n{CHINESE}.*|.*{CHINESE} {CHINESE}.*", text)


def test_the_architecture_names_every_callback():
    names = [name for name, it in vars(callbacks).items() if isinstance(it, type) and issubclass(it, callbacks.Callback)]
    text = text_of("docs/architecture.md")
    assert not [name for name in names if name != "Callback" and name not in text]

"""The fast suite on every PaddlePaddle and Python that users meet, each in an environment of its own.

    pip install nox && nox -f tests/versions/noxfile.py                          # all of them, ten minutes each on two cores
    nox -f tests/versions/noxfile.py -s "suite-3.10(paddle='2.6.2')" table      # one, and the table of all so far

The wheel for GPUs is the one that PyPI has, on a machine without a GPU. Where the Paddle is requirements-cpu.txt's, the
environment is README's and its first command trains to its end before the tests. Results stay in docs/versions.json, from which
`table` writes the table of docs/paddle.md in both languages. The Pythons are those that nox finds: pyenv's, uv's, the system's.
"""

import itertools
import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import nox

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "versions.json"
PAGES = {"paddle.md": ("passed", "skipped", "failed"), "zh/paddle.md": ("通过", "跳过", "失败")}  # in docs/
MARKS = "<!-- versions -->", "<!-- end of versions -->"
PYTHONS = ("3.10", "3.11", "3.12")
WHEELS = {
    "2.6.2": PYTHONS,
    "2.6.2 (paddlepaddle-gpu)": ("3.11",),
    "3.0.0": ("3.11",),
    "3.1.1": ("3.11",),
    "3.2.2": PYTHONS,
    "3.3.1": PYTHONS,
}
PAIRS = [pair for paddle, pythons in WHEELS.items() for pair in itertools.product(pythons, [paddle])]

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"


@nox.session
@nox.parametrize("python, paddle", PAIRS)
def suite(session: nox.Session, paddle: str) -> None:
    """The fast suite with this Paddle; docs/versions.json keeps what came of it."""
    session.chdir(ROOT)
    version, _, wheel = paddle.rstrip(")").partition(" (")
    wanted = f"{wheel or 'paddlepaddle'}=={version}"
    readmes = wanted in Path("requirements-cpu.txt").read_text(encoding="utf-8").splitlines()
    # one call, so that numpy and the others are such that this Paddle takes them
    session.install(
        "-r", "requirements-dev.txt", *(["-r", "requirements-cpu.txt"] if readmes else ["-r", "requirements.txt", wanted])
    )
    folder = Path(session.virtualenv.location) / "tmp"  # nox's own would be TMPDIR, too long a path for Chromium's socket
    folder.mkdir(exist_ok=True)
    shutil.rmtree(folder / "run", ignore_errors=True)
    if readmes:
        session.run("python", "train.py", "--model", "wgan", "--out", str(folder / "run"))
    cache = f"cache_dir={folder / 'cache'}"
    command = ["python", "-m", "pytest", "-n", "2", "--dist", "loadfile", "-o", cache]
    tests = counts(session, command, folder)
    failed = tests["failures"] + tests["errors"]
    if failed:  # a test that waits for another process may have waited too long on a busy machine: once more, one at a time
        again = counts(session, ["python", "-m", "pytest", "--last-failed", "-o", cache], folder)
        failed = again["failures"] + again["errors"]
    skipped = tests["skipped"]
    numpy = session.run("python", "-c", "import numpy; print(numpy.__version__)", silent=True).strip()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept[f"{paddle}, {session.python}"] = {
        "numpy": numpy,
        "passed": tests["tests"] - skipped - failed,
        "skipped": skipped,
        "failed": failed,
    }
    RESULTS.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n")
    if failed:
        session.error(f"{failed} tests failed")


def counts(session: nox.Session, command: list[str], folder: Path) -> dict[str, int]:
    """What pytest's report of the command counts: tests, skipped, failures, errors."""
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    session.run(*command, f"--junit-xml={report}", success_codes=[0, 1])
    found = ElementTree.parse(report).find("testsuite").attrib
    return {key: int(found[key]) for key in ("tests", "skipped", "failures", "errors")}


@nox.session(venv_backend="none")
def table(session: nox.Session) -> None:
    """The table of docs/paddle.md, in both languages, from docs/versions.json."""
    rows = ["| --- | --- | --- | ---: | ---: | ---: |"]
    for pair, found in json.loads(RESULTS.read_text()).items():
        paddle, python = pair.split(", ")
        counts = " | ".join(f"{found[key]:,}" for key in ("passed", "skipped", "failed"))
        rows.append(f"| {paddle} | {python} | {found['numpy']} | {counts} |")
    for name, words in PAGES.items():
        page, lines = ROOT / "docs" / name, "\n".join([f"| Paddle | Python | numpy | {' | '.join(words)} |", *rows])
        text = re.sub(f"{MARKS[0]}.*{MARKS[1]}", f"{MARKS[0]}\n{lines}\n{MARKS[1]}", page.read_text(encoding="utf-8"), flags=re.S)
        page.write_text(text, encoding="utf-8")
        session.log(lines)

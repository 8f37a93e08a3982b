"""A finished comparison, to be damaged or continued."""

import shutil

import pytest

from tests.helpers import made_once, run_program
from tests.test_compare import ONE_RUN


@pytest.fixture(scope="session")
def finished_comparison(tmp_path_factory):
    """A folder with the finished comparison A of one tiny run."""

    def make(folder):
        status, out, err = run_program("compare.py", *ONE_RUN, cwd=folder)
        assert status == 0, out + err

    return made_once(tmp_path_factory, "finished", make)


@pytest.fixture
def comparison_here(finished_comparison, tmp_path, monkeypatch):
    """A copy of it in the current folder."""
    shutil.copytree(finished_comparison / "A", tmp_path / "A")
    monkeypatch.chdir(tmp_path)

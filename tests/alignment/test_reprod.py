"""python -m tests.alignment.reprod: what it writes, small; and what is committed of it, in docs/alignment/."""

import numpy as np
import pytest

from errors import UserError
from tests.alignment import reprod
from tests.helpers import ROOT, tiny

COMMITTED = ROOT / "docs" / "alignment"


@pytest.fixture
def packages():
    try:
        reprod.check_packages()
    except UserError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("model", reprod.MODELS)
def test_pairs_and_logs_are_written_and_agree(packages, tmp_path, model):
    rows = reprod.write(tiny(model, n_critic=2), tmp_path, steps=2, samples=80)
    assert [row.split(" | ")[1].strip("`") for row in rows] == list(reprod.ALLOWED)
    assert len(list(tmp_path.iterdir())) == 3 * len(reprod.ALLOWED)
    for name in reprod.ALLOWED:
        ends = ("torch", "torch_next") if name == "rounding" else ("paddle", "torch")
        pair = [np.load(tmp_path / f"{name}_{end}.npy", allow_pickle=True).item() for end in ends]
        log = (tmp_path / f"{name}_diff.log").read_text()
        assert set(pair[0]) == set(pair[1]) and log.count("mean diff") == len(pair[0])  # its own arrays, and no others
        assert all(f"INFO: {key}: " in log for key in pair[0]) and "diff check passed" in log, log
        assert all(np.abs(array).max() > 0 for array in pair[0].values()), "nothing was compared"
    gradients = np.load(tmp_path / "bp_align_paddle.npy", allow_pickle=True).item()
    assert {key.partition(".")[0] for key in gradients} == {"generator", "critic"}


def test_a_difference_is_told(packages, tmp_path):
    ours, theirs = {"generator": np.zeros(3), "critic": np.ones(3)}, {"generator": np.zeros(3) + 1e-5, "critic": np.ones(3)}
    assert reprod.write_pair(tmp_path, "forward", ours, theirs) == "2 | 1.0e-05 | 1e-06 | 1.0e+00"
    assert reprod.write_pair(tmp_path, "forward_trained", ours, theirs) == "2 | 1.0e+00 | 1e-05 | 1.0e+00"
    log = (tmp_path / "forward_diff.log").read_text()
    assert "check passed: False, value: 1e-05" in log and "check passed: True, value: 0.0" in log and "diff check failed" in log


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(reprod, "find_spec", lambda name: None if name == "reprod_log" else name)
    with pytest.raises(UserError, match="reprod_log is missing: pip install -r requirements-alignment"):
        reprod.check_packages()


@pytest.mark.parametrize("model", reprod.MODELS)
def test_the_committed_logs_passed(model):
    for name in reprod.ALLOWED:
        lines = (COMMITTED / model / f"{name}_diff.log").read_text().splitlines()
        assert "diff check passed" in lines[-1] and not [line for line in lines if "passed: False" in line], name


@pytest.mark.parametrize("page", ["docs/reproduction.md", "docs/zh/reproduction.md"])
def test_the_pages_hold_the_committed_table(page):
    rows = [row for model in reprod.MODELS for row in (COMMITTED / model / "differences.md").read_text().splitlines()[2:]]
    text = (ROOT / page).read_text(encoding="utf-8")
    assert len(rows) == len(reprod.MODELS) * len(reprod.ALLOWED) and not [row for row in rows if row not in text]

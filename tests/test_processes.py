"""Several processes that share each batch do the same experiment as one."""

import pytest

from tests.helpers import TINY_FLAGS, log_of, run_program


@pytest.mark.parametrize("model", ["wgan", "wgan-gp"])
def test_two_processes_train_as_one(call, tmp_path, mnist_dir, model):
    flags = ["--model", model, "--data", "mnist", "--data-dir", mnist_dir, *TINY_FLAGS, "--steps", 3]
    assert call("train", *flags, "--out", "one").status == 0
    status, out, err = run_program("train.py", *flags, "--out", "two", "--processes", 2, cwd=tmp_path)
    assert status == 0, err
    assert out.splitlines()[-1] == "two"
    ours, theirs = log_of("one"), log_of("two")
    assert [line["step"] for line in theirs] == [1, 2, 3]
    for one, two in zip(ours, theirs, strict=True):
        assert set(one) == set(two)
        for key in set(one) - {"clipped_share"}:
            assert two[key] == pytest.approx(one[key], rel=0.02, abs=1e-5), key

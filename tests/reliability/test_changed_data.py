"""Data that change while a training runs, or between it and its resumption."""

import cv2
import numpy as np
import pytest

import data
from data import folder
from data.dataset import Order
from data.reader import batches
from errors import UserError
from tests.helpers import TINY_FLAGS, files_below, write_images


@pytest.fixture
def streamed(monkeypatch):
    """Pictures stay in their files, however few they are."""
    monkeypatch.setattr(folder, "IN_MEMORY", 0)


def other_pixels(path):
    path.write_bytes(cv2.imencode(".png", np.zeros((40, 36, 3), np.uint8))[1].tobytes())


@pytest.mark.parametrize("change", [other_pixels, lambda path: path.unlink(), lambda path: path.write_bytes(b"no picture")])
@pytest.mark.parametrize("kept", ["in memory", "in files"])
def test_a_run_is_not_resumed_on_pictures_that_changed(refused, call, tmp_path, request, kept, change):
    if kept == "in files":
        request.getfixturevalue("streamed")
    write_images(tmp_path / "pictures", 20)
    flags = ["--data", "folder:pictures", "-o", "network=mlp", *TINY_FLAGS, "--steps", 1, "--out", "run"]
    assert call("train", "--model", "wgan-paper", *flags).status == 0
    assert call("train", "--resume", "--out", "run", "--steps", 1).status == 0
    before = files_below(tmp_path / "run")
    change(tmp_path / "pictures" / "003.png")
    said = refused("train", "--resume", "--out", "run", "--steps", 9)
    assert "was trained on other data" in said or "003.png is not an image" in said
    assert files_below(tmp_path / "run") == before


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: path.write_bytes(b"no picture")])
def test_a_picture_that_breaks_during_training_is_one_error_that_names_it(tmp_path, capfd, change):
    write_images(tmp_path, 30)
    dataset = data.load(f"folder:{tmp_path}")
    change(tmp_path / "007.png")
    with pytest.raises(UserError, match=r"007\.png (is not an image|cannot be read)"):
        for _ in zip(range(20), batches(dataset, Order(len(dataset.train), 0), 0, 8)):
            pass
    assert capfd.readouterr().err == ""

"""stacked-mnist as a data source."""

import numpy as np
import pytest

import data
from data import stacked


@pytest.fixture(scope="module", autouse=True)
def smaller():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacked, "TRAIN", 3000)
        patch.setattr(stacked, "HELD_OUT", 500)
        yield


def test_three_digits_in_three_colours():
    dataset, digits = data.load("stacked-mnist"), data.load("mnist-5k")
    assert dataset.shape == (3, 32, 32)
    assert dataset.native_size == 28
    assert dataset.note == "stacked from mnist-5k"
    for images, labels, source, classes in (
        (dataset.train, dataset.labels, digits.train, digits.labels),
        (dataset.heldout, dataset.heldout_labels, digits.heldout, digits.heldout_labels),
    ):
        known = {image.tobytes(): label for image, label in zip(source, classes, strict=True)}
        for image, label in zip(images[:50], labels[:50], strict=True):
            assert [known[colour.tobytes()] for colour in image] == [label // 100, label // 10 % 10, label % 10]
    assert len(np.unique(dataset.labels)) > 900


def test_same_images_every_time():
    assert data.load("stacked-mnist").sha256 == data.load("stacked-mnist").sha256


def test_mnist_is_taken_where_it_lies(mnist_dir, tmp_path):
    assert data.load("stacked-mnist", mnist_dir).note == "stacked from mnist"
    assert data.load("stacked-mnist", tmp_path).note == "stacked from mnist-5k"

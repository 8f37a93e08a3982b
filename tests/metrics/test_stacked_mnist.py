"""stacked-mnist as a data source."""

from types import SimpleNamespace

import numpy as np
import pytest

import data
import eval
import metrics
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


@pytest.mark.parametrize(("count", "words"), [(25_600, "draws of 1,000; stacked: of 25,600"), (800, "draws of 800")])
def test_its_own_metric_s_draw_is_named_beside_the_others(capsys, count, words):
    heldout = np.broadcast_to(np.uint8(0), (25_600, 3, 1, 1))
    dataset = SimpleNamespace(name="stacked-mnist", sha256="", note="", heldout=heldout)
    settings = metrics.describe_settings(dataset, count, 0)
    row = {"value": 1.0, "deviation": None, "floor": None, "floor_deviation": None}
    eval.show({4: {"stacked_modes": row, "swd": row}}, settings, False, "runs/x", None, False)
    eval.show({4: {"swd": row}}, settings, False, "runs/x", None, False)
    both, alone = (" ".join(page.split()) for page in capsys.readouterr().out.split("(docs/metrics.md)")[:2])
    assert f"{count:,} samples, {words}" in both and "stacked: of" not in alone


@pytest.mark.parametrize(("count", "that_count"), [(10_000, None), (10_001, 10_000)])
def test_samples_beyond_the_draws_of_all_metrics_are_said_to_do_nothing(capsys, count, that_count):
    dataset = SimpleNamespace(name="mnist-5k", sha256="", note="", heldout=np.zeros((1000, 1, 1, 1), np.uint8))
    settings = metrics.describe_settings(dataset, count, 0)
    assert settings.get("samples_that_count") == that_count
    row = {"value": 1.0, "deviation": None, "floor": None, "floor_deviation": None}
    eval.show({4: {"swd": row}}, settings, False, "runs/x", None, False)
    words = f"{count:,} samples" + (f", of which {that_count:,} count" if that_count else "") + ", draws of 1,000"
    assert words in " ".join(capsys.readouterr().out.split())

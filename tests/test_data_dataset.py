"""What all readers share: scaling, padding, the registry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import data
from data.dataset import Dataset, crop_to, pad_to, to_uint8, to_unit
from errors import UserError
from tests.helpers import pictures


@given(n=st.integers(1, 3), size=st.integers(1, 40), more=st.integers(0, 9), colours=st.sampled_from([1, 3]))
def test_padding_leaves_pixels_untouched_and_cropping_undoes_it(n, size, more, colours):
    images = pictures(n, size, colours)
    padded = pad_to(images, size + more)
    assert padded.shape == (n, colours, size + more, size + more) and padded.dtype == np.uint8
    np.testing.assert_array_equal(crop_to(padded, size), images)
    assert padded.astype(int).sum() == images.astype(int).sum(), "the ground is black"


def test_padding_28_to_32_is_two_black_pixels_on_each_side():
    images = pictures(2, 28)
    padded = pad_to(images, 32)
    np.testing.assert_array_equal(padded[:, :, 2:30, 2:30], images)
    padded[:, :, 2:30, 2:30] = 0
    assert padded.max() == 0


def test_pixels_go_to_plus_minus_1_and_come_back_exactly():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    unit = to_unit(levels)
    assert unit.dtype == np.float32
    assert unit.min() == -1 and unit.max() == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(to_uint8(unit), levels)


def test_values_outside_plus_minus_1_are_cut_off_not_wrapped():
    assert to_uint8(np.array([-7.0, -1.0, 0.0, 1.0, 7.0])).tolist() == [0, 0, 128, 255, 255]


def test_a_batch_of_images_is_scaled_and_one_of_points_is_not():
    images = Dataset("x", pictures(9), pictures(4, seed=1))
    np.testing.assert_array_equal(images.batch([3, 1]), to_unit(images.train[[3, 1]]))
    np.testing.assert_array_equal(images.batch([2], "heldout"), to_unit(images.heldout[[2]]))
    assert images.shape == (1, 32, 32) and not images.is_points
    points = Dataset("y", np.array([[1, 5], [2, 6]], np.float32), np.zeros((1, 2), np.float32))
    np.testing.assert_array_equal(points.batch([1]), [[2, 6]])
    assert points.is_points


def test_the_hash_of_labels_is_of_those_of_both_sides_and_of_their_names():
    both, labels, held = pictures(12), np.arange(8) % 3, np.array([0, 1, 2, 0])
    made = lambda own, heldout, names=("a", "b", "c"): Dataset("x", both[:8], both[8:], own, heldout, classes=names)  # noqa: E731
    others = [made(labels[::-1].copy(), held), made(labels, held[::-1].copy() % 2), made(labels, held, ("a", "b", "d"))]
    assert len({dataset.labels_sha256 for dataset in (made(labels, held), *others)}) == 4
    assert made(labels, held).labels_sha256 == made(labels.copy(), held.copy()).labels_sha256
    np.testing.assert_array_equal(made(labels, held).classes_of(slice(1, 3), "heldout"), [1, 2])
    assert made(labels, held).class_counts() == {"a": 3, "b": 3, "c": 2}, "of the training items"


def test_the_hash_tells_data_sets_apart():
    hashes = {Dataset("x", pictures(4, seed=seed), pictures(2, seed=other)).sha256 for seed in range(2) for other in range(2)}
    assert len(hashes) == 4


@pytest.mark.parametrize(("name", "near"), [("mnist5k", "mnist-5k"), ("cifar", "cifar10"), ("8gaussian", "8gaussians")])
def test_an_unknown_name_is_answered_with_the_nearest(name, near):
    with pytest.raises(UserError, match=f"unknown data '{name}': did you mean '{near}'"):
        data.source(name)


@pytest.mark.parametrize("name", ["folder:", "folder:PATH"])
def test_a_folder_needs_a_path(name):
    with pytest.raises(UserError, match="needs a path"):
        data.source(name)


PICTURES, POINTS = np.zeros((6, 1, 8, 8), np.uint8), np.zeros((6, 2), np.float32)
MISTAKES = [
    ((PICTURES / 255.0, PICTURES), {}, "float64 holds neither images"),
    ((PICTURES[:, 0], PICTURES), {}, "shape (6, 8, 8)"),
    ((PICTURES.transpose(0, 2, 3, 1), PICTURES), {}, "shape (6, 8, 8, 1)"),
    ((PICTURES, np.zeros((6, 3, 8, 8), np.uint8)), {}, "(1, 8, 8) to train on, (3, 8, 8) held out"),
    ((POINTS.astype(float), POINTS), {}, "float64 holds neither"),
    ((np.zeros((6, 3), np.float32), POINTS), {}, "nor points (float32, N×2)"),
    ((PICTURES, PICTURES), {"labels": np.zeros(5, int)}, "one for each of 6 items"),
    ((PICTURES, PICTURES), {"labels": [0] * 6}, "labels are whole numbers from 0 on"),
    ((PICTURES, PICTURES), {"labels": np.zeros(6)}, "labels are whole numbers from 0 on"),
    ((PICTURES, PICTURES), {"labels": np.full(6, -1)}, "labels are whole numbers from 0 on"),
    ((PICTURES, PICTURES), {"labels": np.full(6, 3), "classes": ("a", "b")}, "a label is 3, of 2 classes"),
    ((PICTURES, PICTURES), {"heldout_labels": np.full(6, 2), "classes": ("a", "b")}, "a label is 2, of 2 classes"),
    ((PICTURES, PICTURES[:0]), {"heldout_labels": np.zeros(0, int)}, "or none held out"),
    ((POINTS[:0], POINTS), {}, "no items to train on"),
]


@pytest.mark.parametrize(("arrays", "more", "said"), MISTAKES)
def test_what_a_reader_of_ones_own_returned_wrongly_is_said_in_one_line(arrays, more, said):
    with pytest.raises(UserError) as error:
        Dataset("mine", *arrays, **more)
    assert said in str(error.value) and str(error.value).startswith("mine: ") and "\n" not in str(error.value)


def test_classes_without_names_are_numbers_up_to_the_highest_label_of_either_side():
    dataset = Dataset("mine", PICTURES, PICTURES[:2], np.array([0, 1, 0, 1, 0, 0]), np.array([2, 0]))
    assert dataset.classes == ("0", "1", "2") and dataset.class_counts() == {"0": 4, "1": 2, "2": 0}


@pytest.mark.parametrize(
    ("made", "kind", "said"),
    [
        ((PICTURES, PICTURES), "images", "its reader returned a tuple, not a data.Dataset"),
        (Dataset("mine", POINTS, POINTS), "images", "the other of images and points"),
        (Dataset("mine", PICTURES, PICTURES), "images", "8 pixels a side, not of image_size = 32"),
    ],
)
def test_a_row_of_ones_own_that_does_not_fit_its_reader_is_refused(monkeypatch, made, kind, said):
    monkeypatch.setitem(data.SOURCES, "mine", data.Source(lambda *arguments: made, kind=kind))
    with pytest.raises(UserError, match=said):
        data.load("mine")

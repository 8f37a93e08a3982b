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


def test_the_hash_tells_data_sets_apart():
    hashes = {Dataset("x", pictures(4, seed=seed), pictures(2, seed=other)).sha256 for seed in range(2) for other in range(2)}
    assert len(hashes) == 4


@pytest.mark.parametrize(("name", "near"), [("mnist5k", "mnist-5k"), ("cifar", "cifar10"), ("8gaussian", "8gaussians")])
def test_an_unknown_name_is_answered_with_the_nearest(name, near):
    with pytest.raises(UserError, match=f"unknown data '{name}': did you mean '{near}'"):
        data.check_name(name)


@pytest.mark.parametrize("name", ["folder:", "folder:PATH"])
def test_a_folder_needs_a_path(name):
    with pytest.raises(UserError, match="needs a path"):
        data.check_name(name)

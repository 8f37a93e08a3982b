"""The toy distributions in the plane."""

import numpy as np
import pytest

import data
from data.toys import centres

TOYS = ("8gaussians", "25gaussians", "swissroll", "2lines")


@pytest.mark.parametrize("name", TOYS)
def test_points_are_float32_pairs_and_the_same_at_each_load(name):
    toy = data.load(name)
    assert toy.train.shape == (100_000, 2) and toy.heldout.shape == (10_000, 2)
    assert toy.train.dtype == np.float32 and toy.is_points
    assert toy.sha256 == data.load(name).sha256
    assert np.abs(toy.train).max() < 3
    np.testing.assert_allclose(toy.train.mean(0), toy.heldout.mean(0), atol=0.05)


@pytest.mark.parametrize(("name", "modes", "radius"), [("8gaussians", 8, 2 / 1.414), ("25gaussians", 25, 4 * 2**0.5 / 2.828)])
def test_every_mode_has_its_share_and_its_width(name, modes, radius):
    centre, sigma = centres(name)
    assert centre.shape == (modes, 2)
    assert np.linalg.norm(centre, axis=1).max() == pytest.approx(radius)
    points = data.load(name).train
    distance = np.linalg.norm(points[:, None] - centre[None], axis=-1)
    nearest = distance.argmin(1)
    shares = np.bincount(nearest, minlength=modes) / len(points)
    np.testing.assert_allclose(shares, 1 / modes, atol=0.1 / modes)
    assert (points - centre[nearest]).std() == pytest.approx(sigma, rel=0.02)


def test_the_swiss_roll_winds_around_the_origin():
    points = data.load("swissroll").train
    radius = np.linalg.norm(points, axis=1)
    assert 0.5 < radius.min() < radius.max() < 2.2
    angle = np.arctan2(points[:, 1], points[:, 0])
    assert np.histogram(angle, 12)[0].min() > 0.03 * len(points), "points in every direction"


def test_the_two_lines_are_those_of_example_1_at_theta_2():
    points = data.load("2lines").train
    for side in (-1, 1):
        line = points[points[:, 0] == side]
        assert len(line) == pytest.approx(len(points) / 2, rel=0.02)
        assert np.histogram(line[:, 1], 10, (-1, 1))[0] == pytest.approx(len(line) / 10, rel=0.05)
    assert np.abs(points[:, 0]).min() == 1

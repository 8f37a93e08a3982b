"""sample.py: grids, arrays, single files, interpolations, the training as a GIF."""

import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from reporting.samples import great_circles, noise
from tests.helpers import TINY_FLAGS, in_process

ROUND = 8  # steps of an interpolation


@pytest.fixture(scope="module")
def runs(tmp_path_factory, mnist_dir, cifar_dir):
    """Tiny finished runs: digits, colours, points."""
    folder = tmp_path_factory.mktemp("runs")
    sources = {
        "digits": ["--data", "mnist", "--data-dir", mnist_dir],
        "colours": ["--data", "cifar10", "--data-dir", cifar_dir],
        "points": ["--data", "25gaussians"],
    }
    for name, flags in sources.items():
        more = [*TINY_FLAGS, "--steps", 3, "-o", "sample_every=1", "--out", folder / name]
        in_process("train", "--model", "dcgan", *flags, *more)
    return folder


def images(path):
    with np.load(path, allow_pickle=False) as content:
        return content["images"]


def made(result, path):
    assert (result.status, result.err) == (0, ""), result
    assert result.out.splitlines()[-1] == str(path)
    return path


@pytest.mark.parametrize(("run", "shape"), [("digits", (28, 28)), ("colours", (32, 32, 3))])
def test_an_npz_holds_uint8_images_without_padding(call, runs, run, shape):
    made(call("sample", runs / run, "--n", 10, "--out", "a.npz"), "a.npz")
    found = images("a.npz")
    assert found.shape == (10, *shape) and found.dtype == np.uint8
    assert found.std() > 0


def test_the_seed_decides_and_more_samples_begin_with_the_same(call, runs):
    for name, flags in {"a": ["--seed", 1], "b": ["--seed", 1, "--n", 20], "c": ["--seed", 2]}.items():
        made(call("sample", runs / "digits", "--n", 10, *flags, "--out", f"{name}.npz"), f"{name}.npz")
    a, b, c = (images(f"{name}.npz") for name in "abc")
    np.testing.assert_allclose(a.astype(int), b[:10].astype(int), atol=1)
    assert not np.array_equal(a, c)


def test_a_run_means_its_newest_checkpoint(call, runs):
    for name, source in {"run": "", "last": "checkpoints/step-000003", "first": "checkpoints/step-000000"}.items():
        made(call("sample", runs / "digits" / source, "--out", f"{name}.npz"), f"{name}.npz")
    np.testing.assert_array_equal(images("run.npz"), images("last.npz"))
    assert not np.array_equal(images("run.npz"), images("first.npz"))


@pytest.mark.parametrize(("run", "size"), [("digits", 28), ("colours", 32)])
def test_a_grid_shows_the_samples_of_the_npz(call, runs, run, size):
    made(call("sample", runs / run, "--n", 16, "--out", "a.png"), "a.png")
    made(call("sample", runs / run, "--n", 16, "--out", "a.npz"), "a.npz")
    grid, first = cv2.imread("a.png")[..., ::-1], images("a.npz")[0]
    assert grid.shape == (2 * (2 * (size + 2) + 2), 2 * (8 * (size + 2) + 2), 3)
    tile = grid[4 : 4 + 2 * size : 2, 4 : 4 + 2 * size : 2]
    np.testing.assert_array_equal(tile, first if first.ndim == 3 else np.repeat(first[..., None], 3, -1))


@pytest.mark.parametrize("run", ["digits", "colours"])
def test_a_folder_gets_one_png_a_sample(call, runs, run):
    made(call("sample", runs / run, "--n", 5, "--out", "pictures/"), "pictures/")
    made(call("sample", runs / run, "--n", 5, "--out", "a.npz"), "a.npz")
    for k, expected in enumerate(images("a.npz")):
        picture = cv2.imread(f"pictures/{k:06d}.png")[..., ::-1]
        np.testing.assert_array_equal(picture, expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, -1))


def test_the_training_becomes_a_gif_of_its_grids(call, runs):
    made(call("sample", runs / "digits", "--out", "a.gif"), "a.gif")
    with Image.open("a.gif") as gif:
        assert gif.n_frames >= 2 and gif.info.get("loop") == 0
        assert gif.size == Image.open(runs / "digits" / "samples" / "step-000003.png").size


def test_points_are_drawn_or_saved_as_numbers(call, runs):
    made(call("sample", runs / "points", "--n", 300, "--out", "a.npz"), "a.npz")
    assert np.load("a.npz")["points"].shape == (300, 2)
    made(call("sample", runs / "points", "--out", "a.png"), "a.png")
    assert cv2.imread("a.png").std() > 0


def test_by_default_the_picture_lies_in_the_runs_folder(call, runs, tmp_path):
    shutil.copytree(runs / "digits", tmp_path / "run")
    made(call("sample", "run"), "run/samples-seed-0.png")
    made(call("sample", "run", "--interpolate"), "run/interpolation-seed-0.png")


def test_an_interpolation_goes_from_noise_to_noise_on_a_great_circle():
    z = great_circles(3, 4 * ROUND, 50).reshape(4, ROUND, 50)
    ends = noise(3, 8, 50)
    np.testing.assert_allclose(z[:, 0], ends[:4], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(z[:, -1], ends[4:], rtol=1e-5, atol=1e-6)
    lengths = np.linalg.norm(z, axis=-1)
    steps = np.diff(lengths, axis=1)
    np.testing.assert_allclose(steps, np.repeat(steps[:, :1], ROUND - 1, 1), atol=1e-4)  # lengths change evenly
    unit = z / lengths[..., None]
    angles = np.arccos(np.clip((unit[:, 1:] * unit[:, :-1]).sum(-1), -1, 1))
    np.testing.assert_allclose(angles, np.repeat(angles[:, :1], ROUND - 1, 1), rtol=1e-3)  # as do directions
    assert lengths.min() > 0.9 * np.linalg.norm(ends, axis=-1).min(), "a straight line would cut the corner"


def test_interpolated_images_change_little_from_one_to_the_next(call, runs):
    made(call("sample", runs / "digits", "--n", 2 * ROUND, "--interpolate", "--out", "a.npz"), "a.npz")
    found = images("a.npz").reshape(2, ROUND, 28, 28).astype(float)
    steps = np.abs(np.diff(found, axis=1)).mean((2, 3))
    assert (steps.max(1) < np.abs(found[:, 0] - found[:, -1]).mean((1, 2))).all()


def test_sampling_does_not_depend_on_how_many_are_drawn_at_once(call, runs):
    """Batch norm uses running statistics: a sample never depends on its batch-mates."""
    for name, n in (("one", 1), ("many", 40)):
        made(call("sample", runs / "digits", "--n", n, "--out", f"{name}.npz"), f"{name}.npz")
    np.testing.assert_allclose(images("one.npz")[0].astype(int), images("many.npz")[0].astype(int), atol=1)

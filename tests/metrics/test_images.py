"""Files of images from other programs: every usual form gives the same pixels, everything else is an error that says why."""

import numpy as np
import pytest

from errors import UserError
from metrics.images import read_images, read_points
from tests.helpers import pictures


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.npz"


GREY = pictures(12, 28)
COLOUR = pictures(12, 32, 3)
FORMS = {
    "N×H×W": GREY[:, 0],
    "channels first": GREY,
    "channels last": GREY.transpose(0, 2, 3, 1),
    "[0, 1]": GREY / 255,
    "[0, 1] float32": (GREY / 255).astype(np.float32),
    "[−1, 1]": GREY / 127.5 - 1,
    "[−1, 1] float32, channels last": (GREY.transpose(0, 2, 3, 1) / 127.5 - 1).astype(np.float32),
    "padded to 32": np.pad(GREY, ((0, 0), (0, 0), (2, 2), (2, 2))),
    "three equal colours": GREY.repeat(3, 1),
    "three equal colours, last, floats": GREY.repeat(3, 1).transpose(0, 2, 3, 1) / 255,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_grey_images(path, form):
    np.testing.assert_array_equal(read_images(save(path, images=FORMS[form]), 1, 32, 28), GREY)


@pytest.mark.parametrize("form", ["first", "last"])
@pytest.mark.parametrize("scale", [lambda x: x, lambda x: x / 255, lambda x: x / 127.5 - 1])
def test_every_form_of_colour_images(path, form, scale):
    images = scale(COLOUR if form == "first" else COLOUR.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(read_images(save(path, images=images), 3, 32), COLOUR)


def test_half_precision_is_near_enough(path):
    images = read_images(save(path, images=(GREY / 127.5 - 1).astype(np.float16)), 1, 32, 28)
    assert np.abs(images.astype(int) - GREY).max() <= 1


BAD = {
    "empty": (np.zeros((0, 28, 28), np.uint8), "holds no images"),
    "NaN": (np.full((4, 28, 28), np.nan), "NaN"),
    "infinity": (np.where(np.arange(784).reshape(28, 28) == 3, np.inf, 0.5)[None], "infinity"),
    "0..255 as float": (GREY[:, 0].astype(float), r"float pixels from 0 to 255; wanted are \[0, 1\]"),
    "int64": (GREY.astype(np.int64), "pixels are int64"),
    "bool": (GREY > 3, "pixels are bool"),
    "size": (pictures(3, 30)[:, 0], "30×30 pixels"),
    "64 pixels": (pictures(3, 64), "64×64 pixels"),
    "not square": (np.zeros((3, 28, 32), np.uint8), "28×32 pixels"),
    "two colours": (np.zeros((3, 28, 28, 2), np.uint8), r"shape \(3, 28, 28, 2\)"),
    "one image": (np.zeros((28, 28), np.uint8), "shape"),
    "five axes": (np.zeros((1, 1, 1, 28, 28), np.uint8), "shape"),
    "text": (np.full((2, 28, 28), "x"), "pixels are"),
    "colour": (pictures(5, 28, 3), "images in colour"),
}


@pytest.mark.parametrize("kind", BAD)
def test_anything_else_is_an_error(path, kind):
    images, words = BAD[kind]
    with pytest.raises(UserError, match=words):
        read_images(save(path, images=images), 1, 32, 28)


def test_grey_and_small_images_are_not_cifars(path):
    with pytest.raises(UserError, match="holds grey images, the data set has 3 colours"):
        read_images(save(path, images=GREY), 3, 32)
    with pytest.raises(UserError, match="images of 28×28 pixels, the data set has 32×32"):
        read_images(save(path, images=pictures(5, 28, 3)), 3, 32)


def test_other_files(path, tmp_path):
    with pytest.raises(UserError, match=r"no array `images`; it has x, y"):
        read_images(save(path, x=GREY, y=GREY), 1, 32, 28)
    path.write_bytes(b"nonsense")
    with pytest.raises(UserError, match=r"cannot be read as \.npz"):
        read_images(path, 1, 32, 28)
    raw = save(tmp_path / "whole.npz", images=GREY).read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(UserError, match=r"cannot be read as \.npz"):
        read_images(path, 1, 32, 28)
    middle = len(raw) // 2
    path.write_bytes(raw[:middle] + b"\xff\xff\xff\xff" + raw[middle + 4 :])
    with pytest.raises(UserError, match=r"cannot be read as \.npz"):
        read_images(path, 1, 32, 28)


def test_no_code_in_a_file_is_run(path, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    save(path, images=np.array([Bomb()], object))
    with pytest.raises(UserError, match=r"cannot be read as \.npz"):
        read_images(path, 1, 32, 28)
    assert not (tmp_path / "ran").exists()


def test_points(path):
    points = np.random.default_rng(0).standard_normal((20, 2)).astype(np.float32)
    np.testing.assert_array_equal(read_points(save(path, points=points)), points)
    with pytest.raises(UserError, match="wants points N×2"):
        read_points(save(path, points=points[:, :1]))

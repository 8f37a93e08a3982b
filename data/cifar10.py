"""cifar10: the published archive cifar-10-python.tar.gz, read without running what its pickles might hold."""

import io
import pickle
import tarfile
import zlib
from typing import Any

import numpy as np

from data.dataset import Dataset
from data.files import Remote, locate, md5
from data.folder import resize
from errors import UserError

URL, MD5 = "https://dataset.bj.bcebos.com/cifar/", "c58f30108f718f92721af3b95e74349a"
ARCHIVE = Remote("cifar-10-python.tar.gz", URL, MD5, 170_498_071, cached="cifar")
TRAIN = [f"data_batch_{k}" for k in range(1, 6)]
LARGEST = 64 << 20  # bytes a batch may have; the real ones have 31 MB
LARGEST_TOTAL, MOST = 512 << 20, 100  # bytes and files of the archive


def load(name: str, data_dir: str | None, image_size: int) -> Dataset:
    """50,000 + 10,000 colour images of 32×32 pixels, resized if image_size is another."""
    path = locate(ARCHIVE, name, data_dir)
    batches = _read_archive(path)
    images = {k: resize(x, image_size) for k, (x, _) in batches.items()}
    note = "" if md5(path) == ARCHIVE.md5 else "not the published archive: another MD5"
    return Dataset(
        name,
        np.concatenate([images[k] for k in TRAIN]),
        images["test_batch"],
        np.concatenate([batches[k][1] for k in TRAIN]),
        batches["test_batch"][1],
        note=note,
    )


def _read_archive(path):
    wanted, batches, total = {*TRAIN, "test_batch"}, {}, 0
    try:
        with tarfile.open(path, "r:gz") as archive:
            for number, member in enumerate(archive):  # in memory only: nothing is unpacked, so no path or link in it matters
                total += max(0, member.size)
                if total > LARGEST_TOTAL or number > MOST:
                    raise UserError(f"{path} holds more than CIFAR-10: the published archive has 8 files of 186 MB together")
                base = member.name.rsplit("/", 1)[-1]
                if base in wanted and (file := archive.extractfile(member) if member.isfile() else None):
                    if member.size > LARGEST:
                        raise UserError(f"{path}: {base} has {member.size:,} bytes, too many for a CIFAR-10 batch")
                    batches[base] = read_batch(file.read(), f"{path}: {base}")
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, OverflowError, MemoryError) as error:
        raise UserError(f"{path} cannot be read as a tar.gz: {error}") from None
    if missing := sorted(wanted - set(batches)):
        raise UserError(f"{path} is not the python version of CIFAR-10: {', '.join(missing)} missing")
    return batches


def read_batch(raw: bytes, where: str = "batch") -> tuple[np.ndarray, np.ndarray]:
    """(images uint8 N×3×32×32, labels int64 N) of one pickled batch. Raises UserError; no code in it is run."""
    try:
        content = _Inert(io.BytesIO(raw), encoding="bytes").load()
        content = {(k.decode() if isinstance(k, bytes) else k): v for k, v in content.items()}
        data, labels = content["data"], content["labels"]
        images = data.array() if isinstance(data, _Array) else None
        labels = np.asarray(labels, np.int64) if isinstance(labels, list) else None
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    except Exception as error:  # a hostile pickle can fail in any way it likes
        raise UserError(f"{where} is not a CIFAR-10 batch ({type(error).__name__}: {str(error)[:80]})") from None
    if images is None or images.ndim != 2 or images.shape[1] != 3072 or labels is None or labels.shape != images.shape[:1]:
        raise UserError(f"{where} is not a CIFAR-10 batch: it wants data of N×3072 bytes and N labels")
    if len(labels) and not (labels.min() >= 0 and labels.max() <= 9):
        raise UserError(f"{where} is not a CIFAR-10 batch: a label is outside 0..9")
    return images.reshape(-1, 3, 32, 32), labels


class _Array:
    """Stands in for numpy.ndarray while unpickling: it only remembers the shape, type and bytes it is given."""

    state: Any = None

    def __setstate__(self, state):
        self.state = state

    def array(self) -> np.ndarray:
        _, shape, dtype, fortran, raw = self.state
        if not isinstance(dtype, _Type) or dtype.code not in ("u1", b"u1", "uint8") or not isinstance(raw, bytes):
            raise UserError("its data are not unsigned bytes")
        if len(shape) != 2 or not all(isinstance(n, int) and 0 <= n <= LARGEST for n in shape):
            raise UserError("its data are not a matrix")
        if shape[0] * shape[1] != len(raw):
            raise UserError(f"its data have {len(raw)} bytes, their shape says {shape[0] * shape[1]}")
        return np.frombuffer(raw, np.uint8).reshape(shape, order="F" if fortran else "C")


class _Type:
    """Stands in for numpy.dtype."""

    def __init__(self, code: object = None, *_: object):
        self.code = code

    def __setstate__(self, state):
        pass


def _encode(text, encoding="latin1"):
    if encoding not in ("latin1", b"latin1"):
        raise UserError("it encodes text otherwise than latin1")
    return text.encode("latin1")


class _Inert(pickle._Unpickler):
    """An unpickler to which the only known names are the four of a numpy array, each an inert stand-in of ours.

    It is the one written in Python: at one opcode the one in C would allocate as much memory as the file likes.
    """

    NAMES = {
        **{(f"numpy.{core}.multiarray", "_reconstruct"): lambda *_: _Array() for core in ("core", "_core")},
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Type,
        ("_codecs", "encode"): _encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self.NAMES[module, name]
        except KeyError:
            raise UserError(f"it asks for {module}.{name}, which a batch of images has no use for") from None

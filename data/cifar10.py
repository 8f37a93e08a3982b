"""cifar10: the published archive cifar-10-python.tar.gz, read without doing what its pickles might say."""

import pickletools
import tarfile
from typing import Any

import numpy as np

from data.dataset import Dataset
from data.files import Remote, locate, md5
from data.folder import resize
from errors import UserError
from storage import reading

URL, MD5 = "https://dataset.bj.bcebos.com/cifar/", "c58f30108f718f92721af3b95e74349a"
ARCHIVE = Remote("cifar-10-python.tar.gz", URL, MD5, 170_498_071, cached="cifar")
TRAIN = [f"data_batch_{k}" for k in range(1, 6)]
LARGEST = 64 << 20  # bytes a batch may have; the real ones have 31 MB
LARGEST_TOTAL, MOST = 320 << 20, 100  # bytes, packed or not, and files of the archive; the published one has 186 MB and 8 files
BLOCK, PLAIN_FILE = 512, (tarfile.REGTYPE, tarfile.AREGTYPE)
OPCODES = 150_000  # of a batch's pickle; the real ones have 30,000, and 90,000 when they are pickled anew by Python 3
# what an array's pickle names; one of them is called to make the array, the others to make its type and, by Python 3, its bytes
RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
NAMES = (*RECONSTRUCT, "numpy ndarray", "numpy dtype", "_codecs encode")
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
NUMBERS = ("BININT", "BININT1", "BININT2", "LONG1")
TEXTS = ("BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES")
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3, "TUPLE": None}


def load(name: str, data_dir: str | None, image_size: int) -> Dataset:
    """50,000 + 10,000 colour images of 32×32 pixels, resized if image_size is another."""
    path = locate(ARCHIVE, name, data_dir)
    batches = _read_archive(path)
    images = {k: resize(x, image_size) for k, (x, _) in batches.items()}
    published = reading.size(path) == ARCHIVE.size and md5(path) == ARCHIVE.md5
    note = "" if published else "not the published archive: another MD5"
    return Dataset(
        name,
        np.concatenate([images[k] for k in TRAIN]),
        images["test_batch"],
        np.concatenate([batches[k][1] for k in TRAIN]),
        batches["test_batch"][1],
        note=note,
        classes=CLASSES,
    )


def _read_archive(path):
    """{batch: (images, labels)}. The archive is read block by block, in memory only: no path or link in it matters.

    Python's tarfile would read a header of any length into memory; here those of long names and of attributes are passed over.
    """
    wanted, batches = {*TRAIN, "test_batch"}, {}
    with reading.stream(path, LARGEST_TOTAL) as archive:
        for _ in range(MOST):
            block = archive.read(BLOCK)
            if not block.strip(b"\0"):  # the archive's end, or the file's
                break
            try:
                member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except (tarfile.TarError, ValueError) as error:
                raise UserError(f"{path} cannot be read as a tar.gz: {error}") from None
            if not 0 <= member.size <= LARGEST_TOTAL:
                raise UserError(f"{path} cannot be read as a tar.gz: one of its files has {member.size:,} bytes")
            base, left = member.name.rsplit("/", 1)[-1], -(-member.size // BLOCK) * BLOCK
            if base in wanted and member.type in PLAIN_FILE:
                where = f"{path}: {base}"
                if base in batches or member.size > LARGEST:
                    raise UserError(f"{where} is there twice, or its {member.size:,} bytes are too many for a CIFAR-10 batch")
                batches[base], left = read_batch(archive.read(left)[: member.size], where), 0
            while left > 0 and (passed := archive.read(min(left, 1 << 20))):
                left -= len(passed)
        else:
            raise UserError(f"{path} holds more than CIFAR-10: the published archive has 8 files")
    if missing := sorted(wanted - set(batches)):
        raise UserError(f"{path} is not the python version of CIFAR-10: {', '.join(missing)} missing")
    return batches


def read_batch(raw: bytes, where: str = "batch") -> tuple[np.ndarray, np.ndarray]:
    """(images uint8 N×3×32×32, labels int64 N) of one pickled batch. Raises UserError; no code in it is run."""
    try:
        content = unpickled(raw)
        images, labels = content[b"data"].matrix(), content[b"labels"]
        if not isinstance(labels, list) or images.shape != (len(labels), 3072):
            raise UserError("is not a CIFAR-10 batch: it wants data of N×3072 bytes and N labels")
        if not all(type(label) is int and 0 <= label <= 9 for label in labels):
            raise UserError("is not a CIFAR-10 batch: a label is outside 0..9")
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    except Exception as error:  # a hostile pickle can fail in any way it likes
        raise UserError(f"{where} is not a CIFAR-10 batch ({type(error).__name__}: {str(error)[:80]})") from None
    return images.reshape(-1, 3, 32, 32), np.array(labels, np.int64)


class Array:
    """Stands in for numpy.ndarray: it only remembers the (version, shape, type, order, bytes) that it is given."""

    state: Any = None

    def matrix(self) -> np.ndarray:
        """uint8 N×M. Raises UserError if it is anything else."""
        _, shape, dtype, fortran, raw = self.state
        if dtype not in (b"u1", b"uint8") or not isinstance(raw, bytes):
            raise UserError("its data are not unsigned bytes")
        if len(shape) != 2 or not all(type(n) is int and n >= 0 for n in shape):
            raise UserError("its data are not a matrix")
        if shape[0] * shape[1] != len(raw):
            raise UserError(f"its data have {len(raw)} bytes, their shape says {shape[0]}×{shape[1]}")
        return np.frombuffer(raw, np.uint8).reshape(shape, order="F" if fortran else "C")


def unpickled(raw: bytes) -> Any:
    """What a pickle holds of numbers, text (as bytes), lists, tuples, dicts with text as keys, and Arrays; a dtype is its code.

    Nothing is called and nothing is compared that could be deep: pickletools takes a pickle apart without doing what it says.
    Raises UserError for more than OPCODES opcodes and for others than these, and any exception for a pickle that is not whole.
    """
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}

    def take(count=None):
        """Pop the last `count` values; None: those since the last mark."""
        at = marks.pop() if count is None else len(stack) - count
        values = stack[max(at, 0) :]
        del stack[max(at, 0) :]
        return values

    def put(values):
        """Into the dict or the list that is last."""
        if isinstance(stack[-1], list):
            stack[-1].extend(values)
        elif all(isinstance(key, bytes) for key in values[::2]):  # whatever else would be hashed
            stack[-1].update(zip(values[::2], values[1::2], strict=True))
        else:
            raise UserError("a key in it is not text")

    value: Any
    for number, (opcode, value, _) in enumerate(pickletools.genops(raw)):
        name = opcode.name
        if number >= OPCODES:
            raise UserError(f"it has more than {OPCODES:,} opcodes")
        if name in NUMBERS:
            stack.append(value)
        elif name in TEXTS:
            stack.append(value if isinstance(value, bytes) else value.encode("latin-1"))
        elif name in CONSTANTS:
            stack.append(CONSTANTS[name])
        elif name in TUPLES:
            stack.append(tuple(take(TUPLES[name])))
        elif name in ("EMPTY_LIST", "EMPTY_DICT"):
            stack.append([] if name == "EMPTY_LIST" else {})
        elif name == "LIST":
            stack.append(take())
        elif name in ("APPEND", "SETITEM"):
            put(take(1 if name == "APPEND" else 2))
        elif name in ("APPENDS", "SETITEMS"):
            put(take())
        elif name == "MARK":
            marks.append(len(stack))
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            memo[len(memo) if name == "MEMOIZE" else value] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[value])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            asked = value if name == "GLOBAL" else b" ".join(take(2)).decode("latin-1")
            if asked not in NAMES:
                raise UserError(f"it asks for {asked[:80].replace(' ', '.')}, which a batch of images has no use for")
            stack.append(asked)  # the only str here: text is bytes
        elif name == "REDUCE":
            asked, arguments = take(2)
            if asked == "_codecs encode" and arguments[1:] != (b"latin1",):
                raise UserError("it encodes text otherwise than latin1")
            stack.append(Array() if asked in RECONSTRUCT else arguments[0])
        elif name == "BUILD":
            (state,) = take(1)
            if isinstance(stack[-1], Array):
                stack[-1].state = state
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise UserError(f"it uses the opcode {name}, for which a batch of images has no use")
    raise UserError("it has no end")

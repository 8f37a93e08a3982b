"""What several tests share: tiny recipes, data sets and games, finite differences, comparisons of runs."""

import gzip
import io
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
from filelock import FileLock

from data.dataset import Dataset
from models import networks, objectives
from training import checkpoint
from training import recipe as recipes

ROOT = Path(__file__).resolve().parent.parent
MODELS = ("gan", "dcgan", "wgan", "wgan-gp", "lsgan")
PAPER = ("wgan-paper", "wgan-gp-paper")  # with the papers' constants, which stay; the others' were searched and may change
NETWORKS, OBJECTIVES = tuple(networks.NETWORKS), tuple(objectives.OBJECTIVES)
TIMES = ("seconds", "cpu_seconds", "images_per_second", "batch_cost", "reader_cost")
CLASSES = dict.fromkeys("0123456789", 10)  # of a conditional game's data
# without decay and warm-up, so that four steps and two steps begin alike and a step takes few critic steps
TINY = {"filters": 4, "units": 16, "latent": 8, "batch_size": 8, "decay": False, "warm_up": False, "log_every": 1, "steps": 4}
TINY_FLAGS = [word for key, value in TINY.items() for word in ("-o", f"{key}={value}")]


def tiny(model="wgan", **settings):
    """The recipe of a model, small enough for a test."""
    return recipes.load(model, overrides={**TINY, **settings})


def unwarned(err):
    """stderr without the warnings that a recipe does not read all of TINY."""
    return "".join(line for line in err.splitlines(keepends=True) if " does nothing here: " not in line)


def pictures(n, size=32, colours=1, seed=0):
    """uint8 n×colours×size×size."""
    return np.random.default_rng(seed).integers(0, 256, (n, colours, size, size), dtype=np.uint8)


def toy_dataset(n=40, heldout=16, size=32, colours=1, seed=0, native_size=None):
    both = pictures(n + heldout, size, colours, seed)
    return Dataset("mnist-5k", both[:n], both[n:], native_size=native_size)


def tiny_game(model="wgan", shape=(1, 32, 32), **settings):
    from training.trainer import GANTrainer

    return GANTrainer(tiny(model, **settings), shape, classes=CLASSES if settings.get("conditional") else None)


def state_of(trainer, step=1):
    """What a checkpoint's state.json says of a trainer beside its format."""
    counters = {"step": step, "critic_steps": trainer.critic_steps, "attempt": trainer.attempt}
    clocks = {"seconds": 0.0, "cpu_seconds": 0.0}
    made = {"recipe": trainer.recipe.model_dump(), "shape": list(trainer.shape), "native_size": None}
    made["classes"] = trainer.classes or None
    return {**counters, **clocks, "alarms": {"dead": 0, "negative": 0}, "logs": {}, **made}


def batch(n=8, shape=(1, 32, 32), seed=0, dtype="float32"):
    """A Paddle tensor of n items, uniform on [−1, 1]."""
    import paddle

    return paddle.to_tensor(np.random.default_rng(seed).uniform(-1, 1, (n, *shape)).astype(dtype))


def values(weights):
    """Copies of a list of parameters as numpy arrays."""
    return [weight.numpy().copy() for weight in weights]


def equal(left, right):
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def idx(array):
    """The bytes of an IDX file of unsigned bytes."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()


def write_mnist(folder, n=40, heldout=16, zipped=True):
    """MNIST's four IDX files with n and `heldout` random digits. Returns the training images, N×28×28."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for stem, count in (("train", n), ("t10k", heldout)):
        images, labels = rng.integers(0, 256, (count, 28, 28)), rng.integers(0, 10, count)
        for name, array in ((f"{stem}-images-idx3-ubyte", images), (f"{stem}-labels-idx1-ubyte", labels)):
            content = idx(array)
            (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(content) if zipped else content)
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28)).astype(np.uint8)


def python2_batch(data, labels):
    """A CIFAR-10 batch pickled as Python 2 and the numpy of 2009 did: byte strings by the BINSTRING opcode, protocol 2."""

    def text(raw):
        return b"T" + len(raw).to_bytes(4, "little") + raw  # BINSTRING

    def integer(value):
        return b"J" + int(value).to_bytes(4, "little", signed=True)  # BININT

    dtype = b"cnumpy\ndtype\n(" + text(b"u1") + integer(0) + integer(1) + b"tR("
    dtype += integer(3) + text(b"|") + b"NNN" + integer(-1) + integer(-1) + integer(0) + b"tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(" + integer(0) + b"t" + text(b"b") + b"tR("
    array += integer(1) + b"(" + integer(data.shape[0]) + integer(data.shape[1]) + b"t" + dtype + b"\x89"  # False: C order
    array += text(data.tobytes()) + b"tb"
    items = text(b"data") + array + text(b"labels") + b"(" + b"".join(map(integer, labels)) + b"l"
    items += text(b"batch_label") + text(b"training batch 1 of 5")
    return b"\x80\x02}(" + items + b"u."


def python3_batch(data, labels):
    return pickle.dumps({b"data": data, b"labels": [int(y) for y in labels], b"filenames": [b"x.png"] * len(labels)}, 2)


def write_cifar10(path, n=8, form=python2_batch, leave_out=(), replace=None):
    """cifar-10-python.tar.gz in the published layout with n images a batch. Returns {batch: N×3072 bytes}."""
    rng, written = np.random.default_rng(1), {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]:
            data, labels = rng.integers(0, 256, (n, 3072), dtype=np.uint8), rng.integers(0, 10, n)
            raw = (replace or {}).get(name) or form(data, labels)
            if name not in leave_out:
                member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                member.size = len(raw)
                archive.addfile(member, io.BytesIO(raw))
                written[name] = data
    return written


def write_images(folder, n=12, size=(40, 36), suffix=".png"):
    """n random RGB pictures as files."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    for k in range(n):
        picture = np.random.default_rng(k).integers(0, 256, (*size, 3), dtype=np.uint8)
        (folder / f"{k:03d}{suffix}").write_bytes(cv2.imencode(suffix, picture)[1].tobytes())


def made_once(factory, name, make):
    """A folder that all of pytest-xdist's processes share, filled by make(folder) in the first that asks; not to be changed."""
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / f"shared-{name}"
    with FileLock(f"{folder}.lock"):
        if not (done := folder / ".done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def log_of(folder, without=TIMES):
    """log.jsonl as a list of dicts, without what may differ between equal runs."""
    lines = [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in without} for line in lines]


def weights_of(folder, step):
    """{file: bytes} of the networks and optimisers of a checkpoint."""
    checkpoint = Path(folder) / "checkpoints" / f"step-{step:06d}"
    return {path.name: path.read_bytes() for path in sorted(checkpoint.glob("*.safetensors"))}


def files_of(recipe):
    """Names of the safetensors files in a checkpoint of a recipe."""
    parts = (*checkpoint.PARTS, *([checkpoint.AVERAGE] if recipe.ema else []))
    return {f"{part}.safetensors" for part in parts}


def scalars_of(folder):
    """{tag: [(step, value), …]} of a run's VisualDL records."""
    from visualdl import LogReader

    (records,) = Path(folder).glob("vdlrecords.*.log")
    reader = LogReader(file_path=str(records))
    tags = reader.get_tags().get("scalar", [])
    return {tag: [(item.id, item.value) for item in reader.get_data("scalar", tag)] for tag in tags}


def files_below(folder):
    """{path: bytes} of all files below a folder, to see that nothing was written or lost. A lock's file holds nothing."""
    folder = Path(folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def free_port():
    """A port of this machine at which nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def in_process(name, *arguments):
    """Run a command in this process, without catching its errors."""
    __import__(name).main.main([str(argument) for argument in arguments], prog_name=name, standalone_mode=False)


def program(*arguments, cwd, **options):
    """Start a command of the repository as a user would: program('train.py', '--model', …, cwd=…)."""
    name, *rest = map(str, arguments)
    return subprocess.Popen(
        [sys.executable, str(ROOT / name), *rest],
        cwd=cwd,
        env={**os.environ, **options.pop("env", {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run_program(*arguments, cwd, timeout=120, **options):
    """(status, stdout, stderr) of a command that is waited for."""
    with program(*arguments, cwd=cwd, **options) as process:
        out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err

"""Files as an enemy or a bad disk would make them: taken or refused in words, in bounded time and memory.

Nothing in them is ever run.
"""

import gzip
import io
import json
import os
import pickle
import random
import re
import resource
import shutil
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from data.cifar10 import _read_archive, read_batch
from data.folder import read_image
from data.idx import read_idx
from errors import UserError
from metrics.images import read_images, read_points
from tests.helpers import idx, pictures, python2_batch, python3_batch, state_of, tiny_game, write_cifar10
from tests.reliability import TALLY
from training import checkpoint
from training import recipe as recipes
from training.trainer import rebuild

SECONDS, BYTES = 5, 1 << 30  # what one input, and what all of a kind, may take
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect", "ctypes.dlopen", "exec")
watched = []  # while it holds a list, forbidden events are put into that


def _watch(event, arguments):
    # an import runs code too, from a file
    if watched and event in FORBIDDEN and not (event == "exec" and Path(arguments[0].co_filename).is_file()):
        watched[-1].append((event, str(arguments)[:100]))


sys.addaudithook(_watch)


def mutated(raw, draw):
    """`raw` with one to four changes of the kinds that fuzzers make."""
    raw = bytearray(raw)
    for _ in range(draw.randint(1, 4)):
        at, length = draw.randrange(len(raw) + 1), draw.choice([1, 1, 2, 4, 16, 100])
        kind = draw.randrange(7)
        if kind == 0 and raw:  # a flipped bit
            raw[at % len(raw)] ^= 1 << draw.randrange(8)
        elif kind == 1:  # cut short
            del raw[at:]
        elif kind == 2:  # a piece is missing
            del raw[at : at + length]
        elif kind == 3:  # a piece of noise
            raw[at:at] = draw.randbytes(length)
        elif kind == 4:  # a piece twice
            raw[at:at] = raw[at : at + length]
        elif kind == 5:  # a number at a limit
            number = draw.choice(
                [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1]
            )
            width = next(w for w in (1, 2, 4, 8) if number < 256**w)
            raw[at : at + width] = number.to_bytes(width, draw.choice(["big", "little"]))
        else:  # a piece from elsewhere in it
            other = draw.randrange(len(raw) + 1)
            raw[at : at + length] = raw[other : other + length]
    return bytes(raw)


def taken_or_refused(read):
    """Whether an input was taken; any other exception than UserError is a failure."""
    began, events = time.monotonic(), []
    watched.append(events)
    try:
        read()
        taken = True
    except UserError as error:
        taken = False
        assert str(error).strip() and len(str(error)) < 2000, error
    finally:
        watched.pop()
    assert time.monotonic() - began < SECONDS
    assert not events, events
    return taken


def fuzz(kind, count, seeds, write, read, seed=0):
    """Try `count` mutations of the byte strings `seeds`. write(raw) puts one where read() looks."""
    draw, accepted = random.Random(seed), 0
    write(seeds[0])
    read()  # libraries import their parts at the first call
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(count):
        while (raw := mutated(draw.choice(seeds), draw)) in seeds:
            pass
        write(raw)
        try:
            accepted += taken_or_refused(read)
        except BaseException:
            Path(os.environ.get("FUZZ_KEEP", "/tmp"), f"failed-{kind.replace(' ', '-')}").write_bytes(raw)
            raise
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown < BYTES, f"{grown:,} bytes"
    TALLY[f"hostile inputs tried: {kind}"] += count
    TALLY["hostile inputs tried"] += count
    return accepted


@pytest.fixture(params=[1, pytest.param(20, marks=pytest.mark.slow)], ids=["short", "long"])
def times(request):
    return request.param


def test_idx_files(tmp_path, times):
    plain = idx(pictures(6, 28)[:, 0])
    path = tmp_path / "x"
    fuzz("IDX files", 100 * times, [plain, gzip.compress(plain)], path.write_bytes, lambda: read_idx(path, 3))


def test_cifar_batches(times):
    data = np.random.default_rng(0).integers(0, 256, (2, 3072), dtype=np.uint8)
    seeds = [python2_batch(data, [1, 2]), python3_batch(data, [1, 2])]
    # most of a batch is pixels: mutate the part that is program as well
    now = []
    fuzz("CIFAR-10 pickles", 100 * times, seeds, lambda raw: now.__setitem__(slice(None), [raw]), lambda: read_batch(now[0]))
    small = [python2_batch(data[:0], []), python3_batch(data[:0], [])]
    fuzz("CIFAR-10 pickles", 50 * times, small, lambda raw: now.__setitem__(slice(None), [raw]), lambda: read_batch(now[0]))


def test_cifar_archives(tmp_path, times):
    path = tmp_path / "cifar.tar.gz"
    write_cifar10(path, 1)
    raw = path.read_bytes()
    fuzz("CIFAR-10 archives", 15 * times, [raw], path.write_bytes, lambda: _read_archive(path))
    inner = gzip.decompress(raw)
    pack = lambda mutant: path.write_bytes(gzip.compress(mutant, 1))  # noqa: E731
    fuzz("CIFAR-10 archives", 35 * times, [inner], pack, lambda: _read_archive(path))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_images(tmp_path, times, suffix):
    picture = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    seeds = [cv2.imencode(suffix, picture)[1].tobytes(), cv2.imencode(suffix, picture[..., 0])[1].tobytes()]
    path = tmp_path / f"x{suffix}"
    fuzz("images", 40 * times, seeds, path.write_bytes, lambda: read_image(path, 32))


def test_configs(tmp_path, times):
    seeds = [path.read_bytes() for path in recipes.CONFIGS.glob("*.yaml")]
    path = tmp_path / "x.yaml"
    fuzz("configs", 60 * times, seeds, path.write_bytes, lambda: recipes.load(config=path))


def test_images_of_other_programs(tmp_path, times):
    seeds = []
    for array in (pictures(3, 28)[:, 0], pictures(2, 32, 3).astype(np.float32) / 255):
        for save in (np.savez, np.savez_compressed):
            file = io.BytesIO()
            save(file, images=array)
            seeds.append(file.getvalue())
    path = tmp_path / "x.npz"
    fuzz(".npz files", 50 * times, seeds, path.write_bytes, lambda: read_images(path, 1, 32, 28))
    file = io.BytesIO()
    np.savez(file, points=np.zeros((5, 2), np.float32))
    fuzz(".npz files", 25 * times, [file.getvalue()], path.write_bytes, lambda: read_points(path))


def a_checkpoint(folder):
    trainer = tiny_game("wgan", network="mlp", units=4, latent=2, ema=0.9, data="25gaussians", shape=(2,))
    return checkpoint.save(folder, 1, trainer.parts(), state_of(trainer), 3)


def test_checkpoints(tmp_path, times):
    path = a_checkpoint(tmp_path)
    for file in sorted(path.iterdir()):
        raw = file.read_bytes()
        changed = fuzz("checkpoints", 10 * times, [raw], file.write_bytes, lambda: rebuild(path))
        assert not changed or file.name == "state.json", "a changed file was taken"  # white space may be changed
        file.write_bytes(raw)
    rebuild(path)


def test_every_flipped_bit_of_a_checkpoint_is_found(tmp_path, times):
    path, draw = a_checkpoint(tmp_path), random.Random(1)
    same = lambda text, raw: text is not None and text == json.loads(raw)  # noqa: E731
    for file in sorted(path.iterdir()):
        raw = file.read_bytes()
        for _ in range(20 * times):
            bit = draw.randrange(8 * len(raw))
            file.write_bytes(raw[: bit // 8] + bytes([raw[bit // 8] ^ 1 << bit % 8]) + raw[bit // 8 + 1 :])
            try:
                state = checkpoint.load(path)[1]
            except UserError:
                TALLY["flipped bits found"] += 1
            else:  # one white space for another
                assert file.name == "state.json" and same(state, raw)
        file.write_bytes(raw)


def test_checkpoints_whose_seal_was_made_anew(tmp_path, times):
    """An enemy can seal what he wrote: then the contents have to be refused."""
    path = a_checkpoint(tmp_path)
    good, draw = json.loads((path / "state.json").read_text()), random.Random(2)
    values = [None, -1, 0, 1e308, 2**80, "x", [], {}, [[]], True, {"a": 1}, "../../etc/passwd", [1] * 50, float("1e-300")]
    for _ in range(30 * times):
        state = json.loads(json.dumps(good))
        at = draw.choice([state, state["recipe"]])
        at[draw.choice(list(at))] = draw.choice(values)
        state.pop("seal", None)
        (path / "state.json").write_text(json.dumps(checkpoint.sealed(state)))
        taken_or_refused(lambda: rebuild(path))
        TALLY["hostile inputs tried: checkpoints"] += 1
        TALLY["hostile inputs tried"] += 1


# what mutation would hardly find


class Exploit:
    def __reduce__(self):
        return os.system, ("touch /tmp/paddle-wgan-was-here",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_a_command_does_not(protocol):
    assert not taken_or_refused(lambda: read_batch(pickle.dumps({"data": Exploit(), "labels": [1]}, protocol)))


def tar_of(path, *members):
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content) if content is not None else None)


def member(name, size=0, **attributes):
    info = tarfile.TarInfo(name)
    info.size = size
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


def test_an_archive_cannot_leave_its_place(tmp_path):
    path, target = tmp_path / "c.tar.gz", tmp_path / "outside"
    tar_of(
        path,
        (member("../outside", 3), b"bad"),
        (member(str(target), 3), b"bad"),
        (member("data_batch_1", type=tarfile.SYMTYPE, linkname="/etc/passwd"), None),
        (member("data_batch_2", type=tarfile.LNKTYPE, linkname="../../etc/passwd"), None),
        (member("data_batch_3", type=tarfile.FIFOTYPE), None),
    )
    assert not taken_or_refused(lambda: _read_archive(path))
    assert not target.exists() and sorted(p.name for p in tmp_path.iterdir()) == ["c.tar.gz"]


class Zeros(io.RawIOBase):
    def read(self, n=-1):
        return b"\0" * n


def test_bombs_are_refused_before_they_are_unpacked(tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = tmp_path / "c.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        archive.addfile(member("cifar-10-batches-py/readme.html", 600 << 20), Zeros())
    assert path.stat().st_size < 4 << 20
    assert not taken_or_refused(lambda: _read_archive(path))
    tar_of(path, (member("data_batch_1", 0), b""), *((member(f"{k}", 0), b"") for k in range(500)))
    assert not taken_or_refused(lambda: _read_archive(path))

    digits = tmp_path / "train-images-idx3-ubyte.gz"
    with gzip.open(digits, "wb", compresslevel=1) as file:
        for _ in range(200):
            file.write(bytes(1 << 20))
    assert not taken_or_refused(lambda: read_idx(digits, 3))

    npz = tmp_path / "b.npz"
    header = np.lib.format.magic(1, 0)
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999, 28, 28), }"
    text += b" " * (118 - len(text)) + b"\n"
    with zipfile.ZipFile(npz, "w") as archive:
        archive.writestr("images.npy", header + len(text).to_bytes(2, "little") + text + bytes(100))
    assert not taken_or_refused(lambda: read_images(npz, 1, 32, 28))

    done, png = cv2.imencode(".png", np.zeros((40000, 3000), np.uint8))
    (tmp_path / "b.png").write_bytes(png.tobytes())
    assert done and not taken_or_refused(lambda: read_image(tmp_path / "b.png", 32))

    laughs = "a0: &a0 [x]\n" + "".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]\n" for k in range(1, 30))
    config = tmp_path / "b.yaml"
    config.write_text(laughs.replace("a29:", "steps:"))
    assert not taken_or_refused(lambda: recipes.load("wgan", config=config))
    wgan = (recipes.CONFIGS / "wgan-paper.yaml").read_text()
    config.write_text(re.sub(r"^steps: \d+", laughs.replace("a29:", "steps:"), wgan, flags=re.M))
    assert not taken_or_refused(lambda: recipes.load(config=config))
    config.write_text("#" * 2_000_000)
    assert not taken_or_refused(lambda: recipes.load(config=config))
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < BYTES
    TALLY["bombs refused"] += 8


def test_arrays_of_objects_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.array([Exploit(), 1], dtype=object))
    assert not taken_or_refused(lambda: read_images(tmp_path / "x.npz", 1, 32, 28))


def test_a_checkpoint_of_another_recipe_and_of_other_shapes_is_refused(tmp_path):
    one, other = a_checkpoint(tmp_path), tmp_path / "other"
    shutil.copytree(one, other)
    state = json.loads((other / "state.json").read_text())
    state["recipe"]["units"] = 5
    (other / "state.json").write_text(json.dumps(checkpoint.sealed(state)))
    assert not taken_or_refused(lambda: rebuild(other))

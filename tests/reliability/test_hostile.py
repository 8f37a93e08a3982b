"""Files as an enemy or a bad disk would make them: taken or an error, and nothing in them is ever run.

What takes time or memory: test_hostile_data.py, test_hostile_pictures.py; what nobody would think of: test_fuzz.py.
"""

import io
import json
import os
import pickle
import random
import re
import shutil
import tarfile

import numpy as np
import pytest

from data.cifar10 import _read_archive, read_batch
from errors import UserError
from metrics.images import read_images
from tests.reliability import TALLY, guard
from tests.reliability.inputs import write_checkpoint
from training import checkpoint
from training import recipe as recipes
from training.trainer import rebuild


@pytest.fixture(params=[1, pytest.param(20, marks=pytest.mark.slow)], ids=["short", "long"])
def times(request):
    return request.param


def test_every_flipped_bit_of_a_checkpoint_is_found(tmp_path, times):
    path, draw = write_checkpoint(tmp_path), random.Random(1)
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


class Exploit:
    def __reduce__(self):
        return os.system, ("touch /tmp/paddle-wgan-was-here",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_a_command_does_not(protocol):
    assert not guard.taken(lambda: read_batch(pickle.dumps({"data": Exploit(), "labels": [1]}, protocol)))


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
    assert not guard.taken(lambda: _read_archive(path))
    assert not target.exists() and sorted(p.name for p in tmp_path.iterdir()) == ["c.tar.gz"]


def test_a_recipe_that_unpacks_to_more_than_the_world_is_refused(tmp_path):
    laughs = "a0: &a0 [x]\n" + "".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]\n" for k in range(1, 30))
    config = tmp_path / "b.yaml"
    config.write_text(laughs.replace("a29:", "steps:"))
    assert not guard.taken(lambda: recipes.load("wgan", config=config))
    wgan = (recipes.CONFIGS / "wgan-paper.yaml").read_text()
    config.write_text(re.sub(r"^steps: \d+", laughs.replace("a29:", "steps:"), wgan, flags=re.M))
    assert not guard.taken(lambda: recipes.load(config=config))
    config.write_text("#" * 2_000_000)
    assert not guard.taken(lambda: recipes.load(config=config))
    TALLY["tricks, one by one"] += 3


def test_arrays_of_objects_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.array([Exploit(), 1], dtype=object))
    assert not guard.taken(lambda: read_images(tmp_path / "x.npz", 1, 32, 28))


def test_a_checkpoint_of_another_recipe_and_of_other_shapes_is_refused(tmp_path):
    one, other = write_checkpoint(tmp_path), tmp_path / "other"
    shutil.copytree(one, other)
    state = json.loads((other / "state.json").read_text())
    state["recipe"]["units"] = 5
    (other / "state.json").write_text(json.dumps(checkpoint.sealed(state)))
    assert not guard.taken(lambda: rebuild(other))

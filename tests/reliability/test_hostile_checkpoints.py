"""Checkpoints as an enemy would make them, sealed by himself: refused in one line, before they take time or memory."""

import json
import math
import os
import re
import shutil

import numpy as np
import paddle
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from errors import UserError
from tests.helpers import state_of, tiny_game
from tests.reliability.limits import ANYTHING, QUICK, refused_soon
from training import checkpoint
from training.trainer import rebuild

FORGED = pytest.mark.parametrize("name", ["state.json", "generator.safetensors", "critic_optimizer.safetensors"])


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A small checkpoint after a step."""
    trainer = tiny_game("wgan", network="mlp", units=4, latent=2, ema=0.9, data="25gaussians", shape=(2,))
    trainer.critic_step(paddle.rand([8, 2]))
    trainer.generator_step(0)
    path = checkpoint.save(tmp_path_factory.mktemp("good"), 1, trainer.parts(), state_of(trainer), 3)
    rebuild(path)  # libraries import their parts at the first call
    return path


@pytest.fixture
def path(good, tmp_path):
    """A copy of it."""
    return shutil.copytree(good, tmp_path / "checkpoints" / "step-000001")


def reseal(path, change=lambda state: None):
    """Change state.json and seal it anew, with the SHA-256 of the files that are there."""
    state = json.loads((path / "state.json").read_text())
    change(state)
    if isinstance(state.get("sha256"), dict):
        state["sha256"] = {name: checkpoint._sync_and_digest(path / name) for name in state["sha256"]}
    (path / "state.json").write_text(json.dumps(checkpoint.sealed(state)))


def with_header(path, header, size=0):
    """A .safetensors of this header (a dict or bytes) and `size` zero bytes, which take no room."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw)
    os.truncate(path, 8 + len(raw) + size)


# files that are no files


def fifo(path):
    os.mkfifo(path)


@FORGED
@pytest.mark.parametrize("make", [fifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir()])
def test_what_is_no_regular_file_in_a_checkpoint_is_refused(path, name, make):
    (path / name).unlink()
    make(path / name)
    assert name in refused_soon(lambda: rebuild(path))
    assert name in refused_soon(lambda: checkpoint.newest(path.parent.parent))


@FORGED
@pytest.mark.parametrize("size", [90 << 20, 8 << 30, 1 << 35])
def test_a_file_of_any_size_in_a_checkpoint_is_refused_before_it_is_read(path, name, size):
    os.truncate(path / name, size)
    assert name in refused_soon(lambda: rebuild(path))
    assert name in refused_soon(lambda: checkpoint.newest(path.parent.parent))


def test_a_checkpoint_folder_with_odd_names_is_none_of_a_run(tmp_path, path):
    for name in ("step-٠٠٠٠٠٥", "step-0000007", "step-99999999999999999999", "step-000009.old"):
        (path.parent / name).mkdir()
    assert checkpoint.list_steps(tmp_path) == [1]


# networks that are larger than their files


@pytest.mark.parametrize(
    "recipe",
    [
        {"units": 16384},
        {"latent": 16384, "units": 16384},
        {"data": "mnist", "generator_network": "dcgan", "critic_network": "dcgan", "image_size": 128, "filters": 1024},
        {"data": "mnist", "generator_network": "resnet", "critic_network": "resnet", "image_size": 128, "filters": 1024},
        {"data": "mnist", "image_size": 1024, "units": 16384},
    ],
)
def test_networks_larger_than_their_files_are_never_built(path, recipe):
    side = recipe.get("image_size")

    def change(state):
        state["recipe"].update(recipe, generator_norm="none", critic_norm="none")
        state["shape"] = [1, side, side] if side else [2]

    reseal(path, change)
    assert "belongs to another recipe" in refused_soon(lambda: rebuild(path))


def test_a_recipe_of_endless_networks_is_refused_before_they_take_memory():
    huge = {"network": "dcgan", "image_size": 128, "filters": 1024}
    assert "more than 268,435,456 weights" in refused_soon(lambda: tiny_game("wgan", (1, 128, 128), **huge))


ROW = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ({"x": {**ROW, "shape": [1 << 40]}}, 8),
        ({"x": {**ROW, "shape": [-1, -2]}}, 8),
        ({"x": {**ROW, "shape": [2.0]}}, 8),
        ({"x": {**ROW, "shape": [True, 2]}}, 8),
        ({"x": {**ROW, "shape": "ab"}}, 8),
        ({"x": {**ROW, "shape": [9] * 100_000}}, 8),
        ({"x": {**ROW, "shape": [10**4000]}}, 8),
        ({"x": {**ROW, "dtype": "BF16"}}, 4),
        ({"x": {**ROW, "dtype": ["F32"]}}, 8),
        ({"x": {**ROW, "dtype": None}}, 8),
        ({"x": {**ROW, "data_offsets": [0, 1 << 60]}}, 8),
        ({"x": {**ROW, "data_offsets": "0"}}, 8),
        ({"x": ROW, "y": ROW}, 8),
        ({"x": 3}, 0),
        ([1], 0),
        (b"{" * 100_000, 0),
        (b'{"x":' * 100_000, 0),
        (b"\xff\xfe", 0),
        (b" " * (2 << 20), 0),
        ({"x": {**ROW, "shape": [1 << 30]}}, 4 << 30),
    ],
)
def test_a_forged_header_is_refused(path, header, size):
    for name in ("critic.safetensors", "generator_optimizer.safetensors"):
        before = (path / name).read_bytes()
        with_header(path / name, header, size)
        if size < 1 << 20:
            reseal(path)
        assert name in refused_soon(lambda: checkpoint.load(path)), name
        refused_soon(lambda: rebuild(path))
        (path / name).write_bytes(before)


@pytest.mark.parametrize("part", ["generator", "critic", "average", "critic_optimizer"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda array: array.astype(np.float64), "float64|fits no weight"),
        (lambda array: array.astype(np.int32), "int32|fits no weight"),
        (lambda array: array.astype(np.float16), "does not describe arrays"),
        (lambda array: array.astype(bool), "does not describe arrays"),
        (lambda array: np.full_like(array, np.nan), "not finite"),
        (lambda array: np.full_like(array, -np.inf), "not finite"),
        (lambda array: array[None], "another recipe"),
        (lambda array: array.reshape(-1)[:1], "another recipe"),
        (lambda array: np.zeros((0, *array.shape), np.float32), "another recipe"),
        (lambda array: None, "another recipe"),
    ],
)
def test_arrays_of_other_types_and_values_are_refused_though_sealed(path, part, change, said):
    file = path / f"{part}.safetensors"
    arrays = safetensors.numpy.load_file(file)
    name = max(arrays, key=lambda name: arrays[name].size)
    changed = change(arrays.pop(name))
    safetensors.numpy.save_file(arrays if changed is None else {**arrays, name: np.ascontiguousarray(changed)}, file)
    reseal(path)
    assert re.search(said, refused_soon(lambda: rebuild(path)))


def test_an_array_too_many_is_refused(path):
    file = path / "generator_optimizer.safetensors"
    safetensors.numpy.save_file(safetensors.numpy.load_file(file) | {"generator/x_moment1_0": np.zeros(2, np.float32)}, file)
    reseal(path)
    assert "fits no weight" in refused_soon(lambda: rebuild(path))


# counters

COUNTERS = ("step", "critic_steps", "attempt", "seconds", "cpu_seconds")
WRONG = [None, -1, True, "1", [], {}, 1e300, 2**80, 10**400, math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("key", [*COUNTERS, "alarms", "logs", "recipe", "shape", "sha256"])
@pytest.mark.parametrize("value", [*WRONG, "missing"])
def test_a_counter_of_another_type_or_out_of_its_range_is_refused_by_its_name(path, key, value):
    if (key, value) in (("alarms", {}), ("logs", {}), ("recipe", {}), ("shape", []), ("sha256", {})):
        value = [{"dead": -1}]

    def change(state):
        state.pop(key) if value == "missing" else state.update({key: value})

    reseal(path, change)
    assert key in refused_soon(lambda: checkpoint.read_state(path))


@pytest.mark.parametrize(("key", "inner"), [("logs", {"log.jsonl": -5}), ("alarms", {"dead": "x"}), ("native_size", 0)])
def test_what_counters_hold_is_looked_at_too(path, key, inner):
    reseal(path, lambda state: state.update({key: inner}))
    assert key in refused_soon(lambda: checkpoint.read_state(path))


@QUICK
@given(st.dictionaries(st.sampled_from([*checkpoint.State.model_fields, "format", "x"]), ANYTHING, max_size=4))
def test_any_state_is_read_or_refused_in_one_line(good, changes):
    state = json.loads((good / "state.json").read_text()) | changes
    folder = good.parent / "any"
    folder.mkdir(exist_ok=True)
    (folder / "state.json").write_text(json.dumps(checkpoint.sealed(state)))
    try:
        found = checkpoint.read_state(folder)
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000
    else:
        assert all(type(found[key]) is not bool and 0 <= found[key] < 10**16 for key in COUNTERS)

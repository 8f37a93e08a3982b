"""Checkpoints: complete or not there, checked, rebuilt by themselves, and nothing in them can run code."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from tests.helpers import MODELS, NETWORKS, batch, equal, files_below, files_of, state_of, tiny_game
from training import checkpoint
from training.trainer import GANTrainer, rebuild


def save(folder, trainer, step=1, keep=3, **more):
    return checkpoint.save(folder, step, trainer.parts(), {**state_of(trainer, step), **more}, keep)


def assert_equal_parts(left, right):
    assert set(left) == set(right)
    for part, arrays in left.items():
        assert set(arrays) == set(right[part])
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, right[part][name], err_msg=name)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_checkpoint_rebuilds_its_networks_by_itself(tmp_path, network):
    trainer = tiny_game("wgan", network=network, filters=6)
    trainer.critic_step(batch())
    trainer.generator_step(0)
    again, state = rebuild(save(tmp_path, trainer))
    assert again.recipe == trainer.recipe and state["step"] == 1 and again.critic_steps == 1
    assert_equal_parts(trainer.parts(), again.parts())


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        *((model, {}) for model in MODELS),
        *((model, {"ema": 0.9}) for model in ("wgan", "wgan-gp")),
        ("wgan", {"generator_network": "dcgan-constant", "critic_network": "mlp", "generator_batch_size": 12, "ema": 0.9}),
        (
            "wgan",
            {"generator_network": "resnet", "critic_network": "dcgan", "learning_rate": 0.001, "critic_learning_rate": 0.002},
        ),
    ],
)
def test_training_goes_on_from_a_checkpoint_as_if_nothing_had_happened(tmp_path, model, settings):
    trainer = tiny_game(model, **settings)
    trainer.critic_step(batch(seed=1))
    trainer.generator_step(0)
    again, _ = rebuild(save(tmp_path, trainer))
    for each in (trainer, again):
        each.critic_step(batch(seed=2))
        each.generator_step(1)
    assert_equal_parts(trainer.parts(), again.parts())


@pytest.mark.parametrize("ema", [0, 0.9])
def test_a_checkpoint_holds_only_safetensors_and_json(tmp_path, ema):
    trainer = tiny_game(ema=ema)
    path = save(tmp_path, trainer)
    assert {file.suffix for file in path.iterdir()} == {".safetensors", ".json"}
    assert {file.name for file in path.glob("*.safetensors")} == files_of(trainer.recipe)
    assert (path / "average.safetensors").exists() == bool(ema)
    json.loads((path / "state.json").read_text())
    assert not any(file.read_bytes()[:2] == b"\x80\x02" for file in path.iterdir())


def test_only_the_newest_k_are_kept(tmp_path):
    trainer = tiny_game(network="mlp")
    for step in (1, 2, 3, 1000000):
        save(tmp_path, trainer, step, keep=2)
    assert checkpoint.list_steps(tmp_path) == [3, 1000000]
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-000003", "step-1000000"]


def test_a_good_checkpoint_is_not_deleted_in_favour_of_a_damaged_later_one(tmp_path):
    trainer = tiny_game(network="mlp")
    damaged = save(tmp_path, trainer, 6)
    (damaged / "critic.safetensors").write_bytes(b"")
    save(tmp_path, trainer, 5, keep=1)
    assert checkpoint.newest(tmp_path)[0].name == "step-000005"


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_checkpoint_that_cannot_be_finished_leaves_the_older_ones(tmp_path, monkeypatch, fails):
    trainer = tiny_game(network="mlp")
    save(tmp_path, trainer, 1, keep=1)
    before = files_below(tmp_path / "checkpoints" / "step-000001")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, fails, full)
    with pytest.raises(UserError, match="step-000002 cannot be written: No space left on device"):
        save(tmp_path, trainer, 2, keep=1)
    monkeypatch.undo()
    assert checkpoint.list_steps(tmp_path) == [1]
    assert files_below(tmp_path / "checkpoints" / "step-000001") == before
    save(tmp_path, trainer, 2, keep=1)
    assert checkpoint.newest(tmp_path)[0].name == "step-000002"


def test_files_and_their_names_are_on_the_disk_before_a_checkpoint_has_its_name(tmp_path, monkeypatch):
    done, root, fsync, replace = [], tmp_path / "checkpoints", os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append(str(Path(f"/proc/self/fd/{handle}").readlink())), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda path, target: (done.append(str(path)), replace(path, target)))
    files = save(tmp_path, tiny_game(network="mlp")).iterdir()
    partial = str(root / ".step-000001.partial")
    assert sorted(done[:-3]) == sorted(f"{partial}/{file.name}" for file in files)
    assert done[-3:] == [partial, partial, str(root)], "its folder is synced, then renamed, then the folder above"


DAMAGES = {
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-7]),
    "emptied": lambda file: file.write_bytes(b""),
    "removed": lambda file: file.unlink(),
    "one bit turned": lambda file: file.write_bytes(file.read_bytes()[:-1] + bytes([file.read_bytes()[-1] ^ 1])),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [*(f"{part}.safetensors" for part in (*checkpoint.PARTS, checkpoint.AVERAGE)), "state.json"])
def test_a_damaged_checkpoint_is_refused_and_the_one_before_it_is_taken(tmp_path, damage, name):
    trainer = tiny_game(network="mlp", ema=0.9)
    save(tmp_path, trainer, 1)
    newest = save(tmp_path, trainer, 2)
    if (name, damage) == ("state.json", "one bit turned"):
        pytest.skip("the last bit of state.json is its closing brace: cut short is the same")
    DAMAGES[damage](newest / name)
    with pytest.raises(UserError) as error:
        checkpoint.load(newest)
    assert str(newest) in str(error.value) and "\n" not in str(error.value)
    path, state, remarks = checkpoint.newest(tmp_path)
    assert path.name == "step-000001" and state["step"] == 1
    assert len(remarks) == 1 and "step-000002" in remarks[0]


def test_when_all_are_damaged_that_is_said(tmp_path):
    for step in (1, 2):
        (save(tmp_path, tiny_game(network="mlp"), step) / "critic.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match=r"no checkpoint of .* is intact"):
        checkpoint.newest(tmp_path)


def test_a_folder_without_checkpoints_has_none(tmp_path):
    assert checkpoint.newest(tmp_path) is None
    (tmp_path / "checkpoints" / ".step-000004.partial").mkdir(parents=True)
    (tmp_path / "checkpoints" / "notes").mkdir()
    assert checkpoint.newest(tmp_path) is None, "a half-written one counts"


def test_what_a_killed_process_left_half_written_is_cleared_by_the_next_save(tmp_path):
    left = tmp_path / "checkpoints" / ".step-000004.partial"
    left.mkdir(parents=True)
    save(tmp_path, tiny_game(network="mlp"), 9)
    assert not left.exists()


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"format": 99}', '{"format": 1}', '{"format": 1, "sha256": {}, "recipe": 3}', "null", "\x00"]
)
def test_another_state_file_is_refused_in_words(tmp_path, content):
    path = save(tmp_path, tiny_game(network="mlp"))
    (path / "state.json").write_text(content)
    with pytest.raises(UserError, match=r"state\.json|format"):
        checkpoint.load(path)


def test_weights_of_another_recipe_are_refused_and_nothing_is_taken_over(tmp_path):
    parts, _ = checkpoint.load(save(tmp_path, tiny_game(filters=4)))
    for other in (tiny_game(filters=5), tiny_game(network="mlp"), tiny_game(critic_norm="none")):
        before = [array.copy() for part in other.parts().values() for array in part.values()]
        with pytest.raises(UserError, match="another recipe"):
            other.restore(parts, {"critic_steps": 3, "attempt": 0}, "there")
        assert other.critic_steps == 0
        if set(other.parts()["generator"]) != set(parts["generator"]):
            assert equal(before, [array for part in other.parts().values() for array in part.values()])


def test_optimiser_state_of_other_weights_is_refused(tmp_path):
    small, large = tiny_game(network="mlp"), tiny_game(network="mlp", units=17)
    for trainer in (small, large):
        trainer.critic_step(batch())
        trainer.generator_step(0)
    mixed = {**small.parts(), "critic_optimizer": large.parts()["critic_optimizer"]}
    with pytest.raises(UserError, match="another recipe"):
        GANTrainer(small.recipe, small.shape).restore(mixed, {"critic_steps": 1, "attempt": 0}, "there")


def test_an_average_that_is_missing_or_too_much_is_refused_and_nothing_is_taken_over(tmp_path):
    averaged, plain = tiny_game(network="mlp", ema=0.9, seed=1), tiny_game(network="mlp", ema=0, seed=2)
    state = {"critic_steps": 3, "attempt": 0}
    for trainer, parts in ((averaged, plain.parts()), (plain, averaged.parts())):
        before = [array.copy() for array in trainer.parts()["generator"].values()]
        with pytest.raises(UserError, match="another recipe: one has an averaged generator, the other has none"):
            trainer.restore(parts, state, "there")
        assert trainer.critic_steps == 0 and equal(before, list(trainer.parts()["generator"].values()))
    with pytest.raises(UserError, match="one has an averaged generator, the other has none"):
        rebuild(checkpoint.save(tmp_path, 1, plain.parts(), state_of(averaged), 3))


def test_an_average_of_other_shapes_is_refused():
    trainer, larger = (tiny_game(network="mlp", ema=0.9, units=units) for units in (16, 17))
    with pytest.raises(UserError, match="another recipe: names or shapes"):
        trainer.restore({**trainer.parts(), "average": larger.parts()["average"]}, {"critic_steps": 3, "attempt": 0}, "there")


def test_a_checkpoint_can_be_moved(tmp_path):
    trainer = tiny_game(network="mlp")
    moved = shutil.move(save(tmp_path, trainer), tmp_path / "elsewhere")
    assert_equal_parts(trainer.parts(), rebuild(moved)[0].parts())

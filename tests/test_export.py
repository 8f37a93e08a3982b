"""sample.py --export and infer.py: a graph that Paddle Inference runs, equal to the generator."""

import json
import shutil
import subprocess
import sys

import numpy as np
import paddle
import pytest

from errors import UserError
from reporting import export, inference
from reporting.samples import noise
from tests.helpers import NETWORKS, ROOT, TINY_FLAGS, run_program, state_of, tiny_game
from training.sampling import generate

GRAPH = inference.GRAPHS[paddle.__version__.startswith("2.")]
INFER = """
import sys
import numpy as np
from training import runtime
runtime.start("cpu", 1)
from errors import UserError
from reporting import inference

folder, arrays = sys.argv[1:]
with np.load(arrays) as given:
    noises, made = dict(given), {}
for name, onednn in (("plain", False), ("onednn", True)):
    try:
        predictor = inference.Predictor(folder, 1, onednn)
        made |= {f"{name} {key}": predictor.generate(z, 3) for key, z in noises.items()}
    except UserError as error:
        print(name, error)
np.savez(arrays, **made)
"""
# the oneDNN of Paddle 3.3 cannot enlarge images
NOT_ONEDNN = ("resnet",) if paddle.__version__.startswith("3.3") else ()


def infer(folder, *noises):
    """What Paddle Inference makes of each z, without oneDNN and with it, [] if it refuses; and what it says then.

    In a process of its own: it changes how the process that holds it does its sums.
    """
    arrays = folder.parent / "arrays.npz"
    np.savez(arrays, *noises)
    done = subprocess.run([sys.executable, "-c", INFER, folder, arrays], check=True, capture_output=True, text=True, cwd=ROOT)
    with np.load(arrays) as made:
        return *([made[key] for key in made.files if key.startswith(way)] for way in ("plain", "onednn")), done.stdout


@pytest.mark.parametrize("network", NETWORKS)
def test_inference_agrees_for_any_number_of_samples(tmp_path, network):
    trainer = tiny_game("wgan-paper", network=network)
    paths, difference = export.write(trainer, state_of(trainer), tmp_path / "made")
    assert difference < 1e-5
    assert {GRAPH, "generator.pdiparams"} <= {path.name for path in paths}
    noises = [noise(3, count, trainer.recipe.latent) for count in (1, 3, 5)]
    plain, onednn, said = infer(tmp_path / "made", *noises)
    assert onednn or (network in NOT_ONEDNN and "leave --use_onednn away" in said), said
    for made in (plain, onednn) if onednn else (plain,):
        for z, items in zip(noises, made, strict=True):
            np.testing.assert_allclose(items, generate(trainer.generator, z), atol=1e-5)


def test_points(tmp_path):
    trainer = tiny_game("wgan-paper", shape=(2,), data="8gaussians", network="mlp", latent=2)
    export.write(trainer, state_of(trainer), tmp_path / "made")
    z = noise(0, 7, 2)
    plain, onednn, _ = infer(tmp_path / "made", z)
    for (items,) in (plain, onednn):
        np.testing.assert_allclose(items, generate(trainer.generator, z), atol=1e-5)


def test_command_writes_pdparams_on_request(call, tmp_path):
    assert call("train", "--model", "wgan", "--network", "mlp", *TINY_FLAGS, "--out", "run").status == 0
    result = call("sample", "run", "--export", "made", "--pdparams")
    assert result.status == 0, result.err
    assert result.out.splitlines()[-1] == "made"
    assert "agree to" in result.out
    weights = paddle.load("made/generator.pdparams")
    assert weights
    again = call("sample", "run", "--export", "made")
    assert again.status == 2
    assert "holds something already" in again.err


def test_flags_that_do_not_go_together(refused):
    assert "--export" in refused("sample", "nowhere", "--pdparams")
    assert "--interpolate" in refused("sample", "nowhere", "--export", "made", "--interpolate")
    assert "neither a run nor a checkpoint" in refused("sample", "nowhere", "--export", "made")


def test_a_folder_that_cannot_be_made_is_called_as_it_was_named(refused, run):
    assert f"--export run/log.jsonl/made: {run}/log.jsonl is a file" in refused("sample", "run", "--export", "run/log.jsonl/made")


@pytest.fixture(scope="module")
def exported(tmp_path_factory, runs_to_copy):
    """Of the run 'average', whose samples come from its averaged generator."""
    folder = tmp_path_factory.mktemp("exported") / "made"
    status, _, err = run_program("sample.py", runs_to_copy / "average", "--export", folder, cwd=folder.parent)
    assert status == 0, err
    return folder


@pytest.fixture
def copied(exported, tmp_path):
    """A copy of it, 'made', in the current folder."""
    return shutil.copytree(exported, tmp_path / "made")


def images(path):
    with np.load(path) as content:
        return content["images"].astype(int)


def test_infer_draws_what_sample_draws(call, exported, runs_to_copy, tmp_path):
    assert call("sample", runs_to_copy / "average", "--n", 20, "--seed", 7, "--out", "s.npz").status == 0
    for number, settings in enumerate((["--batch_size", 3, "--cpu_threads", 2], ["--batch-size", 20, "--use-onednn", "false"])):
        flags = ["--n", 20, "--seed", 7, "--device", "cpu", *settings, "--out", f"{number}.npz"]
        status, out, err = run_program("infer.py", "--model_dir", exported, *flags, cwd=tmp_path)
        assert (status, err, out.splitlines()[-1]) == (0, "", f"{number}.npz")
        assert "ms each, oneDNN off" in out
        assert images(f"{number}.npz").shape == (20, 28, 28), "without their padding"
        assert np.abs(images(f"{number}.npz") - images("s.npz")).max() <= 1, "1e-5 may round to the other side"


def test_infer_by_default_writes_a_grid_beside_the_graph(copied, tmp_path):
    status, out, err = run_program("infer.py", "--model-dir", "made", "--n", 9, cwd=tmp_path)
    assert (status, err, out.splitlines()[-1]) == (0, "", "made/samples-seed-0.png")
    status, out, err = run_program("infer.py", "--model-dir", "made", "--n", 9, "--out", "pictures/", cwd=tmp_path)
    assert (status, err) == (0, "") and len(list((tmp_path / "pictures").glob("*.png"))) == 9


def test_onednn_gives_the_same(copied, tmp_path):
    flags = ["--model_dir", "made", "--out", "s.npz", "--use_onednn"]
    assert run_program("infer.py", *flags, "false", cwd=tmp_path)[0] == 0
    expected = images(tmp_path / "s.npz")
    status, out, err = run_program("infer.py", *flags, "true", cwd=tmp_path)
    assert status == 0 and "oneDNN on" in out, err
    assert np.abs(images(tmp_path / "s.npz") - expected).max() <= 1


def test_what_was_not_exported_is_refused(refused, run):
    for path, why in (("nowhere", "it does not exist"), ("run", "it has no export.json"), ("run/config.yaml", "it has no")):
        assert f"{path} is no folder that sample.py --export has written: {why}" in refused("infer", "--model_dir", path)
    assert "--model_dir" in refused("infer")


def other(key, value):
    def change(folder):
        record = json.loads((folder / "export.json").read_text()) | {key: value}
        (folder / "export.json").write_text(json.dumps(record))

    return change


DAMAGE = {
    "no graph": (lambda folder: (folder / GRAPH).unlink(), f"{GRAPH} cannot be read"),
    "weights cut short": (lambda folder: (folder / "generator.pdiparams").write_bytes(b"x"), "generator.pdiparams is damaged"),
    "no JSON": (lambda folder: (folder / "export.json").write_text("{"), "is not JSON"),
    "a list": (lambda folder: (folder / "export.json").write_text("[]"), "export.json is damaged"),
    "of the future": (other("format", 3), "has format 3, this program reads 1 to 2"),
    "latent": (other("latent", 0), "export.json is damaged: latent"),
    "no hashes": (other("sha256", {}), "export.json is damaged: sha256"),
    "a text": (other("native_size", "28"), "export.json is damaged: native_size"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_folder_is_one_line(refused, copied, kind):
    damage, words = DAMAGE[kind]
    damage(copied)
    assert words in refused("infer", "--model_dir", "made")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--out", "s.gif"], "allowed are .png (grid), .npz (images) or a folder"),
        (["--batch_size", "0"], "--batch_size"),
        (["--cpu_threads", "0"], "--cpu_threads"),
        (["--use_onednn", "maybe"], "--use_onednn"),
        (["--device", "tpu"], "--device tpu: allowed are auto"),
    ],
)
def test_wrong_flags_of_infer_are_one_line(refused, copied, flags, words):
    assert words in refused("infer", "--model_dir", "made", *flags)


def test_a_graph_of_paddle_3_is_not_for_paddle_2(copied, monkeypatch):
    monkeypatch.setattr(paddle, "__version__", "2.6.2")
    if GRAPH != "generator.json":
        pytest.skip("this Paddle writes graphs that Paddle 2 reads")
    with pytest.raises(UserError, match=r"Paddle 2\.6\.2 cannot read it"):
        inference.Predictor(copied, 1)


def test_another_paddle_is_warned_of(copied, tmp_path):
    other("paddle", "3.0.9")(copied)
    status, _, err = run_program("infer.py", "--model_dir", "made", cwd=tmp_path)
    assert status == 0
    assert err == f"warning: made was exported by Paddle 3.0.9, this is {paddle.__version__}\n"

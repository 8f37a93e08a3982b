"""sample.py --export and infer.py: a graph that Paddle Inference runs, equal to the generator."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import paddle
import pytest

from errors import NotFinite, UserError
from reporting import export, inference
from reporting.samples import noise
from tests.helpers import NETWORKS, ROOT, TINY_FLAGS, run_program, state_of, tiny_game
from training.run import find_checkpoint
from training.sampling import generate
from training.trainer import rebuild

GRAPH = inference.GRAPHS[paddle.__version__.startswith("2.")]
INFER = """
import sys
from pathlib import Path

import numpy as np
from training import runtime
runtime.start("cpu", 1)
from errors import UserError
from reporting import inference

for way, onednn in (("plain", False), ("onednn", True)):
    for folder in map(Path, sys.argv[1:]):
        with np.load(folder / "noises.npz") as given:
            noises = dict(given)
        try:
            predictor = inference.Predictor(folder / "made", 1, onednn)
            np.savez(folder / f"{way}.npz", **{key: predictor.generate(z, 3) for key, z in noises.items()})
        except UserError as error:
            (folder / f"{way}.txt").write_text(str(error))
"""
# the oneDNN of Paddle 3.3 cannot enlarge images
NOT_ONEDNN = ("resnet",) if paddle.__version__.startswith("3.3") else ()


GAMES = {network: {"network": network} for network in NETWORKS}
GAMES["points"] = {"shape": (2,), "data": "8gaussians", "network": "mlp", "latent": 2}


@pytest.fixture(scope="module")
def inferred(tmp_path_factory):
    """{name of GAMES: (what export.write returned, samples of the generator for 1, 3 and 5 z, folder)}.

    In the folder Paddle Inference has left what it makes of the same z, in plain.npz and onednn.npz, or why it refuses, a .txt.

    In a process of its own: it changes how the process that holds it does its sums.
    """
    found = {}
    for name, settings in GAMES.items():
        folder, trainer = tmp_path_factory.mktemp(name), tiny_game("wgan-paper", **settings)
        written = export.write(trainer, state_of(trainer), folder / "made")
        noises = [noise(3, count, trainer.recipe.latent) for count in (1, 3, 5)]
        np.savez(folder / "noises.npz", *noises)
        found[name] = written, [generate(trainer.generator, z) for z in noises], folder
    folders = [folder for *_, folder in found.values()]
    done = subprocess.run([sys.executable, "-c", INFER, *folders], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return found


@pytest.mark.parametrize("name", GAMES)
def test_inference_agrees_for_any_number_of_samples(inferred, name):
    (paths, difference), expected, folder = inferred[name]
    assert difference < 1e-5
    assert {GRAPH, "generator.pdiparams"} <= {path.name for path in paths}
    ways = ["plain", "onednn"]
    if (refusal := folder / "onednn.txt").exists():
        assert name in NOT_ONEDNN and "leave --use_onednn away" in refusal.read_text()
        ways.remove("onednn")
    for way in ways:
        with np.load(folder / f"{way}.npz") as made:
            for items, samples in zip([made[key] for key in made.files], expected, strict=True):
                np.testing.assert_allclose(items, samples, atol=1e-5)


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
    for option in (["--interpolate"], ["--n", "5"], ["--seed", "0"], ["--clear"], ["--out", "a.png"]):
        said = refused("sample", "nowhere", "--export", "made", *option)
        assert "--export writes the generator, no samples: leave out" in said and option[0] in said
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


def test_the_guide_s_own_program_draws_what_the_generator_does(copied, runs_to_copy, tmp_path):
    """In a process of its own, as all that calls Paddle Inference."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "guide.md").read_text(encoding="utf-8"), re.S)
    (code,) = (block for block in blocks if "create_predictor" in block)
    for old, new in (("runs/generator/generator.json", f"made/{GRAPH}"), ("runs/generator/", "made/"), ("(16, 100)", "(16, 8)")):
        assert old in code
        code = code.replace(old, new)
    if not hasattr(paddle.inference.Config, "disable_onednn"):  # as its comment says
        code = code.replace("disable_onednn", "disable_mkldnn")
    code += "np.savez('made.npz', z=z, images=images)\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    trainer, _ = rebuild(find_checkpoint(runs_to_copy / "average")[1])
    with np.load(tmp_path / "made.npz") as made:
        expected = np.rint((generate(trainer.average, made["z"]) + 1) * 127.5)[:, 0, 2:-2, 2:-2]
        assert made["images"].shape == (16, 28, 28) and np.abs(made["images"] - expected).max() <= 1


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


def test_a_graph_that_makes_nan_is_an_error(monkeypatch):
    predictor = object.__new__(inference.Predictor)
    monkeypatch.setattr(predictor, "_run", lambda z, batch, labels: np.where(z > 1, np.nan, z))
    assert len(predictor.generate(np.zeros((3, 2)), 2)) == 3
    with pytest.raises(NotFinite, match="samples that are NaN"):
        predictor.generate(np.array([[0.0, 2.0]]), 2)


def test_what_was_not_exported_is_refused(refused, run):
    for path, why in (("nowhere", "it does not exist"), ("run", "it has no export.json"), ("run/config.yaml", "it has no")):
        assert f"{path} is no folder that sample.py --export has written: {why}" in refused("infer", "--model_dir", path)
    assert "--model_dir" in refused("infer")


def test_a_record_of_many_classes_with_long_names_is_read_back(copied):
    classes = {f"class {number} " + 60 * "n": 1 for number in range(1000)}
    other("classes", classes)(copied)
    assert inference.read(copied).classes == classes


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

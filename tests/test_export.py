"""sample.py --export: a graph that Paddle Inference runs, equal to the generator."""

import subprocess
import sys

import numpy as np
import paddle
import pytest

from reporting import export
from reporting.samples import noise
from tests.helpers import NETWORKS, TINY_FLAGS, tiny_game
from training.sampling import generate

INFER = """
import sys
import numpy as np
from paddle import inference

folder, arrays = sys.argv[1:]
config = inference.Config(folder + "/generator.json", folder + "/generator.pdiparams")
config.disable_glog_info()
config.disable_onednn()  # as docs/guide.md says: with oneDNN Paddle Inference 3.3 refuses convolutions
predictor = inference.create_predictor(config)
predictor.get_input_handle(predictor.get_input_names()[0]).copy_from_cpu(np.load(arrays))
predictor.run()
np.save(arrays, predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu())
"""


def infer(folder, z):
    """What Paddle Inference makes of z, in a process of its own: it changes how the process that holds it does its sums."""
    arrays = folder / "arrays.npy"
    np.save(arrays, z)
    subprocess.run([sys.executable, "-c", INFER, str(folder), str(arrays)], check=True, capture_output=True)
    return np.load(arrays)


@pytest.mark.parametrize("network", NETWORKS)
def test_inference_agrees_for_any_number_of_samples(tmp_path, network):
    trainer = tiny_game("wgan-paper", network=network)
    paths, difference = export.write(trainer, tmp_path / "made")
    assert difference < 1e-5
    assert [path.name for path in paths] == ["generator.json", "generator.pdiparams"]
    for count in (1, 5):
        z = noise(3, count, trainer.recipe.latent)
        np.testing.assert_allclose(infer(tmp_path / "made", z), generate(trainer.generator, z), atol=1e-5)


def test_points(tmp_path):
    trainer = tiny_game("wgan-paper", shape=(2,), data="8gaussians", network="mlp", latent=2)
    export.write(trainer, tmp_path / "made")
    z = noise(0, 7, 2)
    np.testing.assert_allclose(infer(tmp_path / "made", z), generate(trainer.generator, z), atol=1e-5)


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

"""sample.py --export DIR --onnx: equal to the generator in onnxruntime, or refused in words."""

import numpy as np
import pytest

from errors import UserError
from reporting import export, onnx
from reporting.samples import noise
from tests.helpers import NETWORKS, state_of, tiny_game
from training.sampling import generate


def works():
    """Why paddle2onnx cannot be tried here, '' if it can."""
    try:
        onnx.check_installed()
        import paddle2onnx  # noqa: F401 - built for some versions of Paddle only
    except (UserError, ImportError, ValueError) as error:
        return f"no ONNX here: {error}"
    return ""


@pytest.mark.skipif(bool(works()), reason=works())
@pytest.mark.parametrize("network", NETWORKS)
def test_onnxruntime_agrees_for_any_number_of_samples(tmp_path, network):
    import onnxruntime

    trainer = tiny_game("wgan-paper", network=network)
    paths, difference = export.write(trainer, state_of(trainer), tmp_path / "made", with_onnx=True)
    assert difference < 1e-5
    assert onnx.FILE in {path.name for path in paths}
    session = onnxruntime.InferenceSession(str(tmp_path / "made" / "generator.onnx"), providers=["CPUExecutionProvider"])
    for count in (1, 5):
        z = noise(3, count, trainer.recipe.latent)
        np.testing.assert_allclose(session.run(None, {"z": z})[0], generate(trainer.generator, z), atol=1e-5)


@pytest.mark.skipif(bool(works()), reason=works())
@pytest.mark.parametrize("network", ["dcgan", "mlp"])
def test_a_conditional_generator_takes_labels(tmp_path, network):
    import onnxruntime

    trainer = tiny_game("wgan-paper", network=network, conditional=True)
    _, difference = export.write(trainer, state_of(trainer), tmp_path / "made", with_onnx=True)
    assert difference < 1e-5
    session = onnxruntime.InferenceSession(str(tmp_path / "made" / "generator.onnx"), providers=["CPUExecutionProvider"])
    z, labels = noise(3, 5, trainer.recipe.latent), np.array([3, 7, 0, 9, 3])
    made = session.run(None, {"z": z, "label": labels})[0]
    np.testing.assert_allclose(made, generate(trainer.generator, z, labels=labels), atol=1e-5)


def test_without_the_packages_the_line_says_what_to_install(refused, run, monkeypatch):
    assert "paddle2onnx" in onnx.NEEDS
    monkeypatch.setattr(onnx, "NEEDS", ("numpy", "no_such_package", "nor_such_a_one"))
    said = refused("sample", "run", "--export", "made", "--onnx")
    assert "--onnx needs no_such_package, nor_such_a_one: pip install -r requirements-onnx.txt" in said
    assert "--onnx goes with --export DIR" in refused("sample", "run", "--onnx")


def test_packages_that_do_not_work_with_this_paddle_are_one_line_and_nothing_is_left(refused, run, monkeypatch, tmp_path):
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "paddle2onnx.py").write_text('raise ImportError("\\x1b[31mundefined symbol\\x1b[0m")')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(onnx, "check_installed", lambda: None)
    monkeypatch.setattr(onnx.metadata, "version", lambda name: "9.9")
    said = refused("sample", "run", "--export", "made", "--onnx")
    assert "paddle2onnx 9.9 and Paddle" in said and said.endswith("undefined symbol")


def test_a_graph_that_computes_something_else_is_not_kept(refused, run, monkeypatch):
    monkeypatch.setattr(onnx, "check_installed", lambda: None)
    monkeypatch.setattr(onnx, "write", lambda graph, weights, out, z: np.ones((len(z), 1, 32, 32), np.float32))
    assert "differs from the generator" in refused("sample", "run", "--export", "made", "--onnx")

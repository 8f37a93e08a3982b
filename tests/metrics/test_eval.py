"""eval.py as a user meets it."""

import json
import shutil

import numpy as np
import pytest

import data
from data.dataset import crop_to, to_unit
from reporting import scorer
from reporting.scorer import critic_of
from tests.helpers import ROOT, TINY_FLAGS, pictures, run_program, scalars_of, write_images
from training.run import find_checkpoint
from training.trainer import rebuild

pytestmark = pytest.mark.usefixtures("common_cache")


@pytest.fixture
def trained(call, tmp_path):
    """A tiny run of four steps with three checkpoints, on random digits."""
    flags = ["-o", "checkpoint_every=2", "--steps", "4", "--data", "mnist-5k"]
    assert call("train", "--model", "wgan", *TINY_FLAGS, *flags, "--out", "r").status == 0
    return tmp_path / "r"


def test_a_critic_s_batch_norm_sees_a_sorted_set_at_random():
    """As in training: not first a batch of one class, then one of the next."""
    import paddle

    trainer, _ = rebuild(find_checkpoint(ROOT / "weights" / "wgan-mnist")[1])
    size = trainer.recipe.batch_size
    dark = np.zeros((size, 1, 32, 32), np.uint8)
    bright = np.full_like(dark, 255)
    outputs = critic_of(trainer, False)(np.concatenate([dark, bright]))
    with paddle.no_grad(), trainer.frozen_batch_norm_statistics():
        alone = [float(trainer.critic(paddle.to_tensor(to_unit(images))).mean()) for images in (dark, bright)]
    assert outputs[:size].mean() < alone[0] - 1 < alone[1] - 1 < outputs[size:].mean()
    assert np.ptp(outputs[:size]) < 1.5, "and each item has its own output"


def scored(result):
    assert result.status == 0, result
    return json.loads(result.out)


def test_a_run(call, trained):
    result = call("eval", "r", "--samples", "200", "--metrics", "frechet,wasserstein,memorised", "--seed", "5")
    assert result.status == 0, result
    assert result.out.splitlines()[-1] == "r/metrics.json"
    for name in ("fd_lenet", "critic_estimate", "memorised_share"):
        assert name in result.out
    written = json.loads((trained / "metrics.json").read_text())
    settings = written["settings"]
    assert settings["data"] == "mnist-5k"
    assert settings["samples"] == settings["samples_a_draw"] == 200
    assert settings["seed"] == 5
    assert settings["batch_norm"] == "running statistics"
    assert len(settings["network_sha256"]) == 64
    assert set(settings["versions"]) == {"numpy", "scipy", "scikit-learn", "paddle"}
    (entry,) = written["results"]
    assert entry["step"] == 4
    assert set(entry["values"]["fd_lenet"]) == {"value", "deviation", "floor", "floor_deviation"}
    assert (trained / "memorised.png").stat().st_size > 100


def test_a_run_equals_its_samples_in_a_file(call, trained):
    run = scored(call("eval", "r", "--samples", "200", "--metrics", "frechet,swd", "--json"))
    assert call("sample", "r", "--n", "200", "--out", "s.npz").status == 0
    file = scored(call("eval", "s.npz", "--metrics", "frechet,swd", "--json"))
    for name, row in run["results"][0]["values"].items():
        assert file["results"][0]["values"][name]["value"] == pytest.approx(row["value"], rel=1e-5)


def test_layouts_of_another_framework_score_alike(call, tmp_path):
    digits = data.load("mnist-5k")
    images = crop_to(digits.heldout, 28)[::5]
    forms = {"hw": images[:, 0], "first": images / 255, "last": (images.transpose(0, 2, 3, 1) / 127.5 - 1).astype(np.float32)}
    values = []
    for name, array in forms.items():
        np.savez(tmp_path / f"{name}.npz", images=array)
        answer = scored(call("eval", f"{name}.npz", "--data", "mnist-5k", "--metrics", "frechet,classes", "--json"))
        assert answer["file"] is None
        values.append(answer["results"][0]["values"])
    assert values[0] == values[1] == values[2]
    assert not (tmp_path / "metrics.json").exists()


def test_a_name_in_brackets_is_whole_in_the_table(call, tmp_path):
    np.savez(tmp_path / "samples[final].npz", images=pictures(40, 28)[:, 0])
    found = call("eval", "samples[final].npz", "--data", "mnist-5k", "--metrics", "swd", "--samples", 40)
    assert found.status == 0 and "samples[final].npz against mnist-5k: 40 samples" in found.out, found


@pytest.mark.parametrize("size", [32, 64])
def test_pictures_of_a_folder_padded_at_any_size_and_their_samples_in_a_file(call, tmp_path, size):
    write_images(tmp_path / "wide", 80, size=(20, 50))
    flags = ["--data", f"folder:{tmp_path / 'wide'}", "-o", f"image_size={size}", "-o", "fit=pad", *TINY_FLAGS, "--steps", "1"]
    assert call("train", "--model", "wgan", "--network", "mlp", *flags, "--out", "r").status == 0
    run = scored(call("eval", "r", "--samples", "30", "--metrics", "kid,swd", "--json"))
    assert call("sample", "r", "--n", "30", "--out", "s.npz").status == 0
    with np.load("s.npz") as content:
        assert content["images"].shape == (30, size, size, 3)
    found = {}
    for fit in ("pad", "crop"):
        file = ["s.npz", "--data", f"folder:{tmp_path / 'wide'}", "--fit", fit]
        found[fit] = scored(call("eval", *file, "--metrics", "kid,swd", "--json"))["results"][0]["values"]
    for name, row in run["results"][0]["values"].items():
        assert found["pad"][name]["value"] == pytest.approx(row["value"], rel=1e-5)
        assert found["crop"][name]["value"] != pytest.approx(row["value"], rel=1e-3)


def test_enlarged_cifar_is_compared_with_files_of_its_size(call, cifar_dir, tmp_path):
    flags = ["--data", "cifar10", "--data-dir", cifar_dir, "--metrics", "kid,swd", "--json"]
    for size in (32, 64):
        np.savez(tmp_path / "s.npz", images=pictures(20, size, 3))
        assert scored(call("eval", "s.npz", *flags))["results"]
    np.savez(tmp_path / "s.npz", images=pictures(20, 48, 3))
    assert "images of 48×48 pixels, the data set has 32×32" in call("eval", "s.npz", *flags).err


def test_what_was_not_written_is_not_named_as_if_it_were(call, tmp_path):
    np.savez(tmp_path / "s.npz", images=pictures(30, 28))
    flags = ["--metrics", "swd"]
    assert call("eval", "s.npz", *flags).out.splitlines()[-1].startswith("nothing was written: --out DIR keeps")
    assert call("eval", "s.npz", *flags, "--out", "kept").out.splitlines()[-1] == "kept/metrics.json"
    assert {path.name for path in tmp_path.iterdir()} == {"s.npz", "kept"}


def test_all_checkpoints_into_visualdl(call, trained):
    arguments = ["eval", "r", "--every", "--samples", "100", "--metrics", "frechet"]
    before = scalars_of(trained)
    for _ in range(2):  # twice: no point is doubled
        assert call(*arguments).status == 0
    points = scalars_of(trained)
    assert [step for step, _ in points["metrics/fd_lenet"]] == [0, 2, 4]
    assert {tag: points[tag] for tag in before} == before
    results = json.loads((trained / "metrics.json").read_text())["results"]
    assert [entry["step"] for entry in results] == [0, 2, 4]
    values = [entry["values"]["fd_lenet"]["value"] for entry in results]
    np.testing.assert_allclose(values, [value for _, value in points["metrics/fd_lenet"]], rtol=1e-5)


def test_every_checkpoint_is_kept_as_soon_as_it_is_measured_and_once(call, trained, monkeypatch):
    flags = ["eval", "r", "--every", "--samples", "100", "--metrics", "swd,frechet"]
    measure, measured = scorer.score_checkpoint, []

    def stopped_at_2(path, *rest):
        measured.append(path.name)
        if path.name == "step-000002":
            raise KeyboardInterrupt
        return measure(path, *rest)

    monkeypatch.setattr(scorer, "score_checkpoint", stopped_at_2)
    assert call(*flags).status == 130
    assert [entry["step"] for entry in json.loads((trained / "metrics.json").read_text())["results"]] == [4]
    monkeypatch.setattr(scorer, "score_checkpoint", lambda path, *rest: measured.append(path.name) or measure(path, *rest))
    whole = scored(call(*flags, "--json"))
    assert [entry["step"] for entry in whole["results"]] == [0, 2, 4]
    assert measured == ["step-000004", "step-000002", "step-000004", "step-000002", "step-000000"]
    measured.clear()
    assert scored(call(*flags, "--json"))["results"] == whole["results"] and measured == ["step-000004"]
    measured.clear()
    assert scored(call(*flags, "--seed", "1", "--json"))["results"] != whole["results"] and len(measured) == 3


def test_every_passes_over_a_damaged_checkpoint_unless_it_is_the_only_one(call, trained):
    for step, left in ((2, [0, 4]), (4, [0]), (0, None)):
        (trained / f"checkpoints/step-{step:06d}/generator.safetensors").write_bytes(b"")
        result = call("eval", "r", "--every", "--samples", "16", "--metrics", "swd", "--json")
        if left is None:
            assert result.status == 2 and "is damaged" in result.err
        else:
            assert [entry["step"] for entry in scored(result)["results"]] == left
            assert "warning: not scored: " in result.err and "is damaged" in result.err


def test_visualdl_has_the_run_s_scores_on_its_own_data_alone(call, trained, mnist_dir):
    """What is there stays: others would stand in the place of the run's own for ever."""
    flags, before = ["--every", "--samples", "16", "--metrics", "swd", "--json"], scalars_of(trained)
    for more in (["--out", "elsewhere"], ["--data", "mnist", "--data-dir", mnist_dir]):
        assert call("eval", "r", *flags, *more).status == 0
        assert scalars_of(trained) == before
    own = [row["values"]["swd"]["value"] for row in scored(call("eval", "r", *flags))["results"]]
    np.testing.assert_allclose(own, [value for _, value in scalars_of(trained)["metrics/swd"]], rtol=1e-5)


def test_a_checkpoint_joins_what_its_run_holds(call, trained):
    flags = ["--samples", "100"]
    assert call("eval", "r", *flags, "--metrics", "frechet").status == 0
    assert call("eval", "r/checkpoints/step-000002", *flags, "--metrics", "frechet").status == 0
    assert call("eval", "r", *flags, "--metrics", "kid").status == 0
    results = json.loads((trained / "metrics.json").read_text())["results"]
    assert [(entry["step"], list(entry["values"])) for entry in results] == [(2, ["fd_lenet"]), (4, ["fd_lenet", "kid"])]
    assert call("eval", "r", "--samples", "120", "--metrics", "kid").status == 0  # other settings: begun anew
    results = json.loads((trained / "metrics.json").read_text())["results"]
    assert [(entry["step"], list(entry["values"])) for entry in results] == [(4, ["kid"])]


def test_out(call, trained, tmp_path):
    result = call("eval", "r", "--samples", "100", "--metrics", "memorised", "--out", "elsewhere")
    assert result.out.splitlines()[-1] == "elsewhere/metrics.json"
    assert {path.name for path in (tmp_path / "elsewhere").iterdir()} == {"metrics.json", "memorised.png"}
    assert not (trained / "metrics.json").exists()


def test_samples_of_two_files_or_two_runs_are_not_put_into_one_record(call, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "other")
    for name in ("a.npz", "b.npz"):
        np.savez(tmp_path / name, images=pictures(30, 28, seed=ord(name[0])))
    for out, sources in {"files": ("a.npz", "b.npz"), "runs": ("r/checkpoints/step-000002", "r", "other")}.items():
        for source in sources:
            assert call("eval", source, "--samples", "30", "--metrics", "swd", "--out", out).status == 0
        records = [json.loads((tmp_path / out / name).read_text()) for name in ("metrics-2.json", "metrics.json")]
        assert [record["settings"]["source"] for record in records] == ["r" if out == "runs" else "a.npz", sources[-1]]
    assert [row["step"] for row in json.loads((tmp_path / "runs" / "metrics-2.json").read_text())["results"]] == [2, 4]
    for out in ("r", tmp_path / "r"):  # however a run's own folder is called, it holds the run's scores
        assert call("eval", "r", "--samples", "30", "--metrics", "swd", "--out", out).status == 0
    assert not (trained / "metrics-2.json").exists()


def test_points(call):
    flags = ["--data", "8gaussians", "--steps", "2", "-o", "batch_size=8", "--out", "p"]
    assert call("train", "--model", "wgan-gp", *flags).status == 0
    answer = scored(call("eval", "p", "--samples", "300", "--json"))
    assert list(answer["results"][0]["values"]) == ["modes_found", "good_share", "w1", "critic_estimate"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["nowhere"], "nowhere is neither a run nor a checkpoint: it does not exist"),
        (["nowhere.npz"], "nowhere.npz does not exist"),
        (["x.npz", "--every"], "--every wants a run"),
        (["x.npz", "--metrics", "fid"], "unknown metric 'fid': did you mean 'kid'?"),
        (["x.npz", "--metrics", ""], "--metrics is empty"),
        (["x.npz", "--metrics", "critic_estimate"], "it is for runs"),
        (["x.npz", "--data", "mnist5k"], "did you mean 'mnist-5k'"),
        (["x.npz", "--samples", "1"], "--samples"),
        (["x.npz", "--fit", "padd"], "did you mean 'pad'"),
        (["x.npz", "--fit", "pad"], "fit pad is for pictures that are not square"),
        (["nowhere", "--fit", "pad"], "--fit is for files"),
        (["x.npz", "--device", "tpu"], "--device tpu"),
        (["x.npz", "--data", "8gaussians"], "wants points"),
        (["small.npz"], "30×30 pixels"),
        (["few.npz", "--metrics", "frechet"], "10 samples are too few for 64 features"),
        ([], "Missing argument"),
    ],
)
def test_mistakes_are_one_line(refused, tmp_path, arguments, words):
    np.savez(tmp_path / "x.npz", images=pictures(70, 28))
    np.savez(tmp_path / "small.npz", images=pictures(70, 30))
    np.savez(tmp_path / "few.npz", images=pictures(10, 28))
    assert words in refused("eval", *arguments)


def test_help_needs_nothing_heavy(tmp_path):
    code = "import sys, eval; print([m for m in ('paddle', 'scipy', 'sklearn', 'torch', 'matplotlib') if m in sys.modules])"
    import subprocess
    import sys

    from tests.helpers import ROOT

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    status, out, _ = run_program("eval.py", "--help", cwd=tmp_path)
    assert status == 0
    assert "--metrics" in out


def test_a_network_can_be_trained(monkeypatch, mnist_dir, tmp_path, capsys):
    """The script that made the weights, on 40 random digits: same seed, same file."""
    from metrics import feature_training, networks, train_network

    monkeypatch.setattr(feature_training, "BATCH", 16)
    for name in ("a", "b"):
        out = str(tmp_path / f"{name}.safetensors")
        arguments = ["digits", "--data-dir", str(mnist_dir), "--epochs", "1", "--device", "cpu", "--out", out]
        train_network.main.main(arguments, standalone_mode=False)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert len((tmp_path / "a.safetensors").read_bytes()) == networks.path_of("digits").stat().st_size
    assert "test accuracy" in capsys.readouterr().out


@pytest.mark.parametrize("how, size, colours", [("digits", 28, 1), ("flip", 28, 1), ("crop", 32, 3)])
def test_augmentation_moves_images_a_little(how, size, colours):
    from metrics.feature_training import augment

    images = pictures(40, size, colours)
    moved = augment(images, how, np.random.default_rng(0))
    assert moved.shape == images.shape
    assert moved.dtype == np.float32
    assert moved.min() >= -1
    assert moved.max() <= 1
    np.testing.assert_array_equal(images, pictures(40, size, colours))

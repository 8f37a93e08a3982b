"""sample.py: grids, arrays, single files, interpolations, films."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import paddle
import pytest
from PIL import Image

from data.dataset import to_uint8
from errors import NotFinite
from reporting import samples, strip
from reporting.samples import FILM_STEPS, HELD, great_circles, noise
from tests.helpers import TINY_FLAGS, in_process, log_of, weights_of
from training import budget, grids
from training.run import read_recipe
from training.sampling import generate

ROUND = 8  # steps of an interpolation


@pytest.fixture(scope="module")
def runs(tmp_path_factory, mnist_dir, cifar_dir):
    """Tiny finished runs: digits, colours, points."""
    folder = tmp_path_factory.mktemp("runs")
    sources = {
        "digits": ["--data", "mnist", "--data-dir", mnist_dir],
        "colours": ["--data", "cifar10", "--data-dir", cifar_dir],
        "points": ["--data", "25gaussians"],
    }
    for name, flags in sources.items():
        more = [*TINY_FLAGS, "--steps", 3, "-o", "learning_rate=2e-4", "-o", "sample_every=1", "--out", folder / name]
        in_process("train", "--model", "dcgan", *flags, *more)
    return folder


def images(path):
    with np.load(path, allow_pickle=False) as content:
        return content["images"]


def made(result, path):
    assert (result.status, result.err) == (0, ""), result
    assert result.out.splitlines()[-1] == str(path)
    return path


@pytest.mark.parametrize(("run", "shape"), [("digits", (28, 28)), ("colours", (32, 32, 3))])
def test_an_npz_holds_uint8_images_without_padding(call, runs, run, shape):
    made(call("sample", runs / run, "--n", 10, "--out", "a.npz"), "a.npz")
    found = images("a.npz")
    assert found.shape == (10, *shape) and found.dtype == np.uint8
    assert found.std() > 0


def test_the_seed_decides_and_more_samples_begin_with_the_same(call, runs):
    for name, flags in {"a": ["--seed", 1], "b": ["--seed", 1, "--n", 20], "c": ["--seed", 2]}.items():
        made(call("sample", runs / "digits", "--n", 10, *flags, "--out", f"{name}.npz"), f"{name}.npz")
    a, b, c = (images(f"{name}.npz") for name in "abc")
    np.testing.assert_allclose(a.astype(int), b[:10].astype(int), atol=1)
    assert not np.array_equal(a, c)


def test_a_run_means_its_newest_checkpoint(call, runs):
    for name, source in {"run": "", "last": "checkpoints/step-000003", "first": "checkpoints/step-000000"}.items():
        made(call("sample", runs / "digits" / source, "--out", f"{name}.npz"), f"{name}.npz")
    np.testing.assert_array_equal(images("run.npz"), images("last.npz"))
    assert not np.array_equal(images("run.npz"), images("first.npz"))


def test_a_checkpoint_named_from_beside_it_knows_its_run(call, runs, monkeypatch):
    monkeypatch.chdir(runs / "digits" / "checkpoints")
    made(call("sample", "step-000003"), "../samples-step-000003-seed-0.png")
    made(call("sample", "step-000003", "--out", "../a.gif"), "../a.gif")


@pytest.mark.parametrize(("run", "size"), [("digits", 28), ("colours", 32)])
def test_a_grid_shows_the_samples_of_the_npz(call, runs, run, size):
    made(call("sample", runs / run, "--n", 16, "--out", "a.png"), "a.png")
    made(call("sample", runs / run, "--n", 16, "--out", "a.npz"), "a.npz")
    grid, first = cv2.imread("a.png")[..., ::-1], images("a.npz")[0]
    assert grid.shape == (2 * (2 * (size + 2) + 2), 2 * (8 * (size + 2) + 2), 3)
    tile = grid[4 : 4 + 2 * size : 2, 4 : 4 + 2 * size : 2]
    np.testing.assert_array_equal(tile, first if first.ndim == 3 else np.repeat(first[..., None], 3, -1))


@pytest.mark.parametrize("run", ["digits", "colours"])
def test_a_folder_gets_one_png_a_sample(call, runs, run):
    made(call("sample", runs / run, "--n", 5, "--out", "pictures/"), "pictures/")
    made(call("sample", runs / run, "--n", 5, "--out", "a.npz"), "a.npz")
    for k, expected in enumerate(images("a.npz")):
        picture = cv2.imread(f"pictures/{k:06d}.png")[..., ::-1]
        np.testing.assert_array_equal(picture, expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, -1))


def test_a_folder_that_holds_something_is_refused_or_cleared(call, refused, runs):
    """Whoever computes FID takes all pictures of a folder."""
    flags = [runs / "digits", "--out", "pictures/", "--n"]
    made(call("sample", *flags, 9), "pictures/")
    assert "--out pictures/ holds something already: name another folder, or --clear its" in refused("sample", *flags, 4)
    made(call("sample", *flags, 4, "--seed", 1, "--clear"), "pictures/")
    assert sorted(path.name for path in Path("pictures").iterdir()) == [f"{k:06d}.png" for k in range(4)]
    made(call("sample", runs / "digits", "--n", 4, "--seed", 1, "--out", "a.npz"), "a.npz")
    np.testing.assert_array_equal(cv2.imread("pictures/000003.png")[..., 0], images("a.npz")[3])
    Path("pictures/notes.txt").write_text("mine")
    assert "holds other things than single pictures already" in refused("sample", *flags, 4, "--clear")
    assert "--clear is for a folder" in refused("sample", runs / "digits", "--out", "b.png", "--clear")


def frames(path):
    """The pictures of a film, uint8 N×H×W×3, and how many seconds it takes."""
    film = cv2.VideoCapture(str(path))
    found = []
    while (one := film.read())[0]:
        found.append(one[1][..., ::-1])
    return np.stack(found), len(found) / film.get(cv2.CAP_PROP_FPS)


def test_a_training_of_any_length_has_grids_for_a_film(call, mnist_dir):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, "--network", "mlp", *TINY_FLAGS, "--steps", 60, "--out", "run"]
    call("train", "--model", "dcgan", *flags)
    assert list(grids.list_grids("run")) == list(range(0, 61, 3))
    made(call("sample", "run", "--out", "a.gif"), "a.gif")
    with Image.open("a.gif") as gif:
        assert gif.n_frames > 20 and gif.info.get("loop") == 0
        times = [gif.info["duration"] for gif.n in range(gif.n_frames) if gif.seek(gif.n) is None]
    assert times[-1] == HELD * times[0]


def test_a_film_s_grids_leave_the_training_as_it_is(call, mnist_dir, monkeypatch):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, "--network", "dcgan", *TINY_FLAGS, "-o", "ema=0.9", "--steps", 12]
    for name, parts in (("with", budget.PARTS), ("without", 1)):
        monkeypatch.setattr(budget, "PARTS", parts)
        assert call("train", "--model", "wgan", *flags, "--out", name).status == 0
    assert (len(grids.list_grids("with")), len(grids.list_grids("without"))) == (13, 2)
    assert weights_of("with", 12) == weights_of("without", 12) and log_of("with") == log_of("without")


@pytest.mark.parametrize("end", [".gif", ".mp4"])
@pytest.mark.parametrize("run", ["digits", "colours", "points"])
def test_the_training_becomes_a_film_of_its_grids_with_their_steps(call, runs, run, end):
    made(call("sample", runs / run, "--out", f"a{end}"), f"a{end}")
    found, seconds = frames(f"a{end}")
    if end == ".mp4":
        made(call("sample", runs / run, "--out", "a.gif"), "a.gif")
        with Image.open("a.gif") as gif:
            times = [gif.info["duration"] for gif.n in range(gif.n_frames) if gif.seek(gif.n) is None]
        assert len(found) == 3 + HELD and seconds == pytest.approx(sum(times) / 1000, rel=0.01)
    last = grids.picture(grids.path_of(runs / run, 3))
    assert found.shape[1:3] == (last.shape[0] + grids.CAPTION, last.shape[1])
    assert np.abs(found[-1][grids.CAPTION :].astype(int) - last).mean() < 12, "compressed"
    words = [np.abs(grids.captioned(last, f"step {k}").astype(int) - found[-1])[: grids.CAPTION].mean() for k in range(4)]
    assert np.argmin(words) == 3, "the number of its step is above it"


def test_a_film_that_was_cut_short_is_an_error(refused, runs, monkeypatch):
    """OpenCV says nothing of a full disk."""
    monkeypatch.setattr(cv2, "VideoCapture", lambda path: SimpleNamespace(get=lambda key: 3.0))
    assert "a.mp4 cannot be written: the film is cut short" in refused("sample", runs / "digits", "--out", "a.mp4")


def test_an_opencv_that_writes_no_mp4_says_so(refused, runs, monkeypatch):
    monkeypatch.setattr(samples, "CODECS", ())
    assert "this OpenCV cannot write MP4; take .gif" in refused("sample", runs / "digits", "--out", "a.mp4")


def test_a_film_of_the_training_is_of_its_grids_alone(refused, runs):
    for flags, word in ((["--n", 9], "--n"), (["--seed", 0], "--seed"), (["--raw"], "--raw")):
        assert f"{word}: a film of the training is made of" in refused("sample", runs / "digits", *flags, "--out", "a.mp4")


@pytest.mark.parametrize("end", [".gif", ".mp4"])
def test_an_interpolation_becomes_a_film_that_goes_there_and_back(call, runs, end):
    flags = [runs / "digits", "--n", 2 * ROUND, "--interpolate", "--seed", 3, "--out"]
    made(call("sample", *flags, f"a{end}"), f"a{end}")
    found, _ = frames(f"a{end}")
    made(call("sample", *flags, "a.npz"), "a.npz")
    ends = images("a.npz").reshape(2, ROUND, 28, 28)[:, [0, -1]]
    for k, column in ((0, 0), (FILM_STEPS - 1, 1)):
        expected = grids.grid(ends[:, column][:, None], 2, 4)
        assert found[k].shape == expected.shape and np.abs(found[k].astype(int) - expected).mean() < 12
    if end == ".mp4":  # a GIF leaves out frames that are equal
        assert len(found) == 2 * FILM_STEPS - 2
        np.testing.assert_allclose(found[FILM_STEPS + 3].astype(int), found[FILM_STEPS - 5].astype(int), atol=60)


def test_points_are_drawn_or_saved_as_numbers(call, runs, monkeypatch):
    made(call("sample", runs / "points", "--n", 300, "--out", "a.npz"), "a.npz")
    assert np.load("a.npz")["points"].shape == (300, 2)
    made(call("sample", runs / "points", "--out", "a.npz"), "a.npz")
    assert np.load("a.npz")["points"].shape == (1000, 2), "enough to see a distribution"
    made(call("sample", runs / "points", "--out", "a.png"), "a.png")
    assert cv2.imread("a.png").std() > 0
    monkeypatch.setattr(samples, "FILM_STEPS", 3)
    made(call("sample", runs / "points", "--interpolate", "--out", "a.gif"), "a.gif")
    assert frames("a.gif")[0].shape[1:3] == (480, 480)


def test_by_default_the_picture_lies_in_the_runs_folder(call, runs, tmp_path):
    shutil.copytree(runs / "digits", tmp_path / "run")
    made(call("sample", "run"), "run/samples-seed-0.png")
    made(call("sample", "run", "--interpolate"), "run/interpolation-seed-0.png")
    made(call("sample", "run/checkpoints/step-000003"), "run/samples-step-000003-seed-0.png")
    made(call("sample", "run/checkpoints/step-000000", "--raw"), "run/samples-raw-step-000000-seed-0.png")


def test_an_interpolation_goes_from_noise_to_noise_on_a_great_circle():
    z = great_circles(3, 4 * ROUND, 50).reshape(4, ROUND, 50)
    ends = noise(3, 8, 50)
    np.testing.assert_allclose(z[:, 0], ends[:4], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(z[:, -1], ends[4:], rtol=1e-5, atol=1e-6)
    lengths = np.linalg.norm(z, axis=-1)
    steps = np.diff(lengths, axis=1)
    np.testing.assert_allclose(steps, np.repeat(steps[:, :1], ROUND - 1, 1), atol=1e-4)  # lengths change evenly
    unit = z / lengths[..., None]
    angles = np.arccos(np.clip((unit[:, 1:] * unit[:, :-1]).sum(-1), -1, 1))
    np.testing.assert_allclose(angles, np.repeat(angles[:, :1], ROUND - 1, 1), rtol=1e-3)  # as do directions
    assert lengths.min() > 0.9 * np.linalg.norm(ends, axis=-1).min(), "a straight line would cut the corner"


def test_samples_that_are_nan_are_an_error_and_infinite_ones_are_cut_off():
    """8 bits would make NaN black, and black images have scores."""
    generator = paddle.nn.Layer()
    generator.forward = lambda z: paddle.full([len(z), 1, 2, 2], generator.value)
    for generator.value, pixel in ((np.inf, 255), (-np.inf, 0)):
        assert (to_uint8(generate(generator, noise(0, 300, 4))) == pixel).all()
    generator.value = np.nan
    with pytest.raises(NotFinite, match="the generator makes samples that are NaN"):
        generate(generator, noise(0, 300, 4))


def test_interpolated_images_change_little_from_one_to_the_next(call, runs):
    made(call("sample", runs / "digits", "--n", 2 * ROUND, "--interpolate", "--out", "a.npz"), "a.npz")
    found = images("a.npz").reshape(2, ROUND, 28, 28).astype(float)
    steps = np.abs(np.diff(found, axis=1)).mean((2, 3))
    assert (steps.max(1) < np.abs(found[:, 0] - found[:, -1]).mean((1, 2))).all()


def test_sampling_does_not_depend_on_how_many_are_drawn_at_once(call, runs):
    """Batch norm uses running statistics: a sample never depends on its batch-mates."""
    for name, n in (("one", 1), ("many", 40)):
        made(call("sample", runs / "digits", "--n", n, "--out", f"{name}.npz"), f"{name}.npz")
    np.testing.assert_allclose(images("one.npz")[0].astype(int), images("many.npz")[0].astype(int), atol=1)


def test_panels_of_a_strip_can_be_told_apart(runs):
    folder, recipe = runs / "points", read_recipe(runs / "points")
    assert strip.caption(folder, recipe, ["dcgan"]).startswith("dcgan")
    assert strip.caption(folder, recipe, ["dcgan", "dcgan"]).startswith("points")

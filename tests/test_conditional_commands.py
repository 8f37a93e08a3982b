"""A conditional run from train.py to sample.py, eval.py, infer.py and compare.py."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from data.dataset import crop_to, to_uint8
from reporting import samples
from tests.helpers import ROOT, TINY_FLAGS, in_process, write_images
from tests.test_compare import results
from training import checkpoint, grids, run
from training.sampling import sample
from training.trainer import rebuild

FLAGS = [*TINY_FLAGS, "--steps", 2, "-o", "ema=0.9", "-o", "learning_rate=5e-5"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory, mnist_dir):
    """Two runs of two steps, on digits: 'conditional', and 'plain'; not to be changed."""
    folder = tmp_path_factory.mktemp("conditional")
    for name, kind in (("conditional", "true"), ("plain", "false")):
        flags = ["--data", "mnist", "--data-dir", mnist_dir, "--network", "dcgan", "--out", folder / name]
        in_process("train", "--model", "wgan", *FLAGS, "-o", f"conditional={kind}", *flags)
    return folder


@pytest.fixture
def runs(trained, tmp_path):
    """Copies of the two in the current folder."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)


def arrays(path):
    with np.load(path) as found:
        return dict(found)


@pytest.mark.usefixtures("runs")
def test_a_run_says_that_it_is_conditional_and_of_what_classes(call, tmp_path):
    recipe, state = run.read_recipe("conditional"), checkpoint.read_state("conditional/checkpoints/step-000002")
    assert recipe.conditional and not run.read_recipe("plain").conditional
    assert list(state["classes"]) == list("0123456789") and sum(state["classes"].values()) == 40
    assert checkpoint.read_state("plain/checkpoints/step-000002")["classes"] is None
    assert len(run.read_provenance("conditional")["labels_sha256"]) == 64
    assert "labels_sha256" not in run.read_provenance("plain")
    assert run.default_name(recipe, "dcgan") == "wgan-conditional-mnist-s0"


@pytest.mark.usefixtures("runs")
def test_grids_of_the_training_show_the_classes_in_order(tmp_path):
    folder = tmp_path / "conditional"
    trainer, _ = rebuild(checkpoint.path_of(folder, 2))
    items = crop_to(to_uint8(sample(trainer, "fixed noise", 64, labels=np.arange(64) % 10)), 28)
    np.testing.assert_array_equal(grids.picture(grids.path_of(folder, 2)), grids.grid(items))


@pytest.mark.usefixtures("runs")
def test_chosen_classes_come_in_turn_from_the_same_noise(call):
    for name, flags in (("all", []), ("37", ["--classes", "3，7"]), ("7", ["--classes", "7"])):
        assert call("sample", "conditional", "--n", 9, "--out", f"{name}.npz", *flags).status == 0
    every, both, sevens = (arrays(f"{name}.npz") for name in ("all", "37", "7"))
    assert both["labels"].tolist() == [3, 7, 3, 7, 3, 7, 3, 7, 3] and sevens["labels"].tolist() == [7] * 9
    np.testing.assert_array_equal(both["images"][1::2], sevens["images"][1::2])
    assert not np.array_equal(both["images"][::2], sevens["images"][::2])
    assert every["labels"].dtype == np.int64 and len(set(every["labels"].tolist())) > 2
    call("sample", "conditional", "--n", 4, "--out", "few.npz")
    np.testing.assert_array_equal(arrays("few.npz")["labels"], every["labels"][:4])
    np.testing.assert_array_equal(arrays("few.npz")["images"], every["images"][:4])


@pytest.mark.usefixtures("runs")
def test_a_grid_of_the_classes_has_a_class_a_row_and_one_noise_a_column(call):
    assert call("sample", "conditional", "--grid", "classes", "--n", 25).out.splitlines()[-1] == "conditional/classes-seed-0.png"
    call("sample", "conditional", "--grid", "classes", "--n", 25, "--out", "grid.npz")
    found = arrays("grid.npz")
    np.testing.assert_array_equal(found["labels"], np.repeat(np.arange(10), 3))
    for label in (0, 4, 9):  # a row is what the class alone makes of the first noises
        call("sample", "conditional", "--classes", label, "--n", 3, "--out", "row.npz")
        np.testing.assert_array_equal(found["images"][3 * label : 3 * label + 3], arrays("row.npz")["images"])
    tiles = grids.tiles(grids.read_png("conditional/classes-seed-0.png"), 3)
    np.testing.assert_array_equal(tiles[..., 0], found["images"])
    call("sample", "conditional", "--grid", "classes", "--classes", "9,2", "--n", 8, "--out", "two.npz")
    np.testing.assert_array_equal(arrays("two.npz")["labels"], [9] * 4 + [2] * 4)


@pytest.mark.usefixtures("runs")
def test_a_walk_stays_in_its_class(call):
    plan = samples.plan(0, 20, 8, {"a": 1, "b": 1}, [1, 0], steps=samples.STEPS)
    assert plan.labels.tolist() == [1] * 8 + [0] * 8 + [1] * 8 and plan.columns == 8 and len(plan.z) == 24
    np.testing.assert_array_equal(plan.z, samples.great_circles(0, 20, 8))
    for out in ("walk.png", "walk.gif"):
        assert call("sample", "conditional", "--interpolate", "--classes", "5", "--n", 8, "--out", out).status == 0


@pytest.mark.parametrize(
    "command, words",
    [
        (["sample", "conditional", "--classes", "3,10"], "--classes '3,10': allowed are 0 to 9, with commas between them"),
        (["sample", "conditional", "--classes", ""], "allowed are 0 to 9"),
        (["sample", "conditional", "--classes", "-1"], "allowed are 0 to 9"),
        (["sample", "plain", "--classes", "3"], "--classes: plain was not trained with conditional=true"),
        (["sample", "plain", "--grid", "classes"], "--grid classes: plain was not trained with conditional=true"),
        (["sample", "conditional", "--grid", "rows"], "'rows' is not"),
        (["sample", "conditional", "--grid", "classes", "--interpolate"], "--grid and --interpolate exclude one another"),
        (["sample", "conditional", "--classes", "3", "--out", "a.gif"], "--classes: a film of the training"),
        (
            ["sample", "conditional", "--classes", "3", "--export", "made"],
            "leave out --n, --seed, --out, --interpolate, --classes, --grid, --clear",
        ),
        (["eval", "plain", "--metrics", "class_accuracy"], "metric class_accuracy asks what class a sample is to be of"),
        (["eval", "none.npz", "--data", "mnist", "--metrics", "class_accuracy"], "metric class_accuracy asks what class"),
        (
            ["eval", "wrong.npz", "--data", "mnist", "--metrics", "class_accuracy"],
            "labels of 0 to 9 are wanted, one for each",
        ),
        (["train", "--out", "plain", "--resume", "-o", "conditional=true"], "its conditional is False, not True"),
        (["train", "--out", "conditional", "--resume", "-o", "conditional=false"], "its conditional is True, not False"),
    ],
)
@pytest.mark.usefixtures("runs")
def test_mistakes_are_one_line(refused, mnist_dir, command, words):
    images = np.random.default_rng(0).integers(0, 256, (70, 28, 28), dtype=np.uint8)
    np.savez("none.npz", images=images)
    np.savez("wrong.npz", images=images, labels=np.full(70, 10))
    assert words in refused(*command, *(["--data-dir", mnist_dir] if command[0] != "sample" else []))


@pytest.mark.usefixtures("runs")
def test_other_labels_are_other_data(refused, mnist_dir, tmp_path):
    path = tmp_path / "conditional/config.yaml"
    content = yaml.safe_load(path.read_text())
    content["provenance"]["labels_sha256"] = "0" * 64
    path.write_text(yaml.safe_dump(content))
    words = refused("train", "--out", "conditional", "--resume", "--steps", 4, "--data-dir", mnist_dir)
    assert "conditional was trained with other labels" in words


@pytest.mark.usefixtures("runs")
def test_a_run_and_its_samples_in_a_file_have_the_share_of_the_class_asked_for(call, mnist_dir):
    flags = ["--data-dir", mnist_dir, "--samples", 60, "--json"]
    of_run = json.loads(call("eval", "conditional", *flags, "--metrics", "class_accuracy,classes,critic_estimate").out)
    values = of_run["results"][0]["values"]
    assert 0 <= values["class_accuracy"]["value"] <= 1 and values["class_accuracy"]["floor"] is not None
    assert np.isfinite(values["critic_estimate"]["value"])
    call("sample", "conditional", "--n", 60, "--out", "s.npz")
    of_file = json.loads(call("eval", "s.npz", "--data", "mnist", *flags, "--metrics", "class_accuracy,classes").out)
    assert of_file["results"][0]["values"]["class_accuracy"] == values["class_accuracy"]
    found = arrays("s.npz")
    np.savez("moved.npz", images=found["images"], labels=(found["labels"] + 1) % 10)
    np.savez("odd.npz", images=found["images"], labels=found["labels"].astype(float))
    np.savez("objects.npz", images=found["images"], labels=np.array([None] * 60, object))
    for name, measured in (("moved", True), ("odd", False), ("objects", False)):
        answer = call("eval", f"{name}.npz", "--data", "mnist", *flags, "--metrics", "swd")
        assert answer.status == 0 and set(json.loads(answer.out)["results"][0]["values"]) == {"swd"}
        asked = call("eval", f"{name}.npz", "--data", "mnist", *flags, "--metrics", "class_accuracy")
        assert asked.status == (0 if measured else 2)


def test_real_digits_are_of_their_class(call):
    import data

    digits = data.load("mnist-5k")
    np.savez_compressed("real.npz", images=digits.heldout[:, 0], labels=digits.heldout_labels)
    flags = ["--metrics", "class_accuracy", "--json", "--out", "scores"]
    scored = json.loads(call("eval", "real.npz", *flags).out)["results"][0]["values"]["class_accuracy"]
    assert scored["value"] > 0.99 and scored["floor"] == pytest.approx(scored["value"], abs=0.005)


@pytest.mark.usefixtures("runs")
def test_the_exported_graph_draws_the_classes_that_sample_py_draws(call, tmp_path):
    """infer.py in a process of its own: it changes how the process that holds it does its sums."""
    assert call("sample", "conditional", "--export", "made").status == 0
    record = json.loads(Path("made/export.json").read_text())
    assert record["format"] == 2 and list(record["classes"]) == list("0123456789")
    ways = {"chosen": ["--classes", "3,7"], "grid": ["--grid", "classes"], "as they come": []}
    common = ["--model_dir", "made", "--n", "20", "--batch_size", "6"]
    commands = [[*common, "--out", f"{way} i.npz", *flags] for way, flags in ways.items()]
    commands += [[*common, *flags] for flags in ways.values()]  # under names of their own
    code = f"import sys\nsys.path[:0] = [{str(ROOT)!r}]\nimport infer\n"
    code += f"for flags in {commands!r}:\n    infer.main.main(flags, standalone_mode=False)\n"
    drawn = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert drawn.returncode == 0, drawn.stderr
    names = {"samples-classes-3-7-seed-0.png", "classes-seed-0.png", "samples-seed-0.png"}
    assert {path.name for path in Path("made").glob("*.png")} == names
    for way, flags in ways.items():
        assert call("sample", "conditional", "--n", 20, "--out", f"{way} s.npz", *flags).status == 0
        ours, theirs = arrays(f"{way} s.npz"), arrays(f"{way} i.npz")
        np.testing.assert_array_equal(ours["labels"], theirs["labels"])
        assert np.abs(ours["images"].astype(int) - theirs["images"]).max() <= 1
    assert call("sample", "plain", "--export", "other").status == 0
    record = json.loads(Path("other/export.json").read_text())
    assert record["format"] == 1 and "classes" not in record
    wrong = call("infer", "--model_dir", "other", "--classes", "3")
    assert wrong.status == 2 and "other was not trained with conditional=true" in wrong.err


@pytest.mark.usefixtures("runs")
def test_compared_the_two_are_told_apart(call, mnist_dir):
    flags = ["--data-dir", mnist_dir, "--metrics", "class_accuracy,swd", "--samples", "60", "--jobs", 1, "--out", "A"]
    compared = call("compare", "conditional", "plain", *flags)
    assert compared.status == 0, compared.err
    found = results("A")
    assert [group["label"] for group in found["groups"]] == ["wgan conditional", "wgan"]
    of_one, of_other = ({*group["metrics"]} for group in found["groups"])
    assert of_one == {"class_accuracy", "swd"} and of_other == {"swd"}
    assert found["floor"]["class_accuracy"]["value"] is not None and not [line for line in found["remarks"] if "class_" in line]
    row = next(row for row in found["settings"] if row["name"] == "conditional")
    assert row["values"] == {"wgan conditional": "yes", "wgan": "no"}
    again = call("compare", "conditional", "plain", *flags)
    assert again.status == 0 and "scoring" not in again.out


def test_one_model_of_a_comparison_may_be_conditional(call, mnist_dir):
    flags = ["--data", "mnist", "--data-dir", mnist_dir, "--network", "mlp", *TINY_FLAGS, "--seeds", 1, "--jobs", 1]
    flags += ["--metrics", "class_accuracy", "--samples", "60", "-o", "wgan.conditional=true", "--out", "A"]
    compared = call("compare", "gan", "wgan", *flags)
    assert compared.status == 0, compared.err
    found = {group["label"]: sorted(group["metrics"]) for group in results("A")["groups"]}
    assert found == {"gan": [], "wgan conditional": ["class_accuracy"]}


def test_a_folder_of_classes_is_trained_on_and_drawn_from_by_name(call, tmp_path):
    for name, count in (("cats", 14), ("dogs", 9)):
        write_images(tmp_path / "pictures" / name, count)
    flags = ["--data", f"folder:{tmp_path}/pictures", "-o", "image_size=32", *TINY_FLAGS, "--steps", 1, "--out", "run"]
    assert call("train", "--model", "wgan-gp", "-o", "conditional=true", *flags).status == 0
    assert call("sample", "run", "--classes", "dogs,1", "--n", 3, "--out", "s.npz").status == 0
    assert arrays("s.npz")["labels"].tolist() == [1, 1, 1]
    wrong = call("sample", "run", "--classes", "dog")
    assert "allowed are 0 to 1, or by name 'cats, dogs'" in wrong.err

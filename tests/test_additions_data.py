"""A stranger adds a data set without a feature network, and a metric: each in one place, here at run time."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import data
import metrics
from metrics.registry import register
from tests.helpers import TINY_FLAGS, pictures

COMPARED = ["--network", "mlp", "--steps", "10", "--batch-size", "64", "-o", "units=16", "-o", "latent=8", "--jobs", "1"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def blots(monkeypatch):
    def load(name, data_dir, image_size):
        images = pictures(60, image_size, colours=3)
        return data.Dataset(name, images[:40], images[40:])

    monkeypatch.setitem(data.SOURCES, "blots", data.Source(load))


@pytest.fixture
def rings(monkeypatch):
    def load(name, data_dir, image_size):
        points = np.random.default_rng(0).standard_normal((600, 2)).astype(np.float32)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        return data.Dataset(name, points[:500], points[500:])

    monkeypatch.setitem(data.SOURCES, "rings", data.Source(load, kind="points", family="points"))


@pytest.fixture
def contrast():
    @register("contrast", values={"contrast": "higher"}, fits=("images",), on_the_way=("images",))
    def measure(draw):
        return {"contrast": float(draw.fake.items.std())}

    yield
    del metrics.METRICS["contrast"]


def results(out):
    return json.loads((Path(out) / "results.json").read_text(encoding="utf-8"))


def test_a_data_set_without_a_feature_network_is_trained_on_and_scored(blots, call, refused, tmp_path):
    result = call("train", "--model", "wgan", "--data", "blots", *TINY_FLAGS, "--steps", 2, "--out", "r")
    assert result.status == 0, result.err
    scored = call("eval", "r", "--samples", "30")
    assert scored.status == 0, scored.err
    assert "not measured: frechet, kid, prdc, classes, w1: blots has no feature network" in scored.out
    (entry,) = json.loads((tmp_path / "r" / "metrics.json").read_text())["results"]
    assert list(entry["values"]) == ["swd", "memorised_share", "nearest_ratio", "critic_estimate"]
    words = refused("eval", "r", "--metrics", "swd,frechet")
    assert "metric frechet cannot be measured: blots has no feature network; allowed are swd, memorised, critic_est" in words

    np.savez("s.npz", images=pictures(30, 48, colours=3))  # a reader that makes any size is asked for the file's
    scored = call("eval", "s.npz", "--data", "blots", "--json")
    assert scored.status == 0, scored.err
    assert "swd" in json.loads(scored.out)["results"][0]["values"]


def test_a_data_set_without_a_feature_network_is_compared_on(blots, call, refused):
    assert "has no feature network" in refused("compare", "gan", "wgan", "--data", "blots", "--metrics", "kid", *COMPARED)
    result = call("compare", "gan", "wgan", "--data", "blots", "--samples", "30", "--seeds", "1", *COMPARED, "--out", "A")
    assert result.status == 0, result.err
    made = results("A")
    assert {"swd", "memorised_share", "critic_estimate"} <= set(made["floor"]) and "fd_vgg" not in made["floor"]
    assert made["quality"] == "swd"
    assert any("frechet" in line and "blots has no feature network" in line for line in made["remarks"])
    assert "blots has no feature network" in Path("A/report.html").read_text(encoding="utf-8")


def test_points_of_a_new_kind_are_compared_on(rings, call):
    own = [*COMPARED, "-o", "log_every=5"]
    result = call("compare", "wgan", "wgan-gp", "--data", "rings", "--samples", "60", "--seeds", "1", *own, "--out", "A")
    assert result.status == 0, result.err
    assert list(results("A")["floor"]) == ["w1", "critic_estimate"]
    assert results("A")["quality"] == "w1"


def test_a_metric_is_measured_and_shown_with_its_direction(contrast, call, tmp_path):
    assert call("train", "--model", "gan", *TINY_FLAGS, "--steps", 2, "--out", "r").status == 0
    scored = call("eval", "r", "--samples", "30", "--metrics", "contrast")
    assert scored.status == 0, scored.err
    assert re.search(r"contrast\s+│\s+higher", scored.out)
    row = json.loads((tmp_path / "r" / "metrics.json").read_text())["results"][0]["values"]["contrast"]
    assert row["floor"] == pytest.approx(data.load("mnist-5k").heldout[:, :, 2:30, 2:30].std(), rel=0.1)
    assert not list((tmp_path / "cache").rglob("*.json")), "the cache does not know when this file changes"

    flags = ["--samples", "30", "--metrics", "contrast", "--seeds", "2", *COMPARED]
    result = call("compare", "gan", "wgan", *flags, "-o", "wgan.generator_learning_rate=0.1", "--out", "A")
    assert result.status == 0, result.err
    made = results("A")
    means = {group["label"]: group["metrics"]["contrast"]["mean"] for group in made["groups"]}
    assert means["wgan"] > means["gan"] > 0
    assert made["best"]["contrast"] == "wgan", "higher is better"
    assert "contrast" in made["floor"] and all("contrast" in line for line in made["runs"][0]["on_the_way"])
    page = Path("A/report.html").read_text(encoding="utf-8")
    assert re.search(r'contrast\s*<small><span lang="en">higher is better', page)
    assert "contrast" in Path("A/results.csv").read_text(encoding="utf-8").splitlines()[0]


def test_a_metric_is_among_those_that_fit_unless_it_does_not(contrast, refused):
    assert metrics.names_for("mnist-5k")[-1] == "contrast"
    np.savez("r.npz", points=np.ones((3, 2)))
    assert "metric contrast does not fit swissroll" in refused("eval", "r.npz", "--data", "swissroll", "--metrics", "contrast")

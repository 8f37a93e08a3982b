"""The cache of reference statistics: by content and by code, whole or made anew."""

from pathlib import Path

import numpy as np

from metrics import cache
from tests.helpers import ROOT
from tests.test_house import imported


def test_cache_knows_content_and_ignores_damage(own_cache):
    made = []

    def make():
        made.append(1)
        return {"x": np.arange(5.0)}

    name = cache.key("a", 1)
    assert name != cache.key("a", 2)
    for _ in range(2):
        np.testing.assert_array_equal(cache.arrays(name, make)["x"], np.arange(5.0))
    assert len(made) == 1
    path = own_cache / f"{name}.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-3] ^= 1
    path.write_bytes(raw)
    np.testing.assert_array_equal(cache.arrays(name, make)["x"], np.arange(5.0))
    assert len(made) == 2
    assert not list(own_cache.glob(".partial-*"))


def test_the_cache_knows_the_code_that_feature_networks_compute_with(monkeypatch):
    modules = {f"{name.replace('.', '/')}.py" for name, _ in imported(ROOT / "metrics" / "networks.py")}
    assert {name for name in modules if name.startswith(("data/", "models/"))} == set(cache.BESIDE)
    keys = {cache.key("a")}
    for name in ("metrics/frechet.py", *cache.BESIDE):
        with monkeypatch.context() as changed:
            read = Path.read_bytes
            changed.setattr(Path, "read_bytes", lambda path: read(path) + b" " * (path == ROOT / name))  # noqa: B023
            keys.add(cache.key("a"))
    assert len(keys) == 2 + len(cache.BESIDE)


def test_numbers_in_the_cache_are_checked(own_cache):
    assert cache.numbers("n", lambda: {"a": [1.5, None]}) == {"a": [1.5, None]}
    assert cache.numbers("n", lambda: {"a": 2}) == {"a": [1.5, None]}
    path = own_cache / "n.json"
    path.write_text(path.read_text().replace("1.5", "9.5"))
    assert cache.numbers("n", lambda: {"a": 2}) == {"a": 2}


def test_a_cache_that_cannot_be_written_is_no_mistake(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache.numbers("n", lambda: {"a": 2}) == {"a": 2}

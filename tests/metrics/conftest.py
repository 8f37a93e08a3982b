"""Where these tests keep what the metrics have computed of real data."""

import pytest


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def common_cache(cache_folder, monkeypatch):
    """Of a file's tests together: what real data score is measured once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_folder))


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """One of a test alone, still empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "paddle-wgan"

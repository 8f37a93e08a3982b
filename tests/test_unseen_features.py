"""The tables in which other feature networks score the published weights."""

import json
import re

import numpy as np
import pytest

from experiments import ROOT, unseen_features
from experiments.unseen_features import PUBLISHED, SEEN, UNSEEN, Column
from metrics.frechet import frechet

PAGES = {"en": ROOT / "docs" / "metrics.md", "zh": ROOT / "docs" / "zh" / "metrics.md"}


def column(kind, first, second):
    scores = {"dcgan 0": first, "wgan 3": second, "real": 0.3}
    return Column(kind, 99.0, {key: {"mean": mean, "deviation": 0.1} for key, mean in scores.items()})


def shown(language):
    """{model: the cells of its row}."""
    text = PAGES[language].read_text(encoding="utf-8").partition("<!-- unseen -->")[2].partition("<!-- end of unseen -->")[0]
    return {row[1]: row[2].split(" | ") for row in re.finditer(r"^\| `?([^`|]+?)`? \| (\d.+) \|$", text, re.M)}


def test_the_models_stand_in_the_published_networks_order_and_who_agrees_is_counted():
    columns = [column(PUBLISHED, 2, 1), column(SEEN, 1, 2), column(SEEN, 5, 4), column(UNSEEN, 4, 3)]
    english, chinese = (unseen_features.table("mnist", columns, language) for language in PAGES)
    assert english.index("wgan, seed 3 | 1 ± 0.1 | 2, 4 | 3") < english.index("dcgan, seed 0 | 2 ") < english.index("real images")
    assert "1 of 2 order" in english and "test images 1 of 1." in english
    assert "2 个网络中有 1 个、用测试图像训练的 1 个中有 1 个" in chinese


def test_a_score_is_the_mean_over_draws_in_the_given_order(monkeypatch):
    rng = np.random.default_rng(0)
    features, reference, order = rng.normal(size=(40, 3)), rng.normal(size=(90, 3)), rng.permutation(40)
    monkeypatch.setattr(unseen_features, "DRAW", 20)
    values = [frechet(features[order[part]], reference)["fd_lenet"] for part in (slice(0, 20), slice(20, 40))]
    row = unseen_features.score(features, reference, order)
    assert row == pytest.approx({"mean": np.mean(values), "deviation": np.std(values, ddof=1)})


@pytest.mark.parametrize("name", unseen_features.SETS)
def test_the_pages_have_every_published_model_with_its_own_score(name):
    """The published network's column is what eval.py gives."""
    english, chinese = (shown(language) for language in PAGES)
    assert list(english.values()) == list(chinese.values())
    for key, folder in unseen_features.published(name).items():
        content = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        value = content["results"][-1]["values"]["fd_lenet"]["value"]
        assert float(english[key][0].partition(" ± ")[0]) == pytest.approx(value, abs=0.006)


def test_what_the_text_says_of_the_tables():
    rows = {key: [float(value.partition(" ± ")[0]) for value in ", ".join(row).split(", ")] for key, row in shown("en").items()}
    digits = ("wgan-gp-conditional-mnist", "wgan-gp-mnist", "dcgan-mnist", "wgan-mnist")
    assert all(list(values) == sorted(values) for values in zip(*(rows[key] for key in digits), strict=True))
    first, last = "wgan-gp-conditional-fashion-mnist", "wgan-fashion-mnist"
    seeds = {model: (f"{model}-fashion-mnist", f"{model}, seed 3", f"{model}, seed 4") for model in ("dcgan", "wgan-gp")}
    both = [rows[key] for keys in seeds.values() for key in keys]
    for best, worst, *values in zip(rows[first], rows[last], *both, strict=True):
        assert best < min(values) and max(values) < worst
    dcgan, penalised = (np.mean([rows[key] for key in keys], 0) for keys in seeds.values())
    by_published, *by_others = penalised / dcgan
    assert by_published > 1.1 and len(by_others) == 6 and all(0.9 < ratio < 1.1 for ratio in by_others)

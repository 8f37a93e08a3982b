"""The benchmarks: a worker does what it is told, and the pages hold what was measured."""

import json
import re

import pytest

from benchmarks.table import markdown
from benchmarks.throughput import Worker
from experiments.work import ROOT

MEASURED = json.loads((ROOT / "docs" / "throughput.json").read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize("variant", ["plain", "ours", "loop"])
def test_a_worker_answers_with_seconds(variant):
    worker = Worker(variant, ("wgan", "dcgan", 4, "mnist-5k"))
    kinds = ["loop"] if variant == "loop" else ["critic", "generator"]
    try:
        assert all(0 < worker.step(kind) < 60 for kind in kinds)
    finally:
        worker.close()


def test_the_table_is_that_of_the_json():
    assert markdown(MEASURED) in (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "README_zh.md"])
@pytest.mark.parametrize(("model", "network", "filters"), [("wgan", "dcgan", 64), ("wgan-gp", "dcgan", 64), ("wgan", "mlp", 64)])
def test_the_readme_holds_the_measured_milliseconds(page, model, network, filters):
    at = {"model": model, "network": network, "filters": filters, "step": "critic", "data": "mnist-5k"}
    found = {row["variant"]: row for row in MEASURED if at.items() <= row.items()}
    text = (ROOT / page).read_text(encoding="utf-8")
    said = [f"{1e3 * found[variant]['seconds']:.1f}" for variant in ("ours", "plain", "pytorch")]
    said += [f"{found['ours']['over_plain']:.1f}", f"{found['ours']['over_pytorch']:.2f}"]
    for number in said:
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", text), number

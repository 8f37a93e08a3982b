"""report.html in a browser, on a telephone, a tablet, a screen: nothing cut, no text wider than its box, no error. Where there is
no Chromium, these are skipped."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reporting import page, summary

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf-8")
WIDTHS = (390, 768, 1400)
NAMES = ["gan", "wgan", "wgan-gp-paper dcgan-nobn", "lsgan learning_rate=0.00012345", "dcgan_of_a_rather_long_name", "生成模型"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")


def crowded(results):
    """The same with six models, whose names are long and numbers wide."""
    of = {name: ("gan", "wgan")[i % 2] for i, name in enumerate(NAMES)}
    rows = lambda key: [{**row, "label": name} for name in NAMES for row in results[key] if row["label"] == of[name]]  # noqa: E731
    more = {key: rows(key) for key in ("groups", "runs", "agreement")}
    more |= {key: {name: results[key][of[name]] for name in NAMES} for key in ("curves", "metric_curves")}
    more["settings"] = [{**row, "values": {name: row["values"][of[name]] for name in NAMES}} for row in results["settings"]]
    more["summary"] = summary.summarise({**results, **more})
    text = json.dumps({**results, **more}, ensure_ascii=False)
    return json.loads(re.sub(r'"generator_loss": [-\d.]+', '"generator_loss": -1234.5678', text))


@pytest.fixture(scope="module", params=["two models", "six models"])
def found(request, small_comparison, tmp_path_factory):
    """What look.js found at each of WIDTHS."""
    results, text, _ = small_comparison
    folder = tmp_path_factory.mktemp("browser")
    if request.param == "six models":
        text = page.render(crowded(results))
    (folder / "page.html").write_text(text.replace("<body>", f"<body><script>{LOOK}</script>"), encoding="utf-8")
    frames = "".join(f'<iframe src="page.html" width="{width}" height="800" style="border:0"></iframe>' for width in WIDTHS)
    (folder / "around.html").write_text(f'<pre id="found"></pre><script>{LOOK}</script>{frames}', encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile", "--virtual-time-budget=20000"]
    command = [CHROMIUM, *flags, "--dump-dom", (folder / "around.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, encoding="utf-8")
    (told,) = re.findall(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    rows = json.loads(told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return sorted(rows, key=lambda row: row["english"]["width"])


def test_nothing_is_cut_and_no_text_is_wider_than_its_box(found):
    assert len(found) == len(WIDTHS)
    for row, width in zip(found, WIDTHS):
        assert width - 20 < row["english"]["width"] <= width
        assert row["english"]["wrong"] == [] and row["chinese"]["wrong"] == []
        assert row["english"]["languages"] == ["en"] and row["chinese"]["languages"] == ["zh"]


def test_every_chart_is_drawn_and_can_be_saved_and_the_slider_moves(found):
    for row, width in zip(found, WIDTHS):
        charts = row["english"]["charts"]
        assert charts > 8 and row["english"]["plots"] == row["chinese"]["plots"] == charts
        assert row["english"]["buttons"] == 2 * charts and row["english"]["paths"] > 5 * charts
        assert row["step"] == "0"
        assert row["printed"] == [330] and (row["after"] > 330 or width == 390)  # two in a row on A4
        assert row["saved"]["file"].endswith(".svg") and row["saved"]["picture"].startswith("data:image/svg+xml")
        assert "<svg" in row["saved"]["picture"]

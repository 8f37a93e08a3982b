"""report.html in a browser, on a telephone, a tablet, a screen: nothing cut, no text wider than its box, no error. Where there is
no Chromium, these are skipped."""

import json
import re
import shutil
import subprocess

import pytest

from reporting import page
from tests.test_report import made  # noqa: F401 - a small comparison

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (390, 768, 1400)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")

# put into the page: it tells the page around it what does not fit
AUDIT = """
<script>
const WRONG = [];
addEventListener("error", event => WRONG.push("error: " + event.message));
console.error = console.warn = (...words) => WRONG.push("console: " + words.join(" "));
</script>
"""
LOOK = """
<script>
function look() {
  const width = document.documentElement.clientWidth, name = e => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 40)}`;
  if (document.documentElement.scrollWidth > width) WRONG.push("the page is wider than the screen");
  for (const e of document.querySelectorAll("body *")) {
    if (!e.getClientRects().length || e.closest("script, svg")) continue;
    const box = e.getBoundingClientRect();
    if (box.left < -1 || box.right > width + 1) WRONG.push("outside: " + name(e));
    if (getComputedStyle(e).display !== "inline" && e.clientWidth && e.scrollWidth > e.clientWidth + 1) WRONG.push("wider than its box: " + name(e));
  }
  const plots = [...document.querySelectorAll(".plot svg")];
  for (const svg of plots) {
    const box = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const own = text.getBoundingClientRect();
      if (own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 1 || own.bottom > box.bottom + 1) WRONG.push("cut: " + text.textContent);
    }
  }
  const shown = [...document.querySelectorAll("span[lang]")].filter(e => e.getClientRects().length).map(e => e.lang);
  const saved = [...document.querySelectorAll(".save button")].map(e => e.textContent);
  return {width, wrong: [...new Set(WRONG)], plots: plots.length, charts: document.querySelectorAll("figure.chart").length,
    paths: document.querySelectorAll(".plot svg path").length, languages: [...new Set(shown)], saved: saved.length};
}
addEventListener("load", () => {
  const found = [look()];
  document.querySelector("[data-language=zh]").click();
  document.querySelector("input[name=axis][value=minutes]").click();
  found.push(look());
  const slider = document.getElementById("time");
  slider.value = 0;
  slider.dispatchEvent(new Event("input"));
  found.push({step: document.querySelector(".at-step").textContent});
  let link;
  HTMLAnchorElement.prototype.click = function () { link = this; };
  document.querySelector(".save button").click();
  found.push({file: link.download, picture: decodeURIComponent(link.href).slice(0, 400)});
  parent.postMessage(found, "*");
});
</script>
"""
AROUND = """<!doctype html><pre id="found"></pre><script>
const found = [];
addEventListener("message", event => { found.push(event.data); document.getElementById("found").textContent = JSON.stringify(found); });
</script>
"""


def crowded(results):
    """The same with six models, whose names are long and numbers wide."""
    names = [
        "gan",
        "wgan",
        "wgan-gp-paper dcgan-nobn",
        "lsgan learning_rate=0.00012345",
        "dcgan_with_a_rather_long_name_of_its_own",
        "生成模型",
    ]
    of = {name: ("gan", "wgan")[i % 2] for i, name in enumerate(names)}
    more = {
        key: [{**row, "label": name} for name in names for row in results[key] if row["label"] == of[name]]
        for key in ("groups", "runs", "agreement")
    }
    more |= {key: {name: results[key][of[name]] for name in names} for key in ("curves", "metric_curves")}
    more["settings"] = [{**row, "values": {name: row["values"][of[name]] for name in names}} for row in results["settings"]]
    text = json.dumps({**results, **more, "summary": None}, ensure_ascii=False)
    return json.loads(re.sub(r'"generator_loss": [-\d.]+', '"generator_loss": -1234.5678', text))


@pytest.fixture(scope="module", params=["two models", "six models"])
def found(request, made, tmp_path_factory):  # noqa: F811
    """[English, Chinese, slider, saved] at each of WIDTHS."""
    results, text, _ = made
    folder = tmp_path_factory.mktemp("browser")
    if request.param == "six models":
        text = page.render(crowded(results))
    text = text.replace("<body>", "<body>" + AUDIT).replace("</body>", LOOK + "</body>")
    (folder / "page.html").write_text(text, encoding="utf-8")
    frames = "".join(f'<iframe src="page.html" width="{width}" height="800" style="border:0"></iframe>' for width in WIDTHS)
    (folder / "around.html").write_text(AROUND + frames, encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=20000",
    ]
    command = [CHROMIUM, *flags, "--dump-dom", (folder / "around.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, encoding="utf-8")
    (told,) = re.findall(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    rows = json.loads(told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return sorted(rows, key=lambda row: row[0]["width"])


def test_nothing_is_cut_and_no_text_is_wider_than_its_box(found):
    assert len(found) == len(WIDTHS) and all(abs(row[0]["width"] - width) < 20 for row, width in zip(found, WIDTHS))
    for english, chinese, *_ in found:
        assert english["wrong"] == [] and chinese["wrong"] == []
        assert english["languages"] == ["en"] and chinese["languages"] == ["zh"]


def test_every_chart_is_drawn_can_be_saved_and_follows_the_slider(found):
    for english, chinese, slider, saved in found:
        assert english["plots"] == english["charts"] == chinese["plots"] > 8
        assert english["saved"] == 2 * english["charts"]
        assert english["paths"] > 5 * english["charts"]
        assert slider["step"] == "0"
        assert saved["file"].endswith(".svg") and saved["picture"].startswith("data:image/svg+xml") and "<svg" in saved["picture"]

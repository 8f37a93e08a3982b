"""app.py in a browser, used as a person would: every tab, both languages, a telephone's width and a screen's, several pages.

Skipped where there is no Chromium, no playwright (requirements-dev.txt) or no Gradio (requirements-app.txt).
"""

import base64
import importlib.util
import re
import shutil
import signal
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests import helpers

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LACKING = [name for name in ("gradio", "playwright") if importlib.util.find_spec(name) is None]
LACKING += [] if CHROMIUM else ["chromium"]
pytestmark = pytest.mark.skipif(bool(LACKING), reason=f"no {', '.join(LACKING)}")
LONG = 60_000  # milliseconds that anything is waited for
WIDTHS = (390, 1400)
CUT = """() => {
  const wide = document.documentElement.clientWidth, wrong = [];
  if (document.documentElement.scrollWidth > wide) wrong.push(`the page is ${document.documentElement.scrollWidth} wide`);
  for (const e of document.querySelectorAll("main *, .pw-watch *")) {
    if (!e.getClientRects().length || e.closest("svg, iframe, [role=tablist], .tab-wrapper")) continue;
    const box = e.getBoundingClientRect();
    if (!box.width || (box.left >= -1 && box.right <= wide + 1)) continue;
    wrong.push(`${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 30)}`);
  }
  return wrong.slice(0, 5);
}"""


@pytest.fixture(scope="module")
def site(runs_to_copy, tmp_path_factory):
    """A folder with runs/: wgan, mlp, average, and broken, whose checkpoint is damaged."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("wgan", "mlp", "average"):
        shutil.copytree(runs_to_copy / name, folder / "runs" / name)
    shutil.copytree(runs_to_copy / "wgan", folder / "runs" / "broken")
    for path in (folder / "runs" / "broken").rglob("generator.safetensors"):
        path.write_bytes(path.read_bytes()[:-40])
    return folder


@pytest.fixture(scope="module")
def app(site):
    """(address, process) of the page, which is stopped by Ctrl-C afterwards."""
    with helpers.program("app.py", "--port", helpers.free_port(), "--lang", "en", cwd=site) as process:
        told = []  # its stderr, so that its pipe is never full
        threading.Thread(target=lambda: told.extend(process.stderr), daemon=True).start()
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), told
        yield address.rstrip("/"), process
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130, told
        assert [line for line in told if "Traceback" in line] == []
    assert not children_of(process.pid)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def visit(app, browser):
    """visit(path, width) → a page; no request may have left 127.0.0.1, and no error may stand in the console."""
    address, _ = app
    wrong, pages = [], []

    def open_page(path="/en/", width=1400):
        page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
        page.set_default_timeout(LONG)
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda it: None if it.url.startswith((address, "data:", "blob:")) else wrong.append(it.url))
        page.goto(address + path)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert wrong == []


def children_of(pid):
    """Process ids whose parent is `pid`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def tab(page, name):
    page.get_by_role("tab", name=name).click()


def picture(page, number=1):
    """The PNG of a column, as bytes."""
    source = page.locator(f"#draw-picture-{number} img").get_attribute("src")
    return base64.b64decode(source.partition(",")[2])


def until_other(page, before, number=1):
    page.wait_for_function(
        "([number, before]) => {const i = document.querySelector(`#draw-picture-${number} img`); return i && i.src != before}",
        arg=[number, "data:image/png;base64," + base64.b64encode(before).decode()],
    )
    return picture(page, number)


def drawn(page):
    """Wait until the page has drawn by itself, or has said why it cannot."""
    page.wait_for_selector("#draw-picture-1 img, #draw-picture-1 .pw-wrong")


def choose(page, number, value):
    box = page.locator(f"#draw-model-{number} input")
    box.fill(value)
    box.press("Enter")
    box.press("Tab")


def test_samples_are_those_of_sample_py_and_change_with_seed_and_walk(visit, site, tmp_path):
    page = visit()
    drawn(page)
    choose(page, 1, "runs/wgan")
    choose(page, 2, "runs/mlp")
    page.wait_for_selector("#draw-picture-2 img")
    page.get_by_label("Seed of z").fill("3")
    page.locator("#draw-count").get_by_label("16").check()
    page.wait_for_selector("#draw-picture-1 [download='wgan-seed-3-n-16.png']")
    page.wait_for_selector("#draw-picture-2 [download='mlp-seed-3-n-16.png']")
    with page.expect_download() as saved:
        page.locator("#draw-picture-1 .pw-save").click()
    helpers.in_process(
        "sample.py".removesuffix(".py"), site / "runs" / "wgan", "--seed", 3, "--n", 16, "--out", tmp_path / "s.png"
    )
    assert same_images(Path(saved.value.path()), tmp_path / "s.png", 16)
    start = picture(page)
    slider = page.locator("#draw-walk input[type=range]")
    slider.fill("0.5")
    middle = until_other(page, start)
    slider.fill("1")
    end = until_other(page, middle)
    slider.fill("0")
    assert until_other(page, end) == start
    page.locator("#draw-again").click()
    until_other(page, start)
    about = page.locator("#draw-about-1").inner_text()
    assert "wgan-paper on mnist" in about and "2 generator steps" in about and "weights clipped to ±0.01" in about


def same_images(one, other, count):
    """Whether two grids, of whatever columns and scale, hold the same images."""
    import cv2
    import numpy as np

    from training import grids

    def images(path, columns):
        found = cv2.imread(str(path))
        scale = next(s for s in range(32, 0, -1) if np.array_equal(found[::s, ::s].repeat(s, 0).repeat(s, 1), found))
        return grids.tiles(found[::scale, ::scale], columns)[:count]

    return np.array_equal(images(one, 4), images(other, 8))


def test_what_cannot_be_drawn_from_is_a_sentence(visit):
    page = visit()
    drawn(page)
    choose(page, 1, "runs/broken")
    page.wait_for_selector("#draw-picture-1 .pw-wrong")
    assert "damaged" in page.locator("#draw-picture-1").inner_text()
    choose(page, 1, "nowhere")
    page.wait_for_function("document.querySelector('#draw-picture-1').innerText.includes('does not exist')")
    choose(page, 1, "runs/average")
    page.wait_for_selector("#draw-picture-1 img")


def test_a_seed_that_is_none_is_said_in_the_language_of_the_page(visit):
    page = visit("/zh/")
    drawn(page)
    page.locator("#draw-seed input").fill("-1")
    page.wait_for_function("document.querySelector('#draw-picture-1').innerText.includes('种子须为 0 到 2,147,483,647')")
    page.locator("#draw-seed input").fill("7")
    page.wait_for_selector("#draw-picture-1 img")


def watching(visit, path="/en/", name="Watch it learn"):
    """A page whose training stands at step 0."""
    page = visit(path)
    tab(page, name)
    page.wait_for_function("document.querySelector('.pw-watch')?.dataset.step === '0'")
    return page


def at(page, name):
    """A number that the tab says of itself: step, pictures, rate."""
    return float(page.locator(".pw-watch").get_attribute(f"data-{name}"))


def until(page, condition, *arguments):
    page.wait_for_function(f"(a) => {{const w = document.querySelector('.pw-watch').dataset; return {condition}}}", arg=arguments)


def shown(page, panel):
    """{name: text} of the numbers that a panel shows, and its heading."""
    place = page.locator(".pw-panel").nth(panel)
    rows = place.locator("[data-number]:not([hidden])").all()
    return {"title": place.locator("h3").inner_text(), **{row.get_attribute("data-number"): row.inner_text() for row in rows}}


def clipped(page, panel):
    """% of a critic's weights that are shown as held by clipping."""
    return int(re.search(r"\d+", shown(page, panel)["clipped"].partition("±c")[2])[0])


def planes(page):
    """The three canvases as they are drawn."""
    return page.evaluate("[...document.querySelectorAll('.pw-plane')].map(canvas => canvas.toDataURL())")


def test_a_training_starts_pauses_and_resets(visit):
    page = watching(visit)
    start = planes(page)
    assert shown(page, 0)["title"] == "GAN" and "modes" in shown(page, 0) and "–" in shown(page, 0)["clipped"]
    page.locator("[data-do=go]").click()
    until(page, "+w.step > 3 && +w.pictures > 4")
    assert all(now != before for now, before in zip(planes(page), start))
    page.locator("[data-do=go]").click()
    page.locator("[data-do=go][aria-pressed=false]").wait_for()
    page.wait_for_timeout(300)
    step = at(page, "step")
    page.wait_for_timeout(500)
    assert at(page, "step") == step
    page.locator("[data-do=reset]").click()
    until(page, "w.step === '0'")
    assert planes(page) == start


def test_a_change_holds_from_the_next_step_on(visit):
    page = watching(visit)
    page.locator("[data-switch=clip]").check(force=True)
    page.wait_for_function("document.querySelector('.pw-panel h3').innerText.includes('clip')")
    page.locator("[data-do=step]").click()
    until(page, "w.step === '1'")
    assert clipped(page, 0) > 20  # % of the weights, which were up to ±0.09
    for name in ("loss", "momentum", "n_critic"):
        page.locator(f"[data-switch={name}]").check(force=True)
    page.wait_for_function("document.querySelector('.pw-panel h3').innerText.includes('= WGAN')")
    before = planes(page)
    slider = page.locator(".pw-panel").nth(1).locator("[data-setting=clip]")
    slider.fill("-3")
    assert slider.locator("..").locator("output").inner_text() == "0.001"
    page.locator("[data-do=step]").click()
    until(page, "w.step === '2'")
    assert planes(page) != before
    assert clipped(page, 1) > 70  # at c = 0.011 it was about 50
    page.locator("[name=data]").select_option("swissroll")
    until(page, "w.step === '0'")
    assert "modes" not in shown(page, 0) and shown(page, 0)["title"] == "GAN"


def test_the_curves_begin_with_the_points_that_were_chosen_last(visit):
    page, seen = watching(visit), []
    page.locator("[name=data]").select_option("swissroll")
    page.wait_for_function("document.querySelector('[data-number=modes]').hidden")
    for _ in range(2):
        page.locator("[data-do=step]").click()
        until(page, "w.step === '1'")
        page.wait_for_timeout(300)
        seen.append(page.evaluate("[...document.querySelectorAll('.pw-curves')].map(canvas => canvas.toDataURL())"))
        page.locator("[data-do=reset]").click()
        until(page, "w.step === '0'")
    assert seen[0] == seen[1]


def test_two_pages_have_trainings_of_their_own_and_a_closed_one_ends(visit, app):
    one, other = watching(visit), watching(visit, "/zh/", "观看训练")
    both = set(children_of(app[1].pid))
    one.locator("[data-do=go]").click()
    until(one, "+w.step > 3")
    assert at(other, "step") == 0
    other.locator("[data-do=step]").click()
    until(other, "w.step === '1'")
    one.context.close()
    other.wait_for_timeout(1500)
    assert len(both - set(children_of(app[1].pid))) == 1
    other.locator("[data-do=step]").click()
    until(other, "w.step === '2'")


def test_the_page_says_when_no_more_trainings_are_allowed_and_when_its_own_is_lost(visit, app):
    page = visit("/zh/")
    told = {"content_type": "text/event-stream", "body": 'data: {"full": 4}\n\n'}
    page.route("**/watch", lambda route: route.fulfill(**told))
    tab(page, "观看训练")
    page.locator(".pw-watch-note.pw-wrong").wait_for()
    assert "4 个页面" in page.locator(".pw-watch-note").inner_text()


def test_a_comparison_comes_and_its_report_opens(visit, site):
    page = visit()
    tab(page, "Compare")
    page.locator("#compare-data input").click()
    page.get_by_role("option", name="8gaussians").click()
    page.locator("#compare-minutes input[type=number]").fill("0.05")
    page.locator("#compare-minutes input[type=number]").press("Tab")
    page.locator("#compare-start").click()
    page.locator(".pw-runs figure").nth(1).wait_for()
    other = visit("/zh/")
    tab(other, "对比")
    other.locator(".pw-runs figure").nth(1).wait_for()  # it is seen from every page
    other.locator("#compare-start").click()
    other.get_by_text("同一时间只能进行一次").wait_for()
    report = page.frame_locator("iframe.pw-report")
    report.locator("h1").wait_for(timeout=180_000)  # two trainings, their scores and the page
    assert "gan" in report.locator("h1").inner_text()
    (folder,) = (site / "compare").iterdir()
    assert (folder / "report.html").exists()
    other.locator("#compare-refresh").click()
    box = other.locator("#compare-choose input")
    box.fill(f"compare/{folder.name}")
    box.press("Enter")
    other.frame_locator("iframe.pw-report").locator("html[lang=zh]").wait_for()


def test_a_comparison_can_be_stopped(visit):
    page = visit()
    tab(page, "Compare")
    page.locator("#compare-models").get_by_label("wgan", exact=True).uncheck()
    page.locator("#compare-start").click()
    page.locator("#compare-stop:not([disabled])").click()
    page.get_by_text("Stopped, with checkpoints saved").wait_for()


def test_others_pages_start_nothing_and_only_reports_are_served(app):
    for path, headers, status in (
        ("/watch", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/watch", {"Origin": "http://evil.example"}, 403),
        ("/watch/no-such-training", {}, 405),
        ("/report?folder=/etc", {}, 404),
        ("/comparison/-1/grid", {}, 404),
    ):
        try:
            with urllib.request.urlopen(urllib.request.Request(app[0] + path, headers=headers)) as answer:
                found = answer.status
        except urllib.error.HTTPError as error:
            found = error.code
        assert found == status, path


def test_the_pages_fit_both_widths_in_both_languages(visit):
    for width in WIDTHS:
        for path, names in (("/en/", ("Draw", "Watch it learn", "Compare")), ("/zh/", ("生成样本", "观看训练", "对比"))):
            page = visit(path, width)
            for name in names:
                tab(page, name)
                page.wait_for_timeout(300)
                assert page.evaluate(CUT) == [], (width, name)
            page.context.close()

"""docs/playground.html: its record is what the program does, it needs no network, and in a browser it plays. Where there is no
Chromium, the latter are skipped."""

import base64
import json
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from errors import UserError
from experiments import playground, playground_page
from live import packing, session, switches
from tests.helpers import ROOT
from training import recipe as recipes

PAGE = ROOT / "docs" / "playground.html"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NAMES_WITH_DIGITS = r"\{\w+\}|W1|Algorithm 1|算法 1"
SETS, SWITCHES, SEEN = (playground_page.WORDS[kind] for kind in ("sets", "switches", "seen"))
LOOK = Path(__file__).with_name("look_playground.js").read_text(encoding="utf-8")
WIDTHS = (390, 1400)


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def record(page):
    return playground_page.record_of(page)


def unpacked(recording, frames):
    """(samples T×N×2, surfaces T×G×G, arrows T×K×K×2) as page.js has them, in whole numbers."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(recording["packed"])), np.uint8)
    count, area = frames * session.SHOWN * 2, frames * session.GRID**2
    low, high, rises, arrows = np.split(raw, [count, 2 * count, 2 * count + area])
    moved = (low + 256 * high.astype(np.uint16)).reshape(frames, session.SHOWN, 2)
    rises = rises.reshape(frames, session.GRID, session.GRID)
    surfaces = np.cumsum(np.cumsum(rises, 1, dtype=np.uint8), 2, dtype=np.uint8)
    return np.cumsum(moved, 0, dtype=np.uint16), surfaces, arrows.view(np.int8).reshape(frames, 11, 11, 2)


def test_the_page_is_small_and_asks_for_nothing(page):
    assert len(page.encode()) < 3_000_000
    assert not re.findall(r"https?:|\bsrc=|\bhref=|@import|url\(|\bfetch\(|XMLHttpRequest|WebSocket|import\(", page)


def test_it_holds_every_training_of_the_plan_and_where_it_comes_from(record):
    assert set(record["recordings"]) == set(playground.plan()) and len(record["recordings"]) == 16 + 2**4 - 1
    assert record["steps"] == playground.steps() and set(record["scenes"]) == set(SETS) == set(playground.SETS)
    assert record["command"] == "python -m experiments playground"
    for recording in record["recordings"].values():
        assert recording["made"]["commit"] and recording["made"]["cpu_seconds"] > 0
        assert {len(values) for values in recording["numbers"].values()} == {len(record["steps"])}


@pytest.mark.parametrize("name", ["8gaussians/wgan", "2lines/gan", "switches/loss+clip"])
def test_the_recordings_are_what_the_program_trains(record, name):
    """The first frames once more, to the accuracy of a picture: other processors add up in another order."""
    recording, frames = record["recordings"][name], len(record["steps"])
    live = session.Live(recipes.resolve(recording["recipe"]))
    samples, surfaces, arrows = unpacked(recording, frames)
    for number in range(3):
        live.step(record["steps"][number] - live.steps)
        frame = live.frame()
        assert frame.numbers["w1"] == pytest.approx(recording["numbers"]["w1"][number], rel=1e-2)
        apart = np.abs(samples[number].astype(int) - packing.of_points(frame.samples, live.scene.extent))  # of 4,096 a side
        assert apart.mean() < 12 and apart.max() < 64
        assert np.abs(surfaces[number].astype(int) - packing.of_surface(frame.surface)[0]).mean() < 2
        assert np.abs(arrows[number].astype(int) - packing.of_arrows(frame.arrows)[0]).mean() < 2


def test_every_training_is_told_in_both_languages_without_a_typed_number(record):
    assert set(SEEN) == set(record["recordings"]) == set(record["seen"])
    for name, pair in SEEN.items():
        assert len(pair) == 2 and not re.findall(r"[0-9]", re.sub(NAMES_WITH_DIGITS, "", "".join(pair))), name
        assert set(re.findall(r"\{\w+\}", pair[0])) == set(re.findall(r"\{\w+\}", pair[1])), name
        assert re.search("[一-鿿]", pair[1]) and record["seen"][name] == playground_page.told(name, record), name


def test_the_words_know_the_switches_and_without_any_it_is_the_gan():
    assert set(SWITCHES) == set(switches.SWITCHES)
    gan = playground.plan()[f"{playground.SWITCHED}/gan"]
    assert session.recipe("gan", playground.SWITCHED, steps=gan.steps, **switches.switched([])) == gan


@pytest.fixture
def two_trainings(monkeypatch, tmp_path):
    rows = {name: recipe for name, recipe in playground.plan(quick=True).items() if name in ("swissroll/gan", "2lines/wgan")}
    monkeypatch.setattr(playground, "plan", lambda quick: rows)
    monkeypatch.setattr(playground, "ROOT", tmp_path)
    return tmp_path / "runs" / "quick"


def test_what_was_recorded_is_kept_and_an_interruption_loses_no_training(two_trainings, monkeypatch, capsys):
    record, made = playground.record, []

    def interrupted(recipe, at):
        if made:
            raise KeyboardInterrupt
        made.append(recipe)
        return record(recipe, at)

    monkeypatch.setattr(playground, "record", interrupted)
    run = lambda: playground.main.callback(quick=True, fresh=False)  # noqa: E731
    with pytest.raises(KeyboardInterrupt):
        run()
    assert (two_trainings / "playground.json").exists() and not (two_trainings / "playground.html").exists()
    monkeypatch.setattr(playground, "record", record)
    assert run() == 0
    out = capsys.readouterr().out
    assert out.count("1 of 2") == out.count("2 of 2") == 1
    assert [path.name for path in two_trainings.iterdir()] == ["playground.html"]
    first = (two_trainings / "playground.html").read_text(encoding="utf-8")
    assert run() == 0 and " of 2" not in capsys.readouterr().out
    assert (two_trainings / "playground.html").read_text(encoding="utf-8") == first
    samples, surfaces, arrows = unpacked(playground_page.record_of(first)["recordings"]["2lines/wgan"], 4)
    assert len(np.unique(samples)) > 100 and surfaces.max() == 255 and np.abs(arrows).max() > 60


def test_a_page_without_a_record_is_an_error_in_a_line(two_trainings):
    two_trainings.mkdir(parents=True)
    (two_trainings / "playground.html").write_text("<p>", encoding="utf-8")
    with pytest.raises(UserError, match="holds no record"):
        playground.main.callback(quick=True, fresh=False)


@pytest.fixture(scope="module")
def found(page, tmp_path_factory):
    """What look_playground.js found at each of WIDTHS."""
    if CHROMIUM is None:
        pytest.skip("no Chromium")
    folder = tmp_path_factory.mktemp("browser")
    (folder / "page.html").write_text(page.replace("<body>", f"<body><script>{LOOK}</script>"), encoding="utf-8")
    frames = "".join(f'<iframe src="page.html" width="{width}" height="900" style="border:0"></iframe>' for width in WIDTHS)
    (folder / "around.html").write_text(f'<pre id="found"></pre><script>{LOOK}</script>{frames}', encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile", "--window-size=1900,1000"]
    command = [CHROMIUM, *flags, "--virtual-time-budget=60000", "--dump-dom", (folder / "around.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, encoding="utf-8")
    (told,) = re.findall(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    rows = json.loads(told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return sorted(rows, key=lambda row: row["width"])


def test_it_opens_playing_and_no_word_is_wider_than_its_box(found):
    assert len(found) == len(WIDTHS)
    for row, width in zip(found, WIDTHS):
        assert width - 20 < row["width"] <= width
        assert row["wrong"] == [] and row["playing"] and row["crisp"]
        assert row["languages"] == ["zh"]


def test_play_and_slider_move_pictures_and_numbers(found, record):
    for row in found:
        first, played, last = row["first"], row["played"], row["last"]
        assert len(first["pictures"]) == len(playground.MODELS)
        assert 0 < played["at"] == row["paused"] < len(record["steps"]) - 1
        for one, other in ((first, played), (played, last)):
            assert one["step"] != other["step"]
            for key in ("pictures", "numbers"):
                assert all(a != b for a, b in zip(one[key], other[key], strict=True))
        assert f"{record['steps'][-1]:,}" in last["step"]
        modes = record["recordings"]["8gaussians/gan"]["numbers"]["modes_found"][-1]
        assert f"{modes:g} of 8" in last["numbers"][0]


def test_every_set_and_every_switch_shows_its_own_trainings(found):
    for row in found:
        pictures = [picture for shown in row["sets"].values() for picture in shown["pictures"]]
        assert list(row["sets"]) == list(SETS) and len(set(pictures)) == len(pictures) == 16
        assert all(shown["titles"] == shown["told"] == 4 for shown in row["sets"].values())
        assert len(row["switches"]) == 5 and {len(shown) for shown in row["switches"].values()} == {3}
        assert len({shown[1] for shown in row["switches"].values()}) == 5, "each switch changes the picture"
        assert len({(shown[0], shown[2]) for shown in row["switches"].values()}) == 1

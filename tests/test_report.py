"""The report: every number in results.json, no request to anywhere, curves and rankings as they should be."""

import base64
import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.stats import spearmanr

from errors import UserError
from reporting import collect, curves, numbers, page, report, terms
from tests.helpers import files_below
from tests.reliability.test_disk import Full
from training import comparison, grids
from training import log as run_log

NUMBER = re.compile(r"(?<![\w.#-])-?\d+\.\d+(?:e[-+]\d+)?(?![\w.])")
VOID = ("meta", "link", "img", "input", "br", "hr", "wbr")


class Page(HTMLParser):
    """Words outside of code, script and style; <data> elements; addresses of everything that would be loaded."""

    def __init__(self, text):
        super().__init__()
        self.words, self.data, self.sources, self._open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.sources += [found[name] for name in ("src", "href", "srcset", "data", "action") if name in found]
        if tag == "data":
            self.data.append((found["data-at"], found["value"], ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, text):
        if "data" in self._open:
            at, value, shown = self.data[-1]
            self.data[-1] = at, value, shown + text
        elif not {"script", "style", "pre", "code"} & set(self._open):
            self.words.append(text)


@pytest.fixture
def made(small_comparison):
    return small_comparison


def lookup(results, at):
    for key in at.split("/"):
        results = results[int(key)] if isinstance(results, list) else results[key]
    return results


def test_every_number_shown_is_in_results(made):
    results, text, _ = made
    page = Page(text)
    assert len(page.data) > 80
    for at, value, shown in page.data:
        number = lookup(results, at)
        assert str(number) == value
        if ":" not in shown:
            assert float(shown.replace(",", "")) == pytest.approx(number, rel=5e-3, abs=0.5 if isinstance(number, int) else 1e-12)
    settings = {word for row in results["settings"] for value in row["values"].values() for word in str(value).split(", ")}
    versions = {str(value) for run in results["runs"] for value in run["provenance"].values()}
    for number in NUMBER.findall(" ".join(page.words)):
        assert number in settings or any(number in version for version in versions), number


def test_charts_draw_from_results(made):
    results, text, _ = made
    (drawn,) = re.findall(r"^const DATA = (.*);$", text, re.M)
    drawn = json.loads(drawn)
    assert drawn == {key: results[key] for key in drawn}
    assert set(drawn["curves"]) == {"gan", "wgan"}
    assert set(drawn["curves"]["wgan"]) == set(curves.AXES)
    assert "estimate_heldout" in drawn["curves"]["wgan"]["critic_steps"]
    assert len(drawn["metric_curves"]["gan"]["step"]["swd"]["x"]) == 6


def test_clock_and_threads_are_named(made):
    results, text, folder = made
    assert (results["clock"], results["threads"]) == ("cpu", 1)
    assert re.search(r"10</data> generator steps each</span>", text)
    assert '<span lang="en">, one thread each</span>' in text
    assert re.search(r'WORDS = .*"minutes": "CPU minutes"', text)
    assert "CPU time, h:mm:ss" in text and "generator steps per CPU second" in text
    assert re.search(r"</span> CPU</small>", text)
    for run in results["runs"]:
        assert 0 < run["cpu_seconds"] == pytest.approx(run["minutes"] * 60)
        assert run["seconds"] > 0 and run["steps_per_second"] == pytest.approx(10 / run["cpu_seconds"])
        last = run_log.read(folder.parent / run["folder"])[-1]
        assert (
            last["step"] == 10
            and {key: value for key, value in run["health"].items() if value is not None}.items() <= last.items()
        )
    measured = json.loads((folder.parent / results["runs"][0]["folder"] / "metrics.json").read_text())["results"][-1]["values"]
    for name, floor in results["floor"].items():
        expected = (None, None) if name == "critic_estimate" else (measured[name]["floor"], measured[name]["floor_deviation"])
        assert (floor["value"], floor["deviation"]) == expected, "each critic's own floor is no other's"
    assert results["remarks"] == []
    heading = (folder / "results.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"minutes", "seconds", "cpu_seconds"} <= set(heading)


def test_a_report_that_does_not_fit_leaves_the_one_of_before(made, monkeypatch, tmp_path):
    shutil.copytree(made[2], tmp_path / "A")
    shutil.copytree(made[2], tmp_path / "B")
    monkeypatch.chdir(tmp_path)
    other, before = {**made[0], "more": 1}, files_below(tmp_path)
    with monkeypatch.context() as patch:
        disk = Full(patch, tmp_path / "B", 10**9)
        report.write("B", other)
    shutil.rmtree("B")
    moves = 6  # five files and VisualDL's: once all are there, nothing is written any more
    for room in (disk.calls // 2, disk.calls - moves - 1):
        with monkeypatch.context() as patch:
            Full(patch, tmp_path, room)
            with pytest.raises(UserError, match="cannot be written: No space left"):
                report.write("A", other)
        assert files_below("A") == {name[2:]: raw for name, raw in before.items() if name[:2] == "A/"}
    report.write("A", other)
    after = files_below("A")
    assert len(after) == len(before) / 2 and len([name for name in after if "report/vdlrecords" in name]) == 1
    assert json.loads(after["results.json"])["more"] == 1


def entries_of(*settings):
    """An entry of a comparison for each (model, settings)."""
    return [comparison.plan([model], (), own, {}, 1)[0] for model, own in settings]


def test_the_clock_is_the_one_that_counted():
    log = [{"step": 1, "critic_steps": 1, "images_seen": 1, "seconds": 2.0, "cpu_seconds": 1.0}]
    steps, cpu, wall = entries_of(("gan", {}), ("gan", {"minutes": 1, "clock": "cpu"}), ("gan", {"minutes": 1}))
    assert terms.clock_of([cpu, cpu], [log, log], ["cpu", "cpu"]) == "cpu"
    assert terms.clock_of([cpu, wall], [log, log], ["cpu", "cpu"]) == "wall"
    assert terms.clock_of([wall], [log], ["cpu"]) == "wall"
    assert terms.clock_of([steps, steps], [log, []], ["cpu"]) == "cpu"  # one died before its first line
    assert terms.clock_of([steps, steps], [log, log], ["cpu", "gpu:0"]) == "wall"
    assert terms.clock_of([cpu], [[{"step": 1, "seconds": 2.0}]], ["cpu"]) == "wall"  # of a version without CPU seconds
    assert curves.at_step(log, 1, "cpu")["minutes"] == pytest.approx(1 / 60)
    assert curves.at_step(log, 1)["minutes"] == pytest.approx(2 / 60)
    between = curves.at_step([{"step": 10, "critic_steps": 50, "images_seen": 400, "seconds": 600.0}], 5)
    assert between == {"step": 5, "critic_steps": 25, "images_seen": 200, "minutes": 5}


def test_another_clock_and_other_threads_are_remarked():
    entries = entries_of(*[("gan", {"minutes": 1, "clock": clock}) for clock in ("cpu", "cpu", "wall")])
    runs = [{"label": "gan", "seed": s, "provenance": {"threads": 2 if s == 1 else 1, "device": "cpu"}} for s in range(3)]
    clock, threads = terms.remarks(entries, runs)
    assert clock.startswith("Budgets count by different clocks: minutes: gan, seed 2; CPU minutes: all others.")
    assert threads.startswith("Trained with different threads: 2: gan, seed 1; 1: all others. Their times cannot be compared")
    assert terms.remarks(entries[:2], [runs[0], {**runs[2], "seed": 1}]) == []
    in_steps = entries_of(("gan", {}), ("wgan", {}))
    assert terms.remarks(in_steps, runs[:2]) == [
        "Trained with different threads: 1: gan, seed 0; 2: all others. Their times cannot be compared."
    ]


def test_settings_of_both_players_are_one_row_where_they_are_one():
    def rows(*settings):
        entries = entries_of(*settings)
        comparison.label_groups(entries)
        found = terms.settings(entries, [entry.label for entry in entries])
        return {row["name"]: row["equal"] for row in found}

    found = rows(("gan", {"learning_rate": 1e-4}), ("wgan", {"learning_rate": 2e-4}))
    assert found["network"] and not found["learning_rate"]
    assert not {"generator_network", "critic_network", "generator_learning_rate", "minutes", "clock"} & set(found)
    found = rows(("gan", {"minutes": 1, "critic_network": "mlp"}), ("wgan", {"minutes": 1, "critic_learning_rate": 3e-4}))
    assert {"generator_network", "critic_network", "generator_learning_rate", "critic_learning_rate", "clock"} <= set(found)
    assert found["generator_network"] and not found["critic_network"]
    assert not {"network", "learning_rate", "steps"} & set(found)


def test_settings_that_nothing_reads_are_no_row():
    entries = entries_of(("gan", {"network": "mlp", "filters": 8}), ("wgan", {"network": "mlp", "filters": 16}))
    found = {row["name"]: row["values"] for row in terms.settings(entries, ["gan", "wgan"])}
    assert "filters" not in found and found["units"]["gan"] == "512"
    assert found["beta1"]["wgan"] == "–" != found["beta1"]["gan"]  # RMSProp has none


def test_nothing_is_loaded_from_anywhere(made):
    _, text, _ = made
    for source in Page(text).sources:
        assert source.startswith(("data:", "#")), source[:80]
    scripts = "".join(re.findall(r"<script>(.*?)</script>", text, re.S))
    library = (page.TEMPLATES / "echarts" / "echarts.min.js").read_text(encoding="utf-8")
    assert library in scripts and len(library) < 1_500_000
    own = scripts.replace(library, "") + text.split("</style>")[0]
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|@import|url\(", own)
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|WebSocket|sendBeacon", library)


def test_pictures_are_whole(made):
    import cv2

    results, text, folder = made
    (frames,) = re.findall(r"^const FRAMES = (.*);$", text, re.M)
    frames = json.loads(frames)
    assert len(frames) == 4
    for number, pictures in frames.items():
        assert len(pictures) == collect.FRAMES == len(results["runs"][int(number)]["grids"])
        last = results["runs"][int(number)]["grids"][-1]["file"]
        raw = np.frombuffer(base64.b64decode(pictures[-1].split(",")[1]), np.uint8)
        saved = cv2.imread(str(folder.parent / results["runs"][int(number)]["folder"] / "samples" / last))
        np.testing.assert_array_equal(cv2.imdecode(raw, cv2.IMREAD_COLOR).repeat(2, 0).repeat(2, 1), saved)


def test_visualdl_holds_figures_grids_and_hyperparameters(made):
    from visualdl import LogReader

    results, _, folder = made
    (records,) = (folder / "report").glob("vdlrecords.*.log")
    tags = LogReader(file_path=str(records)).get_tags()
    assert set(tags["image"]) == {"report/samples", "report/curves", "samples/real"} | {
        f"final/{m}-seed-{s}" for m in ("gan", "wgan") for s in (0, 1)
    }
    assert results["visualdl"].startswith("visualdl --logdir A --host")
    for run in results["runs"]:
        (records,) = (folder.parent / run["folder"]).glob("vdlrecords.*.log")
        tags = LogReader(file_path=str(records)).get_tags()
        assert "estimate/train" in tags["scalar"]
        assert "metrics/swd" in tags["scalar"]
        assert "hyper_parameters" in tags
        assert tags["image"] == ["samples/generated"], "the real ones are in the report, once"


def row(label, mean, deviation):
    values = ("fd_lenet", "recall", "confidence")
    return {"label": label, "metrics": {value: {"mean": mean, "deviation": deviation} for value in values}}


def test_the_best_is_marked_only_where_bands_are_apart():
    apart = [row("a", 10.0, 1.0), row("b", 20.0, 2.0), row("c", 30.0, 1.0)]
    assert collect.best(apart, "fd_lenet") == "a"
    assert collect.best(apart, "recall") == "c"
    assert collect.best([row("a", 10.0, 6.0), row("b", 20.0, 5.0)], "fd_lenet") is None
    assert collect.best([row("a", 10.0, None), row("b", 20.0, None)], "fd_lenet") is None
    assert collect.best([row("a", 10.0, 1.0)], "fd_lenet") is None
    assert collect.best(apart, "confidence") is None  # neither direction is better
    assert collect.best([row("a", 10.0, 1.0), row("b", None, None)], "fd_lenet") is None
    assert collect.best([*apart, {"label": "d", "metrics": {}}], "fd_lenet") == "a"  # d was not scored
    assert collect.best([*apart[:2], row("c", 30.0, 25.0)], "fd_lenet") is None  # the third may be as good


def test_a_group_is_mean_and_deviation_over_the_seeds_that_did_not_die():
    def run_of(seed, status="finished", **values):
        scored = {name: {"value": value, "deviation": 9.0} for name, value in values.items()}
        return {"seed": seed, "status": status, "budget": "", "steps": 10 * seed, "minutes": 2.0 * seed, "metrics": scored}

    runs = [run_of(1, fd_lenet=2.0, swd=0.5), run_of(2, fd_lenet=4.0), run_of(3, fd_lenet=9.0), run_of(9, "died", fd_lenet=99.0)]
    found = collect.group("gan", runs)
    assert found["metrics"]["fd_lenet"] == pytest.approx({"mean": 5, "deviation": np.std([2, 4, 9], ddof=1), "seeds": 3})
    assert found["metrics"]["swd"] == {"mean": 0.5, "deviation": None, "seeds": 1}
    assert (found["seeds"], found["died"], found["steps"], found["minutes"]) == ([1, 2, 3, 9], 1, 20, 4)


def test_agreement_is_of_the_estimate_with_quality_without_the_untrained_checkpoint():
    way = [{"step": step, "critic_estimate": e, "fd_lenet": q} for step, e, q in ((0, 9, 1), (5, 3, 7), (10, 2, 9), (15, 1, 8))]
    found = collect.agreement({"label": "gan", "seed": 0, "on_the_way": [*way, {"step": 20, "fd_lenet": 0.0}]}, "fd_lenet")
    assert [point["step"] for point in found["points"]] == [5, 10, 15] and found["count"] == 3
    assert found["correlation"] == pytest.approx(-0.5)


def test_frames_go_evenly_through_a_training(tmp_path):
    (tmp_path / "samples").mkdir()
    for step in range(0, 420, 20):
        grids.path_of(tmp_path, step).touch()
    lines = [{"step": 400, "critic_steps": 1, "images_seen": 1, "seconds": 600.0}]
    found = collect.frames(tmp_path, lines, "wall")
    assert [frame["step"] for frame in found] == list(range(0, 401, 40))
    assert [frame["minutes"] for frame in found] == pytest.approx(list(range(11)))


def test_a_difference_that_does_not_matter_is_not_marked():
    near = [row("a", 1.0, 0.0), row("b", 0.9999, 1e-5)]
    assert collect.best(near, "recall") is None  # a hundredth of a per cent
    assert collect.best([row("a", 1.0, 0.0), row("b", 0.9, 1e-5)], "recall") == "a"
    assert collect.best([row("a", 1.0, 0.0), row("b", 0.9, 1e-5)], "recall", noise=0.2) is None  # real data scatter more
    assert collect.best([row("a", 0.0, 0.0), row("b", 0.0, 0.0)], "fd_lenet") is None


def test_bands_over_seeds():
    logs = [
        [{"step": s, "critic_steps": s, "images_seen": s, "seconds": 60.0 * s, "estimate": s + k} for s in (1, 2, 3)]
        for k in (0, 2)
    ]
    curve = curves.of_log(logs)["minutes"]["estimate"]
    assert curve["x"] == [1, 2, 3]
    assert curve["mean"] == [2, 3, 4]
    np.testing.assert_allclose(curve["deviation"], np.sqrt(2), rtol=1e-5)
    assert curves.of_log(logs[:1])["step"]["estimate"]["deviation"] is None


def test_curves_of_runs_with_other_places_meet_where_both_are():
    logs = [
        [{"step": s, "critic_steps": s, "images_seen": s, "seconds": 1.0, "estimate": 2.0 * s} for s in range(first, first + 5)]
        for first in (1, 3)
    ]
    curve = curves.of_log(logs)["step"]["estimate"]
    assert (curve["x"][0], curve["x"][-1]) == (3, 5)
    np.testing.assert_allclose(curve["mean"], 2 * np.array(curve["x"]))


def test_a_long_curve_is_thinned_evenly_and_keeps_its_ends():
    log = [{"step": s, "critic_steps": s, "images_seen": s, "seconds": 1.0 * s, "estimate": 2.0 * s} for s in range(1, 1001)]
    curve = curves.of_log([log])["step"]["estimate"]
    assert len(curve["x"]) == curves.POINTS and (curve["x"][0], curve["x"][-1]) == (1, 1000)
    assert max(np.diff(curve["x"])) <= 11 and curve["mean"] == [2 * x for x in curve["x"]]


def test_rank_correlation_is_scipy_s():
    rng = np.random.default_rng(0)
    for values in (rng.normal(size=(2, 9)), rng.integers(0, 3, (2, 12))):
        assert curves.rank_correlation(*values.tolist()) == pytest.approx(spearmanr(*values).statistic)
    assert curves.rank_correlation([1, 2], [2, 1]) is None
    assert curves.rank_correlation([1, 1, 1], [2, 1, 3]) is None


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (1234567, None, "1,234,567"),
        (0.0, None, "0"),
        (0.12345, None, "0.1235"),
        (1234.5, None, "1,234"),
        (999.96, None, "1,000"),
        (235_678.0, None, "235,700"),
        (1e30, None, "1.00e+30"),
        (0.012345, "deviation", "0.0123"),
        (1.2e-7, None, "1.20e-07"),
        (61.5, "clock", "1:01:30"),
    ],
)
def test_numbers_as_people_read_them(value, form, shown):
    assert page.FORMS[form](value) == shown


def test_mean_and_deviation_in_words():
    assert numbers.plus_minus({"mean": 4.537, "deviation": 0.642}) == "4.54 ± 0.64"
    assert numbers.plus_minus({"mean": 80.66, "deviation": 138.2}) == "80.7 ± 140"
    assert numbers.plus_minus({"mean": 4.537, "deviation": None}) == "4.54"
    assert numbers.in_digits(None) == "–"


def test_json_has_no_nan():
    assert report.finite({"a": [float("nan"), 1.0, {"b": float("inf")}]}) == {"a": [None, 1.0, {"b": None}]}


def test_template_is_offline_without_results():
    own = [path for path in page.TEMPLATES.iterdir() if path.is_file()]
    assert len(own) > 8
    for path in own:
        assert not re.search(r"https?://", path.read_text(encoding="utf-8")), path.name

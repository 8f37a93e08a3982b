"""Figures and tables for print: widths, fonts, words of both languages, and the numbers of results.json."""

import json
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager

import metrics
from data import SOURCES
from errors import UserError
from reporting import collect, figures, markdown, numbers, score_store, tables, visual, words
from reporting.figures import fonts, printed
from reporting.figures.__main__ import of_runs
from tests.helpers import pictures, run_program
from training import grids

WIDE = {"column": 3.25, "page": 6.75}
NAMES = [f"{figure}-{width}" for figure in ("samples", "curves", "estimate-quality") for width in WIDE]
CHINESE = fonts.families(words.characters("zh")) is not None


def curve(values):
    return {"x": list(range(0, 100 * len(values), 100)), "mean": values, "deviation": [0.1] * len(values)}


def made_up(folder, labels=("gan", "wgan_x"), seeds=(0, 1), data="mnist-5k"):
    """Results of a comparison, with grids in its runs' folders; numbers that no other place has."""
    rng, runs, groups, agreement = np.random.default_rng(0), [], [], []
    for label in labels:
        for seed in seeds:
            where = Path(folder) / "runs" / f"{label}-{seed}"
            (where / "samples").mkdir(parents=True)
            for path in (grids.path_of_real(where), grids.path_of(where, 300)):
                grids.save_png(path, grids.grid(pictures(64, 28)))
            runs.append({"label": label, "seed": seed, "folder": str(where), "status": "finished"})
            runs[-1]["grids"] = [{"step": 300, "minutes": 1.0, "file": "step-000300.png"}]
            points = [{"step": 100 * k, "estimate": float(k), "quality": 9.0 - k} for k in (1, 2, 3)]
            agreement.append({"label": label, "seed": seed, "points": points, "count": 3, "correlation": -1.0})
        values = {
            name: {"mean": float(m), "deviation": float(m) / 7, "seeds": 2}
            for name, m in (("fd_lenet", rng.uniform(1, 300)), ("kid", 1e-7))
        }
        group = {"label": label, "seeds": list(seeds), "died": 0, "steps": 300.0, "minutes": 1.25, "metrics": values}
        groups.append(group)
    scored = {axis: {"fd_lenet": curve([300.0, 9.0, 4.0])} for axis in ("step", "minutes")}
    of_model = {axis: {"estimate": curve([1.0, 2.0, 3.0]), "critic_loss": curve([3.0, 2.0, 1.0])} for axis in ("step", "minutes")}
    return {
        "format": collect.FORMAT,
        "made": "2026-01-01",
        "data": data,
        "samples": 5000,
        "clock": "cpu",
        "equal_budget": True,
        "groups": groups,
        "runs": runs,
        "floor": {"fd_lenet": {"value": 0.27, "deviation": 0.04}, "kid": {"value": 0.0, "deviation": None}},
        "best": {"fd_lenet": labels[0], "kid": None},
        "quality": "fd_lenet",
        "curves": dict.fromkeys(labels, of_model),
        "metric_curves": dict.fromkeys(labels, scored),
        "agreement": agreement,
        "remarks": [],
    }


def streams(path):
    """The text of a PDF's objects, those that are compressed as well."""
    import zlib

    raw = path.read_bytes()
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", raw, re.S)
    plain = []
    for part in packed:
        try:
            plain.append(zlib.decompress(part))
        except zlib.error:
            continue
    return (raw + b"".join(plain)).decode("latin-1")


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_figure_is_as_wide_as_a_column_or_a_page_and_carries_its_fonts(tmp_path, lang):
    remarks = printed.write(tmp_path / "out", made_up(tmp_path), "pdf", lang)
    assert remarks == ([] if lang == "en" or CHINESE else [remarks[0]])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.pdf" for name in NAMES} | {
        "results.tex",
        "results.md",
    }
    for name in NAMES:
        text = streams(tmp_path / "out" / f"{name}.pdf")
        (box,) = set(re.findall(r"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", text))
        assert float(box[0]) == pytest.approx(72 * WIDE[name.rpartition("-")[2]])
        assert float(box[1]) < 72 * 9.5
        fonts_of = len(re.findall(r"/Type /FontDescriptor", text))
        drawn = len(re.findall(r"/Subtype /Type3", text))
        embedded = len(re.findall(r"/FontFile[23]? ", text))
        assert fonts_of and (drawn or embedded == fonts_of)


@pytest.mark.parametrize("form", ["svg", "png"])
def test_other_formats(tmp_path, form):
    printed.write(tmp_path / "out", made_up(tmp_path), form, "en")
    for name in NAMES:
        path, inches = tmp_path / "out" / f"{name}.{form}", WIDE[name.rpartition("-")[2]]
        if form == "png":
            assert struct.unpack(">I", path.read_bytes()[16:20])[0] == pytest.approx(300 * inches, abs=1)
        else:
            text = path.read_text()
            assert f'width="{72 * inches:g}pt"' in text
            assert "<text" not in text  # letters are drawn: no font is asked for


def test_without_a_font_the_words_are_english_and_it_is_said(tmp_path, monkeypatch):
    fonts._with.cache_clear()
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    (remark,) = printed.write(tmp_path / "out", made_up(tmp_path), "svg", "zh")
    fonts._with.cache_clear()
    assert "no font with Chinese characters" in remark
    assert "真实数据" in (tmp_path / "out/results.md").read_text(encoding="utf-8")  # a text needs none


def test_six_models_and_long_names_fit(tmp_path):
    labels = ("gan", "dcgan", "lsgan", "wgan", "wgan-gp", "wgan critic_learning_rate=0.0005")
    results = made_up(tmp_path, labels, seeds=(0, 1, 2))
    results["equal_budget"], results["runs"][4]["status"] = False, "died"
    assert printed.write(tmp_path / "out", results, "pdf", "en") == []
    for name in NAMES:
        (box,) = set(re.findall(r"/MediaBox \[ ?0 0 [\d.]+ ([\d.]+) ?\]", streams(tmp_path / "out" / f"{name}.pdf")))
        assert float(box) < 72 * 9.5


def test_what_was_not_measured_or_drawn_is_left_out_with_a_word(tmp_path):
    results = made_up(tmp_path)
    for run in results["runs"]:
        run["grids"] = []
    results |= {"agreement": [], "quality": None, "floor": {}, "best": {}, "metric_curves": {}, "curves": {}}
    remarks = printed.write(tmp_path / "out", results, "png", "en")
    assert [line.split(":")[0] for line in remarks] == [f"no {name} figure" for name in printed.FIGURES]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"results.tex", "results.md"}


def test_a_grid_that_is_gone_or_damaged_spoils_no_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(printed, "FIGURES", {"samples": printed.FIGURES["samples"]})
    results = made_up(tmp_path)
    grids.path_of(results["runs"][0]["folder"], 300).unlink()
    grids.save_png(grids.path_of(results["runs"][1]["folder"], 300), pictures(1, 5)[0].transpose(1, 2, 0))
    assert printed.write(tmp_path / "out", results, "pdf", "en") == []
    with pytest.raises(UserError, match="no grid of 8 images"):
        grids.tiles(np.zeros((5, 5, 3), np.uint8))


def test_a_trial_is_called_one():
    results = {"data": "mnist-5k", "groups": [{"seeds": [0]}], "best": {}, "summary": {"trial": {"steps": 10}}}
    assert tables.note(results, "en").endswith("prove nothing.") and tables.note(results, "zh").endswith("不能证明任何结论。")
    assert "trial" not in tables.note({**results, "summary": {"trial": {}}}, "en")


def test_nothing_is_bold_in_a_trial(tmp_path):
    results = made_up(tmp_path)
    assert r"\mathbf" in tables.latex(results, "en") and "**" in tables.markdown(results, "en")
    trial = {**results, "summary": {"trial": {"steps": 10}}}
    for made in (tables.latex(trial, "en"), tables.markdown(trial, "en")):
        assert r"\mathbf" not in made and "**" not in made and "bold" not in made


def test_tiles_are_the_images_of_a_grid(tmp_path):
    images = pictures(20, 28, colours=3)
    grids.save_png(tmp_path / "grid.png", grids.grid(images))
    found = grids.tiles(grids.read_png(tmp_path / "grid.png"))
    np.testing.assert_array_equal(found[:20], images.transpose(0, 2, 3, 1))


def cells(text, sign):
    """{first cell: the others} of a table's rows."""
    rows = [[cell.strip() for cell in line.strip("|\\ \n").split(sign)] for line in text.splitlines() if sign in line]
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_tables_hold_the_numbers_of_results(tmp_path, lang):
    results = made_up(tmp_path)
    markdown, latex = tables.markdown(results, lang), tables.latex(results, lang)
    name = words.of_value("fd_lenet", lang)
    plain, formulas = cells(markdown, "|")[f"{name} ↓"], cells(latex, "&")[rf"{name} $\downarrow$"]
    for group, cell, formula in zip(results["groups"], plain, formulas):
        row = group["metrics"]["fd_lenet"]
        mean, deviation = (float(number.replace(",", "")) for number in cell.strip("*").split(" ± "))
        assert mean == pytest.approx(row["mean"], abs=row["deviation"] / 20)
        assert deviation == pytest.approx(row["deviation"], rel=0.05)
        best = group["label"] == results["best"]["fd_lenet"]
        assert cell.startswith("**") == best == (r"\mathbf" in formula)
        assert re.findall(r"[\d.]+", formula) == re.findall(r"[\d.]+", cell)
    assert r"10^{-7}" in latex and r"wgan\_x" in latex
    assert cells(markdown, "|")[words.of("seeds", lang)][:2] == ["0, 1", "0, 1"]
    assert latex.index(r"\toprule") < latex.index(r"\midrule") < latex.index(r"\bottomrule")
    assert latex.count(r" \\") == len(results["floor"]) + 4


def test_a_model_of_which_a_seed_died_or_was_not_scored_says_so(tmp_path):
    results = made_up(tmp_path, seeds=(0, 1, 2, 5))
    results["groups"][0]["died"] = 1
    results["groups"][1]["metrics"] = {}
    found = cells(tables.markdown(results, "en"), "|")
    assert found["Seeds"][0] == "0–2, 5 (1 died)"
    assert cells(tables.markdown(results, "zh"), "|")["种子"][0] == "0–2, 5（1 次出错终止）"
    assert found["Fréchet distance (LeNet) ↓"][0].endswith("(2)**") and found["Fréchet distance (LeNet) ↓"][1] == "–"


def test_a_bar_in_a_cell_of_markdown_is_escaped_once():
    table = markdown.in_markdown([["", "folder:a|b"], ["x", r"c\|d"]], right=[1])
    assert table.splitlines() == [r"|  | folder:a\|b |", "| --- | ---: |", r"| x | c\|d |"]


def test_latex_is_escaped():
    assert (
        tables.escaped("a_b & 50 % of $x^2 #{}~\\")
        == r"a\_b \& 50 \% of \$x\textasciicircum{}2 \#\{\}\textasciitilde{}\textbackslash{}"
    )


@pytest.mark.parametrize(
    ("mean", "deviation", "shown"),
    [(4.537, 0.642, "4.54 ± 0.64"), (80.66, 138.2, "81 ± 138"), (0.24, 0.0036, "0.2400 ± 0.0036"), (8.0, 0.0, "8 ± 0")]
    + [(4.537, None, "4.54"), (1.0, 1e-9, "1 ± 1.0e-09"), (1234.5, 0.31, "1,234.50 ± 0.31"), (None, None, "–")],
)
def test_mean_and_deviation_end_at_the_same_place(mean, deviation, shown):
    assert numbers.aligned(mean, deviation) == shown


def test_every_value_has_words_in_both_languages():
    values = {value for row in metrics.METRICS.values() if row.measure.__module__.startswith("metrics.") for value in row.values}
    for value in values:
        english, chinese = (words.of_value(value, lang) for lang in words.LANGUAGES)
        assert value not in (english, chinese) and english != chinese, value
    assert words.of_value("my_own", "zh") == "my_own"
    assert words.of_value("class_3", "zh") == "第 3 类的比例"


def test_command_takes_a_comparison_that_was_moved(call, tmp_path):
    results = made_up(tmp_path / "A")
    (tmp_path / "A/results.json").write_text(json.dumps(results))
    (tmp_path / "A/comparison.json").write_text("{}")
    shutil.move(tmp_path / "A", tmp_path / "B")
    status, out, err = call("reporting.figures.__main__", "B", "--format", "png")
    assert (status, out.splitlines()[-1], err) == (0, "B/figures", "")
    assert (tmp_path / "B/figures/samples-page.png").is_file()
    (tmp_path / "B/results.json").write_text("[]")
    status, _, err = call("reporting.figures.__main__", "B")
    assert status == 2 and len(err.splitlines()) == 1 and "no results.json" in err
    del results["runs"][0]["folder"]
    (tmp_path / "B/results.json").write_text(json.dumps(results))
    status, _, err = call("reporting.figures.__main__", "B")
    assert status == 2 and len(err.splitlines()) == 1 and "B/results.json is damaged" in err


def test_runs_of_a_seed_stand_in_a_row_though_one_saved_no_grid(tmp_path, monkeypatch):
    results, drawn = made_up(tmp_path), []
    results["runs"][0]["grids"] = []
    monkeypatch.setattr(figures, "save", lambda figure, path: drawn.append(figure))
    figures.samples(results, tmp_path / "samples.png")
    rows = {}
    for title in drawn[0].texts:
        rows.setdefault(title.get_position()[1], []).append(title.get_text())
    first, second = rows.values()
    assert first == ["real: mnist-5k", "wgan_x, seed 0, step 300"]
    assert second == ["real: mnist-5k", "gan, seed 1, step 300", "wgan_x, seed 1, step 300"]


def test_visualdl_shows_real_items_though_the_first_run_has_lost_its_own(tmp_path):
    from visualdl import LogReader

    results = made_up(tmp_path)
    grids.path_of_real(results["runs"][0]["folder"]).unlink()
    for name in ("samples", "curves"):
        grids.save_png(tmp_path / f"{name}.png", grids.grid(pictures(4, 28)))
    visual.write(tmp_path, results, tmp_path)
    (records,) = (tmp_path / "report").glob("vdlrecords.*.log")
    assert "samples/real" in LogReader(file_path=str(records)).get_tags()["image"]


PATH = {"PYTHONPATH": str(Path(printed.__file__).resolve().parent.parent.parent)}


def test_command_takes_runs_and_says_what_was_not_scored(run):
    status, out, err = run_program("reporting/figures/__main__.py", "run", "--format", "svg", cwd=run.parent, env=PATH)
    assert (status, out.splitlines()[-1]) == (0, "run/figures"), err
    assert "run has no scores: python eval.py run --every measures them" in err
    assert "no estimate-quality figure" in err
    assert (run / "figures/samples-column.svg").is_file() and (run / "figures/curves-page.svg").is_file()
    status, _, err = run_program("reporting/figures/__main__.py", "run", "run", cwd=run.parent, env=PATH)
    assert status == 2 and "--out" in err and err.startswith("figures: error: ")


def test_runs_that_were_not_scored_alike_are_named(run):
    other = shutil.copytree(run, run.parent / "other")
    third = shutil.copytree(run, run.parent / "third")
    value = {"fd_lenet": {"value": 1.0, "deviation": None, "floor": None, "floor_deviation": None}}
    for folder, samples in ((run, 5000), (other, 100)):
        score_store.write(folder / "metrics.json", {2: value}, {"data": "mnist", "samples": samples, "seed": 0})
    score_store.write(third / "metrics.json", {2: value}, {"data": "fashion-mnist"})
    results = of_runs([str(run), str(other), str(third)])
    assert [bool(row["metrics"]) for row in results["runs"]] == [True, True, False]
    unequal = [f"not scored alike {when} (samples): {run}: 5000, {other}: 100" for when in ("at the end", "on the way")]
    assert results["remarks"][-3:] == [f"{third} has no scores: python eval.py {third} --every measures them", *unequal]


def test_points_are_drawn_as_points(call, tmp_path):
    flags = [
        "--data",
        "8gaussians",
        "--steps",
        10,
        "--batch-size",
        256,
        "-o",
        "units=8",
        "--seeds",
        1,
        "--jobs",
        1,
        "--samples",
        100,
    ]
    found = call("compare", "gan", *flags, "--metrics", "critic_estimate", "--name", "rings", "--figures", "svg", "--lang", "zh")
    assert found.status == 0, found.err
    assert "figures and tables for print: compare/rings/figures" in found.out
    assert found.out.splitlines()[-1] == "compare/rings/report.html"
    text = (tmp_path / "compare/rings/figures/samples-column.svg").read_text()
    assert "<image" not in text and text.count("<use") > 2000
    assert SOURCES["8gaussians"].is_points


def test_figures_are_of_a_known_format_and_language(refused):
    assert "pdf" in refused("compare", "gan", "--figures", "bmp")
    assert "zh" in refused("compare", "gan", "--lang", "fr")


def test_curves_png_shows_what_comes_after_the_untrained_generator(tmp_path, monkeypatch):
    results, drawn = made_up(tmp_path), []
    scored = {"fd_lenet": curve([412.0, 3.2, 2.2]), "kid": curve([235.0, 0.03, 0.02]), "coverage": curve([0.0, 0.5, 0.6])}
    results["metric_curves"] = {"gan": {"step": scored}}
    results["floor"] = {"fd_lenet": {"value": 0.36}, "kid": {"value": -0.0005}, "coverage": {"value": 0.94}}
    monkeypatch.setattr(figures, "save", lambda figure, path: drawn.append(figure))
    figures.curve_picture(results, tmp_path / "curves.png")
    panels = {axes.get_title(): axes for axes in drawn[0].axes}
    fd, kid = panels["Fréchet distance (LeNet), lower is better"], panels["Kernel distance (KID), lower is better"]
    scales = [axes.get_yscale() for axes in (fd, kid, panels["Coverage, higher is better"])]
    assert scales == ["log", "symlog", "linear"]
    for axes in (fd, kid):
        first, second, last, real = heights(axes)
        assert first > 0.85 and real < last - 0.05 < second < 0.7, "each can be told from the others"
        assert axes.lines[0].get_marker() == "."
    names = [text.get_text() for text in panels["Estimate: gan"].get_legend().get_texts()]
    assert names == ["training data"], "in words"


def heights(axes):
    """Where a panel of one model has its means, and real data, from 0 at its bottom to 1."""
    values = [*axes.lines[0].get_ydata(), axes.lines[-1].get_ydata()[0]]
    return (axes.transData + axes.transAxes.inverted()).transform([(0, y) for y in values])[:, 1]

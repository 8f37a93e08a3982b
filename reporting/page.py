"""report.html: a page of its own, in English and in Chinese, drawn from results.json."""

from __future__ import annotations

import base64
import functools
from itertools import zip_longest
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.utils import htmlsafe_json_dumps as script  # no character that ends or begins anything in HTML or JavaScript
from markupsafe import Markup, escape

import data
import metrics
from reporting import curves, figures, page_words, summary, words
from reporting.numbers import clock, in_digits
from reporting.table import is_class_share
from training import grids

TEMPLATES = Path(__file__).resolve().parent / "templates"
# how a number is written in the page, by the name that templates use
FORMS = {
    None: in_digits,
    "deviation": lambda value: in_digits(value, 3),
    "count": lambda value: f"{round(value):,}",
    "clock": lambda minutes: clock(60 * minutes),
}


@functools.cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    return environment.get_template("report.html")


def render(results: dict, language: str = "en") -> str:
    """The page. language: in which it opens. The templates can show a number only through `num`, which names its place in
    results.json, and a word only in both languages."""

    def num(*keys, form=None):
        value: Any = results
        for key in keys:
            value = value[key] if isinstance(value, list) or key in value else None
            if value is None:
                return Markup("–")
        at = escape("/".join(map(str, keys)))
        return Markup(f'<data data-at="{at}" value="{escape(value)}">{escape(FORMS[form](value))}</data>')

    labels = [group["label"] for group in results["groups"]]
    colours = {label: figures.colour(results, label) for label in labels}
    drawn = lambda label, names: any(name in results["curves"][label].get("step", {}) for name in names)  # noqa: E731
    has = lambda names: [label for label in labels if drawn(label, names)]  # noqa: E731
    healths = [run["health"] for run in results["runs"]]
    frames = {i: _frames(run) for i, run in enumerate(results["runs"]) if run["grids"]}
    scored = list(results["floor"])
    charts = {key: results[key] for key in ("curves", "metric_curves", "agreement", "floor", "quality")}
    return _template().render(
        r=results,
        language=language,
        num=num,
        both=both,
        name=name,
        words=page_words,
        Markup=Markup,
        direction=metrics.direction,
        colour=colours,
        place={label: i for i, label in enumerate(labels)},
        fit="narrow" if len(labels) <= 4 else "middle" if len(labels) <= 8 else "stacked",
        unequal_length=bool({"steps", "minutes"} & set(results["summary"]["unequal"])),
        scored=[value for value in scored if not is_class_share(value)],
        shares=[value for value in scored if is_class_share(value)],
        marked=summary.marked(results),
        through_training=figures.metric_names(results),
        health=[key for key in healths[0] if any(health[key] is not None for health in healths)],
        logged=[(title, quantities, has(quantities)) for title, quantities in curves.LOGGED if has(quantities)],
        rows=rows(results),
        many_seeds=len({run["seed"] for run in results["runs"]}) > 1,
        agreeing=list(dict.fromkeys(row["label"] for row in results["agreement"])),
        real=next((picture for i in frames if (picture := _real(results["runs"][i]))), ""),
        last_frame={i: pictures[-1] for i, pictures in frames.items()},
        points=data.source(results["data"]).is_points,
        chart_data=script(charts),
        frames=script(frames),
        grids=script({i: results["runs"][i]["grids"] for i in frames}),
        colours=script(colours),
        chart_words=script(chart_words(results)),
        css=Markup(_text("report.css")),
        stack=Markup(_text("stack.css")),
        js=Markup("\n".join(_text(file) for file in ("echarts/echarts.min.js", "charts.js", "report.js"))),
    )


@functools.cache
def _text(file):
    return (TEMPLATES / file).read_text(encoding="utf-8")


def both(english: Any, chinese: str = "", **parts: Any) -> Markup:
    """A text in both languages, of which the page shows one: page_words.Words, or two texts with {parts}."""
    pair = english if isinstance(english, page_words.Words) else (english, chinese)
    if pair[0] == pair[1]:
        return escape(pair[0])
    spans = [Markup(f'<span lang="{language}">') for language in words.LANGUAGES]
    texts = [Markup(text).format(**parts) if parts else escape(text) for text in pair]
    return Markup("").join(span + text + Markup("</span>") for span, text in zip(spans, texts))


def name(label: str) -> Markup:
    """A model's label, which may break where a word of it ends."""
    return Markup("").join(escape(part) + Markup("<wbr>") * (part in "-_=") for part in label)


def rows(results: dict) -> list[list[int]]:
    """Runs of the rows of pictures, by their number in results.json: the first of each model, the second of each …"""
    of_label = [[i for i, run in enumerate(results["runs"]) if run["label"] == g["label"]] for g in results["groups"]]
    return [[i for i in row if i is not None] for row in zip_longest(*of_label)]


def chart_words(results: dict) -> dict:
    """{language: {kind: {key: text}}}: what the charts call things."""
    tables = {
        "axes": page_words.axes(results["clock"]),
        "values": {value: page_words.of_value(value) for value in [*figures.metric_names(results), results["quality"] or ""]},
        "quantities": page_words.QUANTITIES,
        "vertical": {title: vertical for title, (_, vertical, _) in page_words.CHARTS.items()},
        "parts": page_words.PARTS_OF_CHARTS,
    }
    return {
        language: {kind: {key: text[i] for key, text in table.items()} for kind, table in tables.items()}
        for i, language in enumerate(words.LANGUAGES)
    }


def data_uri(path: Path) -> str:
    """A picture as text, halved where its pixels are doubled (the page scales them up again); '' for one that is gone."""
    picture = grids.shown(path)
    if picture is None:
        return ""
    if (picture == picture[..., :1]).all():  # grey: a third of the work and less to carry
        picture = picture[..., :1]
    return "data:image/png;base64," + base64.b64encode(grids.png(picture, compression=9)).decode()


def _frames(run):
    """The run's grids through its training."""
    paths = [grids.path_of(run["folder"], grid["step"]) for grid in run["grids"]]
    made = {path: data_uri(path) for path in set(paths)}
    return [made[path] for path in paths]


def _real(run):
    return data_uri(grids.path_of_real(run["folder"]))

"""The files of a comparison: results.json, results.csv, samples.png, curves.png, and report.html drawn from the first."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import cv2
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps as script  # no character that ends or begins anything in HTML or JavaScript
from markupsafe import Markup, escape

import metrics
from errors import UserError
from reporting import curves, figures, visual
from reporting.numbers import clock, in_digits
from reporting.table import is_class_share
from storage import reading, writing
from training import grids

LARGEST = 256 << 20  # bytes of results.json
TEMPLATES = Path(__file__).resolve().parent / "templates"
# of a number in the page
FORMS = {
    None: in_digits,
    "deviation": lambda value: in_digits(value, 3),
    "count": lambda value: f"{round(value):,}",
    "clock": lambda minutes: clock(60 * minutes),
}


def write(out: str | Path, results: dict) -> Path:
    """Write everything below `out`; returns the path of report.html. Raises UserError if it cannot be written.

    Pictures are kept if they were drawn from the same results.
    """
    out, results = Path(out), finite(results)
    try:
        with writing.filling(out) as new:
            if not (kept := drawn(out, results)):
                figures.samples(results, new / "samples.png")
                figures.curve_picture(results, new / "curves.png")
            writing.write_text(new / "results.csv", table(results))
            writing.write_text(new / "report.html", render(results))
            # written last: it says that the pictures are its own
            writing.write_text(new / "results.json", json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False))
            if not kept:
                visual.write(out, results, new)
                (out / "results.json").unlink(missing_ok=True)
        return out / "report.html"
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror or error}") from None


def drawn(out, results):
    """Whether results.json holds the same already, but for when and by which words it was asked for."""
    try:
        old = reading.json(out / "results.json", LARGEST)
        asked = {"made": old["made"], "command": old["command"]}
        runs = [{**run, "reused": before["reused"]} for run, before in zip(results["runs"], old["runs"], strict=True)]
    except (UserError, KeyError, TypeError, ValueError):  # none yet, or damaged
        return False
    new = json.loads(json.dumps({**results, **asked, "runs": runs}))
    return old == new and all((out / name).is_file() for name in ("samples.png", "curves.png"))


def finite(value: Any) -> Any:
    """The same with None for NaN and infinities, which JSON does not know."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table(results):
    """results.csv, one row a run: what it is, what it cost, what it scored."""
    plain: tuple[str, ...] = ("label", "seed", "status", "steps", "critic_steps", "images_seen", "minutes", "seconds")
    plain += ("cpu_seconds", "folder", "message")
    scored = list(results["floor"])
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*plain, *results["runs"][0]["health"], *scored])
    for run in results["runs"]:
        values = [run["metrics"].get(name, {}).get("value") for name in scored]
        writer.writerow([*(run[name] for name in plain), *run["health"].values(), *values])
    empty = [""] * (len(plain) - 1 + len(results["runs"][0]["health"]))
    writer.writerow(["real data", *empty, *(results["floor"][name]["value"] for name in scored)])
    return text.getvalue()


def render(results: dict) -> str:
    """report.html. The template can show a number only through `num`, which names its place in results.json."""

    def num(*keys, form=None):
        value: Any = results
        for key in keys:
            value = value[key] if isinstance(value, list) or key in value else None
            if value is None:
                return Markup("–")
        at = escape("/".join(map(str, keys)))
        return Markup(f'<data data-at="{at}" value="{escape(value)}">{escape(FORMS[form](value))}</data>')

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    parts = {name: Markup((TEMPLATES / f"report.{name}").read_text(encoding="utf-8")) for name in ("css", "js")}
    shown = [i for i, run in enumerate(results["runs"]) if run["grids"]]
    frames = {i: _frames(results["runs"][i]) for i in shown}
    colours = {group["label"]: figures.colour(results, group["label"]) for group in results["groups"]}
    has = lambda label, names: any(name in results["curves"][label].get("step", {}) for name in names)  # noqa: E731
    healths = [run["health"] for run in results["runs"]]
    return environment.get_template("report.html").render(
        r=results,
        num=num,
        direction=metrics.direction,
        has=has,
        colour=colours,
        scored=[name for name in results["floor"] if not is_class_share(name)],
        shares=[name for name in results["floor"] if is_class_share(name)],
        through_training=figures.metric_names(results),
        health=[name for name in healths[0] if any(health[name] is not None for health in healths)],
        logged=[row for row in curves.LOGGED if any(has(label, row[1]) for label in colours)],
        axes=curves.axes(results["clock"]),
        shown=shown,
        seeds=sorted({results["runs"][i]["seed"] for i in shown}),
        many_seeds=len({run["seed"] for run in results["runs"]}) > 1,
        real=_real(results, shown),
        last_frame={i: frames[i][-1] for i in shown},
        chart_data=script({key: results[key] for key in ("curves", "metric_curves", "agreement", "floor", "quality")}),
        frames=script(frames),
        grids=script({i: results["runs"][i]["grids"] for i in shown}),
        colours=script(colours),
        axis_words=script(curves.axes(results["clock"])),
        **parts,
    )


def data_uri(path):
    """A picture as text, halved where its pixels are doubled (the page scales them up again); '' for one that is gone."""
    picture = grids.shown(path)
    if picture is None:
        return ""
    done, encoded = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    assert done
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode()


def _frames(run):
    """The run's grids through its training."""
    paths = [grids.path_of(run["folder"], grid["step"]) for grid in run["grids"]]
    made = {path: data_uri(path) for path in set(paths)}
    return [made[path] for path in paths]


def _real(results, shown):
    return data_uri(grids.path_of_real(results["runs"][shown[0]]["folder"])) if shown else ""

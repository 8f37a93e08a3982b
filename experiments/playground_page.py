"""docs/playground.html from its record: the words that tell it, in both languages, and the record itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from errors import UserError
from experiments import ROOT
from reporting.curves import rank_correlation
from reporting.numbers import in_digits

FOLDER = Path(__file__).resolve().parent / "pages" / "playground"
WORDS = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))  # its first lines say what is in it


def render(record: dict[str, Any]) -> str:
    """The page. record: {format, command, steps, scenes: {set: pack_scene's}, recordings: {name: playground.record's}}."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    text = lambda path: path.read_text(encoding="utf-8")  # noqa: E731
    seen = {name: words for name in record["recordings"] if (words := told(name, record))}
    return environment.get_template("page.html").render(
        record=record,
        sets={name: WORDS["sets"][name] for name in record["scenes"]},
        switches=WORDS["switches"],
        made=how(record["recordings"]),
        json=htmlsafe_json_dumps({**record, "seen": seen}, separators=(",", ":")),
        css=Markup(text(FOLDER / "page.css")),
        js=Markup(text(ROOT / "live" / "panel.js") + text(FOLDER / "page.js")),
    )


def record_of(page: str) -> dict[str, Any]:
    """The record that a page holds. Raises UserError for text that is no such page."""
    found = re.search(r'<script type="application/json" id="record">(.*?)</script>', page, re.S)
    if not found:
        raise UserError("playground.html holds no record: take the file away, and everything is recorded anew")
    return json.loads(found[1])


def told(name: str, record: dict[str, Any]) -> list[str] | None:
    """What one sees in a recording, in both languages, with its own numbers; None where nothing is said."""
    row = record["recordings"][name]
    figures = facts(row, record["scenes"][row["recipe"]["data"]]["w1_real"])
    return [text.format(**figures) for text in WORDS["seen"][name]] if name in WORDS["seen"] else None


def facts(row: dict[str, Any], w1_real: float) -> dict[str, str]:
    """The numbers of a recording that its words may name, as they are shown."""
    numbers = row["numbers"]
    last = {key: values[-1] for key, values in numbers.items()}
    shown = {"w1": f"{last['w1']:.2f}", "best": f"{min(numbers['w1']):.2f}", "real": f"{w1_real:.2f}"}
    shown |= {key: power_of_ten(in_digits(last[key], 2)) for key in ("estimate", "slope")}
    shown |= {key: f"{last[key]:.0%}".replace("%", " %") for key in ("good_share", "clipped_share") if last.get(key) is not None}
    shown |= {"modes": f"{last['modes_found']:.0f}"} if "modes_found" in last else {}
    shown |= {"most_modes": f"{max(numbers['modes_found']):.0f}"} if "modes_found" in last else {}
    rank = rank_correlation(numbers["estimate"][1:], numbers["w1"][1:])  # at step 0 no critic has been trained
    return {**shown, "rank": f"{rank:.2f}".replace("-", "−")}


def power_of_ten(number: str) -> str:
    """7.1e-05 as 7.1·10⁻⁵, as live/panel.js has it."""
    digits, _, power = number.partition("e-")
    return digits + "·10⁻" + power.lstrip("0").translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")) if power else number


def how(recordings: dict[str, Any]) -> dict[str, Any]:
    """How the recordings were made: where, in how many CPU minutes, at which commits, and a row of settings for each."""
    rows, every = {}, [recording["made"] for recording in recordings.values()]
    for name, recording in recordings.items():
        recipe = recording["recipe"]
        bound = f"clip {recipe['clip']:g}" if recipe["clip"] else f"lambda {recipe['penalty']:g}" if recipe["penalty"] else "–"
        adam = f"adam ({recipe['beta1']:g}, {recipe['beta2']:g})"
        rates = f"{recipe['generator_learning_rate']:g}, {recipe['critic_learning_rate']:g}"
        rows[name] = (
            *(recipe["objective"], bound, adam if recipe["optimizer"] == "adam" else recipe["optimizer"], rates),
            *(recipe["n_critic"], recipe["units"], recipe["seed"], f"{recipe['steps']:,}", recording["made"]["cpu_seconds"]),
        )
    where = {f"Paddle {made['paddle']}, {made['processor']}, {made['device']}" for made in every}
    commits = dict.fromkeys((made["commit"] or "–").partition(" ")[0][:12] for made in every)
    minutes = sum(made["cpu_seconds"] for made in every) / 60
    return {"where": "; ".join(sorted(where)), "minutes": f"{minutes:.0f}", "commits": list(commits), "rows": rows}

"""The files of a comparison: results.json, results.csv, samples.png, curves.png, and report.html drawn from the first."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

from errors import UserError
from reporting import figures, visual
from reporting.collect import LARGEST
from reporting.page import render
from storage import reading, writing


def write(out: str | Path, results: dict, language: str = "en") -> Path:
    """Write everything below `out`; returns the path of report.html. Raises UserError if it cannot be written.

    language: in which the page opens, 'en' or 'zh'; it holds both. Pictures are kept if they were drawn from the same results.
    """
    out, results = Path(out), finite(results)
    with writing.filling(out) as new:
        if not (kept := drawn(out, results)):
            figures.samples(results, new / "samples.png")
            figures.curve_picture(results, new / "curves.png")
        writing.write_text(new / "results.csv", table(results))
        writing.write_text(new / "report.html", render(results, language))
        # written last: it says that the pictures are its own
        writing.write_text(new / "results.json", json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False))
        if not kept:
            visual.write(out, results, new)
            (out / "results.json").unlink(missing_ok=True)
    return out / "report.html"


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

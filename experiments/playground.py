"""Record trainings of points into docs/playground.html, a page that plays them without Python and without a network.

    python -m experiments playground

gan, wgan, wgan-gp and wgan-paper on four sets of points, and on one of them the GAN under each other setting of the four switches
that make it a WGAN. The page is its own record: what it holds already of the same recipe is kept, and so is what an
interrupted command has left in runs/, so that the same command goes on and a change of words costs seconds.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from errors import UserError
from experiments import ROOT, playground_page
from live import packing
from live.switches import SWITCHES, switched
from storage import reading, writing
from training import recipe as recipes
from training import run, runtime
from training.recipe import Recipe

if TYPE_CHECKING:
    from live.session import Frame

FORMAT = 1
SETS = ("8gaussians", "25gaussians", "swissroll", "2lines")
MODELS = ("gan", "wgan", "wgan-gp", "wgan-paper")
SWITCHED = SETS[0]
STEPS, FRAMES = 2000, 41
BEND = 1.8  # frames lie closer at the beginning, where more happens
MOST = 2**23  # bytes of a page that is read


def plan(quick: bool = False) -> dict[str, Recipe]:
    """{name of a recording: its recipe}: 'SET/MODEL', and 'switches/…' with the switches that are thrown, joined by +. With none
    it is SWITCHED/gan."""
    from live import session

    rows = {f"{name}/{model}": session.recipe(model, name, steps=steps(quick)[-1]) for name in SETS for model in MODELS}
    for count in range(1, len(SWITCHES) + 1):
        for thrown in itertools.combinations(SWITCHES, count):
            settings = switched(thrown)
            rows[f"switches/{'+'.join(thrown)}"] = session.recipe("gan", SWITCHED, steps=steps(quick)[-1], **settings)
    return rows


def steps(quick: bool = False) -> list[int]:
    """The generator steps after which a frame is taken, from 0 to the last."""
    last, count = (24, 4) if quick else (STEPS, FRAMES)
    return sorted({round(last * (i / (count - 1)) ** BEND) for i in range(count)})


def record(recipe: Recipe, at: list[int]) -> dict[str, Any]:
    """Train `recipe` and take a frame after each of the steps `at`: a recording, for JSON."""
    from live.session import Live

    began, live, frames = time.process_time(), Live(recipe), []
    for step in at:
        live.step(step - live.steps)
        frames.append(live.frame())
    made = {"commit": run.commit(), "cpu_seconds": round(time.process_time() - began, 1), **runtime.machine()}
    return {"recipe": recipe.model_dump(), "made": made, **pack(frames, live.scene.extent)}


def pack(frames: list[Frame], extent: float) -> dict[str, Any]:
    """Frames as {numbers: {name: a list, null where a frame has none}, low, high, longest: lists, packed: base64 of zlib}.

    packed, of T frames: samples as in live/packing.py, each less the frame before it (modulo 2¹⁶), all low bytes, then all high
    ones; the surfaces' bytes, differences along y of differences along x (modulo 2⁸); the arrows' bytes.
    """
    names = dict.fromkeys(name for frame in frames for name in frame.numbers)
    numbers = {name: [frame.numbers.get(name) for frame in frames] for name in names}
    samples = np.stack([packing.of_points(frame.samples, extent) for frame in frames])
    moved = np.diff(samples, axis=0, prepend=np.zeros_like(samples[:1]))
    surfaces, lows, highs = zip(*(packing.of_surface(frame.surface) for frame in frames))
    rises = np.stack(surfaces)
    for axis in (2, 1):
        rises = np.diff(rises, axis=axis, prepend=np.zeros_like(rises.take([0], axis)))
    arrows, longest = zip(*(packing.of_arrows(frame.arrows) for frame in frames))
    parts = (moved & 255).astype(np.uint8), (moved >> 8).astype(np.uint8), rises, np.stack(arrows)
    raw = zlib.compress(b"".join(part.tobytes() for part in parts), 9)
    short = lambda values: [None if value is None else packing.short(value) for value in values]  # noqa: E731
    return {
        "numbers": {name: short(values) for name, values in numbers.items()},
        **{"low": lows, "high": highs, "longest": longest},
        "packed": base64.b64encode(raw).decode(),
    }


def known(path: Path, at: list[int]) -> dict[str, Any]:
    """The recordings with frames after the steps `at` that a page or what was left over holds, {} for none. Raises UserError."""
    if not path.exists():
        return {}
    text = reading.text(path, MOST, "record")
    content = json.loads(text) if path.suffix == ".json" else playground_page.record_of(text)
    return content["recordings"] if content["format"] == FORMAT and content["steps"] == at else {}


def same(recorded: dict[str, Any], recipe: Recipe) -> bool:
    """Whether a recording's settings are those of `recipe`; one that is younger than the recording has its default there."""
    try:
        return recipes.resolve(recorded) == recipe
    except UserError:  # it was taken away since, or has other values
        return False


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--quick", is_flag=True, help="A minute for half an hour: a few steps each, into runs/quick/playground.html.")
@click.option("--fresh", is_flag=True, help="Record everything anew.")
def main(quick, fresh):
    path = ROOT / ("runs/quick" if quick else "docs") / "playground.html"
    left_over = ROOT / "runs" / ("quick" if quick else "") / "playground.json"
    writing.check_writable(path.parent)
    print(runtime.start("cpu"))

    from live import session

    at, rows = steps(quick), plan(quick)
    had = {} if fresh else {**known(path, at), **known(left_over, at)}
    scenes = {name: packing.pack_scene(session.scene(name)) for name in SETS}
    content = {"format": FORMAT, "command": "python -m experiments playground" + " --quick" * quick, "steps": at}
    content |= {"switched": SWITCHED, "scenes": scenes}
    kept = {name: had[name] for name, recipe in rows.items() if name in had and same(had[name]["recipe"], recipe)}
    for number, (name, recipe) in enumerate(rows.items(), 1):
        if name not in kept:
            kept[name] = record(recipe, at)
            print(f"{number} of {len(rows)}: {name} in {kept[name]['made']['cpu_seconds']:.0f} CPU s", flush=True)
            writing.write_text(left_over, json.dumps({"format": FORMAT, "steps": at, "recordings": kept}))
    writing.write_text(path, playground_page.render({**content, "recordings": {name: kept[name] for name in rows}}))
    left_over.unlink(missing_ok=True)
    print(os.path.relpath(path))
    return 0

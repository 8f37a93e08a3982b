"""The tab “Watch it learn”: its HTML. web/static/watch.js makes it move, web/watching.py trains."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from live.switches import SWITCHES
from web import POINTS, WATCHED, words

TEMPLATES = Path(__file__).resolve().parent / "templates"
LATENTS, BATCHES = (1, 2, 4, 8, 16), (32, 64, 128, 256, 512)
NUMBERS = ("w1", "estimate", "modes", "clipped", "chances", "slope")
# settings that have a slider: its ends, and whether these are logarithms
SLIDERS = {
    "generator_learning_rate": (-5, -2, True),
    "critic_learning_rate": (-5, -2, True),
    "n_critic": (1, 10, False),
    "clip": (-3, 0, True),
    "penalty": (-2, 2, True),
}
SCRIPTS = '<script src="../live/panel.js"></script><script src="../static/watch.js"></script>'


def build(lang: str) -> None:
    """Make the tab's components."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    html = environment.get_template("watch.html").render(
        say=lambda key: words.of(key, lang),
        told=json.dumps(words.told(lang), ensure_ascii=False),
        data={name: words.of_data(name, lang) for name in POINTS},
        latents=LATENTS,
        batches=BATCHES,
        switches=SWITCHES,
        models=WATCHED,
        numbers=NUMBERS,
        sliders=SLIDERS,
    )
    gr.HTML(f'<p class="pw-lead">{words.of("watch_lead", lang)}</p>')
    gr.HTML(html, elem_id="watch", head=SCRIPTS, js_on_load="window.watchTraining(element)")

"""The tab “Draw”: samples of up to three generators from the same z, a walk between two, how each was trained."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import gradio as gr

from errors import UserError
from training import run
from web import cards, catalogue, words
from web.processes import Pool

COLUMNS = 3
COUNTS = (1, 16, 64)
LARGEST_SEED = 2**31 - 1


def build(pool: Pool, runs: Path, lang: str) -> Any:
    """Make the tab's components. Returns a function of the page that has it draw when it is opened."""
    say = lambda key, **values: words.of(key, lang, **values)  # noqa: E731
    gr.HTML(f'<p class="pw-lead">{say("draw_lead")}</p>')
    with gr.Row(elem_classes="pw-controls"):
        seed = gr.Number(0, label=say("seed"), precision=0, min_width=110, elem_id="draw-seed")
        count = gr.Radio(COUNTS, value=64, label=say("count"), min_width=220, elem_id="draw-count")
        all_classes = (say("any_class"), "")
        label = gr.Dropdown([all_classes], value="", label=say("classes"), min_width=110, visible=False, elem_id="draw-class")
        towards = gr.Number(1, label=say("towards"), precision=0, min_width=110, elem_id="draw-to")
        walk = gr.Slider(0, 1, 0, step=0.01, label=say("walk"), min_width=220, scale=2, elem_id="draw-walk")
        with gr.Column(min_width=150, scale=0, elem_classes="pw-buttons"):
            again = gr.Button(say("draw_button"), variant="primary", elem_id="draw-again")
            refresh = gr.Button(say("refresh"), size="sm", elem_id="draw-refresh")
    chosen, pictures, abouts = [], [], []
    with gr.Row(elem_classes="pw-columns"):
        for number in range(1, COLUMNS + 1):
            with gr.Column(min_width=280):
                of_column: dict[str, Any] = {"label": say(f"model_{number}"), "elem_id": f"draw-model-{number}"}
                chosen.append(gr.Dropdown([], allow_custom_value=True, **of_column))
                pictures.append(gr.HTML(elem_id=f"draw-picture-{number}", elem_classes="pw-slot"))
                abouts.append(gr.HTML(elem_id=f"draw-about-{number}"))

    def draw(seed, count, share, towards, wanted, *typed):
        sources = [(source or "").strip() for source in typed]
        if not any(sources):
            return [cards.note(cards.said("no_models", lang, runs=str(runs))), *[_empty(lang)] * (COLUMNS - 1)]
        asked = {"count": count, "seed": int(seed or 0), "towards": int(towards or 0), "share": share, "chosen": wanted or None}
        if not all(0 <= asked[key] <= LARGEST_SEED for key in ("seed", "towards")):
            return [cards.note(say("no_seed", largest=LARGEST_SEED), "wrong"), *[gr.skip()] * (COLUMNS - 1)]
        try:
            drawn = pool.drawing().ask({"draw": {"sources": [source or None for source in sources], **asked}})
        except UserError as error:
            drawn = [source and {"error": str(error)} for source in sources]
        made, first = [], None
        for source, row in zip(sources, drawn):
            made.append(cards.picture(row, source, asked["seed"], count, first, wanted or "", lang) if row else _empty(lang))
            first = first or (row or {}).get("latent")
        return made

    def describe(wanted, *typed):
        sources = [(source or "").strip() for source in typed]
        found = [_about(source) for source in sources]
        names = list(dict.fromkeys(name for about in found if about for name in about.classes))
        choice = gr.Dropdown(choices=[all_classes, *names], value=wanted if wanted in names else "", visible=bool(names))
        return [choice, *(cards.about(source, about, lang) if about else "" for source, about in zip(sources, found))]

    def listed(*sources):
        choices = [(say("none"), ""), *((_name(path), path) for path in catalogue.sources(runs))]
        values = sources if any(sources) else [*catalogue.first([path for _, path in choices[1:]], COLUMNS), *[""] * COLUMNS]
        return [gr.Dropdown(choices=choices, value=value or "") for value in values[:COLUMNS]]

    inputs: list[Any] = [seed, count, walk, towards, label, *chosen]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    drawing = {**quiet, "trigger_mode": "always_last", "concurrency_id": "draw"}
    gr.on([box.input for box in inputs], draw, inputs, pictures, **drawing)
    gr.on([box.input for box in chosen], describe, [label, *chosen], [label, *abouts], **quiet)
    again.click(lambda: random.randrange(10_000), None, seed, **quiet).then(draw, inputs, pictures, **drawing)
    refresh.click(listed, chosen, chosen, **quiet)

    def opened(page: gr.Blocks) -> None:
        listing = page.load(listed, chosen, chosen, **quiet)
        listing.then(draw, inputs, pictures, **drawing)
        listing.then(describe, [label, *chosen], [label, *abouts], **quiet)

    return opened


def _name(path):
    """A run in the list: published weights by their name, others by their path."""
    return Path(path).name if Path(path).parent == run.WEIGHTS else path


def _empty(lang):
    return f'<div class="pw-empty"><p>{words.of("empty_column", lang)}</p></div>'


def _about(source):
    try:
        return catalogue.about(source) if source else None
    except UserError:
        return None  # the picture's place says why

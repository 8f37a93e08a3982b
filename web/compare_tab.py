"""The tab “Compare”: the report of any comparison, and a small one that is started here and seen to come."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import gradio as gr
from markupsafe import Markup

from errors import UserError
from reporting import listing
from training import comparison, runtime
from web import POINTS, cards, comparisons, words
from web.comparisons import Desk

MODELS = ("gan", "dcgan", "lsgan", "wgan", "wgan-gp", "wgan-paper")
DATA = ("mnist-5k", *POINTS)  # those that need no download: mnist-5k lies in a dependency
MOST_MINUTES, MOST_SEEDS = 30, 3
EVERY = 1.0  # seconds between two looks


def build(desk: Desk, lang: str) -> Any:
    """Make the tab's components. Returns a function of the page that has it look when it is opened."""
    say = lambda key, **values: words.of(key, lang, **values)  # noqa: E731
    gr.HTML(f'<p class="pw-lead">{say("compare_lead")}</p>')
    with gr.Row(elem_classes="pw-controls"):
        models = gr.CheckboxGroup(
            MODELS, value=["gan", "wgan"], label=say("models"), min_width=300, scale=2, elem_id="compare-models"
        )
        source = gr.Dropdown(DATA, value=DATA[0], label=say("data"), min_width=150, elem_id="compare-data")
        minutes = gr.Slider(
            0.05,
            MOST_MINUTES,
            1,
            step=0.05,
            label=say(f"budget_{runtime.clock('auto')}"),
            min_width=230,
            elem_id="compare-minutes",
        )
        seeds = gr.Slider(1, MOST_SEEDS, 1, step=1, label=say("seeds"), min_width=140, elem_id="compare-seeds")
        with gr.Column(min_width=150, scale=0, elem_classes="pw-buttons"):
            start = gr.Button(say("start"), variant="primary", elem_id="compare-start")
            stop = gr.Button(say("stop"), interactive=False, elem_id="compare-stop")
    under_way = gr.HTML(elem_id="compare-progress")
    with gr.Row(elem_classes="pw-controls"):
        chosen = gr.Dropdown(
            [],
            label=say("comparison"),
            info=say("comparison_hint"),
            allow_custom_value=True,
            min_width=300,
            elem_id="compare-choose",
        )
        with gr.Column(min_width=150, scale=0, elem_classes="pw-buttons"):
            refresh = gr.Button(say("refresh_comparisons"), size="sm", elem_id="compare-refresh")
    report = gr.HTML(elem_id="compare-report")
    seen = gr.State("")  # of the comparison that runs: the folder whose report this page still waits for
    clock = gr.Timer(EVERY, active=False)

    def listed(**more):
        rows = reversed(listing.rows())
        return gr.Dropdown(choices=[(_row(row), str(comparison.ROOT / row.name)) for row in rows], **more)

    def begin(models, source, minutes, seeds):
        if not models:
            return cards.note(say("no_model_chosen"), "wrong"), gr.skip(), gr.skip(), gr.skip()
        try:
            current, began = desk.start(models, source, minutes, int(seeds), lang)
        except UserError as error:
            return cards.note(say("cannot_compare", why=error), "wrong"), gr.skip(), gr.skip(), gr.skip()
        if not began:
            gr.Warning(say("one_at_a_time"), title="")
        return _progress(desk, lang), gr.Timer(active=True), gr.Button(interactive=True), str(current.folder)

    def look(waits_for):
        current = desk.current
        if current is None:
            return gr.skip(), gr.Timer(active=False), gr.Button(interactive=False), "", *[gr.skip()] * 2
        html = _progress(desk, lang)
        if current.runs:
            return html, gr.Timer(active=True), gr.Button(interactive=True), str(current.folder), *[gr.skip()] * 2
        folder = str(current.folder)
        ended = html, gr.Timer(active=False), gr.Button(interactive=False), ""
        if waits_for == folder and not current.failed and not current.stopped:
            return *ended, listed(value=folder), _report(folder, lang)
        return *ended, *[gr.skip()] * 2

    def end():
        if desk.current:
            desk.current.stop()
        return gr.Button(interactive=False)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    seeing = [under_way, clock, stop, seen, chosen, report]
    start.click(begin, [models, source, minutes, seeds], [under_way, clock, stop, seen], **quiet)
    clock.tick(look, seen, seeing, **quiet)
    stop.click(end, None, stop, **quiet)
    chosen.input(lambda folder: _report((folder or "").strip(), lang), chosen, report, **quiet)
    refresh.click(listed, None, chosen, **quiet)

    def opened(page: gr.Blocks) -> None:
        page.load(listed, None, chosen, **quiet)
        page.load(look, seen, seeing, **quiet)

    return opened


def _row(row):
    return f"{row.name} · {row.data} · {row.when}"


def _progress(desk, lang):
    """The runs of the comparison that runs, or ran, with a bar and the newest samples of each."""
    current = desk.current
    runs = current.progress()
    done = sum(run.share >= 1 for run in runs)
    if current.failed:
        head = cards.note(words.of("cannot_compare", lang, why=current.failed), "wrong")
    elif current.stopped:
        head = cards.note(words.of("stopped", lang) if not current.runs else words.of("stopping", lang))
    elif not current.runs:
        return cards.note(words.of("done", lang, folder=current.folder), "done")
    else:
        key = "scoring" if done == len(runs) else "training"
        head = Markup('<p class="pw-facts">{}</p>').format(words.of(key, lang, done=done, count=len(runs)))
    rows = [_run(number, run, lang) for number, run in enumerate(runs)]
    html = '<section class="pw-under-way">{}<div class="pw-runs">{}</div></section>'
    return Markup(html).format(Markup(head), Markup("").join(rows))


def _run(number, run, lang):
    picture = ""
    if run.grid is not None:
        picture = Markup('<img src="../comparison/{}/grid?step={}" alt="">').format(number, run.grid)
    html = (
        '<figure>{}<figcaption>{} <small>{}</small><span class="pw-share"><i style="width:{}%"></i></span></figcaption></figure>'
    )
    words_of = words.of("seed_and_step", lang, seed=run.seed, step=run.step)
    return Markup(html).format(picture or Markup('<div class="pw-blank"></div>'), run.label, words_of, round(100 * run.share))


def _report(folder, lang):
    if not folder:
        return ""
    try:
        comparisons.report_of(folder)
    except UserError as error:
        return cards.note(words.of("no_report", lang, why=error), "wrong")
    url = f"../report?folder={quote(folder)}"
    html = '<p class="pw-facts"><a href="{}" target="_blank">{}</a></p>'
    html += '<iframe class="pw-report" src="{}" title="{}" onload="{}"></iframe>'
    in_language = f"this.contentDocument.querySelector('[data-language={lang}]')?.click()"
    return Markup(html).format(url, words.of("own_window", lang), url, folder, in_language)

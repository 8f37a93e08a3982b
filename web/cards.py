"""The page's own HTML: a picture with its caption, and what is known of the generator that drew it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

import metrics
from reporting import page_words, terms
from reporting.numbers import in_digits
from reporting.table import is_class_share
from training import recipe as recipes
from web import words
from web.catalogue import About

SHOWN = 6  # values of a score table before the rest is folded away


def note(text: str | Markup, kind: str = "note") -> str:
    """A sentence in a box; kind: note, or wrong for one that says what failed."""
    return Markup('<p class="pw-{}">{}</p>').format(kind, text)


def said(key: str, lang: str, **values: Any) -> Markup:
    """A phrase of words.WORDS that holds HTML, its values escaped."""
    return Markup(words.of(key, lang)).format(**values)


def picture(drawn: dict[str, Any], source: str, seed: int, count: int, first_latent: int | None, chosen: str, lang: str) -> str:
    """A picture of drawing.Painter with a link that saves it, or the sentence that says why there is none.

    first_latent: dimensions of the first model's z, None where this is the first. chosen: a class, '' for none.
    """
    if "error" in drawn:
        return note(words.of("cannot_draw", lang, source=source, why=drawn["error"]), "wrong")
    url = f"data:image/png;base64,{drawn['png']}"
    name = f"{Path(source).name}-seed-{seed}-n-{count}.png"
    foot = Markup('<a class="pw-save" download="{}" href="{}">{}</a><span class="pw-took">{}</span>').format(
        name, url, words.of("save", lang), words.of("took", lang, seconds=drawn["seconds"])
    )
    html = Markup('<figure class="pw-picture"><img src="{}" alt="{}"><figcaption>{}</figcaption></figure>').format(
        url, source, foot
    )
    if first_latent not in (None, drawn["latent"]):
        html += note(words.of("other_latent", lang, latent=drawn["latent"], first=first_latent))
    if chosen and chosen not in drawn["classes"]:
        html += note(words.of("no_class", lang, chosen=chosen))
    return html


def about(source: str, found: About, lang: str) -> str:
    """How a generator was trained and how it scored."""
    recipe = found.recipe
    head = Markup("<h3>{}</h3>").format(words.of("on", lang, model=recipe.model, data=recipe.data))
    chips = [recipe.objective, recipe.network, recipe.optimizer, f"n_critic {recipe.n_critic}", _constraint(recipe, lang)]
    chips += [words.of("conditional", lang)] if found.classes else []
    chips += [f"z: {recipe.latent}"] + ([f"EMA {recipe.ema:g}"] if recipe.ema else [])
    html = head + Markup('<p class="pw-chips">{}</p>').format(Markup("").join(Markup("<span>{}</span>").format(c) for c in chips))
    facts = []
    if found.steps is not None:
        facts.append(words.of("steps", lang, steps=found.steps, critic=found.critic_steps or 0))
    if found.minutes:
        facts.append(words.of(f"minutes_{found.clock}", lang, minutes=found.minutes))
    started = str(found.provenance.get("started") or "")[:10]  # the day
    facts += [str(fact) for fact in (found.provenance.get("processor"), started) if fact]
    html += Markup('<p class="pw-facts">{}</p>').format(" · ".join(facts))
    html += _scores(source, found, lang)
    rows = [
        (getattr(page_words.of_key(page_words.SETTINGS, name), lang), name, getattr(page_words.of_cell(value), lang))
        for name in recipes.Recipe.model_fields
        if name not in ("model", "data") and (value := terms.in_words(recipe, name)) != "–"
    ]
    table = Markup("").join(Markup("<tr><th>{}<small>{}</small></th><td>{}</td></tr>").format(*row) for row in rows)
    command = Markup("<p><code>{}</code></p>").format(found.provenance["command"]) if found.provenance.get("command") else ""
    folded = Markup('<details class="pw-more"><summary>{}</summary>{}<table>{}</table></details>')
    html += folded.format(words.of("all_settings", lang), command, table)
    return Markup('<article class="pw-card">{}</article>').format(html)


def _constraint(recipe, lang):
    if recipe.penalty:
        return words.of("constraint_penalty", lang, value=recipe.penalty)
    return words.of("constraint_clip", lang, value=recipe.clip) if recipe.clip else words.of("constraint_none", lang)


def _scores(source, found, lang):
    """The measured values beside those of real data, as a table; those after the first SHOWN are folded away."""
    values = {name: row for name, row in found.values.items() if not is_class_share(name)}
    if not values:
        return Markup('<p class="pw-facts">{}</p>').format(said("not_scored", lang, source=source))
    heads = Markup("<tr><th></th><th>{}</th><th>{}</th></tr>").format(words.of("of_samples", lang), words.of("of_real", lang))
    rows = [_score(name, row, lang) for name, row in values.items()]
    table = Markup('<table class="pw-scores">{}{}</table>')
    html = table.format(heads, Markup("").join(rows[:SHOWN]))
    if len(rows) > SHOWN:
        more = Markup('<details class="pw-more"><summary>{}</summary>{}</details>')
        html += more.format(
            words.of("more_values", lang, count=len(rows) - SHOWN), table.format("", Markup("").join(rows[SHOWN:]))
        )
    return html


def _score(name, row, lang):
    direction = metrics.direction(name)
    arrow = {"lower": "↓", "higher": "↑"}.get(direction, "")
    title = getattr(page_words.DIRECTIONS[direction], lang) if direction else ""
    cells = getattr(page_words.of_value(name), lang), title, arrow, in_digits(row["value"]), in_digits(row["floor"])
    return Markup('<tr><th>{}&nbsp;<abbr title="{}">{}</abbr></th><td>{}</td><td>{}</td></tr>').format(*cells)

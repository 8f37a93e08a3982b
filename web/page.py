"""The page in one language: its head and its three tabs."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from web import compare_tab, draw_tab, watch_tab, words
from web.comparisons import Desk
from web.processes import Pool

STATIC = Path(__file__).resolve().parent / "static"
FONTS = "system-ui", "-apple-system", "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"
MONOSPACE = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")


def theme() -> gr.themes.Base:
    """Colours and shapes, with fonts of the reader's system: none is fetched."""
    blue = gr.themes.Color(
        "#eef5fc", "#d8e8f7", "#b3d1ef", "#84b3e3", "#4a8fd2", "#1a6fbb", "#0b5ea8", "#0a4d8a", "#0b406f", "#0c355b", "#08233d"
    )
    made = gr.themes.Base(
        primary_hue=blue,
        secondary_hue=blue,
        neutral_hue="slate",
        font=FONTS,
        font_mono=MONOSPACE,
        radius_size="md",
        text_size="md",
    )
    return made.set(
        body_background_fill="#f6f8fa",
        background_fill_primary="#ffffff",
        block_border_width="0px",
        block_shadow="none",
        block_background_fill="transparent",
        block_label_background_fill="transparent",
        block_padding="0px",
        block_title_text_size="13px",
        block_title_text_weight="600",
        block_info_text_size="12px",
        input_background_fill="#ffffff",
        input_border_color="#cfd8e1",
        input_border_width="1px",
        checkbox_label_border_width="1px",
        checkbox_label_border_color="#cfd8e1",
        checkbox_label_background_fill="#ffffff",
        slider_color="*primary_600",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_text_color="#ffffff",
        button_secondary_background_fill="#ffffff",
        button_secondary_border_color="#cfd8e1",
    )


def build(pool: Pool, desk: Desk, runs: Path, lang: str) -> gr.Blocks:
    """The page; runs: the folder that runs are looked for in."""
    other = next(each for each in words.LANGUAGES if each != lang)
    with gr.Blocks(title=words.of("title", lang), analytics_enabled=False, fill_width=True) as page:
        gr.HTML(
            f'<header class="pw-head"><div><img src="../static/icon.svg" alt=""><h1>{words.of("title", lang)}</h1>'
            f"<p>{words.of('tagline', lang)}</p></div>"
            f'<a class="pw-lang" href="../{other}/" lang="{other}">{words.NAMES[other]}</a></header>'
        )
        with gr.Tabs():
            with gr.Tab(words.of("draw", lang)):
                drawing = draw_tab.build(pool, runs, lang)
            with gr.Tab(words.of("watch", lang)):
                watch_tab.build(lang)
            with gr.Tab(words.of("compare", lang)):
                comparing = compare_tab.build(desk, lang)
        drawing(page)
        comparing(page)
    return page


def css() -> str:
    return (STATIC / "page.css").read_text(encoding="utf-8")

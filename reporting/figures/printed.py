"""Everything of a comparison for a paper: figures at the width of a column and of a page, tables in LaTeX and Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

from reporting import figures, tables, words
from reporting.figures import charts, fonts, panels
from storage import writing

WIDTHS = {"column": 3.25, "page": 6.75}  # inches, of a paper in two columns
FIGURES = {"samples": panels.figure, "curves": charts.curves_figure, "estimate-quality": charts.agreement_figure}
STYLE: dict[str, Any] = {
    **dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize"), 8),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), 7),
    **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.6),
    **dict.fromkeys(("xtick.major.size", "ytick.major.size", "lines.markersize"), 2.5),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "text.parse_math"), False),
    **{"legend.edgecolor": "none", "legend.framealpha": 0.75, "legend.borderpad": 0.2},
    "lines.linewidth": 1.1,
    "axes.labelpad": 2,
    "savefig.dpi": 300,
    "svg.fonttype": "path",  # drawn, so that no font is needed to read it
}


def write(out: str | Path, results: dict, form: str, lang: str) -> list[str]:
    """Write all of it into the folder `out`. Returns lines on what is left out or otherwise than asked for. Raises UserError."""
    remarks, shown = [], lang
    names = "".join(group["label"] for group in results["groups"]) + results["data"]
    families = fonts.families(words.characters(lang) + names)
    if families is None:
        if lang != "en":
            remarks.append("no font with Chinese characters on this machine, as Noto Sans CJK is: the figures' words are English")
            shown = "en"
        families = fonts.families("") or []
    # fonts of outlines as PDF's Type 42 would be taken for TrueType ones, which others than matplotlib's own need not be
    settings: Any = {**STYLE, "font.family": families, "pdf.fonttype": 42 if len(families) == 1 else 3}
    with writing.filling(out) as new, matplotlib.rc_context(settings):
        for name, draw in FIGURES.items():
            for width, inches in WIDTHS.items():
                if figure := draw(results, inches, shown):
                    figures.save(figure, new / f"{name}-{width}.{form}")
                elif width == "column":
                    remarks.append(f"no {name} figure: there is nothing to show")
        writing.write_text(new / "results.tex", tables.latex(results, lang))
        writing.write_text(new / "results.md", tables.markdown(results, lang))
    return remarks

"""Fonts that have the characters of a figure: matplotlib's own has no Chinese ones."""

from __future__ import annotations

import functools
from pathlib import Path

from matplotlib import font_manager

OWN = "DejaVu Sans"  # comes with matplotlib
# parts of the names of font files with simplified Chinese characters, the better for print first
KNOWN = ["notosanscjksc", "notosanssc", "sourcehansanssc", "sourcehansanscn", "notosanscjk", "sourcehansans", "pingfang"]
KNOWN += ["hiraginosansgb", "msyh", "deng", "simhei", "stheiti", "wqy", "droidsansfallback", "simsun", "songti", "notoserifcjk"]
UNUSUAL = ("bold", "black", "light", "thin", "italic", "oblique", "medium", "mono")


def families(text: str) -> list[str] | None:
    """Names of font families by which matplotlib draws `text`: its own, and if that lacks a character another one beside it.
    None if no font of this machine has what is lacking."""
    lacking = frozenset(map(ord, text)) - _characters(font_manager.findfont(OWN)) - {ord("\n")}
    if not lacking:
        return [OWN]
    other = _with(lacking)
    return [OWN, other] if other else None


@functools.cache
def _with(lacking):
    """The family of a font of this machine that has these characters (code points), None if there is none.

    The files are looked for anew: matplotlib's own list may be older than a font.
    """
    for path in sorted(font_manager.findSystemFonts(), key=_rank):
        if lacking <= _characters(path):
            font_manager.fontManager.addfont(path)
            names = [entry.name for entry in font_manager.fontManager.ttflist if entry.fname == path]
            return next((name for name in names if name.endswith(" SC")), names[0])  # of a file with several, the simplified one
    return None


def _rank(path):
    stem = Path(path).stem.lower().replace("-", "").replace("_", "")
    known = [number for number, part in enumerate(KNOWN) if part in stem]
    return min(known, default=len(KNOWN)), any(word in stem for word in UNUSUAL), path


@functools.cache
def _characters(path):
    try:
        return frozenset(font_manager.get_font(path).get_charmap())
    except (OSError, RuntimeError, ValueError):  # a font that matplotlib cannot read
        return frozenset()

"""--help as every command prints it: names are never broken, so that they can be copied; ranges are told by their errors."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

HYPHEN = "\ue000"  # in the place of - while click breaks the lines, for it would do so there
RANGE = re.compile(r"; \d+<=x<=\d+(?=\])|\s*\[\d+<=x<=\d+\]")  # of a click.IntRange


class Formatter(click.HelpFormatter):
    def write(self, string: str) -> None:
        super().write(string.replace(HYPHEN, "-"))

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        self.write(click.wrap_text(text.replace("-", HYPHEN), self.width, indent, indent, preserve_paragraphs=True) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(option, RANGE.sub("", words).replace("-", HYPHEN)) for option, words in rows], col_max, col_spacing)


class Context(click.Context):
    formatter_class = Formatter

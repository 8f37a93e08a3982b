"""Tables in Markdown, and pages of which a command writes a part."""

import re
from collections.abc import Sequence
from pathlib import Path

from errors import UserError

UNESCAPED, BAR = re.compile(r"(?<!\\)\|"), r"\\|"


def in_markdown(lines: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A Markdown table, headings first; right: the columns that stand to the right. A | in a cell ends it nowhere."""
    rule = ["---:" if column in right else "---" for column in range(len(lines[0]))]
    return "\n".join(f"| {' | '.join(UNESCAPED.sub(BAR, cell) for cell in line)} |" for line in [lines[0], rule, *lines[1:]])


def between_marks(path: Path, what: str, text: str) -> str:
    """The page with `text` between the comments `what` and `end of what`. Raises UserError where it lacks them."""
    begin, end = f"<!-- {what} -->\n", f"<!-- end of {what} -->\n"
    before, begun, rest = path.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        raise UserError(f"{path} lacks the marks {begin.strip()} and {end.strip()}")
    return before + begin + text + end + after

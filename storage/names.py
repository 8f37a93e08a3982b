"""Names of files and folders: what they may hold, and what becomes part of one."""

from __future__ import annotations

import re

from errors import UserError, shortened

# control characters, what YAML and terminals take for the end of a line, bytes that are no text (as Python has them in names)
UNFIT = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
LONGEST = 80  # bytes of a part: three of them and a number are less than the 255 that a file system takes


def check(name: str, what: str) -> None:
    """Raise UserError if `name` has characters that would break the files it is written into. what: of what it is the name."""
    if found := re.search(f"[{UNFIT}]", name):
        raise UserError(f"{what} {shortened(name)} has {found[0]!a}: no control characters, line ends or bytes that are no text")


def part(name: str) -> str:
    """`name` as part of a folder's name: without what separates folders or is not taken everywhere, and cut to LONGEST bytes."""
    name = re.sub(rf'[{UNFIT}/\\:*?"<>|]+', "-", name).encode()[:LONGEST].decode(errors="ignore")
    return name.strip(" .-") or "unnamed"

"""Whose page a request comes from, as far as browsers say so."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def is_foreign(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a page of somebody else's made a request with these headers, whose names are lower case.

    Sec-Fetch-Site says so, but browsers send it to https and to this machine only. Where it is missing, as with --host, a GET
    has an Origin where a script elsewhere made it (an <img> has none: it may take a worker, and can read and change nothing);
    that of other methods is not looked at, since a proxy may have changed Host on the way, and who knows a training's token has
    read it from the page itself.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return method == "GET" and origin is not None and urlsplit(origin).netloc != headers.get("host")

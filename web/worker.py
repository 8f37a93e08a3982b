"""What a process of the page does: answer requests, or train and send what there is to see, until its stdin closes."""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
from typing import Any

from errors import UserError
from training import children, runtime


def main() -> int:
    """Answer each line of stdin with a line on stdout; returns the exit status."""
    children.follow_parent()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever libraries print goes to stderr
    try:
        runtime.start("cpu")
        from web.drawing import Painter  # here: nothing may import Paddle before runtime.start
        from web.watching import watch
    except UserError as error:  # no Paddle, or one that is too old: said to whoever asks
        for _ in sys.stdin:
            print(json.dumps({"error": str(error)}), file=answers)
        return 2
    send = lambda answer: print(json.dumps(answer), file=answers)  # noqa: E731
    requests: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    first = requests.get()
    if first is None:
        return 0
    if "watch" in first:
        watch(requests, send)
        return 0
    painter = Painter()
    request: dict[str, Any] | None = first
    while request is not None:
        send(_answer(painter, request))
        request = requests.get()
    return 0


def _read(requests):
    """Put each line of stdin into `requests`, and None at its end."""
    for line in sys.stdin:
        requests.put(json.loads(line))
    requests.put(None)


def _answer(painter, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"answer": painter.draw(**request["draw"])}
    except UserError as error:
        return {"error": str(error)}
    except Exception as error:  # the page says it, the next request finds the process alive
        logging.getLogger(__name__).exception("a request of the page failed")
        return {"error": f"{type(error).__name__}: {error}"}

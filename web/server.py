"""The page's server: Gradio's pages in both languages, and what they fetch beside."""

from __future__ import annotations

import contextlib
import errno
import inspect
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from errors import UserError
from web.comparisons import Desk
from web.processes import Pool

NEXT = 20  # ports that are tried after the first
QUIET = {  # neither Gradio nor what comes with it tells anyone, or asks anyone for something newer
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_MCP_SERVER": "False",
    "GRADIO_SSR_MODE": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
TRAININGS = 4  # that are watched at a time


def listen(host: str, port: int, exact: bool) -> socket.socket:
    """A socket that listens at `port`, or if that is taken, and not `exact`, at the next that is free. Raises UserError."""
    for number in range(port, port + (1 if exact else NEXT)):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, number))
            sock.listen(128)
            return sock
        except (OSError, OverflowError, TypeError) as error:  # TypeError: a name that IDNA cannot encode
            sock.close()
            # no port is to blame, and no other would do
            if isinstance(error, (socket.gaierror, TypeError)) or getattr(error, "errno", None) == errno.EADDRNOTAVAIL:
                raise UserError(f"--host {host}: {getattr(error, 'strerror', None) or 'this is no name of a host'}") from None
            why = getattr(error, "strerror", None) or error
    raise UserError(f"--port {port}: nothing can listen at {host}:{port} ({why})")


def run(sock: socket.socket, runs: Path, lang: str, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C. lang: of the page at the address itself. ready(): called when it answers."""
    os.environ.update(QUIET)
    pool, desk = Pool(TRAININGS, 1), Desk()
    pool.drawing()  # Paddle is imported in there while Gradio is here
    try:
        with _without_stubs():
            import gradio  # noqa: F401 - here: it takes seconds
        import uvicorn

        from web.application import application

        app = application(pool, desk, runs, lang)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="on")
        server = uvicorn.Server(config)
        threading.Thread(target=_tell, args=(server, ready, pool), daemon=True).start()
        server.run(sockets=[sock])
    finally:
        desk.end()
        pool.end()


@contextlib.contextmanager
def _without_stubs():
    """Within this context Gradio finds no file of its components, and so leaves out the stubs for type checkers that it writes of
    each at every start, which take half of it."""
    original = inspect.getfile

    def getfile(it):
        if getattr(it, "__module__", "").startswith("gradio."):
            raise OSError
        return original(it)

    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = original


def _tell(server, ready, pool):
    while not server.started:
        time.sleep(0.05)
    ready()
    pool.prepare()

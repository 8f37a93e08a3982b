"""Open a page in the browser, to draw samples, watch GAN and WGAN learn, and compare: `python app.py`."""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import importlib.metadata
import re
from pathlib import Path

import click

from errors import UserError
from reporting import console
from reporting.page_words import by_locale
from reporting.words import LANGUAGES

INSTALL = "pip install -r requirements-app.txt"
OLDEST = (6, 31)  # of Gradio
PORTS = click.IntRange(1, 65_535)
HOST = "Address to listen at; 0.0.0.0 lets other machines in, who may then draw, train and read reports here."


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--port", type=PORTS, metavar="N", envvar="GRADIO_SERVER_PORT", help="7860 by default, or the next that is free.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="NAME", envvar="GRADIO_SERVER_NAME", help=HOST)
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language that the page opens in; by default the system's.")
@click.option("--runs", default="runs", show_default=True, metavar="DIR", help="Folder whose runs are offered.")
@click.option("--worker", is_flag=True, hidden=True)  # what this command starts for the page's work with Paddle
def main(port, host, lang, runs, worker):
    if worker:
        from web.worker import main as work  # here: the page's own process needs no Paddle

        return work()
    check_gradio()
    from web import server  # here: Gradio would take seconds of --help

    sock = server.listen(host, port or 7860, exact=port is not None)
    address, number = sock.getsockname()[:2]
    shown = "127.0.0.1" if address == "0.0.0.0" else f"[{address}]" if ":" in address else address
    server.run(sock, Path(runs), lang or by_locale(), lambda: print(f"http://{shown}:{number}/", flush=True))
    return 0


def check_gradio():
    """Raise UserError unless a Gradio is installed that this was made for."""
    try:
        version = importlib.metadata.version("gradio")
    except importlib.metadata.PackageNotFoundError:
        raise UserError(f"app.py needs Gradio: {INSTALL}") from None
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST:
        raise UserError(f"Gradio {version} is too old for app.py: {INSTALL}")


if __name__ == "__main__":
    console.run(main)

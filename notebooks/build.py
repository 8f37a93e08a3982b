"""Write wgan_on_ai_studio.ipynb from the .md beside it, its source, and run it: python notebooks/build.py [FILE.ipynb]

With FILE it is written there, and the committed one stays. The kernel is the Python that runs this, with its Paddle. A smaller
budget: PADDLE_WGAN_MINUTES=0.1 PADDLE_WGAN_OPTIONS='--samples 500'. The two are paired for Jupytext. Needs requirements-dev.txt.
"""

from __future__ import annotations

from pathlib import Path

import click
import jupytext
from nbclient import NotebookClient

PATH = Path(__file__).resolve().parent / "wgan_on_ai_studio.ipynb"


def notebook():
    """The notebook without outputs; cell ids are fixed, so that building it again changes nothing else."""
    made = jupytext.read(PATH.with_suffix(".md"))
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number:02d}"
    return made


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("out", metavar="[FILE.ipynb]", default=PATH, type=click.Path(path_type=Path))
def main(out: Path) -> None:
    if out.suffix != ".ipynb":
        raise click.BadParameter(f"{out} is no .ipynb")
    made = notebook()
    where = {"metadata": {"path": str(PATH.parent)}}  # the kernel's folder
    NotebookClient(made, timeout=1800, kernel_name="python3", record_timing=False, resources=where).execute()
    jupytext.write(made, out)
    print(out)


if __name__ == "__main__":
    main()

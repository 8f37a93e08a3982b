"""Write wgan_on_ai_studio.ipynb from the .md beside it, its source, and run it: python notebooks/build.py

The two are paired for Jupytext. PADDLE_WGAN_MINUTES, PADDLE_WGAN_OPTIONS: a smaller budget, for a test. Needs
requirements-dev.txt.
"""

from pathlib import Path

import jupytext
from nbclient import NotebookClient

PATH = Path(__file__).resolve().parent / "wgan_on_ai_studio.ipynb"


def notebook():
    """The notebook without outputs; cell ids are fixed, so that building it again changes nothing else."""
    made = jupytext.read(PATH.with_suffix(".md"))
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number:02d}"
    return made


if __name__ == "__main__":
    made = notebook()
    where = {"metadata": {"path": str(PATH.parent)}}  # the kernel's folder
    NotebookClient(made, timeout=1800, kernel_name="python3", record_timing=False, resources=where).execute()
    jupytext.write(made, PATH)
    print(PATH)

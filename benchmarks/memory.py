"""The memory that each recipe takes at most, in MB: of train.py for some steps, and of eval.py on what it trained.

    python -m benchmarks.memory [MODEL…]

Without MODEL all of configs/, one after another.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from errors import UserError
from experiments import ROOT
from reporting import console
from training import recipe as recipes

STEPS = 50  # of the generator


def peak(*command: str) -> float:
    """MB that a Python command of this project held at most. Raises UserError if it fails.

    The system counts what this process holds when it starts the command, too: Paddle must not be among it.
    """
    child = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert child.stderr
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise UserError(f"{' '.join(command)} failed: {said.strip()}")
    return 1024 * used.ru_maxrss / 1e6


@click.command(help=__doc__)
@click.argument("models", nargs=-1, metavar="[MODEL…]", type=click.Choice(recipes.names()))
def main(models):
    print("| recipe | train.py, MB | eval.py, MB |")
    print("| --- | ---: | ---: |")
    for model in models or recipes.names():
        with tempfile.TemporaryDirectory() as folder:
            run = str(Path(folder) / "run")
            training = peak("train.py", "--model", model, "--steps", str(STEPS), "--out", run)
            print(f"| {model} | {training:,.0f} | {peak('eval.py', run):,.0f} |", flush=True)


if __name__ == "__main__":
    console.run(main, prints=True)

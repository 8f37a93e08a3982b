"""Published weights of a run, small enough to be committed, and their scores: python -m reporting.publish RUN weights/NAME

weights/NAME is a run's folder like any other to sample.py, eval.py, compare.py and app.py, with what these need and no more:
the last checkpoint without the optimisers, and where there is an average without the generator that was averaged; the log
thinned out; the last grid beside the real one; what eval.py measures by default.
"""

from __future__ import annotations

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
import shlex
from pathlib import Path

import click
import yaml

import data
from errors import UserError
from reporting import console
from reporting.scorer import Scorer
from storage import writing
from training import checkpoint, grids, log, run

LINES = 300  # of log.jsonl, at most


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source", metavar="RUN")
@click.argument("target", metavar="weights/NAME")
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie; otherwise Paddle's cache, then a download.")
def main(source, target, data_dir):
    publish(source, target)
    recipe = run.read_recipe(target)
    dataset = data.load(recipe.data, data_dir, recipe.image_size, recipe.fit)
    Scorer(dataset, say=print).score(target)
    print(target)


def publish(source: str | Path, target: str | Path) -> None:
    """Write the published form of the run `source` to the folder `target`, without scores. Raises UserError."""
    folder, newest = run.find_checkpoint(source)
    if folder is None:
        raise UserError(f"{source} is a checkpoint: weights are published with their run's log and recipe")
    target = Path(target)
    if writing.holds_something(target):
        raise UserError(f"{target} holds something already; name another folder")
    parts, state = checkpoint.load(newest)
    steps = log.read(folder)
    last = list(grids.list_grids(folder).values())[-1:]
    if not steps or not last:
        raise UserError(f"{folder} has no log, or no grid of samples")
    writing.write_text(target / "log.jsonl", "".join(json.dumps(line) + "\n" for line in thinned(steps)))
    for path in (grids.path_of_real(folder), *last):
        grids.save_png(target / "samples" / path.name, grids.read_png(path))
    kept = {part: parts[part] for part in checkpoint.published_parts("average" in parts)}
    state = {key: value for key, value in state.items() if key not in ("format", "seal", "sha256")} | {"logs": {}}
    checkpoint.save(target, state["step"], kept, state, keep=1)
    _write_recipe(folder, target)


def thinned(steps: list[dict]) -> list[dict]:
    """At most LINES of a log's steps, the first and the last among them, at even distances."""
    if len(steps) <= LINES:
        return steps
    return [steps[round(k * (len(steps) - 1) / (LINES - 1))] for k in range(LINES)]


def _write_recipe(folder, target):
    """config.yaml with the command that trains such weights again in place of the one that was typed."""
    again = f"python train.py --config {shlex.quote(target.as_posix())}/config.yaml"
    record = {**run.read_provenance(folder), "command": again}
    text = f"# the resolved recipe of these weights; again: {again}\n"
    text += yaml.safe_dump({**run.read_recipe(folder).model_dump(), "provenance": record}, sort_keys=False, allow_unicode=True)
    writing.write_text(target / "config.yaml", text)


if __name__ == "__main__":
    console.run(main)

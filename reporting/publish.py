"""Published weights of a run, small enough to be committed, and their scores: python -m reporting.publish RUN weights/NAME

weights/NAME is a run's folder like any other to sample.py, eval.py, compare.py and app.py, with what these need and no more:
the last checkpoint without the optimisers, and where there is an average without the generator that was averaged; the log
thinned out; the last grid beside the real one; what eval.py measures by default. The tables of weights in both READMEs are
written anew; without RUN and NAME that is all.
"""

from __future__ import annotations

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
from pathlib import Path
from typing import Any, NamedTuple

import click

import data
from errors import UserError
from reporting import console, score_store
from reporting.markdown import between_marks, in_markdown
from reporting.numbers import in_digits
from reporting.scorer import Scorer
from storage import writing
from training import budget, checkpoint, grids, log, run
from training.recipe import Recipe

LINES = 300  # of log.jsonl, at most
ROOT = Path(__file__).resolve().parent.parent
MINUTES = {"en": {"wall": "min", "cpu": "CPU min"}, "zh": {"wall": "分钟", "cpu": "CPU 分钟"}}
STEPS = {"en": "steps", "zh": "步"}
PAGES = {"README.md": "en", "README_zh.md": "zh"}
HEADS = {
    "en": ("`weights/`", "trained", "fd", "real data", "MB"),
    "zh": ("`weights/`", "训练", "fd", "真实数据", "MB"),
}


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source", required=False, metavar="[RUN")
@click.argument("target", required=False, metavar="weights/NAME]")
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie; otherwise Paddle's cache, then a download.")
def main(source, target, data_dir):
    if source:
        if not target:
            raise UserError("a name is missing: python -m reporting.publish RUN weights/NAME")
        found = ready(source, target)
        recipe = found.recipe
        dataset = data.load(recipe.data, data_dir, recipe.image_size, recipe.fit)  # before anything is written
        publish(found)
        Scorer(dataset, say=print, publishing=True).score(target)
        print(target)
    for name, language in PAGES.items():
        writing.write_text(ROOT / name, between_marks(ROOT / name, "weights", table(language)))
        print(name)


class Ready(NamedTuple):
    """A run that can be published. target: the folder for it. parts, state: of its last checkpoint. log: its steps. grid: its
    last."""

    folder: Path
    target: Path
    recipe: Recipe
    parts: dict[str, Any]
    state: dict[str, Any]
    log: list[dict]
    grid: Path


def ready(source: str | Path, target: str | Path) -> Ready:
    """The run `source`, whose published form may be written to `target`. Raises UserError."""
    folder, newest = run.find_checkpoint(source)
    if folder is None:
        raise UserError(f"{source} is a checkpoint: weights are published with their run's log and recipe")
    if writing.holds_something(target):
        raise UserError(f"{target} holds something already; name another folder")
    parts, state = checkpoint.load(newest)
    recipe = run.read_recipe(folder)
    if not budget.finished(recipe, state):  # the READMEs' table would name a budget that it was not trained for
        raise UserError(f"{newest} is not the end of its run's budget: python train.py --out {folder} --resume trains on")
    steps = log.read(folder)
    last = list(grids.list_grids(folder).values())[-1:]
    if not steps or not last:
        raise UserError(f"{folder} has no log, or no grid of samples")
    return Ready(folder, Path(target), recipe, parts, state, steps, last[0])


def publish(found: Ready) -> None:
    """Write the published form of a run, without scores."""
    folder, target, recipe, parts, state, steps, last = found
    writing.write_text(target / "log.jsonl", "".join(json.dumps(line) + "\n" for line in thinned(steps)))
    for path in (grids.path_of_real(folder), last):
        grids.save_png(target / "samples" / path.name, grids.picture(path))
    kept = {part: parts[part] for part in checkpoint.published_parts("average" in parts)}
    state = {key: value for key, value in state.items() if key not in ("format", "seal", "sha256")} | {"logs": {}}
    checkpoint.save(target, state["step"], kept, state, keep=1)
    run.write_config(target, recipe, {**run.read_provenance(folder), "command": run.command_of(target)})


def thinned(steps: list[dict]) -> list[dict]:
    """At most LINES of a log's steps, the first and the last among them, at even distances."""
    if len(steps) <= LINES:
        return steps
    return [steps[round(k * (len(steps) - 1) / (LINES - 1))] for k in range(LINES)]


def table(language: str) -> str:
    """The published weights of the project as Markdown: names, budgets, Fréchet distances as metrics.json has them, sizes."""
    lines = [list(HEADS[language])]
    for folder in run.published():
        scores, _ = score_store.read(folder / "metrics.json")
        (values,) = scores.values()
        distance = next(row for name, row in values.items() if name.startswith("fd_"))
        numbers = [in_digits(distance[key], 3) for key in ("value", "floor")]
        size = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
        recipe = run.read_recipe(folder)
        amount, unit = (recipe.minutes, MINUTES[language][recipe.clock]) if recipe.minutes else (recipe.steps, STEPS[language])
        lines.append([f"`{folder.name}`", f"{amount:,g} {unit}", *numbers, f"{size / 1e6:.1f}"])
    return in_markdown(lines, right=range(2, 5)) + "\n"


if __name__ == "__main__":
    console.run(main)

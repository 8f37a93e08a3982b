"""Real images beside the last grids of several runs, from the same noise: python -m reporting.strip RUN… --out FILE.png"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

from pathlib import Path

import click
from matplotlib.figure import Figure

import metrics
from errors import UserError
from reporting import console, figures, score_store
from reporting.numbers import in_digits
from training import checkpoint, grids, run


@figures.as_text
def draw(runs, out, size=3.2):
    """Write the PNG: the first run's real.png, then the last grid of each run with what it cost and reached in its title.

    What metrics.json (of eval.py) does not hold on the run's own data is left out. Raises UserError for a run without grids.
    """
    recipes = [run.read_recipe(folder) for folder in runs]
    first, models = recipes[0], [recipe.model for recipe in recipes]
    panels = [(grids.path_of_real(runs[0]), f"real {'points' if first.is_points else 'images'}\n{first.data}")]
    panels += [(last_grid(folder), caption(folder, recipe, models)) for folder, recipe in zip(runs, recipes)]
    if missing := [path for path, _ in panels if not path.is_file()]:
        raise UserError(f"{missing[0]} does not exist")
    figure = Figure(figsize=(size * len(panels), size + 0.5), dpi=120)
    for axes, (path, title) in zip(figure.subplots(1, len(panels)), panels):
        axes.imshow(grids.read_png(path))
        axes.set_title(title, fontsize=11)
        axes.axis("off")
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.86, wspace=0.02)
    figures.save(figure, out)


def last_grid(folder):
    return [grids.path_of(folder, 0), *grids.list_grids(folder).values()][-1]


def caption(folder, recipe, models):
    """'wgan: fd_lenet 3.21' over '2,500 steps, 240 s'; where a model occurs twice, of all the folder's name."""
    name = recipe.model if len(set(models)) == len(models) else Path(folder).name
    state = checkpoint.read_state(run.find_checkpoint(folder)[1])
    values = score_store.of_run(Path(folder) / "metrics.json", recipe)[0].get(state["step"], {})
    quality = next((key for key in metrics.quality_values() if key in values), None)
    reached = f": {quality} {in_digits(values[quality]['value'])}" if quality else ""
    return f"{name}{reached}\n{state['step']:,} steps, {state['seconds']:,.0f} s"


@click.command(help=__doc__)
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--out", required=True, metavar="FILE.png")
def main(runs, out):
    draw(runs, out)
    print(out)


if __name__ == "__main__":
    console.run(main)

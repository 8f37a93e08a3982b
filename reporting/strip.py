"""Real images and a run's grids of the same noise in one picture: python -m reporting.strip RUN STEP… --out FILE.png"""

from pathlib import Path

import click

from errors import UserError
from reporting import console


def draw(run, steps, out, size=3.2):
    """Write the PNG: real.png, then samples/step-N.png of each step, with captions. Raises UserError for a missing grid."""
    import cv2
    from matplotlib.figure import Figure

    folder = Path(run) / "samples"
    paths = [folder / "real.png", *(folder / f"step-{step:06d}.png" for step in steps)]
    if missing := [path for path in paths if not path.is_file()]:
        raise UserError(f"{missing[0]} does not exist")
    figure = Figure(figsize=(size * len(paths), size + 0.25), dpi=80)
    for axes, path, title in zip(figure.subplots(1, len(paths)), paths, ["real", *(f"step {step:,}" for step in steps)]):
        axes.imshow(cv2.imread(str(path))[..., ::-1])
        axes.set_title(title, fontsize=11)
        axes.axis("off")
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.92, wspace=0.02)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out)


@click.command(help=__doc__)
@click.argument("run")
@click.argument("steps", nargs=-1, type=int, required=True)
@click.option("--out", required=True, metavar="FILE.png")
def main(run, steps, out):
    draw(run, steps, out)
    print(out)


if __name__ == "__main__":
    console.run(main)

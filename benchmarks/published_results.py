"""Scores and a figure of what benchmarks.published made: python -m benchmarks.published_results FOLDER

docs/published.json and docs/figures/published.png, which docs/results.md shows below mnist's table."""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from matplotlib.figure import Figure

import data
import metrics
from data.dataset import Dataset
from errors import UserError
from experiments import ROOT, figures
from reporting import console
from reporting.figures import save
from reporting.table import grouped
from storage import writing
from training.grids import grid

VALUES = ("fd_lenet", "kid", "precision", "recall", "density", "coverage", "classes_found", "class_kl")
METRICS = ("frechet", "kid", "prdc", "classes")
POINTS = 100  # of the curve of E f(x) − E f(G(z)) that are kept
TILES = 32
LABELS = {"dcgan": "dcgan, Adam 2e-4"}  # not configs/dcgan.yaml's


def scored(images: np.ndarray, dataset: Dataset, names: tuple[str, ...]) -> dict[str, dict[str, float | None]]:
    found = metrics.evaluate(images[:, None], dataset, names)
    return {name: found[name] for name in VALUES if name in found}


def read(folder: Path, data_dir: str | None) -> dict[str, Any]:
    """What docs/published.json holds: a dict a training, with fd_lenet of 1,000 samples on the way and all values at the end."""
    made = json.loads((folder / "log.json").read_text(encoding="utf-8"))
    trainings = []
    known = {size: data.load("mnist", data_dir, size) for size in (28, 32)}  # as the recipes' networks see it
    dataset = known[28]
    for row in made["trainings"]:
        if row["sha256"] != known[row["recipe"]["image_size"]].sha256:
            raise UserError(f"{folder}: {row['name']} was trained on another mnist than the one here")
        seed, curve = row["recipe"]["seed"], row["curve"]
        with np.load(folder / f"{row['name']}-way.npz") as way:
            at = {int(key.partition("-")[2]): way[key] for key in way if key.startswith(f"s{seed}-")}
        with np.load(folder / f"{row['name']}-final.npz") as final:
            images = final[f"s{seed}"]
        on_the_way = {step: scored(at[step], dataset, METRICS[:1])["fd_lenet"]["value"] for step in sorted(at)}
        values = scored(images, dataset, METRICS)
        trainings.append(
            {
                **{key: row[key] for key in ("name", "recipe", "step", "critic_steps")},
                "seed": seed,
                "seconds": round(row["seconds"]),
                "curve": [[*point[:2], float(f"{point[2]:.4g}")] for point in curve[:: max(1, len(curve) // POINTS)]],
                "on_the_way": on_the_way,
                "values": values,
            }
        )
        print(row["name"], seed, f"{values['fd_lenet']['value']:.3g}", flush=True)
    return {**made, "trainings": trainings}


def figure(content: dict[str, Any], folder: Path) -> Figure:
    """fd_lenet and E f(x) − E f(G(z)) through training, every seed, and digits of each recipe's worst seed."""
    groups = grouped(content["trainings"], "name")
    drawn, axes = figures.new(2, 3, height=2.7)
    for name, group in groups.items():
        for number, row in enumerate(group):
            way = [*row["on_the_way"].items(), (row["step"], row["values"]["fd_lenet"]["value"])]
            label = None if number else LABELS.get(name, name)
            axes[0, 0].plot(*zip(*[(int(step), fd) for step, fd in way]), ".-", color=figures.colour(name), label=label)
            axis = axes[0, 1 if row["recipe"]["objective"] == "wasserstein" else 2]
            steps, _, differences = zip(*row["curve"])
            axis.plot(steps, differences, color=figures.colour(name), label=label, linewidth=1)
    axes[0, 0].set(xscale="log", yscale="log", title="fd_lenet (lower is better)")
    axes[0, 1].set(yscale="log", title="estimate E f(x) − E f(G(z))")
    axes[0, 2].set(title="discriminator, E D(x) − E D(G(z)), logits")
    for axis in axes[0]:
        axis.set_xlabel("generator steps")
    figures.finish(axes[0], legend=8, title=10)
    for axis, (name, group) in zip(axes[1], groups.items()):
        worst = max(group, key=lambda row: row["values"]["fd_lenet"]["value"])
        with np.load(folder / f"{name}-final.npz") as final:
            digits = final[f"s{worst['seed']}"][:TILES]
        fds = ", ".join(f"{row['values']['fd_lenet']['value']:.3g}" for row in group)
        figures.picture(axis, grid(digits[:, None]), f"{LABELS.get(name, name)}: {fds}")
    seeds = len({row["seed"] for row in content["trainings"]})
    figures.foot(drawn, f"MNIST, PyTorch on one {content['device']}, {seeds} seeds; digits: each one's worst seed")
    return drawn


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option("--data-dir", metavar="DIR", help="Where MNIST lies; otherwise Paddle's cache, then a download.")
def main(folder, data_dir):
    content = read(Path(folder), data_dir)
    target = ROOT / "docs" / "published.json"
    writing.write_text(target, json.dumps(content, separators=(",", ":")) + "\n")
    save(figure(content, Path(folder)), ROOT / "docs" / "figures" / "published.png")
    print(target)


if __name__ == "__main__":
    console.run(main)

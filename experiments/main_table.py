"""What the main tables, of MNIST, of CIFAR-10 and of the searched recipes, share: equal time for all, and who wins."""

from collections.abc import Iterable
from typing import Any

from matplotlib.figure import Figure

from experiments import FAILS, HOLDS, IN_PART, figures, training_runs
from experiments.store import ExperimentStore, label_key
from reporting import collect
from reporting.numbers import plus_minus

VALUES: tuple[str, ...] = ("kid", "precision", "recall", "density", "coverage", "classes_found", "class_kl", "classifier_score")
VALUES += ("swd", "memorised_share")


def measure(store: ExperimentStore, quality: str, cells: training_runs.Cells, seeds: int, **more: Any) -> dict[str, Any]:
    """Train cells {model: (model, settings)}. quality: the Fréchet distance's name. more: as training_runs.train's.

    Returns {'models': {model: summary}, 'labels': {model: text}, 'floor': real data's scores, 'best': {value: model or None}, …}.
    """
    trained = training_runs.runs(store, cells, seeds, tiles=32, **more)
    values = (quality, *VALUES)
    rows = {model: training_runs.summary(group, values) for model, group in trained.items()}
    for model, group in trained.items():
        lived = training_runs.alive(group)
        ways = [run["on_the_way"] for run in lived]
        minutes = [[seconds_of(run) / 60 * step / run["steps"] for step in way["step"]] for run, way in zip(lived, ways)]
        each = {value: [run["scores"][value] for run in lived] for value in (quality, "classes_found")}
        rows[model] |= {
            "way_minutes": minutes,
            "way": [way[quality] for way in ways],
            "each": each | {"steps": [run["steps"] for run in lived]},
            "minutes_of_training": sum(seconds_of(run) for run in lived) / 60,
        }
    objectives = {model: own.get("objective") for model, (_, own) in cells.items() if model in trained}
    groups = [{"label": model, "metrics": row} for model, row in rows.items()]
    return {
        "quality": quality,
        "wanted_seeds": seeds,
        "models": rows,
        "labels": {model: f"{model}, {objective}" if objective else model for model, objective in objectives.items()},
        "floor": training_runs.real_baseline(trained),
        "best": {value: collect.best(groups, value) for value in values},
    }


def seconds_of(run: training_runs.Run) -> float:
    """What a run's budget counted: CPU seconds, or wall seconds, as all did before there was a CPU clock."""
    seconds: float = run["seconds"]
    return run.get("counted_seconds", seconds)


def judge(numbers: dict[str, Any], against: Iterable[str]) -> str:
    """Whether wgan and wgan-gp, trained as `against` are, find ten classes in all seeds and beat them in quality."""
    models, quality = numbers["models"], numbers["quality"]
    ours = [models[m] for m in ("wgan", "wgan-gp") if m in models]
    whole = bool(ours) and all(row["classes_found"]["mean"] == 10 for row in ours)
    theirs = [models[m][quality]["mean"] for m in against if m in models]
    better = [row[quality]["mean"] < min(theirs) for row in ours] if theirs else []
    return HOLDS if whole and better and all(better) else IN_PART if whole or any(better) else FAILS


def draw(numbers: dict[str, Any], store: ExperimentStore, about: str) -> Figure:
    """Quality through training, and each model's samples. about: what all have in common, for the foot."""
    models, quality = numbers["models"], numbers["quality"]
    figure, axes = figures.new(2, max(2, -(-(len(models) + 1) // 2)), height=2.6)
    axes = axes.ravel()
    for model, row in models.items():
        for number, (minutes, way) in enumerate(zip(row["way_minutes"], row["way"])):
            label = None if number else numbers["labels"][model]
            axes[0].plot(minutes[1:], way[1:], color=figures.colour(model), label=label, linewidth=1)
    axes[0].set(title="through training", xlabel="minutes", ylabel=f"{quality} of 1,000 samples", yscale="log")
    axes[0].set_ylim(top=10 * axes[0].get_ylim()[1])  # room for the legend
    axes[0].legend(fontsize=7, ncols=2)
    axes[0].grid(alpha=0.3)
    for axis, (model, row) in zip(axes[1:], models.items()):
        title = f"{numbers['labels'][model]}: {quality} {plus_minus(row[quality])}"
        figures.picture(axis, store.tile(label_key(model)), title)
    for axis in axes[len(models) + 1 :]:
        axis.axis("off")
    figures.foot(figure, f"{about}; {figures.seeds_of(models.values(), 'to')}; samples: seed 0")
    return figure

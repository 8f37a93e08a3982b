"""What the two main tables, of MNIST and of CIFAR-10, share: models on equal networks and equal time, and who wins."""

from experiments import FAILS, HOLDS, IN_PART, figures, training_runs
from experiments.results import plus_minus

VALUES = (
    "kid",
    "precision",
    "recall",
    "density",
    "coverage",
    "classes_found",
    "class_kl",
    "classifier_score",
    "swd",
    "memorised_share",
)


def measure(store, quality, cells, seeds, **more):
    """quality: the Fréchet distance's name. more: as training_runs.train's.

    Returns {'models': {model: summary}, 'labels': {model: text}, 'floor', 'best': {value: model or None}, …}.
    """
    found = training_runs.runs(store, cells, seeds, samples=1000 if store.quick else 5000, tiles=32, **more)
    values = (quality, *VALUES)
    numbers = {
        "quality": quality,
        "wanted_seeds": seeds,
        "models": {m: training_runs.summary(g, values) for m, g in found.items()},
    }
    numbers["labels"] = {
        m: f"{m}, {own['objective']}" if "objective" in own else m for m, (_, own) in cells.items() if m in found
    }
    numbers["floor"] = next((run["floors"] for group in found.values() for run in group if "died" not in run), {})
    for model, group in found.items():
        lived = [run for run in group if "died" not in run]
        ways = [run["on_the_way"] for run in lived]
        minutes = [[seconds_of(run) / 60 * step / run["steps"] for step in way["step"]] for run, way in zip(lived, ways)]
        each = {value: [run["scores"][value] for run in lived] for value in (quality, "classes_found")}
        numbers["models"][model] |= {
            "way_minutes": minutes,
            "way": [way[quality] for way in ways],
            "each": each | {"steps": [run["steps"] for run in lived]},
            "minutes_of_training": sum(seconds_of(run) for run in lived) / 60,
        }
    numbers["best"] = {value: best(numbers["models"], value) for value in values}
    return numbers


def seconds_of(run):
    """What a run's budget counted: CPU seconds, or wall seconds, as all did before there was a CPU clock."""
    return run.get("counted_seconds", run["seconds"])


def best(models, value):
    """The model whose mean ± deviation meets no other's, None if there is none or one has a single seed."""
    import metrics

    sign = -1 if metrics.direction(value) == "lower" else 1
    rows = {m: row[value] for m, row in models.items() if row[value]["mean"] is not None}
    if len(rows) < 2 or any(row["deviation"] is None for row in rows.values()):
        return None
    first, *rest = sorted(rows, key=lambda m: -sign * rows[m]["mean"])
    gap = lambda m: sign * (rows[first]["mean"] - rows[m]["mean"]) - rows[first]["deviation"] - rows[m]["deviation"]  # noqa: E731
    return first if all(gap(m) > 0 for m in rest) else None


def judge(numbers, against):
    """Whether wgan and wgan-gp, trained as `against` are, find ten classes in all seeds and beat them in quality."""
    models, quality = numbers["models"], numbers["quality"]
    ours = [models[m] for m in ("wgan", "wgan-gp") if m in models]
    whole = bool(ours) and all(row["classes_found"]["mean"] == 10 for row in ours)
    theirs = [models[m][quality]["mean"] for m in against if m in models]
    better = [row[quality]["mean"] < min(theirs) for row in ours] if theirs else []
    return HOLDS if whole and better and all(better) else IN_PART if whole or any(better) else FAILS


def draw(numbers, store, about):
    models, quality = numbers["models"], numbers["quality"]
    figure, axes = figures.new(2, max(2, -(-(len(models) + 1) // 2)), height=2.6)
    axes = axes.ravel()
    for model, row in models.items():
        for number, (minutes, way) in enumerate(zip(row["way_minutes"], row["way"])):
            label = None if number else numbers["labels"][model]
            axes[0].plot(minutes[1:], way[1:], color=figures.COLOURS[model], label=label, linewidth=1)
    axes[0].set(title="through training", xlabel="minutes", ylabel=f"{quality} of 1,000 samples", yscale="log")
    axes[0].set_ylim(top=10 * axes[0].get_ylim()[1])  # room for the legend
    axes[0].legend(fontsize=7, ncols=2)
    axes[0].grid(alpha=0.3)
    for axis, (model, row) in zip(axes[1:], models.items()):
        figures.picture(axis, store.tile(f"{model}-s0"), f"{numbers['labels'][model]}: {quality} {plus_minus(row[quality])}")
    for axis in axes[len(models) + 1 :]:
        axis.axis("off")
    seeds = sorted({row["seeds"] for row in models.values()})
    figures.foot(figure, f"{about}; {' to '.join(map(str, seeds))} seed{'s' if seeds[-1] > 1 else ''}; samples: seed 0")
    return figure

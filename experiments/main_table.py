"""What the main tables, of a data set each and of the searched recipes, share: equal time for all, and who is ahead."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from experiments import figures, training_runs
from experiments.numeric import Interval, each, mean_and_deviation, t_interval
from experiments.store import ExperimentStore, label_key
from training.comparison import UNREACHED

VALUES: tuple[str, ...] = ("kid", "precision", "recall", "density", "coverage", "classes_found", "class_kl", "classifier_score")
VALUES += ("swd", "memorised_share")
CLAIMED = {"wgan": "wgan", "gp": "wgan-gp", "minimax": "gan"}  # in a claim's key: the model
Models = Mapping[str, tuple[dict[str, Any], int]]  # see measure
Groups = dict[str, list[training_runs.Run]]


def measure(
    store: ExperimentStore,
    data: str,
    models: Models,
    minutes: float,
    quality: str = "fd_lenet",
    seeds: int | None = None,
) -> dict[str, Any]:
    """Numbers of the recipes of configs/ on `data`, CPU minutes a training on one thread, with each main table's claims.

    models: {model: (settings of its own, generator steps between two checkpoints: some thirty a training)}. quality: the
    Fréchet distance's name. seeds: the store's by default.
    """
    budget = {"minutes": minutes, "clock": "cpu", "steps": UNREACHED, "data": data}
    if store.quick:
        budget |= {"minutes": 0.1, "filters": 8}
    looks = {"log_every": 50, "sample_every": UNREACHED, "keep_checkpoints": 1000}
    cells = {model: (model, {**budget, **looks, "checkpoint_every": every, **own}) for model, (own, every) in models.items()}
    seeds = seeds or store.seeds
    trained = training_runs.runs(store, cells, seeds, tiles=32, recipe_of=training_runs.tuned)
    numbers = numbers_of(trained, quality, cells, seeds)
    against = ratios(trained, quality, "dcgan")
    numbers["claims"] = {f"{key}_ahead": against.get(model) for key, model in CLAIMED.items() if key != "minimax"}
    numbers["claims"] |= {f"{key}_classes": class_kl(trained.get(model, [])) for key, model in CLAIMED.items() if model in models}
    return numbers


def numbers_of(trained: Groups, quality: str, cells: training_runs.Cells, seeds: int) -> dict[str, Any]:
    """Numbers of trained cells {model: (model, settings)}. quality: the Fréchet distance's name. seeds: that are wanted.

    Returns {'models': {model: summary}, 'labels': {model: text}, 'floor': real data's scores, …}.
    """
    rows = {model: training_runs.summary(group, (quality, *VALUES)) for model, group in trained.items()}
    for model, group in trained.items():
        lived = training_runs.alive(group)
        rows[model] |= {
            "way_minutes": [minutes_on_the_way(run) for run in lived],
            "way": [run["on_the_way"][quality] for run in lived],
            "minutes": mean_and_deviation(seconds_of(run) / 60 for run in lived),
        }
    objectives = {model: own.get("objective") for model, (_, own) in cells.items() if model in trained}
    return {
        "quality": quality,
        "wanted_seeds": seeds,
        "models": rows,
        "labels": {model: f"{objective} {model}" if objective else model for model, objective in objectives.items()},
        "floor": training_runs.real_baseline(trained),
    }


def ratios(trained: Groups, quality: str, base: str) -> dict[str, Interval]:
    """{model: ratio of its quality to the base's at the end, paired by seed} of the others, where both have been trained."""
    if base not in trained:
        return {}
    others = {model: group for model, group in trained.items() if model != base}
    return {model: training_runs.compared(group, trained[base], quality) for model, group in others.items()}


def class_kl(group: list[training_runs.Run]) -> Interval:
    """A model's class KL to the data at the end: log(10 / 9) for samples that lack one of ten equally frequent classes."""
    return training_runs.with_ends(t_interval(training_runs.by_seed(group, "class_kl")), group)


def minutes_on_the_way(run: training_runs.Run) -> list[float]:
    """Minutes of the clock that the budget counts, at each checkpoint."""
    way = run["on_the_way"]
    if "cpu_seconds" in way:
        return [seconds / 60 for seconds in way["cpu_seconds"]]
    return [seconds_of(run) / 60 * step / run["steps"] for step in way["step"]]


def seconds_of(run: training_runs.Run) -> float:
    """What a run's budget counted: CPU seconds, or wall seconds, as all did before there was a CPU clock."""
    seconds: float = run["seconds"]
    return run.get("counted_seconds", seconds)


def draw(numbers: dict[str, Any], store: ExperimentStore, about: str) -> Figure:
    """Quality through training, all seeds, and samples of each model's worst seed. about: what all share, for the foot."""
    models, quality = numbers["models"], numbers["quality"]
    figure, axes = figures.new(2, max(2, -(-(len(models) + 1) // 2)), height=2.6)
    axes = axes.ravel()
    for model, row in models.items():
        for number, (minutes, way) in enumerate(zip(row["way_minutes"], row["way"])):
            label = None if number else numbers["labels"][model]
            axes[0].plot(minutes[1:], way[1:], color=figures.colour(model), label=label, linewidth=1)
    axes[0].set(title="through training, every seed", xlabel="minutes", ylabel=f"{quality} of 1,000 samples", yscale="log")
    axes[0].set_ylim(top=10 * axes[0].get_ylim()[1])  # room for the legend
    axes[0].legend(fontsize=7, ncols=2)
    axes[0].grid(alpha=0.3)
    for axis, (model, row) in zip(axes[1:], models.items()):
        title = f"{numbers['labels'][model]}: {quality} {each(row[quality])}"
        figures.picture(axis, store.tile(label_key(model, training_runs.worst_seed(row, quality))), title)
        axis.title.set_fontsize(8)
    for axis in axes[len(models) + 1 :]:
        axis.axis("off")
    figures.foot(figure, f"{about}; {figures.seeds_of(models.values(), 'to')}; samples: each one's worst seed")
    return figure

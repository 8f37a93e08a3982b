"""What the main tables, of a data set each and of the searched recipes, share: equal time for all, and who is ahead."""

from collections.abc import Collection, Mapping
from typing import Any

from matplotlib.figure import Figure

from experiments import figures, run_groups, training_runs
from experiments.numeric import Interval, mean_and_deviation, t_interval
from experiments.store import ExperimentStore
from training.budget import UNREACHED

VALUES = ("kid", "precision", "recall", "density", "coverage", "classes_found", "class_kl", "memorised_share")
Groups = dict[str, list[training_runs.Run]]


def measure(
    store: ExperimentStore,
    data: str,
    models: Mapping[str, int],
    minutes: float,
    quality: str = "fd_lenet",
    seeds: int | Mapping[str, int] | None = None,
    clocked: Collection[str] = (),
    shorter: Mapping[str, float] | None = None,
    variants: Mapping[str, tuple[str, dict[str, Any]]] | None = None,
) -> tuple[dict[str, Any], Groups]:
    """(numbers, runs of each model) of the recipes of configs/ on `data`.

    A training takes the steps that its recipe names for such data: those that so many CPU minutes pay on one thread of the
    reference machine, so that it is the same wherever it runs. models: {model: generator steps between two checkpoints, some
    thirty a training}. quality: the Fréchet distance's name. seeds: as training_runs.runs'. clocked: models whose seed 0 that
    machine's clock stopped, after those minutes. shorter: {model: minutes} of recipes that take fewer. variants: {name in
    models: (recipe, settings of its own)} of those that are no recipes.
    """
    by_clock = {"minutes": minutes, "steps": UNREACHED}
    all_seeds = settings(store, data)
    recipe_of = lambda model: (variants or {}).get(model, (model, {}))  # noqa: E731

    def settings_of(model, every):
        stopped = {0: by_clock} if model in clocked and not store.quick else {}
        own = {"checkpoint_every": every, **recipe_of(model)[1], **all_seeds}
        return lambda seed: {**own, **stopped.get(seed, {})}

    cells = {model: (recipe_of(model)[0], settings_of(model, every)) for model, every in models.items()}
    trained = training_runs.runs(store, cells, seeds, tiles=32, recipe_of=training_runs.tuned)
    return numbers_of(trained, quality, minutes, shorter), trained


def settings(store: ExperimentStore, data: str) -> dict[str, Any]:
    """What all trainings on `data` have, with --quick a budget of some steps as well."""
    looks = {"data": data, "clock": "cpu", "log_every": 50, "sample_every": UNREACHED, "keep_checkpoints": 1000}
    return looks | ({"steps": 60, "filters": 8, "checkpoint_every": 15} if store.quick else {})


def numbers_of(trained: Groups, quality: str, minutes: float, shorter: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Numbers of runs of equally many CPU minutes, or of fewer in `shorter`. quality: the Fréchet distance's name.

    Returns {'minutes', 'quality', 'models': {model: summary}, 'floor': real data's scores}. A summary has the 'minutes' planned
    and the 'cpu_minutes' that its trainings took: more on a busy or a slower machine, as a recipe's steps are those of the
    reference machine; 'way_minutes' are of that machine.
    """
    rows = {model: run_groups.summary(group, (quality, *VALUES)) for model, group in trained.items()}
    for model, group in trained.items():
        lived = run_groups.alive(group)
        planned = (shorter or {}).get(model, minutes)
        rows[model] |= {
            "minutes": planned,
            "cpu_minutes": mean_and_deviation(run["counted_seconds"] / 60 for run in lived),
            "way_minutes": [[planned * step / run["steps"] for step in run["on_the_way"]["step"]] for run in lived],
            "way": [run["on_the_way"][quality] for run in lived],
        }
    return {"minutes": minutes, "quality": quality, "models": rows, "floor": run_groups.real_baseline(trained)}


def ratios(trained: Groups, quality: str, base: str) -> dict[str, Interval]:
    """{model: ratio of its quality to the base's at the end, paired by seed} of the others, where both have been trained."""
    if base not in trained:
        return {}
    others = {model: group for model, group in trained.items() if model != base}
    return {model: run_groups.compared(group, trained[base], quality) for model, group in others.items()}


def class_kl(group: list[training_runs.Run]) -> Interval:
    """A model's class KL to the data at the end: log(10 / 9) for samples that lack one of ten equally frequent classes."""
    return run_groups.with_ends(t_interval(run_groups.by_seed(group, "class_kl")), group)


def draw(numbers: dict[str, Any], store: ExperimentStore, about: str) -> Figure:
    """Quality through training, all seeds, and samples of each model's worst seed. about: what all share, for the foot."""
    models, quality = numbers["models"], numbers["quality"]
    rows = min(2, max(1, len(models)))
    figure, axes = figures.new(rows, max(2, -(-(len(models) + 1) // rows)), height=2.6)
    axes = axes.ravel()
    for model, row in models.items():
        for number, (minutes, way) in enumerate(zip(row["way_minutes"], row["way"])):
            axes[0].plot(minutes[1:], way[1:], color=figures.colour(model), label=None if number else model, linewidth=1)
    axes[0].set(
        title="through training, every seed",
        xlabel="CPU minutes (as planned)",
        ylabel=f"{quality} of 1,000 samples",
        yscale="log",
    )
    axes[0].legend(fontsize=7, ncols=2)
    axes[0].grid(alpha=0.3)
    for axis, (model, row) in zip(axes[1:], models.items()):
        title = f"{model}: {quality} {figures.in_title(row[quality])}"
        figures.picture(axis, run_groups.worst_tile(store, model, row, quality), title)
        axis.title.set_fontsize(8)
    for axis in axes[len(models) + 1 :]:
        axis.axis("off")
    figures.foot(figure, f"{about}; {figures.seeds_of(models.values())}; samples: each one's worst seed")
    return figure

"""The record of a search: Optuna's study while it runs, docs/search/MODEL-DATA.json for good, and its figure."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import filelock
import optuna
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

import metrics
from data.dataset import Dataset
from errors import UserError
from experiments import ROOT, figures
from experiments.searched import path, read
from metrics.networks import NETWORKS
from reporting.figures import save
from storage import names as file_names
from storage.writing import write_text
from training import runtime
from training.recipe import Recipe

FORMAT = 1
MODELS = ("wgan", "wgan-gp", "dcgan", "lsgan", "gan")  # in the order in which they are shown
ATTRIBUTES = ("seed", "marks", "scores", "counters", "why", "seconds")  # of a trial


def quality_of(data_name: str) -> tuple[str, str]:
    """(value, metric) that a trial is judged by on a data set: the first that can be measured; lower is better."""
    metric = next(name for name in metrics.choose(None, data_name) if metrics.METRICS[name].quality)
    network = metrics.network_of(data_name)
    return f"fd_{NETWORKS[network].architecture}" if metric == "frechet" and network else metric, metric


def final_metrics(data_name: str) -> tuple[str, ...]:
    """The metrics of a trial that came to its end."""
    wanted = (quality_of(data_name)[1], "gaussians", "prdc", "classes")
    return tuple(name for name in metrics.choose(None, data_name) if name in wanted)


def _journal(model: str, data_name: str) -> Path:
    return ROOT / "runs" / "search" / f"{path(model, data_name).stem}.journal"


def open_study(model: str, data_name: str) -> optuna.Study:
    """The study of a model on a data set, which all workers share through a file in runs/search/."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # constant_liar: for workers beside one another
    journal = _journal(model, data_name)
    journal.parent.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        study_name=journal.stem,
        storage=JournalStorage(JournalFileBackend(str(journal))),
        sampler=optuna.samplers.TPESampler(n_startup_trials=8, constant_liar=True),
        # at the first mark wide networks and long averages, which begin slowly, would all be pruned
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
        direction="minimize",
        load_if_exists=True,
    )


def prepare(model: str, data_name: str, space: dict[str, BaseDistribution], first: list[dict[str, Any]], seconds: float) -> None:
    """Fill a new study with the trials of the JSON file, then with `first`; take up what an interruption left behind.

    Raises UserError if the trials that are there had another budget.
    """
    kept, new = read(model, data_name), not _journal(model, data_name).is_file()
    study = open_study(model, data_name)
    before = kept["seconds_a_trial"] if new and kept else study.user_attrs.get("seconds", seconds)
    if before != seconds:
        raise UserError(
            f"{path(model, data_name)} holds trials of {before:g} CPU seconds: take it and the .journal away to begin anew"
        )
    study.set_user_attr("seconds", seconds)
    for row in kept["trials"] if new and kept else ():
        study.add_trial(
            optuna.trial.create_trial(
                state=TrialState[row["state"].upper()],
                params=row["settings"],
                distributions=space,
                value=row["value"],
                user_attrs={key: row[key] for key in ATTRIBUTES if key in row},
                intermediate_values={number: value for number, (_, value) in enumerate(row.get("marks", ()))},
            )
        )
    for trial in study.get_trials(states=(TrialState.RUNNING,)):  # of a worker that is gone
        study.tell(trial.number, state=TrialState.FAIL)
    trials = study.get_trials(deepcopy=False)
    known = [t.params or t.system_attrs.get("fixed_params") for t in trials if t.state != TrialState.FAIL]
    for settings in [*first, *(trial.params for trial in trials if trial.state == TrialState.FAIL)]:
        if settings not in known:
            known.append(settings)
            study.enqueue_trial(settings)


def write(study: optuna.Study, model: str, dataset: Dataset, recipe: Recipe, space: dict[str, BaseDistribution]) -> None:
    """All ended trials of the study into the JSON file, in the order of their numbers."""
    with filelock.FileLock(_journal(model, dataset.name).with_suffix(".lock")):
        content = {
            "format": FORMAT,
            "model": model,
            "data": dataset.name,
            "data_sha256": dataset.sha256,
            "quality": quality_of(dataset.name)[0],
            "seconds_a_trial": study.user_attrs["seconds"],
            "machine": runtime.machine(),
            "recipe": recipe.model_dump(),
            "space": {key: distribution_to_json(distribution) for key, distribution in space.items()},
        }
        ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        lines = ",\n".join("  " + json.dumps(row_of(trial)) for trial in ended)  # a trial a line
        text = json.dumps(content, indent=1)[:-2] + f',\n "trials": [\n{lines}\n ]\n}}\n'
        write_text(path(model, dataset.name), text)


def row_of(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """A trial as the JSON file has it. Of a pruned one Optuna's value is the last on the way: here it has none."""
    value = trial.value if trial.state == TrialState.COMPLETE else None
    row = {"number": trial.number, "state": trial.state.name.lower(), "value": value, "settings": trial.params}
    return row | {key: trial.user_attrs[key] for key in ATTRIBUTES if key in trial.user_attrs}


def draw(data_name: str) -> Path:
    """docs/figures/search-DATA.png of all models that were searched on a data set: best so far, and which settings mattered."""
    contents = {model: content for model in MODELS if (content := read(model, data_name))}
    shares = {model: importance(content) for model, content in contents.items()}
    figure, (left, right) = figures.new(1, 2, height=4, width_ratios=[1, 1.25])
    for model, content in contents.items():
        best, line, colour = math.inf, [], figures.colour(model)
        for number, row in enumerate(content["trials"], 1):
            if row["value"] is not None:
                best = min(best, row["value"])
                left.plot(number, row["value"], ".", color=colour, alpha=0.5)
            line.append(best)
        left.step(range(1, len(line) + 1), line, where="post", color=colour, label=f"{model}: {best:.3g}")
    quality = next(iter(contents.values()))["quality"]
    left.set(title="best so far; dots: trials that were not pruned", xlabel="trials", ylabel=quality, yscale="log")
    left.legend(fontsize=8)
    left.grid(alpha=0.3)
    settings = list(dict.fromkeys(key for content in contents.values() for key in content["space"]))
    table = [[shares[model].get(key, math.nan) for model in contents] for key in settings]
    right.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    right.set_xticks(range(len(contents)), list(contents))
    right.set_yticks(range(len(settings)), [key.replace("_", " ") for key in settings])
    right.set_title("share of the variance of the outcome (fANOVA)")
    for y, row in enumerate(table):
        for x, share in enumerate(row):
            style = {"ha": "center", "va": "center", "fontsize": 8, "color": "white" if share > 0.5 else "black"}
            right.text(x, y, "–" if math.isnan(share) else f"{share:.2f}", **style)
    seconds = sorted({content["seconds_a_trial"] for content in contents.values()})
    figures.foot(figure, f"{data_name}, {' and '.join(f'{s:g}' for s in seconds)} CPU seconds a trial, one thread")
    target = ROOT / "docs" / "figures" / f"search-{file_names.part(data_name)}.png"
    save(figure, target)
    return target


def importance(content: dict[str, Any]) -> dict[str, float]:
    """{setting: share of the variance that it explains}, by fANOVA over the logarithm of each trial's last known value.

    A pruned trial counts with what it had reached: it was behind the median there. {} where fewer than two values are known,
    which nothing can explain.
    """
    space = {key: json_to_distribution(text) for key, text in content["space"].items()}
    study = optuna.create_study()
    values: set[float] = set()
    for row in content["trials"]:
        last = row["value"] if row["value"] is not None else (row.get("marks") or [[0, None]])[-1][1]
        if last is not None and math.isfinite(last):
            values.add(last)
            study.add_trial(optuna.trial.create_trial(params=row["settings"], distributions=space, value=math.log(last)))
    if len(values) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)

"""The record of a search: Optuna's study while it runs, docs/search/MODEL-DATA.json for good, and its figure."""

import json
import warnings
from pathlib import Path

from reporting.files import write_text

ROOT = Path(__file__).resolve().parent.parent
FORMAT = 1
QUALITY = {"cifar10": ("fd_vgg", "frechet")}


def quality_of(data_name):
    """(value, metric) that a trial is judged by on a data set; lower is better."""
    import data

    return ("w1", "w1") if data_name in data.POINTS else QUALITY.get(data_name, ("fd_lenet", "frechet"))


def final_metrics(data_name):
    import data

    return (
        ("w1", "gaussians")[: 1 if data_name == "swissroll" else 2]
        if data_name in data.POINTS
        else ("frechet", "prdc", "classes")
    )


def path(model, data_name):
    return ROOT / "docs" / "search" / f"{model}-{data_name.replace(':', '-').replace('/', '-')}.json"


def rounded(values):
    return {key: None if value is None else float(f"{value:.5g}") for key, value in values.items()}


def _journal(model, data_name):
    return ROOT / "runs" / "search" / f"{path(model, data_name).stem}.journal"


def open_study(model, data_name):
    """The study of a model on a data set, which all workers share through a file in runs/search/."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # constant_liar: for workers beside one another
    journal = _journal(model, data_name)
    journal.parent.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        study_name=journal.stem,
        storage=JournalStorage(JournalFileBackend(str(journal))),
        sampler=optuna.samplers.TPESampler(n_startup_trials=8, constant_liar=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=0),
        direction="minimize",
        load_if_exists=True,
    )


def prepare(model, data_name, dataset, space, first, seconds):
    """Fill a new study with the trials of the JSON file, or else with `first`; take up what an interruption left behind.

    Raises UserError if the file's trials had another budget, data or space.
    """
    import optuna

    states = optuna.trial.TrialState
    kept = read(model, data_name)
    new = not _journal(model, data_name).is_file()
    study = open_study(model, data_name)
    study.set_user_attr("seconds", seconds)
    if new:
        for row in kept["trials"] if kept else ():
            study.add_trial(
                optuna.trial.create_trial(
                    state=states[row["state"].upper()],
                    params=row["settings"],
                    distributions=space,
                    value=row["value"],
                    user_attrs={key: row[key] for key in ("marks", "scores", "counters", "why", "seconds") if key in row},
                    intermediate_values={number: value for number, (_, value) in enumerate(row.get("marks", ()))},
                )
            )
        for settings in () if kept else first:
            study.enqueue_trial(settings)
    for trial in study.get_trials(states=(states.RUNNING,)):  # of a worker that is gone
        study.tell(trial.number, state=states.FAIL)
        study.enqueue_trial(trial.params)


def read(model, data_name):
    """What the JSON file holds, None without one."""
    at = path(model, data_name)
    return json.loads(at.read_text(encoding="utf-8")) if at.is_file() else None


def write(study, model, dataset, recipe):
    """All ended trials of the study into the JSON file, in the order of their numbers."""
    import filelock
    import optuna

    from training import runtime

    states = optuna.trial.TrialState
    with filelock.FileLock(_journal(model, dataset.name).with_suffix(".lock")):
        rows = []
        for trial in study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED)):
            state = {"number": trial.number, "seed": 1000 + trial.number, "state": trial.state.name.lower()}
            rows.append({**state, "value": trial.value, "settings": trial.params, **trial.user_attrs})
        content = {
            "format": FORMAT,
            "model": model,
            "data": dataset.name,
            "data_sha256": dataset.sha256,
            "quality": quality_of(dataset.name)[0],
            "seconds_a_trial": study.user_attrs["seconds"],
            "machine": runtime.machine(),
            "recipe": recipe.model_dump(),
        }
        lines = ",\n".join("  " + json.dumps(row) for row in rows)  # a trial a line
        text = json.dumps(content, indent=1)[:-2] + f',\n "trials": [\n{lines}\n ]\n}}\n'
        path(model, dataset.name).parent.mkdir(parents=True, exist_ok=True)
        write_text(path(model, dataset.name), text)


def draw(models, data_name):
    """Placeholder replaced below."""

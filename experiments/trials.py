"""The record of a search: Optuna's study while it runs, docs/search/MODEL-DATA.json for good, and its figure."""

import json
import warnings
from pathlib import Path

from errors import UserError
from training.files import write_text

ROOT = Path(__file__).resolve().parent.parent
FORMAT = 1
MODELS = ("wgan", "wgan-gp", "dcgan", "lsgan", "gan")  # in the order in which they are shown
ATTRIBUTES = ("seed", "marks", "scores", "counters", "why", "seconds")  # of a trial
QUALITY = {"cifar10": ("fd_vgg", "frechet")}


def quality_of(data_name):
    """(value, metric) that a trial is judged by on a data set; lower is better."""
    import data

    return ("w1", "w1") if data.source(data_name).is_points else QUALITY.get(data_name, ("fd_lenet", "frechet"))


def final_metrics(data_name):
    import data

    return (
        ("w1", "gaussians")[: 1 if data_name == "swissroll" else 2]
        if data.source(data_name).is_points
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
        # at the first mark wide networks and long averages, which begin slowly, would all be pruned
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
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
    before = kept["seconds_a_trial"] if new and kept else study.user_attrs.get("seconds", seconds)
    if before != seconds:
        raise UserError(
            f"{path(model, data_name)} holds trials of {before:g} CPU seconds: take it and the .journal away to begin anew"
        )
    study.set_user_attr("seconds", seconds)
    if new:
        for row in kept["trials"] if kept else ():
            study.add_trial(
                optuna.trial.create_trial(
                    state=states[row["state"].upper()],
                    params=row["settings"],
                    distributions=space,
                    value=row["value"],
                    user_attrs={key: row[key] for key in ATTRIBUTES if key in row},
                    intermediate_values={number: value for number, (_, value) in enumerate(row.get("marks", ()))},
                )
            )
    for trial in study.get_trials(states=(states.RUNNING,)):  # of a worker that is gone
        study.tell(trial.number, state=states.FAIL)
    known = study.get_trials(deepcopy=False)
    there = [t.params or t.system_attrs.get("fixed_params") for t in known if t.state != states.FAIL]
    for settings in [*first, *(trial.params for trial in known if trial.state == states.FAIL)]:
        if settings not in there:
            there.append(settings)
            study.enqueue_trial(settings)


def read(model, data_name):
    """What the JSON file holds, None without one."""
    at = path(model, data_name)
    return json.loads(at.read_text(encoding="utf-8")) if at.is_file() else None


def write(study, model, dataset, recipe, space):
    """All ended trials of the study into the JSON file, in the order of their numbers."""
    import filelock
    import optuna

    from training import runtime

    states = optuna.trial.TrialState
    with filelock.FileLock(_journal(model, dataset.name).with_suffix(".lock")):
        rows = []
        for trial in study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED)):
            ended = trial.state == states.COMPLETE  # of a pruned one Optuna gives the last value on the way
            state = {"number": trial.number, "state": trial.state.name.lower(), "value": trial.value if ended else None}
            more = {key: trial.user_attrs[key] for key in ATTRIBUTES if key in trial.user_attrs}
            rows.append({**state, "settings": trial.params, **more})
        content = {
            "format": FORMAT,
            "model": model,
            "data": dataset.name,
            "data_sha256": dataset.sha256,
            "quality": quality_of(dataset.name)[0],
            "seconds_a_trial": study.user_attrs["seconds"],
            "machine": runtime.machine(),
            "recipe": recipe.model_dump(),
            "space": {key: optuna.distributions.distribution_to_json(d) for key, d in space.items()},
        }
        lines = ",\n".join("  " + json.dumps(row) for row in rows)  # a trial a line
        text = json.dumps(content, indent=1)[:-2] + f',\n "trials": [\n{lines}\n ]\n}}\n'
        path(model, dataset.name).parent.mkdir(parents=True, exist_ok=True)
        write_text(path(model, dataset.name), text)


def draw(data_name):
    """docs/figures/search-DATA.png of all models that were searched on a data set: best so far, and which settings mattered."""
    from experiments import figures

    found = {m: content for m in MODELS if (content := read(m, data_name))}
    shares = {model: importance(content) for model, content in found.items()}
    figure, (left, right) = figures.new(1, 2, height=4, width_ratios=[1, 1.25])
    for model, content in found.items():
        best, line = float("inf"), []
        for row in content["trials"]:
            best = min(best, row["value"] if row["value"] is not None else best)
            line.append(best)
            if row["value"] is not None:
                left.plot(len(line), row["value"], ".", color=figures.COLOURS[model], alpha=0.5)
        left.step(range(1, len(line) + 1), line, where="post", color=figures.COLOURS[model], label=f"{model}: {best:.3g}")
    quality = next(iter(found.values()))["quality"]
    left.set(title="best so far; dots: trials that were not pruned", xlabel="trials", ylabel=quality, yscale="log")
    left.legend(fontsize=8)
    left.grid(alpha=0.3)
    settings = list(dict.fromkeys(key for content in found.values() for key in content["space"]))
    table = [[shares[model].get(key, float("nan")) for model in found] for key in settings]
    right.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    right.set_xticks(range(len(found)), list(found))
    right.set_yticks(range(len(settings)), [key.replace("_", " ") for key in settings])
    right.set_title("share of the variance of the outcome (fANOVA)")
    for y, line in enumerate(table):
        for x, share in enumerate(line):
            text = "–" if share != share else f"{share:.2f}"
            right.text(x, y, text, ha="center", va="center", fontsize=8, color="white" if share > 0.5 else "black")
    seconds = {content["seconds_a_trial"] for content in found.values()}
    figures.foot(figure, f"{data_name}, {' and '.join(f'{s:g}' for s in sorted(seconds))} CPU seconds a trial, one thread")
    at = ROOT / "docs" / "figures" / f"search-{data_name.replace(':', '-').replace('/', '-')}.png"
    figure.savefig(at)
    return at


def importance(content):
    """{setting: share of the variance that it explains}, by fANOVA over the logarithm of each trial's last known value.

    A pruned trial counts with what it had reached: it was behind the median there.
    """
    import math

    import optuna

    space = {key: optuna.distributions.json_to_distribution(text) for key, text in content["space"].items()}
    study = optuna.create_study()
    for row in content["trials"]:
        last = row["value"] if row["value"] is not None else (row.get("marks") or [[0, None]])[-1][1]
        if last is not None and math.isfinite(last):
            study.add_trial(optuna.trial.create_trial(params=row["settings"], distributions=space, value=math.log(last)))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)

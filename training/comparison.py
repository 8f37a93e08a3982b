"""Several models on equal terms: the runs that a comparison needs, where they lie, and whether they are there already."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import data
from errors import UserError, WriteError, one_of
from storage import names as file_names
from storage import reading, writing
from storage.writing import write_text
from training import checkpoint, run
from training import recipe as recipes
from training.budget import UNREACHED

FORMAT = 1
LARGEST = 16 << 20  # bytes of comparison.json
ROOT = Path("compare")  # of comparisons that are given no folder
# what all models get unless told otherwise
BATCHES = {"generator_batch_size": None}  # as many samples a generator step as a critic step
IMAGES = {"network": "dcgan", "image_size": 32, "filters": 16, "latent": 100, "batch_size": 32, **BATCHES, "steps": 3000}
POINTS = {"network": "mlp", "latent": 2, "batch_size": 256, **BATCHES, "steps": 20_000}
UNITS = {"units": 512}
# settings that models beside a run which was named on the command line take from it
TERMS_OF_A_RUN = ("data", "fit", *recipes.for_each_player(IMAGES), *UNITS, "minutes", "clock")
# and where they take its budget, too: then they are logged, drawn and saved at the steps at which it was
INTERVALS = ("log_every", "sample_every", "checkpoint_every")
# neither how often a run is logged, drawn and saved nor its name changes what is learnt
NOT_CONTENT = ("model", *INTERVALS, "keep_checkpoints", "on_nan")
# settings that came later, at the value that all had before: left out, so that what was recorded before is still found
BEFORE = {"fit": "crop", "conditional": False}


@dataclass
class Entry:
    """One run of a comparison. label: of its group, the runs that differ in the seed only. folder: given, or of assign_folders.

    given: it was named by its folder. reused: it was given, or found to be finished by its content: nothing is trained.
    status: 'waiting', 'finished', 'stopped' (a run that was named and is not at its end) or 'died'. message: why it died.
    killed: it died of a signal, which is no fault of its recipe: another call tries again.
    """

    recipe: recipes.Recipe
    label: str = ""
    folder: Path = Path()
    given: bool = False
    status: str = "waiting"
    message: str = ""
    killed: bool = False
    reused: bool = False


def plan(
    names: Sequence[str],
    networks: Sequence[str],
    settings: dict,
    own: dict[str, dict],
    seeds: int | None,
    clock: str = "wall",
) -> list[Entry]:
    """The entries for models and runs by name. Raises UserError.

    networks: one or more, for all models; none for the default. settings: for all models. own: {model: settings} for one.
    seeds: how many, from 0; None for three, or the seeds of the runs that were named. clock: what minutes count where the
    settings do not say: the clock of a run that was named goes with its own minutes only.
    """
    same = [os.path.realpath(name) if _is_folder(name) else name for name in names]  # a run by whatever path
    if twice := [name for name, one in zip(names, same) if same.count(one) > 1]:
        raise UserError(f"{twice[0]} is named twice: each is trained once with each seed, --seeds says how many")
    given = [Entry(run.read_recipe(name), folder=Path(name), given=True) for name in names if _is_folder(name)]
    models = [name for name in names if not _is_folder(name)]
    for model in models:
        if model not in recipes.names():
            raise one_of("model or run", model, recipes.names())
    for model in own:
        if model not in models:
            raise UserError(f"-o {model}.…: {model} is not among the models to be trained: {', '.join(models) or 'none'}")
    asked = [key for key, value in settings.items() if (key, value) != ("minutes", None)]  # None goes with steps
    asked += [key for key, value in (("network", networks), ("seeds", seeds)) if value]
    if given and not models and asked:
        raise UserError(f"{', '.join(asked)}: of models that are to be trained, and only runs are named")
    lent = TERMS_OF_A_RUN if {"steps", "minutes"} & set(settings) else (*TERMS_OF_A_RUN, *INTERVALS)
    terms = {key: getattr(given[0].recipe, key) for key in lent} if given else {}
    if not terms.get("minutes") or "minutes" in settings:
        terms.pop("clock", None)
    if settings.get("minutes") and "steps" not in settings:
        terms.pop("steps", None)  # a budget takes the place of the run's, whichever of the two that is
    terms = equal_terms({**terms, **recipes.for_each_player(settings)})
    seed_numbers = range(seeds) if seeds else ([e.recipe.seed for e in given] or range(3))
    entries = list(given)
    for network in networks or [""]:
        of_network = recipes.for_each_player({"network": network}) if network else {}
        for model in models:
            for seed in dict.fromkeys(seed_numbers):
                overrides = {**terms, **of_network, **recipes.for_each_player(own.get(model, {})), "seed": seed}
                if overrides.get("minutes"):
                    overrides.setdefault("clock", clock)
                entries.append(Entry(recipes.load(model, overrides=overrides)))
    if not entries:
        raise UserError("name the models or runs to compare")
    label_groups(entries)
    return entries


def _is_folder(name):
    return name not in recipes.names() and (run.is_run(name) or "/" in name)


def equal_terms(settings: dict) -> dict:
    """`settings`, and where they are silent what all models of a comparison share."""
    points = data.source(settings.get("data", "mnist-5k")).is_points
    terms = {**UNITS, **recipes.for_each_player(POINTS if points else IMAGES), **recipes.for_each_player(settings)}
    if terms.get("minutes"):
        terms |= {"steps": settings.get("steps", UNREACHED)}
        # grids and checkpoints come by the clock
        intervals = {"log_every": 10, "sample_every": UNREACHED, "checkpoint_every": UNREACHED}
    else:
        try:  # 3.0e+3 and "3000" are 3000 to a recipe, too; for anything else it raises an error
            steps = int(terms["steps"])
        except (TypeError, ValueError, OverflowError):
            steps = 1
        intervals = {"log_every": steps // 100, "sample_every": -(-steps // 10), "checkpoint_every": -(-steps // 5)}
    return {**{key: max(1, value) for key, value in intervals.items()}, "keep_checkpoints": 1000, **terms}


def label_groups(entries: list[Entry]):
    """Set each entry's label, its group's: the model, and what else it takes to tell the groups apart."""
    groups: dict[str, list[Entry]] = {}
    mixed = len({entry.recipe.conditional for entry in entries}) > 1
    for entry in entries:
        entry.label = f"{entry.recipe.model} conditional" if mixed and entry.recipe.conditional else entry.recipe.model
        groups.setdefault(group_of(entry.recipe), []).append(entry)
    for key in ("network", "data", "learning_rate", *recipes.Recipe.model_fields):
        if key in ("seed", *NOT_CONTENT):
            continue
        by_label: dict[str, list[list[Entry]]] = {}
        for members in groups.values():
            by_label.setdefault(members[0].label, []).append(members)
        for alike in by_label.values():
            values = _in_words([members[0].recipe for members in alike], key)
            if len(set(values)) > 1 and "" not in values:
                for members, value in zip(alike, values):
                    for entry in members:
                        entry.label += f" {value}" if key in ("network", "data") else f" {key}={value}"


def _in_words(alike, key):
    """A setting's values in the labels of these recipes, with six digits, or with all where six do not tell two of them apart.

    '' for a learning rate that the players do not share.
    """
    values = [recipes.joint(recipe, key) or "" if key == "learning_rate" else getattr(recipe, key) for recipe in alike]
    short = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return short if len(set(short)) == len(set(values)) else list(map(str, values))


def content(recipe: recipes.Recipe) -> dict:
    """What decides what a run learns, as a dict."""
    settings = recipe.model_dump().items()
    return {key: value for key, value in settings if key not in NOT_CONTENT and (key, value) not in BEFORE.items()}


def group_of(recipe):
    return json.dumps({**content(recipe), "model": recipe.model, "seed": None}, sort_keys=True)


def folder_for(out: str | None, entries: list[Entry], name: str | None = None) -> Path:
    """The comparison's folder: `out`, or compare/`name`, or a name under compare/ that follows from the models and the data.

    Raises UserError if what was asked for holds something else.
    """
    contents = _contents(entries)
    is_taken = lambda path: writing.holds_something(path) and read_record(path).get("contents") != contents  # noqa: E731
    if out:
        writing.check_writable(out)
        if is_taken(out):
            raise UserError(f"--out {out} holds something else than this comparison; name another folder")
        return Path(out)
    if name is not None:
        if name != file_names.part(name):
            raise UserError(f"--name {name}: a name of a folder below {ROOT}/ is wanted, as {file_names.part(name)}")
        if is_taken(path := ROOT / name):
            raise UserError(f"--name {name} is taken: {path} holds another comparison; python compare.py --list shows all names")
    else:
        first = entries[0].recipe
        source = first.data.partition(":")[0]
        name = file_names.part("-".join([*dict.fromkeys(file_names.part(e.recipe.model) for e in entries), source]))
        path = writing.next_free(ROOT, name, is_taken=is_taken)
    writing.check_writable(path)
    return path


def _contents(entries):
    return [{**content(e.recipe), "label": e.label, "run": str(e.folder) if e.given else None} for e in entries]


def read_record(out: str | Path) -> dict:
    """comparison.json as write_record wrote it, {} if there is none or it is damaged."""
    try:
        record = reading.json(Path(out) / "comparison.json", LARGEST)
    except UserError:
        return {}
    died = record.get("died") if isinstance(record, dict) and record.get("format") == FORMAT else None
    return record if isinstance(died, dict) and all(isinstance(message, str) for message in died.values()) else {}


def holds(folder: str | Path) -> bool:
    """Whether a run's folder is one that a comparison trains: OUT/runs/NAME."""
    return Path(folder).parent.name == "runs" and reading.is_file(Path(folder).parent.parent / "comparison.json")


def write_record(out: str | Path, entries: list[Entry]) -> None:
    """comparison.json: what is compared, and which runs died, so that they are not tried again."""
    died = {str(e.folder): e.message for e in entries if e.status == "died" and not e.killed}
    text = json.dumps({"format": FORMAT, "contents": _contents(entries), "died": died}, indent=1, ensure_ascii=False)
    write_text(Path(out) / "comparison.json", text)


def assign_folders(
    out: str | Path, entries: list[Entry], data_sha256: str | Mapping[int, str], labels_sha256: str | None = None
) -> None:
    """Set each entry's folder and status: its run, found by the content of its recipe and of its data, or a new folder.

    A run that died stays dead, unless rollbacks are asked for now and were not before. data_sha256: one for all, or by
    image_size: padded otherwise, digits have another.
    """
    runs, died = known_runs(out), read_record(out).get("died", {})
    taken: set[Path] = set()
    for entry in entries:
        if entry.given:
            take_given(entry)
            continue
        sha256 = data_sha256 if isinstance(data_sha256, str) else data_sha256[entry.recipe.image_size]
        # models that equal terms make alike keep each its own run, whatever the order of their names
        for folder, recipe, seen in sorted(runs, key=lambda row: row[1].model != entry.recipe.model):
            if content(recipe) != content(entry.recipe) or seen.get("data_sha256") != sha256 or folder in taken:
                continue
            if recipe.conditional and seen.get("labels_sha256") not in (None, labels_sha256):
                continue
            if run.is_finished(folder, entry.recipe):
                entry.folder, entry.status, entry.reused = folder, "finished", True
                break
            # of this comparison, interrupted or dead; it goes on under its own name only
            if folder.parent == Path(out) / "runs" and recipe.model == entry.recipe.model:
                tried_so = not (entry.recipe.on_nan == "rollback" and recipe.on_nan == "stop")
                entry.folder, entry.message = folder, died.get(str(folder), "") if tried_so else ""
                entry.status = "died" if entry.message else "waiting"
                break
        else:
            # what a run that ended before its first step left in a folder does not count
            is_taken = lambda path: path in taken or writing.holds_something(path)  # noqa: E731
            entry.folder = writing.next_free(Path(out) / "runs", run.default_name(entry.recipe, None), is_taken=is_taken)
        taken.add(entry.folder)


def take_given(entry: Entry) -> None:
    """Set the status of a run that was named. Raises UserError if it has no checkpoint, or is still being trained."""
    entry.reused = True
    if not checkpoint.list_steps(entry.folder):
        raise UserError(f"{entry.folder} has no checkpoint yet")
    if (entry.folder / writing.LOCK).exists():  # to score it would be an error, hours later
        with contextlib.suppress(WriteError), writing.lock(entry.folder):  # WriteError: it is another user's, to be read
            pass
    entry.status = "finished" if run.is_finished(entry.folder, entry.recipe) else "stopped"


def known_runs(out: str | Path) -> list[tuple[Path, recipes.Recipe, dict]]:
    """(folder, recipe, provenance) of the runs of this comparison, of runs/ and of other comparisons."""
    roots = [Path(out) / "runs", Path("runs"), *sorted(ROOT.glob("*/runs"))]
    runs, seen = [], set()
    for folder in (path.parent for root in roots for path in sorted(root.glob("*/config.yaml"))):
        if folder.resolve() not in seen:
            seen.add(folder.resolve())
            try:
                runs.append((folder, run.read_recipe(folder), run.read_provenance(folder)))
            except UserError:
                continue  # not readable any more: not reused
    return runs

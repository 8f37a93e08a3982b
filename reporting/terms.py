"""On which terms the runs of a comparison were trained: the clock, the threads, the settings, and where they differ."""

from __future__ import annotations

import math

import data
from training import budget
from training import recipe as recipes
from training.comparison import NOT_CONTENT, Entry
from training.settings import reads

# what is looked at in a training, how the report counts it (looked_at of a run), and the settings by which that is more or less
LOOKS = {
    "logged": ("lines", ("log_every",)),
    "drawn": ("grids", ("sample_every",)),
    "scored": ("checkpoints", ("checkpoint_every", "keep_checkpoints")),
}
# what times depend on, in the records of the runs
MACHINE = {"threads": "threads", "device": "devices", "processor": "processors"}


def clock_of(entries: list[Entry], logs: list[list[dict]], devices: list[str]) -> str:
    """'cpu' or 'wall', by which a report counts minutes: the clock of the budgets; where they are of steps, CPU on CPUs.

    logs, devices: of each run; a run whose log has no CPU seconds, of an earlier version, makes it 'wall', as do two clocks.
    """
    if not all("cpu_seconds" in line for lines in logs for line in lines):
        return "wall"
    counted = {entry.recipe.clock for entry in entries if entry.recipe.minutes}
    return "cpu" if counted == {"cpu"} or (not counted and set(devices) <= {"cpu"}) else "wall"


def budget_of(recipe: recipes.Recipe) -> dict:
    """How long a run was to be trained: {'steps', 'minutes', 'clock'}; None for what does not limit it."""
    steps = recipe.steps if budget.limit(recipe) < math.inf else None
    return {"steps": steps, "minutes": recipe.minutes, "clock": recipe.clock if recipe.minutes else None}


def in_short(of_run: dict) -> str:
    """A row of budget_of in words, by whichever clock: '3,000 generator steps', '4 minutes', or both with 'or' between them."""
    minutes = [f"{of_run['minutes']:g} minutes"] if of_run["minutes"] else []
    return " or ".join(minutes + ([f"{of_run['steps']:,} generator steps"] if of_run["steps"] else []))


def common_budget(entries: list[Entry]) -> dict | None:
    """The budget_of of all runs where it is one, and where all that did not die have used it up; else None."""
    budgets = [budget_of(entry.recipe) for entry in entries]
    same = all(row == budgets[0] for row in budgets) and all(entry.status != "stopped" for entry in entries)
    return budgets[0] if same else None


def remarks(entries: list[Entry], runs: list[dict]) -> list[str]:
    """A line for each of budget, intervals, clock, threads and machine that is not the same for all runs."""
    lines = _unequal_budgets(entries, runs)
    clocks = [budget.WORDS[entry.recipe.clock] if entry.recipe.minutes else None for entry in entries]
    if len(set(clocks) - {None}) > 1:
        lines.append(f"Budgets count by different clocks: {_who(runs, clocks)}. All times in this report are wall time.")
    for key, words in MACHINE.items():
        values = [run["provenance"].get(key) for run in runs]
        if len(set(values) - {None}) > 1:
            also = ", nor can their steps" if any(clocks) else ""
            lines.append(f"Trained with different {words}: {_who(runs, values)}. Their times cannot be compared{also}.")
    return lines + _unequal_looks(runs)


def _unequal_budgets(entries, runs):
    lines, budgets = [], [in_short(budget_of(entry.recipe)) for entry in entries]
    if len(set(budgets)) > 1:
        lines.append(f"Not trained equally long: {_who(runs, budgets)}.")
    stopped = [
        f"{run['label']}, seed {run['seed']}, after {run['steps']:,} generator steps (planned: {words})"
        for entry, run, words in zip(entries, runs, budgets)
        if entry.status == "stopped"
    ]
    return lines + ([f"Stopped before the end of the training: {'; '.join(stopped)}."] if stopped else [])


def _unequal_looks(runs):
    """Lines on what was logged, drawn or scored more seldom in some runs because their settings say so."""
    lines, alive = [], [run for run in runs if run.get("looked_at") and run["status"] != "died"]
    for verb, (things, settings) in LOOKS.items():
        if len({tuple(run["looked_at"][key] for key in settings) for run in alive}) > 1:
            counts = [f"{run['looked_at'][things]} {things}" for run in alive]
            if len(set(counts)) > 1:
                lines.append(f"Not {verb} equally often ({', '.join(settings)}): {_who(alive, counts)}.")
    return lines


def _who(runs, values):
    """'2: gan, seed 0; 1: all others': the rarest first."""
    kinds = sorted({value for value in values if value is not None}, key=lambda value: (values.count(value), str(value)))
    names = {kind: [f"{r['label']}, seed {r['seed']}" for r, value in zip(runs, values) if value == kind] for kind in kinds}
    return "; ".join(f"{kind}: {' and '.join(names[kind]) if kind != kinds[-1] else 'all others'}" for kind in kinds)


def settings(entries: list[Entry], labels: list[str]) -> list[dict]:
    """Rows of the table of settings: name, value by label, whether it is equal. Differences come first."""
    by_label = {label: [e.recipe for e in entries if e.label == label] for label in labels}
    one_word = [word for word in recipes.PLAYER_SETTINGS if all(recipes.joint(e.recipe, word) is not None for e in entries)]
    hidden = {key: word for word in one_word for key in recipes.PLAYER_SETTINGS[word]}
    rows = []
    for name in dict.fromkeys(hidden.get(name, name) for name in recipes.Recipe.model_fields):
        if name in NOT_CONTENT:
            continue
        values = {}
        for label, members in by_label.items():
            words = [in_words(recipe, name) for recipe in members]
            values[label] = words[0] if name != "seed" else ", ".join(dict.fromkeys(words))
        if set(values.values()) != {"–"}:
            rows.append({"name": name, "values": values, "equal": len(set(values.values())) == 1})
    return sorted(rows, key=lambda row: row["equal"])


def unused(recipe):
    """Settings that the budget or the data leave without a meaning."""
    fit = () if data.source(recipe.data).any_sides else ("fit",)
    steps = ("steps",) if budget.limit(recipe) == math.inf else ()
    return (*fit, *steps) if recipe.minutes else (*fit, "minutes", "clock")


def in_words(recipe: recipes.Recipe, name: str) -> str:
    """The value of a setting as the report writes it; '–' for one that means nothing in this recipe."""
    if name in unused(recipe):
        return "–"
    value = recipes.joint(recipe, name) if name in recipes.PLAYER_SETTINGS else getattr(recipe, name)
    if value is None or not reads(recipe, name):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else str(value)  # six digits may hide a difference

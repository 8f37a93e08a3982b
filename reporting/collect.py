"""The results of a comparison as one dict of plain values: results.json, from which the report is drawn."""

from __future__ import annotations

import datetime
import statistics
from pathlib import Path

import metrics
from errors import UserError
from reporting import curves, summary, terms
from reporting.scorer import Scorer
from reporting.table import grouped
from storage import reading
from training import budget, checkpoint, grids, log, run
from training.alarms import DEAD, PATIENCE
from training.comparison import INTERVALS, Entry

FORMAT = 2
LARGEST = 256 << 20  # bytes of results.json
KEYS = {"made", "data", "groups", "runs", "floor", "best", "quality", "curves", "metric_curves", "agreement", "clock", "remarks"}
# figures of the last logged step
HEALTH = ["estimate", "estimate_heldout", "gradient_norm", "gradient_norm_std", "clipped_share", "d_real", "d_fake"]
HEALTH += ["js_estimate", "critic_loss", "generator_loss"]
RECORDED = ("command", "started", "commit", "paddle", "numpy", "python", "device", "processor")  # of run.create
SMALLEST = 0.01  # a difference of means, as a share of the greater, that matters
FRAMES = 11  # positions of the slider through training


def collect_results(entries: list[Entry], scores: list[tuple | None], scorer: Scorer, command: str) -> dict:
    """results.json. scores: of each entry what scorer.score returned, None for a run that died."""
    dataset = scorer.dataset
    found = collect_runs(entries, scores)
    results = {
        "format": FORMAT,
        "title": found.pop("title"),
        "command": command,
        "made": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "data": dataset.name,
        "data_sha256": dataset.sha256,
        "train_items": len(dataset.train),
        "heldout_items": len(dataset.heldout),
        "samples": scorer.samples,
        **found,
        "remarks": [*found["remarks"], *scorer.remarks],
    }
    return {**results, "summary": summary.summarise(results)}


def collect_runs(entries: list[Entry], scores: list[tuple | None]) -> dict:
    """What of that is in the runs' folders and in their scores alone: no data set is read.

    minutes and steps are those of all runs, None where not all were trained equally long (equal_budget).
    """
    logs, unread = zip(*(read_log(entry.folder) for entry in entries))
    records = [read_record(entry.folder) for entry in entries]
    clock = terms.clock_of(entries, list(logs), [record["device"] for record in records if record["device"]])
    runs = [describe(*of_run, clock) for of_run in zip(entries, scores, logs, records)]
    threads = {row["provenance"]["threads"] for row in runs}
    groups = [group(label, rows) for label, rows in grouped(runs, "label").items()]
    labels = [row["label"] for row in groups]
    quality = next((name for name in metrics.quality_values() if any(name in g["metrics"] for g in groups)), None)
    # real data's scores are the same for all runs, but for those by a run's own critic
    baseline = {name: real for row in reversed(runs) for name, real in row["floor"].items()}
    if len(runs) > 1:
        baseline |= {name: {"value": None, "deviation": None} for name in baseline if metrics.is_of_critic(name)}
    common = terms.common_budget(entries)
    curves_of, metric_curves = {}, {}
    for label in labels:
        alive = [(row, lines) for row, lines in zip(runs, logs) if row["label"] == label and row["status"] != "died"]
        curves_of[label] = curves.of_log([lines for _, lines in alive if lines], clock)
        metric_curves[label] = curves.of_scores([row["on_the_way"] for row, _ in alive])
    return {
        "title": " and ".join([", ".join(labels[:-1]), labels[-1]]) if len(labels) > 1 else labels[0],
        "data": entries[0].recipe.data,
        "minutes": common and common["minutes"],
        "steps": common and common["steps"],
        "equal_budget": common is not None,
        "clock": clock,
        "threads": threads.pop() if len(threads) == 1 else None,
        "settings": terms.settings(entries, labels),
        "groups": groups,
        "runs": runs,
        "floor": baseline,
        "best": {name: best(groups, name, real["deviation"] or 0) for name, real in baseline.items()},
        "quality": quality,
        "remarks": [*terms.remarks(entries, runs), *filter(None, unread)],
        "curves": curves_of,
        "metric_curves": metric_curves,
        "agreement": [agreement(row, quality) for row in runs if len(row["on_the_way"]) > 1],
    }


def read(path: str | Path) -> dict:
    """A results.json that collect_results made. Raises UserError."""
    results = reading.json(path, LARGEST)
    if not isinstance(results, dict) or results.get("format") != FORMAT or not set(results) >= KEYS:
        raise UserError(f"{path} is no results.json of a comparison, or one of another version: call compare.py again")
    return results


def read_log(folder):
    """(logged steps, '' or why there are none)."""
    try:
        return log.read(folder, log.COUNTERS), ""
    except UserError as error:
        return [], f"No curves of {folder}: {error}."


def read_record(folder):
    """What a run's config.yaml says of where it came from: texts, but for the number of threads, None where it says nothing."""
    record = run.read_provenance(folder) if run.is_run(folder) else {}
    texts = {key: None if record.get(key) is None else str(record[key]) for key in RECORDED}
    return {**texts, "threads": record["threads"] if type(record.get("threads")) is int else None}


def describe(entry, scores, lines, provenance, clock):
    """One run as a row: what it cost, what it reached, its critic's health, its grids. lines: of its log.

    minutes and steps_per_second are by `clock`, 'wall' or 'cpu'; seconds and cpu_seconds are both.
    """
    recipe = entry.recipe
    newest = checkpoint.last(entry.folder)
    state = checkpoint.read_state(newest) if newest else {}
    last = lines[-1] if lines else {}
    counted = state.get(budget.KEYS[clock], 0.0)
    values, through_training = scores or ({}, {})
    own = run.read_recipe(entry.folder) if entry.reused else recipe  # found by its content, of which intervals are no part
    looked_at = {name: getattr(own, name) for name in (*INTERVALS, "keep_checkpoints")}
    looked_at |= {"lines": len(lines), "grids": len(grids.list_grids(entry.folder)), "checkpoints": len(through_training)}
    return {
        "label": entry.label,
        "model": recipe.model,
        "seed": recipe.seed,
        "folder": str(entry.folder),
        "status": entry.status,
        "message": entry.message,
        "reused": entry.reused,
        "budget": terms.budget_of(recipe),
        "steps": state.get("step", 0),
        "critic_steps": state.get("critic_steps", 0),
        "images_seen": state.get("critic_steps", 0) * recipe.batch_size,
        "minutes": counted / 60,
        "seconds": state.get("seconds", 0.0),
        "cpu_seconds": state.get("cpu_seconds", 0.0),
        "steps_per_second": state["step"] / counted if counted else None,
        "health": {name: last.get(name) for name in HEALTH},
        "verdict": verdict(state, entry.status, last),
        "metrics": {name: {k: row[k] for k in ("value", "deviation")} for name, row in values.items()},
        "floor": {name: {"value": row["floor"], "deviation": row["floor_deviation"]} for name, row in values.items()},
        "on_the_way": on_the_way(through_training, lines, clock),
        "grids": frames(entry.folder, lines, clock),
        "looked_at": looked_at,
        "provenance": provenance,
    }


def verdict(state: dict, status: str, last: dict) -> str:
    """The state of a run's critic in words. last: the last line of its log: an alarm that was given once counts on for ever."""
    if status == "died":
        return "died"
    alarms = state.get("alarms", {})
    if alarms.get("dead", 0) >= PATIENCE:
        is_so_still = (last.get("gradient_norm") or 0.0) < DEAD
        return "dead: no gradient reaches the generator" if is_so_still else "critic was dead for a time"
    if alarms.get("negative", 0) >= PATIENCE:
        return "estimate was negative for a time"
    return "alive"


def on_the_way(scores, lines, clock):
    """Scores of a run's checkpoints in order: step, critic_steps, images_seen, minutes and the values."""
    rows = [(step, {name: row["value"] for name, row in scores[step].items()}) for step in sorted(scores)]
    return [{**curves.at_step(lines, step, clock), **values} for step, values in rows if values]


def frames(folder, lines, clock):
    """FRAMES of the run's saved grids, evenly through its training: {step, minutes, file}."""
    saved = list(grids.list_grids(folder).items())
    if not saved:
        return []
    chosen = [saved[round(i * (len(saved) - 1) / (FRAMES - 1))] for i in range(FRAMES)]
    minutes = [curves.at_step(lines, step, clock)["minutes"] for step, _ in chosen]
    return [{"step": step, "minutes": at, "file": path.name} for at, (step, path) in zip(minutes, chosen)]


def group(label, runs):
    """Mean and standard deviation over the seeds that did not die; where all died, steps and minutes are theirs."""
    alive = [row for row in runs if row["status"] != "died"]
    trained = alive or runs  # a dead run has the steps of its last checkpoint, often 0, which say nothing of the others
    values_of = {}
    for name in dict.fromkeys(name for row in alive for name in row["metrics"]):
        values = [row["metrics"][name]["value"] for row in alive if row["metrics"].get(name, {}).get("value") is not None]
        if values:
            deviation = statistics.stdev(values) if len(values) > 1 else None
            values_of[name] = {"mean": statistics.fmean(values), "deviation": deviation, "seeds": len(values)}
    return {
        "label": label,
        "seeds": [row["seed"] for row in runs],
        "died": len(runs) - len(alive),
        "budget": runs[0]["budget"],  # another budget makes another label
        "steps": statistics.fmean(row["steps"] for row in trained),
        "minutes": statistics.fmean(row["minutes"] for row in trained),
        "metrics": values_of,
    }


def best(groups: list[dict], value: str, noise: float = 0.0) -> str | None:
    """Label of the group whose mean ± standard deviation is better than all others' and overlaps with none, or None.

    groups: {'label', 'metrics': {value: {'mean', 'deviation'}}}; those without the value are left out. noise: the standard
    deviation of real data's value; means that are no further apart, or by less than SMALLEST of the greater, are alike. None as
    well for a value of which neither direction is better, for fewer than two groups and where a deviation is not known (a
    single seed).
    """
    direction = metrics.direction(value)
    rows = [(g["label"], g["metrics"][value]) for g in groups if g["metrics"].get(value, {}).get("mean") is not None]
    if not direction or len(rows) < 2 or any(row["deviation"] is None for _, row in rows):
        return None
    sign = 1 if direction == "lower" else -1
    rows.sort(key=lambda item: sign * item[1]["mean"])
    (label, first), *others = rows

    def apart(row):
        gap = sign * (row["mean"] - first["mean"])
        least = max(noise, SMALLEST * max(abs(row["mean"]), abs(first["mean"])))
        return gap > least and gap > first["deviation"] + row["deviation"]

    return label if all(apart(row) for _, row in others) else None


def agreement(row, quality):
    """The critic's estimate beside quality at a run's checkpoints, the untrained one left out, and their rank correlation."""
    points = [
        {"step": line["step"], "estimate": line["critic_estimate"], "quality": line[quality]}
        for line in row["on_the_way"]
        if line["step"] > 0 and "critic_estimate" in line and quality in line
    ]
    correlation = curves.rank_correlation([p["estimate"] for p in points], [p["quality"] for p in points])
    return {
        "label": row["label"],
        "seed": row["seed"],
        "points": points,
        "count": len(points),
        "correlation": correlation,
    }

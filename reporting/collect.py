"""All that a comparison found, as one dict of plain values: results.json, from which the report is drawn."""

import datetime
import statistics
from pathlib import Path

import metrics
from errors import UserError
from reporting import curves, terms
from training import budget, checkpoint, log, run
from training.alarms import PATIENCE
from training.comparison import last_checkpoint

FORMAT = 2
FRAMES = 11  # positions of the slider through training
QUALITY = ("fd_lenet", "fd_vgg", "w1", "swd")  # the first that was measured stands for quality


def results(entries, measured, measures, command):
    """entries: of training.comparison. measured: for each one (values, {step: values}) or None. measures: a Scorer."""
    logs = [read_log(entry.folder) for entry in entries]
    records = [run.read_provenance(entry.folder) if run.is_run(entry.folder) else {} for entry in entries]
    clock = terms.clock_of(entries, logs, [record["device"] for record in records if "device" in record])
    runs = [describe(*of_run, clock) for of_run in zip(entries, measured, logs, records)]
    threads = {row["provenance"]["threads"] for row in runs}
    labels = list(dict.fromkeys(run["label"] for run in runs))
    groups = [group(label, [r for r in runs if r["label"] == label]) for label in labels]
    first = entries[0].recipe
    found = {
        "format": FORMAT,
        "title": " and ".join([", ".join(labels[:-1]), labels[-1]]) if len(labels) > 1 else labels[0],
        "command": command,
        "made": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "data": measures.dataset.name,
        "data_sha256": measures.dataset.sha256,
        "train_items": len(measures.dataset.train),
        "heldout_items": len(measures.dataset.heldout),
        "samples": measures.samples,
        "minutes": first.minutes,
        "steps": None if first.minutes else first.steps,
        "clock": clock,
        "threads": threads.pop() if len(threads) == 1 else None,
        "settings": terms.settings(entries, labels),
        "groups": groups,
        "runs": runs,
        "floor": floor(runs),
        "best": {},
        "quality": next((name for name in QUALITY if any(name in g["metrics"] for g in groups)), None),
        "remarks": [*terms.remarks(entries, runs), *measures.remarks],
        "curves": {},
        "metric_curves": {},
    }
    for label in labels:
        alive = [(row, lines) for row, lines in zip(runs, logs) if row["label"] == label and row["status"] != "died"]
        found["curves"][label] = curves.of_log([lines for _, lines in alive if lines], clock)
        found["metric_curves"][label] = curves.of_scores([row["on_the_way"] for row, _ in alive])
    found["best"] = {name: best(groups, name) for name in found["floor"]}
    found["agreement"] = [agreement(r, found["quality"]) for r in runs if r["on_the_way"]]
    return found


def read_log(folder):
    try:
        return log.read(folder)
    except UserError:
        return []


def describe(entry, measured, lines, provenance, clock):
    """One run as a row: what it cost, what it reached, its critic's health, its grids. lines: of its log.

    minutes and steps_per_second are by `clock`, 'wall' or 'cpu'; seconds and cpu_seconds are both.
    """
    recipe = entry.recipe
    state = checkpoint.read_state(last_checkpoint(entry.folder)) if checkpoint.list_steps(entry.folder) else {}
    last = lines[-1] if lines else {}
    counted = state.get(budget.KEYS[clock], 0.0)
    values = measured[0] if measured else {}
    return {
        "label": entry.label,
        "model": recipe.model,
        "seed": recipe.seed,
        "folder": str(entry.folder),
        "status": entry.status,
        "message": entry.message,
        "reused": entry.reused,
        "steps": state.get("step", 0),
        "critic_steps": state.get("critic_steps", 0),
        "images_seen": state.get("critic_steps", 0) * recipe.batch_size,
        "minutes": counted / 60,
        "seconds": state.get("seconds", 0.0),
        "cpu_seconds": state.get("cpu_seconds", 0.0),
        "steps_per_second": state["step"] / counted if counted else None,
        "health": {name: last.get(name) for name in (*health_names(), "critic_loss", "generator_loss")},
        "verdict": verdict(state, recipe, entry),
        "metrics": {name: {k: row[k] for k in ("value", "deviation")} for name, row in values.items()},
        "floor": {name: {"value": row["floor"], "deviation": row["floor_deviation"]} for name, row in values.items()},
        "on_the_way": on_the_way(measured, lines, clock),
        "grids": grids(entry.folder, lines, clock),
        "provenance": {k: provenance.get(k) for k in ("command", "started", "commit", "paddle", "numpy", "python")}
        | {k: provenance.get(k) for k in ("device", "processor", "threads")},
    }


def health_names():
    return (
        "estimate",
        "estimate_heldout",
        "gradient_norm",
        "gradient_norm_std",
        "clipped_share",
        "d_real",
        "d_fake",
        "js_estimate",
    )


def verdict(state, recipe, entry):
    """The state of a run's critic in words."""
    if entry.status == "died":
        return "died"
    alarms = state.get("alarms") or {}
    if alarms.get("dead", 0) >= PATIENCE:
        return "dead: no gradient reaches the generator"
    if alarms.get("negative", 0) >= PATIENCE:
        return "estimate stayed negative"
    return "alive"


def on_the_way(measured, lines, clock):
    """Scores of a run's checkpoints in order: step, critic_steps, images_seen, minutes and the values."""
    scored = sorted((measured or ({}, {}))[1].items())
    kept = [(step, values) for step, values in scored if values]
    return [{**curves.at_step(lines, step, clock), **{k: row["value"] for k, row in values.items()}} for step, values in kept]


def grids(folder, lines, clock):
    """FRAMES of the run's saved grids, evenly through its training: {step, minutes, file}."""
    paths = sorted((Path(folder) / "samples").glob("step-*.png"))
    if not paths:
        return []
    chosen = [paths[round(i * (len(paths) - 1) / (FRAMES - 1))] for i in range(FRAMES)]
    steps = [int(path.stem.removeprefix("step-")) for path in chosen]
    minutes = [curves.at_step(lines, step, clock)["minutes"] for step in steps]
    return [{"step": s, "minutes": m, "file": path.name} for s, m, path in zip(steps, minutes, chosen)]


def group(label, runs):
    """Mean and deviation over the seeds that lived."""
    alive = [r for r in runs if r["status"] != "died"]
    names = list(dict.fromkeys(name for r in alive for name in r["metrics"]))
    rows = {}
    for name in names:
        values = [r["metrics"][name]["value"] for r in alive if r["metrics"].get(name, {}).get("value") is not None]
        if values:
            deviation = statistics.stdev(values) if len(values) > 1 else None
            rows[name] = {"mean": statistics.fmean(values), "deviation": deviation, "seeds": len(values)}
    return {
        "label": label,
        "seeds": [r["seed"] for r in runs],
        "died": len(runs) - len(alive),
        "steps": statistics.fmean(r["steps"] for r in runs),
        "minutes": statistics.fmean(r["minutes"] for r in runs),
        "metrics": rows,
    }


def floor(runs):
    """{value: {value, deviation}} of real held-out items: the same for all runs."""
    return {name: row for r in reversed(runs) for name, row in r["floor"].items()}


def best(groups, name):
    """Label of the group that is best in a value, None if its band (mean ± deviation) meets another's or is not known."""
    direction = metrics.direction(name)
    rows = [(g["label"], g["metrics"][name]) for g in groups if name in g["metrics"]]
    if not direction or len(rows) < 2 or any(row["deviation"] is None for _, row in rows):
        return None
    sign = 1 if direction == "lower" else -1
    rows.sort(key=lambda item: sign * item[1]["mean"])
    (label, first), *others = rows
    reach = sign * first["mean"] + first["deviation"]
    return label if all(reach < sign * row["mean"] - row["deviation"] for _, row in others) else None


def agreement(row, quality):
    """The critic's estimate beside quality at a run's checkpoints, the untrained one left out, and their rank correlation."""
    points = [
        {"step": line["step"], "estimate": line["critic_estimate"], "quality": line[quality]}
        for line in row["on_the_way"]
        if line["step"] > 0 and "critic_estimate" in line and quality in line
    ]
    pairs = [p["estimate"] for p in points], [p["quality"] for p in points]
    return {
        "label": row["label"],
        "seed": row["seed"],
        "points": points,
        "count": len(points),
        "correlation": curves.rank_correlation(*pairs),
    }

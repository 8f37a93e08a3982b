"""Scores of runs, checkpoints and files of images: computed, kept in metrics.json, shown as a table."""

import json
import time
from pathlib import Path

import metrics
from errors import UserError
from training.files import write_text

FORMAT = 1
# what must be equal for numbers of two evaluations to stand in one file
SETTINGS = ("data", "data_sha256", "samples", "seed", "network", "network_sha256", "batch_norm", "raw")


def score_checkpoint(path, dataset, names=None, samples=5000, seed=0, say=print, raw=False):
    """(step, values, record of settings, pairs) of a checkpoint's generator: see metrics.evaluate. Paddle must be started.

    values: {value: {value, deviation, floor, floor_deviation}}. pairs: samples nearest to training images beside these,
    uint8 2·8×C×H×W, or None. Samples are those that sample.py draws from the same seed, with batch norm's running
    statistics, from the averaged generator where there is one unless `raw`; they are rounded to 8 bits like the data.
    """
    from data.dataset import crop_to, to_uint8
    from reporting.samples import noise
    from training.sampling import generate
    from training.trainer import rebuild

    trainer, state = rebuild(path, raw)
    if tuple(state["shape"]) != dataset.shape:
        raise UserError(f"{path} makes items of shape {tuple(state['shape'])}, {dataset.name} has {dataset.shape}")
    began = time.monotonic()
    items = generate(trainer.sampler, noise(seed, samples, trainer.recipe.latent))
    took = time.monotonic() - began
    say(f"step {state['step']}: {samples:,} samples drawn in {took:.1f} s ({samples / took:,.0f} a second)")
    items = items if dataset.is_points else to_uint8(items)
    critic = critic_of(trainer, dataset.is_points)
    values = metrics.evaluate(items, dataset, names, seed=seed, critic=critic, say=say)
    batch_norm = "running statistics" if has_norm(trainer.sampler) else "none"
    settings = metrics.describe_settings(dataset, samples, seed) | {"batch_norm": batch_norm}
    if raw and trainer.recipe.ema:  # without an average there is nothing to tell apart
        settings["raw"] = True
    shown = None if dataset.is_points else crop_to(items, dataset.native_size)
    return state["step"], values, settings, closest_pairs(shown, dataset, values)


def has_norm(network):
    from models.networks.layers import has_batch_norm

    return has_batch_norm(network)


def critic_of(trainer, is_points):
    """The critic as a function from items (uint8 N×C×H×W, or points) to N outputs. Its batch norm, if it has any, sees
    batches of the recipe's size, as in training; nothing in it moves."""
    import numpy as np
    import paddle

    from data.dataset import to_unit

    def outputs(items):
        size, parts = trainer.recipe.batch_size, []
        with paddle.no_grad(), trainer.frozen_batch_norm_statistics():
            for start in range(0, len(items), size):
                batch = items[np.arange(start, start + size) % len(items)]  # the last one is filled up from the first
                batch = batch.astype(np.float32) if is_points else to_unit(batch)
                parts.append(trainer.critic(paddle.to_tensor(batch)).numpy())
        return np.concatenate(parts)[: len(items)]

    return outputs


def closest_pairs(images, dataset, values, count=8):
    """The samples nearest to a training image, each followed by it, if 'memorised' was measured: uint8 2·count×C×H×W."""
    if "memorised_share" not in values:
        return None
    import numpy as np

    from data.dataset import crop_to
    from metrics.memorised import nearest

    train = crop_to(dataset.train, dataset.native_size)
    some = images[:2000]
    distance, index = nearest(some, train)
    first = np.argsort(distance)[:count]
    return np.stack([some[first], train[index[first]]], 1).reshape(-1, *images.shape[1:])


def write_pairs(path, pairs):
    """Two columns of pictures: a sample, its nearest training image; four pairs a row."""
    from training import grids

    grids.save_png(path, grids.grid(pairs, columns=8))


def write(path, entries, settings):
    """Put scored checkpoints into metrics.json: {step: values}. What it holds under equal settings stays beside them."""
    path = Path(path)
    kept = {}
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
        if all(old["settings"].get(key) == settings.get(key) for key in SETTINGS):
            kept = {int(entry["step"]): entry["values"] for entry in old["results"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # none yet, or not one of ours: written anew
    for step, values in entries.items():
        kept[step] = {**kept.get(step, {}), **values}
    results = [{"step": step, "values": kept[step]} for step in sorted(kept)]
    text = json.dumps({"format": FORMAT, "settings": settings, "results": results}, indent=1, ensure_ascii=False)
    write_text(path, text + "\n")


def read(path):
    """metrics.json of a run: {step: values} and settings. Raises UserError."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return {int(entry["step"]): entry["values"] for entry in content["results"]}, content["settings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} cannot be read as metrics.json: {error}") from None


def table(values, title):
    """A rich table of values, and the line of class shares."""
    from rich.table import Table

    shown = Table(title=title, title_justify="left", header_style="bold")
    for heading in ("value", "better", "here", "±", "floor", "± floor"):
        shown.add_column(heading, justify="left" if heading in ("value", "better") else "right", no_wrap=True)
    for name, row in values.items():
        if not name.startswith("class_") or name == "class_kl":
            numbers = [row[key] for key in ("value", "deviation", "floor", "floor_deviation")]
            shown.add_row(name, metrics.direction(name), *map(in_digits, numbers))
    return shown


def class_line(values):
    """'classes 0–9, %: 9.8 …' or ''."""
    shares = [row["value"] for name, row in values.items() if name.startswith("class_") and name != "class_kl"]
    return f"classes 0–{len(shares) - 1}, %: " + " ".join(f"{100 * s:.1f}" for s in shares) if shares else ""


def in_digits(number):
    """Four significant digits, '–' for None."""
    if number is None:
        return "–"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def to_visualdl(folder, entries, raw=False):
    """Put values at their steps into the run's own VisualDL file, beside its estimate; a point that is there stays.

    raw: they are of the generator itself, not of its average, and get curves of their own.
    """
    import contextlib
    import io

    from training.records import open_records

    records = sorted(Path(folder).glob("vdlrecords.*.log"))
    if not records:
        return
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        from visualdl import LogReader

        reader = LogReader(file_path=str(records[0]))
        tags = reader.get_tags().get("scalar", [])
        writer = open_records(records[0])
        try:
            for name in sorted({name for values in entries.values() for name in values}):
                tag = f"{'metrics-raw' if raw else 'metrics'}/{name}"
                there = {point.id for point in reader.get_data("scalar", tag)} if tag in tags else set()
                for step, values in sorted(entries.items()):
                    if name in values and step not in there:
                        writer.add_scalar(tag, values[name]["value"], step)
        finally:
            writer.close()

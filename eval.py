"""Score a run, a checkpoint, or any images in an .npz: `python eval.py runs/wgan-mnist-5k-s0`."""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from rich.console import Console

import data
import metrics
from errors import UserError
from metrics import images
from reporting import console, score_store, scorer, table, visual
from reporting.numbers import in_digits
from storage import reading, writing
from training import checkpoint, grids, run, runtime


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.argument("source", metavar="RUN|CHECKPOINT|FILE.npz")
@click.option("--data", "data_name", metavar="NAME", help="Data to compare with; by default the run's own, mnist-5k for a file.")
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie; otherwise Paddle's cache, then a download.")
@click.option("--fit", metavar="HOW", help="crop or pad, for a file: how the pictures of folder:PATH became square.")
@click.option("--metrics", "names", metavar="A,B", help=f"Which of these: {', '.join(metrics.METRICS)}; by default all that fit.")
@click.option(
    "--samples",
    type=click.IntRange(2, 1_000_000),
    metavar="N",
    help=f"Samples that are scored, {scorer.SAMPLES} by default; at most ten draws of 1,000 count "
    "(of stacked-mnist one of 25,600).",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    metavar="S",
    help="Random seed of noise and draws.",
)
@click.option("--raw", is_flag=True, help="Samples of the generator itself, not of its average through training.")
@click.option("--every", is_flag=True, help="Score all checkpoints, into VisualDL too unless they are there; mark the best.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else, on stdout.")
@click.option("--out", metavar="DIR", help="Where metrics.json and memorised.png go, by default the run's folder.")
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, gpu or gpu:N.")
def main(source, data_name, data_dir, fit, names, samples, seed, raw, every, as_json, out, device):
    runtime.check_device(device)
    names = metrics.parse_names(names)
    is_file = Path(source).suffix.lower() == ".npz"
    if is_file and (every or raw):
        raise UserError(f"--{'every' if every else 'raw'} wants a run, not a file")
    if fit and not is_file:
        raise UserError("--fit is for files: a run says it itself")
    scored = of_file(source, data_name, fit) if is_file else of_run(source, data_name, every)
    folder, labels = scored.folder, scored.labels
    metrics.choose(names, scored.data_name, with_critic=not is_file, with_labels=scored.classes_known)
    target = Path(out) if out else None if scored.published else folder
    if target:
        writing.check_writable(target)
        if reading.is_file(target / "metrics.json"):
            score_store.read(target / "metrics.json")  # an error now rather than after the measuring
    if every and folder:
        click.get_current_context().with_resource(writing.lock(folder))  # a training writes to the same VisualDL file
        visual.check(folder)
    say = lambda line: print(line, file=sys.stderr if as_json else sys.stdout, flush=True)  # noqa: E731

    dataset = data.load(scored.data_name, data_dir, scored.image_size, scored.fit)
    items = read(source, dataset) if is_file else None
    if items is not None and labels is not None and not fits(labels, items, dataset):
        if any(metrics.METRICS[name].needs_labels for name in names or ()):
            raise UserError(
                f"{source}: labels of 0 to {len(dataset.classes) - 1} are wanted, one for each of {len(items):,} images"
            )
        labels = None  # of something else
    say(runtime.start(device))
    samples = samples or data.source(scored.data_name).samples
    file = target and target / "metrics.json"

    def keep(scores, settings):
        if file and (aside := score_store.write(file, scores, settings)):
            say(f"what {file} held was measured with other settings: it is {aside} now")

    if items is not None:
        if len(items) > samples:
            rows = subset(len(items), samples, seed)
            items, labels = items[rows], None if labels is None else labels[rows]
        scores = {0: metrics.evaluate(items, dataset, names, seed=seed, labels=labels, say=say)}
        settings = metrics.describe_settings(dataset, len(items), seed) | {"source": source}
        pairs = metrics.pairs_of(items, dataset, scores[0]) if target else {}
        keep(scores, settings)
    else:
        at_home = not target or (folder and os.path.realpath(target) == os.path.realpath(folder))
        whose = {} if at_home else {"source": str(folder or source)}  # a run's own folder need not say it
        known = score_store.read(file) if every and file and reading.is_file(file) else ({}, {})
        score = lambda path: scorer.score_checkpoint(path, dataset, names, samples, seed, raw, say)  # noqa: E731
        scores, settings, pairs = score_all(scored.paths, score, whose, known, keep, say)
    best = score_store.best(scores) if every else None
    if target:
        for name, pictures in pairs.items():
            grids.save_png(target / f"{name}.png", grids.grid(pictures))  # four pairs a row
        if file and every and folder and score_store.of_run(file, run.read_recipe(folder), raw)[0]:  # its own, of its own data
            visual.add_scores(folder, scores, settings.get("raw", False))
    if as_json:
        results = [{"step": None if is_file else step, "values": values} for step, values in scores.items()]
        answer = {"settings": settings, "results": results, "file": file and str(file), "best": best and best._asdict()}
        print(json.dumps(answer, ensure_ascii=False))
        return
    show(scores, settings, is_file, source, best, best is not None and leads_to(folder, best.step, raw))
    print(file or "nothing was written: --out DIR keeps these numbers in DIR/metrics.json")


class Scored(NamedTuple):
    """What is scored, as long as nothing but its head is read: a file, or checkpoints.

    folder: the run's, None where there is none. paths: the checkpoints. published: whether they are published weights. labels: of
    a file that has some, int N. classes_known: whether it is known of which class each sample is to be.
    """

    data_name: str
    image_size: int
    fit: str
    classes_known: bool
    labels: np.ndarray | None = None
    folder: Path | None = None
    paths: Sequence[Path] = ()
    published: bool = False


def of_file(source, data_name, fit):
    if not reading.is_file(source):
        raise UserError(f"{source} does not exist" if not Path(source).exists() else f"{source} is not a file")
    data_name, fit = data_name or "mnist-5k", fit or data.FITS[0]
    image_size = images.image_size(source, data.source(data_name))
    data.check_fit(data_name, fit)
    labels = images.read_labels(source)
    return Scored(data_name, image_size, fit, labels is not None, labels)


def of_run(source, data_name, every):
    """A run or a checkpoint. every: all of the run's checkpoints."""
    folder, path = run.find_checkpoint(source)
    paths, state = [path], checkpoint.read_state(path)
    published = checkpoint.is_published(state)
    if every:
        if folder is None or Path(source) != folder:
            raise UserError(f"--every wants a run's folder, {source} is a checkpoint")
        if published:
            raise UserError(f"{source} holds published weights, of one step: leave out --every")
        paths = [checkpoint.path_of(folder, step) for step in checkpoint.list_steps(folder)]
    recipe = run.recipe_of(path, state)
    data_name = data_name or recipe.data
    fit = recipe.fit if data.source(data_name).any_sides else data.FITS[0]
    return Scored(data_name, recipe.image_size, fit, recipe.conditional, None, folder, paths, published)


def read(path, dataset):
    """The items of an .npz in the data set's form: uint8 N×C×H×W, or float N×2."""
    if dataset.is_points:
        return images.read_points(path)
    return images.read_images(path, dataset.shape[0], dataset.shape[1], dataset.native_size)


def score_all(paths, score, whose, known, keep, say):
    """({step: values}, settings, the newest one's pairs) of checkpoints, kept one by one: they may be an hour's work.

    score: of scorer.score_checkpoint, of a path. whose: settings that are added. known: (scores, settings) of an earlier call;
    what it measured in the same way is not measured again. One of several that is damaged is passed over with a warning, as
    --resume does. Raises UserError if all are.
    """
    scores: dict[int, dict] = {}
    settings: dict = {}
    pairs: dict = {}
    errors: list[UserError] = []
    before, how = known
    for path in reversed(paths):  # the newest first, and always: it says how the others are measured, and in which values
        step = int(match[1]) if (match := checkpoint.NAME.fullmatch(path.name)) else -1
        names = set(scores[max(scores)]) if scores else set()
        if names and names <= set(before.get(step, ())) and all(how.get(k) == settings.get(k) for k in score_store.SETTINGS):
            scores[step] = {name: before[step][name] for name in scores[max(scores)]}
            say(f"step {step} was measured before")
            continue
        try:
            found = score(path)
        except UserError as error:
            errors.append(error)
            continue
        scores[found.step], settings, pairs = found.values, found.settings | whose, pairs or found.pairs
        keep({found.step: found.values}, settings)
    if errors and not scores:
        raise errors[0]
    for damaged in errors:
        console.warn(f"not scored: {damaged}")
    return dict(sorted(scores.items())), settings, pairs


def fits(labels, items, dataset):
    """Whether labels are one for each item, and of classes of the data set."""
    return len(labels) == len(items) and set(labels.tolist()) <= set(range(len(dataset.classes)))


def subset(count, wanted, seed):
    """Indices of `wanted` of `count` items, drawn at random."""
    return np.random.default_rng([seed, 3]).permutation(count)[:wanted]


def leads_to(folder, step, raw):
    """Whether sample.py --best draws from this step of a run: not where these scores went elsewhere or are of other data, say."""
    with contextlib.suppress(UserError):
        return scorer.best_checkpoint(folder, raw) == checkpoint.path_of(folder, step)
    return False


def show(scores, settings, is_file, source, best, again):
    out = Console(width=None if sys.stdout.isatty() else 110, highlight=False)
    for step, values in scores.items():
        name = source if is_file else f"{source}, step {step}" + (", raw" if settings.get("raw") else "")
        name += f", the best of {len(scores)} by {best.by}," if best and best.step == step else ""
        measured = {name for name, row in metrics.METRICS.items() if set(row.values) & set(values)}
        others = {name: n for name, n in settings.get("samples_a_draw_of", {}).items() if name in measured}
        draws = "; ".join([f"draws of {settings['samples_a_draw']:,}", *(f"{name}: of {n:,}" for name, n in others.items())])
        samples = f"{settings['samples']:,} samples"
        if most := settings.get("samples_that_count"):
            samples += f", of which {most:,} count"
        out.print(table.scores(values, f"{name} against {settings['data']}: {samples}, {draws}"))
        if line := table.class_shares(values):
            out.print(line)
    if best:
        line = f"best: step {best.step}, {best.by} {in_digits(best.value)}"
        if again:
            words = ["python", "sample.py", source, "--best", *(["--raw"] if settings.get("raw") else [])]
            line += f"; {shlex.join(words)} draws from it"
        out.print(line, markup=False, soft_wrap=True)
    out.print("real data: held-out items against the training items, as many a draw (docs/metrics.md); ±: standard deviation")


if __name__ == "__main__":
    console.run(main, prints=True)

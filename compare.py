"""Train models on equal terms, or take runs that are there, and compare them in one report: `python compare.py gan wgan`."""

from __future__ import annotations

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import contextlib
import sys
from pathlib import Path

import click
from rich.console import Console

import data
import metrics
from errors import Interrupted, UserError, one_of
from models import networks
from reporting import console, visual
from reporting.progress import MultiRunProgress
from reporting.scorer import SAMPLES, Scorer
from reporting.words import FORMS, LANGUAGES
from storage import writing
from training import budget, children, comparison, launch, run_comparison, runtime
from training import recipe as recipes


class Command(click.Command):
    """--network takes several names: `--network dcgan mlp` reads as `--network dcgan --network mlp`.

    dcgan is a model as well: behind another network the word could mean either, and is an error.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        for word in args:
            several = word in networks.NETWORKS and spread[-2:-1] == ["--network"]
            if several and word in recipes.names():
                raise UserError(
                    f"--network {spread[-1]} {word}: is {word} a model or a network here? Name models before --network, and "
                    f"the network as --network {word}"
                )
            spread += ["--network", word] if several else [word]
        return super().parse_args(ctx, spread)


MINUTES = "Instead of --steps: CPU minutes for each training; on a GPU, minutes by the clock."


def default(setting):
    return f"{comparison.IMAGES[setting]:,} by default, of points {comparison.POINTS[setting]:,}"


@click.command(cls=Command, help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.argument("names", nargs=-1, metavar="MODEL|RUN…")
@click.option("--network", "chosen", multiple=True, metavar="NAME…", help="One for all models, or several; dcgan by default.")
@click.option("--data", "source", metavar="NAME", help="Names as in train.py --help; mnist-5k by default.")
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie; otherwise Paddle's cache, then a download.")
@click.option("--seeds", type=click.IntRange(1, 100), metavar="N", help="Trainings a model, with seeds 0 to N − 1; 3 by default.")
@click.option("--steps", type=int, metavar="N", help=f"Generator steps a training; {default('steps')}.")
@click.option("--minutes", type=float, metavar="M", help=MINUTES)
@click.option("--batch-size", type=int, metavar="N", help=f"Samples a step; {default('batch_size')}.")
@click.option(
    "-o",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any setting (docs/settings.md) for all models; MODEL.KEY=VALUE for one, such as wgan.clip=0.1.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Trainings at a time, with one thread each; by default as many as there are cores. 1, the default on a GPU: one after "
    "another, with all threads.",
)
@click.option("--metrics", "wanted", metavar="A,B", help="Names as in eval.py --help; by default all that fit.")
@click.option(
    "--samples",
    type=click.IntRange(2, 1_000_000),
    metavar="N",
    help=f"Samples that are scored, {SAMPLES} by default; at most ten draws of 1,000 count (of stacked-mnist one of 25,600).",
)
@click.option("--out", metavar="DIR", help="Folder of the comparison; by default a name under compare/.")
@click.option("--name", "own_name", metavar="NAME", help="Folder compare/NAME; an error if another comparison has that name.")
@click.option("--list", "listing", is_flag=True, help="Show the comparisons that there are, and who is ahead; nothing else.")
@click.option("--figures", type=click.Choice(FORMS), help="Figures and tables for a paper as well, in figures/.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the report and of --figures; by default the system's.")
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, gpu or gpu:N.")
@click.option("--score-only", is_flag=True, hidden=True)  # what this command starts for each run, side by side
def main(
    names,
    chosen,
    source,
    data_dir,
    seeds,
    steps,
    minutes,
    batch_size,
    overrides,
    jobs,
    wanted,
    samples,
    out,
    own_name,
    listing,
    figures,
    lang,
    device,
    score_only,
):
    if listing:
        return show_list(names)
    if out and own_name is not None:
        raise UserError("--out and --name exclude one another")
    children.follow_parent()
    runtime.check_device(device)
    launch.check_alone()
    for name in chosen:
        if name not in networks.NETWORKS:
            raise one_of("network", name, networks.NETWORKS)
    flags = {"data": source, "batch_size": batch_size}
    common, own = split(overrides)
    settings = {**common, **{key: value for key, value in flags.items() if value is not None}}
    settings = budget.settings(settings, steps, minutes)
    default_jobs = 1 if runtime.takes_gpu(device) else runtime.cores()
    entries = comparison.plan(names, list(dict.fromkeys(chosen)), settings, own, seeds, runtime.clock(device))
    recipe = entries[0].recipe
    sources = {(entry.recipe.data, entry.recipe.fit) for entry in entries}
    if len(sources) > 1:
        several = ", ".join(name if fit == "crop" else f"{name} (fit={fit})" for name, fit in sorted(sources))
        raise UserError(f"runs on different data cannot be compared: {several}")
    wanted = metrics.parse_names(wanted)
    metrics.choose(wanted, recipe.data, with_critic=True, with_labels=any(entry.recipe.conditional for entry in entries))
    folder = Path() if score_only else comparison.folder_for(out, entries, own_name)

    datasets = load_each_size(entries, data_dir)
    dataset = datasets[recipe.image_size]
    if any(entry.recipe.conditional for entry in entries):
        dataset.class_counts()  # an error now rather than in the first training
    scorer = Scorer(dataset, wanted, samples, device, say=print, sized=datasets)
    if score_only:
        scorer.score(names[0])
        return 0
    for entry in entries:
        if entry.given:
            scorer.is_scored(entry.folder)  # a damaged metrics.json is an error now rather than after the trainings
    if device.startswith("gpu"):
        runtime.start(device)  # an error, if there is none, before anything is written
    passed_on = {"--metrics": wanted and ",".join(wanted), "--samples": samples, "--data-dir": data_dir, "--device": device}
    words = [word for name, value in passed_on.items() if value for word in (name, value)]
    with writing.lock(folder):
        digests = {size: own.sha256 for size, own in datasets.items()}
        comparison.assign_folders(folder, entries, digests, dataset.labels_sha256)
        comparison.write_record(folder, entries)
        return carry_out(folder, entries, scorer, words, data_dir, device, lang, figures, jobs or default_jobs)


def load_each_size(entries, data_dir):
    """{image_size: the data set}. Raises UserError where metrics, too, would see pictures of different sizes."""
    recipe, sizes = entries[0].recipe, dict.fromkeys(entry.recipe.image_size for entry in entries)
    datasets = {size: data.load(recipe.data, data_dir, size, recipe.fit) for size in sizes}
    if len({dataset.native_size or dataset.shape for dataset in datasets.values()}) > 1:  # digits have 28 pixels at any
        several = ", ".join(map(str, sorted(sizes)))
        raise UserError(f"runs of different image_size cannot be compared on {recipe.data}: {several} pixels")
    return datasets


def show_list(names):
    if names:
        raise UserError("--list shows the comparisons that there are; it takes no models")
    from reporting import listing  # here: scipy would take a second of --help

    if found := listing.rows():
        Console(width=None if sys.stdout.isatty() else 150, highlight=False).print(listing.table(found))
    else:
        print(f"no comparisons in {comparison.ROOT}/ yet")
    return 0


def split(pairs):
    """-o's pairs as (settings of all, {model: settings})."""
    common: list[str] = []
    own: dict[str, dict] = {}
    for pair in pairs:
        model, dot, rest = pair.partition(".")
        if dot and model in recipes.names():
            own.setdefault(model, {}).update(recipes.parse_overrides([rest]))
        elif dot and "=" not in model:
            raise one_of("model in -o", model, recipes.names())
        else:
            common.append(pair)
    return recipes.parse_overrides(common), own


def carry_out(out, entries, scorer, flags, data_dir, device, lang, figures, jobs):
    """Train what is missing, score everything, write the report; returns the exit status.

    flags: of the command that scores. figures: the format of those for print, None for none.
    """
    waiting, dead = (sum(entry.status == status for entry in entries) for status in ("waiting", "died"))
    there = f"{len(entries)} run{'s' if len(entries) > 1 else ''}, {len(entries) - waiting - dead} of them there already"
    if dead:
        there += f", {dead} died before"
        if any(entry.status == "died" and entry.recipe.on_nan == "stop" for entry in entries):
            there += " and will not be tried again without -o on_nan=rollback"
    print(f"{there} → {out}")
    progress = MultiRunProgress(entries, max(1, min(jobs, waiting)))

    def scoring(entry):
        done = scorer.is_scored(entry.folder)
        return None if done else [sys.executable, Path(__file__).resolve(), entry.folder, "--score-only", *flags]

    with contextlib.closing(progress):  # to the end: what comes after the trainings takes minutes, too
        try:
            run_comparison.train(out, entries, data_dir, device, jobs, progress, scoring, console.command())
        except Interrupted as stop:
            progress.close()
            print("interrupted: checkpoints are saved; the same command goes on from there", file=sys.stderr)
            print(out)
            return stop.status
        scores = [score(entry, scorer, progress) for entry in entries]
        progress.draw()

        from reporting import collect, page_words, report  # here: matplotlib and scipy would take a second of --help

        results = collect.collect_results(entries, scores, scorer, console.command())
        results["visualdl"] = visual.command(out, entries)
        lang = lang or page_words.by_locale()
        path = report.write(out, results, lang)
    if figures:
        from reporting.figures import printed

        for line in printed.write(out / "figures", report.finite(results), figures, lang):
            console.warn(line)
        print(f"figures and tables for print: {out / 'figures'}")
    print(f"curves of all runs: {results['visualdl']}")
    print(path)
    return 0


def score(entry, scorer, progress):
    """As Scorer.score, None of a run that died."""
    if entry.status == "died":
        return None
    found = scorer.score(entry.folder)
    progress.scored(entry)
    return found


if __name__ == "__main__":
    console.run(main)

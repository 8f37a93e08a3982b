"""Train several models on equal terms, or take runs that are there, and put them side by side in one report."""

import sys
from pathlib import Path

import click

import data as sources
from errors import Interrupted, UserError
from models import networks
from reporting import console
from training import children, runtime
from training import recipe as recipes


class Command(click.Command):
    """--network takes several names: `--network dcgan mlp` reads as `--network dcgan --network mlp`."""

    def parse_args(self, context, arguments):
        spread, several = [], False
        for word in arguments:
            first = bool(spread) and spread[-1] == "--network"
            several = word == "--network" or (several and (first or word in networks.NETWORKS))
            spread += ["--network", word] if several and not first and word != "--network" else [word]
        return super().parse_args(context, spread)


@click.command(cls=Command, help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.argument("names", nargs=-1, metavar="MODEL|RUN…")
@click.option("--network", "chosen", multiple=True, metavar="NAME…", help="One for all models, or several; dcgan by default.")
@click.option("--data", metavar="NAME", help="As train.py's; mnist-5k by default.")
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie; otherwise Paddle's cache, then a download.")
@click.option("--seeds", type=click.IntRange(1, 100), metavar="N", help="Trainings a model, with seeds 0 to N − 1; 3 by default.")
@click.option("--steps", type=int, metavar="N", help="Generator steps a training; 3,000 by default.")
@click.option("--minutes", type=float, metavar="M", help="Instead of steps: CPU minutes a training; on a GPU, minutes.")
@click.option("--batch-size", type=int, metavar="N", help="Samples a step.")
@click.option("-o", "overrides", multiple=True, metavar="KEY=VALUE", help="Any setting for all models; MODEL.KEY=VALUE for one.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Trainings at a time, one thread each; by default one a core (on a GPU 1). 1: one after another, all threads.",
)
@click.option("--metrics", metavar="A,B", help="As eval.py's; by default all that fit.")
@click.option("--samples", type=click.IntRange(2, 1_000_000), metavar="N", help="Samples that are scored; 5,000 by default.")
@click.option("--out", metavar="DIR", help="Folder of the comparison; by default a name under compare/.")
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, gpu or gpu:N.")
@click.option("--score-only", is_flag=True, hidden=True)  # what this command starts for each run, side by side
def main(
    names, chosen, data, data_dir, seeds, steps, minutes, batch_size, overrides, jobs, metrics, samples, out, device, score_only
):
    children.follow_parent()
    runtime.check_device(device)
    for name in chosen:
        if name not in networks.NETWORKS:
            raise UserError(f"--network {name}: allowed are {', '.join(networks.NETWORKS)}")
    if steps is not None and minutes is not None:
        raise UserError("--steps and --minutes exclude one another")
    flags = {"data": data, "steps": steps, "minutes": minutes, "batch_size": batch_size}
    everybody, own = split(overrides)
    settings = {**everybody, **{key: value for key, value in flags.items() if value is not None}}
    if "steps" in settings and "minutes" not in settings:
        settings["minutes"] = None
    from training import comparison

    # a neighbour on the machine takes none of a training's CPU minutes; a GPU's work is not in them
    clock, most = ("wall", 1) if runtime.takes_gpu(device) else ("cpu", runtime.cores())
    entries = comparison.plan(names, list(dict.fromkeys(chosen)), settings, own, seeds, clock)
    if len({entry.recipe.data for entry in entries}) > 1:
        raise UserError("runs on different data do not compare: " + ", ".join(sorted({e.recipe.data for e in entries})))
    wanted = check_metrics(metrics, entries[0].recipe.data)
    out = comparison.folder_for(out, entries) if not score_only else None

    dataset = sources.load(entries[0].recipe.data, data_dir, entries[0].recipe.image_size)
    if score_only:
        from reporting.scorer import Scorer

        Scorer(dataset, wanted, samples, device).of(names[0])
        return 0
    if device.startswith("gpu"):
        runtime.start(device)  # refused before anything is written
    comparison.place(out, entries, dataset.sha256)
    comparison.record(out, entries)
    return carry_out(out, entries, dataset, wanted, samples, data_dir, device, jobs or most)


def split(pairs):
    """-o's pairs as (settings of all, {model: settings})."""
    own = {}
    for pair in pairs:
        model, dot, rest = pair.partition(".")
        if dot and model in recipes.names():
            own.setdefault(model, {}).update(recipes.parse_overrides([rest]))
    return recipes.parse_overrides([pair for pair in pairs if pair.partition(".")[0] not in recipes.names()]), own


def check_metrics(names, data):
    """--metrics as a list, or None. Raises UserError."""
    import metrics

    names = [name.strip() for name in names.split(",") if name.strip()] if names is not None else None
    if names == []:
        raise UserError(f"--metrics is empty: allowed are {', '.join(metrics.METRICS)}")
    metrics.choose(names, data, with_critic=True)
    return names


def carry_out(out, entries, dataset, names, samples, data_dir, device, jobs):
    """Train what is missing, score everything, write the report; returns the exit status."""
    from reporting.progress import MultiRunProgress
    from reporting.scorer import Scorer
    from training import run_comparison

    waiting = sum(entry.status == "waiting" for entry in entries)
    there = len(entries) - waiting
    print(f"{len(entries)} run{'s' if len(entries) > 1 else ''}, {there} of them there already → {out}")
    measures = Scorer(dataset, names, samples, device)
    progress = MultiRunProgress(entries, max(1, min(jobs, waiting)))
    flags = {"--metrics": names and ",".join(names), "--samples": samples, "--data-dir": data_dir, "--device": device}
    flags = [word for name, value in flags.items() if value for word in (name, value)]

    def scoring(entry):
        known = measures.has(entry.folder)
        return None if known else [sys.executable, Path(__file__).resolve(), entry.folder, "--score-only", *flags]

    try:
        run_comparison.train(out, entries, data_dir, device, jobs, progress, scoring, console.command())
    except Interrupted as stop:
        print("interrupted: checkpoints are saved; the same command goes on from there", file=sys.stderr)
        print(out)
        return stop.status
    finally:
        progress.close()

    measured = [measures.of(entry.folder) if entry.status != "died" else None for entry in entries]

    from reporting import collect, report, visual

    results = collect.results(entries, measured, measures, console.command())
    results["visualdl"] = visual.command(out, entries)
    path = report.write(out, results)
    print(f"curves of all runs: {results['visualdl']}")
    print(path)
    return 0


if __name__ == "__main__":
    console.run(main)

"""Train a GAN, DCGAN, LSGAN, WGAN or WGAN-GP: `python train.py --model wgan`."""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import sys

import click

import data as data_sets
from errors import Interrupted, UserError
from models import networks
from reporting import console
from storage import writing
from training import budget, children, launch, run, runtime
from training import recipe as recipes

POINTS_TAKE = f"Points take {', '.join(name for name, row in networks.NETWORKS.items() if row.points)}."
MINUTES = "Instead of --steps: CPU minutes, all threads together; on a GPU, minutes by the clock."


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--model", metavar="NAME", help=f"Recipe of configs/: {', '.join(recipes.names())}.")
@click.option("--network", metavar="NAME", help=f"{', '.join(networks.NETWORKS)}; any goes with any model. {POINTS_TAKE}")
@click.option("--data", metavar="NAME", help=f"{', '.join(data_sets.SOURCES)}; mnist-5k needs no download.")
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie; otherwise Paddle's cache, then a download.")
@click.option("--steps", type=int, metavar="N", help="Generator steps; by default the recipe's.")
@click.option("--minutes", type=float, metavar="M", help=MINUTES)
@click.option("--batch-size", type=int, metavar="N", help="Samples a step; by default the recipe's.")
@click.option("--seed", type=int, metavar="S", help="Random seed of weights, noise and data order; by default the recipe's.")
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, gpu or gpu:N.")
@click.option(
    "--processes",
    default="1",
    show_default=True,
    metavar="N",
    help="Processes that share each batch; auto is 1 (docs/performance.md).",
)
@click.option("--amp", is_flag=True, default=None, help="Products in bfloat16, on a GPU (A100 or newer).")
@click.option("--on-nan", metavar="HOW", help="At a number that is not finite: stop (default), or rollback to a checkpoint.")
@click.option("--config", metavar="FILE", help="A recipe in YAML, a run's config.yaml among them, instead of --model.")
@click.option(
    "-o",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any setting of the recipe, such as clip=0.1; may be repeated. docs/settings.md lists them.",
)
@click.option("--out", metavar="DIR", help="Folder of the run; by default the next free name under runs/.")
@click.option("--resume", is_flag=True, help="Go on in --out from its newest good checkpoint (from the start if it has none).")
def main(model, config, steps, minutes, data_dir, device, processes, overrides, out, resume, **settings):
    children.follow_parent()
    runtime.check_device(device)
    launch.is_worker()  # an error, if the variables of a launcher are none
    given = recipes.parse_overrides(overrides)
    if resume and not out:
        raise UserError("--resume needs --out, the folder of the run to go on with")
    if model and config:
        raise UserError("--model and --config exclude one another")
    begun = resume and run.is_run(out)
    clock = None
    if minutes is not None:  # a run that had some goes on by its own clock
        own = run.read_recipe(out) if begun else None
        clock = own.clock if own and own.minutes else runtime.clock(device)
    # the other options are settings of the recipe, under their own names
    settings = {**given, **{key: value for key, value in settings.items() if value is not None}}
    settings = budget.settings(settings, steps, minutes, clock)
    recipe = recipes.load(model, config, settings) if model or config else None
    if begun:
        recipe = run.continued_recipe(out, recipe, settings)
    elif resume and not recipe and not launch.leads():
        raise UserError(f"{out} is no run here: on --resume its folder must lie on a disk that all hosts share")
    elif not recipe:
        none = f"{out} is no run to go on with; to begin one, " if resume else ""
        raise UserError(f"{none}--model NAME is missing: one of {', '.join(recipes.names())}")
    elif out and writing.holds_something(out) and launch.leads():  # the first process may have begun it already
        raise UserError(
            f"--out {out} holds something already; name another folder" + (", or add --resume" if run.is_run(out) else "")
        )
    name = run.default_name(recipe, recipes.default_network(recipe))
    folder = out or writing.next_free("runs", name)
    writing.check_writable(folder)
    if not out and launch.leads() and (stopped := run.stopped_before(folder, name)):
        print(f"{stopped} was stopped before its end: --out {stopped} --resume goes on with it; this is another run, {folder}")
    number = launch.count(processes, recipe, device)
    if number > 1 and not launch.is_worker():
        return launch.run(number, [*sys.argv, "--out", str(folder)], device)

    from training import session  # Paddle is imported in there, after all arguments are right

    try:
        session.train(recipe, folder, data_dir, device, resume, console.Console(given), console.command())
        status = 0
    except Interrupted as stop:
        print(stop, file=sys.stderr)
        status = stop.status
    if launch.leads():
        print(folder)
    return status


if __name__ == "__main__":
    console.run(main)

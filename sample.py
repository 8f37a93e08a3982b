"""Draw samples from a run or a checkpoint: `python sample.py runs/wgan-mnist-5k-s0`.

A grid, an .npz, single PNG files, an interpolation or a film.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import os
from pathlib import Path

import click
from click.core import ParameterSource

from errors import UserError
from reporting import console, onnx, samples, scorer
from storage import writing
from training import checkpoint, run, runtime

OF_SAMPLES = ("count", "seed", "out", "interpolate", "classes", "grid", "clear")  # of --export they say nothing
NOT_OF_A_TRAINING = {
    "raw": "which are the average's where there is one",
    "best": "of all its steps",
    "seed": "of one noise",
    "count": "as many samples as it saved",
    "classes": "all of its classes in order",
    "grid": "all of its classes in order",
}


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.argument("source", metavar="RUN|CHECKPOINT")
@click.option(
    "--n",
    "count",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help=samples.HOW_MANY,
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, metavar="S", help=samples.NOISE)
@click.option("--out", metavar="FILE", help=f"{samples.in_words()}. By default a PNG in the run's folder.")
@click.option("--interpolate", is_flag=True, help="Rows of 8 steps along great circles between pairs of noises.")
@click.option("--classes", metavar="A,B", help=samples.CHOSEN)
@click.option("--grid", type=click.Choice(["classes"]), help=samples.TABLE)
@click.option("--clear", is_flag=True, help=samples.CLEAR)
@click.option("--best", is_flag=True, help="From the run's best checkpoint, by what eval.py --every measured.")
@click.option("--raw", is_flag=True, help="From the generator itself, not from its average through training.")
@click.option("--export", "target", metavar="DIR", help="Write the generator there for Paddle Inference, instead of samples.")
@click.option("--pdparams", is_flag=True, help="With --export: its weights as .pdparams too.")
@click.option("--onnx", "with_onnx", is_flag=True, help="With --export: as .onnx too (requirements-onnx.txt).")
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, gpu or gpu:N.")
def main(source, count, seed, out, interpolate, classes, grid, clear, best, raw, target, pdparams, with_onnx, device):
    runtime.check_device(device)
    if (pdparams or with_onnx) and not target:
        raise UserError(f"--{'pdparams' if pdparams else 'onnx'} goes with --export DIR")
    given = click.get_current_context().get_parameter_source
    if target and any(given(name) is ParameterSource.COMMANDLINE for name in OF_SAMPLES):
        options = ", ".join(f"--{name.replace('count', 'n')}" for name in OF_SAMPLES)
        raise UserError(f"--export writes the generator, no samples: leave out {options}")
    if grid and interpolate:
        raise UserError("--grid and --interpolate exclude one another")
    folder, path = run.find_checkpoint(source)
    if best:
        if folder is None or Path(source) != folder:
            raise UserError(f"--best wants a run's folder, {source} is a checkpoint")
        path = scorer.best_checkpoint(folder, raw)
    if target:
        return export(path, raw, target, pdparams, with_onnx, device)
    if out is None:
        what = "interpolation" if interpolate else grid or "samples"
        one = path.name if folder is not None and Path(source) != folder else ""  # of several in one folder
        name = samples.picture_name(seed, what, classes, "best" if best else "", "raw" if raw else "", one)
        out = (folder or path) / name
    kind = samples.kind_of(out, clear=clear)
    if kind in samples.FILMS and not interpolate:
        for name, why in NOT_OF_A_TRAINING.items():
            if given(name) is ParameterSource.COMMANDLINE:
                raise UserError(f"--{name.replace('count', 'n')}: a film of the training is made of a run's saved grids, {why}")
        if folder is None:
            raise UserError(f"{source} is a checkpoint without its run: a film of the training is made of a run's saved grids")
        samples.write_training(folder, out)
    else:
        known = checkpoint.read_state(path)
        chosen = samples.chosen_classes(classes, bool(grid), known["classes"], source)
        count = samples.how_many(count, known["shape"])
        runtime.start(device)
        from training.trainer import rebuild  # here: nothing may import Paddle before runtime.start

        trainer, state = rebuild(path, raw)
        samples.write(trainer, state, Path(out), kind, count, seed, interpolate, chosen, bool(grid))
    print(out)
    return 0


def export(path, raw, target, pdparams, with_onnx, device):
    """--export: the generator of a checkpoint as a graph in the folder `target`."""
    if writing.holds_something(target):
        raise UserError(f"--export {target} holds something already; name another folder")
    writing.check_writable(target, "--export")
    if with_onnx:
        onnx.check_installed()
    os.environ.setdefault("GLOG_minloglevel", "2")  # Paddle's executor announces itself otherwise
    runtime.start(device)
    from reporting import export
    from training.trainer import rebuild

    trainer, state = rebuild(path, raw)
    paths, difference = export.write(trainer, state, target, pdparams, with_onnx)
    print(", ".join(each.name for each in paths) + f"; loaded back, the outputs agree to {difference:.1e}")
    print(target)
    return 0


if __name__ == "__main__":
    console.run(main)

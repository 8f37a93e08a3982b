"""Alignment with PyTorch in the form of Paddle's reproduction contest: pairs of arrays and logs of their differences.

It stands among the tests because it compares with what they compare with: PyTorch's networks, losses and training there.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import contextlib
import logging
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import click
import numpy as np

from errors import UserError
from reporting import console
from storage import writing
from training import recipe as recipes
from training import runtime

MODELS = ("wgan-paper", "wgan-gp-paper")  # both dcgan, with the papers' constants
# arrays whose differences are divided by the mean size of PyTorch's: those of trained networks, which are of any size
RELATIVE = ("forward_trained", "loss_trained", "bp_align_trained", "train_align", "rounding", "train_align_float64")
ALLOWED = {  # mean difference of each array
    "forward": 1e-6,
    "loss": 1e-6,
    "bp_align": 1e-6,
    "train_align": 0.1,
    "forward_trained": 1e-5,
    "metric": 1e-4,
    "loss_trained": 1e-5,
    "bp_align_trained": 1e-3,
    "train_align_float64": 1e-5,
    "rounding": 0.1,
}
PHASES = (0, 10, 50, 100)  # generator steps after which a new array of losses begins: how differences grow
IN_FLOAT64 = 20  # generator steps: later what Paddle keeps in float32 even there, the networks' constants, has grown too
SAMPLES = 2000  # that the metrics compare
HEAD = "| model | compared | arrays | mean difference | allowed | relative to their size |\n| --- | --- | --- | --- | --- | --- |"


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--out", metavar="DIR", required=True, help="Folder of the arrays and logs, one below it for each model.")
@click.option("--model", type=click.Choice(MODELS), help="One of the two alone.")
@click.option("--steps", type=click.IntRange(1), default=200, show_default=True, metavar="N", help="Generator steps of training.")
def main(out, model, steps):
    check_packages()
    writing.check_writable(out)
    print(runtime.start("cpu"))
    for name in [model] if model else MODELS:
        folder = Path(out) / name
        table = "\n".join([HEAD, *write(recipes.load(name), folder, steps)])
        writing.write_text(folder / "differences.md", table + "\n")
        print(table)
    print(out)


def check_packages():
    """Raise UserError unless PyTorch, torchmetrics and reprod_log are installed."""
    for package in ("torch", "torchmetrics", "reprod_log"):
        if find_spec(package) is None:
            raise UserError(f"{package} is missing: pip install -r requirements-alignment.txt")


def write(recipe, folder, steps, samples=SAMPLES):
    """Compare everything for a recipe, and write it below `folder`. Returns the rows of the table, one a comparison."""
    from tests.alignment import aligned

    rows = []

    def compare(name, pair):
        rows.append(f"| `{recipe.model}` | `{name}` | {write_pair(folder, name, *pair)} |")

    twins = aligned.Twins(recipe)
    compare("forward", aligned.forward(twins))  # as the contest asks: fresh weights, evaluation mode
    with aligned.evaluation(twins):
        losses, gradients = aligned.loss_and_backward(twins)
    compare("loss", losses)
    compare("bp_align", gradients)

    twins = aligned.Twins(recipe)
    losses, _ = aligned.train(twins, steps)
    losses = [in_phases(of_one, steps) for of_one in losses]
    compare("train_align", losses)
    twins.copy_weights()
    compare("forward_trained", aligned.forward(twins))
    compare("metric", aligned.metric(twins, samples))
    trained_losses, gradients = aligned.loss_and_backward(twins)  # in training mode, as they are used
    compare("loss_trained", trained_losses)
    compare("bp_align_trained", gradients)

    double, weights = aligned.train(aligned.Twins(recipe, "float64"), min(steps, IN_FLOAT64))
    compare("train_align_float64", [one | other for one, other in zip(double, weights, strict=True)])
    compare("rounding", [losses[1], in_phases(aligned.train_from_next_numbers(aligned.Twins(recipe), steps), steps)])
    return rows


def in_phases(losses, steps):
    """{name: losses of all steps} cut into phases."""
    ends = [*(end for end in PHASES if end < steps), steps]
    return {
        f"{name}_steps_{start + 1}_{end}": values[start * len(values) // steps : end * len(values) // steps]
        for name, values in losses.items()
        for start, end in pairwise(ends)
    }


def write_pair(folder, name, ours, theirs):
    """NAME_paddle.npy, NAME_torch.npy and NAME_diff.log of two {name: array}; returns what a row of the table says of them.

    The pair of `rounding` is PyTorch's alone: NAME_torch.npy and NAME_torch_next.npy.
    """
    from reprod_log import ReprodDiffHelper, ReprodLogger

    sizes = {key: float(np.abs(array).mean()) or 1.0 for key, array in theirs.items()}
    ends = ("torch", "torch_next") if name == "rounding" else ("paddle", "torch")
    paths = [str(folder / f"{name}_{end}.npy") for end in ends]
    for path, arrays in zip(paths, (ours, theirs), strict=True):
        log = ReprodLogger()
        for key, array in arrays.items():
            log.add(key, np.asarray(array / sizes[key]) if name in RELATIVE else array)
        log.save(path)
    helper = ReprodDiffHelper()
    helper.compare_info(*map(helper.load_info, paths))
    with own_handlers():
        helper.report(diff_threshold=ALLOWED[name], path=str(folder / f"{name}_diff.log"))
    means = {key: float(difference["mean"]) for key, difference in helper.diff_dict.items()}
    relative = max(mean if name in RELATIVE else mean / sizes[key] for key, mean in means.items())
    return f"{len(means)} | {max(means.values()):.1e} | {ALLOWED[name]:.0e} | {relative:.1e}"


@contextlib.contextmanager
def own_handlers():
    """reprod_log adds handlers to the root logger and leaves them there: the next report would go to this one's file too."""
    logger = logging.getLogger()
    handlers, level = logger.handlers, logger.level
    logger.handlers = []
    try:
        yield
    finally:
        for handler in logger.handlers:
            handler.close()
        logger.handlers = handlers
        logger.setLevel(level)


if __name__ == "__main__":
    console.run(main)

"""Milliseconds of the processor's time for resnet's convolutions, forward and with both gradients, on one thread.

    python -m benchmarks.convolutions

Batches of 64. Ours a few samples at a time and all at once, Paddle's, PyTorch's where it is installed; beside a pool or an
up-sampling, which the others do as such. They take turns; medians over the rounds.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec

import click
import numpy as np

from errors import UserError
from reporting import console
from training import runtime

BATCH, FILTERS, ROUNDS = 64, 32, 9
ROWS = (("", 32), ("", 16), ("", 8), ("and mean", 32), ("and mean", 16), ("after up-sampling", 32), ("after up-sampling", 16))


def ours(kind: str, x: np.ndarray, weight: np.ndarray) -> dict[str, Callable[[], object]]:
    """{step: what does it} by models/networks/patches.py. x: N×C×H×W; weight: C×C×3×3."""
    import paddle

    from models.networks.patches import adjoint, convolve, doubling, halving, same

    a, w = paddle.to_tensor(x.transpose(0, 2, 3, 1)), paddle.to_tensor(weight)
    forward = {
        "": lambda: convolve(a, same(w)),
        "and mean": lambda: convolve(a, halving(w)),
        "after up-sampling": lambda: adjoint(a, doubling(w)),
    }[kind]
    return steps_of(forward, paddle, a, w)


def paddles(kind: str, x: np.ndarray, weight: np.ndarray) -> dict[str, Callable[[], object]]:
    """The same by Paddle's own operators."""
    import paddle
    import paddle.nn.functional as F

    a, w = paddle.to_tensor(x), paddle.to_tensor(weight)
    forward = {
        "": lambda: F.conv2d(a, w, padding=1),
        "and mean": lambda: F.avg_pool2d(F.conv2d(a, w, padding=1), 2),
        "after up-sampling": lambda: F.conv2d(F.interpolate(a, scale_factor=2, mode="nearest"), w, padding=1),
    }[kind]
    return steps_of(forward, paddle, a, w)


def steps_of(forward, paddle, *inputs):
    for each in inputs:
        each.stop_gradient = False
    outside = paddle.no_grad()(forward)
    return {"forward": outside, "with gradients": lambda: paddle.grad(forward().sum(), inputs)}


def pytorchs(kind: str, x: np.ndarray, weight: np.ndarray) -> dict[str, Callable[[], object]]:
    """The same by PyTorch's."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(1)
    a, w = torch.from_numpy(x).requires_grad_(), torch.from_numpy(weight).requires_grad_()
    forward = {
        "": lambda: F.conv2d(a, w, padding=1),
        "and mean": lambda: F.avg_pool2d(F.conv2d(a, w, padding=1), 2),
        "after up-sampling": lambda: F.conv2d(F.interpolate(a, scale_factor=2, mode="nearest"), w, padding=1),
    }[kind]
    return {
        "forward": torch.no_grad()(forward),
        "with gradients": lambda: torch.autograd.grad(forward().sum(), (a, w)),
    }


def measured(kind: str, side: int) -> dict[tuple[str, str], float]:
    """{(variant, step): milliseconds}. side: of the larger picture."""
    from models.networks import patches

    rng = np.random.default_rng(0)
    seen = side // 2 if kind == "after up-sampling" else side
    x = rng.standard_normal((BATCH, FILTERS, seen, seen)).astype(np.float32)
    weight = rng.standard_normal((FILTERS, FILTERS, 3, 3)).astype(np.float32)
    variants = {"ours": ours(kind, x, weight), "all at once": ours(kind, x, weight), "Paddle": paddles(kind, x, weight)}
    if find_spec("torch"):
        variants["PyTorch"] = pytorchs(kind, x, weight)
    few, times = patches.FLOATS, dict[tuple[str, str], list[float]]()
    for round_number in range(ROUNDS + 2):  # the first two warm up
        for name, steps in variants.items():
            patches.FLOATS = 2**62 if name == "all at once" else few
            for step, run in steps.items():
                began = time.process_time()
                run()
                if round_number >= 2:
                    times.setdefault((name, step), []).append(1e3 * (time.process_time() - began))
    patches.FLOATS = few
    return {key: statistics.median(each) for key, each in times.items()}


@click.command(help=__doc__)
def main():
    runtime.start("cpu", 1)
    import paddle

    from models.networks.patches import suits

    if not suits(paddle.zeros([1])):
        raise UserError("this Paddle convolves resnet's pictures itself: take 3.0 or a newer one")
    for number, (kind, side) in enumerate(ROWS):
        times = measured(kind, side)
        if number == 0:
            print(f"| 3×3, {FILTERS} filters, on |", " | ".join(f"{name}, {step}" for name, step in times), "|")
            print("| --- |" + " ---: |" * len(times))
        print(f"| {f'{side}×{side} {kind}'.strip()} |", " | ".join(f"{each:.1f}" for each in times.values()), "|", flush=True)


if __name__ == "__main__":
    console.run(main, prints=True)

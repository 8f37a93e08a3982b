"""Nothing grows with the number of steps but the log."""

import itertools
import resource
import statistics
import time
from pathlib import Path

import paddle
import pytest

from reporting import progress
from tests.reliability import TALLY

STEPS = 20_000
PAGE = resource.getpagesize()


def memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def yardstick():
    """Do a fixed piece of work of the kind that a step is; the processor's time after it."""
    x = paddle.ones([16, 16])
    for _ in range(20_000):
        x = paddle.matmul(x, x) * 0.05
    return time.process_time()


@pytest.mark.slow
def test_20000_steps_take_no_more_memory_files_or_time_at_the_end(call, monkeypatch):
    looks = []
    show = progress.RunProgress.show

    def shown(self, step, text):
        show(self, step, text)
        if step % 1000 == 0:
            looks.append(
                (
                    step,
                    memory(),
                    len(list(Path("/proc/self/fd").iterdir())),
                    Path("run/log.jsonl").stat().st_size,
                    time.process_time(),
                    yardstick(),
                )
            )

    monkeypatch.setattr(progress.RunProgress, "show", shown)
    flags = ["-o", "units=16", "-o", "batch_size=16", "-o", "n_critic=1"]
    flags += ["-o", "log_every=50", "-o", "sample_every=2000", "-o", "checkpoint_every=1000"]
    result = call("train", "--model", "wgan", "--data", "25gaussians", "--steps", STEPS, "--out", "run", *flags)
    assert result.status == 0, result.err
    assert [look[0] for look in looks] == list(range(1000, STEPS + 1, 1000))
    settled = looks[1:]
    assert settled[-1][1] < 1.05 * settled[0][1], "memory"
    assert settled[-1][2] == settled[0][2], "open files"
    sizes = [look[3] for look in looks]
    growth = [b - a for a, b in itertools.pairwise(sizes)]
    assert max(growth) < 1.1 * min(growth), "the log's size is not linear"
    # seconds of the processor in units of a fixed piece of work, done before and after: what else runs on this machine
    # makes both dearer
    costs = [
        (after[4] - before[5]) / (before[5] - before[4] + after[5] - after[4]) for before, after in itertools.pairwise(looks)
    ]
    first, last = statistics.median(costs[:6]), statistics.median(costs[-6:])
    assert last < 1.05 * first, costs
    TALLY["steps of the long run"] += STEPS
    TALLY["open files at its end, beyond its beginning"] += settled[-1][2] - settled[0][2]

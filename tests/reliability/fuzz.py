"""The fuzzer's child process: python -m tests.reliability.fuzz SEED SHARE KIND…, which prints a line of JSON for each kind.

Hypothesis draws the inputs (tests/reliability/inputs.py), so that one which fails is made smaller before it is reported. Each has
the limits of tests/reliability/guard.py: what takes too long ends the process. The last input stays in the folder FUZZ_KEEP.
"""

import json
import os
import sys
from pathlib import Path

import hypothesis
from hypothesis import strategies as st

from tests.reliability import guard
from tests.reliability.inputs import KINDS


class Failed(AssertionError):
    """An input did what none may do."""


def fuzz(kind, count, seed, folder):
    """Try `count` inputs; returns (how many were tried, how many were taken, complaint about the smallest bad one or '')."""
    make, read = kind(folder)
    read()  # libraries import their parts at the first call, which is none of a file's doing
    tried = taken = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
    )
    @hypothesis.given(st.randoms(use_true_random=False))
    def property(draw):
        nonlocal tried, taken
        make(draw)
        result = guard.attempt(read)
        tried, taken = tried + 1, taken + (result["outcome"] == "taken")
        if words := guard.complaint(result):
            raise Failed(words)

    try:
        property()
    except Failed as error:
        return tried, taken, str(error)
    return tried, taken, ""


def main(seed, share, *names):
    out = guard.quiet_stdout()
    guard.protect_the_machine()
    for name in names:
        kind, count = KINDS[name]
        folder = Path(os.environ["FUZZ_KEEP"]) / name.replace(" ", "-")
        folder.mkdir()
        print(json.dumps({"name": name}), file=out)
        tried, taken, words = fuzz(kind, max(1, int(count * float(share))), int(seed), folder)
        print(json.dumps({"name": name, "tried": tried, "taken": taken, "complaint": words}), file=out)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""20,000 files that nobody would write: each is read or is an error, within 5 s and 1 GiB, in a child process."""

import pytest

from tests.reliability import TALLY, guard
from tests.reliability.inputs import KINDS

WITH_PADDLE = ("checkpoints", "VisualDL records", "log.jsonl")
CHILDREN = [[name for name in KINDS if (name in WITH_PADDLE) == which] for which in (False, True)]


@pytest.mark.parametrize("share", [0.03, pytest.param(1, marks=pytest.mark.slow)], ids=["short", "long"])
@pytest.mark.parametrize("names", CHILDREN, ids=["without Paddle", "with Paddle"])
def test_every_input_is_taken_or_an_error(tmp_path, names, share):
    """The inputs of the long form are the same in every run; the short form's are its first."""
    lines, errors = guard.lines_of("tests.reliability.fuzz", 1, share, *names, environment={"FUZZ_KEEP": str(tmp_path)})
    done = {line["name"]: line for line in lines if "tried" in line}
    ended = [name for name in names if name not in done]
    assert not ended, f"{ended[0]} ended its process, its input is in {tmp_path}: {errors[-3000:]}"
    wrong = {name: line["complaint"] for name, line in done.items() if line["complaint"]}
    assert not wrong, f"inputs in {tmp_path}\n" + "\n\n".join(f"{name}: {words}" for name, words in wrong.items())
    for name, line in done.items():
        TALLY[f"hostile inputs tried: {name}"] += line["tried"]
        TALLY["hostile inputs tried"] += line["tried"]
    assert all(line["taken"] < line["tried"] for line in done.values()), f"of some kind all are good: {done}"
    assert all(line["taken"] for line in done.values()) or share < 1, f"of some kind none is good: {done}"


def test_there_are_20_000():
    assert sum(count for _, count in KINDS.values()) == 20_000

"""The paper's figures and claims, one command each: python -m experiments NAME [--quick].

An experiment is one module: its docstring says Claim, Refuted by, Run and Cost; `measure(store)` returns its numbers,
`judge(numbers)` one of VERDICTS, `draw(numbers, store)` a matplotlib figure. A new one is such a file and a name in NAMES.
"""

import ast
from pathlib import Path

NAMES = (
    "parallel_lines",
    "vanishing_gradients",
    "loss_means_quality",
    "robust_architectures",
    "mode_collapse",
    "momentum",
    "clipping_pathology",
    "critic_truth",
    "instance_noise",
    "clipping_that_is_none",
    "paperweekly",
    "tuned",
    "mnist",
    "cifar10",
)
VERDICTS = HOLDS, IN_PART, FAILS = "holds", "holds in part", "does not hold"
FIELDS = ("Claim", "Refuted by", "Run", "Cost")


def head(name):
    """What an experiment says at its head: {'Title' and each of FIELDS: text}, read without importing it."""
    source = (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    title, *rest = ast.get_docstring(ast.parse(source)).split("\n\n")
    said = {"Title": " ".join(title.split())}
    for paragraph in rest:
        field, _, text = paragraph.partition(": ")
        said[field] = " ".join(text.split())
    return said

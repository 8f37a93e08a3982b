"""The papers' figures and claims, one command each: python -m experiments NAME [--quick].

An experiment is one module. ABOUT is its row: FIELDS as plain text. measure(store) returns its numbers, judge(numbers) one of
VERDICTS, draw(numbers, store) a matplotlib figure. A new one is such a file and its name in NAMES; what was found is told in
pages/en/NAME.md and pages/zh/NAME.md.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = (  # in the order in which they are shown
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
FIELDS = ("title", "title_zh", "claim", "refuted_by", "run", "cost")


def about(name: str) -> dict[str, str]:
    """ABOUT of an experiment, a line a field. The module is not imported: that would load Paddle."""
    tree = ast.parse((ROOT / "experiments" / f"{name}.py").read_text(encoding="utf-8"))
    row = next(node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ABOUT")
    return {field: " ".join(text.split()) for field, text in ast.literal_eval(row).items()}

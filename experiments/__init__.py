"""The papers' figures and claims, one command each: python -m experiments NAME [--quick].

An experiment is one module. ABOUT is its row: FIELDS as literals, among them its claims (experiments/claims.py), each with
what would refute it. measure(store) returns its numbers, with an interval a claim under 'claims'; draw(numbers, store) a
matplotlib figure. A new one is such a file and its name in NAMES; tables beside its claims are in pages/en/NAME.md and
pages/zh/NAME.md.
"""

import ast
from collections.abc import Collection
from pathlib import Path
from typing import Any

from errors import one_of

ROOT = Path(__file__).resolve().parent.parent
NAMES = (  # in the order in which they are shown
    "parallel_lines",
    "vanishing_gradients",
    "frozen_dcgan",
    "gradient_fidelity",
    "critic_truth",
    "figures_3_4",
    "section_43",
    "random_architectures",
    "balance",
    "mode_collapse",
    "stacked",
    "momentum",
    "momentum_apart",
    "clipping_pathology",
    "optimal_critics",
    "overfitting",
    "instance_noise",
    "clipping_that_is_none",
    "paperweekly",
    "tuned",
    "mnist",
    "fashion_mnist",
    "cifar10",
)
# title: a question. claim: what was claimed, and where. run: what is done. core_seconds: what it costs on one core.
# constants: whose its trainings have, of lead.CONSTANTS
FIELDS = ("title", "title_zh", "claim", "claim_zh", "run", "run_zh", "core_seconds", "constants", "claims")


def chosen(names: Collection[str]) -> Collection[str]:
    """The experiments that were named, or all. Raises UserError for a name that is none."""
    for name in names:
        if name not in NAMES:
            raise one_of("experiment", name, NAMES)
    return names or NAMES


def about(name: str) -> dict[str, Any]:
    """ABOUT of an experiment, its texts without line breaks. The module is not imported: that would load Paddle."""
    tree = ast.parse((ROOT / "experiments" / f"{name}.py").read_text(encoding="utf-8"))
    row = next(node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ABOUT")
    return _on_one_line(ast.literal_eval(row))


def _on_one_line(value):
    if isinstance(value, dict):
        return {key: _on_one_line(item) for key, item in value.items()}
    return " ".join(value.split()) if isinstance(value, str) else value


def cost(row: dict[str, Any], language: str = "en") -> str:
    """What an experiment of this ABOUT costs, in words."""
    seconds = row["core_seconds"]
    hours, minutes = seconds / 3600, max(1, round(seconds / 60))
    if language == "zh":
        length = f"{hours:.1f} 小时" if hours >= 2 else f"{minutes} 分钟"
        return f"AMD EPYC（Zen 4）单核 {length}"
    length = f"{hours:.1f} hours" if hours >= 2 else f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{length} on one core of an AMD EPYC (Zen 4)"

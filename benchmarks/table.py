"""The figures of a throughput run as a Markdown table: python -m benchmarks.table FILE.json"""

import json
import sys
from itertools import groupby

NAMES = {"plain": "Paddle as it comes", "ours": "this project", "pytorch": "PyTorch"}


def markdown(rows):
    """One line a recipe and step, milliseconds by variant, and how many times as fast ours is."""
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    heads = ["recipe", "step", *(f"{NAMES.get(name, name)}, ms" for name in variants), "× Paddle as it comes", "× PyTorch"]
    lines = [heads, ["---", "---", *["---:"] * (len(heads) - 2)]]
    for (model, network, filters, data, step), group in groupby(
        rows, key=lambda row: tuple(row[key] for key in ("model", "network", "filters", "data", "step"))
    ):
        found = {row["variant"]: row for row in group}
        width = "mlp" if network == "mlp" else f"{network}, {filters} filters"
        recipe = f"{model}, {width}" + ("" if data == "mnist-5k" else f", {data}")
        times = [f"{1e3 * found[name]['seconds']:.1f}" for name in variants]
        ours = found["ours"]
        ratio = f"{ours['over_pytorch']:.2f}" if "over_pytorch" in ours else "–"
        lines.append([recipe, step, *times, f"{ours['over_plain']:.2f}", ratio])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(markdown(json.load(file)["rows"]))

"""Write docs/results.md, docs/results_zh.md and README's table from what was measured: python -m experiments.results

The prose is in experiments/pages/, one Jinja template a language; every number in it is taken from docs/results/*.json and,
for what the budgets that were not run here would cost, from docs/throughput.json.
"""

import json
import sys
from pathlib import Path

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import experiments
from errors import UserError
from reporting import console
from training import recipe as recipes

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"results.md": "results.en.md", "results_zh.md": "results.zh.md"}
TABLES = {"README.md": "table.en.md", "README_zh.md": "table.zh.md"}
MARKS = ("<!-- main table -->\n", "<!-- end of main table -->\n")


def read():
    """{name: what docs/results/NAME.json holds} of the experiments that have been carried out."""
    files = {name: ROOT / "docs" / "results" / f"{name}.json" for name in experiments.NAMES}
    found = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in files.items() if path.is_file()}
    return {name: content for name, content in found.items() if content["verdict"]}


def full_budgets(data):
    """What configs/ asks of `data` for wgan-paper and wgan-gp-paper: dicts of command, steps, operations and hours here.

    Operations and seconds a generator step with its critic steps are docs/throughput.json's, at the same filters.
    """
    rows = json.loads((ROOT / "docs" / "throughput.json").read_text(encoding="utf-8"))["rows"]
    for model in ("wgan", "wgan-gp"):
        recipe = recipes.load(f"{model}-paper", overrides={"data": data})
        at = {"model": model, "network": recipe.network, "filters": recipe.filters, "variant": "ours"}
        found = {row["step"]: row for row in rows if at.items() <= row.items() and row.get("clock", "wall") == "wall"}
        rate = found["loop"]["product_gflops"] * 1e9
        of = {step: found[step]["share_of_product"] * rate * found[step]["seconds"] for step in ("critic", "generator")}
        # not the loop's own seconds: the measured recipe may make another number of critic steps than the paper's
        seconds = recipe.n_critic * found["critic"]["seconds"] + found["generator"]["seconds"]
        yield {
            "command": f"python train.py --model {model}-paper --data {data} --device gpu",
            "steps": recipe.steps,
            "operations": recipe.steps * (recipe.n_critic * of["critic"] + of["generator"]),
            "hours": recipe.steps * seconds / found["loop"]["over_bare"] / 3600,
        }


def render():
    """{path below the repository: its text}."""
    environment = Environment(
        loader=FileSystemLoader(ROOT / "experiments" / "pages"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown
    )
    environment.filters |= {"g": significant, "pm": plus_minus, "percent": percent, "minutes": minutes}
    found = read()
    about = {"x": found, "names": experiments.NAMES, "head": experiments.head, "full_budgets": full_budgets}
    pages = {f"docs/{page}": environment.get_template(name).render(about) for page, name in PAGES.items()}
    for page, name in TABLES.items():
        pages[page] = between_marks(ROOT / page, environment.get_template(name).render(about))
    return pages


def between_marks(path, text):
    before, mark, rest = path.read_text(encoding="utf-8").partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (mark and end):
        raise UserError(f"{path} lacks the marks {MARKS[0].strip()} and {MARKS[1].strip()}")
    return before + mark + text + end + after


def significant(value, digits=3):
    """A number of so many significant digits, with thousands apart; – for none."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if value and abs(value) < 1e-3:
        return f"{value:.{digits - 1}e}"
    text = f"{value:.{digits}g}"
    return f"{float(text):,.0f}" if abs(value) >= 10**digits else text


def plus_minus(row, digits=3):
    """mean ± deviation of store.spread's dict."""
    if row["deviation"] is None:
        return significant(row["mean"], digits)
    return f"{significant(row['mean'], digits)} ± {significant(row['deviation'], 2)}"


def percent(value, digits=0):
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def minutes(seconds):
    return f"{seconds / 60:,.0f}" if seconds >= 90 else f"{seconds / 60:.1f}"


@click.command(help=__doc__)
def main():
    for page, text in render().items():
        (ROOT / page).write_text(text, encoding="utf-8")
        print(page)


if __name__ == "__main__":
    sys.argv[0] = "results.py"
    console.run(main)

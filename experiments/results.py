"""Write docs/results.md, docs/results_zh.md and README's table from what was measured: python -m experiments.results

Claims, what would refute them and verdicts are rendered from experiments/claims.py; what stands around them is in
experiments/pages/, one Jinja template a language. Every number is taken from docs/results/*.json and, for what the budgets that
were not run here would cost, from docs/throughput.json.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import experiments
from experiments import ROOT, claims, lead, numeric, queue, training_runs
from reporting import console, numbers
from reporting.curves import rank_correlation
from reporting.markdown import between_marks
from reporting.table import grouped
from storage.writing import write_text
from training import recipe as recipes
from training import runtime

PAGES = {"results.md": "results.en.md", "results_zh.md": "results.zh.md"}
TABLES = {"README.md": "table.en.md", "README_zh.md": "table.zh.md"}
CHINESE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
BREAK = re.compile(f"(?<={CHINESE})\n(?={CHINESE})")  # a browser would show a line's end between two characters as a space
Rows = dict[str, dict[str, Any]]  # {experiment: its ABOUT, or what its JSON file holds}


def read() -> Rows:
    """{name: what docs/results/NAME.json holds} of the experiments that have been carried out."""
    files = {name: ROOT / "docs" / "results" / f"{name}.json" for name in experiments.NAMES}
    contents = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in files.items() if path.is_file()}
    return {name: content for name, content in contents.items() if content.get("numbers")}


def rows(about: Rows, measured: Rows, language: str) -> dict[str, list[dict[str, Any]]]:
    """{experiment: what a page says of each of its claims (claims.Claim.in_words)}, measured or not."""
    found = {name: measured[name]["numbers"]["claims"] if name in measured else {} for name in about}
    return {
        name: [claim.in_words(found[name].get(claim.key), language) for claim in claims.of(row)] for name, row in about.items()
    }


def leading(about: Rows, measured: Rows, said: dict[str, list[dict[str, Any]]], language: str) -> list[dict[str, Any]]:
    """lead.LEAD as the page shows it: says, claims as `rows` has them with their experiment and whose constants it has, left: the
    experiments that have not been measured yet, and unmeasured: how many claims are theirs."""
    chinese = language == "zh"
    found = {f"{name}.{row['key']}": {**row, "experiment": name} for name, group in said.items() for row in group}
    table = []
    for english, in_chinese, keys in lead.LEAD:
        answers = [found[key] for key in keys if found[key]["experiment"] in measured]
        whose = [row["constants"] or about[row["experiment"]]["constants"] for row in answers]
        table.append(
            {
                "says": in_chinese if chinese else english,
                "claims": [row | {"constants": lead.CONSTANTS[own] if chinese else own} for row, own in zip(answers, whose)],
                "left": dict.fromkeys(name for key in keys if (name := found[key]["experiment"]) not in measured),
                "unmeasured": len(keys) - len(answers),
            }
        )
    return table


def in_short(about: Rows, measured: Rows, language: str) -> str:
    """The sentences of lead.SHORT whose verdicts are those that they say."""
    found = {
        f"{name}.{key}": verdict
        for name in measured
        for key, verdict in claims.verdicts(about[name], measured[name]["numbers"]).items()
    }
    true = [row for row in lead.SHORT if all(found.get(key) == word for key, word in row[2].items())]
    return "".join(chinese for _, chinese, _ in true) if language == "zh" else " ".join(english for english, _, _ in true)


def full_budgets(data: str) -> Iterator[dict[str, Any]]:
    """What configs/ asks of `data` for wgan-paper and wgan-gp-paper: dicts of command, steps, operations and hours here.

    Operations and seconds a generator step with its critic steps are docs/throughput.json's, at the same filters; both are None
    for a network that it has not.
    """
    rows = json.loads((ROOT / "docs" / "throughput.json").read_text(encoding="utf-8"))["rows"]
    for model in ("wgan", "wgan-gp"):
        recipe = recipes.load(f"{model}-paper", overrides={"data": data})
        at = {"model": model, "network": recipe.network, "filters": recipe.filters, "variant": "ours", "clock": "wall"}
        ours = {each["step"]: each for each in rows if at.items() <= each.items()}
        row: dict[str, Any] = {
            "command": f"python train.py --model {model}-paper --data {data} --device gpu",
            "steps": recipe.steps,
        }
        if not ours:
            yield {**row, "operations": None, "hours": None}
            continue
        rate = ours["loop"]["product_gflops"] * 1e9
        operations = {step: ours[step]["share_of_product"] * rate * ours[step]["seconds"] for step in ("critic", "generator")}
        # not the loop's own seconds: the measured recipe may make another number of critic steps than the paper's
        seconds = recipe.n_critic * ours["critic"]["seconds"] + ours["generator"]["seconds"]
        yield {
            **row,
            "operations": recipe.steps * (recipe.n_critic * operations["critic"] + operations["generator"]),
            "hours": recipe.steps * seconds / ours["loop"]["over_bare"] / 3600,
        }


def on_a_gpu() -> dict[str, Any]:
    """What docs/published.json (benchmarks.published_results) holds, a dict a recipe: steps; fd_lenet of every seed after
    `common` steps and at the end; at how many checkpoints it was scored (looks); and how closely E f(x) − E f(G(z)) follows it
    (rank correlation, every seed)."""
    made = json.loads((ROOT / "docs" / "published.json").read_text(encoding="utf-8"))
    for row in made["trainings"]:
        on_the_way = {int(step): value for step, value in row["on_the_way"].items()}
        row["fd"] = on_the_way | {row["step"]: row["values"]["fd_lenet"]["value"]}
    groups = grouped(made["trainings"], "name")
    common = min(group[0]["step"] for group in groups.values())
    recipes_of = {}
    for name, group in groups.items():
        asked = recipes.load(name, overrides={"data": "mnist"}).steps if name.endswith("-paper") else None
        recipes_of[name] = {
            "steps": group[0]["step"],
            "critic_steps": group[0]["critic_steps"],
            "asked": asked,
            "common": {"each": [row["fd"][common] for row in group]},
            "end": {"each": [row["values"]["fd_lenet"]["value"] for row in group]},
            "rank": {"each": [_follows(row["curve"], row["fd"]) for row in group]},
            "looks": len(group[0]["fd"]),
        }
    real = made["trainings"][0]["values"]["fd_lenet"]["floor"]
    minutes = max(row["seconds"] for row in made["trainings"]) / 60
    return {"device": made["device"], "common": common, "recipes": recipes_of, "real": real, "minutes": minutes}


def _follows(curve, fd):
    """Rank correlation of fd_lenet with the curve's mean up to the step at which it was scored."""
    values = [[value for step, _, value in curve if step <= at][-1] for at in fd]
    return rank_correlation(values, list(fd.values()))


def published_shares(measured: Rows) -> dict[str, dict[str, float]]:
    """{kind of training_runs.PUBLISHED: {'steps': its published ones, 'least', 'most': share of these that trainings took}}."""
    shares: dict[str, list[float]] = {}
    for unit in (unit for content in measured.values() for unit in content["units"].values()):
        settings, found = unit["settings"], unit["found"]
        if "model" not in settings or "steps" not in found:
            continue  # no training as train.py makes them, or it died
        name = settings.get("data") or settings.get("recipe", {}).get("data", "mnist-5k")
        if kind := training_runs.published_kind(name):
            shares.setdefault(kind, []).append(found["steps"] / training_runs.PUBLISHED[kind])
    return {
        kind: {"steps": steps, "least": min(shares[kind]), "most": max(shares[kind])}
        for kind, steps in training_runs.PUBLISHED.items()
        if kind in shares
    }


@functools.cache
def environment() -> Environment:
    """What the pages are rendered in; it compiles each template once."""
    made = Environment(
        loader=FileSystemLoader(ROOT / "experiments" / "pages"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown
    )
    made.filters |= {"g": lambda value, digits=3: numbers.in_digits(value, digits)}
    made.filters |= {"percent": numeric.percent, "each": numeric.each, "interval": numeric.in_words}
    made.filters |= {"sentence": _sentence, "whole": lambda text: text.replace(" ", "\u00a0")}  # whole: in one line
    made.filters |= {"cell": lambda text: text.replace("|", "\\|")}  # of a table
    return made


def render() -> dict[str, str]:
    """{path below the repository: its text}."""
    about = {name: experiments.about(name) for name in experiments.NAMES}
    measured = read()
    misses = [  # of an interval at its last look, with those of the looks before it
        sum(1 - numeric.level(look) for look in range(1, claim.looks(found) + 1))
        for name, content in measured.items()
        for claim in claims.of(about[name])
        if (found := content["numbers"]["claims"].get(claim.key)) and found["low"] is not None
    ]
    progress = {name: (len(keys), done) for name in measured for keys, done, _ in [queue.left(name)]}
    content = {
        "x": measured,
        "unmeasured": sum(len(claims.of(about[name])) for name in about if name not in measured),
        "about": about,
        "progress": progress,
        "cost": experiments.cost,
        "full_budgets": full_budgets,
        "on_a_gpu": on_a_gpu,
        "recipe": recipes.load,
        "listed": claims.LISTED,
        "alike": (claims.LEAST_RATIO, claims.LARGEST_RATIO),
        "intervals": len(misses),
        "misses": sum(misses),  # that can be expected
        "shares": published_shares({name: content for name, content in measured.items() if about[name].get("claims")}),
    }
    texts = {}
    for name in (*PAGES.values(), *TABLES.values()):
        language = name.split(".")[1]
        said, words = rows(about, measured, language), claims.WORDS[language]
        tally = {word: {name: sum(row["verdict"] == word for row in said[name]) for name in measured} for word in words.values()}
        tally = {word: {name: count for name, count in counts.items() if count} for word, counts in tally.items()}
        rows_measured = [row for name in measured for row in said[name]]
        before = {word: sum(row["verdict"] == word and not row["after"] for row in rows_measured) for word in words.values()}
        of_language = {
            "claims": said,
            "verdicts": words,
            "tally": tally,
            "before": before,
            "after": sum(row["after"] for row in rows_measured),
            "lead": leading(about, measured, said, language),
            "short": in_short(about, measured, language),
        }
        texts[name] = BREAK.sub("", environment().get_template(name).render(content | of_language))
    pages = {f"docs/{page}": texts[name] for page, name in PAGES.items()}
    return pages | {page: between_marks(ROOT / page, "main table", texts[name]) for page, name in TABLES.items()}


def _sentence(text):
    """With a capital, unless it begins with a value's name; nothing else is changed, as by `capitalize`."""
    return text[:1].upper() + text[1:] if text.split(" ")[0].isalpha() else text


@click.command(help=__doc__)
def main() -> None:
    runtime.start("cpu")  # what is left is asked of the experiments, which import Paddle
    for page, text in render().items():
        write_text(ROOT / page, text)
        print(page)


if __name__ == "__main__":
    console.run(main)

"""Figures and tables for print of a comparison, or of runs that have been scored: python -m reporting.figures COMPARISON|RUN…"""

from __future__ import annotations

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

from pathlib import Path

import click

from errors import UserError
from reporting import collect, console, score_store, scorer, words
from reporting.figures import printed
from storage import reading, writing
from training import comparison, run


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folders", nargs=-1, required=True, metavar="COMPARISON|RUN…")
@click.option("--format", "form", type=click.Choice(words.FORMS), default="pdf", show_default=True, help="Kind of the files.")
@click.option("--lang", type=click.Choice(words.LANGUAGES), default="en", show_default=True, help="Language of the words.")
@click.option("--out", metavar="DIR", help="Folder of the figures; by default figures/ in the one folder that is named.")
def main(folders, form, lang, out):
    if len(folders) > 1 and not out:
        raise UserError("the figures of several runs need a folder: --out DIR")
    out = Path(out or Path(folders[0]) / "figures")
    writing.check_writable(out)
    if len(folders) == 1 and reading.is_file(Path(folders[0]) / "comparison.json"):
        try:
            results = of_comparison(folders[0])
            left_out = printed.write(out, results, form, lang)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise UserError(f"{folders[0]}/results.json is damaged: call compare.py again ({error!r})") from error
    else:
        results = of_runs(folders)
        left_out = printed.write(out, results, form, lang)
    for line in [*results["remarks"], *left_out]:
        console.warn(line)
    print(out)


def of_comparison(folder):
    """results.json of a finished comparison, which may have been moved since."""
    path = Path(folder) / "results.json"
    if not reading.is_file(path):
        raise UserError(f"{folder} is not finished: it has no results.json")
    results = collect.read(path)
    for row in results["runs"]:
        if not Path(row["folder"]).is_dir() and (moved := Path(folder) / "runs" / Path(row["folder"]).name).is_dir():
            row["folder"] = str(moved)
    return results


def of_runs(folders):
    """The results of runs from their logs, grids and scores as they are; nothing is measured."""
    if models := [name for name in folders if not run.is_run(name)]:
        raise UserError(f"{models[0]} is neither a comparison nor a run")
    entries = comparison.plan(folders, (), {}, {}, None)
    if len(names := {entry.recipe.data for entry in entries}) > 1:
        raise UserError(f"runs on different data cannot be compared: {', '.join(sorted(names))}")
    for entry in entries:
        comparison.take_given(entry)
    scores, settings = zip(*(stored(entry) for entry in entries))
    results = collect.collect_runs(entries, list(scores))
    for entry, (at_end, _) in zip(entries, scores):
        if not at_end:
            results["remarks"].append(f"{entry.folder} has no scores: python eval.py {entry.folder} --every measures them")
    for when, measured in zip(("at the end", "on the way"), zip(*settings)):
        results["remarks"] += unequal(entries, measured, when)
    return results


def stored(entry):
    """(as Scorer.score, settings of both) from what metrics.json and a comparison's own file hold; {} for what was not scored."""
    files = ("metrics.json", scorer.BRIEF_FILE)
    (scores, own), (brief, of_brief) = (score_store.of_run(entry.folder / file, entry.recipe) for file in files)
    steps = scorer.regular_steps(entry.folder)
    on_the_way, along = (brief, of_brief) if len(brief) >= len(scores) else (scores, own)
    return (scores.get(steps[-1], {}), {step: on_the_way[step] for step in steps if step in on_the_way}), (own, along)


def unequal(entries, settings, when):
    """Lines about runs that were not scored alike. settings: of their scores, {} for none."""
    lines = []
    for key, word in {"samples": "samples", "seed": "seed", "data_sha256": "data", "network_sha256": "feature network"}.items():
        values = {str(entry.folder): str(own.get(key))[:10] for entry, own in zip(entries, settings) if own}
        if len(set(values.values())) > 1:
            lines.append(f"not scored alike {when} ({word}): {', '.join(map(': '.join, values.items()))}")
    return lines


if __name__ == "__main__":
    console.run(main)

"""Write the tables of docs/settings.md and docs/zh/settings.md from the settings of a recipe: python -m reporting.settings"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import PlainValidator
from pydantic.fields import FieldInfo

from reporting import console
from reporting.markdown import between_marks, in_markdown
from storage.writing import write_text
from training import recipe as recipes
from training.recipe import Recipe
from training.settings import GROUPS, reads

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"docs/settings.md": "en", "docs/zh/settings.md": "zh"}
HEADS = {
    "en": ("setting", "default", "range", "what it does, and when to change it"),
    "zh": ("设置", "默认值", "范围", "作用，何时调整"),
}
LINKS = {
    "en": {"results": "results.md", "performance": "performance.md", "data": "data.md", "guide": "guide.md"},
    "zh": {"results": "../results_zh.md", "performance": "performance.md", "data": "data.md", "guide": "guide.md"},
}
BY_RECIPE = {"en": "[by recipe](#{})", "zh": "[随配置](#{})"}
SIGNS = {"gt": ">", "ge": "≥", "le": "≤", "lt": "<"}  # by the names of pydantic
COMMA, TO, OR = {"en": ", ", "zh": "、"}, {"en": "to", "zh": "至"}, {"en": "or", "zh": "或"}
ANCHORS = {"en": "values-of-the-recipes", "zh": "各配置的取值"}


def in_words(value: Any) -> str:
    """A value as it is typed after -o."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        digits, _, power = f"{value:e}".partition("e")
        return f"{float(digits):g}e{int(power)}" if 0 < value < 0.01 else f"{value:g}"
    return str(value)


def range_of(field: FieldInfo, language: str) -> str:
    """What a setting may be: names, true and false, or bounds; '' for a text."""
    for one in field.metadata:
        if isinstance(one, PlainValidator) and isinstance(one.func, partial):
            return COMMA[language].join(f"`{name}`" for name in one.func.args[0]())
    if field.annotation is bool:
        return COMMA[language].join(("`true`", "`false`"))
    bounds = {sign: getattr(one, name) for one in field.metadata for name, sign in SIGNS.items() if hasattr(one, name)}
    if set(bounds) == {"≥", "≤"}:
        text = f"{bounds['≥']:,} {TO[language]} {bounds['≤']:,}"
    else:
        text = COMMA[language].join(f"{sign} {bound:,}" for sign, bound in bounds.items())
    return text + (f" {OR[language]} `null`" if type(None) in get_args(field.annotation) else "")


def values() -> dict[str, dict[str, str]]:
    """{setting: {recipe: its value on mnist-5k, – where it does not read it}} where some recipe's is not the default."""
    loaded = {name: recipes.load(name) for name in recipes.names()}
    found = {}
    for name, field in Recipe.model_fields.items():
        row = {model: getattr(recipe, name) for model, recipe in loaded.items()}
        if name not in ("model", "data") and any(value != field.default for value in row.values()):
            found[name] = {model: in_words(value) if reads(loaded[model], name) else "–" for model, value in row.items()}
    return found


def markdown(language: str) -> str:
    """All settings in groups, then the recipes' values. language: 'en' or 'zh'."""
    differing, parts = values(), []
    for headings, group in GROUPS.items():
        lines: list[Sequence[str]] = [HEADS[language]]
        for name, setting in group.items():
            field = Recipe.model_fields[name]
            default = "" if field.is_required() else f"`{in_words(field.default)}`"
            varies = BY_RECIPE[language].format(ANCHORS[language]) if name in differing else ""
            about = (setting.en if language == "en" else setting.zh).format(**LINKS[language])
            default = COMMA[language].join(filter(None, (default, varies)))
            lines.append([f"`{name}`", default or "–", range_of(field, language) or "–", about])
        parts.append(f"### {headings[0 if language == 'en' else 1]}\n\n{in_markdown(lines)}\n")
    parts.append(f"### {'Values of the recipes' if language == 'en' else '各配置的取值'}\n")
    for papers in (False, True):  # all of them in one table are wider than a page
        models = [name for name in recipes.names() if name.endswith("-paper") == papers]
        lines = [[f"`{name}`", *(row[model] for model in models)] for name, row in differing.items()]
        lines = [line for line in lines if set(line[1:]) != {"–"}]
        parts.append(in_markdown([[HEADS[language][0], *(f"`{model}`" for model in models)], *lines]) + "\n")
    return "\n" + "\n".join(parts) + "\n"


@click.command(help=__doc__)
def main() -> None:
    for page, language in PAGES.items():
        write_text(ROOT / page, between_marks(ROOT / page, "settings", markdown(language)))
        print(page)


if __name__ == "__main__":
    console.run(main)

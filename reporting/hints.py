"""What was meant by an option or a word that a command does not know: another program's, or another command's."""

from __future__ import annotations

import re

import click

ALIKE = (("--n", "--samples", "--count", "--num-samples"), ("--out", "--output", "--outdir", "--save-dir"))


def in_words(error: click.ClickException) -> str:
    """Click's message, with what this project calls the thing where that is known."""
    command = error.ctx.command if isinstance(error, click.UsageError) and error.ctx else None
    options = {name for option in command.params for name in option.opts} if command else set()
    if isinstance(error, click.NoSuchOption):
        if meant := _meant_by(error.option_name, options):
            return f"No such option '{error.option_name}': did you mean {', '.join(meant)}?"
    elif "--model" in options and (found := re.search(r"unexpected extra arguments? \(([^ )]+)", error.message)):
        from training import recipe  # here: only where it is needed

        if found[1] in recipe.names():
            return f"{error.message}: did you mean --model {found[1]}?"
    return error.format_message()


def _meant_by(word: str, options: set[str]) -> list[str]:
    for group in ALIKE:
        if word.replace("_", "-") in group and (own := [name for name in group if name in options]):
            return own
    if "-o" not in options:
        return []
    from training.settings import meant_by

    keys = [key if key.startswith("--") else f"--{key.replace('_', '-')}" for key in meant_by(word.lstrip("-"))]
    return [key if key in options else f"-o {key[2:].replace('-', '_')}=VALUE" for key in keys]

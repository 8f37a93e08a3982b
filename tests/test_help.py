"""--help in Chinese: every option of every command, and only where the terminal can show it."""

from __future__ import annotations

import copy
import importlib
import io
import re
import subprocess
import sys

import click
import pytest

import data
from models import networks
from reporting import help_page, help_zh
from tests.helpers import ROOT, run_program
from training import comparison, recipe

COMMANDS = sorted(help_zh.COMMANDS)


def command_of(name: str) -> click.Command:
    return importlib.import_module(name.removesuffix(".py")).main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_has_its_help_in_chinese_and_no_other(name):
    options = {p.name for p in command_of(name).params if isinstance(p, click.Option) and not p.hidden}
    assert set(help_zh.COMMANDS[name]) == options | {""}


@pytest.mark.parametrize("name", ["eval.py", "train.py"])  # no other lists names
def test_names_that_the_english_help_lists_stand_in_the_chinese_one(name):
    names = 0
    for option in command_of(name).params:
        text = (getattr(option, "help", None) or "").split(";")[0].split(": ")[-1]
        for word in text.removeprefix("Of ").rstrip(".").split(", ") if text.count(", ") > 4 else ():
            assert word in help_zh.COMMANDS[name][option.name]
            names += 1
    assert names > 5


@pytest.mark.parametrize("source", ["mnist-5k", "8gaussians"])
def test_defaults_that_compare_names_are_what_its_models_get(source):
    (entry,) = comparison.plan(["gan"], (), {"data": source}, {}, 1)
    for option in (option for option in command_of("compare.py").params if option.name in ("steps", "batch_size")):
        for text in (option.help, help_zh.COMMANDS["compare.py"][option.name]):
            assert f"{getattr(entry.recipe, option.name):,}" in text, text


@pytest.mark.parametrize("encoding, words", [("utf-8", "用法"), ("gbk", "用法"), ("ascii", "Usage"), ("latin-1", "Usage")])
def test_help_is_chinese_where_the_terminal_has_its_characters(monkeypatch, encoding, words):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding))
    command = click.Command("infer", params=[click.Option(["--seed"], help="Of the noise z.")], help="Draw.")
    help_zh.translate(command, "infer.py")
    page = command.get_help(command.make_context("python infer.py", []))
    assert page.startswith(words)
    assert ("噪声 z 的随机种子。" in page) == ("显示本帮助。" in page) == (words == "用法")


@pytest.mark.parametrize("language, words", [("zh_CN.UTF-8", "train.py [选项]"), ("C.UTF-8", "Options:")])
def test_commands_ask_the_language_of_the_system(tmp_path, language, words):
    status, out, _ = run_program("train.py", "--help", cwd=tmp_path, env={"LC_ALL": language, "PYTHONUTF8": "1"})
    assert status == 0 and words in out


def test_the_usage_can_be_typed():
    command = ["-m", "experiments", "queue", "--help"]
    out = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "python -m experiments queue [" in out.splitlines()[0]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_line_of_help_is_broken_by_a_terminal_and_no_name_by_a_line(monkeypatch, name, language):
    monkeypatch.setenv("COLUMNS", "80")
    command = copy.copy(command_of(name))
    command.params, command.context_class = [copy.copy(option) for option in command.params], help_page.Context
    if language == "zh":
        help_zh.translate(command, name)
    with command.make_context(f"python {name}", [], resilient_parsing=True) as context:
        page = command.get_help(context)
    assert max(help_zh.columns(line) for line in page.splitlines()) <= 80
    assert "<=" not in page
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    assert all(option.help for option in options), "an option explains itself"
    assert "As sample.py" not in page and "同 sample.py" not in page, "to another program nobody is sent for a word"
    if name == "train.py":
        assert {*recipe.names(), *networks.NETWORKS, *data.SOURCES} <= {*re.split(r"[\s,、。；;.]+", page)}

"""YAML of settings, in files and after -o: plain values, or one line that says what is wrong."""

import contextlib
import json
import re
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import UserError
from storage import plain_yaml
from tests.helpers import tiny
from tests.reliability.limits import ANYTHING, QUICK, SECONDS, refused_soon
from training import recipe as recipes

DEEP = "[" * 24_000 + "]" * 24_000
YAML = [  # a value, what the line must say
    ("!!bool x", "the tag"),
    ('!!int ""', "the tag"),
    ("!!float 1", "the tag"),
    ("!!timestamp x", "the tag"),
    ("!!binary x", "the tag"),
    ("!!set {a}", "the tag"),
    ("!!omap [a: 1]", "the tag"),
    ("! 5", "the tag"),
    ("!x 5", "the tag"),
    ("!!python/name:os.system", "the tag"),
    ("9" * 5000, "digits"),
    ("0b_", "not YAML"),
    ("2020-13-45", "month"),
    ("\0", "not YAML"),
    ("\ud800", "not YAML"),
    (r'"\UFFFFFFFF"', "not YAML"),
    ("{a: 1, a: 2}", "'a' a second time"),
    ("{? [a] : b}", "no plain word|not a plain word"),
    ("{<<: {a: 1}}", "not a plain word"),
    ("{a: &a {b: 1}, c: {<<: [*a, *a]}}", "not a plain word"),
    (DEEP, "more than 50 levels"),
    ("{a: " * 12_000, "more than 50 levels"),
    ("- " * 20_000, "more than 50 levels"),
    ("x" * 50_001, "more than 50,000 characters"),
]


@pytest.mark.parametrize(("text", "said"), YAML, ids=range(len(YAML)))
def test_yaml_that_is_none_of_settings_is_refused(tmp_path, text, said):
    assert re.search(said, refused_soon(lambda: recipes.parse_overrides([f"steps={text}"])))
    if text.isprintable():
        (tmp_path / "x.yaml").write_text(f"steps:\n  {text}"[: plain_yaml.MOST + 1])
        assert re.search(said, refused_soon(lambda: recipes.load(config=tmp_path / "x.yaml")))


NUMBERS = ["1:30", "190:20:30.15", "0x" + "f" * 6000, "0" + "7" * 6000, "1:" * 20_000 + "1.", ".inf", "5e", "1e999"]


@pytest.mark.parametrize("value", NUMBERS, ids=range(len(NUMBERS)))
def test_numbers_that_are_none_of_a_step_are_refused_by_its_name(value):
    assert "steps = " in refused_soon(lambda: tiny("wgan", **recipes.parse_overrides([f"steps={value}"])))


PIECES = ["a: 1\n", "- 1\n", "[], ", "{}, ", "a, ", '"\\u0041", ', "&a x, ", "? a\n", "#\n", "'', ", "\n", "k: |\n x\n"]


@pytest.mark.parametrize("piece", PIECES)
def test_the_longest_yaml_takes_no_more_than_its_time(piece):
    many, began = piece * (plain_yaml.MOST // len(piece) - 1), time.process_time()
    with contextlib.suppress(UserError):
        plain_yaml.parsed(f"[{many}]" if piece.endswith(", ") else many, "it")
    assert time.process_time() - began < SECONDS


TOKENS = ["a", "b: ", "1", "- ", "? ", ": ", "[", "]", "{", "}", ",", "&a ", "*a", "!!int ", "!", "|", ">", "'", '"', "#", "---"]
TOKENS += ["%YAML 1.1", "...", "\n", "\n ", "\n  ", "<<: ", "~", "true", "0x", "1e5", ".nan", "1:2", "2020-01-01", "=", "@", "`"]
TOKENS += ["\\x", "\t", "\x85", "\u2028", "é"]


def plain(value):
    """Whether it is of the types of settings, keys not looked at."""
    if isinstance(value, dict):
        return all(map(plain, value.values()))
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or type(value).__name__ in ("str", "int", "float", "bool", "date")


@settings(QUICK, max_examples=400)
@given(st.lists(st.sampled_from(TOKENS), max_size=25).map("".join))
def test_any_yaml_is_plain_values_or_one_line(text):
    try:
        found = plain_yaml.parsed(text, "it")
    except UserError as error:
        assert "\n" not in str(error)
    else:
        try:
            assert plain(found)
        except RecursionError:  # &a [*a]
            assert "*a" in text


@QUICK
@given(st.dictionaries(st.sampled_from(list(recipes.Recipe.model_fields)), ANYTHING, min_size=1, max_size=4))
def test_any_setting_is_taken_or_refused_in_one_line(changes):
    good = tiny("wgan").model_dump()
    try:
        recipe = recipes.resolve({**good, **changes})
    except UserError as error:
        assert "\n" not in str(error) and len(str(error)) < 2000
    else:
        assert recipes.resolve(json.loads(json.dumps(recipe.model_dump()))) == recipe
        assert yaml.safe_load(yaml.safe_dump(recipe.model_dump(), allow_unicode=True)) == recipe.model_dump()

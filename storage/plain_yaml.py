"""YAML as settings are written in it: mappings, lists, texts, numbers, true, false and null.

The rest of YAML is an error: tags (`!!int`, `!!python/…`), a key twice in a mapping or that is no plain word, and merges (`<<`),
few lines of which may be endless. A value with a colon, as 1:30, is a text: YAML 1.1 takes it for a number to the base of 60.
"""

from __future__ import annotations

from typing import Any

import yaml

from errors import UserError, shortened

MOST = 50_000  # characters: they take a second or two
DEEPEST = 50  # levels of lists and mappings


class _Loader(yaml.SafeLoader):
    level = 0

    def get_event(self) -> Any:
        event = super().get_event()
        self.level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if self.level > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"more than {DEEPEST} levels", problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem=f"the tag {shortened(event.tag)}", problem_mark=event.start_mark)
        return event

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        text = kind is yaml.ScalarNode and implicit[0] and ":" in value
        return "tag:yaml.org,2002:str" if text else super().resolve(kind, value, implicit)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                raise yaml.MarkedYAMLError(problem="a key that is not a plain word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{shortened(key.value)} a second time", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parsed(text: str, named: str) -> Any:
    """YAML text of at most MOST characters as Python's types. named: what the error calls it. Raises UserError."""
    if len(text) > MOST:
        raise UserError(f"{named} has more than {MOST:,} characters")
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two: a number of 5,000 digits, a date that is none
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).partition(";")[0]
        raise UserError(f"{named} is not YAML: {f'line {mark.line + 1}: ' if mark else ''}{why[:100]}") from None

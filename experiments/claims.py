"""A claim as one predicate: its verdict and what the pages say would refute it both follow from it, in both languages.

A claim stands in ABOUT["claims"] of its experiment, by key; `of` reads them. What was found of it is an interval of numeric.py,
which measure() returns under numbers["claims"][key].
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from experiments import numeric
from experiments.numeric import BINOMIAL, FEWEST, LOGARITHMS, MOST, PROPORTIONS, STUDENTS, replicates_to_decide
from reporting.numbers import in_digits

HOLDS, FAILS, ALIKE, UNDECIDED = VERDICTS = ("holds", "does not hold", "no large difference", "undecided")
WORDS = {"en": dict(zip(VERDICTS, VERDICTS)), "zh": dict(zip(VERDICTS, ("成立", "不成立", "差别不大", "未定")))}
LISTED = 20  # values that a line can name
LEAST_RATIO, LARGEST_RATIO = 0.8, 1.25  # between which two count as alike, the limits of bioequivalence, 80 to 125 %
NOT_MEASURED = ("not measured yet", "尚未测")
TERMS = {  # what is equal for those that a claim compares: in English, in Chinese
    "none": ("", ""),
    "generator steps": ("at equal generator steps", "生成器步数相同"),
    "critic steps": ("at equal critic steps", "判别器步数相同"),
    "all steps": ("at equal generator and critic steps", "生成器与判别器步数都相同"),
    "CPU seconds": ("at the steps that equal CPU seconds pay", "步数按相同的 CPU 秒数定"),
}
SIDES = {"above": ("above", "大于"), "below": ("below", "小于")}
Found = numeric.Interval


@dataclass(frozen=True)
class Claim:
    """says: the claim as it was tested. quantity: what is measured of a replicate, a seed's training say. It holds where the
    whole interval of the quantity lies `relation` the threshold, and does not where all of it lies on the other side. Of a ratio
    compared with 1 there is no large difference where its interval contains 1 and lies between LEAST_RATIO and LARGEST_RATIO.

    terms: of TERMS. of_converged: it is about trainings that have converged: undecided unless all have. looked_at: the numbers
    of replicates at which its interval was looked at before more were added, so that it has the level of so many looks. after:
    it was added, or split, or its quantity or threshold changed, when its replicates had been seen. constants: of
    lead.CONSTANTS, where they are not its experiment's. caveat: a sentence, if one is needed.
    """

    key: str
    says: str
    says_zh: str
    quantity: str
    quantity_zh: str
    relation: Literal["above", "below"]
    threshold: float
    terms: str = "none"
    of_converged: bool = False
    looked_at: tuple[int, ...] = ()
    after: bool = False
    constants: str = ""
    caveat: str = ""
    caveat_zh: str = ""

    def verdict(self, found: Found | None) -> str:
        """One of VERDICTS."""
        return self._judge(found)[0]

    def why(self, found: Found | None, language: str = "en") -> str:
        """Why it is undecided, or that what decides it is a small difference, in words; '' else."""
        return self._judge(found)[1][language == "zh"]

    def _judge(self, found: Found | None) -> tuple[str, tuple[str, str]]:
        at_look = self._at_look(found)
        if found and found.get("method") == BINOMIAL and not found["each"]:
            return UNDECIDED, ("no two differ", "没有一对有差别")
        if not found or not found["each"]:
            return UNDECIDED, NOT_MEASURED
        lived = sum(value is not None for value in found["each"])
        if found["value"] is None:  # all died, or a 0 among values whose logarithms are wanted
            return UNDECIDED, (f"its {len(found['each'])} replicates give no number", f"{len(found['each'])} 次都给不出数值")
        if lived < FEWEST:
            return UNDECIDED, (f"{lived} of at least {FEWEST} replicates", f"至少要 {FEWEST} 次，只有 {lived} 次")
        known = None not in (at_look["low"], at_look["high"])
        above, below = known and at_look["low"] > self.threshold, known and at_look["high"] < self.threshold
        if self.of_converged and found.get("at_end", 0) < found.get("trainings", 1):
            counts = found.get("at_end", 0), found.get("trainings", "?")
            said, in_chinese = (
                "{} of {} trainings have converged".format(*counts),
                "{1} 次训练中只有 {0} 次已收敛".format(*counts),
            )
            if known and not (above or below):
                contains = self._contains_threshold(found)
                said, in_chinese = f"{said}, and {contains[0]}", f"{in_chinese}，且{contains[1]}"
            return UNDECIDED, (said, in_chinese)
        if not known:
            return UNDECIDED, ("there is no interval", "没有区间")
        a_ratio = self.threshold == 1 and found.get("method") == LOGARITHMS
        within = a_ratio and at_look["low"] > LEAST_RATIO and at_look["high"] < LARGEST_RATIO
        if above or below:
            small = ("a small difference", "差别小") if within else ("", "")
            return HOLDS if above == (self.relation == "above") else FAILS, small
        if within:
            return ALIKE, ("", "")
        return UNDECIDED, self._contains_threshold(found)

    def _contains_threshold(self, found):
        """That the interval does, and what it would take to decide, in both languages."""
        method, contains, in_chinese = (
            found.get("method"),
            f"the interval contains {self.threshold:g}",
            f"区间含 {self.threshold:g}",
        )
        wanted = replicates_to_decide(found, self.threshold, self.looks(found)) if method in (*STUDENTS, *PROPORTIONS) else None
        if method in STUDENTS:
            many = (f"at least {wanted}", f"至少共需 {wanted} 个") if wanted else (f"over {MOST}", f"需 {MOST} 个以上的")
            contains += f"; at this value and scatter it would take {many[0]} seeds"
            in_chinese += f"；若数值和离散程度不变，{many[1]}种子才能判定"
        if method in PROPORTIONS:
            many = (f"at least {wanted}", f"至少须为 {wanted} ") if wanted else (f"over {MOST}", f"须在 {MOST} 以上")
            contains += f"; at this share n would have to be {many[0]}"
            in_chinese += f"；若比例不变，n {many[1]}才能判定"
        return contains, in_chinese

    def looks(self, found: Found) -> int:
        """How often it has been looked at, this time among them."""
        return 1 + sum(n < len(found["each"]) for n in self.looked_at)

    def _at_look(self, found):
        return numeric.at_look(found, self.looks(found)) if found else found

    def refuted_by(self, language: str = "en") -> str:
        """What would refute it, in words: a quantity whose whole interval lies there."""
        other = SIDES["below" if self.relation == "above" else "above"][language == "zh"]
        if language == "zh":
            terms = f"，{TERMS[self.terms][1]}" if TERMS[self.terms][1] else ""
            return f"{self.quantity_zh}{terms}：{other} {self.threshold:g}"
        terms = f", {TERMS[self.terms][0]}" if TERMS[self.terms][0] else ""
        return f"{self.quantity}{terms}: {other} {self.threshold:g}"

    def in_words(self, found: Found | None, language: str = "en") -> dict[str, Any]:
        """What a page says of it: says, quantity, holds_if, refuted_by, terms, found, each, n, at_end, looks, verdict, why,
        caveat, constants: text; measured, after: bool."""
        chinese = language == "zh"
        text = lambda field: getattr(self, field + "_zh" if chinese else field)  # noqa: E731
        at_end = ""
        if found and found.get("trainings"):
            counts = found["at_end"], found["trainings"]
            at_end = "{1} 次训练中 {0} 次已收敛".format(*counts) if chinese else "{} of {}".format(*counts)
        looks = ""
        if found and found["low"] is not None and (times := self.looks(found)) > 1:
            form = "查看 {} 次（{:.3g} % 区间）" if chinese else "looked at {} times ({:.3g} % interval)"
            looks = form.format(times, 100 * numeric.level(times))
        return {
            "key": self.key,
            "says": text("says"),
            "quantity": text("quantity"),
            "holds_if": f"{'>' if self.relation == 'above' else '<'} {self.threshold:g}",
            "refuted_by": self.refuted_by(language),
            "terms": TERMS[self.terms][chinese],
            "found": self._found(self._at_look(found), chinese),
            "each": _each(found, chinese),
            "n": str(sum(value is not None for value in found["each"])) if found else "",
            "at_end": at_end,
            "looks": looks,
            "after": self.after or self.verdict(found) == ALIKE,  # ALIKE came when most trainings had been seen
            "constants": self.constants,
            "measured": self.why(found) != NOT_MEASURED[0],
            "verdict": WORDS[language][self.verdict(found)],
            "why": self.why(found, language),
            "caveat": text("caveat"),
        }

    def _found(self, found: Found | None, chinese: bool) -> str:
        if not found or found["value"] is None:
            return "–"
        return numeric.in_words(found, "{}（{} 至 {}）" if chinese else "{} ({} to {})")


def _each(found: Found | None, chinese: bool) -> str:
    """The replicates' values one after another, of more than a line holds their range; of successes how many there were."""
    if not found or not found["each"]:
        return ""
    if found["method"] in PROPORTIONS:
        successes, of = sum(found["each"]), len(found["each"])
        return f"{of} 次中 {successes} 次" if chinese else f"{successes} of {of}"
    lived = [value for value in found["each"] if value is not None]
    if len(found["each"]) > LISTED and lived:
        ends = (in_digits(value, 3) for value in (min(lived), statistics.median(lived), max(lived)))
        return ("最小 {}，中位数 {}，最大 {}" if chinese else "least {}, median {}, largest {}").format(*ends)
    died = "出错终止" if chinese else "died"
    values = [died if value is None else in_digits(value, 3) for value in found["each"]]
    return "各次：" + "、".join(values) if chinese else "one by one " + ", ".join(values)


def of(about: Mapping[str, Any]) -> list[Claim]:
    """The claims of an experiment's ABOUT. One with several terms is as many claims, with the keys 'KEY, TERMS'; one that says
    'like' another has that one's fields but for those that it names itself."""
    claims, rows = [], about.get("claims", {})
    for key, own in rows.items():
        row = {**(rows[own["like"]] if "like" in own else {}), **own}
        row.pop("like", None)
        terms = row.get("terms", "none")
        if isinstance(terms, str):
            claims.append(Claim(key, **row))
        else:
            claims += [Claim(f"{key}, {term}", **{**row, "terms": term}) for term in terms]
    return claims


def verdicts(about: Mapping[str, Any], numbers: Mapping[str, Any]) -> dict[str, str]:
    """{key: verdict} of what measure() found. Raises KeyError for an interval that belongs to no claim."""
    claims, found = {claim.key: claim for claim in of(about)}, numbers.get("claims", {})
    if unknown := set(found) - set(claims):
        raise KeyError(f"no such claim: {', '.join(sorted(unknown))}")
    return {key: claim.verdict(found.get(key)) for key, claim in claims.items()}

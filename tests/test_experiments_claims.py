"""A claim as one predicate: verdicts from intervals, what would refute it in words, and the intervals themselves."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import experiments
from experiments import claims, figures, numeric
from experiments.claims import ALIKE, FAILS, HOLDS, UNDECIDED, Claim
from experiments.numeric import LOGARITHMS

ROW = {"says": "It is small.", "says_zh": "它很小。", "quantity": "size", "quantity_zh": "大小"}
BELOW = Claim("k", **ROW, relation="below", threshold=1)
ABOVE = Claim("k", **ROW, relation="above", threshold=1)
finite = st.floats(-1e6, 1e6)


def found(low, high, n=3, **more):
    return {"value": (low + high) / 2, "low": low, "high": high, "each": [low] * n, "seeds": [*range(n)], "method": "t", **more}


@pytest.mark.parametrize(
    ("claim", "interval", "verdict"),
    [
        (BELOW, found(0.2, 0.9), HOLDS),
        (BELOW, found(1.1, 1.5), FAILS),
        (BELOW, found(0.9, 1.1), UNDECIDED),
        (BELOW, found(0.5, 1.0), UNDECIDED),  # touches
        (ABOVE, found(1.1, 1.5), HOLDS),
        (ABOVE, found(0.2, 0.9), FAILS),
        (ABOVE, found(0.9, 1.1), UNDECIDED),
        (BELOW, found(0.2, 0.9, n=2), UNDECIDED),
        (BELOW, {**found(0.2, 0.9), "each": [0.2, None, None]}, UNDECIDED),
        (BELOW, {**found(0.2, 0.9), "low": None, "high": None}, UNDECIDED),
        (BELOW, {**found(0.2, 0.9), "value": None}, UNDECIDED),
        (BELOW, None, UNDECIDED),
        (BELOW, found(0.85, 1.2, method=LOGARITHMS), ALIKE),
        (ABOVE, found(0.85, 1.2, method=LOGARITHMS), ALIKE),
        (ABOVE, found(1.05, 1.2, method=LOGARITHMS), HOLDS),  # small, and there
        (BELOW, found(1.05, 1.2, method=LOGARITHMS), FAILS),
        (BELOW, found(0.8, 1.2, method=LOGARITHMS), UNDECIDED),
        (BELOW, found(0.9, 1.25, method=LOGARITHMS), UNDECIDED),
        (BELOW, {**found(0.85, 1.2, method=LOGARITHMS), "each": [0.9, None, None]}, UNDECIDED),
        (Claim("k", **ROW, relation="below", threshold=1.1), found(0.9, 1.2, method=LOGARITHMS), UNDECIDED),  # no ratio of equals
    ],
)
def test_a_verdict_follows_from_the_whole_interval(claim, interval, verdict):
    assert claim.verdict(interval) == verdict
    small = verdict in (HOLDS, FAILS) and interval["method"] == LOGARITHMS
    assert claim.why(interval) == "a small difference" if small else bool(claim.why(interval)) == (verdict == UNDECIDED)
    assert bool(claim.why(interval)) == bool(claim.why(interval, "zh"))


@given(finite, finite, finite, st.sampled_from(("above", "below")))
def test_a_claim_and_its_opposite_never_both_hold(a, b, threshold, relation):
    low, high = sorted((a, b))
    verdicts = [
        Claim("k", **ROW, relation=side, threshold=threshold).verdict(found(low, high))
        for side in (relation, "below" if relation == "above" else "above")
    ]
    assert verdicts in ([HOLDS, FAILS], [FAILS, HOLDS], [UNDECIDED, UNDECIDED])


def test_a_claim_about_ends_is_decided_only_at_the_ends():
    claim = Claim("k", **ROW, relation="below", threshold=1, of_converged=True)
    assert claim.verdict(found(0.2, 0.9, trainings=6, at_end=6)) == HOLDS
    assert claim.verdict(found(0.2, 0.9, trainings=6, at_end=5)) == UNDECIDED
    assert "5 of 6" in claim.why(found(0.2, 0.9, trainings=6, at_end=5))
    assert claim.verdict(found(0.2, 0.9)) == UNDECIDED  # it is not known


def test_what_was_not_measured_is_told_from_what_gave_no_number():
    nothing = numeric.t_interval({}, log=True)
    assert (BELOW.verdict(nothing), BELOW.why(nothing), BELOW.why(None, "zh")) == (UNDECIDED, "not measured yet", "尚未测")
    died = numeric.t_interval({0: None, 1: None, 2: None})
    assert BELOW.why(died) == "its 3 replicates give no number"
    alike = numeric.mcnemar({0: True, 1: False}, {0: True, 1: False})
    assert (BELOW.verdict(alike), BELOW.why(alike)) == (UNDECIDED, "no two differ")


def test_the_refutation_is_the_other_side():
    assert BELOW.refuted_by() == "size: above 1"
    assert ABOVE.refuted_by("zh") == "大小：小于 1"
    with_terms = Claim("k", **ROW, relation="above", threshold=0.5, terms="CPU seconds")
    assert with_terms.refuted_by() == "size, at the steps that equal CPU seconds pay: below 0.5"


def test_several_terms_are_several_claims():
    row = {**ROW, "relation": "below", "threshold": 1, "terms": ("generator steps", "CPU seconds")}
    one, other = claims.of({"claims": {"mlp": row}})
    assert (one.key, other.key) == ("mlp, generator steps", "mlp, CPU seconds")
    assert (one.terms, other.terms) == ("generator steps", "CPU seconds")


def test_a_claim_like_another_says_only_what_differs():
    rows = {
        "b": {"like": "a", "says": "It is not.", "threshold": 2},
        "a": {**ROW, "relation": "below", "threshold": 1, "terms": ("none", "all steps")},
    }
    same = {"says": "It is not.", "threshold": 2, "relation": "below", "quantity": "size"}
    assert [claim.key for claim in claims.of({"claims": rows})] == ["b, none", "b, all steps", "a, none", "a, all steps"]
    assert all(same.items() <= vars(claim).items() for claim in claims.of({"claims": rows})[:2])
    with pytest.raises(KeyError, match="c"):
        claims.of({"claims": {"b": {"like": "c"}}})


def test_an_interval_of_no_claim_is_a_mistake():
    about = {"claims": {"a": {**ROW, "relation": "below", "threshold": 1}}}
    assert claims.verdicts(about, {"claims": {}}) == {"a": UNDECIDED}
    with pytest.raises(KeyError, match="b"):
        claims.verdicts(about, {"claims": {"b": None}})


@pytest.mark.parametrize("name", experiments.NAMES)
def test_every_experiment_s_claims_are_well_formed(name):
    every = claims.of(experiments.about(name))
    assert every or "no claim is decided" in experiments.about(name)["run"]  # a table
    assert len({claim.key for claim in every}) == len(every)
    for claim in every:
        assert claim.relation in claims.SIDES and claim.terms in claims.TERMS
        assert claim.says.endswith(".") and claim.says_zh.endswith("。")
        assert not claim.quantity.endswith(".") and claim.quantity_zh
        assert bool(claim.caveat) == bool(claim.caveat_zh)
        for caveat, end in ((claim.caveat, ". "), (claim.caveat_zh, "。")):  # a sentence at most
            assert end not in caveat.rstrip(end.strip())


@pytest.mark.parametrize("name", experiments.NAMES)
def test_what_is_said_of_ends_is_judged_at_ends(name):
    """A claim of convergence, of an optimum or of classes lost for good is undecided where a training had not converged."""
    for claim in claims.of(experiments.about(name)):
        of_ends = re.search(r"\bends?\b|to convergence|\boptimum\b|loses (no|classes)", claim.says) or re.search(
            "结束|到收敛|最优", claim.says_zh
        )
        assert claim.of_converged or not of_ends, claim.says


def test_t_intervals_are_scipy_s():
    values = {0: 1.0, 1: 2.5, 2: 2.0, 3: None}
    lived = [1.0, 2.5, 2.0]
    mine, low_high = numeric.t_interval(values), stats.ttest_1samp(lived, 0).confidence_interval()
    assert (mine["low"], mine["high"]) == pytest.approx(tuple(low_high))
    assert mine["value"] == pytest.approx(np.mean(lived)) and mine["each"] == [1.0, 2.5, 2.0, None]
    logs, ends = numeric.t_interval(values, log=True), stats.ttest_1samp(np.log(lived), 0).confidence_interval()
    assert (logs["low"], logs["high"]) == pytest.approx(tuple(np.exp(ends)))
    assert logs["value"] == pytest.approx(stats.gmean(lived))


def test_an_interval_of_correlations_is_cut_where_no_correlation_lies():
    values = {0: 0.2, 1: 0.9, 2: 1.0}
    whole, cut = numeric.t_interval(values), numeric.t_interval(values, bound=1)
    assert whole["high"] > 1 and cut["high"] == 1 and cut["low"] == whole["low"] and cut["value"] == whole["value"]
    less = numeric.paired_difference({0: -1, 1: -0.2, 2: -1}, {0: 0.9, 1: 0.5, 2: 1}, bound=2)
    assert less["low"] == -2 < less["value"] < less["high"]


def test_pairs_are_made_by_seed_and_die_together():
    ours, theirs = {0: 2.0, 1: 4.0, 2: None, 5: 3.0}, {0: 1.0, 1: 2.0, 2: 7.0, 3: 8.0}
    assert numeric.paired_difference(ours, theirs)["each"] == [1.0, 2.0, None]
    ratio = numeric.paired_ratio(ours, theirs)
    assert ratio["seeds"] == [0, 1, 2] and ratio["each"] == [2.0, 2.0, None] and ratio["low"] is None
    same = numeric.paired_ratio({s: 3.0 * v for s, v in enumerate((1, 5, 9))}, dict(enumerate((1.0, 5.0, 9.0))))
    assert (same["low"], same["value"], same["high"]) == pytest.approx((3, 3, 3))


@pytest.mark.parametrize("values", [{}, {0: None}, {0: 1.0, 1: 2.0}])
def test_fewer_than_three_have_no_interval(values):
    for log in (False, True):
        assert numeric.t_interval(values, log)["low"] is None
    assert numeric.share(dict.fromkeys(values, True))["low"] is None


@given(st.lists(st.floats(0.5, 2), min_size=3, max_size=12), st.floats(0.5, 2), st.booleans(), st.integers(1, 4))
def test_it_is_said_how_many_seeds_would_decide_at_the_next_look(values, threshold, log, looks):
    interval = numeric.t_interval(dict(enumerate(values)), log)
    wanted, n = numeric.replicates_to_decide(interval, threshold, looks), len(values)
    scale = np.log if log else np.asarray
    scatter, apart = np.std(scale(values), ddof=1), abs(scale(interval["value"]) - scale(threshold))
    half = lambda count: stats.t.ppf(1 - 0.025 / (looks + 1), count - 1) * scatter / np.sqrt(count)  # noqa: E731
    rounding = 1e-6 * apart + 1e-12
    if wanted is None:
        assert half(numeric.MOST) >= apart - rounding
    else:
        assert wanted > n and half(wanted) < apart + rounding
        assert wanted == n + 1 or half(wanted - 1) >= apart - rounding


@given(st.integers(3, 30), st.data(), st.floats(0.1, 0.9), st.integers(1, 3))
def test_it_is_said_how_large_an_n_would_decide_about_a_share(n, data, threshold, looks):
    count = data.draw(st.integers(0, n))
    wanted = numeric.replicates_to_decide(numeric.share({k: k < count for k in range(n)}), threshold, looks)

    def decides(size):
        """Whether as many of so many lie beside the threshold, with the fraction of a success lost that speaks against it."""
        successes = int(np.floor(size * (count / n)) if count / n > threshold else np.ceil(size * (count / n)))
        low = stats.beta.ppf(0.025 / (looks + 1), successes, size - successes + 1) if successes else 0
        high = stats.beta.ppf(1 - 0.025 / (looks + 1), successes + 1, size - successes) if successes < size else 1
        return low > threshold or high < threshold

    assert next((size for size in range(n + 1, numeric.MOST + 1) if decides(size)), None) == wanted


def test_a_share_that_is_undecided_has_its_price():
    claim = claims.Claim("k", **ROW, relation="above", threshold=0.5, of_converged=True)
    row = numeric.share({k: k < 9 for k in range(12)}) | {"trainings": 12, "at_end": 11}
    assert (
        claim.why(row)
        == "11 of 12 trainings have converged, and the interval contains 0.5; at this share n would have to be at least 24"
    )
    assert claim.why(row, "zh").endswith("且区间含 0.5；若比例不变，n 至少须为 24 才能判定")
    assert claim.why(row | {"at_end": 12}).endswith("at least 24")
    assert ABOVE.why(row | {"at_end": 12}) == ""


@pytest.mark.parametrize("looks", [1, 2, 4])
def test_an_interval_that_was_looked_at_several_times_is_as_much_wider(looks):
    values, share = {0: 1.0, 1: 2.5, 2: 2.0, 3: None}, dict(enumerate((True, True, True, False)))
    lived, level = [1.0, 2.5, 2.0], 1 - 0.05 / looks
    ends = stats.ttest_1samp(lived, 0).confidence_interval(level)
    row = numeric.at_look(numeric.t_interval(values), looks)
    assert (row["low"], row["value"], row["high"]) == pytest.approx((ends.low, np.mean(lived), ends.high))
    logs = stats.ttest_1samp(np.log(lived), 0).confidence_interval(level)
    row = numeric.at_look(numeric.t_interval(values, log=True), looks)
    assert (row["low"], row["high"]) == pytest.approx((np.exp(logs.low), np.exp(logs.high)))
    row = numeric.at_look(numeric.rounded(numeric.t_interval(values, bound=2.2)), looks)  # as a result's JSON keeps it
    assert row["high"] == 2.2 and row["low"] == pytest.approx(max(-2.2, ends.low), rel=1e-4)
    row = numeric.at_look(numeric.share(share), looks)
    assert (row["low"], row["high"]) == pytest.approx(tuple(stats.binomtest(3, 4).proportion_ci(level)))
    assert numeric.at_look(numeric.t_interval({0: 1.0}), looks)["low"] is None


def test_a_verdict_is_that_of_the_last_look_and_says_so():
    interval = numeric.t_interval({0: 0.6, 1: 0.7, 2: 0.8, 3: 0.9})
    once, again = (Claim("k", **ROW, relation="below", threshold=0.97, looked_at=at) for at in ((), (1, 2, 3, 30)))
    assert once.verdict(interval) == HOLDS and once.in_words(interval)["looks"] == ""
    assert again.verdict(interval) == UNDECIDED and again.in_words(interval)["looks"] == "looked at 4 times (98.8 % interval)"
    assert again.in_words(interval, "zh")["looks"] == "查看 4 次（98.8 % 区间）"
    assert Claim("k", **ROW, relation="below", threshold=0.97, looked_at=(4,)).verdict(interval) == HOLDS, "this is that look"
    assert f"at least {numeric.replicates_to_decide(interval, 0.97, 4)} seeds" in again.why(interval)
    assert numeric.replicates_to_decide(interval, 0.97, 4) > numeric.replicates_to_decide(interval, 0.97, 1)
    wide = numeric.at_look(interval, 4)
    assert again.in_words(interval)["found"] == numeric.in_words(wide) != once.in_words(interval)["found"]


def test_a_replicate_that_died_is_none_of_those_that_are_counted():
    values = {0: 1.0, 1: 2.0, 2: 1.2, 3: 1.7}
    wanted = [numeric.replicates_to_decide(numeric.t_interval(values | more), 1.0) for more in ({}, dict.fromkeys(range(4, 9)))]
    assert wanted[0] == wanted[1] < 9


def test_no_more_seeds_are_named_than_are_worth_it():
    assert "contains 1; at this value and scatter it would take at least " in BELOW.why(found(0.7, 1.1, n=5))
    assert BELOW.why(found(0.7, 1.2999, n=5)).endswith("it would take over 100 seeds")


def test_a_ratio_to_nothing_decides_nothing():
    row = numeric.rounded(numeric.paired_ratio(dict(enumerate((1.0, 2.0, 3.0))), dict(enumerate((0.0, 1.0, 1.0)))))
    assert row["low"] is None and BELOW.verdict(row) == ABOVE.verdict(row) == UNDECIDED
    assert "give no number" in BELOW.why(row) and BELOW.why(None) == "not measured yet"


def test_shares_have_the_exact_interval_and_mcnemar_looks_at_disagreements():
    row = numeric.share({seed: seed < 8 for seed in range(10)})
    assert (row["low"], row["high"]) == pytest.approx((stats.beta.ppf(0.025, 8, 3), stats.beta.ppf(0.975, 9, 2)))
    none = {n: numeric.share(dict.fromkeys(range(n), False)) for n in (5, 6)}
    assert none[5]["high"] > 0.5 > none[6]["high"], "five failures do not decide at a half, six do"
    assert BELOW.why(numeric.share({})) == "not measured yet"
    ours = {n: n < 9 for n in range(20)}
    theirs = {n: n in (0, 1, 19) for n in range(20)}
    row = numeric.mcnemar(ours, theirs)  # ours alone at 2 … 8, theirs alone at 19
    assert (sum(row["each"]), len(row["each"])) == (7, 8)
    p = stats.binomtest(7, 8).pvalue
    assert (row["low"] > 0.5) == (p < 0.05)
    assert claims.Claim("k", **ROW, relation="above", threshold=0.5).in_words(row)["each"] == "7 of 8"


def test_a_line_names_each_replicate_or_their_range():
    row = numeric.t_interval({0: 0.5, 1: 0.25, 2: None})
    assert BELOW.in_words(row)["each"] == "one by one 0.5, 0.25, died"
    assert BELOW.in_words(row, "zh")["each"] == "各次：0.5、0.25、出错终止"
    many = numeric.t_interval({seed: float(seed) if seed else None for seed in range(30)})
    assert BELOW.in_words(many)["each"] == "least 1, median 15, largest 29"


def test_many_values_are_shown_by_their_ends():
    few, many = (numeric.mean_and_deviation([0.25, None, *[3.0] * count]) for count in (1, 10))
    assert numeric.each(few) == "0.25, –, 3" and numeric.each(many) == "0.25 … 3"
    assert figures.in_title(few) == "0.25, –, 3" and figures.in_title(many) == "2.75 (0.25 … 3)"
    assert figures.in_title(numeric.mean_and_deviation([None] * 5)) == "–, –, –, –, –"

"""The report's summary and its words: what it says in short, in both languages, and nothing that the numbers do not bear out."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

import metrics
from reporting import collect, curves, page, page_words, summary, terms, words
from tests.helpers import tiny
from tests.test_report import entries_of
from training import alarms
from training.recipe import Recipe


def results(values, steps=3000, samples=5000, quality="fd_lenet"):
    """A comparison of models whose runs, seeds from 0, have these {label: values}."""
    runs, groups = [], []
    for label, of_seeds in values.items():
        own = [
            {"label": label, "seed": seed, "status": "finished", "minutes": 1.0, "metrics": {quality: {"value": value}}}
            for seed, value in enumerate(of_seeds)
        ]
        runs += own
        groups.append({"label": label, "steps": steps, "metrics": {quality: {"mean": float(np.mean(of_seeds))}}})
    settings = [{"name": "clip", "equal": False}, {"name": "latent", "equal": True}]
    return {"quality": quality, "groups": groups, "runs": runs, "samples": samples, "settings": settings}


def test_who_is_ahead_and_by_how_much_is_paired_by_seed():
    a, b = [2.0, 4.0, 6.1], [2.5, 5.0, 7.5]  # seeds differ more than models do
    found = summary.summarise(results({"b": b, "a": a}))
    assert found["ahead"] == "a" and [row["label"] for row in found["behind"]] == ["b"]
    (row,) = found["behind"]
    interval = ttest_rel(np.log(a), np.log(b)).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((np.exp(interval.low), np.exp(interval.high)))
    assert row["ratio"] == pytest.approx(np.exp(np.mean(np.log(a) - np.log(b)))) and row["seeds"] == 3
    assert found["certain"] is True and row["high"] < 1
    assert (found["trainings"], found["minutes"], found["unequal"], found["trial"]) == (6, 6.0, ["clip"], {})


def test_a_lead_that_the_seeds_do_not_bear_out_is_not_certain():
    assert summary.summarise(results({"a": [1.0, 3.0, 2.0], "b": [2.0, 2.0, 3.0]}))["certain"] is False
    one = summary.summarise(results({"a": [1.0], "b": [2.0]}))
    assert one["certain"] is None and one["behind"][0]["ratio"] == 0.5 and one["behind"][0]["low"] is None
    apart = results({"a": [1.0], "b": [2.0]})
    apart["runs"][1]["seed"] = 7  # no seed in common
    assert summary.summarise(apart)["behind"][0]["ratio"] is None
    assert summary.summarise(results({"a": [0.0, 1.0], "b": [2.0, 2.0]}))["behind"][0]["ratio"] is None
    assert summary.summarise(results({"a": [1.0]}))["ahead"] is None


@given(st.lists(st.lists(st.floats(0.01, 100), min_size=3, max_size=3), min_size=2, max_size=5), st.integers(1, 3))
def test_who_is_ahead_is_so_by_the_ratios_that_are_reported(values, alive):
    """The last group lost the seeds from `alive` on: its own mean would say nothing of those that the others survived."""
    named = {f"m{number}": row for number, row in enumerate(values)}
    named[f"m{len(values) - 1}"] = values[-1][:alive]
    found = summary.summarise(results(named))
    if len(values) == 2 or alive == 3:
        assert all(row["ratio"] <= 1 + 1e-9 for row in found["behind"])
        assert found["certain"] is not False or any(row["high"] >= 1 for row in found["behind"])


def test_one_bad_seed_that_all_met_decides_nothing_and_the_page_says_what_means_would():
    """By arithmetic means wgan is ahead in the first; in the second the bad seed's training died in the other model alone."""
    found = summary.summarise(results({"dcgan": [1.0, 10.0, 1.1], "wgan": [3.5, 4.5, 3.6]}))
    assert found["ahead"] == "dcgan" and found["behind"][0]["ratio"] < 1
    died = summary.summarise(results({"dcgan": [1.0, 1.1, 20.0], "wgan": [3.5, 3.7]}))
    assert died["ahead"] == "dcgan" and (died["certain"], died["behind"][0]["seeds"]) == (True, 2)
    apart = results({"a": [1.0], "b": [2.0]})
    apart["runs"][1]["seed"] = 7
    assert summary.summarise(apart)["ahead"] == "a", "without a seed in common the means decide"
    higher = results({"dcgan": [0.9, 0.1, 0.9], "wgan": [0.5, 0.5, 0.5]}, quality="coverage")
    assert summary.summarise(higher)["ahead"] == "wgan"


@pytest.mark.parametrize(
    ("of_a", "of_b", "words"),
    [
        ([1.0, 10.0, 1.1], [3.5, 4.5, 3.6], ["Not certain: an interval reaches 1.", "say the contrary"]),
        ([1.0, 1.0, 1.1], [3.5, 4.5, 3.6], ["Certain, as far as these seeds go"]),
    ],
)
def test_the_page_says_of_the_lead_what_the_numbers_are(small_comparison, of_a, of_b, words):
    grown = json.loads(json.dumps(small_comparison[0]))
    numbers = dict(zip((group["label"] for group in grown["groups"]), (of_a, of_b), strict=True))
    grown["runs"] = [{**row, "seed": seed} for row in grown["runs"][::2] for seed in range(3)]
    for row in grown["runs"]:
        row["metrics"]["fd_lenet"] = {"value": numbers[row["label"]][row["seed"]], "deviation": None}
        row["metrics"] = json.loads(json.dumps(row["metrics"]))
    for row in grown["groups"]:
        row["steps"], row["metrics"]["fd_lenet"]["mean"] = 1000, float(np.mean(numbers[row["label"]]))
    grown["samples"], grown["quality"] = 5000, "fd_lenet"
    grown["summary"] = summary.summarise(grown)
    text = page.render(grown)
    for sentence in ("Not certain: an interval reaches 1.", "say the contrary", "Certain, as far as these seeds go"):
        assert (sentence in text) == (sentence in words), sentence


def test_the_runner_up_may_be_certain_and_the_last_not():
    found = summary.summarise(results({"a": [1.0, 1.1, 1.0], "b": [2.0, 2.1, 2.2], "c": [0.9, 9.0, 2.0]}))
    assert [row["label"] for row in found["behind"]] == ["b", "c"]
    assert found["behind"][0]["high"] < 1 < found["behind"][1]["high"] and found["certain"] is False


def test_tiny_results_are_a_trial():
    assert summary.summarise(results({"a": [1.0], "b": [2.0]}, steps=10, samples=200))["trial"] == {"steps": 10, "samples": 200}
    found = results({"a": [1.0], "b": [2.0]}, steps=500, samples=1000)
    assert summary.summarise(found)["trial"] == {}
    found["groups"][1]["steps"] = 499
    assert summary.summarise(found)["trial"] == {"steps": 499}, "the one that was trained least"


def test_a_model_that_died_makes_no_trial_of_the_others():
    found = results({"wgan": [1.0, 1.1, 1.0], "dcgan": [2.0, 2.1, 2.2]})
    found["groups"].append({"label": "gan", "steps": 0, "metrics": {}})
    found["runs"] += [{"label": "gan", "seed": seed, "status": "died", "minutes": 0.0, "metrics": {}} for seed in range(3)]
    said = summary.summarise(found)
    assert (said["trial"], said["ahead"], said["certain"]) == ({}, "wgan", True)
    found["groups"] = found["groups"][2:]
    assert summary.summarise(found)["trial"] == {"steps": 0}, "where nothing was scored it is one"


def test_a_seed_that_died_has_no_part_in_its_models_steps():
    rows = [{"seed": s, "status": "finished", "budget": "", "steps": 700, "minutes": 2.0, "metrics": {}} for s in range(2)]
    died = {"seed": 2, "status": "died", "budget": "", "steps": 0, "minutes": 0.1, "metrics": {}}
    found = collect.group("gan", [*rows, died])
    assert (found["steps"], found["minutes"], found["died"]) == (700, 2.0, 1)
    assert collect.group("gan", [died])["steps"] == 0


def test_of_a_run_that_died_its_message_alone_names_the_step(small_comparison):
    grown = json.loads(json.dumps(small_comparison[0]))
    grown["runs"][0] |= {"status": "died", "message": "critic_loss not finite at step 3", "steps": 0}
    text = page.render(grown)
    at = text.index('<p class="alarm">')
    said = text[at : text.index("</p>", at)]
    assert "critic_loss not finite at step 3" in said and said.count("step") == 1 and "步" not in said


def test_the_page_of_a_trial_does_not_pretend(small_comparison):
    found, text, _ = small_comparison
    assert found["summary"]["trial"] == {"steps": 10, "samples": 200}
    assert "A trial, not a result." in text and "这只是试运行，不是结果。" in text
    assert 'class="best"' not in text and "Nobody can say yet." in text
    grown = json.loads(json.dumps(found))
    for row in [*grown["groups"], *grown["runs"]]:
        row["steps"] = 1000
    grown["samples"], grown["best"] = 5000, dict.fromkeys(grown["best"], "gan")
    grown["summary"] = summary.summarise(grown)
    text = page.render(grown)
    assert "A trial" not in text and 'class="best"' in text and "Nobody can say yet." not in text


def test_the_page_opens_in_its_language_and_has_both(small_comparison):
    found, text, _ = small_comparison
    assert '<html lang="en">' in text and '<html lang="zh">' in page.render(found, "zh")
    assert text.count('<span lang="en">') == text.count('<span lang="zh">') > 100


def test_every_key_has_words_in_both_languages():
    values = [value for metric in metrics.METRICS.values() for value in metric.values if value != "contrast"]
    quantities = {name for _, names in curves.LOGGED for name in names} | set(collect.HEALTH)
    settings = set(Recipe.model_fields) - {"model"} | {"network", "learning_rate"}
    for table, keys in ((words.VALUES, values), (page_words.QUANTITIES, quantities), (page_words.SETTINGS, settings)):
        for key in keys:
            assert key in table, key
            assert any(letter >= "\u4e00" for letter in table[key][1]), key
    assert set(page_words.CHARTS) == {title for title, _ in curves.LOGGED}
    assert set(page_words.AXES) == set(curves.AXES)
    assert page_words.of_value("coverage") == ("Coverage (share of real images)", "覆盖率（占真实图像的比例）")
    assert page_words.of_value("own_metric") == ("own_metric", "own_metric")


def test_a_critic_is_called_dead_only_while_it_is_so():
    monitor, dead = alarms.HealthMonitor(tiny("wgan")), "dead: no gradient reaches the generator"
    for norm, said in ((1e-9, dead), (1.0, "critic was dead for a time"), (1e-9, dead)):
        for step in range(alarms.PATIENCE):
            line = {"gradient_norm": norm, "estimate": 1.0}
            monitor.update(step, line)
        assert collect.verdict({"alarms": monitor.state}, "finished", line) == said
    assert collect.verdict({"alarms": monitor.state}, "died", line) == "died"
    assert collect.verdict({"alarms": monitor.state}, "finished", {}) == dead, "of a log that cannot be read"
    for name in ("dead", "negative"):
        assert collect.verdict({"alarms": {name: alarms.PATIENCE - 1}}, "finished", line) == "alive", "it was not said yet"
    state = {"alarms": {"negative": alarms.PATIENCE}}
    said = [collect.verdict(each, "finished", line) for each in (state, {})]
    assert said == ["estimate was negative for a time", "alive"]
    assert {*said, dead, "critic was dead for a time", "died"} == {*page_words.VERDICTS}


def test_steps_beside_minutes_are_a_budget_too():
    """Of five minutes and of five minutes or ten steps neither is the other's."""
    entries = entries_of(("gan", {"minutes": 5.0}), ("wgan", {"minutes": 5.0, "steps": 10}))
    runs = [{"label": entry.label, "seed": 0, "provenance": {}} for entry in entries]
    assert terms.common_budget(entries) is None and terms.common_budget(entries[1:])["steps"] == 10
    (line,) = terms.remarks(entries, runs)
    assert line == "Not trained equally long: 5 minutes: gan, seed 0; 5 minutes or 10 generator steps: all others."
    assert page_words.remark(line).zh == "训练长度不同：5 分钟：gan，种子 0；5 分钟或 10 个生成器步：其余。"
    rows = {row["name"]: row["values"] for row in terms.settings(entries, ["gan", "wgan"])}
    assert rows["steps"] == {"gan": "–", "wgan": "10"} and set(rows["minutes"].values()) == {"5"}


def test_remarks_are_put_into_chinese():
    entries = entries_of(*[("gan", {"minutes": 1, "clock": clock}) for clock in ("cpu", "cpu", "wall")])
    runs = [{"label": "gan", "seed": s, "provenance": {"threads": 2 if s == 1 else 1, "device": "cpu"}} for s in range(3)]
    clock, threads = map(page_words.remark, terms.remarks(entries, runs))
    assert clock.zh == "预算的计时方式不同：分钟：gan，种子 2；CPU 分钟：其余。本报告中的时间都是实际时间。"
    assert threads.zh == "线程数不同：2：gan，种子 1；1：其余。用时不可比，步数也不可比。"
    line = "Stopped before the end of the training: gan, seed 0, after 10 generator steps (planned: 20 generator steps)."
    assert page_words.remark(line).zh == "训练未完成：gan，种子 0，训练到 10 个生成器步（计划 20 个生成器步）。"
    line = "Not scored equally often (checkpoint_every): 2 checkpoints: gan, seed 0; 6 checkpoints: all others."
    assert page_words.remark(line).zh == "评分的疏密不同（checkpoint_every）：2 个检查点：gan，种子 0；6 个检查点：其余。"
    line = "frechet was not measured in runs/a and b: it wants 100 samples"
    assert page_words.remark(line) == (line, "runs/a and b 未测量 frechet。原因：it wants 100 samples")
    assert page_words.remark("something {0} else") == ("something {0} else",) * 2


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "de_DE"}, "zh"),
        ({"LANG": "de_DE"}, "en"),
    ],
)
def test_the_language_is_the_systems(monkeypatch, variables, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert page_words.by_locale() == language

"""When a run is over, by steps and by either clock, and how learning rates fall on the way there."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from errors import UserError
from tests.helpers import log_of, tiny, toy_dataset
from tests.watched import Watched, play
from training import budget
from training.budget import Budget, finished
from training.settings import SETTINGS

NEW = {"seconds": 0.0, "cpu_seconds": 0.0}


@pytest.fixture
def clock(monkeypatch):
    """The time that budgets see: its wall and cpu (seconds) are set by the test."""
    now = SimpleNamespace(wall=100.0, cpu=50.0)
    fake = SimpleNamespace(monotonic=lambda: now.wall, process_time=lambda: now.cpu)
    monkeypatch.setattr(budget, "time", fake)
    return now


def minute(clock="wall", steps=1000):
    return tiny("wgan", minutes=1.0, clock=clock, steps=steps)


def used_at(found, step):
    found.look()
    return found.used(step)


def test_a_budget_in_words_names_what_may_end_the_run():
    assert budget.in_words(tiny("wgan", steps=6500)) == "6,500 steps"
    assert budget.in_words(tiny("wgan", steps=6500, minutes=0.5)) == "0.5 minutes or 6,500 steps"
    assert budget.in_words(tiny("wgan", steps=budget.UNREACHED, minutes=30, clock="cpu")) == "30 CPU minutes"


def test_steps_and_minutes_take_one_another_s_place():
    assert budget.settings({"clip": 1}, None, None, "cpu") == {"clip": 1}
    assert budget.settings({}, 5, None, "cpu") == budget.settings({"steps": 5}, None, None) == {"steps": 5, "minutes": None}
    assert budget.settings({}, None, 2.0, "cpu") == {"steps": budget.UNREACHED, "clock": "cpu", "minutes": 2.0}
    assert budget.settings({"steps": 5, "clock": "wall"}, None, 2.0, "cpu") == {"steps": 5, "clock": "wall", "minutes": 2.0}
    assert budget.settings({"steps": 5, "minutes": 2}, None, None) == {"steps": 5, "minutes": 2}
    assert budget.settings({}, None, 2.0) == {"minutes": 2.0}, "a comparison's terms say the rest"
    with pytest.raises(UserError, match="--steps and --minutes exclude one another"):
        budget.settings({}, 5, 2.0)


def test_a_million_steps_beside_minutes_are_no_budget_and_the_settings_say_so():
    assert budget.limit(tiny("wgan", steps=10**6 - 1, minutes=5)) == 10**6 - 1
    assert budget.limit(tiny("wgan", steps=10**6, minutes=5)) == np.inf and budget.limit(tiny("wgan", steps=10**6)) == 10**6
    assert "`steps` below a million" in SETTINGS["minutes"].en and "`steps`（小于一百万时）" in SETTINGS["minutes"].zh


def test_what_is_used_up_is_the_larger_share_of_steps_and_minutes(clock):
    by_wall, by_cpu = Budget(minute("wall"), NEW), Budget(minute("cpu"), NEW)
    assert used_at(by_wall, 0) == used_at(by_cpu, 0) == 0
    clock.wall, clock.cpu = clock.wall + 15, clock.cpu + 30
    assert (used_at(by_wall, 0), used_at(by_cpu, 0)) == (0.25, 0.5)
    assert (used_at(by_wall, 400), used_at(by_cpu, 400)) == (0.4, 0.5)
    clock.wall += 45
    assert used_at(by_wall, 0) == 1 and by_wall.spent()
    assert used_at(by_cpu, 0) == 0.5 and not by_cpu.spent()
    clock.wall += 45
    assert used_at(by_wall, 0) == 1, "a learning rate would be negative"


def test_without_minutes_only_steps_count(clock):
    found = Budget(tiny("wgan", steps=10), NEW)
    clock.wall += 1e6
    assert used_at(found, 4) == 0.4 and not found.spent()


def test_twentieths_of_the_steps_are_told_once():
    found = Budget(tiny("wgan", steps=50), NEW)
    told = [step for step in range(1, 51) if found.milestone(step) == "twentieth"]
    assert told == [-(-50 * k // 20) for k in range(1, 21)]
    resumed = Budget(tiny("wgan", steps=50), {"step": 20, "seconds": 0.0, "cpu_seconds": 0.0})
    assert [step for step in range(21, 51) if resumed.milestone(step)] == told[8:]
    assert [Budget(tiny("wgan", steps=3), NEW).milestone(step) for step in (1, 2, 3)] == ["twentieth"] * 3


def test_the_clocks_go_on_from_the_checkpoint(clock):
    state = {"seconds": 30.0, "cpu_seconds": 45.0}
    assert used_at(Budget(minute("wall"), state), 0) == 0.5
    assert used_at(Budget(minute("cpu"), state), 0) == 0.75


def test_both_clocks_stand_still_while_paused(clock):
    found = Budget(minute(), NEW)
    clock.wall, clock.cpu = clock.wall + 6, clock.cpu + 3
    with found.paused():
        clock.wall, clock.cpu = clock.wall + 1000, clock.cpu + 1000
    assert (found.seconds(), found.cpu_seconds()) == (6, 3)
    clock.wall, clock.cpu = clock.wall + 6, clock.cpu + 3
    assert (found.seconds(), found.cpu_seconds(), used_at(found, 0)) == (12, 6, 0.2)


def test_twentieths_and_fifths_of_the_minutes_are_told_once(clock):
    found, parts = Budget(minute(), NEW), []
    for step in range(1, 41):
        clock.wall += 1.5  # a fortieth
        found.look()
        parts.append(found.milestone(step))
    assert parts[::2] == [None] * 20
    assert parts[1::2] == [*["twentieth"] * 3, "fifth"] * 5


def test_cpu_time_is_this_process_s_work_and_not_its_waiting():
    time.sleep(0.5)  # threads of what was computed before may be spinning
    found = Budget(minute("cpu"), NEW)
    time.sleep(0.3)
    assert found.seconds() >= 0.3 > 3 * found.cpu_seconds()
    before, deadline = found.cpu_seconds(), time.monotonic() + 30
    while found.cpu_seconds() < before + 0.1:
        assert time.monotonic() < deadline


def test_a_run_is_finished_when_its_own_clock_has_run_out():
    for clock, other in (("wall", "cpu"), ("cpu", "wall")):
        keys = budget.KEYS[clock], budget.KEYS[other]
        assert finished(minute(clock), {"step": 3, keys[0]: 60.0, keys[1]: 1.0})
        assert not finished(minute(clock), {"step": 3, keys[0]: 59.9, keys[1]: 600.0})
        assert finished(minute(clock), {"step": 1000, keys[0]: 1.0, keys[1]: 1.0})
    assert not finished(tiny("wgan", steps=10), {"step": 9, "seconds": 1e9, "cpu_seconds": 1e9})


def test_a_budget_in_minutes_alone_has_no_limit_in_steps():
    alone, longer = tiny("wgan", steps=budget.UNREACHED, minutes=1, clock="cpu"), budget.UNREACHED + 1
    assert not finished(alone, {"step": longer, "seconds": 59.0, "cpu_seconds": 59.0})
    assert budget.share(alone, {"step": longer, "cpu_seconds": 30.0}) == 0.5
    assert Budget(alone, NEW).milestone(longer) is None
    assert finished(tiny("wgan", steps=budget.UNREACHED), {"step": budget.UNREACHED, "seconds": 1.0, "cpu_seconds": 1.0})


def test_decay_brings_both_step_sizes_down_linearly_over_the_steps(tmp_path):
    settings = {"decay": True, "steps": 10, "generator_learning_rate": 0.001, "critic_learning_rate": 0.002}
    trainer = play(tmp_path, toy_dataset(20), n_critic=2, **settings)
    np.testing.assert_allclose(trainer.rates, [[0.001 * (1 - k / 10), 0.002 * (1 - k / 10)] for k in range(10)])


@pytest.mark.parametrize("by", ["wall", "cpu"])
def test_decay_follows_the_clock_where_there_are_minutes(tmp_path, monkeypatch, clock, by):
    step = Watched.generator_step

    def slow(self, number):
        clock.wall, clock.cpu = clock.wall + (6 if by == "wall" else 40), clock.cpu + (6 if by == "cpu" else 40)
        return step(self, number)

    monkeypatch.setattr(Watched, "generator_step", slow)
    trainer = play(tmp_path, toy_dataset(20), decay=True, minutes=1.0, clock=by, steps=1000, learning_rate=0.001)
    np.testing.assert_allclose(trainer.rates, [[0.001 * (1 - k / 10)] * 2 for k in range(10)])
    assert [line["step"] for line in log_of(tmp_path)] == list(range(1, 11)), "it ends with its minutes"


def test_without_decay_the_step_sizes_stay(tmp_path):
    trainer = play(tmp_path, toy_dataset(20), steps=4, generator_learning_rate=0.001, critic_learning_rate=0.002)
    np.testing.assert_allclose(trainer.rates, [[0.001, 0.002]] * 4)

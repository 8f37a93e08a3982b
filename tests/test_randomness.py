"""Noise as a pure function of (seed, purpose, step)."""

import numpy as np
import pytest

from data import Order
from training.randomness import PURPOSES, generator, noise, uniform


def test_the_same_seed_purpose_and_step_give_the_same_numbers():
    for draw in (noise, uniform):
        np.testing.assert_array_equal(draw(5, "critic noise", 7, [4, 3]), draw(5, "critic noise", 7, [4, 3]))


@pytest.mark.parametrize("draw", [noise, uniform])
def test_no_two_seeds_purposes_or_steps_share_a_number(draw):
    found = [draw(seed, purpose, step, [64]) for seed in (0, 1, 7) for purpose in PURPOSES for step in (0, 1, 2, 1000)]
    numbers = np.concatenate(found).astype(float)
    if draw is noise:  # float32 on [0, 1) does repeat by chance
        assert len(np.unique(numbers)) > 0.999 * len(numbers)
    assert len({x.tobytes() for x in found}) == len(found)
    starts = {x[:2].tobytes() for x in found}
    assert not any(x[k : k + 2].tobytes() in starts for x in found for k in range(1, 60)), "one sequence runs into another"


def test_streams_keep_the_keys_that_all_runs_have_drawn_with():
    """Among them those that an epoch's order shares with a purpose, as the module says."""
    assert PURPOSES[6:] == ("held out", "samples", "generator classes", "sample classes")
    for epoch, purpose in enumerate(PURPOSES, 1):
        order = Order(50, 3, attempt=2).take(50 * epoch, 50)
        np.testing.assert_array_equal(order, generator(3, purpose, 0, attempt=2).permutation(50))


def test_noise_is_standard_normal_and_uniform_is_on_0_to_1():
    z = noise(0, "generator noise", 3, [20000])
    assert z.dtype == np.float32
    assert z.mean() == pytest.approx(0, abs=0.03) and z.std() == pytest.approx(1, abs=0.02)
    assert (z < 0).mean() == pytest.approx(0.5, abs=0.02), "not U[0, 1)"
    u = uniform(0, "penalty", 3, [20000])
    assert u.dtype == np.float32 and 0 <= u.min() < 0.01 and 0.99 < u.max() < 1
    assert u.mean() == pytest.approx(0.5, abs=0.01)


def test_the_first_samples_stay_when_more_are_drawn():
    np.testing.assert_array_equal(noise(1, "samples", 0, [5, 100]), noise(1, "samples", 0, [64, 100])[:5])

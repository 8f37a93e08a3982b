"""The order in which training visits the data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import Order

sizes, seeds = st.integers(1, 60), st.integers(0, 2**31 - 1)


@given(n=sizes, seed=seeds, epoch=st.integers(0, 5))
def test_every_index_comes_once_an_epoch(n, seed, epoch):
    assert sorted(Order(n, seed).take(epoch * n, n)) == list(range(n))


@given(n=sizes, seed=seeds, position=st.integers(0, 200), counts=st.lists(st.integers(1, 90), min_size=1, max_size=5))
def test_it_is_a_pure_function_of_position(n, seed, position, counts):
    """However it is cut into batches, across epochs' ends or begun in the middle, the order is one and the same."""
    whole = Order(n, seed).take(position, sum(counts))
    order, parts, at = Order(n, seed), [], position
    for count in counts:
        parts.append(order.take(at, count))
        at += count
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(order.take(position, sum(counts)), whole)


def test_seeds_and_epochs_shuffle_differently():
    first = Order(100, 0)
    epochs = [tuple(Order(100, seed).take(epoch * 100, 100)) for seed in range(3) for epoch in range(3)]
    assert len({*epochs, tuple(range(100))}) == 10
    assert tuple(first.take(0, 100)) == epochs[0]


@pytest.mark.parametrize("n", [2, 7])
def test_a_batch_may_be_larger_than_the_data(n):
    counts = np.bincount(Order(n, 0).take(3, 5 * n), minlength=n)
    assert counts.min() >= 4 and counts.max() <= 6

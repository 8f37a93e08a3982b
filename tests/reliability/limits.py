"""What every hostile input is held to, and values of all kinds for those that are JSON or YAML."""

import resource
import time

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from errors import UserError

SECONDS, BYTES = 5, 256 << 20  # BYTES: far more than small files need


def refused_soon(read):
    """The one line with which `read` is refused, at once and without memory."""
    peak = lambda: 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # noqa: E731
    began, before = time.process_time(), peak()
    with pytest.raises(UserError) as error:
        read()
    assert time.process_time() - began < SECONDS and peak() - before < BYTES
    assert "\n" not in str(error.value) and len(str(error.value)) < 1000
    return str(error.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

"""The same work on parts of a batch, in as many threads as Paddle may use (OMP_NUM_THREADS).

Paddle's operators let go of Python's lock. A copy of rows uses one core, and the products of a part are too small to be divided:
with a part in each thread both use all (docs/performance.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import paddle
from paddle import Tensor

from models import omp


def each(function: Callable[[Any], Tensor], parts: Sequence[Any]) -> list[Tensor]:
    """[function(part) for part in parts], without gradients; what it returns does not depend on the number of threads."""
    threads = min(omp.threads(), len(parts))
    if threads < 2:
        with paddle.no_grad():
            return [function(part) for part in parts]

    def share(number):
        with paddle.no_grad():  # of this thread
            return [function(part) for part in parts[number::threads]]

    results: list = [None] * len(parts)
    paddle.base.core.set_num_threads(1)  # of a product
    try:
        others = [_pool(os.getpid()).submit(share, number) for number in range(1, threads)]
        for number, done in enumerate([share(0), *(other.result() for other in others)]):
            results[number::threads] = done
    finally:
        paddle.base.core.set_num_threads(omp.threads())
    return results


@lru_cache(maxsize=1)
def _pool(process):
    # a forked process has none of its parent's threads
    return ThreadPoolExecutor(omp.threads())

"""OMP_NUM_THREADS as a number, for what may import Paddle and for what may not yet."""

import os


def threads() -> int:
    """Threads of this process as OMP_NUM_THREADS says them; 4,2, which OpenMP takes as well, are 4 with 2 within each."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() else 1

"""Whether the samples of all settings are the same pictures: python test_tipc/compare_results.py FILE.npz FILE.npz …"""

import sys

import numpy as np

paths = sys.argv[1:]
first, *others = (np.load(path)["images"].astype(int) for path in paths)
largest = max((int(abs(first - other).max()) for other in others), default=0)
print(f"{len(paths)} files of {len(first)} samples: pixels differ by at most {largest} of 255")
sys.exit(largest > 1)  # 1: sums in another order, rounded to 8 bits on the other side

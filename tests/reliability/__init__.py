"""What happens when things go wrong: kills, full disks, hostile files, bad networks, numbers that are not.

A short form of each is in the suite; `python -m pytest -m slow` runs the long form and prints what was counted.
"""

from collections import Counter

TALLY = Counter()  # printed at the end of the tests (tests/conftest.py)

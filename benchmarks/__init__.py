"""How fast it is, and against what: python -m benchmarks.throughput (a step), python -m benchmarks.quality (to a quality)."""

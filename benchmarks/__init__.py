"""How fast it is, and against what: python -m benchmarks.throughput."""

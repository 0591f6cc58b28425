"""Benchmark suites: bugs with visible and held-out tests, healed by the engine or in an editor session."""

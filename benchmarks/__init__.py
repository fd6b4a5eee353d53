"""Benchmarks: ratios and budgets, measured in one run on one machine. Never a timed test."""

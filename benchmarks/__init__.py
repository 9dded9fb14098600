"""Measured costs, side by side with what a person would write by hand: ``python -m benchmarks NAME``."""

"""Observations to outcomes, pure."""

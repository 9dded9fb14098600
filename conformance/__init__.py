"""Conformity assessment for AI that runs energy assets and energy that feeds AI compute."""

__version__ = "0.1.0"

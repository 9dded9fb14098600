"""The request schema as input space: generate, hunt, shrink."""

"""Standards on disk to model values."""

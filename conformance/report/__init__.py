"""Views of a run record."""

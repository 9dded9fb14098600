"""Plan, exercise, judge, shrink, record."""

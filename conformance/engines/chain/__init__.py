"""Chains of aggregation, lowered to DuckDB: calendars, coverage, exact sums, intervals of what is missing."""

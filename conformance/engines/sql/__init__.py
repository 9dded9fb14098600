"""Rules on single rows, lowered to SQL and judged by DuckDB: exact counts and the worst rows, in flat memory."""

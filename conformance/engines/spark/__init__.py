"""Rules on single rows in Spark SQL, where data outgrow one machine: the verdicts of DuckDB, bit for bit."""

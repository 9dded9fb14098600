"""Domain formulas that rules may call, a file per field."""

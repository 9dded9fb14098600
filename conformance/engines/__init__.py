"""Rules on the rows of tables: `conformance.engines.tables` chooses among the engines, which all mean the same."""

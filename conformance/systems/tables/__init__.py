"""Recorded tables as people have them: CSV, Parquet, JSON lines, workbooks, Arrow, read into one view."""

from conformance.systems.tables.opening import OpenedTable, SourceFile, open_relation, open_table

__all__ = ["OpenedTable", "SourceFile", "open_relation", "open_table"]

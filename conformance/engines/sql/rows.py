"""Rules over the rows of a table, in DuckDB: exact counts and the worst rows, all rules at once, in flat memory.

Complete rows (all columns that the rules read hold a finite value) are judged as points; only if there are others, one
more query judges those as intervals. Of rows in Parquet files only those are read that the statistics in the files
leave open (`prune`), and the worst rows are found on the way (`search`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from attrs import evolve
from sqlglot import exp

from conformance.engines.sql.bounds import Prover
from conformance.engines.sql.prune import (
    Group,
    GroupProof,
    ParquetRows,
    prove,
    read_groups,
    stored_types,
    types_of,
    uncounted,
    undefined_in,
    without,
)
from conformance.engines.sql.queries import Asked, table
from conformance.engines.sql.rule import SqlRule, lower
from conformance.engines.sql.scan import Scan
from conformance.engines.sql.search import Search
from conformance.rules.engine import Kind
from conformance.rules.verdicts import RowVerdict, WorstRow

__all__ = ["ParquetRows", "RowVerdict", "SqlRule", "WorstRow", "connect", "judge_rows", "lower", "seal"]


def connect(
    *, memory: str = "1GiB", threads: int | None = None, scratch: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A database in memory that neither loads nor installs extensions, and takes no expression for known unread.

    By the statistics of a Parquet file DuckDB would hold ``isnan(x)`` to be false, though they pass over NaN; and it
    would divide a grouping into parts that read the same rows each, where a filter on another column stands below.
    ``memory`` is the most it may take, ``scratch`` the folder to which it may spill what does not fit; without one it
    gives up instead.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "disabled_optimizers": "statistics_propagation,partitioned_execution",
            "memory_limit": memory,
            "temp_directory": str(scratch) if scratch else "",
            "preserve_insertion_order": False,
            **({"threads": threads} if threads else {}),
        },
    )
    connection.execute("SET GLOBAL TimeZone = 'UTC'")  # its cursors' too
    connection.execute("SET enable_progress_bar = false")  # it would be written among what a command prints
    return connection


def seal(
    connection: duckdb.DuckDBPyConnection, *, files: Sequence[Path | str] = (), folders: Sequence[Path | str] = ()
) -> None:
    """Shut ``connection`` off from all but ``files`` and what is in ``folders``, and lock its settings."""
    for setting, places in (("allowed_paths", files), ("allowed_directories", folders)):
        shown = exp.Array(expressions=[exp.Literal.string(str(place)) for place in places]).sql("duckdb")
        connection.execute(f"SET {setting} = {shown}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def judge_rows(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    rules: Mapping[str, SqlRule],
    *,
    key: Sequence[str],
    worst: int = 5,
    uncertainty: Mapping[str, float] | None = None,
    parquet: ParquetRows | None = None,
    statistics: bool = True,
) -> dict[str, RowVerdict]:
    """What each of ``rules`` (by a name of the caller's) says of the rows of the table or view ``relation``.

    ``key`` are the columns that name a row, ``worst`` is how many of the worst rows to keep for each rule.
    ``uncertainty`` gives rules by name the expanded uncertainty of their margin, in the margin's own unit; by default
    the rule's own. ``parquet`` says which files ``relation`` shows: rules whose columns and key it shows as they stand
    are judged on the files themselves, and by their ``statistics`` where these can be trusted. The verdicts are the
    same in any case. ``connection`` is one of `connect`.

    Raises ValueError if an uncertainty is negative, and what DuckDB raises when a column or a file is not there.
    """
    stated = uncertainty or {}
    if wrong := [name for name, u in stated.items() if not u >= 0]:
        raise ValueError(f"uncertainty is not negative: {', '.join(wrong)}")
    if worst < 1:
        raise ValueError(f"at least one worst row: {worst}")
    provers = {name: Prover.of(rule, stated=stated.get(name)) for name, rule in rules.items()}
    shown = parquet.columns.keys() if parquet else ()
    names = [name for name, of in provers.items() if all(column in shown for column in (*key, *of.columns))]
    found: dict[str, RowVerdict] = {}

    def search(names: Sequence[str], rows: ParquetRows | None, types: Mapping[str, str]) -> Search:
        some, uncertain = tuple(rules[name] for name in names), tuple(stated.get(name) for name in names)
        asked = Asked(some, uncertain, tuple(types.items()), tuple(key), worst)
        return Search(Scan(connection, relation, rows, asked))

    def keep(names: Sequence[str], over: Search, cases: int) -> None:
        found.update(zip(names, over.verdicts(cases), strict=True))

    if parquet and names:
        kinds: dict[str, Kind] = {c: kind for n in names for c, kind in provers[n].columns.items()}
        rows = evolve(parquet, columns={c: parquet.columns[c] for c in dict.fromkeys((*key, *kinds))})
        types = stored_types(connection, rows)
        groups = read_groups(connection, rows, kinds, types)
        cases = sum(group.rows for group in groups)
        proofs = _proofs(connection, rows, groups, {n: provers[n] for n in names}) if statistics else {}
        # A pass of its own over some of the rows costs as much as a share in a pass over all, or twice as many rows.
        share = {n: sum(p is not None for p in proofs.get(n, ())) / max(len(groups), 1) for n in names}
        apart = [n for n in names if share[n] > (0.5 if len(names) > 1 else 0)]
        if together := [n for n in names if n not in apart]:
            over = search(together, rows, types)
            over.read(groups)
            keep(together, over, cases)
        for alike in _alike(apart, provers):
            over = search(alike, rows, types)
            whole = dict(zip(groups, zip(*(proofs[name] for name in alike), strict=True), strict=True))
            over.read([group for group, of in whole.items() if None in of])
            over.explore({g: sure for g, of in whole.items() if len(sure := [p for p in of if p]) == len(of)})
            keep(alike, over, cases)
    if others := [name for name in rules if name not in found]:
        count = connection.execute(exp.select("count(*)").from_(table(relation)).sql("duckdb")).fetchone()
        cases = count[0] if count else 0
        over = search(others, None, types_of(connection, table(relation)))
        over.read_all(cases)
        keep(others, over, cases)
    return {name: found[name] for name in rules}


def _alike(names: Sequence[str], provers: Mapping[str, Prover]) -> list[list[str]]:
    """``names`` by the columns that they read: statistics leave about the same groups open of those."""
    found: dict[frozenset[str], list[str]] = {}
    for name in names:
        found.setdefault(frozenset(provers[name].columns), []).append(name)
    return list(found.values())


def _proofs(
    connection: duckdb.DuckDBPyConnection, rows: ParquetRows, groups: Sequence[Group], provers: Mapping[str, Prover]
) -> dict[str, list[GroupProof | None]]:
    """What is proved of each of ``groups``, by rule."""
    proofs = {name: [prove(prover, group) for group in groups] for name, prover in provers.items()}
    useful = {c for name, of in provers.items() if any(proofs[name]) for c in of.columns}
    asked = [column for column in useful if uncounted(groups, column)]
    if lost := undefined_in(connection, rows, asked):
        groups = without(groups, lost)
        proofs = {name: [prove(prover, group) for group in groups] for name, prover in provers.items()}
    return proofs

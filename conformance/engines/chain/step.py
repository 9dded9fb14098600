"""One step of a chain at work: its samples and aggregates, and the tables that are made on the way."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from conformance.engines.chain.samples import Connection, Source, around
from conformance.engines.chain.statistics import Item
from conformance.engines.sql.sheet import quoted
from conformance.rules.chain import Chain, Stage
from conformance.rules.windows import Windows


@frozen(eq=False)
class Bench:
    """A connection, and the tables that were made in it on the way."""

    connection: Connection
    made: list[str] = field(factory=list)

    def run(self, sql: str) -> None:
        """Execute ``sql``."""
        self.connection.execute(sql)

    def table(self, name: str, select: str) -> str:
        """A table of our own; its name in SQL."""
        self.run(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {select}")
        self.made.append(name)
        return quoted(name)

    def clear(self) -> None:
        """Drop what was only needed on the way."""
        for name in self.made:
            self.run(f"DROP TABLE IF EXISTS {quoted(name)}")


@frozen(eq=False)
class Step:
    """One step of one chain: where its samples are, and how many are expected."""

    chain: Chain
    number: int
    source: Source
    item: Item
    aggregated: str
    """The table of its aggregates."""

    @property
    def stage(self) -> Stage:
        """What the step is."""
        return self.chain.stages[self.number]

    @property
    def before(self) -> Windows | None:
        """The windows of the step before."""
        return self.chain.stages[self.number - 1].windows if self.number else None

    @property
    def expects(self) -> bool:
        """Whether samples are expected, so that one that is not there is missing."""
        return self.before is not None if self.number else self.chain.length is not None

    @property
    def zero(self) -> bool:
        """Whether nothing counts as zero: where no sample is expected, its absence is no gap."""
        return not self.expects and self.item.take.statistic in ("count", "sum")

    @property
    def last(self) -> bool:
        """Whether its values are what the chain leaves."""
        return self.number == len(self.chain.stages) - 1

    def expected(self) -> str:
        """How many samples each series of a group should have in a window; ``r`` where nothing is expected."""
        length, grid = self.chain.length, self.source.grid
        if not self.expects:
            return "r"
        if self.number == 0:
            if grid is not None:
                return f"({grid.length('s')}) // {length}"
            return f"(ended - begun + {length} // 2) // {length} + 1"
        assert self.before is not None  # noqa: S101 - expected after windows alone
        if grid is not None:
            finer = around(self.before, grid)
            last = f"(s + {grid.length('s')} - 1)"
            return f"({finer.number(last)}) - ({finer.number('s')}) + 1"
        finer = self.before.grid(*(self.source.span or (0, 0)))
        return f"CASE WHEN c THEN r ELSE ({finer.number('z')}) - ({finer.number('a')}) + 1 END"


def same(one: str, other: str, columns: Sequence[str]) -> str:
    """Whether ``columns`` of two rows name one window of one group."""
    return " AND ".join(f"{one}.{c} IS NOT DISTINCT FROM {other}.{c}" for c in columns) or "true"

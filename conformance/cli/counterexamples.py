"""The committed counterexamples of a system file: which file, what is new in it, what can no longer be asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.errors import Language, Text
from conformance.errors.assess import StoredNotWritten

if TYPE_CHECKING:
    from conformance.assess.stored import Stale, Stored

_STALE = Text(
    "note: a counterexample of {rule} found on {on} was not asked: {why}",
    "注意：{on} 发现的 {rule} 反例未重放：{why}",
)
_NEW = Text("New     {found}", "新增    {found}")
_NOTHING_NEW = Text(
    "New     no counterexample that {file} does not hold", "新增    没有 {file} 之外的反例"
)  # fmt: skip
_COMMIT = Text("Commit  git add {file}", "提交    git add {file}")
_NO_COMMIT = Text("Commit  nothing", "提交    无")
_COUNTS = (
    Text("{n} not in {file}: {rules}", "{n} 个不在 {file} 中：{rules}"),
    Text("{n} broken again: {rules}", "{n} 个再次不符合：{rules}"),
    Text("{n} mended: {rules}", "{n} 个已修复：{rules}"),
)


def committed(system_file: str, named: Path | None, *, written: bool) -> tuple[Path, tuple[Stored, ...]]:
    """The file of counterexamples, ``named`` or the one beside the system file, and what it holds.

    A file that was named must be there, unless it will be ``written``. Raises `Refused`.
    """
    from conformance.assess.stored import place, read_stored

    file = named or place(system_file)
    absent = not file.exists() and (written or named is None)
    return file, () if absent else read_stored(file)


def tell_stale(stale: Iterable[Stale], lang: Language) -> None:
    """Say on standard error which counterexamples were not asked, and why; they stay in the file."""
    for one in stale:
        click.echo(_STALE.format(rule=one.of.rule, on=one.of.found.on, why=one.why).in_(lang), err=True)


def keep(file: Path, before: Sequence[Stored], after: Sequence[Stored], lang: Language, *, always: bool) -> None:
    """Write what changed to ``file`` and say in two lines what is new and what to commit; ``always``, or if it did.

    A file that cannot be written is a note on standard error: the run itself is not undone by it.
    """
    from conformance.assess.stored import write_stored

    changed = tuple(before) != tuple(after)
    if changed:
        try:
            write_stored(file, after)
        except StoredNotWritten as problem:
            click.echo(problem.render(lang), err=True)
            return
    if changed or always:
        found = Text("; ", "；").in_(lang).join(text.in_(lang) for text in _differences(file, before, after))
        new = _NEW.format(found=found) if found else _NOTHING_NEW.format(file=file.name)
        click.echo(new.in_(lang))
        click.echo((_COMMIT.format(file=file) if changed else _NO_COMMIT).in_(lang))


def _differences(file: Path, before: Sequence[Stored], after: Sequence[Stored]) -> Iterable[Text]:
    was = {one.key: one.fixed_since for one in before}
    groups = (
        [one for one in after if one.key not in was],
        [one for one in after if was.get(one.key) and not one.fixed_since],
        [one for one in after if one.key in was and one.fixed_since and not was[one.key]],
    )
    for said, of in zip(_COUNTS, groups, strict=True):
        if of:
            rules = ", ".join(dict.fromkeys(one.rule.rpartition("/")[2] for one in of))
            yield said.format(n=len(of), file=file.name, rules=rules)

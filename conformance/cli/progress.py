"""The live view of a run: stage, calls, and the rule nearest to (or furthest over) its limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from conformance.assess import Event, Listener, nobody
from conformance.cli.common import quiet_terminal
from conformance.errors import Language, Text
from conformance.report import words

_BROKEN = Text("{n} broken", "{n} 条不符合")


@contextmanager
def progress(title: str, lang: Language) -> Iterator[Listener]:
    """A listener that draws a bar on standard error; it draws nothing where there is no terminal, or in CI."""
    if quiet_terminal():
        yield nobody
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[worst]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(title), total=None, worst="")

        def show(event: Event) -> None:
            worst = min(event.worst.items(), key=lambda item: item[1], default=None)
            broken = _BROKEN.format(n=len(event.broken)).in_(lang) if event.broken else ""
            nearest = f"{worst[0].rpartition('/')[2]} {worst[1]:+.3g}" if worst else ""
            stage = words.STAGES[event.stage].in_(lang)
            bar.update(
                task,
                description=escape(f"{title} · {stage}"),
                completed=event.done,
                total=max(event.planned, event.done),
                worst=escape("  ".join(t for t in (broken, nearest) if t)),
            )

        yield show

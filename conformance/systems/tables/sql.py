"""Names, texts and numbers written into SQL, so that none can be read as anything else."""

from __future__ import annotations

from pathlib import Path


def name_of(name: str) -> str:
    """``name`` as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_of(text: str) -> str:
    """``text`` as a literal."""
    if "\0" in text:  # no literal can hold it
        return " || chr(0) || ".join(text_of(part) for part in text.split("\0"))
    return "'" + text.replace("'", "''") + "'"


def number_of(value: float) -> str:
    """A double with exactly this value."""
    return f"CAST('{value!r}' AS DOUBLE)"


def file_of(path: Path) -> str:
    """``path`` as a literal in which no character is a pattern."""
    shown = str(path)
    return text_of("".join(f"[{c}]" if c in "*?[" else c for c in shown))

"""Which language a command speaks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from conformance.errors import Language, Text

Phrase = Text
"""A text of the command line."""


def chosen_language(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Language:
    """``--lang`` if given, else the locale's language, else English."""
    for index, argument in enumerate(arguments):
        if argument == "--lang" and index + 1 < len(arguments):
            return "zh" if arguments[index + 1].startswith("zh") else "en"
        if argument.startswith("--lang="):
            return "zh" if argument[7:].startswith("zh") else "en"
    locale = next((environment[k] for k in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(k)), "")
    return "zh" if locale.startswith("zh") else "en"


def without_lang(arguments: Sequence[str]) -> list[str]:
    """The arguments less ``--lang``, which may stand anywhere."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument == "--lang":
            skip = True
        elif not argument.startswith("--lang="):
            kept.append(argument)
    return kept

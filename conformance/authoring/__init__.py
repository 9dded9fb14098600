"""Tools for those who write standards: pages that tell a pack to readers."""

from conformance.authoring.pages import Described, pages
from conformance.authoring.sources import KnownDefect

__all__ = ["Described", "KnownDefect", "pages"]

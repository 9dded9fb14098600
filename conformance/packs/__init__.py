"""Standards on disk to the model: YAML with positions, our JSON Schemas, registry, profiles, limits, system files."""

from conformance.packs.document import Document
from conformance.packs.folder import pack_folders, shipped_root
from conformance.packs.forms import check as check_form
from conformance.packs.profiles import in_force, tailor
from conformance.packs.reader import load
from conformance.packs.registry import Registry
from conformance.packs.system import read_system
from conformance.packs.yaml import parse_yaml, read_yaml

__all__ = [
    "Document",
    "Registry",
    "check_form",
    "in_force",
    "load",
    "pack_folders",
    "parse_yaml",
    "read_system",
    "read_yaml",
    "shipped_root",
    "tailor",
]

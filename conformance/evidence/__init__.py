"""The run record: what happened, written as it happened."""

from conformance.evidence.fold import Folder
from conformance.evidence.lines import migrate
from conformance.evidence.reader import independent_sample, read_case, read_cases, read_record
from conformance.evidence.schema import schema
from conformance.evidence.writer import RecordWriter

__all__ = [
    "Folder",
    "RecordWriter",
    "independent_sample",
    "migrate",
    "read_case",
    "read_cases",
    "read_record",
    "schema",
]

"""Request schema to cases: sample, boundary, pairwise, mixed granularity, hunt, shrink, and the validator."""

from conformance.cases.dimension import Dimension, Point, Value, groups
from conformance.cases.hunt import Hunt
from conformance.cases.score import Score
from conformance.cases.search import Search
from conformance.cases.shortening import shrink_sequence
from conformance.cases.shrink import Shrunk, shrink
from conformance.cases.space import Space
from conformance.packs.validate import Complaint, Validate, validator

__all__ = [
    "Complaint",
    "Dimension",
    "Hunt",
    "Point",
    "Score",
    "Search",
    "Shrunk",
    "Space",
    "Validate",
    "Value",
    "groups",
    "shrink",
    "shrink_sequence",
    "validator",
]

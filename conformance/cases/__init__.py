"""Request schema to cases: sample, boundary, pairwise, mixed granularity, hunt, shrink, and the validator."""

from conformance.cases.dimension import Dimension, Point, Value, groups
from conformance.cases.hunt import Hunt
from conformance.cases.shrink import Shrunk, shrink
from conformance.cases.space import Space
from conformance.packs.validate import Complaint, Validate, validator

__all__ = [
    "Complaint",
    "Dimension",
    "Hunt",
    "Point",
    "Shrunk",
    "Space",
    "Validate",
    "Value",
    "groups",
    "shrink",
    "validator",
]

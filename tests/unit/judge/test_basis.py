from __future__ import annotations

import pytest
from attrs import evolve

from conformance.judge import basis, bounds
from conformance.model.outcome import Basis
from conformance.model.standard import Status


def schema(**bound):
    items = {"properties": {"p": {"type": "number", "unit": "MW", "bounds": {"lower": 0, "upper": 1, **bound}}}}
    return {"properties": {"loads": {"type": "array", "items": items}}}


READ = {"source": "p/S2", "status": "primary"}


def test_one_weak_figure_makes_the_finding_indicative(make):
    sources = make.pack().sources
    strong = make.figure(1, source="p/S2", status=Status.PRIMARY)
    assert basis([strong], sources) is Basis.NORMATIVE
    assert basis([strong, make.figure(2)], sources) is Basis.INDICATIVE
    assert basis([], sources) is Basis.NORMATIVE


def test_what_a_rule_says_without_figures_is_as_well_known_as_its_requirement(make):
    pack = make.pack()
    (requirement,) = list(pack.requirements.values())[:1]
    for source, expected in (("p/S2", Basis.NORMATIVE), ("p/S1", Basis.INDICATIVE), ("p/S99", Basis.INDICATIVE)):
        one = evolve(requirement, sources=(source,), clause="1")
        assert basis([], pack.sources, requirements=[one]) is expected
    both = evolve(requirement, sources=("p/S2", "p/S1"), clause="1")
    assert basis([], pack.sources, requirements=[both]) is Basis.INDICATIVE


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (READ, Basis.NORMATIVE),
        ({**READ, "status": "project"}, Basis.INDICATIVE),
        ({"source": "p/S1", "status": "primary"}, Basis.INDICATIVE),  # no standard, however well it was read
        ({**READ, "status": "certain"}, Basis.INDICATIVE),
        ({}, Basis.INDICATIVE),
    ],
)
def test_input_bounds_are_figures_too(make, bound, expected):
    assert basis([], make.pack().sources, request_schema=schema(**bound)) is expected


def test_data_inside_a_schema_are_no_bounds():
    assert list(bounds({"const": schema(), "enum": [schema()], "examples": [schema()]})) == []
    assert [f.unit for f in bounds({"allOf": [schema(), {"properties": {"bounds": schema()}}]})] == ["MW", "MW"]

from __future__ import annotations

import tracemalloc

import pytest

from conformance.cases import Space
from conformance.cases.coverage import BLOCK, LEARN, Coverage
from conformance.model.convert import from_json, to_json
from conformance.model.run import OperationCoverage
from conformance.model.system import Band


def number(nominal, lower, upper, *, resolution=0.01, **more):
    bounds = {"lower": lower, "upper": upper, "source": "p/S1", "status": "project"}
    return {"type": "number", "nominal": nominal, "bounds": bounds, "resolution": resolution, "unit": "kW", **more}


def space(envelope=None, **fields):
    properties = fields or {
        "a": number(5, 0, 10),
        "b": number(5, 0, 10),
        "mode": {
            "type": "string",
            "nominal": "eco",
            "choices": [{"value": v, "weight": 1} for v in ("eco", "max", "off")],
        },
    }
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return Space.of(schema, site={}, envelope=envelope or {})


def covered(points, *, of=None, margin=lambda p: None):
    coverage = Coverage(of or space(), ["r/near"])
    for point in points:
        coverage.add(point, {"r/near": margin(point), "r/unknown": 3.0})
    return coverage.summary("heat")


def test_each_part_of_a_dimension_counts_its_own_cases():
    found = covered([(0.0, 10.0, "eco"), (0.99, 9.0, "off"), (1.1, 9.9, "off")])
    a, b, mode = found.dimensions
    assert a.cases == (2, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    assert (a.parts[0], a.parts[-1], len(a.parts)) == (0.0, 10.0, 11)
    assert b.cases == (0, 0, 0, 0, 0, 0, 0, 0, 1, 2)
    assert (mode.parts, mode.cases) == (("eco", "max", "off"), (1, 0, 2))
    assert found.cases == 3


def test_a_value_lies_between_the_ends_of_the_part_that_counts_it():
    of = space(a=number(5, -1.3, 7.7, resolution=0.1), n={**number(3, 1, 7, resolution=1), "type": "integer"})
    for index in range(200):
        point = of.independent("seed", index)
        for dimension, value in zip(covered([point], of=of).dimensions, point, strict=True):
            part = dimension.cases.index(1)
            last = part == len(dimension.cases) - 1
            assert dimension.parts[part] <= value
            assert value <= dimension.parts[-1] if last else value < dimension.parts[part + 1]


def test_the_least_margin_of_each_part_is_kept_and_nothing_is_made_up():
    found = covered([(0.0, 0.0, "eco"), (0.5, 0.0, "eco"), (9.5, 0.0, "eco")], margin=lambda p: 1 - p[0])
    assert found.dimensions[0].least == {"r/near": (0.5, None, None, None, None, None, None, None, None, -8.5)}
    assert covered([(0.0, 0.0, "eco")]).dimensions[0].least == {}


def test_cells_of_pairs_are_counted_once():
    found = covered([(0.0, 0.0, "eco"), (0.1, 0.1, "eco"), (9.0, 0.0, "off")])
    assert {(p.first, p.second): (p.visited, p.cells) for p in found.pairs} == {
        ("a", "b"): (2, 25),
        ("a", "mode"): (2, 15),
        ("b", "mode"): (2, 15),
    }


def test_a_grid_of_every_cell_is_covered_whole():
    every = [(float(a), float(b), m) for a in range(11) for b in range(11) for m in ("eco", "max", "off")]
    found = covered(every)
    assert all(p.visited == p.cells for p in found.pairs)
    assert all(all(d.cases) for d in found.dimensions)


def test_what_lies_outside_the_declared_envelope_is_not_counted():
    of = space({"a": Band(0.8, 1.2)})
    found = covered([(5.0, 5.0, "eco"), (9.0, 5.0, "eco")], of=of)
    assert found.cases == 1
    assert found.declared
    assert (found.dimensions[0].parts[0], found.dimensions[0].parts[-1]) == (4.0, 6.0)
    assert not covered([]).declared


def test_with_many_dimensions_pairs_are_of_fields_by_their_mean():
    fields = {f"f{i}": number(5, 0, 10) for i in range(39)}
    few = space(**fields)
    assert not Coverage(few, []).summary("x").by_field
    assert len(Coverage(few, []).summary("x").pairs) == 39 * 38 // 2
    many = space(**fields, f39=number(5, 0, 10), f40=number(5, 0, 10))
    assert Coverage(many, []).summary("x").by_field


def signal_space():
    signal = {"knots": 50, "length": 50, "interpolation": "hold"}
    return space(
        load={
            "type": "array",
            "items": {"type": "number"},
            **{k: v for k, v in number(5, 0, 10).items() if k != "type"},
            "signal": signal,
        },
        b=number(5, 0, 10),
    )


def test_the_mean_of_a_field_is_what_a_pair_sees():
    of = signal_space()
    low, high = (tuple([v] * 50 + [5.0]) for v in (0.0, 10.0))
    half = tuple([0.0] * 25 + [10.0] * 25 + [5.0])
    found = covered([low, half, half], of=of)
    (pair,) = found.pairs
    assert found.by_field
    assert (pair.visited, pair.cells) == (2, 25)
    (pair,) = covered([low, high, half], of=of).pairs
    assert pair.visited == 3


@pytest.mark.parametrize("cases", [400, LEARN + 700])
def test_the_map_is_drawn_over_the_two_parameters_that_tell_the_margin(cases):
    of = space(a=number(5, 0, 10), noise=number(5, 0, 10), b=number(5, 0, 10))
    points = [of.independent("seed", i) for i in range(cases)]

    def margin(p):
        return round(1 - 0.1 * p[0] - 0.05 * p[2], 6)

    found = covered(points, of=of, margin=margin)
    (drawn,) = found.maps
    assert (drawn.rule, drawn.first, drawn.second) == ("r/near", "a", "b")
    assert drawn.told[0] > drawn.told[1] > 0.1
    for row in range(5):
        for column in range(5):
            inside = [
                margin(p) for p in points if column <= p[0] / 2.002 < column + 1 and row <= p[2] / 2.002 < row + 1
            ]
            assert drawn.least[row][column] == pytest.approx(min(inside), abs=1e-3)


def test_no_map_without_margins_that_vary():
    of = space()
    points = [of.independent("seed", i) for i in range(100)]
    assert covered(points, of=of).maps == ()
    assert covered(points, of=of, margin=lambda _: 2.0).maps == ()
    assert covered([], of=of).maps == ()


def test_the_summary_can_be_taken_early_and_again():
    of = space()
    coverage = Coverage(of, ["r"])
    points = [of.independent("seed", i) for i in range(2 * LEARN)]
    for number_, point in enumerate(points):
        coverage.add(point, {"r": float(point[0])})
        if number_ in (3, BLOCK, LEARN):
            coverage.summary("heat")
    whole = Coverage(of, ["r"])
    for point in points:
        whole.add(point, {"r": float(point[0])})
    assert coverage.summary("heat").dimensions == whole.summary("heat").dimensions
    assert coverage.summary("heat").pairs == whole.summary("heat").pairs


def test_memory_is_flat_whatever_the_number_of_cases():
    of = space()
    coverage = Coverage(of, ["r"])

    def used(cases):
        tracemalloc.start()
        for i in range(cases):
            coverage.add(of.nominal, {"r": i / cases})
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size

    used(2 * LEARN)
    assert used(20_000) < 200_000


def test_a_space_without_dimensions_is_no_trouble():
    of = space(fixed={"type": "number", "const": 3, "nominal": 3})
    found = covered([()], of=of) if not of.dimensions else covered([])
    assert found.dimensions == ()
    assert found.maps == ()


def test_it_goes_into_a_record_and_comes_back():
    of = space()
    found = covered([of.independent("s", i) for i in range(60)], of=of, margin=lambda p: float(p[0]))
    assert from_json(OperationCoverage, to_json(found)) == found

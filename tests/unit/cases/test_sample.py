from __future__ import annotations

from conformance.cases.sample import bits


def test_the_sample_is_the_same_in_every_version_and_on_every_machine(space):
    assert bits("7", "loads[bus=1].p", 3) == GOLDEN_BITS
    assert [space.independent("7", i) for i in range(4)] == GOLDEN


def test_a_dimension_draws_the_same_whatever_the_others_are(space, schema, site):
    from conformance.cases import Space

    del schema["properties"]["generators"]
    schema["required"].remove("generators")
    fewer = Space.of(schema, site=site, envelope={})
    assert [fewer.independent("7", i) for i in range(20)] == [space.independent("7", i)[:4] for i in range(20)]


def test_numbers_are_uniform_on_the_grid_with_both_ends(space):
    drawn = [space.independent("u", i)[0] for i in range(2400)]
    counts = {v: drawn.count(v) for v in sorted(set(drawn))}
    assert list(counts) == list(range(5, 65, 5))
    assert all(130 < c < 270 for c in counts.values())  # 200 expected, 5 standard deviations


def test_choices_come_with_the_share_of_their_weight(space):
    out = sum(not space.independent("u", i)[5] for i in range(3000))
    assert 50 < out < 130  # 90 expected


def test_a_choice_of_weight_zero_is_never_drawn(space):
    from attrs import evolve

    unit = evolve(space.dimensions[5], weights=(1.0, 0.0))
    assert all(unit.drawn(b) is True for b in (0, 2**52, 2**53 - 1))


GOLDEN_BITS = 1837304265058163
GOLDEN: list[tuple[object, ...]] = [
    (20, 89.1, 93.5, 145.1, 16.5, True, 117.5, True),
    (30, 126.7, 93.2, 151.5, 17.0, True, 110.0, True),
    (35, 111.4, 90.3, 184.0, 19.0, True, 115.0, True),
    (25, 95.2, 112.1, 141.1, 17.5, True, 238.0, True),
]

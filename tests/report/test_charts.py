"""Charts are well-formed, honest at the limit, and described in words."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.run import Stage
from conformance.report import charts
from conformance.report.facts import Element

finite = st.floats(-1e12, 1e12)


def drawn(points: list[float]) -> ElementTree.Element:
    stages = dict.fromkeys(range(len(points)), Stage.INDEPENDENT)
    return ElementTree.fromstring(charts.margins(list(enumerate(points)), stages, name="x", nominal=1.0, lang="en"))


def described(picture: ElementTree.Element) -> str:
    return picture.findtext("desc") or ""


@given(st.lists(finite, min_size=1, max_size=60))
def test_any_margins_can_be_drawn(values: list[float]) -> None:
    picture = drawn(values)
    assert picture.get("role") == "img"
    assert len(picture.findall("rect")) < 200


def test_a_case_at_the_limit_is_not_drawn_as_a_failure() -> None:
    assert "0 below 0" in described(drawn([0.0, -1e-12, 3.0]))
    assert "1 below 0" in described(drawn([0.0, -1e-6, 3.0]))


def test_one_failure_among_many_is_seen() -> None:
    picture = drawn([-0.001] + [5.0] * 10_000)
    heights = [float(r.get("height", "0")) for r in picture.findall("rect") if r.get("class") == "g-independent"]
    assert min(h for h in heights if h != 9.0) >= 2.5
    assert any(r.get("class") == "beyond" for r in picture.findall("rect"))


def test_no_margins_make_no_picture() -> None:
    assert charts.margins([(1, float("inf"))], {}, name="x", nominal=None, lang="en") == ""
    assert charts.bars([], [], name="x", title="t", unit="%", decided=(), lang="en") == ""
    assert charts.strip([], largest=1.0, label="") == ""


@given(st.lists(st.tuples(finite, st.none() | finite, st.none() | finite), min_size=1, max_size=40))
def test_any_elements_can_be_drawn(rows: list[tuple[float, float | None, float | None]]) -> None:
    elements = [Element(f"<b>&{n}", value, low, high) for n, (value, low, high) in enumerate(rows)]
    svg = charts.bars(elements, elements[:3], name="x", title="<t>", unit="%", decided=("<b>&0",), lang="zh")
    assert ElementTree.fromstring(svg).findtext("title") == "<t> (%)"


def test_the_element_that_decides_is_always_among_those_drawn() -> None:
    elements = [Element(str(n), float(n), None, 100.0) for n in range(60)]
    svg = charts.bars(elements, [], name="x", title="t", unit="%", decided=("0",), lang="en")
    names = [t.text for t in ElementTree.fromstring(svg).findall("text")]
    assert "0" in names
    assert "46 more elements are farther from their limits" in names


def test_a_limit_out_of_all_proportion_does_not_flatten_the_chart() -> None:
    elements = [Element("1", 100.0, 0.0, 9999.0), Element("2", 50.0, 0.0, 120.0)]
    svg = charts.bars(elements, [], name="x", title="t", unit="MW", decided=(), lang="en")
    picture = ElementTree.fromstring(svg)
    dots = [float(c.get("cx", "0")) for c in picture.findall("circle")]
    assert abs(dots[0] - dots[1]) > 50
    limits = [p for p in picture.findall("path") if p.get("class") == "limit"]
    assert len(limits) == 1 + 3  # one in the key; 9999 is not drawn at the edge


@pytest.mark.parametrize(("span", "step"), [(10.0, 2.0), (0.07, 0.02), (1234.0, 500.0), (0.0, 1.0)])
def test_steps_of_an_axis_are_round(span: float, step: float) -> None:
    assert charts.nice(span, 5) == pytest.approx(step)

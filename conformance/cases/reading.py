"""Reads a request schema and a site into dimensions and a template; collects every problem on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import define, evolve, field

from conformance.cases.dimension import Dimension
from conformance.cases.numbers import limits, numeric_dimension, weighted_dimension
from conformance.cases.template import Array, Cut, Fixed, Follow, Node, Object, Signal, Slot
from conformance.errors import Problem, Text
from conformance.errors.space import BadSibling, BadSignal, NoSite, NoSpace, NoValue
from conformance.model.json import JSON, is_finite_number, lookup

_DEEPEST: Final = 32
_LONGEST_SIGNAL: Final = 100_000
_ABSENT: Final = object()
"""A value that nothing gives; None is a value (null) of its own."""
_VARYING = ("bounds", "choices", "signal", "follows", "site", "sequence_length")


@define
class _Place:
    """Where in the request a schema stands."""

    path: str
    group: str
    element: Mapping[str, JSON] = field(factory=dict)
    """Nominal values of the fields of the object that holds it."""
    varying: frozenset[str] = frozenset()
    """Which of those fields vary."""
    depth: int = 0

    def inside(self, name: str, element: Mapping[str, JSON], varying: frozenset[str]) -> _Place:
        """The place of property ``name`` of the object that stands here."""
        path, group = (f"{at}.{name}" if at else name for at in (self.path, self.group))
        return _Place(path, group, element, varying, self.depth + 1)


@define
class Reader:
    """One reading of one schema; `template` fills `dimensions` and `problems`."""

    site: Mapping[str, JSON]
    dimensions: list[Dimension] = field(factory=list)
    problems: list[Problem] = field(factory=list)

    def template(self, schema: JSON) -> Node:
        """The template of the whole request."""
        if not isinstance(schema, Mapping) or not isinstance(schema.get("properties"), Mapping):
            detail = Text("no object with `properties`", "不是带 `properties` 的对象")
            self.problems.append(NoSpace(path="", detail=detail))
            return Fixed(None)
        return self._node(schema, _ABSENT, _Place("", "")) or Fixed({})

    def _node(self, schema: Mapping[str, JSON], given: JSON, place: _Place) -> Node | None:
        """The template of one value; None when it is left out. ``given`` comes from the site element, if any."""
        if place.depth > _DEEPEST:
            self.problems.append(NoSpace(path=place.path[:80], detail=Text("nested too deeply", "嵌套过深")))
            return None
        if "site" in schema:
            given = self._from_site(str(schema["site"]), place)
        if "signal" in schema:
            return self._signal(schema, given, place)
        nominal = _nominal(schema, given)
        if "sequence_length" in schema:
            return self._length(schema, place)
        if "choices" in schema:
            drawn = weighted_dimension(schema, nominal, **_named(schema, place), problems=self.problems)
            return self._slot(drawn, nominal)
        if "bounds" in schema:
            return self._numeric(schema, nominal, place)
        properties, items = schema.get("properties"), schema.get("items")
        if isinstance(properties, Mapping) and (nominal is _ABSENT or isinstance(nominal, Mapping)):
            return self._object(schema, properties, nominal, place)
        if isinstance(items, Mapping) and isinstance(nominal, list) and _varies(items, place.depth):
            return self._array(schema, items, nominal, place)
        return None if nominal is _ABSENT else Fixed(nominal)

    def _from_site(self, name: str, place: _Place) -> JSON:
        kind, *steps = name.split(".")
        value = lookup(self.site.get(kind), steps)
        if value is None:
            self.problems.append(NoSite(path=place.path, site=name))
            return _ABSENT
        return value

    def _slot(self, dimension: Dimension | None, nominal: JSON) -> Node | None:
        if dimension is None:
            return None if nominal is _ABSENT else Fixed(nominal)
        self.dimensions.append(dimension)
        return Slot(len(self.dimensions) - 1)

    def _length(self, schema: Mapping[str, JSON], place: _Place) -> Node:
        """How much of the request there is: from 1 to the nominal whole."""
        whole = schema["sequence_length"]
        if whole == 1:
            return Fixed(whole)
        one = Dimension(**_named(schema, place), kind="integer", nominal=whole, first=1, last=whole, centre=whole,
                        length=True)  # fmt: skip
        self.dimensions.append(one)
        return Slot(len(self.dimensions) - 1)

    def _numeric(self, schema: Mapping[str, JSON], nominal: JSON, place: _Place) -> Node | None:
        names = _named(schema, place)
        ends = limits(
            schema, nominal, path=place.path, siblings=place.element, varying=place.varying, problems=self.problems
        )
        if ends is None:
            return Fixed(None)  # the problem is noted; do not complain of a missing value as well
        return self._slot(numeric_dimension(schema, nominal, ends, **names, problems=self.problems), nominal)

    def _object(self, schema: Mapping[str, JSON], properties: Mapping[str, JSON], given: JSON, place: _Place) -> Node:
        fields = {name: of for name, of in properties.items() if isinstance(of, Mapping)}
        values: dict[str, JSON] = {} if given is _ABSENT else dict(given)
        nominals = {name: _nominal(of, values.get(name, _ABSENT)) for name, of in fields.items()}
        element = values | {name: value for name, value in nominals.items() if value is not _ABSENT}
        varying = frozenset(name for name, of in fields.items() if {"bounds", "choices"} & of.keys())
        nodes: dict[str, Node] = {}
        later: dict[str, Mapping[str, JSON]] = {}
        for name, of in fields.items():
            if "follows" in of:
                later[name] = of
            elif name in values and not _varies(of, place.depth):
                nodes[name] = Fixed(values[name])
            elif (node := self._node(of, values.get(name, _ABSENT), place.inside(name, element, varying))) is not None:
                nodes[name] = node
        for name, of in later.items():
            if (node := self._follower(of, element, nodes, place.inside(name, element, varying))) is not None:
                nodes[name] = node
        required = schema.get("required")
        for name in required if isinstance(required, list) else ():
            if name not in nodes and name not in values and "site" not in fields.get(name, {}):
                self.problems.append(NoValue(path=place.inside(name, element, varying).path))
        return _assembled(nodes, values, fields, given)

    def _follower(
        self, schema: Mapping[str, JSON], element: Mapping[str, JSON], nodes: Mapping[str, Node], place: _Place
    ) -> Node | None:
        sibling = str(schema["follows"])
        own, leader = element.get(place.path.rpartition(".")[2], _ABSENT), nodes.get(sibling)
        if not isinstance(leader, Slot):
            if not is_finite_number(element.get(sibling)):
                detail = Text("no number of that name stands beside it", "同级没有该名称的数值字段")
                self.problems.append(BadSibling(path=place.path, sibling=sibling, detail=detail))
            return None if own is _ABSENT else Fixed(own)
        followed = self.dimensions[leader.number]
        if own is _ABSENT:
            return None
        if not followed.numeric or not is_finite_number(own):
            detail = Text("only a number can follow a number", "只有数值可以跟随数值")
            self.problems.append(BadSibling(path=place.path, sibling=sibling, detail=detail))
            return Fixed(own)
        return Follow(leader.number, float(followed.nominal), own, _decimals(schema))

    def _array(self, schema: Mapping[str, JSON], items: Mapping[str, JSON], given: list[JSON], place: _Place) -> Node:
        nodes: list[Node] = []
        for name, element in _elements(schema.get("keyed"), given):
            inside = _Place(f"{place.path}[{name}]", place.group, depth=place.depth + 1)
            if isinstance(items.get("properties"), Mapping) and not isinstance(element, Mapping):
                self.problems.append(NoSite(path=inside.path, site=str(schema.get("site", place.group))))
            nodes.append(self._node(items, element, inside) or Fixed(element))
        return Fixed(given) if all(isinstance(n, Fixed) for n in nodes) else Array(tuple(nodes))

    def _signal(self, schema: Mapping[str, JSON], given: JSON, place: _Place) -> Node | None:
        shape, items = schema["signal"], schema.get("items")
        of = {**(items if isinstance(items, Mapping) else {}), **{k: v for k, v in schema.items() if k != "type"}}
        read: Mapping[str, JSON] = shape if isinstance(shape, Mapping) else {}
        knots, length, how = read.get("knots", 0), read.get("length", 0), read.get("interpolation", "hold")
        sizes = isinstance(knots, int) and isinstance(length, int) and 1 <= knots <= length <= _LONGEST_SIGNAL
        drawn = "bounds" in of or ("choices" in of and how == "hold")
        nominal = given if isinstance(given, list) else of.get("nominal")
        values = nominal if isinstance(nominal, list) else [nominal] * knots if sizes else []
        if not sizes or how not in ("linear", "hold") or not drawn or len(values) != knots:
            detail = Text(
                "this signal's knots, length, interpolation, bounds or number of nominal values cannot be used",
                "该信号的节点数、长度、插值方式、上下界或额定值个数不可用",
            )
            self.problems.append(BadSignal(path=place.path, detail=detail))
            return Fixed(None)
        first = len(self.dimensions)
        nodes: list[Node] = []
        for knot, value in enumerate(values):
            inside = _Place(f"{place.path}[knot={knot}]", place.group, place.element, place.varying)
            nodes.append(self._knot(of, value, inside) or Fixed(value))
        signal = Signal(tuple(nodes), length, how == "linear", None)
        if len(self.dimensions) == first:
            return Fixed(None if self.problems else signal.build(()))
        if self.dimensions[first].kind == "continuous":
            signal = evolve(signal, decimals=self.dimensions[first].decimals)
        upto = next((n for n, d in enumerate(self.dimensions) if d.length and d.path == read.get("upto")), None)
        return signal if upto is None else Cut(signal, upto, signal.build(tuple(d.nominal for d in self.dimensions)))

    def _knot(self, of: Mapping[str, JSON], value: JSON, place: _Place) -> Node | None:
        if "bounds" in of:
            return self._numeric(of, value, place)
        return self._slot(weighted_dimension(of, value, **_named(of, place), problems=self.problems), value)


def _nominal(schema: Mapping[str, JSON], given: JSON) -> JSON:
    """The value of the site element, else of the schema; _ABSENT when neither has one."""
    if given is not _ABSENT:
        return given
    return next((schema[key] for key in ("nominal", "const") if key in schema), _ABSENT)


def _varies(schema: JSON, depth: int) -> bool:
    """Whether an annotation in ``schema`` makes any part of its value vary (or hides too deep to tell)."""
    if not isinstance(schema, Mapping):
        return False
    if depth > _DEEPEST or any(key in schema for key in _VARYING):
        return True
    properties = schema.get("properties")
    inner = [*(properties.values() if isinstance(properties, Mapping) else ()), schema.get("items")]
    return any(_varies(of, depth + 1) for of in inner)


def _assembled(nodes: Mapping[str, Node], values: Mapping[str, JSON], fields: Mapping[str, JSON], given: JSON) -> Node:
    """One object of ``nodes`` over the site's own ``values``, in the order of the site, then of the schema."""
    names = [*values, *(n for n in fields if n not in values and n in nodes)]
    base = {n: node.value if isinstance(node := nodes.get(n), Fixed) else values.get(n) for n in names}
    parts = tuple((n, node) for n, node in nodes.items() if not isinstance(node, Fixed))
    if parts:
        return Object(base, parts)
    return Fixed(given if given is not _ABSENT and base == given else base)


def _elements(keyed: JSON, given: list[JSON]) -> Iterator[tuple[str, JSON]]:
    """Each element with its name, such as ``bus=8``; a second one at the same key is ``bus=8#2``."""
    seen: dict[str, int] = {}
    for index, element in enumerate(given):
        name = str(index)
        if isinstance(keyed, str) and isinstance(element, Mapping) and keyed in element:
            name = f"{keyed}={str(element[keyed])[:64]}"
            seen[name] = count = seen.get(name, 0) + 1
            name = name if count == 1 else f"{name}#{count}"
        yield name, element


def _decimals(schema: Mapping[str, JSON]) -> int:
    """Decimals of a following value: those of its resolution, else six."""
    resolution = schema.get("resolution", 0)
    if not is_finite_number(resolution) or not 0 < resolution < 1:
        return 6
    text = f"{resolution:.12f}".rstrip("0")
    return len(text) - text.index(".") - 1


def _named(schema: Mapping[str, JSON], place: _Place) -> dict[str, JSON]:
    """Path, group and label of a dimension. Labels may name fields of the element in braces."""
    label = schema.get("label")
    text = None
    if isinstance(label, Mapping) and isinstance(label.get("en"), str) and isinstance(label.get("zh"), str):

        def fill(match: re.Match[str]) -> str:
            return str(place.element.get(match[1], match[0]))[:64]

        text = Text(*(re.sub(r"\{(\w+)\}", fill, label[lang]) for lang in ("en", "zh")))
    return {"path": place.path, "group": place.group, "label": text}

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.errors.evidence import UnknownSite
from conformance.evidence import Folder
from conformance.model.json import encode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, -0.0]) | st.sampled_from("ab"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "a.b", "$site", "$literal"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(site=st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2), request=VALUES)
def test_folding_loses_nothing_not_even_a_byte(site, request):
    folder = Folder.of(site)
    stored = json.loads(encode(folder.fold(request)))
    assert encode(folder.unfold(stored)) == encode(request)


@given(site=st.dictionaries(st.sampled_from("ab"), VALUES, min_size=1, max_size=2))
def test_a_request_that_holds_the_site_unfolds_to_it(site):
    folder = Folder.of(site)
    request = {"x": 1, **site}
    assert encode(folder.unfold(folder.fold(request))) == encode(request)


def test_equal_parts_are_stored_as_references_at_any_depth(make):
    folder = Folder.of(make.site)
    folded = folder.fold(make.request(1))
    assert folded["network"] == {"$site": "grid.network"}
    assert folded["loads"][3]["p"] == 11.0
    changed = make.request()
    changed["network"]["buses"][0]["v_min"] = 0.9
    assert folder.fold(changed)["network"]["branches"] == {"$site": "grid.network.branches"}


@pytest.mark.parametrize("other", [{"a": [True]}, {"a": [1.0]}])
def test_what_only_compares_equal_is_no_reference(other):
    assert Folder.of({"k": {"a": [1]}}).fold(other) == other


def test_a_reference_to_nowhere_is_a_problem():
    with pytest.raises(UnknownSite) as caught:
        Folder.of({}).unfold([{"a": {"$site": "grid"}}])
    assert "grid" in caught.value.render("zh")

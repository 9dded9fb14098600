from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from conformance.judge import Observed
from conformance.judge.indicators import tail


def observed(make, *margins, atom="a <= b", at=()):
    found = Observed("dispatch")
    for low in margins:
        margin = evolve(make.margin(low), atom=atom, at=at)
        found.add([evolve(make.judgement("passed" if low >= 0 else "failed"), margin=margin)])
    return found


def test_good_turing_is_the_share_of_classes_seen_once(make):
    found = observed(make, *[1.0] * 98)
    for element in ("7", "8"):
        found.add([evolve(make.judgement("passed"), margin=evolve(make.margin(1.0), at=(("g", element),)))])
    unseen = found.indicators().unseen
    assert (unseen.cases, unseen.classes, unseen.once) == (100, 3, 2)
    assert unseen.share == 0.02


def test_outcome_clause_and_place_make_a_class(make):
    found = observed(make, 1.0, -1.0)  # passed, failed
    found.add([make.judgement("system-error")])
    found.add([evolve(make.judgement("passed"), margin=evolve(make.margin(1.0), atom="c <= d"))])
    assert found.indicators().unseen.classes == 4


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
def test_the_fit_finds_the_shape_and_the_share_beyond_the_limit(shape):
    rng = np.random.default_rng(7)
    uniform = rng.random(40_000)
    excess = -np.log(uniform) if shape == 0 else (uniform**-shape - 1) / shape
    margins = 0.9 - 0.2 * excess
    found = tail("p/ramp", margins.tolist())
    assert found.fitted == 4000
    assert found.shape == pytest.approx(shape, abs=0.06)
    assert found.beyond == pytest.approx((margins < 0).mean(), abs=0.004)
    assert found.least == margins.min()


def test_a_short_tail_ends_before_the_limit():
    found = tail("p/ramp", list(np.linspace(1, 2, 1000)))
    assert found.shape < 0
    assert found.beyond == 0


@pytest.mark.parametrize(
    "margins", [[1.0] * 500, list(range(100)), [1.0] * 480 + [0.5] * 20, [-1.0 + i / 1e6 for i in range(1000)], []]
)
def test_what_cannot_be_fitted_is_left_out(margins):
    assert tail("p/ramp", [float(m) for m in margins]) is None


def test_the_likeliest_to_be_broken_stands_first(make):
    found = Observed("dispatch")
    rng = np.random.default_rng(3)
    for far, near in zip(rng.exponential(1, 1000), rng.exponential(1, 1000), strict=True):
        found.add(
            [
                evolve(make.judgement("passed", name="p/far"), margin=make.margin(50 - float(far))),
                evolve(make.judgement("passed", name="p/near"), margin=make.margin(9 - float(near))),
            ]
        )
    tails = found.indicators().tails
    assert [t.rule for t in tails] == ["p/near", "p/far"]
    assert tails[0].beyond > tails[1].beyond


def test_nothing_observed_has_no_indicators():
    with pytest.raises(ValueError, match="no independent case"):
        Observed("dispatch").indicators()

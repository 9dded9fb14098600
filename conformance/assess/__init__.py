"""Plan, exercise, judge, shrink, record."""

from conformance.assess.engine import assess
from conformance.assess.events import Event, Listener, nobody
from conformance.assess.plan import Plan, Trial, make_plan

__all__ = ["Event", "Listener", "Plan", "Trial", "assess", "make_plan", "nobody"]

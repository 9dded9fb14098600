"""Profiles: a choice of rules and figures. Tailoring only ever makes stricter what says `only-stricter`.

And what of a pack is in force on a day: the pack itself, profiles, and the rows of limits tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from conformance.errors import Problem, Refused, Text
from conformance.errors.packs import BadDate, CyclicProfile, Loosened, NotInForce, OtherUnit, UnknownName
from conformance.model.days import Span, is_day, meet, within
from conformance.model.quantity import convert, unit
from conformance.model.standard import Evidence, Figure, LimitLookup, Pack, Profile, Rule, Status
from conformance.packs.forms import listed, suggestion

PROFILE = Text("profile", "配置")
_NOT_CHOSEN = Text("not among the rules that the profile includes", "不在该配置所含的规则之中")


def tailor(pack: Pack, profile_name: str | None, *, as_of: str | None) -> Pack:
    """``pack`` under the profile of that name, with those that it extends; None: the pack as it stands.

    ``as_of`` is the day (ISO 8601) on which the pack, the profile and what it extends must be in force; of the limits
    those remain that are. None asks no such question.
    Raises `Refused`: unknown profile, not in force, a figure loosened or one that is fixed.
    """
    chain = [] if profile_name is None else lineage(pack.profiles, profile_name)
    if as_of is not None:
        _must_hold(f"{pack.id}@{pack.version}", (pack.effective_from, pack.effective_to), as_of)
        for profile in chain:
            _must_hold(f"{pack.short}:{profile.name}", (profile.effective_from, profile.effective_to), as_of)
    problems: list[Problem] = []
    for profile in chain:
        pack = _apply(pack, profile, problems)
    if problems:
        raise Refused(problems)
    return pack if as_of is None else in_force(pack, as_of)


def in_force(pack: Pack, day: str) -> Pack:
    """``pack`` with only those rows of its limits that are in force on ``day``. Raises `Refused` if it is no date."""
    if not is_day(day):
        raise Refused([BadDate(text=day)])
    limits = {
        name: evolve(table, rows=tuple(row for row in table.rows if within(day, row.in_force)))
        for name, table in pack.limits.items()
    }
    return evolve(pack, limits=limits)


def lineage(profiles: Mapping[str, Profile], name: str) -> list[Profile]:
    """The profile called ``name`` behind all that it extends, the most general first. Raises `Refused`."""
    chain: list[Profile] = []
    seen: list[str] = []
    wanted: str | None = name
    while wanted is not None:
        if wanted in seen:
            at = profiles[name].position
            raise Refused([CyclicProfile(name=name, chain=" -> ".join([*seen, wanted]), position=at)])
        if wanted not in profiles:
            near = suggestion(wanted, profiles)
            at = chain[0].position if chain else None
            raise Refused(
                [UnknownName(kind=PROFILE, name=wanted, suggestion=near, known=listed(profiles), position=at)]
            )
        seen.append(wanted)
        chain.insert(0, profiles[wanted])
        wanted = profiles[wanted].extends
    return chain


def full_name(pack: Pack, rule: str) -> str:
    """The id of a rule that may be named without its pack."""
    return rule if "/" in rule else f"{pack.short}/{rule}"


def _must_hold(name: str, days: Span, day: str) -> None:
    if not is_day(day):
        raise Refused([BadDate(text=day)])
    if not within(day, days):
        raise Refused([NotInForce(name=name, day=day, start=days[0] or "-", end=days[1] or "-")])


def _apply(pack: Pack, profile: Profile, problems: list[Problem]) -> Pack:
    rules = dict(pack.rules)
    excluded = dict(pack.excluded)
    if profile.include is not None:
        chosen = {full_name(pack, r) for r in profile.include}
        for rule in [r for r in rules if r not in chosen]:
            excluded[rule] = _NOT_CHOSEN
            del rules[rule]
    for rule, reason in profile.exclude.items():
        if rules.pop(full_name(pack, rule), None) is not None:
            excluded[full_name(pack, rule)] = reason
    for target in profile.set:
        name, _, parameter = target.rpartition(".")
        rule_id = full_name(pack, name)
        if rule_id in rules and parameter in rules[rule_id].parameters:
            rules[rule_id] = _set(pack, profile, rules[rule_id], parameter, target, problems)
    if profile.decision is not None:
        # Only where an uncertainty is stated is there a choice between the two.
        rules = {k: evolve(r, decision=profile.decision) if r.uncertainty else r for k, r in rules.items()}
    if profile.evidence is not None and not _as_strong(profile.evidence, pack.evidence):
        old, new = (f"{e.failure_rate:g} at {e.confidence:g}" for e in (pack.evidence, profile.evidence))
        problems.append(
            Loosened(
                parameter="evidence", old=old, new=new, tailoring="only-stricter", stricter="failure_rate lower",
                position=profile.position,
            )
        )  # fmt: skip
    return evolve(
        pack, rules=rules, excluded=excluded, profile=profile.name, evidence=profile.evidence or pack.evidence,
        zone=profile.zone or pack.zone,
        examples_zone=pack.examples_zone or pack.zone if profile.zone else pack.examples_zone,
    )  # fmt: skip


def _as_strong(evidence: Evidence, least: Evidence) -> bool:
    """Whether a pass on ``evidence`` says at least as much as one on ``least``."""
    return evidence.failure_rate <= least.failure_rate and evidence.confidence >= least.confidence


def _set(pack: Pack, profile: Profile, rule: Rule, name: str, target: str, problems: list[Problem]) -> Rule:
    figure, old = profile.set[target], rule.parameters[name]
    if isinstance(old, LimitLookup):  # at least as strict as each row that is in force while the profile is
        rows, days = pack.limits[old.table].rows, (profile.effective_from, profile.effective_to)
        kind, replaced = rows[0].figure, [row.figure for row in rows if meet(row.in_force, days)]
    else:
        kind, replaced = old, [old]
    source = pack.sources.get(figure.source)
    status = source.status if figure.status is Status.UNVERIFIED and source else figure.status
    new = evolve(figure, stricter=kind.stricter, tailoring=kind.tailoring, status=status)
    for before in replaced:
        if (problem := _objection(before, new, target)) is not None:
            problems.append(problem)
            return rule
    return evolve(rule, parameters={**rule.parameters, name: new})


def _objection(before: Figure, new: Figure, target: str) -> Problem | None:
    # A word or a Boolean has no direction: it may be changed only where it is free. What is fixed may not be set.
    allowed = before.tailoring == "free"
    if not isinstance(before.value, str | bool):
        of, to = unit(new.unit or "1"), unit(before.unit or "1")
        if isinstance(new.value, str | bool) or not of.comparable(to):
            return OtherUnit(name=target, found=new.unit or "-", needed=before.unit or "1", position=new.position)
        value = convert(new.value, of, to)
        tighter = value <= before.value if before.stricter == "lower" else value >= before.value
        allowed = allowed or (before.tailoring == "only-stricter" and tighter)
    elif type(new.value) is not type(before.value):
        return OtherUnit(name=target, found=str(new.value), needed=str(before.value), position=new.position)
    if allowed:
        return None
    return Loosened(
        parameter=target, old=_shown(before), new=_shown(new), tailoring=before.tailoring, stricter=before.stricter,
        position=new.position,
    )  # fmt: skip


def _shown(figure: Figure) -> str:
    value = f"{figure.value:g}" if isinstance(figure.value, float) else str(figure.value)
    return f"{value} {figure.unit}" if figure.unit not in (None, "1") else value

"""The profiles of a pack: what each sets, leaves out, and decides."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.authoring.leaf import Leaf, amount, days, facts, known
from conformance.errors import Text
from conformance.markdown import Md, bullets, code, heading, plain, slug
from conformance.model.standard import Evidence, Figure, LimitLookup, Profile
from conformance.packs import tailor

TITLE = Text("Profiles", "配置")
_NONE = Text("This pack has no profiles: it holds for all as it stands.", "本标准包没有配置：对所有对象均按原样适用。")
_FACTS = {
    "extends": Text("extends {x}", "在 {x} 的基础上"),
    "rules": Text("{x} of {n} rules", "共 {n} 条规则，适用 {x} 条"),
    "zone": Text("calendar of {x}", "历法时区 {x}"),
    "decision": Text("decision {x}", "判定方式 {x}"),
}
_EVIDENCE = Text(
    "a pass excludes a failure rate above {rate} at {confidence} confidence",
    "通过须以 {confidence} 的置信度排除高于 {rate} 的失效率",
)
_SETS = (
    Text("Rule", "规则"), Text("Figure", "参数"), Text("Is", "设为"), Text("Instead of", "原值"),
    Text("Source", "来源"), Text("Clause", "条款"), Text("Status", "状态"),
)  # fmt: skip
_LEAVES_OUT = Text("{rule} is left out: {reason}", "不含 {rule}：{reason}")
_DIFFER = Text("Rules by profile", "各配置适用的规则")
_REST = Text(
    "The other {n} rules stand in every profile.", "其余 {n} 条规则在每个配置中均适用。"
)  # fmt: skip
_RULE = Text("Rule", "规则")


def profiles(leaf: Leaf) -> Iterator[Md]:
    """Each profile, then a table of the rules that not all of them have."""
    yield heading(2, leaf.own(TITLE), "profiles")
    if not leaf.pack.profiles:
        yield leaf.own(_NONE)
    under = {name: set(tailor(leaf.pack, name, as_of=None).rules) for name in leaf.pack.profiles}
    for profile in leaf.pack.profiles.values():
        yield heading(3, leaf.say(profile.title), f"profile-{slug(profile.name)}")
        yield Md(f"{code(profile.name)} · {_facts(leaf, profile, len(under[profile.name]))}")
        yield from _sets(leaf, profile)
        yield bullets(
            leaf.own(_LEAVES_OUT, rule=leaf.rule(rule), reason=leaf.say(reason))
            for rule, reason in profile.exclude.items()
        )
    differing = [id_ for id_ in leaf.pack.rules if not all(id_ in rules for rules in under.values())]
    if differing:
        yield heading(3, leaf.own(_DIFFER), "rules-by-profile")
        yield leaf.own(_REST, n=Md(f"{len(leaf.pack.rules) - len(differing)}"))
        rows = ([leaf.titled(id_), *(Md("●" if id_ in rules else "") for rules in under.values())] for id_ in differing)
        yield leaf.table([_RULE, *(code(name) for name in under)], rows)


def _facts(leaf: Leaf, profile: Profile, rules: int) -> Md:
    return facts(
        [
            leaf.own(_FACTS["extends"], x=code(profile.extends)) if profile.extends else Md(""),
            leaf.own(_FACTS["rules"], x=Md(f"{rules}"), n=Md(f"{len(leaf.pack.rules)}")),
            days(leaf, (profile.effective_from, profile.effective_to)),
            leaf.own(_FACTS["zone"], x=plain(profile.zone)) if profile.zone else Md(""),
            leaf.own(_FACTS["decision"], x=code(profile.decision)) if profile.decision else Md(""),
            evidence(leaf, profile.evidence) if profile.evidence else Md(""),
        ]
    )


def evidence(leaf: Leaf, needed: Evidence) -> Md:
    """What a pass on generated input rests on."""
    rate, confidence = (Md(f"{share * 100:g} %") for share in (needed.failure_rate, needed.confidence))
    return leaf.own(_EVIDENCE, rate=rate, confidence=confidence)


def _sets(leaf: Leaf, profile: Profile) -> Iterator[Md]:
    """What it sets itself; what it sets in rules that it leaves out has no effect, and is not told."""
    rows = [
        (leaf.titled(one.rule.id), code(one.name), amount(one.figure), _before(leaf, one.rule.parameters[one.name]),
         *known(leaf, one.figure))
        for one in leaf.figures.rules
        if one.profile == profile.name
    ]  # fmt: skip
    if rows:
        yield leaf.table(_SETS, rows)


def _before(leaf: Leaf, given: Figure | LimitLookup) -> Md:
    return leaf.limits(given.table) if isinstance(given, LimitLookup) else amount(given)

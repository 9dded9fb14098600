"""Sealed seeds: a commitment before the run, the seed after it, and every independent case checked against both.

Who runs a sealed assessment publishes the commitment before the system under test is fixed. Nobody can prepare for
cases that follow from an unknown seed, and afterwards nobody can deny which cases they were.
"""

from __future__ import annotations

import os
import re
import secrets
from collections import Counter
from pathlib import Path

from attrs import field, frozen

from conformance.assess.plan import Plan, make_plan
from conformance.errors import Refused, Text
from conformance.errors.seal import NotASeal, NotSealed, SealNotWritten
from conformance.evidence import independent_sample
from conformance.model.json import digest, encode
from conformance.model.run import Case, Record

KIND = "conformance-seal/1"
LONGEST = 4096
"""Bytes; a seal has about 200."""
_HEX = re.compile(r"[0-9a-f]{64}")


@frozen
class Seal:
    """A secret seed with a nonce, each 256 bits in hexadecimal. Never print it before it is to be revealed."""

    seed: str = field(repr=False)
    nonce: str = field(repr=False)

    @staticmethod
    def new() -> Seal:
        """A seal from the operating system's source of randomness."""
        return Seal(secrets.token_hex(32), secrets.token_hex(32))

    @property
    def commitment(self) -> str:
        """What is published before the run: SHA-256 over the canonical JSON of kind, seed and nonce."""
        return digest({"kind": KIND, "seed": self.seed, "nonce": self.nonce})


@frozen
class Difference:
    """The first place where a record is not what its seal gives."""

    operation: str
    index: int
    case: int | None
    """Number in the record; None where no case stands."""
    why: Text


@frozen
class Checked:
    """What came of regenerating every independent case."""

    cases: int
    same: int
    first: Difference | None


_OTHER_SEED = Text("the seal is not the one whose commitment the record holds", "密封种子与记录中的承诺不符")
_OUT_OF_ORDER = Text("index {found} stands in the place of {expected}", "应为序号 {expected}，实为 {found}")
_OTHER_REQUEST = Text("the request is not the one that the seed gives", "请求与种子生成的不一致")
_OTHER_DIGEST = Text("the request is not the one whose digest the case states", "请求与用例所载摘要不一致")
_NOT_LIVE = Text("no generated cases belong to this operation", "该操作没有生成的用例")
_TOO_FEW = Text("the record ends after {found} of {expected} cases", "应有 {expected} 个用例，记录中只有 {found} 个")


def write_seal(path: Path, seal: Seal) -> None:
    """Store ``seal`` in a new file that only its owner can read. Raises `Refused`."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(encode({"kind": KIND, "seed": seal.seed, "nonce": seal.nonce}) + b"\n")
    except OSError as error:
        cause = error.strerror or str(error)
        raise Refused([SealNotWritten(file=str(path), cause=Text(cause, cause))]) from error


def read_seal(path: Path) -> Seal:
    """The seal in the file at ``path``. Raises `Refused`."""
    from conformance.evidence.lines import NotALine, parse

    def refused(cause: Text) -> Refused:
        return Refused([NotASeal(file=str(path), cause=cause)])

    try:
        with path.open("rb") as file:
            raw = file.read(LONGEST + 1)
    except OSError as error:
        cause = error.strerror or str(error)
        raise refused(Text(cause, cause)) from error
    try:
        value = parse(raw[:LONGEST])
    except NotALine as error:
        raise refused(Text("no JSON object", "不是 JSON 对象")) from error
    seed, nonce = value.get("seed"), value.get("nonce")
    if value["kind"] != KIND or not all(isinstance(part, str) and _HEX.fullmatch(part) for part in (seed, nonce)):
        raise refused(Text(f"no {KIND} with seed and nonce", f"不是含 seed 与 nonce 的 {KIND}"))
    return Seal(str(seed), str(nonce))


def check(record: Record, path: Path, seal: Seal) -> Checked:
    """Make every independent case of the record at ``path`` again, from its own pack, site and envelope and ``seal``.

    ``record`` is what `read_record` gave, digests verified. Each case must stand at its place, its request must have
    the digest that it states, and the seed must give that request. Raises `Refused` for a run that was not sealed, a
    pack that today's tool does not read, and a damaged line.
    """
    settings = record.header.settings
    if settings.mode != "sealed":
        raise Refused([NotSealed(run=str(path), mode=settings.mode)])
    if seal.commitment != settings.seed:
        return Checked(0, 0, Difference("-", 0, None, _OTHER_SEED))
    checker = _Checker(make_plan(record.header.pack, record.header.system, oracle=None, settings=settings), seal)
    for line in independent_sample(path):
        if isinstance(line, Case):
            checker.take(line)
    return checker.end(settings.cases if record.footer is not None else 0)  # a cut record says so itself


class _Checker:
    """Compares case by case."""

    def __init__(self, plan: Plan, seal: Seal) -> None:
        self._spaces = {t.operation.name: t.space for t in plan.trials if t.space is not None}
        self._seed = seal.seed
        self._seen: Counter[str] = Counter()
        self._same = 0
        self._first: Difference | None = None

    def take(self, case: Case) -> None:
        expected = self._seen[case.operation]
        self._seen[case.operation] += 1
        why = self._wrong(case, expected)
        if why is None:
            self._same += 1
        elif self._first is None:
            self._first = Difference(case.operation, expected, case.number, why)

    def _wrong(self, case: Case, expected: int) -> Text | None:
        space = self._spaces.get(case.operation)
        if space is None:
            return _NOT_LIVE
        if case.index != expected:
            return _OUT_OF_ORDER.format(found=case.index, expected=expected)
        if digest(case.request) != case.sha256:
            return _OTHER_DIGEST
        made = space.request(space.independent(self._seed, expected))
        return None if digest(made) == case.sha256 else _OTHER_REQUEST

    def end(self, least: int) -> Checked:
        for name in self._spaces:
            found = self._seen[name]
            if found < least and self._first is None:
                self._first = Difference(name, found, None, _TOO_FEW.format(found=found, expected=least))
        return Checked(self._seen.total(), self._same, self._first)

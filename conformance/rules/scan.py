"""A first look at an expression, one character after another: its size, its brackets and its characters."""

from __future__ import annotations

from conformance.errors import Problem, Refused, Text
from conformance.errors.language import (
    BadText,
    NotAnExpression,
    NotInLanguage,
    TooLarge,
    Unbalanced,
    WrongCharacter,
)
from conformance.model.standard import Expression

LONGEST = 8000
LONGEST_WORD = 200
DEEPEST_BRACKETS = 40
MOST_TOKENS = 2000
MOST_PROBLEMS = 20

_INSTEAD = {
    "≤": "<=", "≥": ">=", "≠": "!=", "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "「": '"', "」": '"', "、": ",", "。": ".", "…": "...",
    "∧": "and", "∨": "or", "¬": "not", "∈": "in", "\u00a0": " ", "\u3000": " ", "【": "[", "】": "]",
}  # fmt: skip
_OPERATORS = {"&&": "and", "||": "or", "<>": "!=", "=>": ">=", "=<": "<="}
_LONE = {"&": "and", "|": "or", "!": "not", "^": "", "=": "==", "`": "", "$": "", "?": "", ";": "", "@": ""}
_OPENING = {"(": ")", "[": "]", "{": "}"}
_PREFIXES = {"r", "b", "u", "f", "rb", "br", "fr", "rf"}


def scan(expression: Expression) -> None:
    """Raise `Refused` with every problem that can be seen without parsing; linear in the length of the text."""
    text = expression.text
    if len(text) > LONGEST:
        line = text.count("\n", 0, LONGEST) + 1
        column = LONGEST - (text.rfind("\n", 0, LONGEST) + 1)
        too_long = TooLarge(position=expression.at(line, column), of=Text("characters", "字符"), limit=LONGEST)
        raise Refused([too_long])
    if not text.strip():
        hint = Text("write a condition, such as `response.p <= limit`", "请写条件，例如 `response.p <= limit`")
        raise Refused([NotAnExpression(position=expression.at(1, 0), hint=hint)])
    problems = _Scanner(expression).run()
    if problems:
        raise Refused(problems[:MOST_PROBLEMS])


class _Scanner:
    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self.problems: list[Problem] = []
        self.open: list[tuple[str, int, int]] = []
        self.tokens = 0

    def run(self) -> list[Problem]:
        for number, line in enumerate(self.expression.text.split("\n"), 1):
            self.line(number, line)
            if len(self.problems) >= MOST_PROBLEMS:
                return self.problems
        for bracket, number, column in self.open[:1]:
            self.problems.append(Unbalanced(position=self.expression.at(number, column), bracket=bracket))
        return self.problems

    def line(self, number: int, line: str) -> None:
        at = 0
        while at < len(line) and len(self.problems) < MOST_PROBLEMS:
            char = line[at]
            if char == "#":
                for column in range(at, len(line)):
                    self.control(number, column, line[column])
                return
            if char in "\"'":
                at = self.word(number, line, at)
            elif char.isascii() and (char.isalnum() or char in "_."):
                at = self.name(number, line, at)
            else:
                at += self.sign(number, line, at)
            if char not in " \t":
                self.tokens += 1
                if self.tokens == MOST_TOKENS + 1:
                    self.problem(TooLarge, number, at, of=Text("signs and names", "符号与名称"), limit=MOST_TOKENS)

    def problem(self, kind: type[Problem], line: int, column: int, **values: object) -> None:
        self.problems.append(kind(position=self.expression.at(line, column), **values))

    def control(self, number: int, column: int, char: str) -> bool:
        """Note a control character or half of a surrogate pair; whether it was one."""
        if (char < " " and char != "\t") or "\x7f" <= char < "\xa0" or "\ud800" <= char <= "\udfff":
            hint = Text("remove this invisible character", "请删除该不可见字符")
            self.problem(WrongCharacter, number, column, found=ascii(char), instead=hint)
            return True
        return False

    def word(self, number: int, line: str, start: int) -> int:
        quote = line[start]
        end = line.find(quote, start + 1)
        inner = line[start + 1 : end]
        if end < 0 or "\\" in inner or line.startswith(quote * 3, start):
            self.problem(BadText, number, start, limit=LONGEST_WORD)
            return len(line)
        for column, char in enumerate(inner, start + 1):
            self.control(number, column, char)
        return end + 1

    def name(self, number: int, line: str, start: int) -> int:
        end = start
        while end < len(line) and line[end].isascii() and (line[end].isalnum() or line[end] == "_"):
            end += 1
        if line[start:end].lower() in _PREFIXES and line[end : end + 1] in ("'", '"'):
            self.problem(NotInLanguage, number, start, construct=Text("prefix before a text", "文本前缀"))
        return max(end, start + 1)

    def sign(self, number: int, line: str, at: int) -> int:
        """Look at one operator, bracket or foreign character; how many characters it takes."""
        char, two = line[at], line[at : at + 2]
        if char in _OPENING:
            self.open.append((char, number, at))
            if len(self.open) == DEEPEST_BRACKETS + 1:
                self.problem(
                    TooLarge, number, at, of=Text("brackets within brackets", "括号嵌套"), limit=DEEPEST_BRACKETS
                )
        elif char in ")]}":
            if not self.open or _OPENING[self.open[-1][0]] != char:
                self.problem(Unbalanced, number, at, bracket=char)
            else:
                self.open.pop()
        elif two in ("<=", ">=", "==", "!="):
            return 2
        elif two in _OPERATORS:
            self.wrong(number, at, two, _OPERATORS[two])
            return 2
        elif two == ":=":
            self.problem(NotInLanguage, number, at, construct=Text("assignment `:=`", "赋值 `:=`"))
            return 2
        elif char in _LONE or char == "\\":
            self.wrong(number, at, char, _LONE.get(char, ""))
        elif not char.isascii():
            self.wrong(number, at, char, _INSTEAD.get(char) or _half_width(char))
        else:
            self.control(number, at, char)
        return 1

    def wrong(self, number: int, at: int, found: str, instead: str) -> None:
        if instead:
            mend = Text(f"write {instead!r} instead", f"请改为 {instead!r}")
        else:
            mend = Text("remove it; names and signs are ASCII", "请删除；名称和符号只用 ASCII 字符")
        if not self.control(number, at, found[0]):
            self.problem(WrongCharacter, number, at, found=found, instead=mend)


def _half_width(char: str) -> str:
    """The ASCII form of a full-width character, or nothing."""
    return chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else ""

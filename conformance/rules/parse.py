"""Text to tree. What is refused is refused before Python's own parser can be hurt by it, with its place."""

from __future__ import annotations

import ast
import warnings
from math import isfinite

from conformance.errors import Problem, Refused, Text
from conformance.errors.language import BadNumber, BadText, NotAnExpression, NotInLanguage, TooLarge, WrongArguments
from conformance.model.standard import Expression
from conformance.rules import tree
from conformance.rules.scan import LONGEST_WORD, scan

DEEPEST = 60
MOST_PARTS = 1000

_UNSUPPORTED: dict[type[ast.AST], Text] = {
    ast.Lambda: Text("lambda", "lambda"),
    ast.NamedExpr: Text("assignment `:=`", "赋值 `:=`"),
    ast.Subscript: Text("subscript [ ]", "下标 [ ]"),
    ast.Starred: Text("star argument", "星号参数"),
    ast.Dict: Text("dictionary", "字典"),
    ast.Set: Text("set", "集合"),
    ast.DictComp: Text("dictionary", "字典"),
    ast.SetComp: Text("set", "集合"),
    ast.JoinedStr: Text("f-string", "f 字符串"),
    ast.Await: Text("await", "await"),
    ast.Yield: Text("yield", "yield"),
    ast.YieldFrom: Text("yield", "yield"),
    ast.Pow: Text("power operator", "乘方运算符"),
    ast.Mod: Text("remainder operator", "取余运算符"),
    ast.FloorDiv: Text("whole division", "整除"),
    ast.Is: Text("`is`", "`is`"),
    ast.IsNot: Text("`is not`", "`is not`"),
}
_OTHER = Text("such construct", "这种写法")
_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
}


def parse(expression: Expression) -> tree.Node:
    """The tree of ``expression``. Raises `Refused` with every problem that was found, each with its place."""
    scan(expression)
    # The brackets let an expression go on over several lines; `scan` has seen that its own brackets are balanced.
    wrapped = f"({expression.text}\n)"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(wrapped, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        column = max((getattr(error, "offset", None) or 1) - 1 - (line == 1), 0)
        lines = expression.text.split("\n")
        if line > len(lines):  # at the bracket of ours: something is missing at the very end
            line, column = len(lines), len(lines[-1])
        hint = Text(
            "look just before this place for a missing operator or operand", "请检查此处之前是否缺少运算符或运算数"
        )
        raise Refused([NotAnExpression(position=expression.at(line, column), hint=hint)]) from None
    reader = _Reader(expression, wrapped.split("\n"))
    node = reader.node(body, 0)
    if reader.problems:
        raise Refused(reader.problems)
    return node


class _Reader:
    """One conversion of Python's tree to ours; notes every problem and goes on with a stand-in."""

    def __init__(self, expression: Expression, lines: list[str]) -> None:
        self.expression = expression
        self.lines = lines
        self.problems: list[Problem] = []
        self.parts = 0

    def span(self, node: ast.AST) -> tree.Span:
        line, end_line = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        start = self.column(line, node.col_offset)  # type: ignore[attr-defined]
        end = self.column(line, node.end_col_offset) if end_line == line else len(self.lines[line - 1])  # type: ignore[attr-defined]
        return tree.Span(line, max(start - (line == 1), 0), max(end - start, 1))

    def column(self, line: int, offset: int) -> int:
        """Python counts UTF-8 bytes; people count characters."""
        text = self.lines[line - 1]
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))

    def refuse(self, kind: type[Problem], node: ast.AST, **values: object) -> tree.Node:
        at = self.span(node)
        self.problems.append(kind(position=self.expression.at(at.line, at.column, at.width), **values))
        return tree.Number(0, span=at)

    def unsupported(self, node: ast.AST, at: ast.AST | None = None) -> tree.Node:
        return self.refuse(NotInLanguage, at or node, construct=_UNSUPPORTED.get(type(node), _OTHER))

    def node(self, node: ast.expr, depth: int) -> tree.Node:
        self.parts += 1
        if depth > DEEPEST:
            return self.refuse(TooLarge, node, of=Text("levels", "层级"), limit=DEEPEST)
        if self.parts > MOST_PARTS:
            if self.parts == MOST_PARTS + 1:
                self.refuse(TooLarge, node, of=Text("parts", "组成部分"), limit=MOST_PARTS)
            return tree.Number(0)
        span, deeper = self.span(node), depth + 1
        match node:
            case ast.Constant(value=value):
                return self.constant(node, value, span)
            case ast.Name() | ast.Attribute():
                return self.path(node, span)
            case ast.UnaryOp(op=ast.USub(), operand=of):
                return tree.Negative(self.node(of, deeper), span=span)
            case ast.UnaryOp(op=ast.Not(), operand=of):
                return tree.Not(self.node(of, deeper), span=span)
            case ast.BinOp(left=left, op=op, right=right):
                sign = _ARITHMETIC.get(type(op))
                if sign is None:
                    return self.unsupported(op, node)
                return tree.Arithmetic(sign, self.node(left, deeper), self.node(right, deeper), span=span)  # type: ignore[arg-type]
            case ast.BoolOp(op=join, values=values):
                word = "and" if isinstance(join, ast.And) else "or"
                return tree.Logic(word, tuple(self.node(v, deeper) for v in values), span=span)  # type: ignore[arg-type]
            case ast.Compare(left=left, ops=ops, comparators=rights):
                return self.compare(node, left, ops, rights, span, deeper)
            case ast.IfExp(test=test, body=then, orelse=other):
                return tree.Choice(
                    self.node(then, deeper), self.node(test, deeper), self.node(other, deeper), span=span
                )
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return tree.Items(tuple(self.node(i, deeper) for i in items), span=span)
            case ast.Call():
                return self.call(node, span, deeper)
            case ast.GeneratorExp(elt=element, generators=rounds) | ast.ListComp(elt=element, generators=rounds):
                loops = tuple(self.loop(r, deeper) for r in rounds)
                return tree.Comprehension(self.node(element, deeper), loops, span=span)
            case _:
                return self.unsupported(node)

    def constant(self, node: ast.expr, value: object, span: tree.Span) -> tree.Node:
        if isinstance(value, bool):
            return tree.Truth(value, span=span)
        if isinstance(value, int | float):
            try:
                number = float(value)
            except OverflowError:
                return self.refuse(BadNumber, node)
            return tree.Number(number, span=span) if isfinite(number) else self.refuse(BadNumber, node)
        if isinstance(value, str):
            if len(value) > LONGEST_WORD or ('"' in value and "'" in value):
                return self.refuse(BadText, node, limit=LONGEST_WORD)
            return tree.Word(value, span=span)
        if value is None:
            return self.refuse(
                NotInLanguage,
                node,
                construct=Text("None", "None"),
                hint=Text("ask with has(path) whether a value is there", "请用 has(路径) 判断是否有值"),
            )
        return self.unsupported(node)

    def path(self, node: ast.expr, span: tree.Span) -> tree.Node:
        names: list[str] = []
        part: ast.expr = node
        while isinstance(part, ast.Attribute):
            names.append(part.attr)
            part = part.value
        if not isinstance(part, ast.Name):
            construct = Text("field of anything but a path", "对路径以外的对象取字段")
            return self.refuse(NotInLanguage, node, construct=construct)
        names.append(part.id)
        if len(names) > DEEPEST:
            return self.refuse(TooLarge, node, of=Text("levels", "层级"), limit=DEEPEST)
        if any(self.private(name) for name in names):
            return self.private_name(node)
        return tree.Path(tuple(reversed(names)), span=span)

    @staticmethod
    def private(name: str) -> bool:
        return name.startswith("_")

    def private_name(self, node: ast.AST) -> tree.Node:
        construct = Text("name that begins with an underscore", "以下划线开头的名称")
        return self.refuse(NotInLanguage, node, construct=construct)

    def compare(
        self,
        node: ast.Compare,
        left: ast.expr,
        ops: list[ast.cmpop],
        rights: list[ast.expr],
        span: tree.Span,
        deeper: int,
    ) -> tree.Node:
        chain = []
        for op, right in zip(ops, rights, strict=True):
            sign = _COMPARISONS.get(type(op))
            if sign is None:
                return self.unsupported(op, node)
            chain.append((sign, self.node(right, deeper)))
        return tree.Compare(self.node(left, deeper), tuple(chain), span=span)  # type: ignore[arg-type]

    def call(self, node: ast.Call, span: tree.Span, deeper: int) -> tree.Node:
        if not isinstance(node.func, ast.Name):
            return self.refuse(NotInLanguage, node, construct=Text("call of a method or value", "方法调用或对值的调用"))
        if self.private(node.func.id):
            return self.private_name(node)
        if node.keywords:
            return self.refuse(NotInLanguage, node, construct=Text("named argument", "具名参数"))
        if node.func.id == "q":
            match node.args:
                case [ast.Constant(value=str(value)) as word]:
                    kept = self.constant(word, value, span)
                    return tree.Quantity(value, span=span) if isinstance(kept, tree.Word) else kept
                case _:
                    return self.refuse(WrongArguments, node, function="q", usage='q("5 min")')
        return tree.Call(node.func.id, tuple(self.node(a, deeper) for a in node.args), span=span)

    def loop(self, rounds: ast.comprehension, deeper: int) -> tree.Loop:
        targets = rounds.target.elts if isinstance(rounds.target, ast.Tuple) else [rounds.target]
        names = []
        for target in targets:
            if not isinstance(target, ast.Name):
                construct = Text("loop variable other than a name", "名称以外的循环变量")
                self.refuse(NotInLanguage, target, construct=construct)
            elif self.private(target.id):
                self.private_name(target)
            else:
                names.append(target.id)
        if rounds.is_async:
            self.refuse(NotInLanguage, rounds.target, construct=Text("`async`", "`async`"))
        conditions = tuple(self.node(c, deeper) for c in rounds.ifs)
        return tree.Loop(tuple(names), self.node(rounds.iter, deeper), conditions, span=self.span(rounds.target))

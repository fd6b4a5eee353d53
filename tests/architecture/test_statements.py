"""Values reach the database as parameters only: a statement is put together from what stands in the source.

What may be in a statement: literals, constants of a module (UPPER_CASE), locals made of these alone, parameters of
type `LiteralString` and fields of it (whose makers the type checker holds to it), and what `layers.db.columns` has
checked.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import layers
from layers.db import columns

SOURCE = Path(layers.__file__).parent
RUNS = {"execute", "executemany", "fetch", "fetchrow", "fetchval", "cursor", "prepare", "copy_from_query"}
PLACES = dict.fromkeys(RUNS | {"_rows", "_fetch", "_write_all"}, 0) | {"_write": 1}
"""By method, which argument is the statement; those of the second kind are ours and pass it on."""
CHECKED = {"identifier", "names", "marks", "assignments", "bigint"}
NO_DATABASE = {"world"}
"""What has a method of one of these names without being a database."""
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Statements(ast.NodeVisitor):
    """Finds the calls that run statements which are not of the source alone."""

    def __init__(self) -> None:
        self.around: list[Function] = []
        self.strays: list[tuple[int, str]] = []
        self.fields: set[str] = set()
        self.seen = 0

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for line in node.body:
            match line:
                case ast.AnnAssign(ast.Name(name), kind) if "LiteralString" in ast.unparse(kind):
                    self.fields.add(name)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._inside(node)

    def _inside(self, node: Function) -> None:
        self.around.append(node)
        self.generic_visit(node)
        self.around.pop()

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(ast.Name(name), _) if name in NO_DATABASE:
                return
            case ast.Attribute(_, name) if name in PLACES and len(node.args) > PLACES[name]:
                statement = node.args[PLACES[name]]
                self.seen += 1
                if not self.sound(statement):
                    self.strays.append((node.lineno, ast.unparse(statement)))

    def sound(self, node: ast.expr) -> bool:
        """Tell whether an expression holds nothing but what stands in the source."""
        match node:
            case ast.Constant(str()):
                return True
            case ast.JoinedStr(parts):
                return all(self.sound(part) for part in parts)
            case ast.FormattedValue(inner) | ast.Starred(inner):
                return self.sound(inner)
            case ast.BinOp(left, ast.Add(), right):
                return self.sound(left) and self.sound(right)
            case ast.IfExp(_, one, other):
                return self.sound(one) and self.sound(other)
            case ast.Call(ast.Attribute(text, "format"), args, keywords):
                return self.sound(text) and all(map(self.sound, [*args, *(k.value for k in keywords)]))
            case ast.Call(ast.Name(name)):
                return name in CHECKED
            case ast.Attribute(_, name) if name in self.fields:
                return True
            case ast.Name(name) | ast.Attribute(_, name):
                return name.isupper() or (isinstance(node, ast.Name) and self._local(name))
            case _:
                return False

    def _local(self, name: str) -> bool:
        for function in reversed(self.around):
            for argument in [*function.args.args, *function.args.kwonlyargs]:
                if argument.arg == name:
                    return (
                        argument.annotation is not None
                        and ast.unparse(argument.annotation) == "LiteralString"
                    )
            made = list(_assigned(function, name))
            if made:
                return all(map(self.sound, made))
        return False


def _assigned(function: Function, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        match node:
            case ast.Assign([ast.Name(target)], value) | ast.AugAssign(ast.Name(target), _, value):
                if target == name:
                    yield value
            case ast.For(target=ast.Name(target), iter=value) | ast.NamedExpr(ast.Name(target), value):
                if target == name:
                    yield value


def strays_of(source: str) -> list[tuple[int, str]]:
    """Return the statements of a module that are not of its source alone."""
    found = Statements()
    found.visit(ast.parse(source))
    return found.strays


def test_statements_are_put_together_from_the_source_alone():
    strays, seen = [], 0
    for file in sorted(SOURCE.rglob("*.py")):
        found = Statements()
        found.visit(ast.parse(file.read_text()))
        seen += found.seen
        strays += [f"{file.relative_to(SOURCE)}:{line}: {text}" for line, text in found.strays]
    assert seen > 100
    assert strays == []


@pytest.mark.parametrize(
    "call",
    [
        'tx.fetch(f"SELECT {name}")',
        'tx.fetch("SELECT " + name)',
        'tx.fetch("SELECT %s" % name)',
        'tx.fetch("SELECT {}".format(name))',
        "tx.fetch(name)",
        'tx.fetch("SELECT " + ", ".join(name))',
        'tx.execute(f"SELECT {request.name}")',
        'tx.execute(f"SELECT {WORDS[name]}")',
        "self._rows(name)",
        'self._fetch(f"SELECT {name}", 1)',
    ],
)
def test_a_value_in_a_statement_is_found(call: str):
    assert strays_of(f"async def f(tx, name: str):\n    await {call}")
    assert strays_of(f"async def f(tx):\n    name = input()\n    name = 'x'\n    await {call}")
    assert strays_of(f"async def f(tx):\n    for name in tx:\n        await {call}")


@pytest.mark.parametrize(
    "call",
    [
        'tx.fetch("SELECT $1", name)',
        'tx.fetch(f"SELECT {COLUMNS}", name)',
        'tx.fetch(f"SELECT {names(name)} FROM {identifier(name)}")',
        "tx.fetch(SELECT.format(which='a'), name)",
        'tx.fetch("SELECT" + (" FOR UPDATE" if name else ""))',
    ],
)
def test_what_stands_in_the_source_is_sound(call: str):
    assert strays_of(f"async def f(tx, name):\n    await {call}") == []


def test_a_field_of_what_stands_in_the_source_is_sound():
    step = "class Step:\n    find: {kind}\nasync def f(tx, step):\n    await tx.fetch(step.find)"
    assert strays_of(step.format(kind="LiteralString")) == []
    assert strays_of(step.format(kind="str"))


@pytest.mark.parametrize("name", ["", "a b", "a;b", 'a"', "a--", "ä", "1a", "A", "a" * 64, "a.b", "a\n"])
def test_only_plain_names_are_identifiers(name: str):
    for make in (columns.identifier, lambda n: columns.names([n]), lambda n: columns.assignments([n], 1)):
        with pytest.raises(ValueError, match="no plain name"):
            make(name)
    assert columns.assignments(["name", "a_b2"], 2) == "name = $2, a_b2 = $3"


@pytest.mark.parametrize("value", ["1", "1); DROP TABLE projects", 1.5, None])
def test_only_whole_numbers_are_numbers(value: object):
    with pytest.raises((ValueError, TypeError)):
        columns.bigint(value)
    assert columns.bigint(-(2**63)) == f"'{-(2**63)}'::bigint"

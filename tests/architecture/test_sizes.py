"""Sizes to feel at home in: a ratchet. Tighten the numbers when the code allows it, never loosen them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import layers

SOURCE = Path(layers.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef

FUNCTION_MEDIAN, FUNCTION_P95, FUNCTION_MOST = 10, 40, 80
FILE_P95, FILE_MOST = 400, 700


def functions() -> Iterator[tuple[str, Function]]:
    """Every function and method of the source, with where it is."""
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, Function):
                yield f"{file.relative_to(SOURCE)}:{node.lineno} {node.name}", node


def lines(function: Function) -> int:
    """Length from the `def` to the last line, decorators not counted."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def p95(sizes: list[int]) -> float:
    """The size that 95 of 100 do not exceed."""
    return quantiles(sizes, n=20, method="inclusive")[-1]


def test_functions_are_short():
    sizes = [lines(function) for _, function in functions()]
    assert median(sizes) <= FUNCTION_MEDIAN
    assert p95(sizes) <= FUNCTION_P95


def test_no_function_is_too_long():
    assert [where for where, function in functions() if lines(function) > FUNCTION_MOST] == []


def test_files_are_short():
    sizes = {str(file.relative_to(SOURCE)): len(file.read_text().splitlines()) for file in FILES}
    assert [name for name, size in sizes.items() if size > FILE_MOST] == []
    assert p95(list(sizes.values())) <= FILE_P95


def test_nothing_is_imported_inside_a_function():
    late = [
        where
        for where, function in functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert late == []

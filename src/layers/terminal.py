"""How commands speak: what went well on stdout, what did not and the remedy on stderr, never a traceback.

Exit codes: 0 done · 1 refused or failed · 2 the command line is wrong · 3 not done yet, or not known · 4 the key is
missing, refused or may not do this · 130 stopped by Ctrl-C. With `--json` stdout is JSON, also when it fails.
"""

import json
import sys
from collections.abc import Collection
from contextvars import ContextVar
from typing import Annotated, Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

FAILED, NOT_YET, NO_KEY, STOPPED = 1, 3, 4, 130
WIDE = 250
"""Columns of what is read by a program: nothing is cut there."""
_in_json: ContextVar[bool] = ContextVar("in_json", default=False)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr)
    if not console.is_terminal:
        console.width = WIDE
    return console


out, err = _console(stderr=False), _console(stderr=True)


def speak_json(wanted: bool) -> bool:
    """Answer in JSON from here on, or in words."""
    _in_json.set(wanted)
    return wanted


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.", callback=speak_json, is_eager=True)]

# What an operator and a caller of the API say alike of a post
PostId = Annotated[str, typer.Argument(help="The post's id, sp_… or one of your own.")]
SeenThere = Annotated[
    bool | None, typer.Option("--published/--not-published", help="What you saw on the platform.")
]
PostUrl = Annotated[str | None, typer.Option("--url", help="Where the post is.")]
PlatformId = Annotated[str | None, typer.Option("--external-id", help="The platform's id of the post.")]
AllowDuplicate = Annotated[bool, typer.Option(help="Even beside another post of the same content.")]


def fail(message: str, remedy: str = "", *, exit_code: int = FAILED, **known: Any) -> NoReturn:
    """Say what is wrong and what to do about it, and end. `known`: what else a program may want to know."""
    if _in_json.get():
        told = {"message": message, "remedy": remedy, **known}
        print_json({"error": {name: value for name, value in told.items() if value not in ("", None)}})
    err.print(f"[bold red]✗[/] {escape(message)}", highlight=False, soft_wrap=True)
    if remedy:
        err.print(f"  {escape(remedy)}", highlight=False, soft_wrap=True)
    raise typer.Exit(exit_code)


def print_json(value: object) -> None:
    """Write a line of JSON."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(value)) + "\n")


def tell(facts: object, words: str, *, as_json: bool) -> None:
    """Say what was done: the facts to a program, the words to a person."""
    if as_json:
        print_json(facts)
    else:
        out.print(words, highlight=False, markup=False, soft_wrap=True)


def table_of(*columns: str, whole: Collection[int] = (0,)) -> Table:
    """Return a table without lines. Columns that one copies from, the first if not told, stay whole; others fold."""
    table = Table(box=None, pad_edge=False, show_header=any(columns))
    for number, name in enumerate(columns):
        table.add_column(name, no_wrap=number in whole, overflow="fold", min_width=4)
    return table

"""The command line, read from the program itself."""

import inspect
from collections.abc import Iterator
from typing import Any

import typer.main

from generator.text import fence, page, sentence, table
from layers.cli import app


def commands_page() -> str:
    """Return docs/reference/cli.md."""
    root: Any = typer.main.get_command(app)
    found = list(_commands(root, "layers"))
    rows = [(f"[`{name}`](#{name.replace(' ', '-')})", _summary(command)) for name, command in found]
    return page(
        "Command line",
        "Every command of `layers`. Each answers `--help`; settings come from the [environment](settings.md).",
        table(["command", "does"], rows),
        *[block for name, command in found for block in _command(name, command)],
    )


def _commands(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield all commands that do something, by their whole name."""
    for word, command in group.commands.items():
        if getattr(command, "hidden", False):
            continue
        if hasattr(command, "commands"):
            if command.callback is not None and command.invoke_without_command:
                yield f"{name} {word}", command
            yield from _commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def _summary(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [
        one for one in command.params if one.param_type_name == "option" and not getattr(one, "hidden", False)
    ]
    yield f"## `{name}`"
    yield from (" ".join(block.split()) for block in inspect.cleandoc(command.help or "").split("\n\n"))
    words = [_word(one) for one in arguments] + (["[OPTIONS]"] if options else [])
    yield fence("text", " ".join([name, *words]))
    if arguments:
        yield table(
            ["argument", "what it is"],
            [(f"`{one.name.upper()}`", sentence(one.help) if one.help else "") for one in arguments],
        )
    if options:
        yield table(["option", "what it does", "default"], [_option(one) for one in options])


def _word(argument: Any) -> str:
    word = argument.name.upper() + ("…" if argument.nargs == -1 else "")
    return word if argument.required else f"[{word}]"


def _option(option: Any) -> tuple[str, str, str]:
    names = " ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    kind = "" if option.is_flag else f" {option.type.name}"
    told = sentence(option.help) if option.help else ""
    if option.multiple:
        told = f"{told} May be given several times.".strip()
    default = option.default
    shown = (
        "**required**"
        if option.required
        else ""
        if callable(default) or default in (None, (), [], False)
        else f"`{default}`"
    )
    return f"{names}{kind}", told, shown

"""The command line, read from the program itself."""

import inspect
from collections.abc import Iterator
from typing import Any

from generator.text import fence, page, sentence, table
from layers.cli import COMMANDS, load

KINDS = {"bool": "", "str": "TEXT", "int": "NUMBER", "float": "NUMBER", "Path": "PATH"}


def commands_page() -> str:
    """Return docs/reference/cli.md."""
    panels: dict[str, list[tuple[str, Any]]] = {}
    for name, entry in COMMANDS.items():
        panels.setdefault(entry.panel, []).extend(_commands(f"layers {name}", load(name)))
    blocks: list[str] = []
    for panel, found in panels.items():
        rows = [(f"[`{name}`](#{name.replace(' ', '-')})", _summary(command)) for name, command in found]
        blocks += [f"## {panel}", table(["command", "does"], rows)]
        blocks += [block for name, command in found for block in _command(name, command)]
    return page(
        "Command line",
        "Every command of `layers`. Each answers `--help`; settings come from the [environment](settings.md).",
        *blocks,
    )


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield all commands that do something, by their whole name."""
    if getattr(command, "hidden", False):
        return
    inner = getattr(command, "commands", None)
    if inner is None or (command.callback is not None and command.invoke_without_command):
        yield name, command
    for word, found in (inner or {}).items():
        yield from _commands(f"{name} {word}", found)


def _summary(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [
        one for one in command.params if one.param_type_name == "option" and not getattr(one, "hidden", False)
    ]
    yield f"### `{name}`"
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
    told_of = option.type_descriptor
    several = told_of.is_list or option.multiple
    kind = option.bare_type().removeprefix("list[").removesuffix("]")
    kind = " or ".join(map(str, told_of.choices)) if told_of.is_choice else KINDS.get(kind, kind)
    told = sentence(option.help) if option.help else ""
    if several and "repeatable" not in told.lower():
        told = f"{told} May be given several times.".strip()
    default = option.default
    shown = (
        "**required**"
        if option.required
        else ""
        if callable(default) or default in (None, (), [], False, "")
        else f"`{default}`"
    )
    return f"{names} {kind}".rstrip(), told, shown

"""The commands of Layers: a table of where each one is. What is not called is not imported."""

import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from layers import __version__
from layers.terminal import FAILED, err, fail, out, speak_json

CALLER = "With a key, through the API of any installation"
OPERATOR = "On this installation, without a key"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: what it is for, the module and name of its function or group, and the extra it needs."""

    about: str
    where: str
    panel: str
    extra: str = ""


COMMANDS: Mapping[str, Entry] = {
    "login": Entry("Check a key and keep it for this user.", "client.login:login", CALLER),
    "logout": Entry("Forget a stored key.", "client.login:logout", CALLER),
    "whoami": Entry("Say whose key is used, and what it may do.", "client.login:whoami", CALLER),
    "publish": Entry("Publish files or words to accounts.", "client.publish:publish", CALLER),
    "posts": Entry("Posts: watch them go out; move, cancel, retry.", "client.posts:posts", CALLER),
    "content": Entry("Content: list, show, approve, reject.", "client.content:content", CALLER),
    "projects": Entry("Projects: what one publishes from.", "client.projects:projects", CALLER),
    "accounts": Entry("Social accounts: whom one publishes to.", "client.projects:accounts", CALLER),
    "mcp": Entry("Serve the tools of a key to a model (MCP).", "client.mcp:mcp", CALLER, extra="mcp"),
    "up": Entry("Run API and worker in one process; migrates first.", "cli_run:up", OPERATOR),
    "serve": Entry("Run the API alone.", "cli_run:serve", OPERATOR),
    "work": Entry("Run a worker alone; as many as wanted, anywhere.", "cli_run:work_command", OPERATOR),
    "migrate": Entry("Bring the database to this release's schema.", "cli_installation:migrate", OPERATOR),
    "doctor": Entry("Say what is wrong with this installation.", "cli_installation:doctor", OPERATOR),
    "status": Entry("Show how the installation is doing.", "cli_status:status", OPERATOR),
    "health": Entry("Say whether this machine's API or worker lives.", "cli_status:health", OPERATOR),
    "keys": Entry("Make the first key of an organisation.", "cli_keys:keys", OPERATOR),
    "organizations": Entry("Organisations: list, kill, revive.", "cli_organizations:organizations", OPERATOR),
    "dashboard": Entry("The web page: let people in.", "cli_dashboard:dashboard", OPERATOR),
    "operator": Entry("Posts and accounts of all organisations.", "cli_operator:operator", OPERATOR),
    "backup": Entry("Write the database to a new file.", "cli_backup:backup", OPERATOR),
    "restore": Entry("Read a backup into an empty database.", "cli_backup:restore", OPERATOR),
    "recover": Entry(
        "Leave to a person what may be out after a restore.", "cli_backup:recover_command", OPERATOR
    ),
    "sandbox": Entry("Serve the built-in fakes of the platforms.", "cli_sandbox:sandbox", OPERATOR),
    "openapi": Entry("Print the contract of the HTTP API.", "cli_installation:openapi", OPERATOR),
}


class Commands(TyperGroup):
    """The table as a group: help and completion read it, a call imports what it names."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, entry in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=entry.about, rich_help_panel=entry.panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the name, the command itself and what is left of the line."""
        name, stub, rest = super().resolve_command(ctx, args)
        return (name, load(name), rest) if stub is not None and name else (name, stub, rest)


def load(name: str) -> Any:
    """Import a command; what it needs and is not installed is told."""
    entry = COMMANDS[name]
    module, _, attribute = entry.where.partition(":")
    try:
        found = getattr(import_module(f"layers.{module}"), attribute)
    except ModuleNotFoundError as why:
        if not entry.extra:
            raise
        fail(f"`layers {name}` needs {why.name}.", f"Install it: pip install 'layers[{entry.extra}]'")
    if isinstance(found, typer.Typer):
        return get_command(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"layers {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def start(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Layers: a content publishing API. Never twice, never lost, always explained."""
    speak_json(False)


def main() -> None:
    """Run the command line. A caller who meets a fault of ours is told so in a line; servers log theirs whole."""
    try:
        app()
    except Exception as why:
        if COMMANDS.get(next(iter(sys.argv[1:]), ""), COMMANDS["up"]).panel != CALLER:
            raise
        report = Path(tempfile.mkstemp(prefix="layers-", suffix=".txt")[1])
        report.write_text("".join(traceback.format_exception(why)), encoding="utf-8")
        words = f"A fault of Layers: {type(why).__name__}: {why}"
        err.print(f"[bold red]✗[/] {escape(words)}", highlight=False, soft_wrap=True)
        err.print(f"  Please report it with {report}.", highlight=False, soft_wrap=True)
        sys.exit(FAILED)

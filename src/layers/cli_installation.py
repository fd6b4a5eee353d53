"""`layers migrate`, `doctor` and `openapi`: what an installation is made of."""

import sys
from collections.abc import Iterator
from dataclasses import fields

import typer
from rich.table import Column, Table

from layers import doctor as checks
from layers.app import PLATFORM_SETTINGS, contract
from layers.console import database, explained, read_settings, run
from layers.db import embedded, schema
from layers.kit.logs import set_up_logs
from layers.settings import Settings, SettingsError
from layers.terminal import FAILED, AsJson, fail, out, print_json


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to this release's schema."""
    settings = read_settings()
    with explained(), database(settings) as url:
        before, after = run(schema.migrate(url))
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        out.print(f"The schema is at {after}.")
    else:
        out.print(f"Migrated from {before or 'nothing'} to {after}.")


def doctor(as_json: AsJson = False) -> None:
    """Say what is wrong with this installation, and what to do about it."""
    try:
        settings = Settings.from_env(platform_names=PLATFORM_SETTINGS)
    except SettingsError as why:
        fail("\n  ".join(why.problems))
    set_up_logs("error", as_json=False)
    if not as_json:
        _print_settings(settings)
    findings: list[checks.Finding] = []
    try:
        with database(settings) as url:
            findings = run(checks.examine(settings, url))
    except (SettingsError, embedded.EmbeddedError) as why:
        what = "data folder" if isinstance(why, SettingsError) else "database"
        findings = [checks.Finding(what, False, str(why))]
    if as_json:
        shown = {name: value or None for name, value, _ in _settings_shown(settings)}
        print_json({"settings": shown, "findings": findings})
    else:
        _print_findings(findings)
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(FAILED)


def _print_findings(findings: list[checks.Finding]) -> None:
    for finding in findings:
        mark = {True: "[green]✓[/]", False: "[bold red]✗[/]", None: "[yellow]·[/]"}[finding.ok]
        out.print(f"{mark} {finding.what}: {finding.words}", highlight=False, soft_wrap=True)


def _settings_shown(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Give each setting's name, its value or that it is set, and what it is."""
    for f in fields(settings):
        if f.name == "platforms":
            continue
        value = str(getattr(settings, f.name))
        shown = "(set)" if value and f.metadata.get("secret") else value
        yield f"LAYERS_{f.name.upper()}", shown, str(f.metadata["about"])
    for name in sorted(PLATFORM_SETTINGS):
        given = settings.platforms.get(name, "")
        shown = given if name.endswith("_BASE_URL") or not given else "(set)"
        yield f"LAYERS_{name}", shown, checks.about_platform_setting(name)


def _print_settings(settings: Settings) -> None:
    name_in_full = Column("setting", no_wrap=True, overflow="ignore")
    table = Table(name_in_full, "value", "what it is", box=None, pad_edge=False)
    for name, value, about in _settings_shown(settings):
        table.add_row(name, value or "(unset)", about)
    out.print(table)


def openapi() -> None:
    """Print the contract of the HTTP API (OpenAPI 3.1)."""
    sys.stdout.write(contract())

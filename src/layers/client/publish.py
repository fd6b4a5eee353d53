"""`layers publish`: files, or words alone, to accounts; checked first, followed to their end."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer
from layers_sdk import Container, Layers, NetworkError, Project, Queued, SocialAccount, Verdict
from rich.markup import escape

from layers.client.connection import ProfileName, connected
from layers.client.destinations import (
    Connected,
    Destination,
    UnclearError,
    accounts_of,
    destination_of,
    modes_from,
    project_of,
    usual_modes,
)
from layers.client.moments import moment
from layers.client.progress import WELL, clock, follow, upload_bar
from layers.client.remedies import remedy_of, words_of
from layers.terminal import FAILED, NOT_YET, STOPPED, AsJson, err, fail, out, print_json, table_of

T = TypeVar("T")
MOST_PROJECTS = 25
"""So many are looked through for an account; beyond, `--project` says where."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for. `key`: of this wish, a repeat has the same."""

    files: Sequence[str]
    to: Sequence[str]
    caption: str
    first_comment: str | None
    modes: dict[str, str]
    at: str | None
    project: str | None
    key: str
    as_json: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to happen."""

    project: Project
    container: Container
    destinations: Sequence[Destination]
    at: datetime | None
    verdict: Verdict

    @property
    def names(self) -> dict[str, str]:
        """What people call the accounts, by id."""
        return {one.account.social_account_id: one.name for one in self.destinations}

    @property
    def problems(self) -> list[str]:
        """What stands against it, each with the account it concerns."""
        said: list[str] = []
        for issue in self.verdict.issues:
            words = f"{issue.path}: {issue.message}"
            for number, one in enumerate(self.destinations):
                words = words.replace(f"targets[{number}]", one.name)
            said.append(words)
        return said


def publish(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Media, one to ten; or the id of content there is; none for words alone."),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(help="@handle, platform:@handle or the account's id; repeatable.", show_default=False),
    ] = None,
    caption: Annotated[str, typer.Option(help="The words.")] = "",
    first_comment: Annotated[str | None, typer.Option(help="A comment of ours below the post.")] = None,
    mode: Annotated[
        list[str] | None,
        typer.Option(help="How: MODE, or PLATFORM:MODE; default the first that takes this content."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help='"2026-04-20 09:00" or "tomorrow 9:00" in the project\'s zone, or with an offset.'),
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Id or name; needed where an account is in several.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Check all of it, publish nothing, leave nothing.")] = False,
    wait: Annotated[
        bool | None, typer.Option(help="Follow the posts to their end; default yes, unless --at is given.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Of an earlier call, to repeat it and be sure that it is done once.")
    ] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Publish files or words to accounts, now or at a time."""
    if not to:
        fail("Nobody to publish to.", "Say --to @handle; `layers accounts list` shows who there is.")
    key = uuid.uuid4().hex if dry_run or idempotency_key is None else idempotency_key
    wish = Wish(
        *(files or [], to, caption, first_comment, modes_from(mode or []), at, project),
        *(key, as_json),
    )
    _check_files(wish.files)
    with connected(profile) as layers:
        plan = _repeatable(wish, lambda: _plan(layers, wish))
        if dry_run and not _is_there(wish):
            layers.content.delete(plan.container.id)
        _show(plan, dry_run=dry_run, as_json=as_json)
        if dry_run:
            err.print("Nothing was published, and nothing is left.")
            return
        queued = _repeatable(wish, lambda: _send(layers, wish, plan))
        _finish(layers, wish, plan, queued, wait=(at is None) if wait is None else wait)


def _check_files(files: Sequence[str]) -> None:
    if _names_content(files):
        return
    if missing := [file for file in files if not Path(file).is_file()]:
        fail(f"No such file: {', '.join(missing)}.", "Content that is there is named by its id alone: cnt_….")


def _names_content(files: Sequence[str]) -> bool:
    return len(files) == 1 and files[0].startswith("cnt_") and not Path(files[0]).exists()


def _is_there(wish: Wish) -> bool:
    return _names_content(wish.files)


def _repeatable(wish: Wish, job: Callable[[], T]) -> T:
    """Do it; who stops it is told how to repeat it safely, and what is unclear what it may be."""
    again = f"Repeat it with --idempotency-key {wish.key}, and it is done once."
    try:
        return job()
    except UnclearError as why:
        fail(why.message, f"There is: {', '.join(why.choices) or 'nothing'}.", choices=list(why.choices))
    except NetworkError as why:
        again = f"{remedy_of(why)} {again}"
        fail(words_of(why), again, exit_code=NOT_YET, code=why.code, idempotencyKey=wish.key)
    except KeyboardInterrupt:
        words = "Stopped. What was under way may have been carried out, or not."
        fail(words, again, exit_code=STOPPED, idempotencyKey=wish.key)


def _plan(layers: Layers, wish: Wish) -> Plan:
    there = layers.content.get(wish.files[0]) if _is_there(wish) else None
    project, accounts = accounts_of(_connected(layers, wish, there), wish.to)
    at = _moment(wish.at, project)
    usual = usual_modes(layers.platforms.list().items)
    container = there or _make(layers, wish, project)
    destinations = [destination_of(one, wish.modes, usual, container.platform_fit) for one in accounts]
    targets = [one.target for one in destinations]
    verdict = layers.publishing.validate(container.id, targets=targets, scheduled_for=at)
    return Plan(project, container, destinations, at, verdict)


def _connected(layers: Layers, wish: Wish, there: Container | None) -> Connected:
    """Return the accounts to choose from, with their projects."""
    if there is not None:
        projects = [layers.projects.get(there.project_id)]
    else:
        projects = [one for one in layers.projects.list(limit=100) if one.status == "active"]
        if wish.project is not None:
            projects = [project_of(projects, wish.project)]
    if len(projects) > MOST_PROJECTS:
        fail(
            f"There are {len(projects)} projects.",
            "Say which with --project; `layers projects list` shows them.",
        )
    return [(one, account) for one in projects for account in _accounts(layers, one)]


def _accounts(layers: Layers, project: Project) -> list[SocialAccount]:
    found = layers.social.list_accounts(project.id)
    return [one for one in found if one.status != "disconnected"]


def _moment(words: str | None, project: Project) -> datetime | None:
    if words is None:
        return None
    try:
        return moment(words, ZoneInfo(project.timezone), datetime.now(UTC))
    except ValueError as why:
        fail(str(why))


def _make(layers: Layers, wish: Wish, project: Project) -> Container:
    key = f"{wish.key}.content"
    if not wish.files:
        if not wish.caption:
            fail("Nothing to publish.", "Give files, or words with --caption.")
        return layers.content.create_text(
            project.id, caption=wish.caption, first_comment=wish.first_comment, idempotency_key=key
        )
    what = ", ".join(Path(file).name for file in wish.files)
    with upload_bar(what, quiet=wish.as_json) as heard:
        return layers.content.upload(
            project.id,
            files=wish.files,
            caption=wish.caption,
            first_comment=wish.first_comment,
            on_progress=heard,
            idempotency_key=key,
        )


def _show(plan: Plan, *, dry_run: bool, as_json: bool) -> None:
    """Say what is going to happen; ends if it cannot."""
    facts = {
        "projectId": plan.project.id,
        "containerId": None if dry_run else plan.container.id,
        "scheduledFor": clock(plan.at) if plan.at else None,
        "targets": [one.target for one in plan.destinations],
        **plan.verdict.raw,
    }
    if as_json and dry_run:
        print_json(facts)
    elif not as_json:
        _draw(plan)
    if plan.verdict.valid or (not dry_run and _only_known(plan)):
        return
    for words in plan.problems:
        err.print(f"[bold red]✗[/] {escape(words)}", highlight=False, soft_wrap=True)
    if dry_run:
        raise typer.Exit(FAILED)
    again = f"Mend it, then: layers publish {plan.container.id} --to … (the content is kept)"
    fail("Nothing was published.", again, code="VALIDATION", details=facts)


def _only_known(plan: Plan) -> bool:
    """Whether all that is wrong is that it was asked for before: then publish itself knows whether this is a repeat."""
    return all(issue.code == "duplicate_post" for issue in plan.verdict.issues)


def _draw(plan: Plan) -> None:
    zone = ZoneInfo(plan.project.timezone)
    when = f"{plan.at.astimezone(zone):%A, %Y-%m-%d %H:%M} ({zone.key})" if plan.at else "now"
    gate = {"pending": " · once it is approved", "rejected": " · but it was rejected"}.get(
        plan.verdict.gate, ""
    )
    table = table_of("", "")
    table.add_row("project", escape(plan.project.name))
    table.add_row("content", f"{plan.container.kind} · {escape(plan.container.caption or '(no words)')}")
    for one in plan.destinations:
        fit = plan.container.platform_fit.get(one.account.platform, {}).get(one.mode)
        changes = f" · {'; '.join(fit.changes)}" if fit and fit.changes else ""
        table.add_row("to", escape(f"{one.name} · {one.mode}{changes}"))
    table.add_row("when", f"{when}{gate}")
    err.print(table)


def _send(layers: Layers, wish: Wish, plan: Plan) -> Queued:
    key, targets = f"{wish.key}.publish", [one.target for one in plan.destinations]
    if plan.at is None:
        return layers.publishing.publish_now(plan.container.id, targets=targets, idempotency_key=key)
    return layers.publishing.schedule(
        plan.container.id, scheduled_for=plan.at, targets=targets, idempotency_key=key
    )


def _finish(layers: Layers, wish: Wish, plan: Plan, queued: Queued, *, wait: bool) -> None:
    posts, known = queued.scheduled_post_ids, {"containerId": plan.container.id, "idempotencyKey": wish.key}
    if not wait or not posts:
        if wish.as_json:
            print_json({**queued.raw, **known})
        elif not posts:
            out.print(
                f"Kept until {plan.container.id} is approved: layers content approve {plan.container.id}"
            )
        else:
            out.print(f"Queued: {' '.join(posts)}", highlight=False, soft_wrap=True)
            err.print(f"Watch: layers posts watch {' '.join(posts)}", highlight=False, soft_wrap=True)
        raise typer.Exit(0 if posts else NOT_YET)
    try:
        ended = follow(layers, posts, plan.names, quiet=wish.as_json)
    except KeyboardInterrupt:
        fail(
            "Stopped looking; the posts go on without you.",
            f"Look again: layers posts watch {' '.join(posts)}",
            exit_code=STOPPED,
            scheduledPostIds=posts,
        )
    if wish.as_json:
        print_json({**queued.raw, **known, "posts": [post.raw for post in ended]})
    if not all(post.status in WELL for post in ended):
        failed = " ".join(post.id for post in ended if post.status not in WELL)
        err.print(f"What happened, step by step: layers posts show {failed}", highlight=False, soft_wrap=True)
        raise typer.Exit(FAILED)

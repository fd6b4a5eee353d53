"""`layers operator posts`: look at posts and settle them where the installation is, without a key."""

from dataclasses import dataclass
from typing import Annotated, Any, cast, get_args

import msgspec
import typer
from rich.table import Table

from layers.access.caller import Caller
from layers.console import on_database, operator
from layers.db.pool import Connection
from layers.kit.times import iso_z, utc_now
from layers.publishing import commands, store
from layers.publishing.schemas import PostStatus, ResolveBody, ScheduledPost, StoryEvent
from layers.terminal import (
    AllowDuplicate,
    AsJson,
    PlatformId,
    PostId,
    PostUrl,
    SeenThere,
    fail,
    out,
    print_json,
)

posts = typer.Typer(help="Posts: see what happened, settle what is unknown.", no_args_is_help=True)

Org = Annotated[str | None, typer.Option(help="Organisation, where several use this id.")]


@dataclass(frozen=True, slots=True)
class _Seen:
    post: ScheduledPost
    events: list[StoryEvent]


@posts.command("list")
def list_posts(
    status: Annotated[list[str] | None, typer.Option(help="Repeatable; default all.")] = None,
    project: Annotated[str | None, typer.Option(help="Id of a project.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List posts, newest scheduledFor first."""
    known = get_args(PostStatus)
    if bad := [word for word in status or () if word not in known]:
        fail(f"No such status: {', '.join(bad)}. There are: {', '.join(known)}.")

    async def read(tx: Connection) -> list[ScheduledPost]:
        return [store.post_from(row) for row in await store.newest(tx, status or (), project, limit)]

    found = on_database(read)
    if as_json:
        print_json({"items": found})
        return
    table = Table(
        "id", "status", "scheduled for", "platform", "mode", "caption", "error", box=None, pad_edge=False
    )
    for post in found:
        table.add_row(
            *(
                post.id,
                post.status,
                iso_z(post.scheduled_for),
                post.platform,
                post.mode,
                _short(post.caption),
            ),
            post.last_error.code if post.last_error else "",
        )
    out.print(table, markup=False)


@posts.command("show")
def show_post(post_id: PostId, org: Org = None, as_json: AsJson = False) -> None:
    """Show a post and, step by step, what happened to it."""

    async def read(tx: Connection) -> _Seen:
        return await _see(tx, await _caller(tx, post_id, org), post_id)

    _show(on_database(read), as_json=as_json)


@posts.command("resolve")
def resolve_post(
    post_id: PostId,
    published: SeenThere = None,
    url: PostUrl = None,
    external_id: PlatformId = None,
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a post whose outcome is unknown is on its platform."""
    if published is None:
        fail("Look on the platform, then say --published or --not-published.")
    if not published and (url or external_id):
        fail("--url and --external-id go with --published.")
    given = {
        "outcome": "published" if published else "not_published",
        "externalId": external_id,
        "externalUrl": url,
    }
    try:
        body = msgspec.convert(given, ResolveBody)
    except msgspec.ValidationError as why:
        fail(str(why))

    async def settle(tx: Connection) -> _Seen:
        caller = await _caller(tx, post_id, org)
        await commands.resolve(tx, caller, post_id, body)
        return await _see(tx, caller, post_id)

    _show(on_database(settle), as_json=as_json)


@posts.command("retry")
def retry_post(
    post_id: PostId,
    allow_duplicate: AllowDuplicate = False,
    org: Org = None,
    as_json: AsJson = False,
) -> None:
    """Queue a failed post again, if it is known not to be on its platform."""

    async def again(tx: Connection) -> _Seen:
        caller = await _caller(tx, post_id, org)
        await commands.retry(tx, caller, post_id, utc_now(), allow_duplicate=allow_duplicate)
        return await _see(tx, caller, post_id)

    _show(on_database(again), as_json=as_json)


async def _caller(tx: Connection, post_id: str, org: str | None) -> Caller:
    """Return the operator as a caller of the post's organisation."""
    found = [row for row in await store.find_anywhere(tx, post_id) if org in (None, row["organization_name"])]
    if not found:
        fail(f"There is no post {post_id}.")
    if len(found) > 1:
        names = ", ".join(row["organization_name"] for row in found)
        fail(f"Several organisations have a post {post_id}: {names}. Choose with --org.")
    return operator(dict(found[0]))


async def _see(tx: Connection, caller: Caller, post_id: str) -> _Seen:
    row = await commands.get(tx, caller, post_id)
    steps = await store.story(tx, row["number"])
    return _Seen(store.post_from(row), [StoryEvent(**dict(step)) for step in steps])


def _show(seen: _Seen, *, as_json: bool) -> None:
    if as_json:
        print_json({"post": seen.post, "events": seen.events})
        return
    facts = Table("", "", box=None, pad_edge=False, show_header=False)
    for name, value in cast("dict[str, Any]", msgspec.to_builtins(seen.post)).items():
        if value is not None:
            facts.add_row(name, _plain(value))
    out.print(facts, markup=False)
    out.print()
    steps = Table("at", "step", "what happened", "with", box=None, pad_edge=False)
    for event in seen.events:
        steps.add_row(iso_z(event.at), event.type, event.message, _told(event.data))
    out.print(steps, markup=False)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else _told(value)


def _told(data: object) -> str:
    return msgspec.json.encode(data).decode() if data else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"

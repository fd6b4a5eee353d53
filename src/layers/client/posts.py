"""`layers posts`: where they are on their way, and what can be done about it, with a key."""

import heapq
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Annotated, cast, get_args
from zoneinfo import ZoneInfo

import typer
from layers_sdk import Layers, PostStatus, ScheduledPost
from rich.markup import escape

from layers.client.connection import ProfileName, connected
from layers.client.destinations import name_of
from layers.client.moments import moment
from layers.client.progress import DONE, WELL, clock, follow, post_table
from layers.client.projects import ProjectName, projects_meant
from layers.terminal import (
    FAILED,
    STOPPED,
    AllowDuplicate,
    AsJson,
    PlatformId,
    PostId,
    PostUrl,
    SeenThere,
    err,
    fail,
    out,
    print_json,
    table_of,
    tell,
)

posts = typer.Typer(help="Posts: watch them go out, move, cancel, retry, settle them.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")]


@posts.command("list")
def list_posts(
    project: ProjectName = None,
    status: Annotated[list[str] | None, typer.Option(help="Repeatable; default all.")] = None,
    limit: Limit = 50,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List posts, newest scheduledFor first."""
    known = get_args(PostStatus)
    if bad := [word for word in status or () if word not in known]:
        fail(f"No such status: {', '.join(bad)}.", f"There are: {', '.join(known)}.")
    with connected(profile) as layers:
        found = _newest(layers, project, cast("list[PostStatus] | None", status), limit)
        if as_json:
            print_json({"items": [post.raw for post in found]})
        else:
            out.print(post_table(found, _names(layers, found)))


@posts.command("show")
def show_post(post_id: PostId, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Show a post and, step by step, what happened to it."""
    with connected(profile) as layers:
        post = layers.publishing.get_scheduled_post(post_id)
        story = layers.publishing.get_scheduled_post_events(post_id)
    if as_json:
        print_json({"post": post.raw, "events": story.raw["items"]})
        return
    _draw(post)
    steps = table_of("at", "step", "what happened")
    for step in story.items:
        steps.add_row(clock(step.at), step.type, escape(step.message))
    out.print(steps)


@posts.command("watch")
def watch(
    post_ids: Annotated[
        list[str] | None, typer.Argument(help="Which; default all that are under way.")
    ] = None,
    project: ProjectName = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Follow posts to their end; the exit code is 1 if one failed. Ctrl-C stops the looking, not the posts."""
    with connected(profile) as layers:
        wanted = list(dict.fromkeys(post_ids or _under_way(layers, project)))
        if not wanted:
            fail("No post is under way.")
        try:
            first = [layers.publishing.get_scheduled_post(post) for post in wanted]
            ended = follow(layers, wanted, _names(layers, first), quiet=as_json)
        except KeyboardInterrupt:
            fail("Stopped looking; the posts go on.", exit_code=STOPPED)
    if as_json:
        print_json({"items": [post.raw for post in ended]})
    if not all(post.status in WELL for post in ended):
        raise typer.Exit(FAILED)


@posts.command("cancel")
def cancel(
    post_id: PostId,
    reason: Annotated[str | None, typer.Option(help="Why; kept in the audit log.")] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a post, unless what cannot be taken back was sent."""
    with connected(profile) as layers:
        tell(layers.publishing.cancel(post_id, reason=reason).raw, f"{post_id} is canceled.", as_json=as_json)


@posts.command("reschedule")
def reschedule(
    post_id: PostId,
    at: Annotated[str, typer.Option(help='When, like "tomorrow 9:00" in the project\'s zone.')],
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Move a queued post."""
    with connected(profile) as layers:
        project = layers.projects.get(layers.publishing.get_scheduled_post(post_id).project_id)
        try:
            when = moment(at, ZoneInfo(project.timezone), datetime.now(UTC))
        except ValueError as why:
            fail(str(why))
        moved = layers.publishing.reschedule(post_id, scheduled_for=when)
    tell(moved.raw, f"{post_id} goes out at {clock(moved.scheduled_for)}.", as_json=as_json)


@posts.command("retry")
def retry(
    post_id: PostId,
    allow_duplicate: AllowDuplicate = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Queue a failed post again, if it is known not to be on its platform."""
    with connected(profile) as layers:
        again = layers.publishing.retry(post_id, allow_duplicate=allow_duplicate or None)
    tell(again.raw, f"{post_id} is queued again.", as_json=as_json)


@posts.command("resolve")
def resolve(
    post_id: PostId,
    published: SeenThere = None,
    url: PostUrl = None,
    external_id: PlatformId = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a post whose outcome is unknown is on its platform."""
    if published is None:
        fail("Look on the platform, then say --published or --not-published.")
    with connected(profile) as layers:
        settled = layers.publishing.resolve(
            post_id,
            outcome="published" if published else "not_published",
            external_id=external_id,
            external_url=url,
        )
    tell(settled.raw, f"{post_id} is {settled.status}.", as_json=as_json)


def _newest(
    layers: Layers, project: str | None, status: list[PostStatus] | None, limit: int
) -> list[ScheduledPost]:
    lists = [
        layers.publishing.list_scheduled_posts(one.id, status=status, limit=min(limit, 100))
        for one in projects_meant(layers, project)
    ]
    merged = heapq.merge(*lists, key=lambda post: post.scheduled_for, reverse=True)
    return list(islice(merged, limit))


def _under_way(layers: Layers, project: str | None) -> list[str]:
    found = _newest(layers, project, ["queued", "publishing"], 100)
    return [post.id for post in found if post.status not in DONE]


def _names(layers: Layers, found: list[ScheduledPost]) -> dict[str, str]:
    """Return what people call the accounts of these posts, where the key may know."""
    projects = {post.project_id for post in found}
    accounts = chain.from_iterable(layers.social.list_accounts(project) for project in projects)
    return {one.social_account_id: name_of(one) for one in accounts}


def _draw(post: ScheduledPost) -> None:
    facts = table_of("", "")
    for name, value in post.raw.items():
        if value is not None:
            facts.add_row(name, escape(str(value["message"] if name == "lastError" else value)))
    out.print(facts)
    err.print()

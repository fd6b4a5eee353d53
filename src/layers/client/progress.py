"""What goes on: bytes on their way up, posts on their way out. Drawn on stderr, for stdout is the result."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any

from layers_sdk import Layers, ScheduledPost
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from layers.terminal import err, table_of

DONE = frozenset({"published", "draft_in_inbox", "failed", "canceled"})
WELL = frozenset({"published", "draft_in_inbox"})
MARKS = {"published": "[green]✓[/]", "draft_in_inbox": "[green]✓[/]", "failed": "[bold red]✗[/]"}
SHORTEST, LONGEST = 0.25, 3.0
"""Seconds between two looks: often at first, then seldom."""


@contextmanager
def upload_bar(what: str, *, quiet: bool) -> Generator[Callable[[int, int], object] | None]:
    """Give what hears of the bytes sent and draws a bar; None where nobody looks."""
    if quiet or not err.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda sent, total: bar.update(task, completed=sent, total=total)


def follow(
    layers: Layers, posts: Sequence[str], names: Mapping[str, str], *, quiet: bool
) -> list[ScheduledPost]:
    """Return the posts once all of them are at their end; shows how far each is until then.

    `names`: of the accounts, by id.
    """
    seen: dict[str, ScheduledPost] = {}
    pause, drawn = SHORTEST, not quiet and err.is_terminal
    with Live(console=err, auto_refresh=False) if drawn else nullcontext() as live:
        while True:
            for post in _look(layers, posts, seen):
                if not quiet and not drawn:
                    err.print(told(post, names), highlight=False, soft_wrap=True)
            if live is not None:
                live.update(post_table(seen.values(), names), refresh=True)
            if all(post.status in DONE for post in seen.values()):
                return [seen[post] for post in posts]
            time.sleep(pause)
            pause = min(LONGEST, pause * 1.3)


def _look(layers: Layers, posts: Sequence[str], seen: dict[str, ScheduledPost]) -> list[ScheduledPost]:
    """Read those that are not at their end; returns those with news."""
    news: list[ScheduledPost] = []
    for id_ in posts:
        before = seen.get(id_)
        if before is None or before.status not in DONE:
            seen[id_] = layers.publishing.get_scheduled_post(id_)
            if before is None or _state(before) != _state(seen[id_]):
                news.append(seen[id_])
    return news


def _state(post: ScheduledPost) -> tuple[Any, ...]:
    return post.status, post.attempts, post.next_attempt_at


def post_table(posts: Iterable[ScheduledPost], names: Mapping[str, str]) -> Table:
    """Draw posts, one a line."""
    table = table_of("post", "", "to", "how", "when", "status")
    for post in posts:
        name = names.get(post.social_account_id, post.platform)
        table.add_row(
            *(post.id, MARKS.get(post.status, "[yellow]·[/]"), name, post.mode),
            *(clock(post.scheduled_for), _status(post)),
        )
    return table


def told(post: ScheduledPost, names: Mapping[str, str]) -> str:
    """Say in a line how a post is."""
    name = names.get(post.social_account_id, post.platform)
    return f"{MARKS.get(post.status, '[yellow]·[/]')} {post.id} {name}: {_status(post)}"


def _status(post: ScheduledPost) -> str:
    if post.status in WELL:
        return f"{post.status} {post.external_url or ''}".rstrip()
    why = f" · {post.last_error.message}" if post.last_error else ""
    again = (
        f" · again at {clock(post.next_attempt_at)}"
        if post.next_attempt_at and post.status == "queued"
        else ""
    )
    return f"{post.status}{why}{again}".replace("[", r"\[")


def clock(at: datetime) -> str:
    """Write a time as the wire does, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"

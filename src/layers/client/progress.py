"""What goes on: bytes on their way up, posts on their way out. Drawn on stderr, for stdout is the result."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any

from layers_sdk import Layers, ScheduledPost
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from layers.terminal import err, out, table_of

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
    """Return the posts once all of them are at their end. Until then it shows how far each is, then how each ended.

    `names`: of the accounts, by id.
    """
    seen: dict[str, ScheduledPost] = {}
    pause, drawn = SHORTEST, not quiet and err.is_terminal
    with Live(console=err, auto_refresh=False, transient=True) if drawn else nullcontext() as live:
        while True:
            news = _look(layers, posts, seen)
            if live is not None:
                live.update(post_table(seen.values(), names), refresh=True)
            elif not quiet:
                _tell(err, [post for post in news if post.status not in DONE], names)
            if all(post.status in DONE for post in seen.values()):
                break
            time.sleep(pause)
            pause = min(LONGEST, pause * 1.3)
    ended = [seen[post] for post in posts]
    if not quiet:
        _tell(out, ended, names)
    return ended


def _tell(console: Console, posts: Iterable[ScheduledPost], names: Mapping[str, str]) -> None:
    for post in posts:
        name = escape(names.get(post.social_account_id, post.platform))
        where = f" {post.external_url}" if post.external_url else ""
        words = f"{_mark(post)} {post.id} {name}: {_status(post)}{escape(where)}"
        console.print(words, highlight=False, soft_wrap=True)


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
    table = table_of("post", "to", "when", "status", whole=(0, 2))
    for post in posts:
        name = escape(names.get(post.social_account_id, post.platform))
        table.add_row(post.id, name, clock(post.scheduled_for), f"{_mark(post)} {_status(post)}")
    return table


def _mark(post: ScheduledPost) -> str:
    return MARKS.get(post.status, "[yellow]·[/]")


def _status(post: ScheduledPost) -> str:
    why = f" · {post.last_error.message}" if post.last_error and post.status not in WELL else ""
    parked = post.next_attempt_at if post.status == "queued" else None
    return escape(f"{post.status}{why}{f' · again at {clock(parked)}' if parked else ''}")


def clock(at: datetime) -> str:
    """Write a time as the wire does, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"

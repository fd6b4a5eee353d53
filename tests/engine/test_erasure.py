"""A project is erased for good: a word planted in all its texts is in no row and no stored object after."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from arrange import ahead, make_failed, make_publishing, target
from receiver import EVERYTHING, Heard, idle, receiving
from stage import until, working

from layers.app import Shared
from layers.db.pool import Pool
from layers.projects import erasure
from layers.projects.erasure import erase_projects
from layers.storage import Storage, StorageError
from layers.strays import delete_strays

WORD, KEPT = "Xyzzyxplover", "Plughykept"
HELD = {
    *(
        "assets",
        "containers",
        "events",
        "idempotency_records",
        "intake_items",
        "oauth_states",
        "pending_schedules",
        "post_calls",
    ),
    *(
        "post_events",
        "projects",
        "scheduled_posts",
        "social_accounts",
        "webhook_deliveries",
        "webhook_endpoints",
    ),
}
"""Tables with texts of a project."""
WITHOUT = {
    **dict.fromkeys(("organizations", "api_keys"), "of the organisation, not of a project"),
    **dict.fromkeys(("alembic_version", "schema_compatibility"), "of the installation"),
    **dict.fromkeys(("workers", "request_counts"), "counts and names of machines"),
    **dict.fromkeys(("dashboard_links", "dashboard_sessions"), "hashes, of keys of the organisation"),
    **dict.fromkeys(
        ("stray_objects", "intakes", "intake_pieces"), "ids, and keys made of them, while there are objects"
    ),
    **dict.fromkeys(
        ("sandbox_records", "sandbox_blobs"), "the make-believe platforms: what was posted is out"
    ),
}
"""Tables without, or whose texts an erasure leaves, and why."""


async def tables(pool: Pool) -> set[str]:
    """All tables of Layers, PgQueuer's left out: its jobs name accounts by id."""
    rows = await pool.fetch("SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'")
    return {row["name"] for row in rows if not row["name"].startswith("layers_")}


async def found(pool: Pool, word: str, *left_out: str) -> dict[str, int]:
    """How many rows of each table hold a word."""
    counts: dict[str, int] = {}
    for name in await tables(pool) - {*left_out}:
        rows = await pool.fetch(f'SELECT * FROM "{name}"')
        hits = [row for row in rows if word.lower() in " ".join(map(_text, row.values())).lower()]
        if hits:
            counts[name] = len(hits)
    return counts


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def objects(shared: Shared, word: str) -> int:
    """How many stored objects hold a word."""
    folder = Path(shared.settings.data_dir) / "media"
    return sum(word.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def plant(client: Any, pool: Pool, word: str, image: Path, hook: str) -> str:
    """Make a project with the word in all its texts; returns its id."""
    project = await client.project(name=word, customerExternalId=word, metadata={word: [word]})
    await client.patch(f"/v1/projects/{project}", {"name": f"{word} again"})
    endpoint = {"url": f"{hook}/{word}", "events": EVERYTHING, "description": word, "projectId": project}
    made = await client.made("/v1/webhook-endpoints", endpoint)
    await client.patch(f"/v1/webhook-endpoints/{made['id']}", {"description": f"{word} more"})
    account = await client.account(project, "bluesky", f"{word.lower()}.test")
    gram = await client.account(project, "instagram", word)
    back = {"platform": "tiktok", "returnUrl": f"http://127.0.0.1:1/{word}"}
    await client.made(f"/v1/projects/{project}/social/oauth-url", back, 200)
    file = client.folder / f"{word}.jpg"
    await asyncio.to_thread(lambda: file.write_bytes(image.read_bytes() + word.encode()))
    to_come = {"filename": f"{word}.jpg", "contentType": "image/jpeg", "sizeBytes": 10}
    await client.made(f"/v1/projects/{project}/content/uploads", {"files": [to_come], "caption": word})
    photo = (await client.upload(project, file, caption=word, firstComment=word))["id"]
    drafted = await client.publish(photo, gram, mode="draft_to_device")
    await client.post_until(drafted["scheduledPostIds"][0], "draft_in_inbox")
    said = {"captionOverride": word, "scheduledPostId": word}
    text = await client.text(project, f"{word} text")
    await client.made(f"/v1/content/{text}/publish", {"targets": [target(account, **said)]}, 200)
    await client.post_until(word, "published")
    later = await client.text(project, f"{word} later")
    ahead_of = {"targets": [target(account)], "scheduledFor": ahead(hours=2)}
    queued = (await client.made(f"/v1/content/{later}/schedule", ahead_of, 200))["scheduledPostIds"][0]
    await client.delete(f"/v1/scheduled-posts/{queued}", {"reason": word})
    failed = (await client.made(f"/v1/content/{later}/schedule", ahead_of, 200))["scheduledPostIds"][0]
    await make_failed(pool, failed, unknown=True)
    await pool.execute(
        "INSERT INTO post_calls (post_number, name, effect, digest, sent_at, reply)"
        " SELECT number, 'post', 'commit', '', now(), $2 FROM scheduled_posts WHERE id = $1",
        *(failed, {"json": {"text": word}}),
    )
    resolved = {"outcome": "not_published"}
    await client.made(f"/v1/scheduled-posts/{failed}/resolve", resolved, 200)
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True})
    for verdict, body in (("approve", {"note": word}), ("reject", {"reason": word})):
        await client.made(f"/v1/content/{await client.text(project, word)}/{verdict}", body, 200)
    waiting = await client.text(project, f"{word} waiting")
    wanted = {"targets": [target(account, captionOverride=word)]}
    assert (await client.post(f"/v1/content/{waiting}/publish", wanted)).status == 403
    await client.delete(f"/v1/content/{await client.text(project, f'{word} deleted')}")
    return project


def remembering(client: Any) -> Any:
    """Have every answer kept for repeats, under keys that hold the words as well."""
    numbers, call = itertools.count(), client.call

    async def with_key(method: str, path: str, json: Any = None, **options: Any) -> Any:
        if method != "GET":
            options.setdefault("idempotency_key", f"{next(numbers)}")
        return await call(method, path, json, **options)

    client.call = with_key
    return client


async def status(client: Any, project: str) -> str:
    return (await client.get(f"/v1/projects/{project}"))["status"]


async def test_a_planted_word_is_nowhere_after(client: Any, pool: Pool, shared: Shared, image: Path):
    client = remembering(client)
    async with receiving() as receiver, working(shared):
        receiver.answer = lambda heard: web.Response(text=_echo(heard))
        everything = {"url": receiver.url, "events": EVERYTHING}
        await client.made("/v1/webhook-endpoints", everything)
        project = await plant(client, pool, WORD, image, receiver.origin)
        other = await plant(client, pool, KEPT, image, receiver.origin)
        await idle(pool)
        before, kept = await found(pool, WORD, *WITHOUT), await found(pool, KEPT, *WITHOUT)
        assert before.keys() == HELD
        assert (objects(shared, WORD), objects(shared, KEPT)) == (1, 1)
        told = [e["eventType"] for e in await log(client, project)]

        await client.delete(f"/v1/projects/{project}")
        asked = await client.post(f"/v1/projects/{project}/erase")
        assert (asked.status, asked["status"]) == (202, "erasing")

        async def erased() -> bool:
            await pool.execute(
                "UPDATE stray_objects SET delete_after = now()"
            )  # the link of the upload expires
            return await status(client, project) == "erased"

        await until(erased)
    assert await found(pool, WORD, *WITHOUT) == {}
    assert (objects(shared, WORD), objects(shared, KEPT)) == (0, 1)
    assert await found(pool, KEPT, *WITHOUT) == kept
    assert await status(client, other) == "active"
    shown = (await client.get(f"/v1/projects/{project}")).json
    assert (shown["name"], shown["customerExternalId"], shown["metadata"]) == ("erased", None, {})
    after = await log(client, project)
    last = ["project.erased", "project.erasure_requested", "project.archived"]
    assert [event["eventType"] for event in after] == last + told
    assert after[1]["apiKeyId"] == client.api_key_id
    published = next(event for event in after if event["eventType"] == "post.published")
    assert published["data"].keys() == {
        *("containerId", "projectId", "socialAccountId", "platform", "mode", "status", "scheduledFor")
    }
    assert (await client.post(f"/v1/projects/{project}/erase"))["status"] == "erased"
    assert (await client.delete(f"/v1/projects/{project}"))["status"] == "erased"


def _echo(heard: Heard) -> str:
    return heard.body.decode()


async def log(client: Any, project: str) -> list[dict[str, Any]]:
    """What the audit log says of a project, newest first."""
    return (await client.get(f"/v1/audit-log?projectId={project}&limit=200"))["items"]


async def test_every_table_is_known_to_the_erasure(pool: Pool):
    assert await tables(pool) == HELD | WITHOUT.keys(), "say above what an erasure does with it"


async def test_only_what_is_archived_and_at_rest_is_erased(client: Any, pool: Pool):
    project = await client.project()
    post = (await client.publish(await client.text(project), await client.account(project)))[
        "scheduledPostIds"
    ][0]
    refused = await client.post(f"/v1/projects/{project}/erase")
    assert (refused.status, refused.details) == (409, {"subcode": "PROJECT_NOT_ARCHIVED"})
    await make_publishing(pool, post, committed=True)
    await client.delete(f"/v1/projects/{project}")
    refused = await client.post(f"/v1/projects/{project}/erase")
    assert (refused.status, refused.details) == (409, {"subcode": "LIVE_POSTS"})
    await make_failed(pool, post)
    assert (await client.post(f"/v1/projects/{project}/erase")).status == 202
    assert (await client.post("/v1/projects/prj_none/erase")).status == 404
    hook = {"url": "https://example.com", "events": ["post.failed"], "projectId": project}
    assert (await client.post("/v1/webhook-endpoints", hook)).issues == {("projectId", "not_found")}


async def gone(client: Any, *projects: str) -> None:
    """Archive projects and have them erased."""
    for project in projects:
        await client.delete(f"/v1/projects/{project}")
        assert (await client.post(f"/v1/projects/{project}/erase")).status == 202


async def test_batches_are_small_and_workers_share_them(
    client: Any, pool: Pool, shared: Shared, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(erasure, "AT_ONCE", 2)
    monkeypatch.setattr(erasure, "EVENTS_AT_ONCE", 3)
    projects = [await client.project() for _ in range(2)]
    for project in projects:
        for n in range(5):
            await client.text(project, f"text {n}")
    await gone(client, *projects)
    left = "SELECT count(*) FROM containers WHERE project_id = $1"
    assert await erasure._advance(pool, projects[0])
    assert await pool.fetchval(left, projects[0]) == 3
    await asyncio.gather(*(erase_projects(pool, shared.storage) for _ in range(3)))
    await erase_projects(pool, shared.storage)
    assert [await status(client, project) for project in projects] == ["erased", "erased"]
    assert await found(pool, "text 3", *WITHOUT) == {}


class Sulking(Storage):
    """Refuses to delete the first time it is asked."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage._store)
        self.asked = 0

    async def delete(self, key: str) -> None:
        """Delete, but not at once."""
        self.asked += 1
        if self.asked == 1:
            raise StorageError("not now")
        await super().delete(key)


async def test_it_is_not_erased_before_its_objects_are(client: Any, pool: Pool, shared: Shared, image: Path):
    """Between the rows and the objects the worker dies; later the store refuses for a while."""
    project = await client.project()
    await client.upload(project, image)
    await gone(client, project)
    while await erasure._advance(pool, project):
        pass
    assert await pool.fetchval("SELECT count(*) FROM assets") == 0
    assert objects(shared, "") == 1
    storage = Sulking(shared.storage)
    await erase_projects(pool, storage)
    assert (await status(client, project), objects(shared, "")) == ("erasing", 1)
    await erase_projects(pool, storage)
    assert storage.asked == 1
    await pool.execute("UPDATE stray_objects SET delete_after = now()")
    await erase_projects(pool, storage)
    assert (await status(client, project), objects(shared, "")) == ("erased", 0)
    await delete_strays(pool, storage)
    assert storage.asked == 2

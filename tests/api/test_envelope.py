"""What every answer has in common, whatever was sent: one shape of error, a request id, nothing leaked."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from arrange import target

from layers.access.commands import create_first_key
from layers.app import create_app, share
from layers.db import embedded, schema
from layers.db.pool import open_pool
from layers.loopback import loopback_server
from layers.settings import Settings

JSON = {"Content-Type": "application/json"}


def assert_error(answer, status: int, code: str) -> None:
    """Check the one shape of an error."""
    assert answer.status == status, answer.raw
    assert answer.json.keys() == {"error"}
    assert answer["error"].keys() - {"details"} == {"code", "message", "requestId"}
    assert answer.code == code
    assert answer["error"]["message"]
    assert answer["error"]["requestId"] == answer.headers["x-request-id"]
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    ("method", "path", "key", "status", "code"),
    [
        ("GET", "/", True, 404, "NOT_FOUND"),
        ("GET", "/v1/nothing", True, 404, "NOT_FOUND"),
        ("GET", "/v1/nothing", False, 404, "NOT_FOUND"),
        ("POST", "/v1/projects/prj_x/nothing", True, 404, "NOT_FOUND"),
        ("GET", "/v1/projects/prj_x", True, 404, "NOT_FOUND"),
        ("GET", "/v1/projects/prj_x", False, 401, "UNAUTHENTICATED"),
        ("PUT", "/v1/projects", True, 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/v1/projects", False, 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/v1/whoami", True, 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/content/cnt_x/publish", True, 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/projects?limit=x", True, 422, "VALIDATION"),
        ("GET", "/v1/assets/ast_x", False, 404, "NOT_FOUND"),
        ("GET", "/v1/assets/ast_x?expires=soon", False, 422, "VALIDATION"),
    ],
)
async def test_every_error_has_one_shape(
    client, method: str, path: str, key: bool, status: int, code: str
) -> None:
    caller = client if key else replace(client, key="")
    assert_error(await caller.call(method, path), status, code)


@pytest.mark.parametrize("path", ["/v1/whoami", "/v1/projects", "/v1/nothing"])
async def test_options_is_answered_without_a_fault(client, path: str) -> None:
    answer = await client.call("OPTIONS", path)
    assert answer.status < 500
    assert answer.headers["x-request-id"].startswith("req_")


async def test_a_head_has_no_body(client) -> None:
    answer = await client.call("HEAD", "/v1/whoami")
    assert answer.status in (200, 405)
    assert answer.raw == b""


@pytest.mark.parametrize(
    ("method", "path", "status", "rate_class"),
    [
        ("GET", "/v1/whoami", 200, "read-light"),
        ("POST", "/v1/projects", 422, "write-light"),
        ("PATCH", "/v1/projects/prj_x", 422, "write-light"),
        ("DELETE", "/v1/projects/prj_x", 404, "write-light"),
        ("GET", "/v1/nothing", 404, "read-light"),
        ("PUT", "/v1/projects", 405, "write-light"),
        ("GET", "/health/live", 200, "read-light"),
    ],
)
async def test_every_answer_says_its_id_and_class(
    client, method: str, path: str, status: int, rate_class: str
) -> None:
    first, second = await client.call(method, path), await client.call(method, path)
    assert first.status == status
    assert first.headers["x-ratelimit-endpoint-class"] == rate_class
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(first.headers["x-request-id"]) == 30


async def test_a_request_id_of_the_caller_is_not_taken_over(client) -> None:
    answer = await client.get("/v1/whoami", headers={"X-Request-Id": "req_mine"})
    assert answer.headers["x-request-id"] != "req_mine"


async def test_an_error_echoes_no_key(client) -> None:
    answer = await replace(client, key="lp_test_secret").get("/v1/whoami")
    assert b"lp_test_secret" not in answer.raw


# Bodies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"nonsense",
        b"'single'",
        b'{"name": "A",}',
        b'{"name": NaN}',
        b'{"name": "\x00"}',
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        rb'{"name": "\ud800"}',
        rb'{"name": "\udfff\ud800"}',
        rb'{"name": "\x41"}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"\xef\xbb\xbf{}",
        b'{"n": 1e999}',
        b"\x1f\x8b\x08\x00",
    ],
)
async def test_what_is_no_json_is_refused(client, raw: bytes) -> None:
    answer = await client.post("/v1/projects", data=raw, headers=JSON)
    assert_error(answer, 422, "VALIDATION")
    assert answer.issues == {("$", "malformed")}


@pytest.mark.parametrize("raw", [b"[]", b'"x"', b"7", b"null", b"true"])
async def test_json_that_is_no_object_is_refused(client, raw: bytes) -> None:
    assert_error(await client.post("/v1/projects", data=raw, headers=JSON), 422, "VALIDATION")


@pytest.mark.parametrize("depth", [*range(10, 900, 89), *range(900, 1000, 4)])
async def test_deep_nesting_is_taken_or_refused_but_never_a_fault(client, depth: int) -> None:
    nested = '{"x": ' * depth + '"\\u00e9"' + "}" * depth
    for body in (f'{{"name": "A", "timezone": "UTC", "metadata": {nested}}}', f'{{"metadata": {nested}}}'):
        answer = await client.post("/v1/projects", data=body.encode(), headers=JSON)
        assert answer.status in (201, 422), answer.raw


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (rb'{"name": "a\u0000b", "timezone": "UTC"}', "name"),
        (rb'{"name": "A", "timezone": "UTC", "metadata": {"k": ["\u0000"]}}', "metadata.k[0]"),
        (rb'{"name": "A", "timezone": "UTC", "metadata": {"\u0000": 1}}', "metadata"),
    ],
)
async def test_nul_is_refused_where_it_stands(client, raw: bytes, path: str) -> None:
    answer = await client.post("/v1/projects", data=raw, headers=JSON)
    assert (answer.status, answer.issues) == (422, {(path, "invalid_text")})


@pytest.mark.parametrize("path", ["/v1/projects/%00", "/v1/content/cnt_%00x/publish", "/v1/assets/%00"])
async def test_nothing_is_at_a_path_with_nul(client, path: str) -> None:
    method = "POST" if path.endswith("publish") else "GET"
    assert_error(await client.call(method, path), 404, "NOT_FOUND")


@pytest.mark.parametrize("query", ["cursor=%00", "cursor=a%00b", "limit=%00", "unknown=%00"])
async def test_nul_in_a_query_is_refused(client, query: str) -> None:
    assert_error(await client.get(f"/v1/projects?{query}"), 422, "VALIDATION")


@pytest.mark.parametrize("text", ["%FF", "%ED%A0%80", "%C0%80", "..%2F..%2Fetc", "%F0%9F%A6%8A", "a" * 5000])
async def test_any_bytes_in_a_path_or_query_are_answered(client, text: str) -> None:
    assert_error(await client.get(f"/v1/projects/{text}"), 404, "NOT_FOUND")
    project = await client.project()
    answer = await client.get(f"/v1/projects/{project}/scheduled-posts?platform={text}")
    assert answer.status == (200 if len(text) <= 64 else 422)


async def test_a_body_may_have_1_mib_exactly(client) -> None:
    body = b'{"name": "A", "timezone": "UTC"}'
    room = 1024 * 1024 - len(body)
    assert (await client.post("/v1/projects", data=body + b" " * room, headers=JSON)).status == 201
    too_large = await client.post("/v1/projects", data=body + b" " * (room + 1), headers=JSON)
    assert_error(too_large, 413, "PAYLOAD_TOO_LARGE")


async def test_a_body_in_unannounced_pieces_is_measured_too(client) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 65_536

    answer = await client.post("/v1/projects", data=pieces(), headers=JSON)
    assert_error(answer, 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
async def test_other_types_of_body_are_refused(client, kind: str) -> None:
    answer = await client.post("/v1/projects", data=b"x=1", headers={"Content-Type": kind})
    assert_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
async def test_json_is_taken_however_it_is_announced(client, kind: str) -> None:
    body = b'{"name": "A", "timezone": "UTC"}'
    assert (await client.post("/v1/projects", data=body, headers={"Content-Type": kind})).status == 201


@pytest.mark.parametrize(
    ("path", "body", "unknown"),
    [
        ("/v1/projects", {"name": "A", "timezone": "UTC", "nmae": 1}, "nmae"),
        (
            "/v1/content/cnt_x/publish",
            {"targets": [{**target("sa_x"), "caption": "x"}]},
            "targets[0].caption",
        ),
        ("/v1/content/cnt_x/publish", {"targets": [target("sa_x")], "scheduledFor": "now"}, "scheduledFor"),
        ("/v1/content/cnt_x/approve", {"reason": "x"}, "reason"),
        ("/v1/scheduled-posts/sp_x/retry", {"now": True}, "now"),
    ],
)
async def test_unknown_fields_are_refused(client, path: str, body: object, unknown: str) -> None:
    answer = await client.post(path, body)
    assert_error(answer, 422, "VALIDATION")
    assert answer.issues == {(unknown, "unknown_field")}


async def test_all_faults_of_a_body_are_named_at_once(client) -> None:
    targets = [{"mode": 7, "x": 1}, {**target("sa_x"), "scheduledPostId": "no spaces", "captionOverride": 1}]
    answer = await client.post("/v1/content/cnt_x/schedule", {"scheduledFor": "tomorrow", "targets": targets})
    assert_error(answer, 422, "VALIDATION")
    assert {path for path, _ in answer.issues} == {
        *("scheduledFor", "targets[0].socialAccountId", "targets[0].mode", "targets[0].x"),
        *("targets[1].scheduledPostId", "targets[1].captionOverride"),
    }
    assert "(and 5 more)" in answer["error"]["message"]


async def test_a_missing_body_is_an_empty_one(client) -> None:
    answer = await client.post("/v1/projects")
    assert (answer.status, answer.issues) == (422, {("name", "required"), ("timezone", "required")})


async def test_a_bug_leaks_nothing(client, pool) -> None:
    """A row that no code of ours writes makes a read fail; the answer says only that it did."""
    project = await client.project()
    container = await client.text(project)
    post = (await client.publish(container, await client.account(project)))["scheduledPostIds"][0]
    await pool.execute("UPDATE scheduled_posts SET last_error = '\"secret words\"' WHERE id = $1", post)
    answer = await client.get(f"/v1/scheduled-posts/{post}")
    assert_error(answer, 500, "INTERNAL")
    assert b"secret words" not in answer.raw
    assert "details" not in answer["error"]


# The database goes away ------------------------------------------------------------------------------


@dataclass
class Installation:
    """An installation with a database server of its own, which a test may stop."""

    server: embedded.Embedded
    origin: str
    client: object

    async def stop(self) -> None:
        """Stop the database server."""
        await asyncio.to_thread(self.server.close)

    async def start(self) -> None:
        """Start it again on the same data."""
        self.server = await asyncio.to_thread(embedded.start, self.server.data_dir, fsync=False)


def in_memory() -> Path | None:
    """A folder that is no disk, where there is one."""
    return Path("/dev/shm") if Path("/dev/shm").is_dir() else None


@pytest.fixture
async def fragile(client, tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation whose database may go away."""
    with tempfile.TemporaryDirectory(dir=in_memory(), prefix="layers-tests-") as folder:
        server = await asyncio.to_thread(embedded.start, Path(folder), fsync=False)
        url = server.url
        await schema.migrate(url)
        pool = await open_pool(url, 1, "layers tests")
        made = await create_first_key(
            pool, organization="Acme", environment="test", scopes=["*"], return_hosts=[]
        )
        await pool.close()
        installation = share(Settings(data_dir=tmp_path / "data"), url)
        async with loopback_server(create_app(installation), lifespan=True) as origin:
            caller = replace(client, origin=origin, key=made.key)
            one = Installation(server, origin, caller)
            yield one
        one.server.close()


async def test_a_database_that_went_away_is_unavailable_and_comes_back(fragile: Installation) -> None:
    """Posts are there whole or not at all; the same keys sent again finish the job without a restart."""
    client = fragile.client
    project = await client.project()
    account = await client.account(project)
    containers = [await client.text(project, f"hello {n}") for n in range(24)]

    async def publish(number: int):
        await asyncio.sleep(number * 0.004)
        return await client.publish(containers[number], account, idempotency_key=f"key-{number}")

    sending = [asyncio.create_task(publish(number)) for number in range(16)]
    await sending[2]
    await fragile.stop()
    sending += [asyncio.create_task(publish(number)) for number in range(16, 24)]
    answers = await asyncio.gather(*sending)
    away = await client.get("/v1/whoami")
    not_ready = await client.get("/health/ready")
    stuck = await client.get("/health/dispatch")
    await fragile.start()
    whole = await whole_posts(fragile.server.url)
    again = [
        await client.publish(container, account, idempotency_key=f"key-{number}")
        for number, container in enumerate(containers)
    ]

    assert_error(away, 503, "UNAVAILABLE")
    assert int(away.headers["retry-after"]) > 0
    assert (not_ready.status, stuck.status) == (503, 503)
    assert {answer.status for answer in answers} == {200, 503}
    for answer in answers:
        if answer.status == 503:
            assert_error(answer, 503, "UNAVAILABLE")
    promised = {answer["scheduledPostIds"][0] for answer in answers if answer.status == 200}
    assert promised <= whole
    assert {answer.status for answer in again} == {200}
    assert [a.raw for a, b in zip(answers, again, strict=True) if a.status == 200] == [
        b.raw for a, b in zip(answers, again, strict=True) if a.status == 200
    ]
    assert await whole_posts(fragile.server.url) == {answer["scheduledPostIds"][0] for answer in again}


async def whole_posts(url: str) -> set[str]:
    """Return the ids of all posts; each has its container alone, its story, its event and its record."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            """SELECT p.id, (SELECT count(*) FROM scheduled_posts o WHERE o.container_id = p.container_id),
                (SELECT count(*) FROM post_events e WHERE e.post_number = p.number),
                (SELECT count(*) FROM events e WHERE e.subject_id = p.id),
                (SELECT count(*) FROM idempotency_records r WHERE r.status = 200
                    AND convert_from(r.body, 'utf8') LIKE '%' || p.id || '%')
            FROM scheduled_posts p"""
        )
        assert {tuple(row)[1:] for row in rows} == {(1, 1, 1, 1)}
        assert await connection.fetchval("SELECT count(*) FROM idempotency_records WHERE status IS NULL") == 0
        assert await connection.fetchval("SELECT count(*) FROM post_events") == len(rows)
        return {row["id"] for row in rows}
    finally:
        await connection.close()


async def test_severed_connections_are_unavailable_at_most_once(client, pool) -> None:
    project = await client.project()
    await pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'layers api'"
    )
    answers = [await client.get(f"/v1/projects/{project}") for _ in range(30)]
    assert {answer.status for answer in answers} <= {200, 503}
    assert answers[-1].status == 200


async def test_a_caller_who_hangs_up_leaves_nothing_half(
    client, pool, session: aiohttp.ClientSession
) -> None:
    body = json.dumps({"name": "A", "timezone": "UTC"}).encode()
    headers = {"Authorization": f"Bearer {client.key}", "Content-Length": str(len(body) + 1), **JSON}
    host, port = client.origin.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    lines = [
        "POST /v1/projects HTTP/1.1",
        "Host: layers.test",
        *(f"{name}: {value}" for name, value in headers.items()),
        "Idempotency-Key: hung-up",
    ]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await client.get("/v1/projects"))["items"] == []
    mended = await client.post("/v1/projects", {"name": "B", "timezone": "UTC"}, idempotency_key="hung-up")
    assert (mended.status, mended.headers.get("idempotent-replayed")) == (201, None)

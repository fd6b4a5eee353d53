"""Reads that are repeated: ETag and 304, lists with their cursors and filters, parameters that do not exist."""

import re

import pytest
from arrange import ahead, declared_routes

POLLED = {
    "/openapi.json",
    "/v1/content/{container_id:str}",
    "/v1/platforms",
    "/v1/projects/{project_id:str}/scheduled-posts",
    "/v1/scheduled-posts/{post_id:str}",
    "/v1/scheduled-posts/{post_id:str}/events",
    "/v1/social/oauth-status/{state_id:str}",
}


@pytest.fixture
async def polled(client, image) -> dict[str, str]:
    """A path for each route that is polled."""
    project = await client.project()
    account = await client.account(project)
    container = (await client.upload(project, image, caption="hello"))["id"]
    at = {"scheduledFor": ahead(hours=1), "targets": [{"socialAccountId": account, "mode": "direct_publish"}]}
    [post] = (await client.made(f"/v1/content/{container}/schedule", at, 200))["scheduledPostIds"]
    wanted = {"platform": "tiktok", "returnUrl": "http://localhost/back"}
    begun = await client.post(f"/v1/projects/{project}/social/oauth-url", wanted)
    ids = {"project_id": project, "container_id": container, "post_id": post}
    paths = {path: re.sub(r"{(\w+):str}", lambda found: ids.get(found[1], ""), path) for path in POLLED}
    paths["/v1/social/oauth-status/{state_id:str}"] = f"/v1/social/oauth-status/{begun['state']}"
    return paths


async def test_what_is_polled_answers_304_until_it_changes(client, polled) -> None:
    for path in polled.values():
        first = await client.get(path)
        tag = first.headers["etag"]
        assert (first.status, first.headers["cache-control"]) == (200, "private, no-cache"), path
        assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
        again = await client.get(path, headers={"If-None-Match": tag})
        assert (again.status, again.raw, again.headers["etag"]) == (304, b"", tag), path
        assert again.headers["cache-control"] == "private, no-cache"
        assert "content-type" not in again.headers
    post = polled["/v1/scheduled-posts/{post_id:str}"]
    before = await client.get(post)
    await client.delete(post)
    after = await client.get(post, headers={"If-None-Match": before.headers["etag"]})
    assert (after.status, after["status"]) == (200, "canceled")
    assert after.headers["etag"] != before.headers["etag"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ('"other",W/{tag} , "more"', 304),
        ("*", 304),
        ('"other"', 200),
        ("{bare}", 200),
        ('"{bare}', 200),
        ("", 200),
    ],
)
async def test_if_none_match_is_read_as_the_rfc_says(client, given: str, status: int) -> None:
    tag = (await client.get("/v1/platforms")).headers["etag"]
    sent = given.format(tag=tag, bare=tag.strip('"'))
    assert (await client.get("/v1/platforms", headers={"If-None-Match": sent})).status == status


async def test_a_refusal_is_never_304(client) -> None:
    for path in ("/v1/content/cnt_x", "/v1/platforms?x=1"):
        answer = await client.get(path, headers={"If-None-Match": "*"})
        assert answer.status in (404, 422)
        assert "etag" not in answer.headers


def test_no_other_read_is_tagged(shared) -> None:
    tagged = {path for route in _handlers(shared) for path in route.paths if route.opt.get("polled")}
    assert tagged == POLLED


def _handlers(shared):
    from layers.app import ROUTES

    return ROUTES


# Lists ----------------------------------------------------------------------------------------------------------

LISTS = {
    "/v1/api-keys",
    "/v1/audit-log",
    "/v1/projects",
    "/v1/projects/{project_id:str}/content",
    "/v1/projects/{project_id:str}/scheduled-posts",
    "/v1/projects/{project_id:str}/social-accounts",
    "/v1/webhook-endpoints",
    "/v1/webhook-endpoints/{endpoint_id:str}/deliveries",
}


@pytest.fixture
async def lists(client) -> list[str]:
    """The path of every list, with three things in each."""
    project = await client.project()
    accounts = [await client.account(project, handle=f"{name}.test") for name in ("ann", "bob", "eve")]
    container = await client.text(project)
    hook = await client.made(
        "/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/", "events": ["post.scheduled"]}
    )
    for name in ("b", "c"):
        await client.project(name=name)
        await client.text(project, name)
        await client.made("/v1/api-keys", {"name": name, "scopes": ["audit:read"]})
        await client.made(
            "/v1/webhook-endpoints", {"url": f"http://127.0.0.1:9/{name}", "events": ["test.ping"]}
        )
    for _ in range(3):
        await client.made(f"/v1/webhook-endpoints/{hook['id']}/test", None, 202)
    assert (await client.publish(container, *accounts)).status == 200
    ids = {"project_id": project, "endpoint_id": hook["id"]}
    return [re.sub(r"{(\w+):str}", lambda found: ids[found[1]], path) for path in sorted(LISTS)]


def test_every_list_is_tried_here(shared) -> None:
    paths = {r.path for r in declared_routes(shared) if r.method == "GET"}
    answers = {path for h in _handlers(shared) for path in h.paths if "cursor" in h.fn.__annotations__}
    assert answers == LISTS <= paths


async def test_every_list_goes_on_where_it_stopped_and_ends(client, lists) -> None:
    for path in lists:
        whole = (await client.get(path))["items"]
        seen: list[object] = []
        cursor = ""
        while True:
            page = await client.get(f"{path}?limit=1{cursor}")
            assert page.status == 200, page.raw
            seen += page["items"]
            if page["nextCursor"] is None:
                break
            cursor = f"&cursor={page['nextCursor']}"
        assert len(seen) >= 3, path
        assert seen == whole, path


async def test_a_cursor_belongs_to_its_list(client, lists) -> None:
    cursors = {path: (await client.get(f"{path}?limit=1"))["nextCursor"] for path in lists}
    for path in lists:
        for other, cursor in cursors.items():
            if path != other:
                answer = await client.get(f"{path}?cursor={cursor}")
                assert (answer.status, answer.issues) == (422, {("cursor", "invalid_cursor")}), (path, other)
        for bad in ("", "x", "%F0", "AAAA", cursors[path][:-2], "a" * 600):
            answer = await client.get(f"{path}?cursor={bad}")
            assert (answer.status, {at for at, _ in answer.issues}) == (422, {"cursor"}), (path, bad)


async def test_limits_have_an_end(client, lists) -> None:
    for path in lists:
        for limit in ("0", "-1", "1000", "x", ""):
            answer = await client.get(f"{path}?limit={limit}")
            assert (answer.status, {at for at, _ in answer.issues}) == (422, {"limit"}), (path, limit)


async def test_parameters_that_do_not_exist_are_refused_by_name(client, shared) -> None:
    for route in declared_routes(shared):
        if route.scope is None:
            continue
        answer = await client.call(route.method, f"{route.at()}?stauts=x&platfrom=y&stauts=z")
        assert answer.status == 422, route
        assert answer.issues == {("stauts", "unknown_parameter"), ("platfrom", "unknown_parameter")}, route


async def test_a_parameter_that_takes_one_value_is_refused_twice(client) -> None:
    answer = await client.get("/v1/projects?limit=1&limit=2")
    assert (answer.status, answer.issues) == (422, {("limit", "duplicate")})


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("status=queued", 1),
        ("status=queued&status=canceled", 2),
        ("status=queued,canceled", 2),
        ("status=queued,failed&status=canceled", 2),
        ("status=failed,published", 0),
        ("status=queued%2Ccanceled", 2),
    ],
)
async def test_several_statuses_may_be_repeated_or_parted_by_commas(client, query: str, count: int) -> None:
    project = await client.project()
    account = await client.account(project)
    for index in range(2):
        body = {
            "scheduledFor": ahead(hours=1),
            "targets": [{"socialAccountId": account, "mode": "direct_publish", "allowDuplicate": True}],
        }
        container = await client.text(project, str(index))
        [post] = (await client.made(f"/v1/content/{container}/schedule", body, 200))["scheduledPostIds"]
    await client.delete(f"/v1/scheduled-posts/{post}")
    assert len((await client.get(f"/v1/projects/{project}/scheduled-posts?{query}"))["items"]) == count


@pytest.mark.parametrize(
    "query",
    ["status=queued,null", "status=NULL", "since=null", "limit=Null", "until=0.5", "since=1776539922"],
)
async def test_null_is_no_value_and_a_number_no_time(client, query: str) -> None:
    answer = await client.get(f"/v1/projects/{await client.project()}/scheduled-posts?{query}")
    assert (answer.status, {path for path, _ in answer.issues}) == (422, {query.partition("=")[0]})


async def test_a_method_there_is_none_of_is_refused_with_those_there_are(client) -> None:
    for method, path, allowed in (
        ("PUT", "/v1/projects/prj_x", "DELETE, GET, PATCH"),
        ("TRACE", "/health/live", "GET"),
        ("OPTIONS", "/v1/content/cnt_x/publish", "POST"),
        ("POST", "/v1/assets/ast_x", "GET, HEAD"),
    ):
        answer = await client.call(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("query", ["status=gone", "status=queued,gone", "status=queued&status=gone"])
async def test_a_status_there_is_none_of_is_refused(client, query: str) -> None:
    answer = await client.get(f"/v1/projects/{await client.project()}/scheduled-posts?{query}")
    assert (answer.status, {path for path, _ in answer.issues}) == (422, {"status"})


@pytest.mark.parametrize(
    "edge", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59"]
)
async def test_times_at_the_ends_of_the_calendar_are_answered(client, edge: str) -> None:
    project = await client.project()
    for name in ("since", "until"):
        assert (await client.get(f"/v1/projects/{project}/scheduled-posts?{name}={edge}")).status == 200
    moment = edge.replace("%2B", "+")
    container, account = await client.text(project), await client.account(project)
    body = {"scheduledFor": moment, "targets": [{"socialAccountId": account, "mode": "direct_publish"}]}
    assert (await client.post(f"/v1/content/{container}/schedule", body)).status == 422
    assert (await client.post(f"/v1/content/{container}/validate", body))["valid"] is False
    key = await client.post("/v1/api-keys", {"name": "k", "scopes": ["audit:read"], "expiresAt": moment})
    assert key.status == (201 if edge.startswith("9") else 422)
    assert (await client.get("/v1/api-keys")).status == 200

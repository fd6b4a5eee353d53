"""Every route that changes something writes who did it: an event with the id of the request."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from arrange import Declared, ahead, declared_routes, make_failed, target

CHANGES_NOTHING = {("POST", "/v1/content/{container_id:str}/validate")}


@dataclass
class Made:
    """One of each thing, to change."""

    client: Any
    pool: Any
    project: str
    account: str
    container: str
    picture: Path

    async def pending(self) -> str:
        """A container that waits for approval."""
        await self.client.patch(f"/v1/projects/{self.project}/approval-policy", {"requiresApproval": True})
        return await self.client.text(self.project)

    async def post(self) -> str:
        """A queued post."""
        return (await self.client.publish(self.container, self.account))["scheduledPostIds"][0]

    async def failed(self, *, unknown: bool = False) -> str:
        """A failed post."""
        post = await self.post()
        await make_failed(self.pool, post, unknown=unknown)
        return post

    async def key(self) -> str:
        """Another key."""
        made = await self.client.made("/v1/api-keys", {"name": "n", "scopes": ["content:read"]})
        return made["apiKey"]["apiKeyId"]

    async def endpoint(self) -> str:
        """A webhook endpoint."""
        body = {"url": "https://example.com", "events": ["post.failed"]}
        return (await self.client.made("/v1/webhook-endpoints", body))["id"]


Recipe = Callable[[Made], Awaitable[tuple[str, Any]]]
RECIPES: dict[tuple[str, str], Recipe] = {}


def recipe(method: str, path: str) -> Callable[[Recipe], Recipe]:
    """Say how a route is called so that it changes something: give its last id and a body."""

    def keep(how: Recipe) -> Recipe:
        RECIPES[method, path] = how
        return how

    return keep


CONTENT, POST = "/v1/content/{container_id:str}", "/v1/scheduled-posts/{post_id:str}"
PROJECT, ACCOUNT = "/v1/projects/{project_id:str}", "/v1/social-accounts/{account_id:str}"
KEY, ENDPOINT = "/v1/api-keys/{api_key_id:str}", "/v1/webhook-endpoints/{endpoint_id:str}"


def simple(method: str, path: str, body: Any, thing: str) -> None:
    """A route that is called with something there is already."""

    async def how(made: Made) -> tuple[str, Any]:
        what = getattr(made, thing)
        return (what if isinstance(what, str) else await what()), body

    RECIPES[method, path] = how


simple("POST", "/v1/projects", {"name": "P", "timezone": "UTC"}, "project")
simple("PATCH", PROJECT, {"name": "other"}, "project")
simple("DELETE", PROJECT, None, "project")
simple("PATCH", f"{PROJECT}/approval-policy", {"requiresApproval": True}, "project")
simple("POST", f"{PROJECT}/content", {"kind": "text", "caption": "c"}, "project")
CREDENTIAL = {"platform": "bluesky", "credential": {"handle": "new.test"}}
simple("POST", f"{PROJECT}/social-accounts", CREDENTIAL, "project")
RETURN = {"returnUrl": "http://127.0.0.1:1/back"}
simple("POST", f"{PROJECT}/social/oauth-url", {"platform": "tiktok", **RETURN}, "project")
simple("PATCH", CONTENT, {"caption": "other"}, "container")
simple("DELETE", CONTENT, None, "container")
simple("POST", f"{CONTENT}/approve", {}, "pending")
simple("POST", f"{CONTENT}/reject", {"reason": "r"}, "pending")
simple("DELETE", POST, {"reason": "r"}, "post")
simple("POST", f"{POST}/retry", None, "failed")
simple("PATCH", ACCOUNT, {"postDefaults": {}}, "account")
simple("DELETE", ACCOUNT, None, "account")
simple("POST", "/v1/api-keys", {"name": "n", "scopes": ["content:read"]}, "project")
simple("POST", f"{KEY}/rotate", None, "key")
simple("POST", f"{KEY}/kill", None, "key")
simple("DELETE", KEY, None, "key")
HOOK = {"url": "https://example.com", "events": ["post.failed"]}
simple("POST", "/v1/webhook-endpoints", HOOK, "project")
simple("PATCH", ENDPOINT, {"description": "d"}, "endpoint")
simple("DELETE", ENDPOINT, None, "endpoint")
simple("POST", f"{ENDPOINT}/rotate-secret", None, "endpoint")
simple("POST", f"{ENDPOINT}/test", None, "endpoint")


FETCHED = {"media": [{"url": "https://example.com/clip.mp4"}], "caption": "c"}
simple("POST", f"{PROJECT}/content/upload", FETCHED, "project")
TO_COME = {"files": [{"filename": "a.jpg", "contentType": "image/jpeg", "sizeBytes": 10}]}
simple("POST", f"{PROJECT}/content/uploads", TO_COME, "project")


@recipe("POST", f"{CONTENT}/finalize-upload")
async def _finalize(made: Made) -> tuple[str, Any]:
    picture = await asyncio.to_thread(made.picture.read_bytes)
    to_come = {"filename": "a.jpg", "contentType": "image/jpeg", "sizeBytes": len(picture)}
    announced = await made.client.made(f"/v1/projects/{made.project}/content/uploads", {"files": [to_come]})
    [upload] = announced["uploads"]
    link = urlsplit(upload["uploadUrl"])
    async with made.client.session.put(
        f"{made.client.origin}{link.path}?{link.query}", data=picture, headers=upload["headers"]
    ) as answer:
        assert answer.status < 300
    return announced["containerId"], None


@recipe("POST", f"{PROJECT}/erase")
async def _erase(made: Made) -> tuple[str, Any]:
    await made.client.delete(f"/v1/projects/{made.project}")
    return made.project, None


@recipe("POST", f"{PROJECT}/social/reauth-url")
async def _reauth(made: Made) -> tuple[str, Any]:
    account = await made.client.account(made.project, "tiktok", "tom")
    return made.project, {"socialAccountId": account, **RETURN}


@recipe("DELETE", f"{CONTENT}/pending-schedule")
async def _withdraw(made: Made) -> tuple[str, Any]:
    container = await made.pending()
    assert (await made.client.publish(container, made.account)).status == 403
    return container, None


@recipe("POST", f"{CONTENT}/publish")
async def _publish(made: Made) -> tuple[str, Any]:
    return made.container, {"targets": [target(made.account)]}


@recipe("POST", f"{CONTENT}/schedule")
async def _schedule(made: Made) -> tuple[str, Any]:
    return made.container, {"targets": [target(made.account)], "scheduledFor": ahead(hours=1)}


@recipe("POST", f"{POST}/reschedule")
async def _reschedule(made: Made) -> tuple[str, Any]:
    return await made.post(), {"scheduledFor": ahead(hours=1)}


@recipe("POST", f"{POST}/resolve")
async def _resolve(made: Made) -> tuple[str, Any]:
    return await made.failed(unknown=True), {"outcome": "published"}


@recipe("POST", "/v1/webhook-deliveries/{delivery_id:str}/replay")
async def _replay(made: Made) -> tuple[str, Any]:
    ping = await made.client.made(f"/v1/webhook-endpoints/{await made.endpoint()}/test", None, 202)
    return ping["id"], None


@pytest.fixture
async def made(client, pool, image) -> Made:
    project = await client.project()
    return Made(client, pool, project, await client.account(project), await client.text(project), image)


async def told_of(made: Made, answer: Any) -> list[Any]:
    """The events of one request, as the audit log shows them."""
    log = await made.client.get("/v1/audit-log?limit=200")
    return [event for event in log["items"] if event["requestId"] == answer.headers["x-request-id"]]


async def test_every_mutation_is_in_the_audit_log(join, pool, shared, image) -> None:
    mutations = {
        (route.method, route.path): route
        for route in declared_routes(shared)
        if route.scope is not None and route.method not in ("GET", "HEAD", "OPTIONS")
    }
    assert mutations.keys() - CHANGES_NOTHING == RECIPES.keys(), "say above how each route is called"
    for (method, path), how in RECIPES.items():
        client = await join(f"{method} {path}")
        project = await client.project()
        made = Made(client, pool, project, await client.account(project), await client.text(project), image)
        thing, body = await how(made)
        answer = await client.call(method, Declared(method, path, None).at(thing), body)
        assert answer.status < 300, (path, answer.raw)
        events = await told_of(made, answer)
        assert events, f"{method} {path} wrote no event"
        assert {event["apiKeyId"] for event in events} == {client.api_key_id}


@pytest.mark.parametrize(("how", "status"), [(_publish, 403), (_schedule, 202)])
async def test_a_kept_intent_is_in_the_audit_log(made: Made, how: Recipe, status: int) -> None:
    made.container = await made.pending()
    _, body = await how(made)
    word = "schedule" if "scheduledFor" in body else "publish"
    answer = await made.client.post(f"/v1/content/{made.container}/{word}", body)
    assert answer.status == status
    [event] = await told_of(made, answer)
    assert (event["eventType"], event["projectId"]) == ("content.intent_kept", made.project)
    assert event["data"] == {
        "containerId": made.container,
        "socialAccountIds": [made.account],
        "scheduledFor": body.get("scheduledFor"),
    }

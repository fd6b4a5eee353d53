"""What every answer tells browsers, caches and proxies, whoever gives it and however it fails."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from arrange import declared_routes
from rawhttp import ask, request

from layers.app import create_app
from layers.loopback import loopback_server

SAFE = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}
ELSEWHERE = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}


def assert_safe(headers: list[tuple[str, str]], **differing: str) -> None:
    """Each header is there once, and nothing lets other sites in or tells what serves."""
    names = [name for name, _ in headers]
    for name, value in (SAFE | differing).items():
        assert names.count(name) == 1, (name, headers)
        assert dict(headers)[name] == value
    assert not [name for name in names if name.startswith("access-control-")]
    assert not {"server", "x-powered-by", "via", "set-cookie"} & set(names)


async def test_every_route_answers_with_safe_headers_refused_or_not(client, shared) -> None:
    """No key, a key and another site's page: whatever the route makes of them."""
    for route in declared_routes(shared):
        for headers in (
            [],
            [f"Authorization: Bearer {client.key}"],
            [f"{k}: {v}" for k, v in ELSEWHERE.items()],
        ):
            answer = await ask(
                client.origin, request(route.method, route.at("0"), "Content-Length: 0", *headers)
            )
            assert answer.status
            tagged = {"cache-control": "private, no-cache"} if "etag" in dict(answer.headers) else {}
            assert_safe(answer.headers, **tagged)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        request("GET", "/" + "x" * 9000),
        request("GET", "/nothing"),
        request(
            "OPTIONS", "/v1/projects", "Origin: https://evil.example", "Access-Control-Request-Method: PUT"
        ),
        request("OPTIONS", "*"),
        request("TRACE", "/v1/whoami", "X-Secret: echoed"),
        request("HEAD", "/v1/whoami"),
        request("GET", "/health/live"),
    ],
)
async def test_other_answers_are_as_safe(client, data: bytes) -> None:
    answer = await ask(client.origin, data)
    assert_safe(answer.headers)
    assert b"echoed" not in answer.body


@pytest.mark.parametrize("path", ["/v1/projects", "/v1/nothing", "/health/live", "/"])
async def test_options_is_answered_like_any_other_wrong_method(client, path: str) -> None:
    answer = await ask(client.origin, request("OPTIONS", path, *(f"{k}: {v}" for k, v in ELSEWHERE.items())))
    assert answer.error["code"] in ("METHOD_NOT_ALLOWED", "NOT_FOUND")
    assert_safe(answer.headers)


async def test_media_may_be_shown_by_others_and_run_nothing(client, image) -> None:
    asset = (await client.upload(await client.project(), image))["assets"][0]
    answer = await ask(client.origin, request("GET", asset["url"].removeprefix("http://layers.test")))
    assert answer.status == 200
    assert_safe(
        answer.headers,
        **{
            "cache-control": "private, max-age=3600",
            "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "cross-origin-resource-policy": "cross-origin",
        },
    )


async def test_a_page_says_each_header_once(client) -> None:
    answer = await ask(client.origin, request("GET", "/handoff/1", "Accept: text/html"))
    assert answer.named["content-type"].startswith("text/html")
    policy = answer.named["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert_safe(answer.headers, **{"content-security-policy": policy})


@pytest.fixture
async def behind_tls(shared) -> AsyncIterator[str]:
    """The API of an installation that the world reaches by https."""
    settings = replace(shared.settings, public_url="https://layers.test")
    async with loopback_server(create_app(replace(shared, settings=settings)), lifespan=True) as origin:
        yield origin


async def test_browsers_are_held_to_https_where_there_is_https(client, behind_tls: str) -> None:
    with_tls = await ask(behind_tls, request("GET", "/v1/whoami"))
    without = await ask(client.origin, request("GET", "/v1/whoami", "X-Forwarded-Proto: https"))
    assert with_tls.named["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in without.named


async def test_the_sandbox_a_server_shows_is_as_safe(client, behind_tls: str) -> None:
    for origin in (client.origin, behind_tls):
        answer = await ask(origin, request("GET", "/sandbox/tiktok/v2/auth/authorize/", "Accept: text/html"))
        assert answer.status in (200, 400, 404)
        policy = answer.named["content-security-policy"]
        assert_safe(answer.headers, **{"content-security-policy": policy})
    assert "strict-transport-security" in answer.named

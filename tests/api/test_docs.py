"""The documentation at `/docs`, as a browser gets it."""

import pytest
from rawhttp import ask, request


@pytest.mark.parametrize(
    ("path", "kind", "holds"),
    [
        ("/docs", "text/html", b"<h1"),
        ("/docs/", "text/html", b"<h1"),
        ("/docs/how-to/webhooks", "text/html", b"X-Layers-Signature"),
        ("/docs/how-to/webhooks.md", "text/markdown", b"# "),
        ("/docs/llms.txt", "text/plain", b"# Layers"),
        ("/docs/site.js", "text/javascript", b"search"),
        ("/docs/search-index.js", "text/javascript", b"window.searchIndex"),
    ],
)
async def test_pages_need_no_key_and_run_nothing_of_others(origin: str, path: str, kind: str, holds: bytes):
    answer = await ask(origin, request("GET", path))
    headers = dict(answer.headers)
    assert answer.status == 200
    assert headers["content-type"] == f"{kind}; charset=utf-8"
    assert holds in answer.body
    assert headers["content-security-policy"].startswith(
        "default-src 'none'; style-src 'self'; script-src 'self'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"].startswith("req_")


async def test_a_browser_that_has_a_page_is_sent_nothing(origin: str):
    first = await ask(origin, request("GET", "/docs"))
    again = await ask(origin, request("GET", "/docs", f"If-None-Match: {dict(first.headers)['etag']}"))
    assert (again.status, again.body) == (304, b"")
    assert dict(again.headers)["etag"] == dict(first.headers)["etag"]


async def test_head_is_get_without_the_page(origin: str):
    asked, told = [await ask(origin, request(method, "/docs")) for method in ("GET", "HEAD")]
    assert (told.status, told.body) == (200, b"")
    assert dict(told.headers)["content-length"] == str(len(asked.body))


@pytest.mark.parametrize(
    "path",
    [
        "/docs/nothing",
        "/docs/../openapi.json",
        "/docs/%2e%2e/README.md",
        "/docs/templates/page.html",
        "/docsx",
    ],
)
async def test_what_is_no_page_is_not_found(origin: str, path: str):
    answer = await ask(origin, request("GET", path))
    assert answer.error["code"] == "NOT_FOUND"


async def test_a_person_hears_of_a_missing_page_in_words(origin: str):
    answer = await ask(origin, request("GET", "/docs/nothing", "Accept: text/html,*/*"))
    assert (answer.status, dict(answer.headers)["content-type"]) == (404, "text/html; charset=utf-8")
    assert b'href="/docs"' in answer.body


async def test_pages_are_only_read(origin: str):
    assert (await ask(origin, request("POST", "/docs", "Content-Length: 0"))).error["code"] == "NOT_FOUND"

"""What callers send reaches paths, headers, links and logs as what it is, or not at all."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from rawhttp import ask, request

CRLF = "\r\nSet-Cookie: stolen=1\r\nX-Injected: yes"
TRAVERSALS = [
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5cetc",
    "....//....//etc",
    "%252e%252e%252fetc",
    "..;/..;/etc",
    "%c0%ae%c0%ae/etc/passwd",
    "%00/etc/passwd",
    "/etc/passwd",
    "ast_x%2f..%2f..",
]
UNDER = [
    "/v1/assets/",
    "/v1/projects/",
    "/v1/content/",
    "/v1/social-accounts/",
    "/sandbox/blobs/",
    "/sandbox/",
    "/",
]


@pytest.mark.parametrize("below", UNDER)
async def test_no_path_leads_out_of_its_place(client, below: str) -> None:
    for traversal in TRAVERSALS:
        answer = await ask(
            client.origin, request("GET", below + traversal, f"Authorization: Bearer {client.key}")
        )
        assert answer.status in (400, 404, 405), (below + traversal, answer)
        assert b"root:" not in answer.body


async def test_the_sandbox_is_left_by_no_path(client) -> None:
    """What lies beside it asks for a key, however the way there is spelled."""
    for way in (
        "/sandbox/../v1/projects",
        "/sandbox/%2e%2e/v1/projects",
        "/sandbox//v1/projects",
        "/sandbox/..%2fv1",
    ):
        answer = await ask(client.origin, request("GET", way))
        assert answer.status in (401, 404), (way, answer)


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/cron.d/x.mp4",
        "..\\..\\x.mp4",
        "/etc/passwd",
        "x" * 4000 + ".mp4",
        "..",
        ".",
        "~/.ssh/x",
    ],
)
async def test_a_filename_is_never_a_path(client, shared, video: Path, name: str) -> None:
    content = video.read_bytes()  # noqa: ASYNC240
    before = {file for file in shared.settings.data_dir.parent.rglob("*") if file.is_file()}
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("files", content, filename=name)
    project = await client.project()
    answer = await client.post(f"/v1/projects/{project}/content", data=form)
    made = {file for file in shared.settings.data_dir.parent.rglob("*") if file.is_file()} - before
    if answer.status == 201:
        container, asset = answer["id"], answer["assets"][0]["id"]
        [stored] = (file.relative_to(shared.settings.data_dir / "media") for file in made)
        assert re.fullmatch(f"{container}/{asset}-[0-9A-Z]{{26}}", str(stored))
    else:
        assert (answer.status, made) == (422, set())


async def test_a_return_address_cannot_add_headers(client, pool) -> None:
    """Not when it is taken, and not when a person comes back to it."""
    project = await client.project()
    for strange in (CRLF, "\n", "\t", " ", "\u20ac", "\x7f", "\u202e", "\\"):
        body = {"platform": "tiktok", "returnUrl": f"http://localhost/done?a=b{strange}c"}
        answer = await client.post(f"/v1/projects/{project}/social/oauth-url", body)
        assert answer.status == 422, strange
        assert answer.issues == {("returnUrl", "invalid_value")}
    given = "http://localhost/done?a=" + quote(CRLF)
    begun = await client.made(
        f"/v1/projects/{project}/social/oauth-url", {"platform": "tiktok", "returnUrl": given}, 200
    )
    back = f"/v1/social/oauth/callback/tiktok?state={begun['state']}&error={quote('access_denied' + CRLF)}"
    answer = await ask(client.origin, request("GET", back))
    assert answer.status == 302
    assert answer.named["location"].startswith(given)
    assert not {"set-cookie", "x-injected"} & set(answer.named)


@pytest.mark.parametrize(
    "header", ["Idempotency-Key", "X-Request-Id", "X-Api-Key", "Range", "Accept", "Origin"]
)
@pytest.mark.parametrize("value", ["a\tb", "\x1b[31m", "\xe4\xf6", "x" * 5000, "a%0d%0aSet-Cookie: b"])
async def test_no_header_comes_back_in_a_header(client, header: str, value: str) -> None:
    headers = [f"Authorization: Bearer {client.key}", f"{header}: {value}", "Content-Type: application/json"]
    body = json.dumps({"name": "A", "timezone": "UTC"}).encode()
    for data in (
        request("POST", "/v1/projects", *headers, f"Content-Length: {len(body)}", body=body),
        request("GET", "/v1/projects", *headers),
    ):
        answer = await ask(client.origin, data)
        assert answer.status in (200, 201, 400, 401, 422)
        assert not [name for name, kept in answer.headers if value in kept]
        assert "set-cookie" not in answer.named


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80@layers.test", "layers.test\t", "[::1]"])
async def test_links_never_follow_the_host_header(client, image, host: str) -> None:
    made = (await client.upload(await client.project(), image)).json
    head = f"GET /v1/content/{made['id']} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.example\r\n"
    head += f"Forwarded: host=evil.example\r\nAuthorization: Bearer {client.key}\r\n\r\n"
    answer = await ask(client.origin, head.encode())
    assert answer.status in (200, 400, 422)
    assert b"evil.example" not in answer.body
    if answer.status == 200:
        assert json.loads(answer.body)["assets"][0]["url"].startswith("http://layers.test/v1/assets/")


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
async def test_a_method_is_what_the_request_line_says(client, header: str) -> None:
    project = await client.project()
    await client.get(f"/v1/projects/{project}?_method=DELETE", headers={header: "DELETE"})
    await client.post("/v1/whoami?_method=DELETE", headers={header: "DELETE"})
    assert (await client.get(f"/v1/projects/{project}")).status == 200

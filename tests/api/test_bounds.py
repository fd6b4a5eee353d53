"""Everything that comes in has a bound, and what exceeds it is refused in the one shape of an error."""

import json
import time
import zlib

import pytest
from rawhttp import Wire, ask, request

from layers.api.bounds import MOST_HEADER_BYTES, MOST_HEADERS, MOST_PARAMETERS, MOST_TARGET_BYTES
from layers.kit.problems import MOST_ISSUES

OURS = 2
"""Headers that every request of these tests has: Host and Authorization."""
PROJECT = b'{"name": "A", "timezone": "UTC"}'


def authorized(client) -> str:
    """Return the header that names the key."""
    return f"Authorization: Bearer {client.key}"


async def test_a_request_may_have_so_many_headers_and_no_more(client) -> None:
    many = [f"X-{n}: y" for n in range(MOST_HEADERS - OURS)]
    fits = await ask(client.origin, request("GET", "/v1/whoami", authorized(client), *many))
    refused = await ask(client.origin, request("GET", "/v1/whoami", authorized(client), *many, "X-More: y"))
    assert (fits.status, refused.status, refused.error["code"]) == (200, 431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize("size", [MOST_HEADER_BYTES, 300_000])
async def test_headers_that_are_too_long_are_refused(client, size: int) -> None:
    long = f"X-Long: {'y' * size}"
    refused = await ask(client.origin, request("GET", "/v1/whoami", authorized(client), long))
    assert (refused.status, refused.error["code"]) == (431, "HEADERS_TOO_LARGE")


async def test_a_head_that_never_ends_is_refused_while_it_grows(client) -> None:
    async with await Wire.to(client.origin) as wire:
        wire.send(b"GET /v1/whoami HTTP/1.1\r\nX-Endless: ")
        for _ in range(200):
            wire.send(b"y" * 1024)
        refused = await wire.answer()
        assert (refused.status, refused.error["code"]) == (431, "HEADERS_TOO_LARGE")
        assert await wire.ended()


async def test_trailers_that_never_end_are_refused_while_they_grow(client) -> None:
    async with await Wire.to(client.origin) as wire:
        wire.send(request("POST", "/v1/projects", authorized(client), "Transfer-Encoding: chunked"))
        wire.send(b"2\r\n{}\r\n0\r\nX-Endless: ")
        for _ in range(200):
            wire.send(b"y" * 1024)
        refused = await wire.answer()
        assert (refused.status, refused.error["code"]) == (431, "HEADERS_TOO_LARGE")
        assert await wire.ended()


async def test_trailers_are_no_headers(client) -> None:
    """What a proxy checked in the head cannot be replaced behind its back."""
    head = request("POST", "/v1/projects", "Transfer-Encoding: chunked", "Content-Type: application/json")
    body = b"%x\r\n%s\r\n0\r\nAuthorization: Bearer %s\r\n\r\n" % (len(PROJECT), PROJECT, client.key.encode())
    refused = await ask(client.origin, head + body)
    assert (refused.status, refused.error["code"]) == (401, "UNAUTHENTICATED")


async def test_path_and_query_have_a_length(client) -> None:
    path = "/v1/projects/"
    fits = "x" * (MOST_TARGET_BYTES - len(path))
    answers = [
        await ask(client.origin, request("GET", path + tail, authorized(client)))
        for tail in (fits, fits + "x", fits[:-2] + "?xxx", "x" * 30_000)
    ]
    assert [answer.error["code"] for answer in answers] == ["NOT_FOUND", *["URI_TOO_LONG"] * 3]
    assert {answer.status for answer in answers[1:]} == {414}


async def test_a_query_has_so_many_parameters_and_no_more(client) -> None:
    fits = "&".join(["limit=1"] * MOST_PARAMETERS)
    assert (await client.get(f"/v1/projects?{fits}")).status in (200, 422)
    refused = await client.get(f"/v1/projects?{fits}&limit=1")
    assert (refused.status, refused.issues) == (422, {("query", "too_many")})


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip", "x"])
async def test_a_compressed_body_is_refused_before_it_is_read(client, encoding: str) -> None:
    bomb = zlib.compress(b'{"name": "' + b"A" * 10_000_000)
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    refused = await client.post("/v1/projects", data=bomb, headers=headers)
    assert (refused.status, refused.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_compressed_form_is_refused_too(client) -> None:
    project = await client.project()
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Encoding": "gzip"}
    refused = await client.post(f"/v1/projects/{project}/content", data=b"x", headers=headers)
    assert (refused.status, refused.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_identity_is_no_compression(client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "identity"}
    assert (await client.post("/v1/projects", data=PROJECT, headers=headers)).status == 201


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Authorization", ["Bearer lp_test_x"]),
        ("X-Api-Key", ["a", "b"]),
        ("Idempotency-Key", ["a", "b"]),
        ("Content-Type", ["application/json", "text/plain"]),
        ("Content-Encoding", ["identity", "gzip"]),
        ("Host", ["other.test"]),
    ],
)
async def test_what_may_stand_once_is_not_chosen_from_two(client, name: str, values: list[str]) -> None:
    """A proxy, or a log, may choose the other one."""
    headers = [f"{name}: {value}" for value in values]
    length = f"Content-Length: {len(PROJECT)}"
    sent = request("POST", "/v1/projects", authorized(client), length, *headers, body=PROJECT)
    refused = await ask(client.origin, sent)
    assert (refused.status, refused.error["code"]) == (422, "VALIDATION")
    assert refused.error["details"]["issues"][0]["path"] == name.lower()
    assert (await client.get("/v1/projects"))["items"] == []


# Bodies whose length is not what was said ------------------------------------------------------------


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b"])
async def test_a_body_announced_as_too_large_is_refused_before_it_is_sent(client, kind: str) -> None:
    """Not one byte of the 100 GB leaves the caller."""
    path = f"/v1/projects/{await client.project()}/content"
    head = request("POST", path, authorized(client), f"Content-Type: {kind}", "Content-Length: 100000000000")
    refused = await ask(client.origin, head)
    assert (refused.status, refused.error["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_body_in_pieces_without_a_length_is_measured(client) -> None:
    async with await Wire.to(client.origin) as wire:
        wire.send(request("POST", "/v1/projects", authorized(client), "Transfer-Encoding: chunked"))
        for _ in range(40):
            wire.send(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
        refused = await wire.answer()
    assert (refused.status, refused.error["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_what_comes_after_the_announced_length_is_another_request(client) -> None:
    headers = [authorized(client), f"Content-Length: {len(PROJECT)}"]
    async with await Wire.to(client.origin) as wire:
        wire.send(request("POST", "/v1/projects", *headers, body=PROJECT + b"never a request\r\n\r\n"))
        first, second = await wire.answer(), await wire.answer()
    assert first.status in (0, 201)
    assert second.status in (0, 400)
    if second.status:
        assert second.error["code"] == "MALFORMED_REQUEST"


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -1"],
        ["Content-Length: 5x"],
        ["Content-Length: 99999999999999999999999999"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"],
        ["Bad Name: x"],
        ["X: a\x00b"],
        ["X: a\nY: b\x0bc"],
    ],
)
async def test_a_head_that_two_servers_could_read_differently_is_refused(client, headers: list[str]) -> None:
    refused = await ask(
        client.origin, request("POST", "/v1/projects", authorized(client), *headers, body=b"0\r\n\r\n")
    )
    assert (refused.status, refused.error["code"]) == (400, "MALFORMED_REQUEST")
    assert refused.named["connection"] == "close"


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"CONNECT layers.test:443 HTTP/1.1\r\nHost: layers.test:443\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_in_the_one_shape(client, data: bytes) -> None:
    refused = await ask(client.origin, data)
    assert (refused.status, refused.error["code"]) == (400, "MALFORMED_REQUEST")


async def test_too_many_requests_at_once_on_one_connection_end_it(client) -> None:
    async with await Wire.to(client.origin) as wire:
        wire.send(request("GET", "/v1/whoami", authorized(client)) * 500)
        answered = 0
        while (await wire.answer()).status:
            answered += 1
    assert answered < 500
    assert (await client.get("/v1/whoami")).status == 200


async def test_an_upgrade_is_ignored(client) -> None:
    headers = [authorized(client), "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    assert (await ask(client.origin, request("GET", "/v1/whoami", *headers))).status == 200


# JSON ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [20, 400, 5_000, 200_000])
@pytest.mark.parametrize("form", ["{0}", "-{0}", "{0}.5", "0.{0}", "1e{0}"])
async def test_a_number_of_any_size_is_taken_or_refused_but_never_a_fault(
    client, digits: int, form: str
) -> None:
    number = form.format("9" * digits)
    body = f'{{"name": "A", "timezone": "UTC", "metadata": {{"n": {number}}}}}'
    answer = await client.post(
        "/v1/projects", data=body.encode(), headers={"Content-Type": "application/json"}
    )
    assert answer.status in (201, 422), answer.raw
    if answer.status == 201:
        read = await client.get(f"/v1/projects/{answer['id']}")
        assert json.loads(read.raw)["metadata"] == answer["metadata"]


MADE_OF_FAULTS: dict[str, tuple[str, object]] = {
    "unknown fields": ("/v1/projects", {f"k{n}": 1 for n in range(80_000)}),
    "a field with a long name": ("/v1/projects", {"k" * 900_000: 1}),
    "items of a list": ("/v1/webhook-endpoints", {"url": "x", "events": ["e"] * 150_000}),
    "structures": ("/v1/content/cnt_x/publish", {"targets": [{"a": 1}] * 80_000}),
    "a long word": ("/v1/webhook-endpoints", {"url": "x", "events": ["e" * 900_000]}),
    "texts that cannot be stored": ("/v1/projects", {"metadata": {"k" * 400_000: ["\x00"] * 50_000}}),
    "options": (
        "/v1/content/cnt_x/publish",
        {"targets": [{"platformOptions": {f"o{n}": 1 for n in range(60_000)}}]},
    ),
}
"""Bodies of nearly 1 MiB: where to, and what."""


@pytest.mark.parametrize("name", MADE_OF_FAULTS)
async def test_a_body_made_of_faults_is_refused_in_a_moment_and_briefly(client, name: str) -> None:
    path, body = MADE_OF_FAULTS[name]
    started = time.process_time()
    answer = await client.post(path, body)
    assert (answer.status, answer.code) == (422, "VALIDATION")
    assert 0 < len(answer.details["issues"]) <= MOST_ISSUES
    assert len(answer.raw) < 500_000
    assert time.process_time() - started < 2  # the server is in this process


async def test_options_made_of_faults_are_refused_in_a_moment_and_briefly(client) -> None:
    project = await client.project()
    account, text = await client.account(project), await client.text(project)
    target = {"socialAccountId": account, "mode": "direct_publish", "platformOptions": {}}
    started = time.process_time()
    for options in ({"langs": ["?"] * 150_000}, {"o" * 900_000: 1}, {"langs": ["x" * 900_000]}):
        answer = await client.post(
            f"/v1/content/{text}/publish", {"targets": [{**target, "platformOptions": options}]}
        )
        assert (answer.status, answer.code) == (422, "VALIDATION")
        assert len(answer.raw) < 500_000
    assert time.process_time() - started < 2


async def test_a_long_text_costs_little_wherever_it_goes(client) -> None:
    """Half flags are the hardest to count: each looks back at all before it."""
    project = await client.project()
    accounts = [await client.account(project, name) for name in ("bluesky", "mastodon")]
    started = time.process_time()
    text = await client.text(project, "\U0001f1e9" * 60_000)
    targets = [
        {"socialAccountId": account, "mode": "direct_publish", "allowDuplicate": True} for account in accounts
    ] * 25
    answer = await client.post(f"/v1/content/{text}/validate", {"targets": targets})
    assert {issue["code"] for issue in answer["issues"]} == {"caption_too_long"}
    assert (await client.get(f"/v1/projects/{project}/content")).status == 200
    assert time.process_time() - started < 3

"""Where webhooks may go: nowhere private, unless the operator allows it, whatever a name stands for."""

import re
import socket

import pytest
from receiver import EVERYTHING, delivering, idle

from layers.outbound import url_issue

GOOD = (
    "https://example.com",
    "https://example.com:8443/hooks?tenant=1",
    "https://xn--mnchen-3ya.example",
    "https://93.184.215.14/hook",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/hook",
    "https://[64:ff9b::5db8:d70e]/hook",
)


@pytest.mark.parametrize("url", GOOD)
def test_public_addresses_may_be_told(url: str) -> None:
    assert url_issue(url, anywhere=False) is None
    assert url_issue(url, anywhere=True) is None


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "https://",
        "https:///path",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://example.com:99999",
        "https://[::1",
        "https://user:secret@example.com",
        "https://example.com/#part",
        "https://example.com/a b",
        "https://example.com\\@127.0.0.1",
        "https://exämple.com",
        "https://example.com/\n",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    for anywhere in (False, True):
        issue = url_issue(url, anywhere=anywhere)
        assert issue is not None
        assert (issue.path, issue.code) == ("url", "invalid_value")


PRIVATE = (
    "https://localhost",
    "https://api.localhost",
    "https://127.0.0.1",
    "https://10.0.0.8/hook",
    "https://192.168.1.1",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1",
    "https://[::1]",
    "https://[fd00::1]",
    "https://[::ffff:127.0.0.1]",
    "https://0.0.0.0",
    "https://192.0.0.192/opc/v1",
    "https://[64:ff9b::10.0.0.8]",
    "https://[64:ff9b::a9fe:a9fe]",
    "https://[64:ff9b:1::a00:8]",
    "https://[::ffff:0:127.0.0.1]",
    "https://[::127.0.0.1]",
    "https://[2002:7f00:1::]",
    "https://[fec0::1]",
    "https://[3fff::1]",
    "https://[5f00::1]",
    "https://[ff02::1]",
)


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_may_be_told_if_allowed(url: str) -> None:
    issue = url_issue(url, anywhere=False)
    assert issue is not None
    assert (issue.path, issue.code) == ("url", "private_address")
    assert url_issue(url, anywhere=True) is None


def test_plain_http_is_for_private_networks() -> None:
    issue = url_issue("http://example.com", anywhere=False)
    assert issue is not None
    assert issue.code == "invalid_value"
    assert url_issue("http://127.0.0.1:3000/hook", anywhere=True) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_no_private_address_is_connected_to(client, pool, shared, receiver, host: str) -> None:
    """Asked again at the moment of connecting, so that no spelling and no change of settings helps."""
    url = receiver.url.replace("127.0.0.1", host)
    endpoint = await client.made("/v1/webhook-endpoints", {"url": url, "events": EVERYTHING})
    async with delivering(shared, anywhere=False):
        await client.text(await client.project())
        await idle(pool)
    answer = await client.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries")
    [tried] = answer["items"][0]["tries"]
    assert (tried["status"], receiver.heard) == (None, [])
    assert re.search("not a (public address|canonical IPv4 address)", tried["error"])


async def test_a_name_that_changes_its_address_gains_nothing(
    client, pool, shared, receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: a public address for whoever asks first, the loopback address for the connection."""
    real, asked = socket.getaddrinfo, []

    def rebinding(host, port, *rest, **options):
        if host != "rebind.example":
            return real(host, port, *rest, **options)
        asked.append(host)
        return real("93.184.215.14" if len(asked) == 1 else "127.0.0.1", port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert socket.getaddrinfo("rebind.example", 80)[0][4][0] == "93.184.215.14"
    url = receiver.url.replace("127.0.0.1", "rebind.example")
    endpoint = await client.made("/v1/webhook-endpoints", {"url": url, "events": EVERYTHING})
    async with delivering(shared, anywhere=False):
        await client.text(await client.project())
        await idle(pool)
    answer = await client.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries")
    assert "127.0.0.1 is not a public address" in answer["items"][0]["tries"][0]["error"]
    assert (len(asked), receiver.heard) == (2, [])

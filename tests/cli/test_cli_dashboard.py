"""`layers dashboard link`: signs one person in, once, with what their role may do."""

import json
from typing import Any

import pytest
from test_cli_posts import command

from layers.access.keys import ROLES
from layers.settings import Settings


async def test_a_link_signs_one_person_in_once(client: Any, shared: Any):
    status, out, err = await command(shared, "dashboard", "link", "--role", "reviewer", "--json")
    assert status == 0, err
    made = json.loads(out)
    origin, token = made["url"].split("/dashboard/sign-in#")
    assert origin == Settings().public_origin  # of the command, which has no settings here
    headers = {"X-Layers-Session": "1"}
    first = await client.post("/dashboard/session", {"link": token}, headers=headers)
    assert (first.status, first["organizationId"]) == (200, client.organization_id)
    assert set(first["scopes"]) == set(ROLES["reviewer"])
    second = await client.post("/dashboard/session", {"link": token}, headers=headers)
    assert (second.status, second.code) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--role", "king"), "no role king"), (("--env", "moon"), "live or test"), ((), "--org")],
)
async def test_what_is_not_clear_is_refused_in_a_line(
    client: Any, join: Any, shared: Any, arguments: tuple[str, ...], words: str
):
    await join("Other")
    status, _, err = await command(shared, "dashboard", "link", *arguments)
    assert status != 0
    assert words in err

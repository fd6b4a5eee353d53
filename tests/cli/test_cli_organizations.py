"""`layers organizations` as a process of its own: the kill switch of a whole organisation."""

import getpass
import json
from typing import Any

import pytest
from test_cli_posts import command


@pytest.mark.parametrize("named", ["organization_id", "name"])
async def test_an_organisation_is_killed_and_revived(client: Any, shared: Any, pool: Any, named: str):
    org = client.organization_id if named == "organization_id" else "Acme"
    status, out, err = await command(shared, "organizations", "kill", org, "--json")
    assert status == 0, err
    killed = json.loads(out)["organization"]
    assert (killed["id"], killed["name"]) == (client.organization_id, "Acme")
    assert killed["killedAt"]
    assert (await client.get("/v1/whoami")).details == {"scope": "organization"}
    _, out, _ = await command(shared, "organizations", "kill", org, "--json")
    assert json.loads(out)["organization"] == killed
    _, out, _ = await command(shared, "organizations", "list", "--json")
    assert json.loads(out)["items"] == [killed]
    _, out, _ = await command(shared, "organizations", "list")
    assert all(word in out for word in ("Acme", "killed", client.organization_id))
    status, out, _ = await command(shared, "organizations", "revive", org)
    assert (status, "is active" in out) == (0, True)
    assert (await client.get("/v1/whoami")).status == 200
    rows = await pool.fetch("SELECT type, actor FROM events WHERE type ~ '^organization' ORDER BY position")
    actor = f"cli:{getpass.getuser()}"
    assert [tuple(row) for row in rows] == [
        ("organization.killed", actor),
        ("organization.revived", actor),
    ]


async def test_one_that_is_not_there_is_refused(client: Any, shared: Any):
    status, _, err = await command(shared, "organizations", "kill", "org_none")
    assert (status, "There is no organisation org_none." in err) == (1, True)

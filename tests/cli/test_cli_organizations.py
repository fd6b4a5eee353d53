"""`layers organizations`: the kill switch of a whole organisation."""

import getpass
import json
from typing import Any

from test_cli_posts import command


async def test_an_organisation_is_killed_by_name_and_revived_by_id(client: Any, shared: Any, pool: Any):
    project = await client.project()
    account = await client.account(project)
    [post] = (await client.publish(await client.text(project), account))["scheduledPostIds"]
    status, out, err = await command(shared, "organizations", "kill", "Acme", "--json")
    assert status == 0, err
    killed = json.loads(out)["organization"]
    assert (killed["id"], killed["name"]) == (client.organization_id, "Acme")
    assert killed["killedAt"]
    assert (await client.get("/v1/whoami")).details == {"scope": "organization"}
    _, out, _ = await command(shared, "organizations", "list")
    assert all(word in out for word in ("Acme", "killed", client.organization_id))
    revive = ("organizations", "revive", client.organization_id, "--cancel-queued")
    status, out, _ = await command(shared, *revive)
    assert (status, "is active" in out) == (0, True)
    assert (await client.get("/v1/whoami")).status == 200
    assert (await client.get(f"/v1/scheduled-posts/{post}"))["status"] == "canceled"
    rows = await pool.fetch("SELECT type, actor FROM events WHERE actor ~ '^cli:' ORDER BY position")
    actor = f"cli:{getpass.getuser()}"
    assert [tuple(row) for row in rows] == [
        ("organization.killed", actor),
        ("organization.revived", actor),
        ("post.canceled", actor),
    ]


async def test_one_that_is_not_there_is_refused(client: Any, shared: Any):
    status, _, err = await command(shared, "organizations", "kill", "org_none")
    assert (status, "There is no organisation org_none." in err) == (1, True)

"""Social accounts: connecting, listing, defaults, revoking."""

import pytest
from arrange import Z, moment

PLATFORMS = ["bluesky", "tiktok"]


async def connect(client, project: str, platform: object = "bluesky", **credential: object):
    return await client.post(
        f"/v1/projects/{project}/social-accounts", {"platform": platform, "credential": credential}
    )


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_test_key_connects_a_sandbox_account(client, platform: str) -> None:
    project = await client.project()
    answer = await connect(client, project, platform, handle="ann.test")
    assert answer.status == 201
    shown = {
        *("socialAccountId", "projectId", "platform", "handle", "displayName", "avatarUrl", "status"),
        *("connectedAt", "tokenExpiresAt"),
    }
    assert shown <= answer.json.keys() <= shown | {"postDefaults"}
    assert (answer["projectId"], answer["platform"], answer["status"]) == (project, platform, "connected")
    assert answer["socialAccountId"].startswith("sa_")
    assert Z.fullmatch(answer["connectedAt"])


async def test_no_token_is_ever_shown(client, pool) -> None:
    project = await client.project()
    answer = await connect(client, project, handle="ann.test")
    listed = await client.get(f"/v1/projects/{project}/social-accounts")
    for raw in (answer.raw, listed.raw):
        assert not any(
            word in raw.lower()
            for word in (b"secret", b"accesstoken", b"password", b"accessjwt", b"refreshjwt")
        )
    sealed = await pool.fetchval(
        "SELECT sealed_secrets FROM social_accounts WHERE id = $1", answer["socialAccountId"]
    )
    assert b"ann.test" not in sealed


@pytest.mark.parametrize(
    ("platform", "credential", "path"),
    [
        ("myspace", {"handle": "ann"}, "platform"),
        ("", {"handle": "ann"}, "platform"),
        ("BLUESKY", {"handle": "ann"}, "platform"),
        (7, {"handle": "ann"}, "platform"),
        ("bluesky", {}, "credential"),
        ("bluesky", {"handle": ""}, "credential"),
        ("bluesky", {"handle": "  "}, "credential"),
        ("bluesky", {"handle": "x" * 101}, "credential"),
        ("bluesky", {"handle": "ann", "password": "x"}, "credential"),
        ("bluesky", {"identifier": "ann"}, "credential"),
    ],
)
async def test_a_wrong_credential_is_refused(client, platform: object, credential: dict, path: str) -> None:
    answer = await connect(client, await client.project(), platform, **credential)
    assert answer.status == 422
    assert {at.partition(".")[0] for at, _ in answer.issues} == {path}


async def test_the_same_identity_keeps_its_id(client) -> None:
    project = await client.project()
    first = await connect(client, project, handle="ann.test")
    again = await connect(client, project, handle="ann.test")
    assert again.status == 201
    assert again["socialAccountId"] == first["socialAccountId"]
    assert moment(again["connectedAt"]) > moment(first["connectedAt"])
    assert len((await client.get(f"/v1/projects/{project}/social-accounts"))["items"]) == 1


async def test_another_project_gets_an_account_of_its_own(client) -> None:
    ids = {await client.account(await client.project()) for _ in range(2)}
    assert len(ids) == 2


async def test_connecting_again_revives_a_revoked_account(client) -> None:
    project = await client.project()
    account = await client.account(project)
    await client.delete(f"/v1/social-accounts/{account}")
    again = await connect(client, project, handle="ann.test")
    assert (again["socialAccountId"], again["status"]) == (account, "connected")
    assert "disconnectedAt" not in again.json
    assert (await client.publish(await client.text(project), account)).status == 200


async def test_accounts_are_listed_newest_first_and_filtered(client) -> None:
    project = await client.project()
    path = f"/v1/projects/{project}/social-accounts"
    ann = await client.account(project, handle="ann.test")
    bob = await client.account(project, handle="bob.test")
    tok = await client.account(project, "tiktok", "tok")
    await client.delete(f"/v1/social-accounts/{bob}")

    async def ids(query: str) -> list[str]:
        return [item["socialAccountId"] for item in (await client.get(path + query))["items"]]

    assert await ids("") == [tok, bob, ann]
    assert await ids("?platform=bluesky") == [bob, ann]
    assert await ids("?status=connected") == [tok, ann]
    assert await ids("?status=disconnected&platform=bluesky") == [bob]
    assert await ids("?platform=myspace") == []
    first = await client.get(f"{path}?limit=2")
    assert await ids(f"?limit=2&cursor={first['nextCursor']}") == [ann]
    assert (await client.get(f"{path}?status=lost")).status == 422


# Defaults --------------------------------------------------------------------------------------------


async def test_defaults_are_set_and_replaced(client) -> None:
    account = await client.account(await client.project(), "tiktok", "tok")
    for defaults in ({"privacyLevel": "SELF_ONLY", "disableDuet": True}, {"disableStitch": False}, {}):
        answer = await client.patch(f"/v1/social-accounts/{account}", {"postDefaults": defaults})
        assert answer.status == 200
        assert answer.json.get("postDefaults", {}) == defaults


@pytest.mark.parametrize(
    ("defaults", "expected"),
    [
        ({"nonsense": 1}, {("postDefaults.nonsense", "unknown_field")}),
        ({"privacyLevel": "EVERYBODY"}, {("postDefaults.privacyLevel", "invalid_value")}),
        ({"disableDuet": "yes"}, {("postDefaults.disableDuet", "wrong_type")}),
        (
            {"disableDuet": 1, "x": 2, "disableStitch": True},
            {("postDefaults.disableDuet", "wrong_type"), ("postDefaults.x", "unknown_field")},
        ),
        ([], {("postDefaults", "wrong_type")}),
    ],
)
async def test_wrong_defaults_are_refused(client, defaults: object, expected: set) -> None:
    account = await client.account(await client.project(), "tiktok", "tok")
    answer = await client.patch(f"/v1/social-accounts/{account}", {"postDefaults": defaults})
    assert answer.status == 422
    if isinstance(defaults, dict):
        codes = {path for path, _ in expected}
        assert {path for path, _ in answer.issues} == codes
    else:
        assert answer.issues == expected


# Revoking --------------------------------------------------------------------------------------------


async def test_revoking_cancels_what_is_queued(client, pool) -> None:
    project = await client.project()
    ann, bob = await client.account(project), await client.account(project, handle="bob.test")
    container = await client.text(project)
    anns, bobs = (await client.publish(container, ann, bob))["scheduledPostIds"]
    answer = await client.delete(f"/v1/social-accounts/{ann}")
    assert answer.status == 200
    assert answer.json == {
        "socialAccountId": ann,
        "status": "disconnected",
        "disconnectedReason": answer["disconnectedReason"],
        "canceledScheduledPosts": 1,
        "disconnectedAt": answer["disconnectedAt"],
    }
    assert answer["disconnectedReason"]
    assert (await client.get(f"/v1/scheduled-posts/{anns}"))["status"] == "canceled"
    assert (await client.get(f"/v1/scheduled-posts/{bobs}"))["status"] == "queued"
    assert (await client.delete(f"/v1/social-accounts/{ann}")).json == answer.json
    [shown] = (await client.get(f"/v1/projects/{project}/social-accounts?status=disconnected"))["items"]
    assert shown["disconnectedAt"] == answer["disconnectedAt"]
    assert await pool.fetchval("SELECT sealed_secrets FROM social_accounts WHERE id = $1", ann) is None


@pytest.mark.parametrize("status", ["disconnected", "reauth_required"])
async def test_nothing_is_published_to_an_account_that_lost_its_credential(client, pool, status: str) -> None:
    project = await client.project()
    account, container = await client.account(project), await client.text(project)
    await pool.execute("UPDATE social_accounts SET status = $2 WHERE id = $1", account, status)
    answer = await client.publish(container, account)
    assert (answer.status, answer.code) == (409, "CREDENTIAL_INVALID")
    assert answer.details == {"socialAccountId": account, "status": status}

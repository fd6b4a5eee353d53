"""The audit log: who did what, newest first, of one's own environment."""

from dataclasses import replace

from arrange import Z

LOG = "/v1/audit-log"


async def test_what_was_done_is_told_with_who_and_by_which_request(client) -> None:
    made = await client.post("/v1/projects", {"name": "P", "timezone": "UTC"})
    [event] = (await client.get(f"{LOG}?eventType=project.created"))["items"]
    assert Z.fullmatch(event["occurredAt"])
    assert event == {
        "eventId": event["eventId"],
        "eventType": "project.created",
        "occurredAt": event["occurredAt"],
        "requestId": made.headers["x-request-id"],
        "organizationId": client.organization_id,
        "projectId": made["id"],
        "apiKeyId": client.api_key_id,
        "actor": f"api_{client.api_key_id}",
        "data": event["data"],
    }


async def test_every_change_of_keys_is_there(client) -> None:
    key = (await client.post("/v1/api-keys", {"name": "n", "scopes": ["*"]}))["apiKey"]["apiKeyId"]
    await client.post(f"/v1/api-keys/{key}/rotate")
    await client.post(f"/v1/api-keys/{key}/kill")
    await client.delete(f"/v1/api-keys/{key}")
    kinds = [event["eventType"] for event in (await client.get(LOG))["items"]]
    assert kinds == [
        "api_key.deleted",
        "api_key.killed",
        "api_key.rotated",
        "api_key.created",
        "api_key.created",
    ]


async def test_it_is_narrowed_and_paged(client) -> None:
    one, two = [await client.project() for _ in range(2)]
    await client.text(one)
    everything = [event["eventId"] for event in (await client.get(LOG))["items"]]
    first = await client.get(f"{LOG}?limit=2")
    rest = await client.get(f"{LOG}?limit=200&cursor={first['nextCursor']}")
    assert [event["eventId"] for page in (first, rest) for event in page["items"]] == everything
    of_one = (await client.get(f"{LOG}?projectId={one}"))["items"]
    assert of_one
    assert {event["projectId"] for event in of_one} == {one}
    [oldest] = (await client.get(f"{LOG}?projectId={two}"))["items"]
    since = (await client.get(f"{LOG}?since={oldest['occurredAt']}"))["items"]
    until = (await client.get(f"{LOG}?until={oldest['occurredAt']}"))["items"]
    assert {event["eventId"] for event in (*since, *until)} == {*everything}
    assert [e["eventId"] for e in since if e in until] == [oldest["eventId"]]
    assert (await client.get(f"{LOG}?apiKeyId=key_other"))["items"] == []


async def test_others_and_the_other_environment_are_not_seen(join) -> None:
    test, live = await join("Both Inc", "test", ["*"]), await join("Both Inc", "live", ["*"])
    stranger = await join("Nosy Inc", "test", ["*"])
    project = await test.project()
    for other in (live, stranger):
        seen = (await other.get(LOG)).raw.decode()
        assert project not in seen
        assert test.api_key_id not in seen
    assert project in (await test.get(LOG)).raw.decode()


async def test_a_time_without_a_zone_is_refused(client) -> None:
    answer = await client.get(f"{LOG}?since=2026-01-01T00:00:00")
    assert (answer.status, answer.details["issues"][0]["path"]) == (422, "since")


async def test_several_types_can_be_asked_for(client) -> None:
    project = await client.project()
    await client.patch(f"/v1/projects/{project}", {"name": "other"})
    await client.text(project)
    wanted = ["project.updated", "project.created"]
    for query in ("eventType=project.created&eventType=project.updated", f"eventType={','.join(wanted)}"):
        assert [e["eventType"] for e in (await client.get(f"{LOG}?{query}"))["items"]] == wanted
    assert (await client.get(f"{LOG}?eventType=no.such"))["items"] == []


async def test_it_is_narrowed_to_a_key(client) -> None:
    made = await client.made("/v1/api-keys", {"name": "n", "scopes": ["projects:write"]})
    other = replace(client, key=made["key"], api_key_id=made["apiKey"]["apiKeyId"])
    project = await other.project()
    [event] = (await client.get(f"{LOG}?apiKeyId={other.api_key_id}"))["items"]
    assert (event["eventType"], event["projectId"]) == ("project.created", project)

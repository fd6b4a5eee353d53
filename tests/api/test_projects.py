"""Projects and their approval policy."""

from datetime import timedelta

import msgspec
import pytest
from arrange import Z, moment


async def test_a_project_is_made_and_read(client) -> None:
    body = {
        "name": "Müller & Töchter",
        "timezone": "America/Argentina/Buenos_Aires",
        "customerExternalId": "c-1",
        "metadata": {"plan": ["a", {"b": None}], "n": 1.5},
        "publishLeadSeconds": 30,
    }
    made = await client.post("/v1/projects", body)
    assert made.status == 201
    assert made.json.keys() == {
        *("id", "name", "timezone", "customerExternalId", "metadata", "publishLeadSeconds"),
        *("status", "createdAt", "updatedAt", "archivedAt", "erasedAt"),
    }
    assert body.items() <= made.json.items()
    assert made["id"].startswith("prj_")
    assert len(made["id"]) == 30
    assert Z.fullmatch(made["createdAt"])
    assert (made["status"], made["archivedAt"]) == ("active", None)
    assert (await client.get(f"/v1/projects/{made['id']}")).json == made.json


async def test_what_may_be_left_out_has_defaults(client) -> None:
    made = await client.made("/v1/projects", {"name": "A", "timezone": "UTC"})
    assert (made["customerExternalId"], made["metadata"], made["publishLeadSeconds"]) == (None, {}, 0)


GOOD = {"name": "A", "timezone": "UTC"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("name", "required"), ("timezone", "required")}),
        ({"name": "", "timezone": "UTC"}, {("name", "invalid_value")}),
        ({"name": "x" * 201, "timezone": "UTC"}, {("name", "invalid_value")}),
        ({"name": "A", "timezone": "Mars/Olympus"}, {("timezone", "unknown_timezone")}),
        ({"name": "A", "timezone": "CEST+2"}, {("timezone", "unknown_timezone")}),
        ({"name": "A", "timezone": "../etc/passwd"}, {("timezone", "unknown_timezone")}),
        ({**GOOD, "publishLeadSeconds": 301}, {("publishLeadSeconds", "out_of_range")}),
        ({**GOOD, "publishLeadSeconds": -1}, {("publishLeadSeconds", "out_of_range")}),
        ({**GOOD, "publishLeadSeconds": "1"}, {("publishLeadSeconds", "wrong_type")}),
        ({**GOOD, "metadata": []}, {("metadata", "wrong_type")}),
        ({**GOOD, "metadata": {"x": "y" * 8200}}, {("metadata", "too_large")}),
        ({**GOOD, "customerExternalId": "x" * 256}, {("customerExternalId", "invalid_value")}),
        (
            {"timezone": "Nowhere", "publishLead": 1, "name": 7},
            {("name", "wrong_type"), ("publishLead", "unknown_field")},
        ),
    ],
)
async def test_what_is_wrong_is_named(client, body: object, expected: set[tuple[str, str]]) -> None:
    answer = await client.post("/v1/projects", body)
    assert (answer.status, answer.issues) == (422, expected)


async def test_metadata_may_have_8_kib_exactly(client) -> None:
    room = 8 * 1024 - len(msgspec.json.encode({"x": ""}))
    assert (await client.post("/v1/projects", {**GOOD, "metadata": {"x": "y" * room}})).status == 201
    assert (await client.post("/v1/projects", {**GOOD, "metadata": {"x": "y" * (room + 1)}})).status == 422


async def test_a_patch_changes_what_it_names(client) -> None:
    project = await client.project(customerExternalId="c-1", metadata={"a": 1})
    before = (await client.get(f"/v1/projects/{project}")).json
    changed = await client.patch(f"/v1/projects/{project}", {"name": "B", "customerExternalId": None})
    assert changed.status == 200
    assert moment(changed["updatedAt"]) > moment(before["updatedAt"])
    expected = {**before, "name": "B", "customerExternalId": None, "updatedAt": changed["updatedAt"]}
    assert changed.json == expected == (await client.get(f"/v1/projects/{project}")).json


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("$", "required")}),
        ({"name": None}, {("name", "wrong_type")}),
        ({"timezone": "Nowhere"}, {("timezone", "unknown_timezone")}),
        ({"status": "archived"}, {("status", "unknown_field")}),
        ({"id": "prj_x", "metadata": 1}, {("id", "unknown_field"), ("metadata", "wrong_type")}),
    ],
)
async def test_a_wrong_patch_is_refused(client, body: object, expected: set[tuple[str, str]]) -> None:
    answer = await client.patch(f"/v1/projects/{await client.project()}", body)
    assert (answer.status, answer.issues) == (422, expected)


# Lists -----------------------------------------------------------------------------------------------


async def test_a_list_is_paged_newest_first(client) -> None:
    made = [await client.project() for _ in range(5)]
    seen, sizes, cursor = [], [], None
    while True:
        page = await client.get("/v1/projects?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        seen += [item["id"] for item in page["items"]]
        sizes.append(len(page["items"]))
        if not (cursor := page["nextCursor"]):
            break
    assert (seen, sizes) == (made[::-1], [2, 2, 1])


async def test_a_full_last_page_has_no_cursor(client) -> None:
    for _ in range(2):
        await client.project()
    page = await client.get("/v1/projects?limit=2")
    assert (len(page["items"]), page["nextCursor"]) == (2, None)


async def test_what_is_made_while_paging_does_not_shift_pages(client) -> None:
    old = [await client.project() for _ in range(3)]
    first = await client.get("/v1/projects?limit=2")
    await client.project()
    second = await client.get(f"/v1/projects?limit=2&cursor={first['nextCursor']}")
    assert [item["id"] for item in second["items"]] == old[:1]


@pytest.mark.parametrize("cursor", ["x", "", "%00", "....", "W10", "WyJ4Il0", "eyJhIjoxfQ", "é"])
async def test_a_malformed_cursor_is_refused(client, cursor: str) -> None:
    answer = await client.get(f"/v1/projects?cursor={cursor}")
    assert (answer.status, answer.code) == (422, "VALIDATION")


async def test_a_cursor_belongs_to_its_query(client, join) -> None:
    for _ in range(3):
        project = await client.project()
    cursor = (await client.get("/v1/projects?limit=1"))["nextCursor"]
    stranger = await join("Cursor thief")
    for caller, path in ((stranger, "/v1/projects"), (client, f"/v1/projects/{project}/content")):
        answer = await caller.get(f"{path}?cursor={cursor}")
        assert (answer.status, answer.issues) == (422, {("cursor", "invalid_cursor")})


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5"])
async def test_a_limit_out_of_bounds_is_refused(client, limit: str) -> None:
    answer = await client.get(f"/v1/projects?limit={limit}")
    assert (answer.status, {path for path, _ in answer.issues}) == (422, {"limit"})


# Archiving -------------------------------------------------------------------------------------------


async def test_archiving_cancels_what_is_queued(client) -> None:
    project = await client.project()
    account = await client.account(project)
    posts = [
        (await client.publish(await client.text(project), account))["scheduledPostIds"][0] for _ in range(2)
    ]
    archived = await client.delete(f"/v1/projects/{project}")
    assert archived.status == 200
    assert archived.json.keys() == {"id", "status", "archivedAt", "canceledScheduledPosts"}
    assert (archived["status"], archived["canceledScheduledPosts"]) == ("archived", 2)
    for post in posts:
        assert (await client.get(f"/v1/scheduled-posts/{post}"))["status"] == "canceled"
    assert (await client.delete(f"/v1/projects/{project}")).json == archived.json
    read = await client.get(f"/v1/projects/{project}")
    assert (read["status"], read["archivedAt"]) == ("archived", archived["archivedAt"])


async def test_nothing_new_is_done_in_an_archived_project(client) -> None:
    project = await client.project()
    account = await client.account(project)
    container = await client.text(project)
    await client.delete(f"/v1/projects/{project}")
    answers = [
        await client.publish(container, account),
        await client.post(f"/v1/projects/{project}/content", {"kind": "text", "caption": "x"}),
        await client.post(
            f"/v1/projects/{project}/social-accounts",
            {"platform": "bluesky", "credential": {"handle": "bob.test"}},
        ),
        await client.patch(f"/v1/projects/{project}", {"name": "B"}),
        await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True}),
    ]
    assert {(a.status, a.code, a.details["subcode"]) for a in answers} == {
        (409, "CONFLICT", "PROJECT_ARCHIVED")
    }


# Policy ----------------------------------------------------------------------------------------------


async def test_a_new_project_requires_no_approval(client) -> None:
    project = await client.project()
    policy = await client.get(f"/v1/projects/{project}/approval-policy")
    assert policy.json == {
        "projectId": project,
        "requiresApproval": False,
        "firstNPostsBlocked": None,
        "autoApproveAfter": None,
        "updatedAt": policy["updatedAt"],
    }


async def test_a_policy_is_changed_field_by_field(client) -> None:
    path = f"/v1/projects/{await client.project()}/approval-policy"
    await client.patch(path, {"requiresApproval": True, "autoApproveAfter": "PT1H"})
    changed = await client.patch(path, {"firstNPostsBlocked": 50})
    assert changed.status == 200
    assert (changed["requiresApproval"], changed["firstNPostsBlocked"]) == (True, 50)
    assert changed.json == (await client.get(path)).json
    cleared = await client.patch(path, {"firstNPostsBlocked": None, "autoApproveAfter": None})
    assert (cleared["firstNPostsBlocked"], cleared["autoApproveAfter"]) == (None, None)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        *(("PT30M", 1800), ("PT0.5S", 0.5), ("PT0,5S", 0.5), ("P1D", 86_400), ("P1DT2H3M4S", 93_784)),
        *(
            ("P2W", 14 * 86_400),
            ("P1M", 30 * 86_400),
            ("P1Y", 365 * 86_400),
            ("P1M1W1DT1H", 38 * 86_400 + 3600),
        ),
    ],
)
async def test_durations_are_iso_8601(client, given: str, seconds: float) -> None:
    path = f"/v1/projects/{await client.project()}/approval-policy"
    assert (await client.patch(path, {"autoApproveAfter": given})).status == 200
    shown = (await client.get(path))["autoApproveAfter"]
    assert isinstance(shown, str)
    assert msgspec.convert(shown, timedelta).total_seconds() == seconds


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("$", "required")}),
        ({"firstNPostsBlocked": 51}, {("firstNPostsBlocked", "out_of_range")}),
        ({"firstNPostsBlocked": -1}, {("firstNPostsBlocked", "out_of_range")}),
        ({"requiresApproval": None}, {("requiresApproval", "wrong_type")}),
        ({"requires_approval": True}, {("requires_approval", "unknown_field")}),
        ({"autoApproveAfter": "PT0S"}, {("autoApproveAfter", "out_of_range")}),
        ({"autoApproveAfter": "-PT1H"}, {("autoApproveAfter", "out_of_range")}),
        ({"autoApproveAfter": "P366D"}, {("autoApproveAfter", "out_of_range")}),
        ({"autoApproveAfter": "P1Y1D"}, {("autoApproveAfter", "out_of_range")}),
        ({"autoApproveAfter": "P999999999Y"}, {("autoApproveAfter", "out_of_range")}),
        ({"autoApproveAfter": "1 hour"}, {("autoApproveAfter", "invalid_value")}),
    ],
)
async def test_a_wrong_policy_is_refused(client, body: object, expected: set[tuple[str, str]]) -> None:
    answer = await client.patch(f"/v1/projects/{await client.project()}/approval-policy", body)
    assert (answer.status, answer.issues) == (422, expected)


@pytest.mark.parametrize("given", ["1 hour", "P", "PT", "P1DT", "P1H", "PT1D", "P1W2M", "P-1D", "", 3600])
async def test_what_is_no_duration_is_refused(client, given: object) -> None:
    path = f"/v1/projects/{await client.project()}/approval-policy"
    answer = await client.patch(path, {"autoApproveAfter": given})
    assert (answer.status, {at for at, _ in answer.issues}) == (422, {"autoApproveAfter"})

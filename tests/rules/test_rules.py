"""What publishing decides, from plain values: each refusal of contract 2.3, who comes first, and each bound."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from layers.api import errors
from layers.connector import Limits, Media, MediaLimit, Mode, Option, Source, TextLimit
from layers.platforms import CONNECTORS
from layers.publishing import rules
from layers.publishing.rules import AccountFacts, Subject
from layers.publishing.schemas import PostStatus, Target

SOURCE = Source("https://example.com/limits", "2026-11-01")
PHOTO = MediaLimit(("image/jpeg",), 1000, SOURCE)
FILM = MediaLimit(("video/mp4",), 1000, SOURCE)
SHORT = TextLimit(10, "codepoint", SOURCE)
LIMITS = {
    "chirp": Limits(
        "chirp",
        "Chirp",
        {
            "direct_publish": Mode(
                kinds={"text": (0, 0), "image": (1, 1)},
                caption={"text": SHORT, "image": SHORT},
                media={"image": PHOTO},
                options={
                    "langs": Option("string[]", "languages", source=SOURCE),
                    "loud": Option("boolean", "louder", source=SOURCE),
                },
                first_comment=SHORT,
            ),
        },
    ),
    "reel": Limits(
        "reel",
        "Reel",
        {
            "direct_publish": Mode({"video": (1, 1)}, {"video": SHORT}, {"video": FILM}),
            "draft_to_device": Mode({"video": (1, 1)}, {"video": None}, {"video": FILM}),
        },
    ),
}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STEP = timedelta(microseconds=1)


def limits_of(account: AccountFacts) -> Limits:
    return LIMITS[account.platform]


def account(id: str = "sa_1", **facts: str) -> AccountFacts:  # noqa: A002
    return replace(AccountFacts(id, "prj_1", "chirp", "connected", "ann"), **facts)


def subject(**facts: object) -> Subject:
    text = Subject(
        container_id="cnt_1",
        project_id="prj_1",
        kind="text",
        status="completed",
        approval_status="not_required",
        caption="hello",
        first_comment=None,
        archived=False,
        publish_lead_seconds=0,
        requires_approval=False,
        first_n_posts_blocked=None,
        approved_count=0,
        media=[],
        accounts=[account()],
    )
    return replace(text, **facts)


def video(**facts: object) -> Subject:
    film = Media(
        id="ast_1",
        kind="video",
        mime_type="video/mp4",
        size_bytes=9,
        sha256="",
        object_key="",
        width=9,
        height=9,
    )
    return subject(**{"kind": "video", "media": [film], "accounts": [account(platform="reel")], **facts})


def target(account_id: str = "sa_1", mode: str = "direct_publish", **fields: object) -> Target:
    return Target(account_id, mode, **fields)


def issues(about: Subject, *targets: Target) -> list[tuple[str, str]]:
    return [(issue.path, issue.code) for issue in rules.target_issues(about, targets, limits_of)]


# The error table of publish --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "targets", "expected", "details"),
    [
        (subject(), [target(mode="reels")], errors.Validation, {}),
        (subject(caption="x" * 11), [target()], errors.Validation, {}),
        (video(accounts=[account()]), [target()], errors.Validation, {}),
        (subject(), [target("sa_unknown")], errors.NotFound, None),
        (subject(status="queued"), [target()], errors.Conflict, {"subcode": "CONTAINER_NOT_COMPLETED"}),
        (subject(status="generating"), [target()], errors.Conflict, {"subcode": "CONTAINER_NOT_COMPLETED"}),
        (subject(status="failed"), [target()], errors.Conflict, {"subcode": "CONTAINER_NOT_COMPLETED"}),
        (subject(status="canceled"), [target()], errors.Conflict, {"subcode": "CONTAINER_NOT_COMPLETED"}),
        (subject(approval_status="rejected"), [target()], errors.ContentRejected, None),
        (subject(archived=True), [target()], errors.Conflict, {"subcode": "PROJECT_ARCHIVED"}),
        (
            subject(accounts=[account(status="reauth_required")]),
            [target()],
            errors.CredentialInvalid,
            {"socialAccountId": "sa_1", "status": "reauth_required"},
        ),
        (
            subject(accounts=[account(status="disconnected")]),
            [target()],
            errors.CredentialInvalid,
            {"socialAccountId": "sa_1", "status": "disconnected"},
        ),
    ],
)
def test_each_refusal(
    about: Subject, targets: list[Target], expected: type[errors.Problem], details: dict[str, object] | None
) -> None:
    with pytest.raises(errors.Problem) as refusal:
        rules.plan(about, targets, limits_of)
    assert type(refusal.value) is expected
    if details is None:
        assert refusal.value.details is None
    else:
        assert refusal.value.details is not None
        assert details.items() <= refusal.value.details.items()
    assert not refusal.value.commits


def test_a_refusal_of_the_container_comes_first_and_a_reconnect_last() -> None:
    """Everything is wrong at once; each cause mended uncovers the next."""
    about = subject(
        archived=True,
        status="queued",
        approval_status="rejected",
        caption="x" * 11,
        accounts=[account(status="disconnected")],
    )
    targets = [target(), target("sa_unknown")]
    mends: list[tuple[type[errors.Problem], Callable[[Subject], Subject]]] = [
        (errors.Conflict, lambda s: replace(s, archived=False)),
        (errors.Conflict, lambda s: replace(s, status="completed")),
        (errors.ContentRejected, lambda s: replace(s, approval_status="approved")),
        (errors.NotFound, lambda s: replace(s, accounts=[*s.accounts, account("sa_unknown")])),
        (errors.Validation, lambda s: replace(s, caption="short")),
        (errors.CredentialInvalid, lambda s: replace(s, accounts=[account(), account("sa_unknown")])),
    ]
    for expected, mend in mends:
        with pytest.raises(errors.Problem) as refusal:
            rules.plan(about, targets, limits_of)
        assert type(refusal.value) is expected
        about = mend(about)
    assert [post.account.id for post in rules.plan(about, targets, limits_of)] == ["sa_1", "sa_unknown"]


def test_one_bad_target_refuses_all() -> None:
    about = subject(accounts=[account(), account("sa_2")])
    with pytest.raises(errors.Validation) as refusal:
        rules.plan(about, [target(), target("sa_2", "nonsense")], limits_of)
    assert [issue.path for issue in refusal.value.issues] == ["targets[1].mode"]


def test_a_plan_takes_overrides_for_its_target_alone() -> None:
    about = subject(first_comment="first", accounts=[account(), account("sa_2"), account("sa_3")])
    plain, own, silent = rules.plan(
        about,
        [
            target(),
            target("sa_2", caption_override="own", first_comment_override="own 1st"),
            target("sa_3", caption_override="", first_comment_override=""),
        ],
        limits_of,
    )
    assert (plain.caption, plain.first_comment) == ("hello", "first")
    assert (own.caption, own.first_comment) == ("own", "own 1st")
    assert (silent.caption, silent.first_comment) == ("", None)


# Approval --------------------------------------------------------------------------------------------

COUNTS = st.integers(0, 60)


@given(first_n=st.none() | COUNTS, approved=COUNTS)
def test_no_window_where_nothing_requires_approval(first_n: int | None, approved: int) -> None:
    assert not rules.in_approval_window(False, first_n, approved)


@given(first_n=st.sampled_from([None, 0]), approved=COUNTS)
def test_without_a_number_the_window_never_closes(first_n: int | None, approved: int) -> None:
    assert rules.in_approval_window(True, first_n, approved)


@given(first_n=st.integers(1, 50), approved=COUNTS)
def test_the_window_closes_with_the_nth_approval(first_n: int, approved: int) -> None:
    assert rules.in_approval_window(True, first_n, approved) == (approved < first_n)


@given(
    status=st.sampled_from(["not_required", "pending", "approved", "rejected"]),
    requires=st.booleans(),
    first_n=st.none() | COUNTS,
    approved=COUNTS,
)
def test_the_gate(status: str, requires: bool, first_n: int | None, approved: int) -> None:
    found = rules.gate(
        subject(
            approval_status=status,
            requires_approval=requires,
            first_n_posts_blocked=first_n,
            approved_count=approved,
        )
    )
    window = rules.in_approval_window(requires, first_n, approved)
    expected = {"rejected": "rejected", "pending": "pending" if window else "open"}
    assert found == expected.get(status, "open")


def test_a_pending_container_can_be_planned() -> None:
    """Whether it goes out or is kept is the gate's question, not the plan's."""
    pending = subject(approval_status="pending", requires_approval=True)
    assert len(rules.plan(pending, [target()], limits_of)) == 1


# Targets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "mode", "expected"),
    [
        (subject(), "direct_publish", []),
        (subject(), "draft_to_device", [("targets[0].mode", "invalid_mode")]),
        (subject(), "", [("targets[0].mode", "invalid_mode")]),
        (subject(), "DIRECT_PUBLISH", [("targets[0].mode", "invalid_mode")]),
        (video(), "direct_publish", []),
        (video(), "draft_to_device", []),
        (video(), "reels", [("targets[0].mode", "invalid_mode")]),
        (video(accounts=[account()]), "direct_publish", [("targets[0].mode", "kind_not_supported")]),
        (
            subject(accounts=[account(platform="reel")]),
            "draft_to_device",
            [("targets[0].mode", "kind_not_supported")],
        ),
    ],
)
def test_modes_by_platform_and_media(about: Subject, mode: str, expected: list[tuple[str, str]]) -> None:
    assert issues(about, target(mode=mode)) == expected


MODES = {
    "tiktok": {"direct_publish", "draft_to_device"},
    "instagram": {"reels", "feed", "draft_to_device"},
}


@pytest.mark.parametrize("platform", sorted(CONNECTORS))
def test_the_modes_of_real_platforms(platform: str) -> None:
    """Contract 2.2; platforms it does not list have `direct_publish` at least."""
    modes = CONNECTORS[platform].limits.modes.keys()
    assert modes == MODES.get(platform, modes | {"direct_publish"})


def test_an_invalid_mode_is_told_the_valid_ones() -> None:
    [issue] = rules.target_issues(video(), [target(mode="x")], limits_of)
    assert "direct_publish, draft_to_device" in issue.message
    assert "Reel" in issue.message


def test_an_account_of_another_project() -> None:
    about = subject(accounts=[account(), account("sa_2", project_id="prj_2")])
    assert issues(about, target(), target("sa_2")) == [("targets[1].socialAccountId", "not_in_project")]


def test_an_unknown_account_is_named_where_it_stands() -> None:
    assert issues(subject(), target(), target("sa_9")) == [("targets[1].socialAccountId", "not_found")]


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([target(), target()], [("targets[1]", "duplicate_target")]),
        (
            [target(), target(), target()],
            [("targets[1]", "duplicate_target"), ("targets[2]", "duplicate_target")],
        ),
        ([target(), target(allow_duplicate=True)], []),
        ([target(allow_duplicate=True), target()], [("targets[1]", "duplicate_target")]),
        ([target(), target("sa_2")], []),
        (
            [target(scheduled_post_id="a"), target("sa_2", scheduled_post_id="a")],
            [("targets[1].scheduledPostId", "duplicate_id")],
        ),
        ([target(scheduled_post_id="a"), target("sa_2", scheduled_post_id="b")], []),
        ([target(scheduled_post_id="a"), target("sa_2")], []),
    ],
)
def test_the_same_twice_in_one_request(targets: list[Target], expected: list[tuple[str, str]]) -> None:
    assert issues(subject(accounts=[account(), account("sa_2")]), *targets) == expected


def test_the_same_account_in_two_modes_is_no_duplicate() -> None:
    assert issues(video(), target(), target(mode="draft_to_device")) == []


LONG = "x" * 11


@pytest.mark.parametrize(
    ("about", "fields", "expected"),
    [
        (subject(caption=LONG), {}, [("targets[0]", "caption_too_long")]),
        (subject(caption=LONG), {"caption_override": "short"}, []),
        (subject(), {"caption_override": LONG}, [("targets[0].captionOverride", "caption_too_long")]),
        (subject(), {"caption_override": "x" * 10}, []),
        (subject(first_comment=LONG), {}, [("targets[0]", "first_comment_too_long")]),
        (subject(first_comment=LONG), {"first_comment_override": ""}, []),
        (
            subject(),
            {"first_comment_override": LONG},
            [("targets[0].firstCommentOverride", "first_comment_too_long")],
        ),
        (video(first_comment="left out"), {}, []),
        (
            video(),
            {"first_comment_override": "meant"},
            [("targets[0].firstCommentOverride", "first_comment_not_supported")],
        ),
        (video(), {"mode": "draft_to_device"}, []),
        (
            video(),
            {"mode": "draft_to_device", "caption_override": "meant"},
            [("targets[0].captionOverride", "caption_not_supported")],
        ),
    ],
)
def test_text_is_blamed_where_it_was_given(
    about: Subject, fields: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    assert issues(about, target(**fields)) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"langs": ["de"], "loud": True}, []),
        ({"lang": ["de"]}, [("targets[0].platformOptions.lang", "unknown_field")]),
        ({"langs": "de"}, [("targets[0].platformOptions.langs", "wrong_type")]),
        (
            {"loud": 1, "x": 2},
            [
                ("targets[0].platformOptions.loud", "wrong_type"),
                ("targets[0].platformOptions.x", "unknown_field"),
            ],
        ),
    ],
)
def test_options_are_blamed_by_name(options: dict[str, object], expected: list[tuple[str, str]]) -> None:
    assert issues(subject(), target(platform_options=options)) == expected


def test_every_fault_of_every_target_at_once() -> None:
    accounts = [account(), account("sa_2", project_id="prj_2"), account("sa_3", platform="reel")]
    found = issues(
        subject(caption=LONG, accounts=accounts),
        target(platform_options={"x": 1}, scheduled_post_id="a"),
        target("sa_2", scheduled_post_id="a"),
        target("sa_3", "nonsense"),
        target(caption_override=LONG + LONG, first_comment_override=LONG),
    )
    assert found == [
        ("targets[0]", "caption_too_long"),
        ("targets[0].platformOptions.x", "unknown_field"),
        ("targets[1].scheduledPostId", "duplicate_id"),
        ("targets[1].socialAccountId", "not_in_project"),
        ("targets[2].mode", "invalid_mode"),
        ("targets[3]", "duplicate_target"),
        ("targets[3].captionOverride", "caption_too_long"),
        ("targets[3].firstCommentOverride", "first_comment_too_long"),
    ]


# Times -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW, None),
        (NOW - timedelta(minutes=5), None),
        (NOW - timedelta(minutes=5) - STEP, "in_the_past"),
        (NOW - timedelta(days=800), "in_the_past"),
        (NOW + timedelta(days=400), None),
        (NOW + timedelta(days=400) + STEP, "too_far_ahead"),
    ],
)
def test_times_to_schedule_for(at: datetime, expected: str | None) -> None:
    issue = rules.schedule_issue(at, NOW)
    assert (issue and issue.code) == expected
    assert issue is None or issue.path == "scheduledFor"


def test_a_time_in_the_past_names_the_remedy() -> None:
    issue = rules.schedule_issue(NOW - timedelta(hours=1), NOW)
    assert issue is not None
    assert "/publish" in issue.message


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW + timedelta(seconds=30), None),
        (NOW + timedelta(seconds=30) - STEP, "too_soon"),
        (NOW - timedelta(minutes=1), "too_soon"),
        (NOW + timedelta(days=400), None),
        (NOW + timedelta(days=400) + STEP, "too_far_ahead"),
    ],
)
def test_times_to_move_to(at: datetime, expected: str | None) -> None:
    issue = rules.reschedule_issue(at, NOW)
    assert (issue and issue.code) == expected


ATTEMPTS = st.integers(1, 10_000)
JITTER = st.floats(0, 1)


@given(ATTEMPTS, JITTER)
def test_a_retry_waits_between_four_seconds_and_thirty_six_minutes(attempts: int, jitter: float) -> None:
    assert timedelta(seconds=4) <= rules.retry_wait(attempts, jitter) <= timedelta(minutes=36)


@given(ATTEMPTS, JITTER)
def test_retries_never_come_sooner_again(attempts: int, jitter: float) -> None:
    assert rules.retry_wait(attempts, jitter) <= rules.retry_wait(attempts + 1, jitter)


@given(ATTEMPTS)
def test_jitter_spreads_a_retry_by_a_fifth(attempts: int) -> None:
    middle = rules.retry_wait(attempts, 0.5)
    assert rules.retry_wait(attempts, 0) == middle * 0.8
    assert rules.retry_wait(attempts, 1) == middle * 1.2


def test_retries_double_up_to_half_an_hour() -> None:
    waits = [rules.retry_wait(attempts, 0.5).total_seconds() for attempts in range(1, 12)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800]


def test_a_post_is_tried_for_a_day() -> None:
    assert not rules.too_late(NOW, NOW + timedelta(hours=24))
    assert rules.too_late(NOW, NOW + timedelta(hours=24) + STEP)


# Statuses --------------------------------------------------------------------------------------------


def test_transitions_are_those_of_the_contract() -> None:
    """Section 2.7: its drawing, the two ways a person leaves `failed`, and giving up before the first call."""
    drawn = {
        ("queued", "publishing"),
        ("queued", "canceled"),
        ("publishing", "published"),
        ("publishing", "draft_in_inbox"),
        ("publishing", "failed"),
        ("publishing", "queued"),
    }
    stopped_before_anything_was_sent = {("publishing", "canceled")}
    by_a_person = {("failed", "queued"), ("failed", "published")}
    given_up_unsent = {("queued", "failed")}
    declared = {(start, end) for start, ends in rules.TRANSITIONS.items() for end in ends}
    assert declared == drawn | stopped_before_anything_was_sent | by_a_person | given_up_unsent
    assert rules.TRANSITIONS.keys() == set(get_args(PostStatus))


def test_what_is_terminal_is_left_by_nobody() -> None:
    terminal = {status for status, ends in rules.TRANSITIONS.items() if not ends}
    assert terminal == {"published", "draft_in_inbox", "canceled"}

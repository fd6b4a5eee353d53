"""The decisions of publishing. Pure: every refusal of contract section 2 comes from here, from plain values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from layers.api import errors
from layers.connector import ContentKind, Limits, Media
from layers.kit.problems import Issue
from layers.publishing.fit import LEFT_OUT, misfits
from layers.publishing.options import option_problems, with_defaults
from layers.publishing.schemas import PostStatus, Target

Gate = Literal["open", "pending", "rejected"]

LATEST_PAST = timedelta(minutes=5)
FURTHEST_AHEAD = timedelta(days=400)
RESCHEDULE_LEAD = timedelta(seconds=30)
DUPLICATE_WINDOW = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(hours=24)
"""A post is tried until this long after it was due."""

TRANSITIONS: Mapping[PostStatus, frozenset[PostStatus]] = {
    "queued": frozenset({"publishing", "canceled", "failed"}),
    "publishing": frozenset({"published", "draft_in_inbox", "failed", "queued", "canceled"}),
    "failed": frozenset({"queued", "published"}),
    "published": frozenset(),
    "draft_in_inbox": frozenset(),
    "canceled": frozenset(),
}
"""Every transition there is. `failed` is left only by a person: retry, or resolve of an unknown outcome."""


class AccountFacts(msgspec.Struct, frozen=True):
    """What a decision needs to know of an account."""

    id: str
    project_id: str
    platform: str
    status: Literal["connected", "reauth_required", "disconnected"]
    handle: str
    post_defaults: dict[str, object] = {}
    server: dict[str, object] | None = None
    """What its server said of itself, where each has limits of its own."""


LimitsOf = Callable[[AccountFacts], Limits]
"""What an account may, by its platform and its server."""


class Subject(msgspec.Struct, frozen=True):
    """A container, its project's policy and the accounts named by the targets, as one locked read saw them."""

    container_id: str
    project_id: str
    kind: ContentKind
    status: str
    approval_status: str
    caption: str
    first_comment: str | None
    archived: bool
    publish_lead_seconds: int
    requires_approval: bool
    first_n_posts_blocked: int | None
    approved_count: int
    media: list[Media]
    accounts: list[AccountFacts]

    def account(self, account_id: str) -> AccountFacts | None:
        """Return the account of that id, None when the caller has none such."""
        return next((a for a in self.accounts if a.id == account_id), None)


@dataclass(frozen=True, slots=True)
class PlannedPost:
    """One target, checked and completed."""

    target: Target
    account: AccountFacts
    caption: str
    first_comment: str | None
    options: dict[str, object]


def in_approval_window(requires: bool, first_n: int | None, approved: int) -> bool:
    """Tell whether a project still wants its containers approved: always, or until N were approved."""
    return requires and (not first_n or approved < first_n)


def gate(subject: Subject) -> Gate:
    """Tell whether approval lets the container out."""
    if subject.approval_status == "rejected":
        return "rejected"
    window = in_approval_window(
        subject.requires_approval, subject.first_n_posts_blocked, subject.approved_count
    )
    return "pending" if subject.approval_status == "pending" and window else "open"


def plan(subject: Subject, targets: Sequence[Target], limits_of: LimitsOf) -> list[PlannedPost]:
    """Check a publish or schedule and complete its targets.

    Raises, in this order: Conflict (container not completed, project archived), ContentRejected, NotFound (account),
    Validation (every issue of every target), CredentialInvalid.
    """
    refuse_state(subject)
    for target in targets:
        if subject.account(target.social_account_id) is None:
            raise errors.NotFound(f"There is no social account {target.social_account_id}.")
    if issues := target_issues(subject, targets, limits_of):
        raise errors.Validation(issues)
    posts = [_planned(subject, target, limits_of) for target in targets]
    refuse_accounts(post.account for post in posts)
    return posts


def refuse_state(subject: Subject) -> None:
    """Raise what the container's own state forbids."""
    if subject.archived:
        raise errors.Conflict("The project is archived.", {"subcode": "PROJECT_ARCHIVED"})
    if subject.status != "completed":
        raise errors.Conflict(
            f"The container is {subject.status}; only a completed one can be published.",
            {"subcode": "CONTAINER_NOT_COMPLETED", "status": subject.status},
        )
    if gate(subject) == "rejected":
        raise errors.ContentRejected("The container was rejected. Make or upload another one.")


def refuse_accounts(accounts: Iterable[AccountFacts]) -> None:
    """Raise CredentialInvalid if any account cannot be used now."""
    for account in accounts:
        if account.status != "connected":
            remedy = "Reconnect it." if account.status == "reauth_required" else "Connect it again."
            raise errors.CredentialInvalid(
                f"The account {account.handle} is {account.status}. {remedy}",
                {"socialAccountId": account.id, "status": account.status},
            )


def target_issues(subject: Subject, targets: Sequence[Target], limits_of: LimitsOf) -> list[Issue]:
    """Return every fault of every target."""
    issues: list[Issue] = []
    seen_ways: set[tuple[str, str]] = set()
    seen_ids: set[str] = set()
    for index, target in enumerate(targets):
        path = f"targets[{index}]"
        way = (target.social_account_id, target.mode)
        if way in seen_ways and not target.allow_duplicate:
            issues.append(
                Issue(
                    path,
                    "The same account and mode twice; say allowDuplicate to mean it.",
                    "duplicate_target",
                )
            )
        if target.scheduled_post_id in seen_ids:
            issues.append(Issue(f"{path}.scheduledPostId", "Used twice in this request.", "duplicate_id"))
        seen_ways.add(way)
        if target.scheduled_post_id is not None:
            seen_ids.add(target.scheduled_post_id)
        issues += _issues_of_one(subject, target, limits_of, path)
    return issues


def _issues_of_one(subject: Subject, target: Target, limits_of: LimitsOf, path: str) -> list[Issue]:
    account = subject.account(target.social_account_id)
    if account is None:
        return [Issue(f"{path}.socialAccountId", "There is no such social account.", "not_found")]
    if account.project_id != subject.project_id:
        words = "This account belongs to another project than the container."
        return [Issue(f"{path}.socialAccountId", words, "not_in_project")]
    limits = limits_of(account)
    mode = limits.modes.get(target.mode)
    if mode is None:
        words = f"{limits.title} has no mode {target.mode}; it has {', '.join(limits.modes)}."
        return [Issue(f"{path}.mode", words, "invalid_mode")]
    overridden = {
        "caption": target.caption_override is not None,
        "first_comment": target.first_comment_override is not None,
    }
    places = {
        "mode": f"{path}.mode",
        "media": path,
        "caption": f"{path}.captionOverride" if overridden["caption"] else path,
        "first_comment": f"{path}.firstCommentOverride" if overridden["first_comment"] else path,
    }
    post = _planned(subject, target, limits_of)
    found = [
        Issue(places[m.part], m.message, m.code)
        for m in misfits(mode, subject.kind, subject.media, post.caption, post.first_comment, post.options)
        if m.code not in LEFT_OUT or overridden[m.part]
    ]
    for at, words, code in option_problems(mode, post.options, subject.media):
        by_default = at.partition("[")[0] not in target.platform_options
        source = " This is the account's postDefaults speaking." if by_default else ""
        found.append(Issue(f"{path}.platformOptions.{at}", words + source, code))
    return found


def _planned(subject: Subject, target: Target, limits_of: LimitsOf) -> PlannedPost:
    account = subject.account(target.social_account_id)
    assert account is not None
    mode = limits_of(account).modes[target.mode]
    caption = subject.caption if target.caption_override is None else target.caption_override
    comment = (
        subject.first_comment if target.first_comment_override is None else target.first_comment_override
    )
    options = with_defaults(mode, account.post_defaults, target.platform_options)
    return PlannedPost(target, account, caption, comment or None, options)


def schedule_issue(at: datetime, now: datetime) -> Issue | None:
    """Say what is wrong with a time to schedule for."""
    if at < now - LATEST_PAST:
        words = "This time is past; use POST /v1/content/:containerId/publish to publish now."
        return Issue("scheduledFor", words, "in_the_past")
    return _too_far(at, now)


def reschedule_issue(at: datetime, now: datetime) -> Issue | None:
    """Say what is wrong with a time to move a post to."""
    if at < now + RESCHEDULE_LEAD:
        return Issue("scheduledFor", "This must be at least 30 seconds from now.", "too_soon")
    return _too_far(at, now)


def _too_far(at: datetime, now: datetime) -> Issue | None:
    if at > now + FURTHEST_AHEAD:
        return Issue("scheduledFor", f"At most {FURTHEST_AHEAD.days} days ahead.", "too_far_ahead")
    return None


def retry_wait(attempts: int, jitter: float, first: timedelta = timedelta(seconds=5)) -> timedelta:
    """Return the wait after the `attempts`-th failed try: doubling to half an hour, ± a fifth by `jitter` (0 to 1)."""
    wait = min(first * 2 ** min(attempts - 1, 12), timedelta(minutes=30))
    return wait * (0.8 + 0.4 * jitter)


def too_late(scheduled_for: datetime, now: datetime) -> bool:
    """Tell whether a post has been tried for long enough."""
    return now - scheduled_for > GIVE_UP_AFTER

"""What can be done with posts: publish, schedule, validate, reschedule, cancel, retry, resolve, promote.

Each loads, decides (by `rules`) and writes, inside the caller's transaction. Publish is schedule with now.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from layers import events
from layers.access.caller import Caller
from layers.api import errors
from layers.connector import Limits
from layers.db.pool import Connection, savepoint
from layers.kit import metrics
from layers.kit.problems import Issue
from layers.kit.times import iso_z, to_utc
from layers.platforms import CONNECTORS
from layers.publishing import rules, store
from layers.publishing.rules import Subject
from layers.publishing.schemas import (
    Canceled,
    PendingSchedule,
    Promotion,
    Queued,
    Rescheduled,
    ResolveBody,
    ScheduledPost,
    Target,
    ValidateBody,
    Verdict,
)

LIMITS = {name: connector.limits for name, connector in CONNECTORS.items()}
DUPLICATE = "This container goes to the same account in the same mode within 10 minutes of another post"
Remember = Callable[[str], None]
"""Called with the id of a kept intent, so that the response can be remembered with it."""


def limits_of(account: rules.AccountFacts) -> Limits:
    """Return what an account may: what its own server said when it was connected, else what its platform allows."""
    connector = CONNECTORS[account.platform]
    if account.server is None or connector.own_limits is None:
        return connector.limits
    return connector.own_limits(account.server)


async def publish(
    tx: Connection,
    caller: Caller,
    container_id: str,
    targets: Sequence[Target],
    now: datetime,
    remember: Remember,
) -> Queued:
    """Queue a container for now plus the project's lead.

    Raises what `rules.plan` raises, and ApprovalRequired, whose transaction must stand: the intent is kept.
    """
    subject = await _load(tx, caller, container_id, targets)
    posts = rules.plan(subject, targets, limits_of)
    if rules.gate(subject) == "pending":
        intent = await _keep(tx, caller, subject, targets, None)
        remember(intent.id)
        raise _approval_required(subject, intent)
    await _replace_intent(tx, subject)
    return await _queue(tx, caller, subject, posts, _lead(now, subject), "Publish was accepted.")


async def schedule(
    tx: Connection,
    caller: Caller,
    container_id: str,
    targets: Sequence[Target],
    at: datetime,
    now: datetime,
) -> Queued:
    """Queue a container for a time; while it waits for approval, keep the intent instead."""
    subject = await _load(tx, caller, container_id, targets)
    rules.refuse_state(subject)
    if issue := rules.schedule_issue(at, now):
        raise errors.Validation([issue, *rules.target_issues(subject, targets, limits_of)])
    posts = rules.plan(subject, targets, limits_of)
    if rules.gate(subject) == "pending":
        await _keep(tx, caller, subject, targets, at)
        return Queued([], "blocked_on_approval", at)
    await _replace_intent(tx, subject)
    return await _queue(tx, caller, subject, posts, at, f"Scheduled for {iso_z(at)}.")


async def validate(
    tx: Connection, caller: Caller, container_id: str, body: ValidateBody, now: datetime
) -> Verdict:
    """Say what publish or schedule would say; writes nothing."""
    subject = await _load(tx, caller, container_id, body.targets)
    issues: list[Issue] = []
    if body.scheduled_for is not None and (issue := rules.schedule_issue(body.scheduled_for, now)):
        issues.append(issue)
    if subject.archived:
        issues.append(Issue("containerId", "The project is archived.", "project_archived"))
    if subject.status != "completed":
        words = f"The container is {subject.status}; only a completed one can be published."
        issues.append(Issue("containerId", words, "container_not_completed"))
    issues += rules.target_issues(subject, body.targets, limits_of)
    for index, target in enumerate(body.targets):
        account = subject.account(target.social_account_id)
        if account is not None and account.status != "connected":
            words = f"The account {account.handle} is {account.status}."
            issues.append(Issue(f"targets[{index}].socialAccountId", words, "credential_invalid"))
    issues += await _clash_issues(tx, caller, subject, body, now)
    return Verdict(not issues, issues, rules.gate(subject))


async def _clash_issues(
    tx: Connection, caller: Caller, subject: Subject, body: ValidateBody, now: datetime
) -> list[Issue]:
    """Name what an insert would run into: live posts it would duplicate, ids that are taken."""
    at = to_utc(body.scheduled_for) if body.scheduled_for else _lead(now, subject)
    accounts = [account.id for account in subject.accounts]
    twins = await store.live_twins(tx, subject.container_id, accounts, at)
    chosen = [t.scheduled_post_id for t in body.targets if t.scheduled_post_id is not None]
    taken = await store.taken_ids(tx, caller, chosen) if chosen else set[str]()
    issues: list[Issue] = []
    for index, target in enumerate(body.targets):
        found = twins.get((target.social_account_id, target.mode), [])
        if found and not target.allow_duplicate:
            words = f"{DUPLICATE} ({', '.join(found)}). Say allowDuplicate to mean it."
            issues.append(Issue(f"targets[{index}]", words, "duplicate_post"))
        if target.scheduled_post_id in taken:
            words = "Another post of the organisation has this id; use another one."
            issues.append(Issue(f"targets[{index}].scheduledPostId", words, "scheduled_post_id_taken"))
    return issues


async def _keep(
    tx: Connection, caller: Caller, subject: Subject, targets: Sequence[Target], at: datetime | None
) -> store.Intent:
    intent = await store.keep_intent(tx, caller, subject.container_id, targets, at)
    data: dict[str, object] = {
        "containerId": subject.container_id,
        "socialAccountIds": [target.social_account_id for target in targets],
        "scheduledFor": at,
    }
    kind = "content.intent_kept"
    await events.append(tx, caller.event(kind, subject.project_id, subject.container_id, data))
    return intent


async def _replace_intent(tx: Connection, subject: Subject) -> None:
    """Drop what was kept while approval was pending: what goes out now takes its place."""
    if subject.approval_status != "not_required":
        await store.drop_intent(tx, subject.container_id)


async def _load(tx: Connection, caller: Caller, container_id: str, targets: Sequence[Target]) -> Subject:
    subject = await store.load(tx, caller, container_id, [t.social_account_id for t in targets])
    if subject is None:
        raise errors.NotFound(f"There is no container {container_id}.")
    return subject


def _lead(now: datetime, subject: Subject) -> datetime:
    return now.replace(microsecond=0) + timedelta(seconds=subject.publish_lead_seconds)


async def _queue(
    tx: Connection,
    caller: Caller,
    subject: Subject,
    posts: Sequence[rules.PlannedPost],
    at: datetime,
    message: str,
) -> Queued:
    try:
        done = await store.insert(tx, caller, subject, posts, at, at, message=message)
    except asyncpg.UniqueViolationError:
        raise errors.Conflict(
            "A scheduledPostId of this request is taken. Use another one.",
            {"subcode": "SCHEDULED_POST_ID_TAKEN"},
        ) from None
    if done.clashes:
        raise _duplicate(done.clashes, "in the target")
    return Queued(done.ids, "queued", at)


def _duplicate(post_ids: Sequence[str], where: str) -> errors.Conflict:
    return errors.Conflict(
        f"{DUPLICATE}. Say allowDuplicate {where} to mean it.",
        {"subcode": "DUPLICATE_POST", "scheduledPostIds": list(post_ids)},
    )


def _approval_required(subject: Subject, intent: store.Intent) -> errors.ApprovalRequired:
    return errors.ApprovalRequired(
        "The container waits for approval. It will be published when it is approved.",
        {
            "containerId": subject.container_id,
            "approvalStatus": subject.approval_status,
            "pendingSchedule": intent.shown(),
        },
        commits=True,
    )


# After approval --------------------------------------------------------------------------------------------------


async def promote(tx: Connection, caller: Caller, container_id: str, now: datetime) -> Promotion | None:
    """Turn a kept intent into posts, now that its container is approved; None when there is none.

    A refusal leaves the intent kept and is returned, not raised: the approval stands either way.
    """
    intent = await store.find_intent(tx, container_id)
    if intent is None:
        return None
    try:
        async with savepoint(tx):
            queued = await _release(tx, caller, intent, now)
    except errors.Problem as refusal:
        error: dict[str, object] = {
            "code": refusal.code,
            "message": refusal.message,
            "details": refusal.details,
        }
        return Promotion("failed", error=error)
    await store.fulfil_intent(tx, intent, 200, msgspec.json.encode(queued))
    return Promotion("ok", scheduled_post_ids=queued.scheduled_post_ids)


async def _release(tx: Connection, caller: Caller, intent: store.Intent, now: datetime) -> Queued:
    subject = await _load(tx, caller, intent.container_id, intent.targets)
    posts = rules.plan(subject, intent.targets, limits_of)
    at = (
        _lead(now, subject)
        if intent.scheduled_for is None
        else max(intent.scheduled_for, now.replace(microsecond=0))
    )
    return await _queue(tx, caller, subject, posts, at, "Approved; the kept intent was released.")


async def pending_schedule(tx: Connection, container_id: str) -> PendingSchedule | None:
    """Return the kept intent of a container as the wire shows it."""
    intent = await store.find_intent(tx, container_id)
    return intent.shown() if intent else None


async def withdraw(tx: Connection, container_id: str) -> bool:
    """Drop the kept intent of a container; tells whether there was one."""
    return await store.drop_intent(tx, container_id)


# One post --------------------------------------------------------------------------------------------------------


async def get(tx: Connection, caller: Caller, post_id: str, *, lock: bool = False) -> asyncpg.Record:
    """Return the caller's post. Raises NotFound."""
    row = await store.find(tx, caller, post_id, lock=lock)
    if row is None:
        raise errors.NotFound(f"There is no scheduled post {post_id}.")
    return row


async def reschedule(
    tx: Connection, caller: Caller, post_id: str, at: datetime, now: datetime
) -> Rescheduled:
    """Move a queued post."""
    row = await get(tx, caller, post_id, lock=True)
    if row["status"] != "queued":
        raise errors.Conflict(
            f"The post is {row['status']}; only a queued one can be moved.", {"status": row["status"]}
        )
    if issue := rules.reschedule_issue(at, now):
        raise errors.Validation([issue])
    updated_at = await store.reschedule(tx, row["number"], at)
    data: dict[str, object] = {"from": row["scheduled_for"], "to": at, "by": caller.actor}
    await store.tell(tx, row["number"], "rescheduled", f"Moved to {iso_z(at)}.", data)
    await _audit(tx, caller, "post.rescheduled", row, data)
    return Rescheduled(post_id, "queued", at, updated_at)


async def cancel(tx: Connection, caller: Caller, post_id: str, reason: str | None) -> Canceled:
    """Cancel a post unless something irreversible was sent."""
    row = await get(tx, caller, post_id, lock=True)
    gone = await store.cancel(tx, row["number"])
    if gone is None:
        words = (
            "The post is on its way to the platform and can no longer be stopped."
            if row["status"] == "publishing"
            else f"The post is already {row['status']}."
        )
        raise errors.Conflict(words, {"status": row["status"]})
    await _tell_canceled(tx, caller, [gone], reason)
    return Canceled(post_id, "canceled", gone["canceled_at"])


async def cancel_all(
    tx: Connection,
    caller: Caller,
    *,
    project_id: str | None = None,
    account_id: str | None = None,
    organization_id: str | None = None,
    reason: str,
) -> int:
    """Cancel all that can still be canceled of a project, an account or an organisation; returns how many."""
    rows = await store.cancel_all(
        tx, project_id=project_id, account_id=account_id, organization_id=organization_id
    )
    await _tell_canceled(tx, caller, rows, reason)
    return len(rows)


async def _tell_canceled(
    tx: Connection, caller: Caller, rows: Sequence[asyncpg.Record], reason: str | None
) -> None:
    for (
        row
    ) in rows:  # a transaction that is given up is counted, too: rare, and cheaper than to wait for its end
        metrics.CANCELED.labels(row["platform"]).inc()
    data: dict[str, object] = {"reason": reason, "by": caller.actor}
    words = f"Canceled: {reason}." if reason else "Canceled."
    for row in rows:
        await store.tell(tx, row["number"], "canceled", words, data)
    await events.append(
        tx,
        *(
            caller.event("post.canceled", row["project_id"], row["id"], {**store.told_of(row), **data})
            for row in rows
        ),
    )


async def retry(
    tx: Connection, caller: Caller, post_id: str, now: datetime, *, allow_duplicate: bool
) -> ScheduledPost:
    """Queue a failed post again, if it is known not to be on its platform and might be published today."""
    seen = await get(tx, caller, post_id)
    subject = await store.load(tx, caller, seen["container_id"], [seen["social_account_id"]])
    row = await get(tx, caller, post_id, lock=True)  # after the project, as in archiving: no deadlock
    if row["outcome_unknown"]:
        raise errors.Conflict(
            "Whether this post is on its platform is not known. Look there, then call …/resolve.",
            {"subcode": "OUTCOME_UNKNOWN"},
        )
    if row["status"] != "failed":
        raise errors.Conflict(f"The post is {row['status']}, not failed.", {"status": row["status"]})
    if subject is None:
        raise errors.Conflict("The container was deleted.", {"subcode": "CONTAINER_DELETED"})
    rules.refuse_state(subject)
    rules.refuse_accounts(subject.accounts)
    if not allow_duplicate:
        twins = await store.live_twins(
            tx, subject.container_id, [row["social_account_id"]], max(row["scheduled_for"], now)
        )
        if found := twins.get((row["social_account_id"], row["mode"])):
            raise _duplicate(found, "in the body")
    again = await store.requeue(tx, row["number"])
    await store.tell(tx, row["number"], "retried", "A person asked for another try.", {"by": caller.actor})
    await _audit(tx, caller, "post.retried", row, {})
    return store.post_from(again)


async def resolve(tx: Connection, caller: Caller, post_id: str, body: ResolveBody) -> ScheduledPost:
    """Settle an unknown outcome by what a person saw on the platform."""
    row = await get(tx, caller, post_id, lock=True)
    if not row["outcome_unknown"]:
        raise errors.Conflict("The outcome of this post is known.", {"status": row["status"]})
    settled = await store.resolve(
        tx,
        row["number"],
        published=body.outcome == "published",
        external_id=body.external_id,
        external_url=body.external_url,
    )
    data: dict[str, object] = {"outcome": body.outcome, "externalId": body.external_id, "by": caller.actor}
    await store.tell(tx, row["number"], "resolved", f"A person says: {body.outcome.replace('_', ' ')}.", data)
    await _audit(tx, caller, "post.resolved", row, data)
    post = store.post_from(settled)
    if post.status == "published":
        await events.append(tx, caller.event("post.published", post.project_id, post.id, _told(post)))
    return post


def _told(post: ScheduledPost) -> dict[str, object]:
    """Return what `post.published` carries, as when the dispatcher tells it."""
    names = ("containerId", "projectId", "socialAccountId", "platform", "mode", "status", "scheduledFor")
    shown = msgspec.to_builtins(post, builtin_types=(datetime,))
    return {
        "scheduledPostId": post.id,
        **{name: shown[name] for name in (*names, "externalId", "externalUrl")},
    }


async def _audit(
    tx: Connection, caller: Caller, kind: str, row: asyncpg.Record, data: dict[str, object]
) -> None:
    data = {"scheduledPostId": row["id"], **data}
    await events.append(tx, caller.event(kind, row["project_id"], row["id"], data))

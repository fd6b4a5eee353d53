"""Endpoints of publishing (contract section 2)."""

from datetime import datetime
from typing import Annotated, cast

import asyncpg
from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import Scope

from layers.access.caller import Calling
from layers.api.context import after_commit, state_of, tell_log
from layers.api.errors import ApprovalRequired, Conflict, ContentRejected, CredentialInvalid, NotFound
from layers.api.pages import Cursor, Page, page_of, read_cursor
from layers.api.routes import NoBody, operation
from layers.api.times import utc_or_refuse
from layers.kit.times import steady_end, to_utc
from layers.publishing import commands, schemas, store
from layers.publishing.commands import LIMITS
from layers.publishing.engine import HANDOFF_LIFE, handoff_path
from layers.publishing.schemas import PostStatus

CONTENT = "/v1/content/{container_id:str}"
POST = "/v1/scheduled-posts/{post_id:str}"
REFUSALS = (ContentRejected, CredentialInvalid)
CONFLICTS = ("CONTAINER_NOT_COMPLETED", "PROJECT_ARCHIVED", "DUPLICATE_POST", "SCHEDULED_POST_ID_TAKEN")
PUBLISH_EXAMPLE = {
    "request": {
        "targets": [{"socialAccountId": "sa_01HXZ9P2M4N5KLM6TUV7WXYZ9A", "mode": "direct_publish"}],
    },
    "response": {
        "scheduledPostIds": ["sp_01HXZP5K6M7P8QRS9TUVAWXYZB"],
        "gateStatus": "queued",
        "scheduledFor": "2026-04-18T19:18:42Z",
    },
}
SCHEDULE_EXAMPLE = {
    "request": {"scheduledFor": "2026-04-20T07:00:00Z", **PUBLISH_EXAMPLE["request"]},
    "response": {**PUBLISH_EXAMPLE["response"], "scheduledFor": "2026-04-20T07:00:00Z"},
}


def nudge(scope: Scope) -> None:
    """Wake the dispatcher once the request has been committed."""
    after_commit(scope, scope["litestar_app"].state["nudge"])


@post(
    f"{CONTENT}/publish",
    opt=operation(
        "publish:write",
        body=schemas.PublishBody,
        errors=(ApprovalRequired, *REFUSALS),
        subcodes=CONFLICTS,
        example=PUBLISH_EXAMPLE,
    ),
    status_code=200,
    operation_id="publishing.publishNow",
)
async def publish(
    call: Calling[schemas.PublishBody], scope: Scope, container_id: FromPath[str]
) -> schemas.Queued:
    """Publish a container immediately: schedule, with `scheduledFor` set to now."""

    def remember(intent_id: str) -> None:
        state_of(scope)["intent_id"] = intent_id

    queued = await commands.publish(
        call.tx, call.caller, container_id, call.payload.targets, call.now, remember
    )
    nudge(scope)
    tell_log(scope, posts=queued.scheduled_post_ids)
    return queued


@post(
    f"{CONTENT}/schedule",
    opt=operation(
        "publish:write",
        body=schemas.ScheduleBody,
        errors=REFUSALS,
        subcodes=CONFLICTS,
        also={202: "The container waits for approval. The intent is kept, and released when it is approved."},
        example=SCHEDULE_EXAMPLE,
    ),
    status_code=200,
    operation_id="publishing.schedule",
)
async def schedule(
    call: Calling[schemas.ScheduleBody], scope: Scope, container_id: FromPath[str]
) -> Response[schemas.Queued]:
    """Publish a container at a time; 202 while it waits for approval."""
    at = to_utc(call.payload.scheduled_for)
    queued = await commands.schedule(call.tx, call.caller, container_id, call.payload.targets, at, call.now)
    nudge(scope)
    tell_log(scope, posts=queued.scheduled_post_ids)
    return Response(queued, status_code=202 if queued.gate_status == "blocked_on_approval" else 200)


@post(
    f"{CONTENT}/validate",
    opt=operation("publish:write", body=schemas.ValidateBody),
    status_code=200,
    operation_id="publishing.validate",
)
async def validate(call: Calling[schemas.ValidateBody], container_id: FromPath[str]) -> schemas.Verdict:
    """Say what publish or schedule would say; nothing is written."""
    return await commands.validate(call.tx, call.caller, container_id, call.payload, call.now)


@get(POST, opt=operation("publish:read", polled=True), operation_id="publishing.getScheduledPost")
async def read(call: Calling[NoBody], scope: Scope, post_id: FromPath[str]) -> schemas.ScheduledPost:
    """Return a scheduled post."""
    return _shown(await commands.get(call.tx, call.caller, post_id), scope, call.now)


def _shown(row: asyncpg.Record, scope: Scope, now: datetime) -> schemas.ScheduledPost:
    """Return the wire object; the link of a post in a person's hands is signed anew, as old ones end."""
    post, state = store.post_from(row), scope["litestar_app"].state
    if post.status == "draft_in_inbox" and LIMITS[post.platform].modes[post.mode].handoff:
        link = state["signer"].sign(handoff_path(row["number"]), steady_end(now, HANDOFF_LIFE))
        post.external_url = f"{state['public_origin']}{link}"
    return post


@get(
    f"{POST}/events",
    opt=operation("publish:read", polled=True),
    operation_id="publishing.getScheduledPostEvents",
)
async def story(call: Calling[NoBody], post_id: FromPath[str]) -> schemas.Story:
    """Return what happened to a post, step by step."""
    row = await commands.get(call.tx, call.caller, post_id)
    steps = await store.story(call.tx, row["number"])
    return schemas.Story([schemas.StoryEvent(**dict(step)) for step in steps])


@get(
    "/v1/projects/{project_id:str}/scheduled-posts",
    opt=operation("publish:read", polled=True),
    operation_id="publishing.listScheduledPosts",
)
async def listing(
    call: Calling[NoBody],
    scope: Scope,
    project_id: FromPath[str],
    status: FromQuery[list[PostStatus] | None] = None,
    social_account_id: Annotated[str | None, QueryParameter(name="socialAccountId", max_length=255)] = None,
    platform: Annotated[str | None, QueryParameter(max_length=64)] = None,
    container_id: Annotated[str | None, QueryParameter(name="containerId", max_length=255)] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    cursor: Cursor = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> Page[schemas.ScheduledPost]:
    """List a project's posts, newest scheduledFor first."""
    if not await store.owns_project(call.tx, call.caller, project_id):
        raise NotFound(f"There is no project {project_id}.")
    wanted = store.Filter(
        project_id,
        tuple(status) if status else None,
        social_account_id,
        platform,
        container_id,
        utc_or_refuse(since, "since"),
        utc_or_refuse(until, "until"),
    )
    last = read_cursor(cursor, wanted, (str, int))
    after = (datetime.fromisoformat(str(last[0])), cast("int", last[1])) if last else None
    rows = await store.page(call.tx, wanted, after, limit + 1)
    return page_of(
        rows,
        limit,
        wanted,
        key=lambda row: (row["scheduled_for"].isoformat(), row["number"]),
        item=lambda row: _shown(row, scope, call.now),
    )


@post(
    f"{POST}/reschedule",
    opt=operation("publish:write", body=schemas.RescheduleBody, errors=(Conflict,)),
    status_code=200,
    operation_id="publishing.reschedule",
)
async def reschedule(
    call: Calling[schemas.RescheduleBody], scope: Scope, post_id: FromPath[str]
) -> schemas.Rescheduled:
    """Move a queued post."""
    moved = await commands.reschedule(
        call.tx, call.caller, post_id, to_utc(call.payload.scheduled_for), call.now
    )
    nudge(scope)
    return moved


@delete(
    POST,
    opt=operation("publish:write", body=schemas.CancelBody, errors=(Conflict,)),
    status_code=200,
    operation_id="publishing.cancel",
)
async def cancel(call: Calling[schemas.CancelBody], post_id: FromPath[str]) -> schemas.Canceled:
    """Cancel a post unless something irreversible was sent."""
    return await commands.cancel(call.tx, call.caller, post_id, call.payload.reason)


@post(
    f"{POST}/retry",
    opt=operation(
        "publish:write",
        body=schemas.RetryBody,
        errors=(Conflict, *REFUSALS),
        subcodes=(
            "OUTCOME_UNKNOWN",
            "CONTAINER_DELETED",
            "PROJECT_ARCHIVED",
            "CONTAINER_NOT_COMPLETED",
            "DUPLICATE_POST",
        ),
    ),
    status_code=200,
    operation_id="publishing.retry",
)
async def retry(
    call: Calling[schemas.RetryBody], scope: Scope, post_id: FromPath[str]
) -> schemas.ScheduledPost:
    """Try a failed post again."""
    again = await commands.retry(
        call.tx, call.caller, post_id, call.now, allow_duplicate=call.payload.allow_duplicate
    )
    nudge(scope)
    return again


@post(
    f"{POST}/resolve",
    opt=operation("publish:write", body=schemas.ResolveBody, errors=(Conflict,)),
    status_code=200,
    operation_id="publishing.resolve",
)
async def resolve(call: Calling[schemas.ResolveBody], post_id: FromPath[str]) -> schemas.ScheduledPost:
    """Settle an unknown outcome by what a person saw on the platform."""
    return await commands.resolve(call.tx, call.caller, post_id, call.payload)


ROUTES = [publish, schedule, validate, read, story, listing, reschedule, cancel, retry, resolve]

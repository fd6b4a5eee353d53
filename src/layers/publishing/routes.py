"""Endpoints of publishing (contract section 2)."""

from datetime import UTC, datetime
from typing import Annotated, cast, get_args

from litestar import Response, delete, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import Scope

from layers.access.caller import Calling
from layers.api.context import Now, Tx, after_commit, state_of
from layers.api.errors import NotFound, Validation
from layers.api.pages import Page, page_of, read_cursor
from layers.api.routes import Body, operation
from layers.api.times import utc_or_refuse
from layers.kit.problems import Issue
from layers.publishing import commands, schemas, store
from layers.publishing.schemas import PostStatus

CONTENT = "/v1/content/{container_id:str}"
POST = "/v1/scheduled-posts/{post_id:str}"


def nudge(scope: Scope) -> None:
    """Wake the dispatcher once the request has been committed."""
    after_commit(scope, scope["litestar_app"].state["nudge"])


@post(f"{CONTENT}/publish", opt=operation("publish:write", body=schemas.PublishBody), status_code=200)
async def publish(
    scope: Scope,
    tx: Tx,
    caller: Calling,
    now: Now,
    container_id: FromPath[str],
    payload: Body[schemas.PublishBody],
) -> schemas.Queued:
    """Publish a container now."""

    def remember(intent_id: str) -> None:
        state_of(scope)["intent_id"] = intent_id

    queued = await commands.publish(tx, caller, container_id, payload.targets, now, remember)
    nudge(scope)
    return queued


@post(f"{CONTENT}/schedule", opt=operation("publish:write", body=schemas.ScheduleBody), status_code=200)
async def schedule(
    scope: Scope,
    tx: Tx,
    caller: Calling,
    now: Now,
    container_id: FromPath[str],
    payload: Body[schemas.ScheduleBody],
) -> Response[schemas.Queued]:
    """Publish a container at a time; 202 while it waits for approval."""
    at = payload.scheduled_for.astimezone(UTC)
    queued = await commands.schedule(tx, caller, container_id, payload.targets, at, now)
    nudge(scope)
    return Response(queued, status_code=202 if queued.gate_status == "blocked_on_approval" else 200)


@post(f"{CONTENT}/validate", opt=operation("publish:write", body=schemas.ValidateBody), status_code=200)
async def validate(
    tx: Tx, caller: Calling, now: Now, container_id: FromPath[str], payload: Body[schemas.ValidateBody]
) -> schemas.Verdict:
    """Say what publish or schedule would say; nothing is written."""
    return await commands.validate(tx, caller, container_id, payload, now)


@get(POST, opt=operation("publish:read"))
async def read(tx: Tx, caller: Calling, post_id: FromPath[str]) -> schemas.ScheduledPost:
    """Return a scheduled post."""
    return store.post_from(await commands.get(tx, caller, post_id))


@get(f"{POST}/events", opt=operation("publish:read"))
async def story(tx: Tx, caller: Calling, post_id: FromPath[str]) -> schemas.Story:
    """Return what happened to a post, step by step."""
    row = await commands.get(tx, caller, post_id)
    steps = await store.story(tx, row["number"])
    return schemas.Story([schemas.StoryEvent(**dict(step)) for step in steps])


@get("/v1/projects/{project_id:str}/scheduled-posts", opt=operation("publish:read"))
async def listing(
    tx: Tx,
    caller: Calling,
    project_id: FromPath[str],
    status: FromQuery[list[str] | None] = None,
    social_account_id: Annotated[str | None, QueryParameter(name="socialAccountId")] = None,
    platform: FromQuery[str | None] = None,
    container_id: Annotated[str | None, QueryParameter(name="containerId")] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> Page[schemas.ScheduledPost]:
    """List a project's posts, newest scheduledFor first."""
    if not await store.owns_project(tx, caller, project_id):
        raise NotFound(f"There is no project {project_id}.")
    wanted = store.Filter(
        project_id,
        _statuses(status),
        social_account_id,
        platform,
        container_id,
        utc_or_refuse(since, "since"),
        utc_or_refuse(until, "until"),
    )
    last = read_cursor(cursor, wanted, (str, int))
    after = (datetime.fromisoformat(str(last[0])), cast("int", last[1])) if last else None
    rows = await store.page(tx, wanted, after, limit + 1)
    return page_of(
        rows,
        limit,
        wanted,
        key=lambda row: (row["scheduled_for"].isoformat(), row["number"]),
        item=store.post_from,
    )


def _statuses(given: list[str] | None) -> tuple[str, ...] | None:
    if not given:
        return None
    words = tuple(word for part in given for word in part.split(",") if word)
    known = get_args(PostStatus)
    if bad := [word for word in words if word not in known]:
        issue = Issue(
            "status", f"{', '.join(bad)}: no such status; there are {', '.join(known)}.", "invalid_value"
        )
        raise Validation([issue])
    return words


@post(f"{POST}/reschedule", opt=operation("publish:write", body=schemas.RescheduleBody), status_code=200)
async def reschedule(
    scope: Scope,
    tx: Tx,
    caller: Calling,
    now: Now,
    post_id: FromPath[str],
    payload: Body[schemas.RescheduleBody],
) -> schemas.Rescheduled:
    """Move a queued post."""
    moved = await commands.reschedule(tx, caller, post_id, payload.scheduled_for.astimezone(UTC), now)
    nudge(scope)
    return moved


@delete(POST, opt=operation("publish:write", body=schemas.CancelBody), status_code=200)
async def cancel(
    tx: Tx, caller: Calling, post_id: FromPath[str], payload: Body[schemas.CancelBody]
) -> schemas.Canceled:
    """Cancel a post unless something irreversible was sent."""
    return await commands.cancel(tx, caller, post_id, payload.reason)


@post(f"{POST}/retry", opt=operation("publish:write"), status_code=200)
async def retry(scope: Scope, tx: Tx, caller: Calling, post_id: FromPath[str]) -> schemas.ScheduledPost:
    """Try a failed post again."""
    again = await commands.retry(tx, caller, post_id)
    nudge(scope)
    return again


@post(f"{POST}/resolve", opt=operation("publish:write", body=schemas.ResolveBody), status_code=200)
async def resolve(
    tx: Tx, caller: Calling, post_id: FromPath[str], payload: Body[schemas.ResolveBody]
) -> schemas.ScheduledPost:
    """Settle an unknown outcome by what a person saw on the platform."""
    return await commands.resolve(tx, caller, post_id, payload)


ROUTES = [publish, schedule, validate, read, story, listing, reschedule, cancel, retry, resolve]

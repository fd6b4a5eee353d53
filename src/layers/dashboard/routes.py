"""`/dashboard/session`: a cookie for a key or a link."""

from datetime import datetime
from typing import Any, cast

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.types import Scope

from layers.access import sessions
from layers.access.caller import Caller, caller_of_session
from layers.access.schemas import whoami
from layers.api import errors
from layers.api.context import state_of
from layers.api.routes import open_to_all
from layers.api.transaction import take_json
from layers.dashboard import commands
from layers.dashboard.schemas import Session, SignIn
from layers.db.pool import Pool
from layers.kit.problems import Issue
from layers.kit.times import utc_now

PATH = "/dashboard/session"
REFUSED = (errors.Unauthenticated, errors.ForbiddenOrigin, errors.KillSwitch)


@post(
    PATH,
    opt=open_to_all(
        body=SignIn,
        errors=(
            *REFUSED,
            errors.Validation,
            errors.RateLimited,
            errors.PayloadTooLarge,
            errors.UnsupportedMediaType,
        ),
    ),
    status_code=200,
    operation_id="dashboard.signIn",
)
async def sign_in(request: Request[Any, Any, Any]) -> Response[Session]:
    """Sign in: sets a cookie that stands for the key in this browser. Needs the header `X-Layers-Session: 1`."""
    scope, state = request.scope, request.app.state
    public_origin = cast("str", state["public_origin"])
    sessions.refuse_foreign(scope, public_origin)
    wanted, _ = await take_json(scope, request.receive, SignIn)
    if (wanted.key is None) == (wanted.link is None):
        raise errors.Validation([Issue("$", "Give either key or link.", "one_of")])
    attempts, address = (
        cast("commands.Attempts", state["attempts"]),
        request.client.host if request.client else "",
    )
    attempts.refuse_many(address, utc_now())
    before = sessions.token_in(scope, public_origin)
    try:
        made = await commands.sign_in(scope, cast("Pool", state["pool"]), wanted, before)
    except (errors.Unauthenticated, errors.KillSwitch):
        attempts.note_failed(address)
        raise
    answer = Response(_session(made.caller, made.began_at + sessions.LONGEST))
    answer.headers["Set-Cookie"] = sessions.cookie(public_origin, made.token)
    return answer


@get(PATH, opt=open_to_all(errors=REFUSED), operation_id="dashboard.getSession")
async def session(scope: Scope) -> Session:
    """Say for whom this browser is signed in."""
    return _session(await caller_of_session(scope), state_of(scope)["session_ends_at"])


@delete(PATH, opt=open_to_all(errors=REFUSED, media=()), status_code=204, operation_id="dashboard.signOut")
async def sign_out(scope: Scope, state: State) -> Response[None]:
    """Sign out: ends the session here and in the database. Needs the header `X-Layers-Session: 1`."""
    public_origin = cast("str", state["public_origin"])
    caller = await caller_of_session(scope)
    await commands.sign_out(
        cast("Pool", state["pool"]), caller, sessions.token_in(scope, public_origin) or ""
    )
    answer = Response(None, status_code=204)
    answer.headers["Set-Cookie"] = sessions.cookie(public_origin, "", life=sessions.NONE)
    return answer


def _session(caller: Caller, ends_at: datetime) -> Session:
    return Session(**msgspec.structs.asdict(whoami(caller)), ends_at=ends_at)


ROUTES = [sign_in, session, sign_out]

"""Connecting by consent: oauth-url, the callback, and reconnecting under the same account id.

A state is used once, lives ten minutes and belongs to the key that made it. The callback marks it used and commits
before it talks to the platform, so a link followed twice cannot exchange twice; what the person gets back is always a
redirect to where the caller wanted them, with the outcome in its query.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

import asyncpg
import structlog

from layers import events
from layers.access.caller import Caller
from layers.api import errors
from layers.connector import (
    Connector,
    Failure,
    Grant,
    Identity,
    OAuth,
    Rejected,
    Unreadable,
    has_many_servers,
)
from layers.db.pool import Connection
from layers.kit.ids import new_id
from layers.platforms import CONNECTORS
from layers.publishing.credentials import Door
from layers.social_accounts import commands, schemas, store
from layers.social_accounts.commands import Connecting

log = structlog.get_logger("layers.oauth")
LIFE = timedelta(minutes=10)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
VISIBLE_ASCII = re.compile(r"[!-~]+")
CALLBACK = "/v1/social/oauth/callback/"
METADATA = "/v1/social/oauth/client-metadata/"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to connect: a new account of a platform, or the one with `account_id` again."""

    platform: str
    return_url: str
    service: str | None = None
    account_id: str | None = None


async def begin(
    tx: Connection, caller: Caller, project_id: str, wanted: Wanted, by: Connecting, now: datetime
) -> schemas.AuthorizeUrl:
    """Make a state and say where the person consents."""
    connector, oauth = _oauth(wanted.platform)
    _check_return_url(caller, wanted.return_url, by)
    await commands.open_project(tx, caller, project_id)
    sandbox = caller.environment == "test"
    service = _service(connector, wanted, by, sandbox=sandbox)
    if sandbox and by.sandbox_pages is None:
        raise _not_in_sandbox("The operator shows no pages of the sandbox (LAYERS_SANDBOX_PAGES=false)")
    door = by.credentials.door(connector, sandbox=sandbox, service=service)
    state = new_id("st")
    grant = _grant(connector, by, wanted.platform, state, secrets.token_urlsafe(48), service, sandbox=sandbox)
    try:
        authorize = await by.credentials.outbound.converse(
            oauth.begin(grant, door.origin), connector.classify, trusted=door.trusted
        )
    except (Failure, Unreadable) as refusal:
        raise _cannot_begin(connector, refusal, service, sandbox=sandbox) from refusal
    session = {**authorize.session, "code_verifier": grant.code_verifier}
    expires_at = now + LIFE
    await store.insert_state(
        tx,
        store.NewState(
            id=state,
            organization_id=caller.organization_id,
            project_id=project_id,
            api_key_id=caller.api_key_id,
            platform=wanted.platform,
            sandbox=sandbox,
            service=service,
            account_id=wanted.account_id,
            return_url=wanted.return_url,
            sealed_session=by.credentials.vault.seal(session, state),
            expires_at=expires_at,
        ),
    )
    data: dict[str, object] = {"platform": wanted.platform, "socialAccountId": wanted.account_id}
    await events.append(
        tx, caller.event("social_account.consent_asked", project_id, wanted.account_id or project_id, data)
    )
    shown = authorize.url
    if sandbox and by.sandbox_pages:
        shown = shown.replace(by.credentials.sandbox_origin, by.sandbox_pages, 1)
    return schemas.AuthorizeUrl(shown, state, expires_at)


async def begin_again(
    tx: Connection,
    caller: Caller,
    project_id: str,
    body: schemas.ReauthBody,
    by: Connecting,
    now: datetime,
) -> schemas.AuthorizeUrl:
    """Make a state for an account that must be reconnected; it keeps its id."""
    row = await commands.get(tx, caller, body.social_account_id)
    if row["project_id"] != project_id:
        raise errors.one_issue(
            "socialAccountId", "This account belongs to another project.", "not_in_project"
        )
    service = await store.service_of(tx, body.social_account_id)
    wanted = Wanted(row["platform"], body.return_url, service, body.social_account_id)
    return await begin(tx, caller, project_id, wanted, by, now)


def _oauth(platform: str) -> tuple[Connector, OAuth]:
    connector = CONNECTORS.get(platform)
    oauth = connector.oauth if connector else None
    if connector is None or oauth is None:
        known = ", ".join(name for name, c in CONNECTORS.items() if c.oauth)
        raise errors.one_issue("platform", f"Choose one of: {known}.", "unknown_platform")
    return connector, oauth


def _cannot_begin(
    connector: Connector, refusal: Failure | Unreadable, service: str | None, *, sandbox: bool
) -> errors.Validation:
    title = connector.limits.title
    if sandbox and isinstance(refusal, Rejected):
        return _not_in_sandbox(f"The sandbox of {title} gives no consent")
    words = f"{title} could not be asked: {refusal}"
    return errors.one_issue("service" if service else "platform", words, "authorization_refused")


def _not_in_sandbox(why: str) -> errors.Validation:
    words = f'{why}; connect with the credential {{"handle": "…"}}.'
    return errors.one_issue("platform", words, "not_in_sandbox")


def _service(connector: Connector, wanted: Wanted, by: Connecting, *, sandbox: bool) -> str | None:
    """Return the server the person's account lives on: the one named, else the platform's own.

    Only platforms that have many take a name: elsewhere it would lead the app's secret to a stranger.
    """
    title = connector.limits.title
    if connector.doors:
        return _chosen_door(connector, wanted, by.credentials.app_secrets(connector, sandbox=sandbox))
    if sandbox:
        return None
    if not has_many_servers(connector):
        if wanted.service:
            raise errors.one_issue("service", f"{title} has one server; leave this out.", "invalid_value")
        return None
    service = wanted.service or connector.origin
    if not service and by.credentials.settings.origin_of(wanted.platform):
        return None  # the operator's one server stands for all
    if not service:
        words = f"{title} has many servers; name the account's, such as https://example.social."
        raise errors.one_issue("service", words, "required")
    if not service.startswith(("https://", "http://")):
        raise errors.one_issue("service", "The address must start with https://.", "invalid_value")
    return service.rstrip("/")


def _chosen_door(connector: Connector, wanted: Wanted, app: Mapping[str, str]) -> str:
    """Return the door that was named, else the first that the operator has set up, else the usual one."""
    doors = connector.doors
    if wanted.service is None:
        ready = (origin for origin, names in doors.items() if all(app[name] for name in names))
        return next(ready, next(iter(doors)))
    if wanted.service not in doors:
        raise errors.one_issue("service", f"Choose one of: {', '.join(doors)}.", "invalid_value")
    return wanted.service


def _grant(
    connector: Connector,
    by: Connecting,
    platform: str,
    state: str,
    verifier: str,
    service: str | None,
    *,
    sandbox: bool,
) -> Grant:
    app = by.credentials.app_secrets(connector, sandbox=sandbox)
    needed = connector.doors.get(service or "", tuple(app))
    if missing := [f"LAYERS_{platform.upper()}_{name}" for name in needed if not app[name]]:
        words = f"The operator has not set {' and '.join(missing)}; `layers doctor` tells more."
        raise errors.one_issue("platform", words, "not_configured")
    return Grant(
        redirect_uri=f"{by.credentials.settings.public_origin}{CALLBACK}{platform}",
        state=state,
        code_verifier=verifier,
        app=app,
        service=service,
        client_id=f"{by.credentials.settings.public_origin}{METADATA}{platform}",
    )


def client_metadata(platform: str, public_origin: str) -> Mapping[str, object]:
    """Return the document by which a platform's servers know this installation. Raises NotFound where none is used."""
    connector = CONNECTORS.get(platform)
    oauth = connector.oauth if connector else None
    client_id, redirect_uri = f"{public_origin}{METADATA}{platform}", f"{public_origin}{CALLBACK}{platform}"
    document = oauth.metadata(client_id, redirect_uri) if oauth else None
    if document is None:
        raise errors.NotFound("This platform knows apps otherwise than by a document.")
    return document


def _check_return_url(caller: Caller, url: str, by: Connecting) -> None:
    try:
        parts = urlsplit(url)
    except ValueError as fault:  # brackets that hold no address
        raise errors.one_issue("returnUrl", f"This is no address: {fault}.", "invalid_value") from fault
    host = (parts.hostname or "").lower()
    plain = VISIBLE_ASCII.fullmatch(url) and "\\" not in url  # so that browsers read it as it is read here
    if (
        not plain
        or parts.scheme not in ("http", "https")
        or not host
        or "@" in parts.netloc
        or parts.fragment
    ):
        words = "Give an absolute http(s) address in visible ASCII characters, without user or fragment."
        raise errors.one_issue("returnUrl", words, "invalid_value")
    loopback = host in LOOPBACK
    if loopback and (caller.environment == "test" or by.credentials.settings.allow_private_networks):
        return
    if host not in {allowed.lower() for allowed in caller.return_hosts}:
        raise errors.ReturnUrlNotAllowed(
            f"{host} is not among the return hosts of this key.", {"returnHosts": list(caller.return_hosts)}
        )
    if parts.scheme != "https" and not loopback:
        raise errors.one_issue("returnUrl", "Use https.", "invalid_value")


# The way back ----------------------------------------------------------------------------------------------------


async def finish(platform: str, returned: Mapping[str, str], by: Connecting) -> str:
    """Handle the callback; returns where to send the person. Raises NotFound for a state there is none of."""
    state = returned.get("state", "")
    async with by.pool.acquire() as tx, tx.transaction():
        row = await store.use_state(tx, state, platform)
    if row is None:
        raise errors.NotFound(
            "This link was used already, has expired, or was never made. Go back to where you began and connect again."
        )
    try:
        accounts = await _connect(row, returned, by)
    except (Failure, Unreadable, errors.Problem) as refusal:
        code = refusal.code.lower() if isinstance(refusal, (Failure, errors.Problem)) else "oauth_failed"
        log.warning("oauth failed", platform=platform, state=state, code=code, why=str(refusal))
        async with by.pool.acquire() as tx:
            await store.settle_state(tx, state, [], {"code": code, "message": str(refusal)})
        return _with_query(row["return_url"], {"layers_state": state, "layers_oauth_error": code})
    log.info("oauth completed", platform=platform, accounts=accounts)
    return _with_query(row["return_url"], {"layers_state": state, "status": "success"})


async def _connect(row: asyncpg.Record, returned: Mapping[str, str], by: Connecting) -> list[str]:
    connector, oauth = _oauth(row["platform"])
    session = by.credentials.vault.unseal(row["sealed_session"], row["id"])
    verifier = session.pop("code_verifier")
    door: Door = by.credentials.door(connector, sandbox=row["sandbox"], service=row["service"])
    grant = _grant(
        connector, by, row["platform"], row["id"], verifier, row["service"], sandbox=row["sandbox"]
    )
    flow = oauth.exchange(grant, session, returned, door.origin)
    identities = await by.credentials.outbound.converse(flow, connector.classify, trusted=door.trusted)
    if not identities:
        raise Rejected("OAUTH_NO_ACCOUNT", "The consent names no account that can publish.")
    async with by.pool.acquire() as tx, tx.transaction():
        key = await store.key_owner(tx, row["api_key_id"], row["sandbox"])
        await commands.open_project(tx, key, row["project_id"])
        if row["account_id"] is not None:
            await _check_same(tx, row["account_id"], identities)
        ids = [await _store(tx, key, row, identity, by) for identity in identities]
        await store.settle_state(tx, row["id"], ids, None)
    return ids


async def _check_same(tx: Connection, account_id: str, identities: list[Identity]) -> None:
    external_id = await store.external_id_of(tx, account_id)
    if external_id not in {identity.external_id for identity in identities}:
        raise AccountMismatch("Another account consented than the one to be reconnected.")


class AccountMismatch(errors.Conflict):
    """The person consented with another account."""

    code = "ACCOUNT_MISMATCH"


async def _store(tx: Connection, key: Caller, row: asyncpg.Record, identity: Identity, by: Connecting) -> str:
    stored = await commands.store_identity(
        tx,
        key,
        row["project_id"],
        row["platform"],
        identity,
        by,
        service=row["service"],
        sandbox=row["sandbox"],
    )
    return stored["social_account_id"]


def _with_query(url: str, extra: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(extra)) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))

"""Does connecting by consent ask for the right things, and tell a person what went wrong?"""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from flows import Answer, Run, drive

from layers.connector import (
    Call,
    Connector,
    Effect,
    Grant,
    Identity,
    OAuth,
    Rejected,
    Reply,
    Unavailable,
    Unreadable,
)
from layers.platforms.instagram import CONNECTOR as INSTAGRAM
from layers.platforms.tiktok import CONNECTOR as TIKTOK

REDIRECT = "https://layers.test/v1/social/oauth/callback/x"
APPS = {
    "instagram": {"CLIENT_ID": "ci", "CLIENT_SECRET": "c&s"},
    "tiktok": {"CLIENT_KEY": "ck", "CLIENT_SECRET": "c&s"},
}
BOTH = pytest.mark.parametrize("connector", [INSTAGRAM, TIKTOK], ids=["instagram", "tiktok"])
RETURNED = {"code": "c0de", "state": "st&te"}
DENIED = {
    "error": "access_denied",
    "error_reason": "user_denied",
    "error_description": "The user denied your request",
}
NOTHING: Mapping[str, Answer] = {}


def grant(connector: Connector, **app: str) -> Grant:
    return Grant(REDIRECT, "st&te", "verifier", {**APPS[connector.limits.platform], **app})


def oauth(connector: Connector) -> OAuth:
    assert connector.oauth is not None
    return connector.oauth


def begun(connector: Connector, origin: str) -> tuple[str, dict[str, str]]:
    run = drive(connector, lambda: oauth(connector).begin(grant(connector), origin), NOTHING)
    assert (run.calls, run.end.session) == ([], {})
    address, _, query = run.end.url.partition("?")
    return address, dict(parse_qsl(query, strict_parsing=True))


def exchange(
    connector: Connector,
    script: Mapping[str, Answer],
    returned: Mapping[str, str] = RETURNED,
    origin: str | None = None,
) -> Run[list[Identity]]:
    at = origin or connector.origin
    return drive(connector, lambda: oauth(connector).exchange(grant(connector), {}, returned, at), script)


def refusal_of(
    connector: Connector, script: Mapping[str, Answer], returned: Mapping[str, str] = RETURNED
) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        exchange(connector, script, returned)
    return refusal.value


# Both


@BOTH
@pytest.mark.parametrize("missing", ["id", "secret"])
def test_without_an_app_nobody_is_sent_anywhere(connector: Connector, missing: str) -> None:
    name = "CLIENT_SECRET" if missing == "secret" else next(iter(APPS[connector.limits.platform]))
    empty = grant(connector, **{name: ""})
    for begin in (
        lambda: oauth(connector).begin(empty, connector.origin),
        lambda: oauth(connector).exchange(empty, {}, RETURNED, connector.origin),
    ):
        with pytest.raises(Rejected) as refusal:
            drive(connector, begin, NOTHING)
        assert refusal.value.code == "APP_MISCONFIGURED"


@BOTH
def test_a_person_who_says_no_is_told_so_and_nothing_is_asked(connector: Connector) -> None:
    refusal = refusal_of(connector, NOTHING, DENIED)
    assert (refusal.code, refusal.platform_code) == ("OAUTH_DENIED", "access_denied")
    assert "The user denied your request" in refusal.message
    assert refusal_of(connector, NOTHING, {"error": "server_error"}).code == "OAUTH_DENIED"


@BOTH
@pytest.mark.parametrize("returned", [{}, {"code": ""}, {"state": "st&te"}])
def test_a_return_without_a_code_has_failed(connector: Connector, returned: Mapping[str, str]) -> None:
    assert refusal_of(connector, NOTHING, returned).code == "OAUTH_FAILED"


@BOTH
def test_the_settings_it_needs_are_those_the_connector_declares(connector: Connector) -> None:
    needed = connector.doors.get(connector.origin, connector.settings)
    assert set(needed) == set(APPS[connector.limits.platform])


# Instagram

SCOPES = [
    "instagram_business_basic",
    "instagram_business_content_publish",
    "instagram_business_manage_comments",
]
ALL = ",".join(SCOPES)
SHORT: dict[str, object] = {"access_token": "short&1", "user_id": 1784, "permissions": ALL}
LONG = Reply(200, json={"access_token": "IGA.1", "token_type": "bearer", "expires_in": 5_184_000})
USER = {"user_id": "1784", "username": "maya", "name": "Maya", "profile_picture_url": "https://a.test"}
LOGIN: Mapping[str, Answer] = {
    "short token": Reply(200, json=SHORT),
    "long token": LONG,
    "user": Reply(200, json=USER),
}


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://graph.instagram.com", "https://www.instagram.com"),
        ("http://127.0.0.1:1/instagram", "http://127.0.0.1:1/instagram"),
    ],
)
def test_instagram_sends_the_person_to_its_own_site(origin: str, host: str) -> None:
    address, query = begun(INSTAGRAM, origin)
    assert address == f"{host}/oauth/authorize"
    assert query == {
        "client_id": "ci",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": ALL,
        "state": "st&te",
    }
    assert list(oauth(INSTAGRAM).scopes) == SCOPES


@pytest.mark.parametrize(
    "short",
    [
        SHORT,
        {"data": [SHORT]},
        {**SHORT, "permissions": SCOPES},
        {**SHORT, "permissions": ALL.replace(",", ", ")},
    ],
)
def test_instagrams_code_becomes_a_token_for_sixty_days(short: dict[str, object]) -> None:
    run = exchange(INSTAGRAM, {**LOGIN, "short token": Reply(200, json=short)})
    (found,) = run.end
    assert (found.external_id, found.handle, found.display_name) == ("1784", "maya", "Maya")
    assert found.avatar_url == "https://a.test"
    assert found.tokens.secrets == {"accessToken": "IGA.1", "userId": "1784", "scopes": ALL}
    assert found.tokens.expires_in == timedelta(days=60)


def test_instagram_is_asked_on_its_three_hosts() -> None:
    run = exchange(INSTAGRAM, LOGIN)
    short, long, user = run.calls
    assert (short.method, short.url) == ("POST", "https://api.instagram.com/oauth/access_token")
    assert short.form == {
        "client_id": "ci",
        "client_secret": "c&s",
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT,
        "code": "c0de",
    }
    assert long.url.startswith("https://graph.instagram.com/access_token?")
    assert dict(parse_qsl(urlsplit(long.url).query)) == {
        "grant_type": "ig_exchange_token",
        "client_secret": "c&s",
        "access_token": "short&1",
    }
    assert user.url.startswith("https://graph.instagram.com/v26.0/me?")
    assert user.headers == {"Authorization": "Bearer IGA.1"}
    assert Effect.COMMIT not in {call.effect for call in run.calls}


def test_one_origin_may_stand_for_all_of_instagram() -> None:
    run = exchange(INSTAGRAM, LOGIN, origin="http://127.0.0.1:1/instagram")
    assert all(call.url.startswith("http://127.0.0.1:1/instagram/") for call in run.calls)


def test_the_mark_instagram_ends_its_redirects_in_is_no_part_of_the_code() -> None:
    run = exchange(INSTAGRAM, LOGIN, {"code": "c0de#_"})
    assert run.calls[0].form == {**(exchange(INSTAGRAM, LOGIN).calls[0].form or {}), "code": "c0de"}


def test_an_account_without_the_permission_to_comment_is_connected() -> None:
    granted = ",".join(SCOPES[:2])
    run = exchange(INSTAGRAM, {**LOGIN, "short token": Reply(200, json={**SHORT, "permissions": granted})})
    assert run.end[0].tokens.secrets["scopes"] == granted


@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        (SCOPES[:1], SCOPES[1:2]),
        (SCOPES[1:], SCOPES[:1]),
        ([], SCOPES[:2]),
        (None, SCOPES[:2]),
        ("", SCOPES[:2]),
    ],
)
def test_permissions_instagram_was_not_given_are_named(permissions: object, missing: list[str]) -> None:
    short = Reply(200, json={**SHORT, "permissions": permissions})
    refusal = refusal_of(INSTAGRAM, {"short token": short})
    assert refusal.code == "OAUTH_SCOPES"
    assert f": {', '.join(missing)} is missing" in refusal.message


GRAPH_ERROR = Reply(400, json={"error": {"code": 190, "message": "Cannot parse access token"}})


@pytest.mark.parametrize(
    ("call", "answer", "said"),
    [
        (
            "short token",
            Reply(400, json={"error_type": "OAuthException", "code": 400, "error_message": "Invalid code"}),
            "Invalid code",
        ),
        ("short token", Reply(403, text="?"), "no reason given"),
        ("long token", GRAPH_ERROR, "Cannot parse access token"),
        ("user", GRAPH_ERROR, "Cannot parse access token"),
    ],
)
def test_what_instagram_refuses_is_told_in_its_words(call: str, answer: Reply, said: str) -> None:
    refusal = refusal_of(INSTAGRAM, {**LOGIN, call: answer})
    assert refusal.code == "OAUTH_FAILED"
    assert said in refusal.message


# TikTok

ISSUED: dict[str, object] = {
    "access_token": "act.1",
    "expires_in": 86_400,
    "open_id": "open-1",
    "refresh_token": "rft.1",
    "refresh_expires_in": 31_536_000,
    "scope": "user.info.basic,video.publish",
    "token_type": "Bearer",
}
CREATOR = Reply(
    200,
    json={
        "data": {"user": {"open_id": "open-1", "display_name": "Maya", "avatar_url": "https://a.test"}},
        "error": {"code": "ok"},
    },
)
KIT: Mapping[str, Answer] = {"token": Reply(200, json=ISSUED), "user": CREATOR}


def api_error(code: str, status: int) -> Reply:
    return Reply(status, json={"data": {}, "error": {"code": code, "message": "no"}})


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://open.tiktokapis.com", "https://www.tiktok.com"),
        ("http://127.0.0.1:1/tiktok", "http://127.0.0.1:1/tiktok"),
    ],
)
def test_tiktok_sends_the_person_to_its_own_site(origin: str, host: str) -> None:
    address, query = begun(TIKTOK, origin)
    assert address == f"{host}/v2/auth/authorize/"
    assert query == {
        "client_key": "ck",
        "response_type": "code",
        "scope": "user.info.basic,video.publish,video.upload,video.list",
        "redirect_uri": REDIRECT,
        "state": "st&te",
    }


def test_tiktoks_code_becomes_tokens_with_what_was_granted() -> None:
    run = exchange(TIKTOK, KIT)
    (found,) = run.end
    assert (found.external_id, found.handle, found.avatar_url) == ("open-1", "Maya", "https://a.test")
    assert (found.tokens.expires_in, found.tokens.grant_expires_in) == (
        timedelta(days=1),
        timedelta(days=365),
    )
    assert found.tokens.secrets == {
        "accessToken": "act.1",
        "refreshToken": "rft.1",
        "openId": "open-1",
        "scopes": "user.info.basic,video.publish",
    }
    token, user = run.calls
    assert (token.method, token.url) == ("POST", "https://open.tiktokapis.com/v2/oauth/token/")
    assert token.form == {
        "client_key": "ck",
        "client_secret": "c&s",
        "code": "c0de",
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT,
    }
    assert user.headers == {"Authorization": "Bearer act.1"}
    assert Effect.COMMIT not in {call.effect for call in run.calls}


def test_a_username_tiktok_does_not_show_is_done_without() -> None:
    run = exchange(TIKTOK, {**KIT, "user": [api_error("scope_not_authorized", 401), CREATOR]})
    assert run.end[0].handle == "Maya"


@pytest.mark.parametrize("scope", ["", "user.info.basic,video.upload", "video.publish.all"])
def test_posting_that_was_not_allowed_is_named(scope: str) -> None:
    refusal = refusal_of(TIKTOK, {"token": Reply(200, json={**ISSUED, "scope": scope})})
    assert refusal.code == "OAUTH_SCOPES"
    assert "video.publish is missing" in refusal.message


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("invalid_grant", "Authorization code is expired"),
        ("invalid_client", "does not know the client key"),
        ("brand_new", "Authorization code is expired"),
    ],
)
def test_a_code_tiktok_refuses_is_told(status: int, error: str, said: str) -> None:
    answer = Reply(status, json={"error": error, "error_description": "Authorization code is expired"})
    refusal = refusal_of(TIKTOK, {"token": answer})
    assert (refusal.code, refusal.platform_code) == ("OAUTH_FAILED", error)
    assert said in refusal.message


def test_a_refusal_without_a_word_shows_its_status() -> None:
    refusal = refusal_of(TIKTOK, {"token": Reply(403, text="<html>")})
    assert (refusal.code, refusal.platform_code) == ("OAUTH_FAILED", None)
    assert "403" in refusal.message


def test_a_token_nobody_answers_for_is_refused() -> None:
    refusal = refusal_of(TIKTOK, {**KIT, "user": api_error("access_token_invalid", 401)})
    assert (refusal.code, refusal.platform_code) == ("OAUTH_FAILED", "access_token_invalid")


def test_another_creators_token_is_refused() -> None:
    stranger = Reply(200, json={**ISSUED, "open_id": "open-2"})
    assert refusal_of(TIKTOK, {**KIT, "token": stranger}).code == "CREDENTIAL_INVALID"


@pytest.mark.parametrize(
    ("answer", "failure"),
    [(Reply(503), Unavailable), (Reply(200, json={"access_token": "act.1"}), Unreadable)],
)
def test_trouble_that_passes_is_no_refusal(answer: Reply, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        exchange(TIKTOK, {**KIT, "token": answer})


# Codes are good for one use: nothing may be asked twice


@pytest.mark.parametrize(
    ("connector", "script"), [(INSTAGRAM, LOGIN), (TIKTOK, KIT)], ids=["instagram", "tiktok"]
)
def test_the_code_is_used_once(connector: Connector, script: Mapping[str, Answer]) -> None:
    def uses(call: Call) -> bool:
        return (call.form or {}).get("code") == "c0de"

    assert len([call for call in exchange(connector, script).calls if uses(call)]) == 1

"""Does consent on an atproto server follow its profile of OAuth, and is each token sent with a proof of its key?"""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from flows import Script, drive
from hypothesis import given
from hypothesis import strategies as st

from layers.connector import (
    Account,
    Call,
    Effect,
    Grant,
    Identity,
    Post,
    Proof,
    Reconnect,
    Rejected,
    Reply,
    Unavailable,
    Unreadable,
)
from layers.kit.dpop import P256_ORDER, derive_key, prove
from layers.outbound import AnswerLost, NotSent, Outbound
from layers.platforms.bluesky import CONNECTOR
from layers.platforms.bluesky.publish import find

DID = "did:plc:abc"
FROZEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PDS, ISSUER = "https://pds.example", "https://login.example"
BACK = "https://layers.example/v1/social/oauth/callback/bluesky"
DOCUMENT = "https://layers.example/v1/social/oauth/client-metadata/bluesky"
GRANT = Grant(BACK, "st_1", "v" * 64, {}, PDS, DOCUMENT)
RESOURCE = Reply(200, json={"resource": PDS, "authorization_servers": [ISSUER]})
SERVER = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/oauth/authorize",
    "token_endpoint": f"{ISSUER}/oauth/token",
    "pushed_authorization_request_endpoint": f"{ISSUER}/oauth/par",
}
TOKENS = {
    "access_token": "acc",
    "refresh_token": "ref",
    "token_type": "DPoP",
    "expires_in": 3600,
    "sub": DID,
    "scope": "atproto transition:generic",
}
REPO = {
    "did": DID,
    "handle": "ann.example",
    "didDoc": {
        "id": DID,
        "service": [
            {"id": "#other", "serviceEndpoint": "https://other.example"},
            {"id": "#atproto_pds", "serviceEndpoint": PDS},
        ],
    },
}
SESSION = {"issuer": ISSUER, "tokenEndpoint": f"{ISSUER}/oauth/token", "pds": PDS, "clientId": DOCUMENT}
RETURNED = {"code": "cod", "iss": ISSUER, "state": "st_1"}
BEGUN: Script = {
    "resource": RESOURCE,
    "server": Reply(200, json=SERVER),
    "request": Reply(201, json={"request_uri": "urn:r:1", "expires_in": 299}),
}
ENDED: Script = {
    "token": Reply(200, json=TOKENS),
    "account": Reply(200, json=REPO),
    "home": RESOURCE,
}


def begin(script: Script = BEGUN, grant: Grant = GRANT, origin: str = PDS):
    assert CONNECTOR.oauth
    oauth = CONNECTOR.oauth
    return drive(CONNECTOR, lambda: oauth.begin(grant, origin), {**BEGUN, **script})


def exchange(script: Script = ENDED, returned: dict[str, str] | None = None):
    assert CONNECTOR.oauth
    oauth = CONNECTOR.oauth
    came = RETURNED if returned is None else returned
    return drive(CONNECTOR, lambda: oauth.exchange(GRANT, SESSION, came, PDS), {**ENDED, **script})


def identity() -> Identity:
    (found,) = exchange().end
    return found


def refused(code: str, run: Callable[[], object]) -> Rejected:
    with pytest.raises(Rejected) as caught:
        run()
    assert caught.value.code == code
    return caught.value


# Where consent is given


def test_the_request_is_pushed_with_pkce_and_proof() -> None:
    run = begin()
    assert run.names == ["resource", "server", "request"]
    assert [call.url for call in run.calls] == [
        f"{PDS}/.well-known/oauth-protected-resource",
        f"{ISSUER}/.well-known/oauth-authorization-server",
        f"{ISSUER}/oauth/par",
    ]
    pushed = run.call("request")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 64).digest()).rstrip(b"=").decode()
    assert pushed.effect is Effect.PREPARE
    assert pushed.form == {
        "client_id": DOCUMENT,
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "atproto transition:generic",
        "state": "st_1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert pushed.proof
    assert (pushed.proof.url, pushed.proof.access_token) == (pushed.url, None)
    assert run.end.session == SESSION
    query = parse_qs(urlsplit(run.end.url).query)
    assert run.end.url.startswith(f"{ISSUER}/oauth/authorize?")
    assert query == {"client_id": [DOCUMENT], "request_uri": ["urn:r:1"]}


def test_begun_again_it_is_the_same() -> None:
    assert begin().calls == begin().calls
    other = begin(grant=changed(GRANT, code_verifier="w" * 64))
    assert other.call("request").proof != begin().call("request").proof


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "[::1]:8787"])
def test_on_a_developers_machine_the_client_id_says_it_all(host: str) -> None:
    back = f"http://{host}/v1/social/oauth/callback/bluesky"
    client_id = urlsplit(begin(grant=changed(GRANT, redirect_uri=back)).end.session["clientId"])
    assert (client_id.scheme, client_id.netloc, client_id.path) == ("http", "localhost", "")
    assert parse_qs(client_id.query) == {"redirect_uri": [back], "scope": ["atproto transition:generic"]}


@pytest.mark.parametrize("origin", ["http://localhost:8787", "http://layers.example", "https://localhost"])
def test_an_address_no_server_sends_people_to(origin: str) -> None:
    refused("APP_MISCONFIGURED", lambda: begin(grant=changed(GRANT, redirect_uri=f"{origin}/cb")))


def test_a_server_that_only_gives_tokens() -> None:
    missing = Reply(404, json={})
    run = begin({"resource": missing}, origin=ISSUER)
    assert run.end.session["pds"] == ISSUER


@pytest.mark.parametrize(
    "script",
    [
        {"resource": Reply(404), "server": Reply(404)},
        {"resource": Reply(200, text="<html>")},
        {"resource": Reply(200, json={"resource": PDS, "authorization_servers": "x"})},
        {"server": Reply(200, json={"issuer": ISSUER})},
    ],
)
def test_no_oauth_there(script: Script) -> None:
    assert "app password" in refused("OAUTH_UNSUPPORTED", lambda: begin(script)).message


@pytest.mark.parametrize(
    "script",
    [
        {"server": Reply(200, json={**SERVER, "issuer": "https://evil.example"})},
        {"server": Reply(200, json={**SERVER, "token_endpoint": "http://login.example/oauth/token"})},
        {
            "request": Reply(
                400, json={"error": "invalid_client_metadata", "error_description": "no document"}
            )
        },
    ],
)
def test_servers_that_cannot_be_trusted_or_do_not_want(script: Script) -> None:
    refused("OAUTH_FAILED", lambda: begin(script))


# The way back


def test_the_code_becomes_an_account() -> None:
    run = exchange()
    assert run.names == ["token", "account", "home"]
    asked = run.call("token")
    assert asked.form == {
        "grant_type": "authorization_code",
        "code": "cod",
        "redirect_uri": BACK,
        "code_verifier": "v" * 64,
        "client_id": DOCUMENT,
    }
    (found,) = run.end
    assert (found.external_id, found.handle, found.tokens.expires_in) == (
        DID,
        "ann.example",
        timedelta(hours=1),
    )
    assert found.tokens.grant_expires_in == timedelta(days=14)
    pushed = begin().call("request").proof
    assert pushed
    assert asked.proof == Proof(pushed.key, asked.url)
    assert found.tokens.secrets == {
        "service": PDS,
        "did": DID,
        "accessJwt": "acc",
        "refreshJwt": "ref",
        "dpopKey": pushed.key,
        "tokenEndpoint": f"{ISSUER}/oauth/token",
        "clientId": DOCUMENT,
        "issuer": ISSUER,
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": "https://evil.example"}, "OAUTH_FAILED"),
        ({"iss": ""}, "OAUTH_FAILED"),
        ({"state": "st_2"}, "OAUTH_FAILED"),
        ({"code": ""}, "OAUTH_FAILED"),
        ({"error": "access_denied"}, "OAUTH_DENIED"),
        ({"error": "server_error", "error_description": "broken"}, "OAUTH_FAILED"),
    ],
)
def test_what_comes_back_is_checked(change: dict[str, str], code: str) -> None:
    refused(code, lambda: exchange(returned={**RETURNED, **change}))


@pytest.mark.parametrize("scope", ["atproto", "transition:generic", "", "atproto transition:generic.x"])
def test_posting_must_be_allowed(scope: str) -> None:
    script = {"token": Reply(200, json={**TOKENS, "scope": scope})}
    refused("OAUTH_SCOPES", lambda: exchange(script))


@pytest.mark.parametrize(
    "change", [{"token_type": "Bearer"}, {"sub": 1}, {"refresh_token": None}, {"expires_in": "soon"}]
)
def test_tokens_of_another_make(change: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        exchange({"token": Reply(200, json={**TOKENS, **change})})


def moved(home: str) -> Reply:
    services = [{"id": f"{DID}#atproto_pds", "serviceEndpoint": home}]
    return Reply(200, json={**REPO, "didDoc": {"id": DID, "service": services}})


def test_the_account_may_live_elsewhere_if_that_server_agrees() -> None:
    """As on bsky.social, which gives the tokens for accounts on many servers."""
    elsewhere = "https://far.example"
    agrees = Reply(200, json={"resource": elsewhere, "authorization_servers": [ISSUER]})
    (found,) = exchange({"account": moved(elsewhere + "/"), "home": agrees}).end
    assert found.tokens.secrets["service"] == elsewhere


@pytest.mark.parametrize(
    "script",
    [
        {"home": Reply(200, json={"resource": PDS, "authorization_servers": ["https://other.example"]})},
        {"account": moved("http://far.example")},
        {"account": Reply(400, json={"error": "RepoNotFound"})},
        {"account": Reply(200, json={**REPO, "did": "did:plc:other"})},
        {"account": Reply(200, json={**REPO, "didDoc": {"id": "did:plc:other", "service": []}})},
        {"token": Reply(400, json={"error": "invalid_grant"})},
    ],
)
def test_tokens_for_an_account_that_is_not_there(script: Script) -> None:
    refused("OAUTH_FAILED", lambda: exchange(script))


# The session in use


def account(**secrets: str) -> Account:
    return Account("sa_1", DID, "ann.example", PDS, {**identity().tokens.secrets, **secrets})


def test_calls_carry_the_token_and_go_to_the_accounts_server() -> None:
    far = changed(account(), origin="https://login.example")
    post = Post("sp_1", 7, "direct_publish", "text", "hello", None, (), {}, FROZEN)
    put = Reply(200, json={"uri": "at://x", "cid": "c"})
    (call,) = drive(CONNECTOR, lambda: CONNECTOR.publish(post, far), {"post": put}).calls
    assert call.url.startswith(f"{PDS}/xrpc/")
    assert call.headers["Authorization"] == "DPoP acc"
    assert call.proof == Proof(far.secrets["dpopKey"], call.url, "acc")
    gone = Reply(400, json={"error": "RecordNotFound"})
    (look,) = drive(CONNECTOR, lambda: find(post, far, []), {"record": gone}).calls
    assert (look.headers["Authorization"], look.url.startswith(PDS)) == ("DPoP acc", True)
    assert look.proof


def test_a_session_of_an_app_password_needs_no_proof() -> None:
    plain = Account("sa_1", DID, "a", PDS, {"accessJwt": "acc", "service": "https://named.example"})
    post = Post("sp_1", 7, "direct_publish", "text", "hello", None, (), {}, FROZEN)
    put = Reply(200, json={"uri": "at://x", "cid": "c"})
    (call,) = drive(CONNECTOR, lambda: CONNECTOR.publish(post, plain), {"post": put}).calls
    assert (call.headers["Authorization"], call.proof) == ("Bearer acc", None)
    assert call.url.startswith(PDS)


def renewed(reply: Reply):
    return drive(CONNECTOR, lambda: CONNECTOR.refresh(account()), {"refresh": reply})


def test_tokens_are_renewed() -> None:
    fresh = {**TOKENS, "access_token": "acc2", "refresh_token": "ref2"}
    run = renewed(Reply(200, json=fresh))
    (call,) = run.calls
    form = {"grant_type": "refresh_token", "refresh_token": "ref", "client_id": DOCUMENT}
    assert (call.url, call.form) == (f"{ISSUER}/oauth/token", form)
    assert call.proof == Proof(account().secrets["dpopKey"], call.url)
    assert run.end.secrets == {**account().secrets, "accessJwt": "acc2", "refreshJwt": "ref2"}
    assert run.end.grant_expires_in is None  # the session ends when it would have


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(400, json={"error": "invalid_grant"}), Reconnect),
        (Reply(200, json={**TOKENS, "sub": "did:plc:other"}), Reconnect),
        (Reply(400, json={"error": "use_dpop_nonce"}), Unavailable),
        (Reply(400, json={"error": "invalid_client_metadata"}), Unavailable),
        (Reply(503, text="busy"), Unavailable),
        (Reply(200, json={}), Unreadable),
    ],
)
def test_renewals_that_fail(reply: Reply, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        renewed(reply)


def test_the_document_describes_a_public_client() -> None:
    assert CONNECTOR.oauth
    said = CONNECTOR.oauth.metadata(DOCUMENT, BACK)
    assert said
    assert (said["client_id"], said["redirect_uris"]) == (DOCUMENT, [BACK])
    assert (said["dpop_bound_access_tokens"], said["token_endpoint_auth_method"]) == (True, "none")
    assert said["client_uri"] == "https://layers.example"


# Proofs


def unpack(part: str) -> dict[str, object]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def number(text: object) -> int:
    assert isinstance(text, str)
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def opened(proof: str) -> tuple[dict[str, object], dict[str, object]]:
    """Check a proof's signature by the key it carries; return that key and the claims."""
    head, claims, signature = proof.split(".")
    jwk = unpack(head)["jwk"]
    assert isinstance(jwk, dict)
    assert unpack(head) == {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
    public = ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()
    raw = base64.urlsafe_b64decode(signature + "==")
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    return jwk, unpack(claims)


KEY = derive_key("a secret", "test")
URL = "https://pds.example/xrpc/a.b?x=1#y"


@given(st.text(), st.text())
def test_any_seed_makes_a_key_that_signs(seed: str, purpose: str) -> None:
    key = derive_key(seed, purpose)
    assert key == derive_key(seed, purpose)
    private = json.loads(key)
    assert 0 < number(private["d"]) < P256_ORDER
    proof = prove(key, "GET", URL, now=1, proof_id="j", nonce=None, access_token=None)
    jwk, _ = opened(proof)
    assert jwk == {name: private[name] for name in ("kty", "crv", "x", "y")}
    assert derive_key(seed + "x", purpose) != key != derive_key(seed, purpose + "x")


def test_claims_of_a_proof() -> None:
    _, bare = opened(prove(KEY, "GET", URL, now=7, proof_id="j", nonce=None, access_token=None))
    assert bare == {"htm": "GET", "htu": "https://pds.example/xrpc/a.b", "iat": 7, "jti": "j"}
    _, full = opened(prove(KEY, "POST", URL, now=7, proof_id="j", nonce="n", access_token="tok"))
    ath = base64.urlsafe_b64encode(hashlib.sha256(b"tok").digest()).rstrip(b"=").decode()
    assert (full["htm"], full["nonce"], full["ath"]) == ("POST", "n", ath)


def test_a_changed_proof_does_not_hold() -> None:
    head, claims, signature = prove(
        KEY, "GET", URL, now=7, proof_id="j", nonce=None, access_token=None
    ).split(".")
    forged = base64.urlsafe_b64encode(json.dumps({**unpack(claims), "htm": "POST"}).encode()).decode()
    with pytest.raises(InvalidSignature):
        opened(f"{head}.{forged.rstrip('=')}.{signature}")


def test_secrets_are_not_shown() -> None:
    assert "tok" not in repr(Call("c", Effect.READ, "GET", URL, proof=Proof(KEY, URL, "tok")))
    assert json.loads(KEY)["d"] not in repr(Proof(KEY, URL))


# Nonces, over real HTTP


class NoMedia:
    """A store without media."""

    def stream(self, key: str, start: int, length: int) -> AsyncIterator[bytes]:
        raise AssertionError("no media here")


@dataclass
class Guard:
    """A server that lets a request in if its proof carries `nonce`; `says` is how it refuses."""

    nonce: str | None = "n1"
    says: str = "token"
    origin: str = ""
    proofs: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    bodies: list[bytes] = field(default_factory=list[bytes])
    hang_up_at: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.read())
        self.proofs.append(opened(request.headers["DPoP"])[1] if "DPoP" in request.headers else {})
        if len(self.proofs) == self.hang_up_at:
            assert request.transport
            request.transport.abort()
        headers = {"DPoP-Nonce": self.nonce or "never right"}
        if self.nonce is not None and self.proofs[-1].get("nonce") == self.nonce:
            return web.json_response({"ok": True}, headers=headers)
        if self.says == "token":
            return web.json_response({"error": "use_dpop_nonce"}, status=400, headers=headers)
        if self.says == "resource":
            headers["WWW-Authenticate"] = 'DPoP error="use_dpop_nonce", error_description="new one"'
            return web.Response(status=401, headers=headers)
        return web.json_response({"error": "invalid_token"}, status=401, headers=headers)


@pytest.fixture
async def guard() -> AsyncIterator[Guard]:
    """A running guard."""
    held = Guard()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", held.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    held.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield held
    await runner.cleanup()


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """A door to anywhere."""
    door = Outbound(NoMedia(), anywhere=True)
    yield door
    await door.close()


def call(guard: Guard, **changes: object) -> Call:
    url = f"{guard.origin}/a?b=c"
    made = Call("c", Effect.COMMIT, "POST", url, json={"text": "hi"}, proof=Proof(KEY, url, "tok"))
    return changed(made, **changes)  # pyright: ignore


@pytest.mark.parametrize("says", ["token", "resource"])
async def test_the_nonce_is_learned_by_one_refusal(guard: Guard, outbound: Outbound, says: str) -> None:
    guard.says = says
    assert (await outbound.send(call(guard))).status == 200
    assert [proof.get("nonce") for proof in guard.proofs] == [None, "n1"]
    assert guard.bodies == [b'{"text":"hi"}'] * 2
    assert guard.proofs[0]["jti"] != guard.proofs[1]["jti"]
    assert guard.proofs[0]["htu"] == f"{guard.origin}/a"
    assert (await outbound.send(call(guard))).status == 200
    assert len(guard.proofs) == 3


async def test_a_new_nonce_is_taken_from_any_answer(guard: Guard, outbound: Outbound) -> None:
    await outbound.send(call(guard))
    guard.nonce = "n2"
    await outbound.send(call(guard))
    assert [proof.get("nonce") for proof in guard.proofs] == [None, "n1", "n1", "n2"]


async def test_a_server_never_content_is_asked_twice(guard: Guard, outbound: Outbound) -> None:
    guard.nonce = None
    assert (await outbound.send(call(guard))).status == 400
    assert len(guard.proofs) == 2


async def test_other_refusals_are_not_repeated(guard: Guard, outbound: Outbound) -> None:
    guard.says = "bad token"
    assert (await outbound.send(call(guard))).status == 401
    assert len(guard.proofs) == 1


async def test_without_proof_nothing_is_repeated(guard: Guard, outbound: Outbound) -> None:
    assert (await outbound.send(call(guard, proof=None))).status == 400
    assert guard.proofs == [{}]


async def test_the_answer_to_the_second_request_is_lost(guard: Guard, outbound: Outbound) -> None:
    guard.hang_up_at = 2
    with pytest.raises(AnswerLost):
        await outbound.send(call(guard))
    assert len(guard.proofs) == 2


async def test_the_proof_names_the_address_the_server_knows(guard: Guard, outbound: Outbound) -> None:
    known = "https://pds.example/a"
    assert (await outbound.send(call(guard, proof=Proof(KEY, known)))).status == 200
    assert {proof["htu"] for proof in guard.proofs} == {known}


async def test_nobody_there(outbound: Outbound) -> None:
    with pytest.raises(NotSent):
        await outbound.send(call(Guard(origin="http://127.0.0.1:1")))

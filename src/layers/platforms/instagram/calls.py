"""The shapes that go to Instagram's API and come back from it."""

from typing import TypeVar

import msgspec

from layers.connector import Account, Call, Effect, Json, Reply, Unreadable

GRAPH = "https://graph.instagram.com"
FACEBOOK = "https://graph.facebook.com"
"""Where accounts connected through a Facebook Page are spoken for."""
PAGE = "pageId"
"""The secret that only those accounts have."""

API_VERSION = "v26.0"

STRUCT = TypeVar("STRUCT", bound=msgspec.Struct)
ANY_REFUSAL = tuple(range(300, 600))
"""For calls that must not fail a post that is public already."""


class QuotaConfig(msgspec.Struct):
    """How many posts in how many seconds, as a sliding window."""

    quota_total: int
    quota_duration: int


class Quota(msgspec.Struct):
    """`content_publishing_limit`: posts made through any app count."""

    quota_usage: int
    config: QuotaConfig | None = None


class User(msgspec.Struct):
    """`/me`. `id` is the account as this app alone knows it; `user_id` is the one the other calls want.

    Documented as text, and known to come as numbers from a neighbour of this call.
    """

    user_id: str | int
    username: str
    id: str | int = ""
    name: str = ""
    profile_picture_url: str | None = None


class Token(msgspec.Struct):
    """A long-lived token; `expires_in` in seconds."""

    access_token: str
    expires_in: int


class Listed(msgspec.Struct):
    """One entry of a list of posts (`caption`) or comments (`text`)."""

    id: str
    timestamp: str = ""
    caption: str = ""
    text: str = ""


class Page(msgspec.Struct):
    """A list, newest first; `paging.next` is there when it goes on."""

    data: list[Listed]
    paging: dict[str, object] = {}


def get(account: Account, name: str, path: str, handles: tuple[int, ...] = ()) -> Call:
    """Return a READ of `path` (below the API's version) in the account's name."""
    url = f"{_graph(account)}/{API_VERSION}/{path}"
    return Call(name, Effect.READ, "GET", url, headers=bearer(account), handles=handles)


def post_to(
    account: Account, name: str, effect: Effect, path: str, json: Json, handles: tuple[int, ...] = ()
) -> Call:
    """Return a POST of `json` to `path` (below the API's version) in the account's name."""
    url = f"{_graph(account)}/{API_VERSION}/{path}"
    return Call(name, effect, "POST", url, headers=bearer(account), json=json, handles=handles)


def bearer(account: Account) -> dict[str, str]:
    """Return the header that carries the access token."""
    return {"Authorization": f"Bearer {account.secrets['accessToken']}"}


def by_page(account: Account) -> bool:
    """Tell whether the account came through Facebook Login, by the Page it is linked to."""
    return PAGE in account.secrets


def host(usual: str, origin: str) -> str:
    """Return `usual`, unless one origin stands for all of Instagram's hosts."""
    return usual if origin in (GRAPH, FACEBOOK) else origin


def _graph(account: Account) -> str:
    return host(FACEBOOK if by_page(account) else GRAPH, account.origin)


def read(value: object, shape: type[STRUCT]) -> STRUCT:
    """Read a part of an answer as `shape`; numbers may come as text. Raises Unreadable when it is something else."""
    try:
        return msgspec.convert(value, shape, strict=False)
    except msgspec.ValidationError as fault:
        raise Unreadable(f"{shape.__name__}: {fault}") from fault


def unwrapped(reply: Reply) -> object:
    """Return the answer's object, which some calls wrap in `{"data": [...]}`, some not, at some times."""
    return reply.value("data", 0) or reply.json

"""The language connectors speak: a platform is a conversation without I/O.

A connector is pure. Its flows are generators that yield a `Call` (or a `Wait`) and are sent the `Reply`. They open no
socket, read no clock, touch no table and retry nothing; the engine does all of that, once, for every platform. What
may happen after a crash or a lost answer follows from each call's `Effect`, never from a guess.

A flow must be deterministic: run again with the same post and the same replies it yields the same calls.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias, TypeVar

import msgspec

Json: TypeAlias = Mapping[str, object] | Sequence[object] | str | int | float | bool | None
MediaKind = Literal["image", "video"]
ContentKind = Literal["video", "image", "carousel", "text"]
T = TypeVar("T")


class Effect(StrEnum):
    """How dangerous a call is, which decides what may follow a crash or a lost answer."""

    READ = "read"
    """Changes nothing; may always be repeated. The last reply under each name is kept with the COMMIT it led to, so a
    poll after a commit needs a name of its own."""
    PREPARE = "prepare"
    """Invisible until the commit (an upload, a container); may be repeated, at the price of waste."""
    COMMIT = "commit"
    """After this one call the post may be public. Journaled before it is sent, never repeated blindly."""


@dataclass(frozen=True, slots=True)
class MediaSlice:
    """Bytes `start` to `start + length` of the post's media item `index`: a reference, never the bytes."""

    index: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request needs to show that its sender holds the key its token is bound to (DPoP, RFC 9449).

    `key`: a private P-256 key as a JWK in JSON. `url`: the address as its server knows it, even if the call travels
    by another one. `access_token`: the token sent along, if any. The proof itself is made when the call is sent.
    """

    key: str = field(repr=False)
    url: str
    access_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request of a flow. `name` is stable within the flow ("init", "chunk 3", "status")."""

    name: str
    effect: Effect
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    json: Json = None
    form: Mapping[str, str] | None = None
    body: MediaSlice | None = None
    file_field: str | None = None
    """With `body`: send multipart/form-data, the fields of `form` first and then the slice as this field's file."""
    filename: str = "file"
    """What that file is called, in letters, digits, dots and dashes; servers may go by its ending."""
    proof: Proof | None = None
    handles: tuple[int, ...] = ()
    """Statuses outside 2xx that the flow reads itself instead of having them classified as failures."""
    repeatable: timedelta | None = None
    """For a COMMIT: for how long after the first try the platform itself refuses to do it twice."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until the platform has moved on: the post is parked and the flow resumed later."""

    seconds: float
    why: str


class Reply(msgspec.Struct, frozen=True):
    """What came back. `json` is None when the body is not JSON; header names are lower-case."""

    status: int
    headers: dict[str, str] = {}
    json: object = None
    text: str = ""

    def value(self, *path: str | int) -> object:
        """Follow keys and indexes into the JSON; None where the path ends early."""
        node: object = self.json
        for step in path:
            if isinstance(node, dict) and isinstance(step, str):
                node = node.get(step)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):  # pyright: ignore[reportUnknownArgumentType]
                node = node[step]  # pyright: ignore[reportUnknownVariableType]
            else:
                return None
        return node  # pyright: ignore[reportUnknownVariableType]

    def text_at(self, *path: str | int) -> str:
        """Return the string at `path`. Raises Unreadable when there is none."""
        found = self.value(*path)
        if not isinstance(found, str):
            raise Unreadable(f"no text at {'.'.join(map(str, path))}")
        return found


Flow: TypeAlias = Generator[Call | Wait, Reply, T]


# What a flow ends with -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Published:
    """The post is public. `external_id` is the platform's name for it."""

    external_id: str
    external_url: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The post lies in the creator's inbox; a person finishes it there."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """`find`: the commit did happen; `answer` takes the place of the reply that was lost."""

    answer: Reply


@dataclass(frozen=True, slots=True)
class NotPosted:
    """`find`: the platform shows that the commit did not happen, and how one can tell."""

    evidence: str
    final: bool = False
    """True: one look proves it. False: the platform may lag; absence counts only when seen twice."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """`find`: the platform cannot say. `why` is a sentence without its full stop."""

    why: str


# How a call can fail ---------------------------------------------------------------------------------------------
#
# Failure
# ├── Rejected      the platform will never take this post as it is
# ├── Reconnect     the token is no good: refresh once, then a person reconnects
# ├── Throttled     too much for now: the account waits until then, no try is counted
# └── Unavailable   a fault that passes: tried again later
# Unreadable        an answer without what the documentation promises (after a COMMIT: in doubt)


class Failure(Exception):  # noqa: N818
    """The platform refused a call. `code` is Layers' stable word, `platform_code` the platform's own."""

    retryable = False

    def __init__(self, code: str, message: str, platform_code: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.platform_code = platform_code


class Rejected(Failure):
    """Content, media, options or account state that no retry mends."""


class Reconnect(Failure):
    """Token expired, revoked or short of a scope.

    `revoked`, of a refused refresh: the token in hand is dead as well, not only past renewal.
    """

    def __init__(self, message: str, platform_code: str | None = None, *, revoked: bool = False) -> None:
        super().__init__("CREDENTIAL_INVALID", message, platform_code)
        self.revoked = revoked


class Throttled(Failure):
    """A rate limit or daily cap; `after` is how long the whole account keeps still."""

    retryable = True

    def __init__(self, message: str, after: timedelta, platform_code: str | None = None) -> None:
        super().__init__("PLATFORM_LIMIT", message, platform_code)
        self.after = after


class Unavailable(Failure):
    """Server fault or network trouble."""

    retryable = True

    def __init__(self, message: str, platform_code: str | None = None) -> None:
        super().__init__("PLATFORM_UNAVAILABLE", message, platform_code)


class Spoiled(Unavailable):
    """All that was sent is of no use and the platform has shown that nothing is public: the next try begins anew."""


class Unreadable(Exception):  # noqa: N818
    """A successful answer lacks what it should carry."""


# What a flow knows -----------------------------------------------------------------------------------------------


class Media(msgspec.Struct, frozen=True, rename="camel"):
    """One stored media item as it was when the post was scheduled."""

    id: str
    kind: MediaKind
    mime_type: str
    size_bytes: int
    sha256: str
    object_key: str
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    frame_rate: float | None = None
    codec: str | None = None
    url: str = ""
    """A signed link for platforms that fetch media themselves; filled in by the engine."""


@dataclass(frozen=True, slots=True)
class Post:
    """What is to be published, frozen: the same on every try.

    `number` is unique in the installation, `frozen_at` the instant of the first try: together they give handles
    (record keys, idempotency keys) that never change.
    """

    id: str
    number: int
    mode: str
    kind: ContentKind
    caption: str
    first_comment: str | None
    media: tuple[Media, ...]
    options: Mapping[str, object]
    frozen_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """Who publishes. `origin` is where this account's platform lives; `secrets` are the opened tokens."""

    id: str
    external_id: str
    handle: str
    origin: str
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Fresh secrets to be sealed; `expires_in` is a lifetime from now, None when they do not expire.

    `grant_expires_in`: for how long Layers can renew them by itself, then only a person can; of tokens that cannot be
    renewed their own lifetime. None: no end is known, or after a refresh, it is as before.
    """

    secrets: Mapping[str, str]
    expires_in: timedelta | None
    grant_expires_in: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a credential belongs to, as the platform says."""

    external_id: str
    handle: str
    display_name: str
    avatar_url: str | None
    tokens: Tokens
    server: Mapping[str, object] | None = None
    """What the account's server says of itself, where each has limits of its own."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One authorization in progress. `app`: the operator's settings of the platform by their short names
    ("CLIENT_KEY"). `service`: the account's server, for platforms that have many. `client_id`: where this
    installation serves what `OAuth.metadata` says, for servers that know apps by such an address."""

    redirect_uri: str
    state: str
    code_verifier: str
    app: Mapping[str, str]
    service: str | None = None
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Authorize:
    """Where to send the person, and secrets to keep (sealed) until they come back."""

    url: str
    session: Mapping[str, str] = field(default_factory=dict[str, str])


class OAuth(Protocol):
    """How accounts of a platform are connected by consent. Flows commit nothing: READ and PREPARE calls only."""

    scopes: tuple[str, ...]

    def begin(self, grant: Grant, origin: str) -> Flow[Authorize]:
        """Say where the person consents. Raises Rejected when the app or server cannot do it."""
        ...

    def exchange(
        self, grant: Grant, session: Mapping[str, str], returned: Mapping[str, str], origin: str
    ) -> Flow[list[Identity]]:
        """Turn what came back (`returned`: the callback's query) into accounts with tokens.

        Raises Rejected("OAUTH_DENIED" | "OAUTH_SCOPES" | "OAUTH_FAILED", …).
        """
        ...

    def metadata(self, client_id: str, redirect_uri: str) -> Mapping[str, object] | None:
        """Return the JSON document that describes this app to servers; None where apps are registered otherwise."""
        ...


class JournalEntry(msgspec.Struct, frozen=True):
    """One journaled call of a post: PREPARE once answered, COMMIT from before it was sent, READ if it led to one."""

    name: str
    effect: Effect
    sent_at: datetime
    reply: Reply | None = None


Journal: TypeAlias = Sequence[JournalEntry]


# What a platform allows: data, each fact with its source --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact was read and when (ISO date)."""

    url: str
    checked: str


@dataclass(frozen=True, slots=True)
class TextLimit:
    """At most `limit` of `unit` (a counter of `layers.kit.text`), and `max_bytes` of UTF-8 where that is capped."""

    limit: int
    unit: str
    source: Source
    max_bytes: int | None = None
    required: bool = False
    max_hashtags: int | None = None
    max_mentions: int | None = None
    per_link: int | None = None
    """What a web link counts on the account's own server, where that is not what the unit says."""


@dataclass(frozen=True, slots=True)
class MediaLimit:
    """What one media item of a kind must be. None: the platform sets no bound. `side_px` bounds both sides."""

    mime_types: tuple[str, ...]
    max_bytes: int
    source: Source
    seconds: tuple[float, float] | None = None
    side_px: tuple[int, int] | None = None
    ratio: tuple[float, float] | None = None
    frame_rate: tuple[float, float] | None = None
    codecs: tuple[str, ...] | None = None
    remade_from: tuple[str, ...] = ()
    """Other types that Layers turns into JPEG on the way out; an image of a wrong ratio is then padded as well."""
    width_px: tuple[int, int] | None = None
    max_pixels: int | None = None
    """Of width times height."""


@dataclass(frozen=True, slots=True)
class Option:
    """One field of `platformOptions`: its JSON type, for text the choices if they are closed, and its bounds."""

    type: Literal["boolean", "string", "integer", "string[]"]
    about: str
    source: Source = field(kw_only=True)
    choices: tuple[str, ...] | None = None
    least: int | None = None
    """Of a number."""
    in_video: bool = False
    """A number of milliseconds that must lie within the video."""
    most_items: int | None = None
    per_item: bool = False
    """One text for each media item, so no more than there are."""
    text: TextLimit | None = None
    """Bounds the text, or each of them."""
    pattern: str | None = None
    """A regular expression (of Python and ECMAScript alike) that the whole text, or each of them, must match."""
    in_caption: str | None = None
    """The unit in which the text counts as part of the caption."""
    not_with: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values of other options that exclude this one being true."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way of publishing: which kinds of content, how many items, with how much text."""

    kinds: Mapping[ContentKind, tuple[int, int]]
    caption: Mapping[ContentKind, TextLimit | None]
    media: Mapping[MediaKind, MediaLimit]
    options: Mapping[str, Option] = field(default_factory=dict[str, Option])
    first_comment: TextLimit | None = None
    ends_in: Literal["published", "draft_in_inbox"] = "published"
    about: str = ""
    carousel_of: tuple[MediaKind, ...] = ("image", "video")
    """What a carousel may hold."""
    handoff: str | None = None
    """Set where the platform has no inbox: Layers hands the post to a person, who opens this address to post it."""


@dataclass(frozen=True, slots=True)
class DailyCap:
    """How many posts an account may make through the API in any 24 hours, in all of `modes` together.

    Told to people, not enforced: other apps' posts count as well, so only the platform knows. It is asked, and a post
    it has no room for is parked.
    """

    posts: int
    modes: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Limits:
    """All a platform allows, read by validation, `GET /v1/platforms` and the docs alike."""

    platform: str
    title: str
    modes: Mapping[str, Mode]
    daily_caps: tuple[DailyCap, ...] = ()
    find_after: timedelta = timedelta(seconds=15)
    """How long the platform may lag: absence is believed only this long after the commit was sent."""


OwnLimits: TypeAlias = Callable[[Mapping[str, object]], Limits]
"""From what an account's server said of itself (`Identity.server`) to what the account may."""


class Connector(Protocol):
    """One platform. Stateless; a module-level instance named CONNECTOR in `layers.platforms.<name>`."""

    limits: Limits
    own_limits: OwnLimits | None
    """None: every account has `limits`. Else these hold only for accounts whose server has not said otherwise."""
    origin: str
    """Where accounts live that name no server of their own; empty: each must name one."""
    credential_fields: Mapping[str, str]
    """Fields of the credential one may connect with, and what each is. All are required."""
    settings: Mapping[str, str]
    """Settings of its own, named without `LAYERS_<PLATFORM>_` ("CLIENT_KEY"), and what each is."""
    doors: Mapping[str, tuple[str, ...]]
    """Where consent may lead by several ways: the origin behind each, the usual one first, and which of the `settings`
    it needs. `Grant.service` names the one taken. Empty: `origin` alone, which needs all settings."""

    oauth: OAuth | None
    """None: accounts are connected with a credential only."""

    def publish(self, post: Post, account: Account) -> Flow[Published | Delivered]:
        """Hold the whole conversation that publishes `post`. Raises Rejected when a reply shows it cannot be."""
        ...

    def find(self, post: Post, account: Account, journal: Journal) -> Flow[Found | NotPosted | Unknown]:
        """Look, with READ calls only, whether the commit without an answer happened."""
        ...

    def connect(self, credential: Mapping[str, str], origin: str) -> Flow[Identity]:
        """Check a credential and say whose it is. Raises Rejected or Reconnect when it is no good."""
        ...

    def refresh(self, account: Account) -> Flow[Tokens]:
        """Get fresh tokens. Raises Reconnect when only a person can."""
        ...

    def classify(self, call: Call, reply: Reply) -> Failure | None:
        """Say what a reply means as a failure; None when it is none (some platforms fail with 200)."""
        ...


SERVER_FIELDS = frozenset({"service", "baseUrl"})
"""Fields of a credential that name the account's server."""


def has_many_servers(connector: Connector) -> bool:
    """Tell whether accounts of the platform live on servers of anybody's, and not on the platform's one."""
    return bool(SERVER_FIELDS & connector.credential_fields.keys())

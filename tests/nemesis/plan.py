"""What a run does and when, out of a seed alone: the requests of the callers, and what strikes the system."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Platform = Literal["tiktok", "instagram", "bluesky", "mastodon"]
Kind = Literal["text", "image", "video"]
Intent = Literal["now", "soon", "cancel later", "cancel at once", "move"]
FaultKind = Literal[
    "kill worker",
    "kill api in a request",
    "kill all workers in a commit",
    "pause worker in a commit",
    "pause worker",
    "clock jump",
    "database restart",
    "database cut",
    "database answers lost",
    "database silent",
    "answer lost",
    "answer cut",
    "5xx after the deed",
    "503",
    "429",
    "slow answer",
    "never arrives",
    "connection refused",
]

MODES: dict[Platform, dict[Kind, tuple[str, ...]]] = {
    "tiktok": {
        "video": ("direct_publish",) * 12 + ("draft_to_device",),
        "image": ("direct_publish",) * 8 + ("draft_to_device",),
    },
    "instagram": {
        "video": ("reels",) * 9 + ("feed", "draft_to_device"),
        "image": ("feed",) * 10 + ("draft_to_device",),
    },
    "bluesky": {"text": ("direct_publish",), "image": ("direct_publish",)},
    "mastodon": {"text": ("direct_publish",), "image": ("direct_publish",)},
}
POSTS_EACH: dict[Platform, int] = {"tiktok": 4, "instagram": 20, "bluesky": 25, "mastodon": 20}
"""How many posts an account gets. TikTok takes six uploads a minute, fifteen posts and five drafts a day."""
COMMENTED: tuple[Platform, ...] = ("instagram", "bluesky", "mastodon")
REFUSING: tuple[Platform, ...] = ("tiktok", "instagram")
"""Where a post with the words `[fault:reject]` is refused for good."""

POSTS_A_ROUND, SECONDS_A_ROUND = 150, 30.0
ROUND: dict[FaultKind, int] = {
    "kill worker": 3,
    "kill api in a request": 2,
    "kill all workers in a commit": 1,
    "pause worker in a commit": 1,
    "pause worker": 1,
    "clock jump": 1,
    "database restart": 1,
    "database cut": 1,
    "database answers lost": 1,
    "database silent": 1,
    "answer lost": 2,
    "answer cut": 1,
    "5xx after the deed": 2,
    "503": 1,
    "429": 1,
    "slow answer": 1,
    "never arrives": 1,
    "connection refused": 1,
}
"""How often each fault strikes in a round."""

ALONE = 10_000
"""Accounts from this number on have a single post."""
PLATFORMS: tuple[Platform, ...] = ("tiktok", "instagram", "bluesky", "mastodon")
WORKERS, APIS = 3, 2
MOST_AHEAD = 300
"""Seconds by which a worker's clock may be wrong, either way."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account, by platform and number."""

    platform: Platform
    number: int


@dataclass(frozen=True, slots=True)
class Target:
    """One post: where it goes, and the word by which it is known there."""

    account: Account
    mode: str
    token: str
    comment: str | None
    rejected: bool

    @property
    def wordless(self) -> bool:
        """Tell whether the post has no words of its own: a video draft, which has an account to itself."""
        return self.account.number >= ALONE

    @property
    def caption(self) -> str | None:
        """The text of the post."""
        return None if self.wordless else self.token + (" [fault:reject]" if self.rejected else "")


@dataclass(frozen=True, slots=True)
class Request:
    """One publish or schedule; `delay` is until it is due, until the cancel follows, or until it is moved."""

    at: float
    kind: Kind
    intent: Intent
    delay: float
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One blow. `target` is a platform or the number of a process, `amount` seconds or how many requests."""

    at: float
    kind: FaultKind
    target: str
    amount: float


@dataclass(frozen=True, slots=True)
class Plan:
    """All of a run."""

    seed: int
    seconds: float
    requests: tuple[Request, ...]
    faults: tuple[Fault, ...]
    clocks: tuple[int, ...]
    """By how many seconds each worker's clock is ahead at first."""

    @property
    def targets(self) -> list[Target]:
        """Every post."""
        return [target for request in self.requests for target in request.targets]

    @property
    def accounts(self) -> list[Account]:
        """Every account, in a fixed order."""
        return sorted({t.account for t in self.targets}, key=lambda a: (a.platform, a.number))


def make_plan(seed: int, posts: int, seconds: float | None = None) -> Plan:
    """Return the plan of a run of about that many posts; equal for equal arguments."""
    luck = random.Random(seed)
    rounds = max(1, math.ceil(posts / POSTS_A_ROUND))
    seconds = seconds or rounds * SECONDS_A_ROUND
    return Plan(
        seed,
        seconds,
        tuple(_requests(luck, posts, seconds)),
        tuple(sorted(_faults(luck, rounds, seconds), key=lambda fault: fault.at)),
        tuple(_clock(luck) for _ in range(WORKERS)),
    )


def _clock(luck: random.Random) -> int:
    return luck.choice((-1, 1)) * luck.randint(60, MOST_AHEAD)


def _requests(luck: random.Random, posts: int, seconds: float) -> Iterator[Request]:
    accounts = _Accounts(posts)
    made = 0
    while made < posts:
        at = seconds * 0.85 * made / posts
        kind: Kind = luck.choices(("text", "image", "video"), (4, 4, 3))[0]
        intent, delay = _intent(luck, early=at < seconds / 4)
        count = min(luck.choices((1, 2, 3), (7, 2, 1))[0], posts - made)
        targets = tuple(_target(luck, accounts, kind) for _ in range(count))
        made += count
        yield Request(at, kind, intent, delay, targets)


def _intent(luck: random.Random, *, early: bool) -> tuple[Intent, float]:
    options: dict[Intent, int] = {"now": 60, "soon": 20, "cancel later": 6, "cancel at once": 9}
    if early:
        options["move"] = 5
    match luck.choices([*options], [*options.values()])[0]:
        case "soon":
            return "soon", luck.uniform(1, 10)
        case "cancel later":
            return "cancel later", luck.uniform(0.5, 3)
        case "cancel at once":
            return "cancel at once", luck.choice((0.0, luck.uniform(0, 1.5)))
        case "move":
            return "move", luck.uniform(31, 36)
        case _:
            return "now", 0.0


class _Accounts:
    """Deals accounts out in turn. A video draft has no words of its own, so it gets an account of its own."""

    def __init__(self, posts: int) -> None:
        # No platform gets much more than a quarter of the posts.
        self.width = {name: max(3, math.ceil(posts * 0.3 / each)) for name, each in POSTS_EACH.items()}
        self.dealt: dict[str, int] = {}

    def deal(self, platform: Platform, kind: Kind, mode: str) -> Account:
        if kind == "video" and platform == "tiktok" and mode == "draft_to_device":
            self.dealt["drafts"] = self.dealt.get("drafts", 0) + 1
            return Account(platform, ALONE + self.dealt["drafts"])
        number = self.dealt[platform] = self.dealt.get(platform, 0) + 1
        return Account(platform, number % self.width[platform])


def _target(luck: random.Random, accounts: _Accounts, kind: Kind) -> Target:
    platform = luck.choice([name for name in PLATFORMS if kind in MODES[name]])
    mode = luck.choice(MODES[platform][kind])
    token = f"{luck.getrandbits(160):040x}"
    draft = mode == "draft_to_device"
    comment = f"{luck.getrandbits(160):040x}" if platform in COMMENTED and luck.random() < 0.1 else None
    rejected = platform in REFUSING and not draft and luck.random() < 0.05
    return Target(accounts.deal(platform, kind, mode), mode, token, None if draft else comment, rejected)


def _faults(luck: random.Random, rounds: int, seconds: float) -> Iterator[Fault]:
    """Each round strikes with every kind, in an order of its own; the lull at both ends is for start and end."""
    first, last = 1.5, seconds
    kinds = [kind for _ in range(rounds) for kind in _shuffled(luck)]
    for place, kind in enumerate(kinds):
        at = first + (last - first) * (place + luck.random()) / len(kinds)
        yield Fault(round(at, 2), kind, _victim(luck, kind), _amount(luck, kind))


def _shuffled(luck: random.Random) -> list[FaultKind]:
    kinds = [kind for kind, times in ROUND.items() for _ in range(times)]
    luck.shuffle(kinds)
    return kinds


def _victim(luck: random.Random, kind: FaultKind) -> str:
    if kind.startswith("database"):
        return "database"
    if kind == "kill api in a request":
        return str(luck.randrange(APIS))
    if kind in ("kill worker", "pause worker", "clock jump"):
        return str(luck.randrange(WORKERS))
    return luck.choice(PLATFORMS)


def _amount(luck: random.Random, kind: FaultKind) -> float:
    match kind:
        case "clock jump":
            return _clock(luck)
        case "pause worker" | "pause worker in a commit":
            return round(luck.uniform(4, 7), 1)
        case "database silent":
            return round(luck.uniform(1, 5), 1)
        case "connection refused":
            return round(luck.uniform(0.5, 2), 1)
        case _:
            return luck.randint(2, 8)

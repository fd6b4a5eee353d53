"""What became of every post, compared with what its platform holds and with what the API said."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from layers.db.pool import Pool

from .plan import ALONE, Account, Plan, Target
from .platforms import Held, Platforms
from .witness import Caller, Post, Witness

GRIEFS = {"twice": "twice", "lost": "lost", "lie": "lies", "bug": "bugs"}
MOST_STORIES = 10
ANNOUNCED = {
    "published": "post.published",
    "draft_in_inbox": "post.draft_ready",
    "failed": "post.failed",
    "canceled": "post.canceled",
}
UNKNOWN = "OUTCOME_UNKNOWN"


@dataclass
class Verdict:
    """What came of a run: `wrong` must be empty."""

    seed: int
    ends: Counter[str] = field(default_factory=Counter[str])
    wrong: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Kind (twice, lost, lie, bug), post, words."""
    stories: dict[str, str] = field(default_factory=dict[str, str])
    seconds: float = 0.0
    kills: int = 0
    struck: Counter[str] = field(default_factory=Counter[str])

    def count(self, kind: str) -> int:
        """Return how many posts came to grief that way."""
        return sum(1 for what, _, _ in self.wrong if what == kind)

    def __str__(self) -> str:
        ends = ", ".join(f"{count} {end}" for end, count in sorted(self.ends.items()))
        struck = ", ".join(f"{count} {kind}" for kind, count in sorted(self.struck.items()))
        lines = [
            f"seed {self.seed}: {sum(self.ends.values())} posts in {self.seconds:.0f} s, {self.kills} kills",
            f"  ends: {ends}",
            f"  struck: {struck}",
            "  " + ", ".join(f"{self.count(kind)} {words}" for kind, words in GRIEFS.items()),
        ]
        for kind, post, words in self.wrong:
            lines.append(f"  {kind.upper()} {post}: {words}")
        lines += [f"  story of {post}:\n{story}" for post, story in self.stories.items()]
        return "\n".join(lines)


async def judge(
    plan: Plan, witness: Witness, platforms: Platforms, caller: Caller, listed: set[str]
) -> Verdict:
    """Compare what the API said with what the platforms hold."""
    verdict = Verdict(plan.seed)
    verdict.wrong += [("lie", post, words) for post, words in witness.lies]
    verdict.wrong += [("bug", "-", words) for words in caller.bugs]
    accepted = {post.target.token: post for post in witness.posts.values()}
    verdict.wrong += [("lost", "-", f"never accepted: {t}") for t in plan.targets if t.token not in accepted]
    verdict.wrong += [("twice", post, "nobody was told of it") for post in listed - witness.posts.keys()]
    verdict.wrong += [("lost", post, "the API forgot it") for post in witness.posts.keys() - listed]
    held = {account: await platforms.held(account) for account in plan.accounts}
    for post in witness.posts.values():
        verdict.ends[_end(post)] += 1
        if _end(post) == f"failed {UNKNOWN}" and "in_doubt" not in await _steps(caller, post.id):
            verdict.wrong.append(("lie", post.id, "unknown, but it was never in doubt"))
        mine = _mine(post.target, held[post.target.account])
        verdict.wrong += [(kind, post.id, words) for kind, words in judge_post(post, mine)]
        comments = sum(
            1
            for h in held[post.target.account]
            if post.target.comment and h.is_comment and post.target.comment in h.text
        )
        if comments > 1:
            verdict.wrong.append(("twice", post.id, f"its comment is there {comments} times"))
    verdict.wrong += _strangers(held, accepted)
    grieved = dict.fromkeys(post for _, post, _ in verdict.wrong if post in witness.posts)
    for post_id in [*grieved][:MOST_STORIES]:
        verdict.stories[post_id] = await _story(caller, witness.posts[post_id])
    return verdict


def _end(post: Post) -> str:
    if post.ended != "failed":
        return post.ended or "unfinished"
    return f"failed {post.last['lastError']['code']}"


def _mine(target: Target, held: list[Held]) -> list[Held]:
    if target.wordless:
        return held
    return [one for one in held if not one.is_comment and target.token in one.text]


def judge_post(post: Post, mine: list[Held]) -> list[tuple[str, str]]:
    """Return kind and words of each grief of a post, `mine` being what its platform holds of it."""
    wrong: list[tuple[str, str]] = []
    if len(mine) > 1:
        wrong.append(("twice", f"it is there {len(mine)} times"))
    match post.ended:
        case "published":
            if not mine:
                wrong.append(("lie", "published, but not there"))
            elif not any({post.last["externalId"], post.last["externalUrl"]} & one.ids for one in mine):
                wrong.append(
                    ("lie", f"its externalId {post.last['externalId']} is not what is there: {mine}")
                )
        case "draft_in_inbox":
            handed = post.target.account.platform == "instagram"
            if len(mine) != (0 if handed else 1) or not all(one.is_draft for one in mine):
                wrong.append(("lie", f"a draft, but there is {mine}"))
        case "failed":
            wrong += _judge_failed(post, mine)
        case "canceled":
            if mine:
                wrong.append(("lie", "canceled, but there"))
            if not post.canceled:
                wrong.append(("lost", "canceled, though nobody asked or the answer was no"))
        case _:
            wrong.append(("lost", f"still {post.last.get('status')}: {post.last.get('lastError')}"))
    if post.canceled and post.ended != "canceled":
        wrong.append(("lie", f"the cancel was granted, and it is {post.ended}"))
    return wrong


def _judge_failed(post: Post, mine: list[Held]) -> list[tuple[str, str]]:
    """A failure must be true: refused by the platform and not there, or unknown where nobody can tell."""
    target, code = post.target, post.last["lastError"]["code"]
    photos = target.account.platform == "tiktok" and post.request.kind == "image"
    if code == UNKNOWN and photos:
        return []
    if mine:
        return [("lie", f"failed with {code}, but there")]
    if not target.rejected:
        return [("lost", f"failed without need: {post.last['lastError']}")]
    return []


def _strangers(held: dict[Account, list[Held]], accepted: dict[str, Post]) -> list[tuple[str, str, str]]:
    """What stands on a platform and belongs to no post."""
    comments = {post.target.comment for post in accepted.values()}
    return [
        ("lie", "-", f"nobody's: {one} on {account}")
        for account, all_of_it in held.items()
        for one in all_of_it
        if account.number < ALONE and not {*one.text.split()} & (accepted.keys() | comments)
    ]


async def _steps(caller: Caller, post_id: str) -> list[str]:
    _, story = await caller.ask("GET", f"/v1/scheduled-posts/{post_id}/events")
    return [step["type"] for step in story["items"]]


async def judge_events(pool: Pool, verdict: Verdict, witness: Witness) -> None:
    """See that the outcome of every post was announced once, and as what it is."""
    announced = await pool.fetch(
        "SELECT subject_id, array_agg(type ORDER BY type) AS types FROM events WHERE type = ANY($1) GROUP BY 1",
        [*ANNOUNCED.values()],
    )
    seen = {row["subject_id"]: row["types"] for row in announced}
    for post in witness.posts.values():
        if post.ended and seen.get(post.id) != [ANNOUNCED[post.ended]]:
            verdict.wrong.append(("lie", post.id, f"{post.ended}, announced as {seen.get(post.id)}"))


async def _story(caller: Caller, post: Post) -> str:
    path = f"/v1/scheduled-posts/{post.id}"
    (_, now), (_, story) = await asyncio.gather(caller.ask("GET", path), caller.ask("GET", f"{path}/events"))
    lines = [
        f"    {post.target} {post.request.intent} at {post.request.at:.1f} s",
        f"    said: {post.said}",
        f"    now: {now}",
    ]
    lines += [f"    {step['at']} {step['type']}: {step['message']}" for step in story["items"]]
    return "\n".join(lines)

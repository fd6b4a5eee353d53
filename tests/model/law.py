"""What must hold of every post after every step, read from the database and from what the platforms show."""

from collections import Counter
from typing import Any

from stage import TERMINAL, Stage

from layers.publishing.rules import TRANSITIONS

WATCH = """
CREATE TABLE status_changes (position bigint GENERATED ALWAYS AS IDENTITY, number bigint, was text, became text);
CREATE FUNCTION note_status() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO status_changes (number, was, became) VALUES (new.number, old.status, new.status);
    RETURN NULL;
END $$;
CREATE TRIGGER watch AFTER UPDATE OF status ON scheduled_posts FOR EACH ROW
    WHEN (old.status IS DISTINCT FROM new.status) EXECUTE FUNCTION note_status();
"""
"""Has the database itself note every change of status, however short-lived."""

POSTS = """
SELECT p.*, a.handle,
    (SELECT coalesce(array_agg(was || '>' || became ORDER BY position), '{}') FROM status_changes c
        WHERE c.number = p.number) AS changes,
    (SELECT array_agg(type ORDER BY position) FROM post_events s WHERE s.post_number = p.number) AS story,
    (SELECT array_agg(type ORDER BY position) FROM events e
        WHERE e.organization_id = p.organization_id AND e.subject_id = p.id) AS told,
    (SELECT count(*) FROM post_calls j WHERE j.post_number = p.number) AS calls,
    (SELECT count(*) FROM post_calls j WHERE j.post_number = p.number AND j.effect = 'commit' AND j.reply IS NULL)
        AS open_commits
FROM scheduled_posts p JOIN social_accounts a ON a.id = p.social_account_id
WHERE p.organization_id = $1 ORDER BY p.number
"""
STEPS = {
    "publishing>published": {"published"},
    "publishing>draft_in_inbox": {"delivered"},
    "publishing>failed": {"failed", "outcome_unknown"},
    "publishing>queued": {"retry", "throttled"},
    "failed>queued": {"retried"},
    "queued>canceled": {"canceled"},
    "publishing>canceled": {"canceled"},
}
"""Which steps of the story tell of a change of status; `reauth_required` may tell of one too."""

EVENTS = {
    "publishing>published": "post.published",
    "failed>published": "post.published",
    "publishing>draft_in_inbox": "post.draft_ready",
    "publishing>failed": "post.failed",
    "failed>queued": "post.retried",
    "queued>canceled": "post.canceled",
    "publishing>canceled": "post.canceled",
}


async def posts_of(stage: Stage, organization: str) -> list[dict[str, Any]]:
    """Return all posts of an organisation with what is told of them."""
    return [dict(row) for row in await stage.pool.fetch(POSTS, organization)]


def check_post(post: dict[str, Any]) -> None:
    """Check one post against itself: status, times, journal, story and events must tell the same."""
    status, changes = post["status"], post["changes"]
    assert all(became in TRANSITIONS[was] for was, became in (c.split(">") for c in changes)), post
    assert (changes[-1].split(">")[1] if changes else "queued") == status, post
    _check_times(post)
    assert post["holds_lane"] <= (status == "publishing"), post
    assert (post["calls"] == 0) or status not in ("published", "draft_in_inbox"), post
    assert (post["open_commits"] == 0) or post["commit_sent_at"] is not None, post
    assert (post["commit_sent_at"] is None) or status not in ("queued", "canceled"), post
    unknown = post["outcome_unknown"]
    assert unknown <= (status == "failed"), post
    code = (post["last_error"] or {}).get("code")
    assert unknown == (status == "failed" and code == "OUTCOME_UNKNOWN"), post
    assert (status != "failed") or not post["last_error"]["retryable"], post
    assert (status != "published") or post["external_id"] is not None or "resolved" in post["story"], post
    _check_told(post)


def _check_times(post: dict[str, Any]) -> None:
    status = post["status"]
    assert (post["due_at"] is None) == (status in TERMINAL), post
    assert (post["published_at"] is not None) == (status in ("published", "draft_in_inbox")), post
    assert (post["canceled_at"] is not None) == (status == "canceled"), post
    assert (post["next_attempt_at"] is None) or status in ("queued", "publishing"), post
    assert (post["attempted_at"] is not None) or status in ("queued", "canceled"), post
    assert (post["attempts"] >= 1) or status in ("queued", "canceled", "failed", "published"), post
    assert post["attempts"] >= 0, post


def _check_told(post: dict[str, Any]) -> None:
    """Each change of status has exactly one event, and its steps in the story."""
    changes, story, told = Counter(post["changes"]), Counter(post["story"]), Counter(post["told"])
    assert (story["scheduled"], told["post.scheduled"]) == (1, 1), post
    for event in set(EVENTS.values()):
        assert told[event] == sum(n for change, n in changes.items() if EVENTS.get(change) == event), post
    for steps in set(map(frozenset, STEPS.values())):
        happened = sum(n for change, n in changes.items() if STEPS.get(change) == steps)
        steps_told = sum(story[step] for step in steps)
        if steps & {"retry"}:
            assert steps_told + story["reauth_required"] >= happened, post
        else:
            assert steps_told == happened, post
    assert story["resolved"] == told["post.resolved"], post
    assert story["rescheduled"] == told["post.rescheduled"], post


def check_lanes(posts: list[dict[str, Any]]) -> None:
    """At most one post of an account is in hand or in doubt."""
    held = Counter(post["social_account_id"] for post in posts if post["holds_lane"])
    assert max(held.values(), default=0) <= 1, held


def check_shown(posts: list[dict[str, Any]], shown: list[dict[str, Any]]) -> None:
    """Compare with what the platforms show: never twice, and no status that says otherwise."""
    there = Counter(item["caption"] for item in shown)
    ids = {item["caption"]: item for item in shown}
    for post in posts:
        caption, status = post["caption"], post["status"]
        assert there[caption] <= 1, (there[caption], post)
        if status in ("queued", "canceled") or (status == "failed" and not post["outcome_unknown"]):
            assert there[caption] == 0, post
        if status == "published":
            assert there[caption] == 1, post
            named = (ids[caption]["id"], ids[caption]["options"].get("publishId"), None)
            assert post["external_id"] in named, (post, ids[caption])


def check_history(before: dict[str, dict[str, Any]], posts: list[dict[str, Any]], *, person: bool) -> None:
    """What is terminal stays as it is, unless a person retries or resolves; nothing disappears."""
    now = {post["id"]: post for post in posts}
    assert before.keys() <= now.keys()
    for name, old in before.items():
        if old["status"] in TERMINAL and not person:
            assert _fixed(old) == _fixed(now[name]), (old, now[name])
        assert now[name]["fence"] >= old["fence"]
        assert now[name]["story"][: len(old["story"])] == old["story"]


def _fixed(post: dict[str, Any]) -> dict[str, Any]:
    names = (
        "status",
        "published_at",
        "canceled_at",
        "external_id",
        "external_url",
        "last_error",
        "fence",
        "story",
    )
    return {name: post[name] for name in names}

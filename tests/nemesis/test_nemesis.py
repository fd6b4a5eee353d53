"""A short run of everything at once; `make nemesis` is the long one. And that its judge would notice."""

from dataclasses import replace

import pytest

from .judge import judge_post
from .plan import PLATFORMS, ROUND, Account, Request, Target, make_plan
from .platforms import Held
from .run import run
from .witness import Post, Witness

SEED, POSTS = 20261123, 150
FIRST_INSTALL_SECONDS = 1200


@pytest.mark.timeout(FIRST_INSTALL_SECONDS)
async def test_every_fault_at_once(tmp_path):
    plan = make_plan(SEED, POSTS)
    verdict = await run(plan, tmp_path, print)
    assert not verdict.wrong, str(verdict)
    assert verdict.ends.total() == len(plan.targets) == POSTS
    assert verdict.ends["published"] > POSTS / 2
    assert {kind: verdict.struck[kind] for kind in ROUND} == ROUND
    assert verdict.kills >= 8
    for fault in ("lost", "cut", "error", "unavailable", "throttled", "slow", "refused"):
        assert verdict.struck[f"request {fault}"] > 0
    assert verdict.struck["database answers dropped"] > 0


def test_a_plan_comes_from_its_seed_alone():
    plan = make_plan(SEED, POSTS)
    assert plan == make_plan(SEED, POSTS)
    assert plan != make_plan(SEED + 1, POSTS)
    assert {account.platform for account in plan.accounts} == {*PLATFORMS}
    assert {fault.kind for fault in plan.faults} == ROUND.keys()
    assert len({target.token for target in plan.targets}) == POSTS


# The judge

TARGET = Target(Account("tiktok", 1), "direct_publish", "word", None, rejected=False)
THERE = Held("word\nword", frozenset({"7"}))


def ended(status, *, kind="video", code="", rejected=False, canceled=None, external_id="7"):
    """A post as the witness knows it."""
    request = Request(0, kind, "now", 0, (replace(TARGET, rejected=rejected),))
    last = {"externalId": external_id, "externalUrl": None, "lastError": {"code": code}}
    return Post("sp_1", request.targets[0], request, [status], status, 1.0, last, canceled)


@pytest.mark.parametrize(
    ("post", "held", "griefs"),
    [
        (ended("published"), [THERE], []),
        (ended("published"), [THERE, THERE], ["twice"]),
        (ended("published"), [], ["lie"]),
        (ended("published", external_id="8"), [THERE], ["lie"]),
        (ended("draft_in_inbox"), [replace(THERE, is_draft=True)], []),
        (ended("draft_in_inbox"), [THERE], ["lie"]),
        (ended("draft_in_inbox"), [], ["lie"]),
        (ended("failed", code="REFUSED", rejected=True), [], []),
        (ended("failed", code="REFUSED", rejected=True), [THERE], ["lie"]),
        (ended("failed", code="REFUSED"), [], ["lost"]),
        (ended("failed", code="OUTCOME_UNKNOWN"), [], ["lost"]),
        (ended("failed", code="OUTCOME_UNKNOWN", kind="image"), [THERE], []),
        (ended("failed", code="OUTCOME_UNKNOWN", kind="image"), [THERE, THERE], ["twice"]),
        (ended("canceled", canceled=True), [], []),
        (ended("canceled", canceled=True), [THERE], ["lie"]),
        (ended("canceled", canceled=False), [], ["lost"]),
        (ended("published", canceled=True), [THERE], ["lie"]),
        (ended(None), [], ["lost"]),
    ],
)
def test_the_judge_notices(post, held, griefs):
    assert [kind for kind, _ in judge_post(post, held)] == griefs


async def test_the_witness_notices_what_the_api_takes_back():
    async def nowhere(_):
        return False

    witness = Witness(nowhere)
    request = Request(0, "video", "now", 0, (TARGET,))
    witness.accepted("sp_1", TARGET, request)
    for status, asked_at in (("queued", 1.0), ("publishing", 2.0), ("queued", 3.0)):
        await witness.told({"id": "sp_1", "status": status}, asked_at)
    assert witness.lies == []
    await witness.told({"id": "sp_1", "status": "published"}, 4.0)
    assert [words for _, words in witness.lies] == ["was called published before it was on its platform"]
    await witness.told({"id": "sp_1", "status": "queued"}, witness.posts["sp_1"].ended_at - 1)
    assert len(witness.lies) == 1
    await witness.told({"id": "sp_1", "status": "queued"}, witness.posts["sp_1"].ended_at + 1)
    await witness.told({"id": "sp_1", "status": "failed"}, witness.posts["sp_1"].ended_at - 1)
    assert [words for _, words in witness.lies][1:] == [
        "was published, then queued",
        "was published, then failed",
    ]

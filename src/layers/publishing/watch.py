"""What is measured of the work on posts: calls of platforms, and how late the first one was."""

import time
from collections.abc import Awaitable
from datetime import timedelta

from layers.connector import Call, Reply
from layers.kit import metrics, tracing
from layers.outbound import AnswerLost, NotSent
from layers.publishing.ledger import Claim

AT_ONCE = timedelta(seconds=1)


def note_start(claim: Claim, late: timedelta) -> None:
    """Note how `late` the first call is, unless the post was taken up before."""
    if claim.database_now - claim.frozen_at < AT_ONCE:
        metrics.START_DELAY.labels(claim.platform).observe(max(late.total_seconds(), 0))


async def watched(platform: str, call: Call, sending: Awaitable[Reply]) -> Reply:
    """Await the answer to a call, and note how long it took and how it ended."""
    word = metrics.call_word(call.name)
    started, outcome = time.perf_counter(), "broken"
    with tracing.span(f"{platform} {word}", "client", effect=call.effect.value) as span:
        try:
            reply = await sending
            outcome = f"{reply.status // 100}xx"
            span.note(status=reply.status)
            return reply
        except NotSent:
            outcome = "not_sent"
            raise
        except AnswerLost:
            outcome = "answer_lost"
            raise
        finally:
            metrics.CALLS.labels(platform, word, outcome).observe(time.perf_counter() - started)

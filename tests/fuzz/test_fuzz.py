"""Made-up requests, in a hurry: schemathesis with all its checks, from the OpenAPI document alone."""

import aiohttp

from .campaign import Caller, fuzz, make_world


async def test_no_made_up_request_finds_what_the_document_does_not_say(client, worker, pool):
    world = await make_world(Caller(client.session, client.origin, client.key))
    options = ("--phases", "coverage,fuzzing", "--max-time", "15", "--max-examples", "3", "--no-shrink")
    code, told = await fuzz(client.origin, client.key, client.api_key_id, world, *options)
    assert code == 0, told[:20_000]
    async with aiohttp.ClientSession() as session, session.get(f"{client.origin}/health/ready") as answer:
        assert answer.status == 200
    stuck = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
    )
    assert await pool.fetchval(stuck) == 0

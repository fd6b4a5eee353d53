"""A wrong key tells nothing by the work it makes: known or not, it is looked up once and compared once."""

import hmac
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from layers.access.caller import authenticate
from layers.access.keys import make_key, parse_key
from layers.access.notes import Notes
from layers.api.errors import Unauthenticated
from layers.db.pool import Pool


@dataclass
class Watched:
    """A pool that remembers its statements."""

    pool: Pool
    statements: list[str] = field(default_factory=list)

    async def fetchrow(self, query: str, *values: object) -> Any:
        """Run and remember a statement."""
        self.statements.append(query)
        return await self.pool.fetchrow(query, *values)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The lengths of what is compared in constant time, as it happens."""
    seen: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        seen.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    return seen


async def work_of(key: str, pool: Pool, compared: list[tuple[int, int]]) -> tuple[str, list[str], list[Any]]:
    """Present a key; returns the refusal's words, the statements and the comparisons it took."""
    compared.clear()
    watched = Watched(pool)
    scope: Any = {
        "method": "GET",
        "path_template": "/v1/whoami",
        "headers": [(b"authorization", f"Bearer {key}".encode())],
        "litestar_app": SimpleNamespace(state={"pool": watched, "notes": Notes()}),
        "state": {"request_id": "req_x"},
    }
    words = ""
    try:
        await authenticate(scope)
    except Unauthenticated as refusal:
        words = refusal.message
    return words, watched.statements, list(compared)


async def test_a_known_and_an_unknown_key_id_take_the_same_work(client, pool: Pool, compared) -> None:
    right = parse_key(client.key)
    assert right
    wrong_secret = f"lp_test_{right.key_id}_{'A' * 43}"
    unknown, _, _ = make_key("test")
    other_environment = client.key.replace("lp_test_", "lp_live_")
    taken = await work_of(client.key, pool, compared)
    refused = [await work_of(key, pool, compared) for key in (wrong_secret, unknown)]
    elsewhere = await work_of(other_environment, pool, compared)
    assert taken[0] == ""
    assert refused[0] == refused[1]
    assert refused[0][0]
    assert elsewhere[0]
    assert taken[1:] == refused[0][1:] == elsewhere[1:]
    assert (len(taken[1]), taken[2]) == (1, [(32, 32)])


async def test_what_is_no_key_is_not_looked_up(pool: Pool, compared) -> None:
    for key in ("", "lp_test_x", "lp_test_" + "A" * 16 + "_short", "x" * 5000):
        words, statements, comparisons = await work_of(key, pool, compared)
        assert (bool(words), statements, comparisons) == (True, [], [])

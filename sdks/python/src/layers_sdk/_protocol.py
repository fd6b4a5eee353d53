"""How a call is put into HTTP, what an answer means, and when to come again. Pure: the clients do the rest."""

import json
import os
import random
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Optional, Union, cast
from urllib.parse import quote

import httpx

from layers_sdk.errors import AnswerTimeoutError, ApiError, LayersError, NetworkError, UnexpectedAnswerError
from layers_sdk.refusals import BY_CODE

DEFAULT_BASE_URL = "http://127.0.0.1:8787"
LONGEST_WAIT = 8.0
"""Seconds between two tries, unless the server asks for more."""
LONGEST_RETRY_AFTER = 60.0
"""Seconds. A server that asks for more is not waited for."""
TIMEOUT_OF_UPLOADS = 300.0
"""Seconds, at least: what was sent is probed before it is answered."""
PRINTABLE = re.compile(r"[\x21-\x7e]{1,255}")
USER_AGENT = "layers-sdk-python/0.1.0"


class NotGiven:
    """Stands for an argument that was left out, where None means something of its own."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN = NotGiven()


class Bearer(httpx.Auth):
    """Puts the key on requests. It keeps the key out of what is printed."""

    def __init__(self, key: str) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Any:
        """Put the key on a request."""
        request.headers["Authorization"] = f"Bearer {self._key}"
        yield request


@dataclass(frozen=True)
class Settings:
    """Where a client calls, and how patiently."""

    base_url: str
    auth: Bearer
    timeout: float
    max_retries: int


def settings_from(
    api_key: Optional[str], base_url: Optional[str], timeout: float, max_retries: int
) -> Settings:
    """Complete what was given from the environment. Raises LayersError if it cannot be used."""
    key = (api_key or os.environ.get("LAYERS_API_KEY") or "").strip()
    url = (base_url or os.environ.get("LAYERS_BASE_URL") or DEFAULT_BASE_URL).strip().rstrip("/")
    if not PRINTABLE.fullmatch(key):
        raise LayersError("Give `api_key`, or set LAYERS_API_KEY: a key as `layers keys create` prints it.")
    if not url.startswith(("http://", "https://")):
        raise LayersError(f"`base_url` must begin with http:// or https://, and not be {url!r}.")
    return Settings(url, Bearer(key), timeout, max_retries)


def checked_key(key: Optional[str]) -> str:
    """Return a usable Idempotency-Key: the one given, or a new one. Raises ValueError."""
    if key is None:
        return str(uuid.uuid4())
    if not PRINTABLE.fullmatch(key):
        raise ValueError("`idempotency_key` must be 1 to 255 visible ASCII characters; a UUID is best.")
    return key


def segment(value: str) -> str:
    """Write an id as a part of a path. Raises ValueError if it would make another path of it."""
    if value in {"", ".", ".."}:
        raise ValueError(f"{value!r} is not an id.")
    return quote(value, safe="")


def query_of(given: Mapping[str, Any]) -> httpx.QueryParams:
    """Write the parameters that are not None; those with several values are repeated."""
    several = {name: [value] if _is_one(value) else list(value) for name, value in given.items()}
    return httpx.QueryParams(
        {name: [_plain(one) for one in values] for name, values in several.items() if values != [None]}
    )


def _is_one(value: Any) -> bool:
    return isinstance(value, str) or not isinstance(value, Iterable)


def body_of(given: Mapping[str, Any], left_out: Union[NotGiven, None]) -> Optional[bytes]:
    """Write the fields that were not left out as JSON; None if there are none."""
    body = {name: value for name, value in given.items() if value is not left_out}
    return json.dumps(body, default=_plain, allow_nan=False).encode() if body else None


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        if isinstance(value, (str, int)):
            return str(value)
        raise TypeError(f"{type(value).__name__} cannot be sent as JSON.")
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone: `datetime.now(timezone.utc)` has one.")
    return value.isoformat()


def answer_of(response: httpx.Response) -> Mapping[str, Any]:
    """Return the JSON of an answer. Raises the error that it is."""
    try:
        parsed = response.json()
    except ValueError:
        parsed = None
    if response.is_success and isinstance(parsed, dict):
        return _object(parsed)
    raise _refusal(response, _object(_object(parsed).get("error")))


def _object(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def strange(response: httpx.Response) -> UnexpectedAnswerError:
    """Say that something answered which is not Layers."""
    status, kind = response.status_code, response.headers.get("Content-Type", "no content type")
    return UnexpectedAnswerError(
        f"{response.request.method} {response.request.url.path} was answered with {status} and {kind}, which is"
        " not Layers. Is `base_url` right?",
        status=status,
        retry_after=_seconds(response.headers.get("Retry-After")),
    )


def _refusal(response: httpx.Response, said: Mapping[str, Any]) -> LayersError:
    status, retry_after = response.status_code, _seconds(response.headers.get("Retry-After"))
    if not isinstance(said.get("code"), str):
        return strange(response)
    return BY_CODE.get(said["code"], ApiError)(
        str(said.get("message", "")),
        code=said["code"],
        status=status,
        request_id=said.get("requestId"),
        details=_object(said.get("details")),
        retry_after=retry_after,
    )


def broken(error: httpx.RequestError, method: str, path: str) -> NetworkError:
    """Say what became of a request that was not answered."""
    late = isinstance(error, httpx.TimeoutException)
    words = f"{method} {path}: {type(error).__name__}{f', {error}' if str(error) else ''}."
    if method != "GET":
        words += " It may have been carried out; with the same idempotency_key it can safely be repeated."
    return (AnswerTimeoutError if late else NetworkError)(words)


def pause_before_next(failure: LayersError, tries: int, max_retries: int) -> Optional[float]:
    """Return the seconds to wait before the next try, None if there shall be none. `tries`: how many there were."""
    asked = failure.retry_after or 0
    if tries > max_retries or asked > LONGEST_RETRY_AFTER or not _may_pass(failure):
        return None
    own = min(LONGEST_WAIT, 0.5 * 2 ** (tries - 1))
    return max(own * random.uniform(0.5, 1), asked * random.uniform(1, 1.1))  # noqa: S311


def _may_pass(failure: LayersError) -> bool:
    if failure.code == "KILL_SWITCH":
        return False
    if failure.details.get("subcode") == "IDEMPOTENCY_IN_FLIGHT":
        return True
    return isinstance(failure, NetworkError) or failure.status in (408, 429) or (failure.status or 0) >= 500


def _seconds(retry_after: Optional[str]) -> Optional[float]:
    """Read `Retry-After`: seconds, or a date (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    return max(
        0.0, (at.replace(tzinfo=at.tzinfo or timezone.utc) - datetime.now(timezone.utc)).total_seconds()
    )

"""Whether a webhook comes from Layers. Needs no client and no key, only the endpoint's secret.

    event = webhooks.verify(request.body, request.headers, secret)

The body must be the bytes that arrived, not JSON that was parsed and written again.
"""

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Union

from layers_sdk.errors import WebhookSignatureError
from layers_sdk.models import EVENTS, Event, WebhookEvent

PREFIX = "whsec_"


def verify(
    payload: Union[bytes, str],
    headers: Mapping[str, str],
    secret: Union[str, Sequence[str]],
    tolerance: float = 300,
) -> Event:
    """Return the event of a genuine webhook. Raises WebhookSignatureError for any other.

    `headers`: as they came, in any case; of the two families of signatures in them, those that are there must be right.
    `secret`: the endpoint's, or several. `tolerance`: seconds between its time and now, either way.
    Expect an event more than once; its `id` is the same each time.
    """
    body = payload.encode() if isinstance(payload, str) else payload
    secrets = [secret] if isinstance(secret, str) else secret
    known = {name.lower(): value for name, value in headers.items()}
    ours, standard = known.get("x-layers-signature"), known.get("webhook-signature")
    if ours is None and standard is None:
        raise WebhookSignatureError("There is neither X-Layers-Signature nor webhook-signature.")
    if ours is not None:
        _check_ours(ours, body, secrets, tolerance)
    if standard is not None:
        event_id, at = known.get("webhook-id", ""), known.get("webhook-timestamp", "")
        _check_standard(standard, f"{event_id}.{at}.".encode() + body, secrets)
        _check_time(at, tolerance)
    return _event(body)


def _check_ours(header: str, body: bytes, secrets: Sequence[str], tolerance: float) -> None:
    """Check `t=<unix>,v1=<hex HMAC-SHA256(the whole secret, "<t>.<body>")>`, a `v1` for each valid secret."""
    parts = [part.partition("=") for part in header.split(",")]
    at = next((value for name, _, value in parts if name == "t"), "")
    message = at.encode() + b"." + body
    expected = [hmac.new(one.encode(), message, hashlib.sha256).hexdigest() for one in secrets]
    _check_fit(expected, [value for name, _, value in parts if name == "v1"])
    _check_time(at, tolerance)


def _check_standard(header: str, message: bytes, secrets: Sequence[str]) -> None:
    """Check `v1,<base64 HMAC-SHA256(what the secret encodes, "<id>.<timestamp>.<body>")>`, parted by spaces."""
    try:
        keys = [b64decode(one[len(PREFIX) :] if one.startswith(PREFIX) else one) for one in secrets]
    except ValueError:
        raise WebhookSignatureError("The secret is not one: it begins with whsec_, base64 follows.") from None
    expected = [b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode() for key in keys]
    _check_fit(expected, [part[3:] for part in header.split(" ") if part.startswith("v1,")])


def _check_fit(expected: Iterable[str], given: Sequence[str]) -> None:
    fits = [hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in given]
    if not any(fits):
        raise WebhookSignatureError("No signature fits: it is another secret, or another body.")


def _check_time(at: str, tolerance: float) -> None:
    if not (at.isascii() and at.isdigit()) or abs(time.time() - int(at)) > tolerance:
        raise WebhookSignatureError(f"It was signed more than {tolerance:g} seconds away from now.")


def _event(body: bytes) -> Event:
    try:
        parsed = json.loads(body)
        return EVENTS.get(parsed["type"], WebhookEvent)(parsed)
    except (ValueError, TypeError, KeyError):
        raise WebhookSignatureError("It is signed, but it is not an event.") from None

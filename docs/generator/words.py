"""What words mean, and which words the code knows: one without an explanation, or an explanation without its word,
stops the generator.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import layers
from layers.api.errors import Problem
from layers.social_accounts.oauth import AccountMismatch

PACKAGE = Path(layers.__file__).parent


class Undocumented(Exception):  # noqa: N818
    """The code knows a word that is not explained here, or the other way round."""


# What the words mean ----------------------------------------------------------------------------------------------

STATUSES: Mapping[str, str] = {
    "queued": "Waiting for its time, or for the next try (`nextAttemptAt`).",
    "publishing": "A worker is at it, the platform is processing it, or its outcome is in doubt and being looked up.",
    "published": "Public. `externalId` and, where the platform has one, `externalUrl` name it.",
    "draft_in_inbox": "In the creator's inbox on the platform; a person finishes it there.",
    "failed": "Not tried any more; `lastError` says why. With `OUTCOME_UNKNOWN` a person must look.",
    "canceled": "Withdrawn before anything irreversible was sent.",
}

LAST_ERRORS: Mapping[str, str] = {
    "ACCOUNT_RESTRICTED": "The platform has restricted the account; the message says how to lift it.",
    "APP_MISCONFIGURED": "The operator's app at the platform is not set up for this; see the message.",
    "CONTENT_REJECTED_BY_PLATFORM": "The platform's moderation refused the content. Change it.",
    "CREDENTIAL_INVALID": "The token is no good and cannot be refreshed. Reconnect the account: the post waits "
    "for it "
    "until it is a day late.",
    "INTERNAL": "A fault in Layers; the logs tell more. The post is tried again.",
    "IN_DOUBT": "An answer was lost. The platform is asked before anything is sent again; `status` stays "
    "`publishing`.",
    "MEDIA_INVALID": "The platform does not take this media. Of a container: what was fetched is no media, or too "
    "large.",
    "MEDIA_UNREACHABLE": "Media of a container could not be fetched; `message` says why, `retryable` whether it is "
    "still being tried.",
    "NOT_PUBLISHED": "A person looked and said, through `…/resolve`, that the post is not there. It can be retried.",
    "OPTION_INVALID": "The account does not offer an option of `platformOptions`.",
    "OUTCOME_UNKNOWN": "Whether the post is out cannot be learnt by machine. It is never sent again by itself: "
    "look on "
    "the platform, then say what you saw with `…/resolve`.",
    "PLATFORM_LIMIT": "A rate limit or daily cap. The whole account keeps still until it is over; no try is counted.",
    "PLATFORM_REFUSED": "The platform refused for a reason of its own, given in `message` and `platformCode`.",
    "PLATFORM_UNAVAILABLE": "The platform is away or has a fault. Tried again for up to 24 hours.",
}

CONSENTS: Mapping[str, str] = {
    "account_mismatch": "Another account consented than the one to be reconnected.",
    "oauth_denied": "The person said no.",
    "oauth_failed": "The platform did not give what it promises; start again.",
    "oauth_no_account": "The consent names no account that can publish.",
    "oauth_scopes": "Posting was not allowed; start again and allow it.",
    "oauth_unsupported": "The server named offers no consent that Layers can use.",
}

STEPS: Mapping[str, str] = {
    "absent": "The platform shows that a call without an answer was not carried out; it may be sent again.",
    "canceled": "Somebody canceled the post, or its account or project was closed.",
    "delivered": "The post lies in the creator's inbox.",
    "failed": "The post ended `failed`.",
    "found": "The platform shows that a call without an answer was carried out.",
    "in_doubt": "An answer was lost; nothing is sent until it is known what became of the call.",
    "late": "The post has been due for five minutes and waits for its turn; it still goes out.",
    "outcome_unknown": "Given up asking; a person must look.",
    "posted_by_hand": "The person the post was handed to says it is posted.",
    "published": "The post is public.",
    "reauth_required": "The token is no good; the post waits for the account to be reconnected.",
    "repeated": "A call without an answer is repeated where the platform itself refuses to do it twice.",
    "reconnected": "The account that the post waited for was connected again.",
    "rescheduled": "Somebody moved the post.",
    "resolved": "A person said whether the post is on its platform.",
    "retried": "A person asked for another try.",
    "retry": "A fault that passes; when the next try is, and why.",
    "scheduled": "The post was accepted.",
    "sent": "The call that publishes was answered; with status, milliseconds and the platform's request ids.",
    "throttled": "The platform asked for a pause; until when.",
    "token_refreshed": "The account's token was refreshed.",
    "waiting": "The platform is processing; what it said.",
}

REMEDIES: Mapping[str, str] = {
    "ACCOUNT_MISMATCH": "Let the person sign in at the platform with the account that is to be reconnected, and "
    "begin again.",
    "APPROVAL_REQUIRED": "Nothing to repeat: the intent is kept, and approving the container publishes it. "
    "Withdraw it with "
    "`DELETE /v1/content/:containerId/pending-schedule`.",
    "CONFLICT": "Read `details.subcode`, look at the thing as it is now, and decide anew. "
    "`IDEMPOTENCY_IN_FLIGHT` alone is to be "
    "repeated as it was, after `Retry-After`.",
    "CONTENT_REJECTED": "Make another container. This one stays rejected.",
    "CREDENTIAL_INVALID": "Let a person reconnect the account (`POST …/social/reauth-url`), then repeat.",
    "FORBIDDEN_ORIGIN": "Call from the dashboard itself, or with an API key.",
    "FORBIDDEN_SCOPE": "Use a key with that scope, or make one.",
    "HEADERS_TOO_LARGE": "Send fewer or shorter headers.",
    "IDEMPOTENCY_CONFLICT": "A new request needs a new key. If it was meant as a repeat, send the body as it was.",
    "INTERNAL": "Repeat with the same Idempotency-Key. If it stays, tell the operator the `requestId`.",
    "KILL_SWITCH": "Somebody switched the key or the organisation off on purpose. Ask them; do not repeat.",
    "MALFORMED_REQUEST": "Let an HTTP library write the request.",
    "METHOD_NOT_ALLOWED": "The header `Allow` names the methods there are.",
    "NOT_FOUND": "Look at the id, and at the key: a key sees its own organisation and environment, nothing else.",
    "PAYLOAD_TOO_LARGE": "JSON may have 1 MiB. Send large files by signed links.",
    "RANGE_NOT_SATISFIABLE": "Ask for a range within the size that `Content-Range` tells.",
    "RATE_LIMITED": "Wait `Retry-After`, then repeat with the same Idempotency-Key. The SDKs do.",
    "REQUEST_TIMEOUT": "Repeat with the same Idempotency-Key, on a better line or in smaller pieces.",
    "RETURN_URL_NOT_ALLOWED": "Use a host that is on the key's `returnHosts`, or a key that has this host on it.",
    "UNAUTHENTICATED": "Send `Authorization: Bearer lp_…` with a key that is in force.",
    "UNAVAILABLE": "Repeat after `Retry-After` with the same Idempotency-Key. The SDKs do.",
    "UNSUPPORTED_MEDIA_TYPE": "Send `application/json`, or `multipart/form-data` where a page says so, and do "
    "not compress it.",
    "UPLOAD_INCOMPLETE": "Send the files that `details.assets` names, then finalize again.",
    "URI_TOO_LONG": "Ask for less in one request.",
    "VALIDATION": "Mend all that `details.issues` lists and send it again. Nothing was written, so the same "
    "Idempotency-Key will do.",
}
"""What to do about each code."""

ISSUES: Mapping[str, str] = {
    "above_own": "A key can give another key no more than it has itself.",
    "authorization_refused": "The platform, or the server named, cannot be asked for consent; the message says why.",
    "caption_not_supported": "This mode publishes no caption, and one was given for this target.",
    "caption_required": "This mode needs a caption.",
    "caption_too_long": "Longer than the platform takes, in the platform's own way of counting.",
    "codec_not_supported": "The video's codec is not one the platform takes.",
    "container_not_completed": "The container's media is not ready (dry run only).",
    "credential_invalid": "The account must be reconnected (dry run only).",
    "credential_refused": "The platform does not accept the credential.",
    "duplicate": "A part of the form was sent twice.",
    "duplicate_id": "The same `scheduledPostId` twice in one request.",
    "duplicate_post": "The same container goes there within ten minutes of another live post (dry run only).",
    "duplicate_target": "The same account and mode twice in one request, without `allowDuplicate`.",
    "file_too_large": "The file is larger than the platform takes.",
    "first_comment_not_supported": "This mode has no first comment, and one was given for this target.",
    "first_comment_too_long": "Longer than the platform takes.",
    "frame_rate_out_of_range": "Too few or too many frames a second.",
    "in_the_past": "The time has passed; a post may be up to five minutes late, or is published at once.",
    "invalid_cursor": "The cursor is damaged or belongs to another list.",
    "invalid_mode": "The platform has no such mode.",
    "invalid_text": "A NUL or a lone surrogate, which no database text can hold, or bytes that are not UTF-8.",
    "invalid_value": "Not one of the values allowed here.",
    "kind_not_supported": "This mode does not take this kind of content.",
    "malformed": "Not JSON, or a form that is cut short or wrongly framed.",
    "media_kind_not_supported": "This mode does not take images, or videos.",
    "mime_type_not_supported": "The file's real type is not one the platform takes.",
    "not_configured": "The operator has not set up the platform's app; the message names the variables.",
    "not_found": "There is no such thing for this caller.",
    "not_in_project": "The account belongs to another project than the container.",
    "not_in_sandbox": "The sandbox gives no consent here, or its pages are switched off; connect with a handle.",
    "private_address": "The address is not on the public internet, and this installation allows no other.",
    "project_archived": "The project is archived.",
    "options_conflict": "Two platform options that exclude each other.",
    "one_of": "Exactly one of several fields is needed.",
    "out_of_range": "A number, a length or a pattern outside what is allowed.",
    "ratio_out_of_range": "Too wide or too tall.",
    "required": "Something that must be there is not.",
    "scheduled_post_id_taken": "Another post of the organisation has this `scheduledPostId` (dry run only).",
    "side_too_large": "Too many pixels on one side.",
    "side_too_small": "Too few pixels on one side.",
    "timezone_required": "The time has no `Z` and no offset.",
    "size_differs": "Another number of bytes than was announced.",
    "too_deep": "JSON nested deeper than any body here needs.",
    "too_far_ahead": "More than 400 days ahead.",
    "too_few": "The list is too short.",
    "too_few_items": "Fewer media items than this mode takes.",
    "too_large": "More than is allowed here.",
    "too_long": "The video is longer than the platform takes.",
    "too_many": "The list is too long.",
    "too_many_endpoints": "The organisation has 50 webhook endpoints in this environment.",
    "too_many_items": "More media items than this mode takes.",
    "too_many_pixels": "More pixels in all than the platform takes.",
    "too_short": "The video is shorter than the platform takes.",
    "too_soon": "Less than 30 seconds from now.",
    "unknown_scope": "There is no such scope.",
    "unknown_field": "A field, form part or platform option that does not exist here; the message lists those "
    "that do.",
    "unknown_parameter": "The route knows no such query parameter; the message lists those it does.",
    "unknown_platform": "Layers has no such platform.",
    "unknown_timezone": "Not an IANA time zone.",
    "unreadable_media": "The bytes are not media that can be read.",
    "width_too_large": "More pixels from left to right than the platform takes.",
    "width_too_small": "Fewer pixels from left to right than the platform takes.",
    "wrong_type": "Another JSON type than expected.",
}


# Which words there are --------------------------------------------------------------------------------------------


@cache
def trees() -> tuple[ast.Module, ...]:
    """Return the syntax trees of the package, the sandbox left out: its words are the platforms'."""
    files = sorted(file for file in PACKAGE.rglob("*.py") if "sandbox" not in file.parts)
    return tuple(ast.parse(file.read_text()) for file in files)


def calls(*names: str) -> Iterator[ast.Call]:
    """Yield the calls of functions or methods of these names."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if name in names:
                    yield node


def words(nodes: Iterable[ast.AST | None], pattern: str) -> set[str]:
    """Return the string constants among (and one level inside) `nodes` that look like `pattern`."""
    found: set[str] = set()
    for node in nodes:
        for inner in ast.walk(node) if isinstance(node, ast.IfExp) else [node]:
            if (
                isinstance(inner, ast.Constant)
                and isinstance(inner.value, str)
                and re.fullmatch(pattern, inner.value)
            ):
                found.add(inner.value)
    return found


def subcodes() -> set[str]:
    """Return the values of every `subcode`."""
    dicts = (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Dict))
    values = (v for d in dicts for k, v in zip(d.keys, d.values, strict=True) if k and words([k], "subcode"))
    return words(values, "[A-Z_]+")


def last_errors() -> set[str]:
    """Return the codes of `lastError`: those the engine settles with and those connectors raise."""
    firsts = (
        call.args[0]
        for call in calls("_error", "_end_failed", "_reject", "Rejected", "Unfetchable", "__init__")
        if call.args
    )
    rest = (argument for call in calls("Meaning", "Unavailable") for argument in call.args[1:])
    sql = set(re.findall(r"""\{\{code\}\}', '"([A-Z_]+)"'""", (PACKAGE / "publishing/store.py").read_text()))
    return {code for code in words([*firsts, *rest], "[A-Z_]{4,}") | sql if not code.startswith("OAUTH_")}


def consents() -> set[str]:
    """Return why a consent can come to nothing: what connectors raise for it, and the conflict of its own."""
    raised = words((call.args[0] for call in calls("Rejected") if call.args), "OAUTH_[A-Z_]+")
    return {code.lower() for code in raised} | {AccountMismatch.code.lower()}


def steps() -> set[str]:
    """Return the types of the steps of a post's story."""
    found = words((argument for call in calls("tell") for argument in call.args[:3]), "[a-z_]+")
    stores = [(PACKAGE / slice_ / "store.py").read_text() for slice_ in ("publishing", "social_accounts")]
    by_sql = re.findall(r"INTO post_events \([^)]*\)\s+SELECT number, '(\w+)',", "".join(stores))
    by_hand = re.findall(r'^POSTED = "(\w+)"', (PACKAGE / "publishing/handoff.py").read_text(), re.MULTILINE)
    return found | set(by_sql) | set(by_hand)


def issues() -> set[str]:
    """Return the codes of validation issues: last arguments of issues, last items of yielded complaints."""
    found = words(
        (a for call in calls("Issue", "one_issue", "Misfit") for a in (*call.args[2:], *_values(call))),
        "[a-z_]{4,}",
    )
    parts = {"caption", "first_comment", "media", "mode"}
    for tree in trees():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and function.name.startswith(
                ("_check_", "_option", "_choice")
            ):
                found |= _ends_of_tuples(function)
            if isinstance(function, ast.FunctionDef) and function.name == "_code":
                found |= words((n.value for n in ast.walk(function) if isinstance(n, ast.Return)), "[a-z_]+")
    return found - parts


def _values(call: ast.Call) -> list[ast.expr]:
    return [keyword.value for keyword in call.keywords]


def _ends_of_tuples(function: ast.AST) -> set[str]:
    given = (n.value for n in ast.walk(function) if isinstance(n, ast.Return | ast.Yield))
    return words((value.elts[-1] for value in given if isinstance(value, ast.Tuple)), "[a-z_]{4,}")


def errors() -> list[type[Problem]]:
    """Return the API's errors by status."""

    def below(error: type[Problem]) -> Iterator[type[Problem]]:
        for child in error.__subclasses__():
            yield child
            yield from below(child)

    return sorted(below(Problem), key=lambda error: (error.status, error.code))


def explained(what: str, found: set[str], told: Mapping[str, str]) -> Mapping[str, str]:
    """Return `told`. Raises Undocumented unless it explains exactly what the code knows."""
    if missing := sorted(found - told.keys()):
        raise Undocumented(f"{what}: explain {', '.join(missing)} in docs/generator")
    if gone := sorted(told.keys() - found):
        raise Undocumented(
            f"{what}: {', '.join(gone)} is explained in docs/generator, the code does not know it"
        )
    return told

"""The shapes that go to TikTok's API and come back from it."""

from typing import TypeVar

import msgspec

from layers.connector import Account, Call, Effect, Json, Reply, Unreadable

STRUCT = TypeVar("STRUCT", bound=msgspec.Struct)


class Creator(msgspec.Struct):
    """`creator_info/query`: what the creator may do right now."""

    privacy_level_options: list[str]
    creator_username: str = ""
    comment_disabled: bool = False
    duet_disabled: bool = False
    stitch_disabled: bool = False
    max_video_post_duration_sec: int | None = None


class Init(msgspec.Struct):
    """The three `init` calls; `upload_url` comes only where Layers uploads."""

    publish_id: str
    upload_url: str = ""


class Status(msgspec.Struct):
    """`status/fetch`. The misspelt field is TikTok's; it stays empty for posts that are not public."""

    status: str
    fail_reason: str | None = None
    publicaly_available_post_id: list[int | str] | None = None
    uploaded_bytes: int | None = None


class Video(msgspec.Struct):
    """One entry of `video/list`; `create_time` is in Unix seconds."""

    id: str
    create_time: int
    title: str | None = None
    video_description: str | None = None


class VideoList(msgspec.Struct):
    """`video/list`, newest first."""

    videos: list[Video]


def api_call(
    account: Account, name: str, effect: Effect, path: str, json: Json, handles: tuple[int, ...] = ()
) -> Call:
    """Return a POST of `json` to the API in the creator's name."""
    headers = {
        "Authorization": f"Bearer {account.secrets['accessToken']}",
        "Content-Type": "application/json; charset=UTF-8",
    }
    return Call(name, effect, "POST", account.origin + path, headers=headers, json=json, handles=handles)


def read(value: object, shape: type[STRUCT]) -> STRUCT:
    """Read a part of an answer as `shape`. Raises Unreadable when it is something else."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as fault:
        raise Unreadable(f"{shape.__name__}: {fault}") from fault


def data_of(reply: Reply, shape: type[STRUCT]) -> STRUCT:
    """Read the reply's `data` as `shape`. Raises Unreadable when it is something else."""
    return read(reply.value("data"), shape)

"""Layers as shipped, `python -m benchmarks.peers.with_layers serve|work`, plus a connector for the fake platform."""

from benchmarks.launch import be_layers
from layers.connector import (
    Call,
    Effect,
    Failure,
    Found,
    Limits,
    Mode,
    NotPosted,
    Published,
    Reply,
    Unavailable,
)

PLATFORM = "fake"


class Connector:
    """Three calls; the last commits. In doubt, the upload's handle tells what came of it."""

    limits = Limits(PLATFORM, "Fake", {"direct_publish": Mode({"text": (0, 0)}, {}, {})})
    origin = "http://fake.invalid"
    credential_fields: dict[str, str] = {}
    settings: dict[str, str] = {}
    oauth = None

    def publish(self, post, account):
        """Hold the conversation."""
        to = account.origin
        begun = yield Call("init", Effect.PREPARE, "POST", f"{to}/init", json={"text": post.caption})
        upload = begun.text_at("id")
        yield Call("upload", Effect.PREPARE, "POST", f"{to}/upload", json={"id": upload})
        done = yield Call("publish", Effect.COMMIT, "POST", f"{to}/publish", json={"id": upload})
        return Published(done.text_at("id"))

    def find(self, post, account, journal):
        """Ask for the upload."""
        upload = next(entry.reply for entry in journal if entry.name == "init").text_at("id")
        seen = yield Call("status", Effect.READ, "GET", f"{account.origin}/status/{upload}")
        if seen.value("id"):
            return Found(Reply(200, {}, seen.json))
        return NotPosted("the platform has no post of this upload", final=True)

    def classify(self, call: Call, reply: Reply) -> Failure | None:
        """Anything but 200 is trouble."""
        return None if reply.status == 200 else Unavailable(f"answered {reply.status}")


if __name__ == "__main__":
    be_layers(Connector())

"""What resources can do beyond single requests."""

from __future__ import annotations

import time
from collections.abc import Sequence

from layers_sdk._protocol import segment
from layers_sdk._sync.line import Line
from layers_sdk.errors import WaitTimeoutError
from layers_sdk.files import File, Progress, form_of
from layers_sdk.models import Container, ScheduledPost
from layers_sdk.webhooks import verify

DONE = frozenset({"published", "draft_in_inbox", "failed", "canceled"})


class Resource:
    """Calls of one kind."""

    def __init__(self, line: Line) -> None:
        self._line = line


class Waiting(Resource):
    """Waiting for posts."""

    def wait_until_done(self, post_id: str | ScheduledPost, *, timeout: float = 300) -> ScheduledPost:
        """Return a post once it is `published`, `draft_in_inbox`, `failed` or `canceled`.

        Raises `WaitTimeoutError` after `timeout` seconds; the post goes on. Webhooks tell the same without asking.
        """
        until, pause = time.monotonic() + timeout, 0.2
        path = f"/v1/scheduled-posts/{segment(post_id if isinstance(post_id, str) else post_id.id)}"
        while True:
            post = self._line.call(ScheduledPost, "GET", path)
            left = until - time.monotonic()
            if post.status in DONE:
                return post
            if left <= 0:
                raise WaitTimeoutError(f"{post.id} is {post.status} after {timeout:g} seconds.", post)
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, 5)


class Uploading(Resource):
    """Sending media."""

    def upload(
        self,
        project_id: str,
        *,
        files: Sequence[File],
        caption: str = "",
        first_comment: str | None = None,
        on_progress: Progress | None = None,
        idempotency_key: str | None = None,
    ) -> Container:
        """Make a container from one to ten files, in their order.

        A file is a path, bytes, a file opened in binary mode, or (name, bytes or such a file). `on_progress` hears
        (bytes sent, bytes in all).

        Scope: `content:write`.
        """
        fields = {"caption": caption}
        if first_comment is not None:
            fields["firstComment"] = first_comment
        with form_of(files, fields, on_progress) as form:
            return self._line.call(
                Container,
                "POST",
                f"/v1/projects/{segment(project_id)}/content",
                form=form,
                idempotency_key=idempotency_key,
            )


class Verifying(Resource):
    """Believing webhooks."""

    verify = staticmethod(verify)

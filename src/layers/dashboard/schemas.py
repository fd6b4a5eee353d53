"""Wire models of signing in."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from layers.access.schemas import Whoami
from layers.api.routes import Wire

Secret = Annotated[str, Meta(min_length=1, max_length=255)]


class SignIn(Wire):
    """Body of `POST /dashboard/session`: one of both."""

    key: Secret | None = None
    """An API key."""
    link: Secret | None = None
    """What follows `#` in a link that `layers dashboard link` has made."""


class Session(Whoami):
    """For whom the session speaks, and until when at the latest."""

    ends_at: datetime

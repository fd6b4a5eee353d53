"""Settings: read once from the environment, all problems named at once. Nothing else reads `os.environ`."""

import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

PREFIX = "LAYERS_"


class SettingsError(Exception):
    """One or more settings are unusable; `problems` names each variable and its remedy."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def default_data_dir() -> Path:
    """Return the folder for everything Layers keeps on this machine, by the XDG rules."""
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(home) / "layers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every knob of Layers. The variable's name is `LAYERS_` + the field's name in capitals."""

    host: str = field(default="127.0.0.1", metadata={"about": "address the API listens on"})
    port: int = field(default=8787, metadata={"about": "port the API listens on"})
    public_url: str = field(
        default="", metadata={"about": "where the world reaches this API; default http://HOST:PORT"}
    )
    data_dir: Path = field(
        default_factory=default_data_dir,
        metadata={"about": "embedded database, media, generated secret keys"},
    )
    database_url: str = field(
        default="",
        metadata={"about": "PostgreSQL 15 or newer; unset: the embedded one in the data dir", "secret": True},
    )
    storage_url: str = field(
        default="", metadata={"about": "where media is kept; unset: a folder in the data dir"}
    )
    secret_keys: str = field(
        default="",
        metadata={
            "about": "comma-separated keys that seal tokens, newest first; unset: a 0600 file in the data dir",
            "secret": True,
        },
    )
    allow_private_networks: bool = field(
        default=False, metadata={"about": "let media, webhooks and platforms live on private addresses"}
    )
    embedded_fsync: bool = field(
        default=True, metadata={"about": "false trades durability for speed in throw-away installations"}
    )
    database_connections: int = field(default=16, metadata={"about": "connections each process may open"})
    http_connections: int = field(
        default=500, metadata={"about": "clients one API process serves at once; more are told to come again"}
    )
    worker_lanes: int = field(
        default=64, metadata={"about": "social accounts one worker serves at the same time"}
    )
    lease_seconds: float = field(
        default=15.0, metadata={"about": "how long a silent worker keeps a post before another takes it over"}
    )
    audit_retention_days: int = field(
        default=400, metadata={"about": "how long the audit log is kept; 0: for ever"}
    )
    sandbox_pages: bool = field(
        default=True,
        metadata={
            "about": "show the sandbox under /sandbox; once LAYERS_PUBLIC_URL is set, its consent pages alone"
        },
    )
    metrics_token: str = field(
        default="",
        metadata={
            "about": "bearer token that may read /metrics; needed from elsewhere, and once LAYERS_PUBLIC_URL is set",
            "secret": True,
        },
    )
    metrics_port: int = field(
        default=0, metadata={"about": "port on which a worker shows its own /metrics; 0: none"}
    )
    metrics_host: str = field(default="127.0.0.1", metadata={"about": "address for LAYERS_METRICS_PORT"})
    otel_endpoint: str = field(
        default="",
        metadata={"about": "OTLP/HTTP endpoint for traces, like http://collector:4318; unset: none"},
    )
    log_level: str = field(default="info", metadata={"about": "debug, info, warning or error"})
    log_json: bool = field(default=False, metadata={"about": "one JSON object a line instead of prose"})
    platforms: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """What connectors declare for themselves, e.g. `X_CLIENT_KEY`, and `X_BASE_URL` for each platform X."""

    @property
    def public_origin(self) -> str:
        """Return the origin of signed links, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    def open_data_dir(self) -> None:
        """Make the data folder, if it is not there. Raises SettingsError unless files can be written there."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.data_dir):
                pass
        except OSError as why:
            words = f"nothing can be written to {self.data_dir} ({why.strerror})."
            raise SettingsError(
                [f"LAYERS_DATA_DIR: {words} Give a folder that this user may write to."]
            ) from why

    def origin_of(self, platform: str) -> str | None:
        """Return the origin that replaces all hosts of `platform`, if the operator set one."""
        return self.platforms.get(f"{platform.upper()}_BASE_URL", "").rstrip("/") or None

    @classmethod
    def from_env(
        cls, env: Mapping[str, str] | None = None, *, platform_names: Collection[str] = ()
    ) -> "Settings":
        """Read the environment; `platform_names` are the variables connectors declare, without the prefix.

        Raises SettingsError naming every bad or unknown variable.
        """
        env = os.environ if env is None else env
        known = {PREFIX + f.name.upper(): f for f in fields(cls) if f.name != "platforms"}
        given = {n.removeprefix(PREFIX): v.strip() for n, v in env.items() if n.startswith(PREFIX)}
        platforms = {name: value for name, value in given.items() if name in platform_names and value}
        values: dict[str, object] = {"platforms": platforms}
        problems = [
            f"{PREFIX}{name} is not a setting of Layers; `layers doctor` lists them."
            for name in given
            if PREFIX + name not in known and name not in platform_names and name not in CLIENT_VARIABLES
        ]
        for name, f in known.items():
            if raw := env.get(name, "").strip():
                try:
                    values[f.name] = _parse(raw, f.type)
                except ValueError as why:
                    problems.append(f"{name}={raw!r}: {why}.")
        if problems:
            raise SettingsError(problems)
        return cls(**values)  # pyright: ignore[reportArgumentType]


CLIENT_VARIABLES = frozenset({"API_KEY", "BASE_URL", "PROFILE"})


def _parse(raw: str, kind: object) -> object:
    if kind is bool:
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False}
        if raw.lower() not in words:
            raise ValueError("say true or false")
        return words[raw.lower()]
    if kind is Path:
        return Path(raw).expanduser().absolute()
    if kind is int or kind is float:
        number = int(raw) if kind is int else float(raw)
        if number < 0:
            raise ValueError("it cannot be negative")
        return number
    return raw

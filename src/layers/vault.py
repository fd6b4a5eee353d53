"""Tokens sealed at rest: authenticated encryption, a key id beside each seal, rotation by putting a new key first."""

import base64
import contextlib
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class VaultError(Exception):
    """A key is unusable, or something was sealed with a key that is gone."""


class KeyMissing(VaultError):  # noqa: N818
    """Something was sealed with a key that is gone; it can be opened again once the key is back."""


class Vault:
    """Seals and opens small mappings of secrets; also the root of keys for signed links."""

    def __init__(self, keys: list[str]) -> None:
        try:
            self._seals = {_key_id(key): Fernet(key) for key in keys}
        except ValueError:
            raise VaultError(
                "LAYERS_SECRET_KEYS must hold url-safe base64 keys of 32 bytes; "
                "make one with `openssl rand -base64 32 | tr '+/' '-_'`."
            ) from None
        if not keys:
            raise VaultError("LAYERS_SECRET_KEYS is empty; give at least one key.")
        self._newest = _key_id(keys[0])
        self._roots = [base64.urlsafe_b64decode(key) for key in keys]

    @property
    def newest_key_id(self) -> bytes:
        """Return what seals made now begin with."""
        return self._newest.encode() + b":"

    @property
    def key_ids(self) -> list[bytes]:
        """Return what seals begin with that can be opened here; all are of one length."""
        return [key_id.encode() + b":" for key_id in self._seals]

    def seal(self, secrets: Mapping[str, str], owner: str) -> bytes:
        """Encrypt `secrets` for `owner` (an account's id): nobody else's seal can be put in its place."""
        plain = msgspec.json.encode({"owner": owner, "secrets": secrets})
        return self.newest_key_id + self._seals[self._newest].encrypt(plain)

    def unseal(self, sealed: bytes, owner: str) -> dict[str, str]:
        """Decrypt. Raises KeyMissing, or VaultError when the bytes were changed or belong to another owner."""
        key_id, _, token = sealed.partition(b":")
        seal = self._seals.get(key_id.decode("ascii", "replace"))
        if seal is None:
            raise KeyMissing(
                f"Sealed with key {key_id!r}, which LAYERS_SECRET_KEYS no longer holds. Add it at the end."
            )
        try:
            content = msgspec.json.decode(seal.decrypt(token), type=_Sealed)
        except InvalidToken:
            raise VaultError("The sealed secrets were altered.") from None
        if content.owner != owner:
            raise VaultError("The sealed secrets belong to another account.")
        return content.secrets

    def derive(self, purpose: str) -> list[bytes]:
        """Return a 32-byte key for `purpose` from each secret key, newest first."""
        return [
            HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(root)
            for root in self._roots
        ]


class _Sealed(msgspec.Struct):
    owner: str
    secrets: dict[str, str]


def _key_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def key_file(data_dir: Path) -> Path:
    """Return where the key is kept when none is configured."""
    return data_dir / "secret.key"


def open_vault(configured: str, data_dir: Path) -> Vault:
    """Return the vault of the configured keys, else of a key kept in a 0600 file in the data folder."""
    if configured:
        return Vault([key.strip() for key in configured.split(",") if key.strip()])
    file = key_file(data_dir)
    if not file.exists():
        _make_key(file)
    return Vault([_read_key(file)])


def _make_key(file: Path) -> None:
    """Write the key whole and durable before it gets its name: another process may be doing the same."""
    draft = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as made:
        made.write(Fernet.generate_key())
        made.flush()
        os.fsync(made.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


def _read_key(file: Path) -> str:
    if file.stat().st_mode & 0o077:
        raise VaultError(f"{file} can be read by others; run `chmod 600 {file}`.")
    return file.read_text().strip()

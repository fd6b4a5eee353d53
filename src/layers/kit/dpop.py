"""DPoP: short-lived proofs that whoever sends a token also holds the key the token was issued to.

A proof is a JWT signed with ES256 that carries its own public key. Source: RFC 9449,
https://www.rfc-editor.org/rfc/rfc9449 (remembered, and held against a PDS 0.5.35, 2026-11-23).
"""

import base64
import hashlib

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
UNBIASED_BYTES = 48
"""This much more than the order's 32 bytes makes the remainder as good as evenly spread."""


class PrivateKey(msgspec.Struct, tag_field="kty", tag="EC"):
    """A private P-256 key as a JWK."""

    crv: str
    x: str
    y: str
    d: str


def derive_key(seed: str, purpose: str) -> str:
    """Return the private key that belongs to a secret `seed`, as a JWK in JSON: the same for the same two words."""
    hkdf = HKDF(algorithm=hashes.SHA256(), length=UNBIASED_BYTES, salt=None, info=purpose.encode())
    number = int.from_bytes(hkdf.derive(seed.encode())) % (P256_ORDER - 1) + 1
    public = ec.derive_private_key(number, ec.SECP256R1()).public_key().public_numbers()
    x, y, d = (_base64(n.to_bytes(32)) for n in (public.x, public.y, number))
    return msgspec.json.encode(PrivateKey("P-256", x, y, d)).decode()


def prove(
    key: str, method: str, url: str, *, now: int, proof_id: str, nonce: str | None, access_token: str | None
) -> str:
    """Return the proof for one request. `now`: Unix seconds. `nonce`: the server's last, if it gave one."""
    jwk = msgspec.json.decode(key, type=PrivateKey)
    public = {"kty": "EC", "crv": jwk.crv, "x": jwk.x, "y": jwk.y}
    claims: dict[str, object] = {
        "jti": proof_id,
        "htm": method,
        "htu": url.partition("#")[0].partition("?")[0],
        "iat": now,
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if access_token is not None:
        claims["ath"] = _base64(hashlib.sha256(access_token.encode()).digest())
    said = f"{_json({'typ': 'dpop+jwt', 'alg': 'ES256', 'jwk': public})}.{_json(claims)}"
    return f"{said}.{_base64(_sign(jwk, said.encode()))}"


def _sign(jwk: PrivateKey, said: bytes) -> bytes:
    number = int.from_bytes(base64.urlsafe_b64decode(jwk.d + "="))
    der = ec.derive_private_key(number, ec.SECP256R1()).sign(said, ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)
    return r.to_bytes(32) + s.to_bytes(32)


def _json(value: object) -> str:
    return _base64(msgspec.json.encode(value))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

"""Ed25519 signatures of bundles: verified by anyone who knows the deployment's public key, offline."""

from __future__ import annotations

import base64
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sluice.domain.errors import IntegrityError

ALGORITHM = "Ed25519"
_SAID = b"sluice serving bundle v1\n"
"""A signature says what was signed: it is good for nothing else that the same key may ever sign."""


def public_key(seed: bytes) -> str:
    """The public half, as hexadecimal digits, of the key that 32 secret bytes are."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()


def sign(seed: bytes, manifest: bytes) -> bytes:
    """The signature file of a bundle's manifest; the same bytes every time."""
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(_SAID + manifest)
    document = {
        "algorithm": ALGORITHM,
        "key": public_key(seed),
        "signature": base64.b64encode(signature).decode(),
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def verify(manifest: bytes, signature: bytes, key: str | None) -> str:
    """The key that signed. IntegrityError for a signature that does not hold, or by another key than this
    one; without one, any key's signature will do: that finds damage and not deceit.
    """
    try:
        document = json.loads(signature)
        signer, signed = str(document["key"]), base64.b64decode(document["signature"], validate=True)
        known = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer))
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"the bundle's signature cannot be read: {type(error).__name__}") from error
    if key is not None and signer != key.strip().lower():
        raise IntegrityError(f"the bundle was signed by {signer}, not by the key that is expected")
    try:
        known.verify(signed, _SAID + manifest)
    except InvalidSignature as error:
        raise IntegrityError("the bundle's signature is not of this list of files") from error
    return signer

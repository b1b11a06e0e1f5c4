# SPDX-License-Identifier: BSD-2-Clause
"""What a file with a Trusted Application says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .. import _hints as t

__all__ = ["ApplicationFile", "Subkey"]


@dataclass(frozen=True, slots=True)
class Subkey:
    """A key that may sign applications instead of OP-TEE's own, and says so in their files.

    Attributes:
        uuid: its UUID, the namespace of what it signs.
        version: against rollback: OP-TEE refuses one that is older than what it has met.
        max_depth: how many more subkeys may follow it.
        name: the name of what follows: its UUID is made of this and of the subkey's. None if
            what follows has the UUID of the subkey itself.
        algorithm: what it signs with, as GlobalPlatform's TEE_ALG_ has it.
        bits: the length of its modulus.
        key_id: its fingerprint, as of ApplicationFile.
    """

    uuid: t.UUID
    version: int
    max_depth: int
    name: str | None
    algorithm: str
    bits: int
    key_id: str


@dataclass(frozen=True, slots=True)
class ApplicationFile:
    """A file with a Trusted Application.

    Attributes:
        path: where it is.
        size: its bytes.
        format: "optee" if its header is that of OP-TEE's signed applications, "amdtee" if it is
            that of the AMD Secure Processor's firmware; None if it has neither.
        uuid: the application, as the header says, or else as the name of the file does; None if
            neither does.
        kind: what OP-TEE's header says that it is. "bootstrap" is a signed application,
            "encrypted" one whose image is encrypted too, and "legacy" one that was signed
            before OP-TEE 3.7: its header has no UUID and no version.
        version: its version. That of OP-TEE is a number against rollback, which is 0 unless who
            built it chose another (CFG_TA_VERSION); that of AMD has four parts.
        algorithm: what it is signed with, as GlobalPlatform's TEE_ALG_ has it, such as
            "RSASSA_PKCS1_PSS_MGF1_SHA256".
        hash_size, signature_size: in bytes.
        encryption: what an encrypted one is encrypted with, such as "AES_GCM".
        encryption_key: whether the key for that is one device's, or a class of devices has it.
        subkeys: the chain of keys from OP-TEE's own on, which is not in it, to the one that
            signed the application; empty if that is OP-TEE's own.
        key_id: which key signed it. For OP-TEE it is the SHA-256 of the public key's DER, as
            ``openssl pkey -pubout -outform DER | sha256sum`` prints it. It is known if there are
            subkeys, or if it is a key that this library knows; a header without subkeys does
            not say it, and it is None. For AMD it is the 16 bytes in its header.
        has_default_key: whether OP-TEE's default key signed the application, or the first of its
            subkeys. Everybody has that key: it is part of OP-TEE's sources.
        faults: what is wrong with the file, each as a clause. OP-TEE refuses one with faults.
    """

    path: str
    size: int
    format: Literal["optee", "amdtee"] | None = None
    uuid: t.UUID | None = None
    kind: Literal["legacy", "bootstrap", "encrypted"] | None = None
    version: str | None = None
    algorithm: str | None = None
    hash_size: int | None = None
    signature_size: int | None = None
    encryption: str | None = None
    encryption_key: Literal["device", "class"] | None = None
    subkeys: tuple[Subkey, ...] = ()
    key_id: str | None = None
    has_default_key: bool = False
    faults: tuple[str, ...] = ()

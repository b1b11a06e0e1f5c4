# SPDX-License-Identifier: BSD-2-Clause
"""The header of OP-TEE's signed applications.

A file has the headers of subkeys, if there are any, and then that of the application. Each is
a struct shdr, its hash, its signature, and what is signed. Source: signed_hdr.h of OP-TEE.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from .application_file import ApplicationFile, Subkey
from .rsa import OPTEE_DEFAULT_KEY, PublicKey, hash_name_of, name_of_algorithm

__all__ = ["MAGIC", "read_signed_header"]

MAGIC: Final = b"HSTO"

_HEADER: Final = struct.Struct("<4sIIIHH")
_BOOTSTRAP: Final = struct.Struct("<16sI")
_ENCRYPTED: Final = struct.Struct("<IIHH")
_SUBKEY: Final = struct.Struct("<16sIIIII")
_ATTRIBUTE: Final = struct.Struct("<III")
_KIND_OF_SUBKEY: Final = 3
_KINDS: Final[dict[int, Literal["legacy", "bootstrap", "encrypted"]]] = {
    0: "legacy",
    1: "bootstrap",
    2: "encrypted",
}
_ENCRYPTIONS: Final = {0x40000810: "AES_GCM", 0x40000710: "AES_CCM"}
_RSA_MODULUS: Final = 0xD0000130
_RSA_PUBLIC_EXPONENT: Final = 0xD0000230
# More than OP-TEE's own build makes. A file that repeats itself must not take long.
_MOST_SUBKEYS: Final = 16
_LONGEST_MODULUS: Final = 16384 // 8 + 1
_LONGEST_EXPONENT: Final = 8


class _FaultError(Exception):
    """The file can't be read any further; the text says why."""


class _Header(NamedTuple):
    """One struct shdr, with what follows it."""

    kind: int
    image_size: int
    algorithm: int
    packed: bytes
    digest: bytes
    signature: bytes
    end: int


class _Issuer(NamedTuple):
    """The subkey before a header: who signed it."""

    subkey: Subkey
    key: PublicKey


def read_signed_header(content: bytes, found: ApplicationFile) -> ApplicationFile:
    """Add to what was found of a file what its header says; faults too, but raise nothing."""
    known: dict[str, Any] = {"format": "optee"}
    faults: list[str] = []
    try:
        _read(content, known, faults)
    except _FaultError as fault:
        faults.append(str(fault))
    return replace(found, **known, faults=(*found.faults, *faults))


def _read(content: bytes, known: dict[str, Any], faults: list[str]) -> None:
    issuer: _Issuer | None = None
    offset = 0
    while True:
        header = _header(content, offset)
        if issuer is None:
            known["has_default_key"] = OPTEE_DEFAULT_KEY.has_signed(
                header.algorithm, header.digest, header.signature
            )
        if header.kind != _KIND_OF_SUBKEY:
            break
        if len(known.get("subkeys", ())) >= _MOST_SUBKEYS:
            raise _FaultError(f"it has more than {_MOST_SUBKEYS} subkeys")
        made, offset = _subkey(content, header, issuer, faults)
        issuer = made
        known["subkeys"] = (*known.get("subkeys", ()), made.subkey)
    kind = _KINDS.get(header.kind)
    if kind is None:
        raise _FaultError(
            f"its header has the type {header.kind}, which is neither an application nor a subkey"
        )
    known |= {
        "kind": kind,
        "algorithm": name_of_algorithm(header.algorithm),
        "hash_size": len(header.digest),
        "signature_size": len(header.signature),
    }
    if issuer is not None:
        known["key_id"] = issuer.subkey.key_id
    elif known["has_default_key"]:
        known["key_id"] = OPTEE_DEFAULT_KEY.fingerprint
    _application(content, header, issuer, known, faults)


def _header(content: bytes, offset: int) -> _Header:
    packed = _part(content, offset, _HEADER.size, "a header")
    magic, kind, image_size, algorithm, hash_size, signature_size = _HEADER.unpack(packed)
    if magic != MAGIC:
        raise _FaultError("after its subkeys there is no other header")
    offset += _HEADER.size
    digest = _part(content, offset, hash_size, "the hash")
    offset += hash_size
    signature = _part(content, offset, signature_size, "the signature")
    return _Header(kind, image_size, algorithm, packed, digest, signature, offset + signature_size)


def _part(content: bytes, offset: int, size: int, what: str) -> bytes:
    part = content[offset : offset + size]
    if len(part) < size:
        raise _FaultError(
            f"it is truncated: it ends after {len(content)} bytes, in {what}, which goes on to"
            f" byte {offset + size}"
        )
    return part


def _subkey(
    content: bytes, header: _Header, issuer: _Issuer | None, faults: list[str]
) -> tuple[_Issuer, int]:
    """Return a subkey, and where what it has signed begins."""
    image = _part(content, header.end, header.image_size, "a subkey")
    if len(image) < _SUBKEY.size:
        raise _FaultError(f"a subkey has {len(image)} bytes, less than its own header")
    uuid_bytes, name_size, version, max_depth, algorithm, count = _SUBKEY.unpack_from(image)
    key = PublicKey(
        _attribute(image, count, _RSA_MODULUS, _LONGEST_MODULUS),
        _attribute(image, count, _RSA_PUBLIC_EXPONENT, _LONGEST_EXPONENT),
    )
    offset = header.end + len(image)
    name = _part(content, offset, name_size, "the name of what a subkey has signed")
    uuid = UUID(bytes=uuid_bytes)
    subkey = Subkey(
        uuid,
        version,
        max_depth,
        name.rstrip(b"\0").decode("utf-8", "backslashreplace") if name_size else None,
        name_of_algorithm(algorithm),
        key.bits,
        key.fingerprint,
    )
    _check_hash(header, image, f"subkey {uuid}", faults)
    _check_issuer(header, uuid, f"subkey {uuid}", issuer, faults)
    if issuer is not None and max_depth >= issuer.subkey.max_depth:
        faults.append(
            f"subkey {issuer.subkey.uuid} allows {issuer.subkey.max_depth} subkeys after it, but"
            f" the next one allows {max_depth}"
        )
    return _Issuer(subkey, key), offset + name_size


def _attribute(image: bytes, count: int, wanted: int, longest: int) -> int:
    """Return a number of a subkey's public key."""
    for place in range(_SUBKEY.size, len(image) - _ATTRIBUTE.size + 1, _ATTRIBUTE.size):
        if (place - _SUBKEY.size) // _ATTRIBUTE.size >= count:
            break
        number, offset, size = _ATTRIBUTE.unpack_from(image, place)
        if number == wanted and 0 < size <= longest and offset + size <= len(image):
            return int.from_bytes(image[offset : offset + size], "big")
    raise _FaultError("a subkey has no public key of RSA")


def _check_hash(header: _Header, signed: bytes, what: str, faults: list[str]) -> None:
    name = hash_name_of(header.algorithm)
    if name is None:
        faults.append(
            f"the {what} is signed with algorithm 0x{header.algorithm:08x}, which is none of RSA's"
        )
        return
    digest = hashlib.new(name, header.packed)
    digest.update(signed)
    if len(header.digest) != digest.digest_size:
        faults.append(
            f"the hash of the {what} has {len(header.digest)} bytes, where {name.upper()} has"
            f" {digest.digest_size}"
        )
    elif digest.digest() != header.digest:
        faults.append(f"the {what} is damaged: its hash is not the one in the header")


def _check_issuer(
    header: _Header, uuid: UUID | None, what: str, issuer: _Issuer | None, faults: list[str]
) -> None:
    """Look whether what a subkey has signed is signed by it, and has a UUID that it may have."""
    if issuer is None:
        return
    subkey, key = issuer
    if not key.has_signed(header.algorithm, header.digest, header.signature):
        faults.append(f"the {what} is not signed by subkey {subkey.uuid}, which is before it")
    allowed = subkey.uuid if subkey.name is None else _uuid_of(subkey.uuid, subkey.name)
    if uuid is not None and uuid != allowed:
        faults.append(
            f"the {what} has the UUID {uuid}, where subkey {subkey.uuid} allows {allowed}"
        )


def _uuid_of(namespace: UUID, name: str) -> UUID:
    """Return the UUID of what a subkey has signed under a name.

    It is one of version 5, as RFC 4122 has it, but of SHA-512.
    """
    return UUID(bytes=hashlib.sha512(namespace.bytes + name.encode()).digest()[:16], version=5)


def _application(
    content: bytes,
    header: _Header,
    issuer: _Issuer | None,
    known: dict[str, Any],
    faults: list[str],
) -> None:
    offset = header.end
    signed = b""
    if known["kind"] != "legacy":
        signed = _part(content, offset, _BOOTSTRAP.size, "the UUID and the version")
        uuid_bytes, version = _BOOTSTRAP.unpack(signed)
        known |= {"uuid": UUID(bytes=uuid_bytes), "version": str(version)}
        offset += _BOOTSTRAP.size
    _check_issuer(header, known.get("uuid"), "application", issuer, faults)
    if known["kind"] == "encrypted":
        packed = _part(content, offset, _ENCRYPTED.size, "the header of the encryption")
        algorithm, flags, vector_size, tag_size = _ENCRYPTED.unpack(packed)
        known["encryption"] = _ENCRYPTIONS.get(algorithm, f"0x{algorithm:08x}")
        known["encryption_key"] = "class" if flags & 1 else "device"
        offset += _ENCRYPTED.size
        _part(content, offset, vector_size + tag_size, "the vector and the tag of the encryption")
        offset += vector_size + tag_size
    image = _part(content, offset, header.image_size, "the image")
    rest = len(content) - offset - len(image)
    if rest:
        faults.append(f"it has {rest} more bytes than its header says")
    # The hash of an encrypted one is that of the image before it was encrypted.
    if known["kind"] != "encrypted":
        _check_hash(header, signed + image, "application", faults)

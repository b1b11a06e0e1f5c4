# SPDX-License-Identifier: BSD-2-Clause
"""One declaration of an application of OP-TEE serves an application in Python and clients."""

from __future__ import annotations

from uuid import UUID

import pytee_client as tee
from pytee_client import fake
from pytee_client.ta import optee

RESPONSE = b"\x80\x01\0\0\0\x0b\0\0\0\0!"
EVIDENCE = optee.Evidence(bytes(32), b"a signature")


class Avb(fake.TrustedApplication, implements=optee.Avb):
    def read_rollback_index(self, slot: int) -> int:
        return slot << 32

    def write_rollback_index(self, slot: int, index: int) -> None: ...

    def read_lock_state(self) -> bool:
        return True

    def write_lock_state(self, locked: bool) -> None: ...

    def read_persist_value(self, name: str, room: int) -> bytes:
        return name.encode()[:room]

    def write_persist_value(self, name: str, value: bytes) -> None: ...


class Ftpm(fake.TrustedApplication, implements=optee.Ftpm):
    def submit_command(self, command: bytes, room: int) -> bytes:
        return RESPONSE

    def emulate_ppi(self, request: optee.PpiRequest, room: int) -> list[int]:
        return [request.function, request.operation, room]


class Attestation(fake.TrustedApplication, implements=optee.Attestation):
    def get_pubkey(self) -> tuple[int, int, int]:
        return 3, 1 << 4095, 9

    def get_ta_shdr_digest(self, uuid: UUID, nonce: bytes) -> optee.Evidence:
        return optee.Evidence(bytes(32), uuid.bytes + nonce)

    def hash_tee_memory(self, nonce: bytes) -> optee.Evidence:
        return EVIDENCE


def test_what_one_end_writes_the_other_reads() -> None:
    kernel = fake.Kernel(applications=[Avb, Ftpm, Attestation])
    with tee.Context(backend=kernel) as context:
        with optee.Avb(context) as avb:
            assert avb.read_rollback_index(5) == 5 << 32
            assert avb.read_lock_state() is True
            assert avb.read_persist_value("a name", 4) == b"a na"
            assert avb.read_persist_value("a name", 40) == b"a name"
        with optee.Ftpm(context) as ftpm:
            assert ftpm.submit_command(b"a command", 100) == RESPONSE
            request = optee.PpiRequest(optee.PpiFunction.VERSION, 7)
            assert ftpm.emulate_ppi(request, 12) == [1, 7, 12]
        with optee.Attestation(context) as attestation:
            assert attestation.get_pubkey() == (3, 1 << 4095, 9)
            assert attestation.hash_tee_memory(b"nonce") == EVIDENCE
            uuid = UUID("00112233-4455-6677-8899-aabbccddeeff")
            signed = attestation.get_ta_shdr_digest(uuid, b"nonce").signature
            assert signed == uuid.bytes + b"nonce"
    kernel.assert_no_leaks()

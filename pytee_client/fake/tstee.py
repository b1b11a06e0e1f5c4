# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Services (TSTEE): secure partitions, whose services are objects in Python.

    from pytee_client import fake
    from pytee_client.fake.tstee import SecurePartition, TrustedService, TsTee

    class Echo(TrustedService):
        uuid = UUID("...")

        def call(self, opcode, request):
            return 0, request

    kernel = fake.Kernel(TsTee(SecurePartition(0x8001, (Echo(),))))

The TEE Client API can't use such a device; programs make the requests of linux/tee.h themselves.
"""

from .drivers.tstee import SecurePartition, TrustedService, TsTee

__all__ = ["SecurePartition", "TrustedService", "TsTee"]

# SPDX-License-Identifier: BSD-2-Clause
"""Qualcomm's TEE (QTEE), whose services are objects in Python.

    from pytee_client import fake
    from pytee_client.fake.qtee import Qtee, QteeObject

    class Doubler(QteeObject):
        def invoke(self, op, arguments):
            arguments.output_buffers[0].content = 2 * arguments.input_buffers[0]

    kernel = fake.Kernel(Qtee({1: Doubler}), release="7.2")

The TEE Client API can't use such a device; programs make the requests of linux/tee.h themselves.
"""

from .drivers.qtee.client_objects import CallbackObject, MemoryObject
from .drivers.qtee.driver import Qtee
from .drivers.qtee.object import (
    OutputBuffer,
    QteeArguments,
    QteeError,
    QteeObject,
    QteeReference,
    QteeResult,
)

__all__ = [
    "CallbackObject",
    "MemoryObject",
    "OutputBuffer",
    "Qtee",
    "QteeArguments",
    "QteeError",
    "QteeObject",
    "QteeReference",
    "QteeResult",
]

# SPDX-License-Identifier: BSD-2-Clause
"""An invocation of a QTEE that has an object of the program's invoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytee_client.fake.applications.qtee_services import QteeCaller

from .qtee_device import OK, Memory, QteeDevice, Received, object_input
from .waiting import LIMIT

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from .raw_device import RawParam

CALL = 0
MINE, OP = 0x1234_5678_9ABC, 42


class Call:
    """An invocation of QteeCaller in another thread, that has the program's object invoked."""

    def __init__(self, pool: ThreadPoolExecutor, device: QteeDevice, *params: RawParam) -> None:
        self._op = Memory(bytes([OP]))
        self.caller = device.service(QteeCaller.NUMBER)
        given = (object_input(MINE), self._op.input(), *params)
        self.future: Future[tuple[int, list[RawParam]]] = pool.submit(
            device.object_invoke, self.caller, CALL, *given
        )

    def result(self) -> int:
        return self.future.result(LIMIT)[0]

    def outputs(self) -> list[RawParam]:
        """What the parameters after the object and the operation have become."""
        result, left = self.future.result(LIMIT)
        assert result == OK
        return left[2:]


def inputs_of(request: Received) -> list[RawParam]:
    """The parameters of a request as an answer repeats them."""
    return [(attr, 0, 0, 0) for attr, *_ in request.params]

# SPDX-License-Identifier: BSD-2-Clause
"""Calls that last, and what tries to end them: a signal, a request to cancel, or both.

As a program, it measures them on a device of Linux, the table of docs/stopping.md:
DEVICE [SECONDS].
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import Conformance, HelloWorld
from pytee_client.fake.applications.conformance import Command

from .applications.storage import Storage, StorageCommand
from .raw_device import Answer, RawDevice
from .signals import handler
from .waiting import LIMIT, start_in_kernel

if TYPE_CHECKING:
    from typing_extensions import Self

    from pytee_client.kernels import Kernel

SIGNAL = signal.SIGUSR2
VALUE, INOUT, MEMREF, MEMREF_INOUT = 1, 3, 5, 7
# Nobody knows the number of a session that is being opened.
UNKNOWN = 1 << 20
OPEN_WAIT, OPEN_WAIT_MASKED, OPEN_COMPUTE = 2, 3, 4
PRIVATE_STORAGE, READ_WRITE_META = 1, 7
_MARK = 4096


@dataclass(frozen=True)
class Place:
    """A device, and the threads for calls."""

    kernel: Kernel
    device: str
    pool: ThreadPoolExecutor

    @property
    def is_real(self) -> bool:
        """Whether it is Linux's. In the fake, what computes sleeps, and marks reach it late."""
        return not isinstance(self.kernel, fake.Kernel)


class Stopped:
    """A call that lasts, in a thread of its own.

    The end of a `with` waits for the end of the call.

    Attributes:
        answer: what comes of it.
        began: when, in seconds of the monotonic clock.
        ended: the same of its end.
    """

    def __init__(
        self,
        place: Place,
        device: RawDevice,
        session: int,
        call: Callable[[], Answer],
        is_there: Callable[[], bool] | None = None,
    ) -> None:
        self._place = place
        self._device = device
        self._session = session
        self.ended = 0.0
        self.began = time.monotonic()
        self.answer: Future[Answer]

        def run() -> Answer:
            try:
                return call()
            finally:
                self.ended = time.monotonic()

        self.answer, self._thread, self.number = start_in_kernel(place.pool, run, is_there)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        wait([self.answer], LIMIT)

    def send_signal(self) -> None:
        """Send a signal with a handler to the thread of the call."""
        signal.pthread_kill(self._thread, SIGNAL)

    def request(self) -> Future[None]:
        """Make TEE_IOC_CANCEL for the session of the call, in another thread."""
        return self._place.pool.submit(self._device.cancel, self._session)

    def computed(self) -> float:
        """Return how many seconds its thread has computed so far, also in the secure world."""
        return time.clock_gettime(time.pthread_getcpuclockid(self._thread))

    def lasted(self) -> float:
        """Return how many seconds the call took, when it is over."""
        self.answer.result(LIMIT)
        return self.ended - self.began


def signals_are_handled() -> contextlib.AbstractContextManager[None]:
    """Have a handler for the signal that does nothing."""
    return handler(SIGNAL, lambda *_: None)


class Mark:
    """Memory whose first byte an application sets when it begins to compute."""

    def __init__(self, place: Place, device: RawDevice) -> None:
        fd, number, _ = device.allocate(_MARK)
        self.address = place.kernel.mmap(fd, _MARK)
        self.parameter = (MEMREF_INOUT, 0, _MARK, number)

    def is_set(self) -> bool:
        """Return whether it has begun."""
        # Not copied by Linux: it copies no memory of a device.
        return ctypes.c_uint8.from_address(self.address).value == 1


@contextlib.contextmanager
def _marked(place: Place) -> Iterator[tuple[RawDevice, Mark]]:
    with RawDevice(place.kernel, place.device) as device:
        mark = Mark(place, device)
        try:
            yield device, mark
        finally:
            place.kernel.munmap(mark.address, _MARK)


@contextlib.contextmanager
def command(place: Place, number: Command, milliseconds: int, heeds: int) -> Iterator[Stopped]:
    """Have a command wait or compute."""
    with _marked(place) as (device, mark):
        session = device.open_session(Conformance.uuid).session
        wish = (VALUE, milliseconds, heeds, 0)
        stopped = Stopped(
            place,
            device,
            session,
            lambda: device.invoke(session, number, wish, mark.parameter),
            mark.is_set if number == Command.COMPUTE and place.is_real else None,
        )
        with stopped:
            yield stopped


@contextlib.contextmanager
def opening(place: Place, kind: int, milliseconds: int) -> Iterator[Stopped]:
    """Have an opening wait or compute in the application."""
    with _marked(place) as (device, mark):
        wish = (VALUE, milliseconds, kind, 0)
        stopped = Stopped(
            place,
            device,
            UNKNOWN,
            lambda: device.open_session(Conformance.uuid, wish, mark.parameter),
            mark.is_set if kind == OPEN_COMPUTE and place.is_real else None,
        )
        with stopped:
            yield stopped


@contextlib.contextmanager
def busy(
    place: Place, milliseconds: int, *, opens: bool
) -> Iterator[tuple[Stopped, list[Stopped]]]:
    """Have a call wait for one of the two secure threads, and two others that have them."""
    with contextlib.ExitStack() as stack:
        device = stack.enter_context(RawDevice(place.kernel, place.device))
        session = device.open_session(Conformance.uuid).session
        others = [
            stack.enter_context(command(place, Command.WAIT, milliseconds, 0)) for _ in range(2)
        ]
        call: Callable[[], Answer] = lambda: (  # noqa: E731
            device.open_session(Conformance.uuid)
            if opens
            else device.invoke(session, Command.NOTHING)
        )
        with Stopped(place, device, UNKNOWN if opens else session, call) as stopped:
            yield stopped, others


@dataclass(frozen=True)
class Needing:
    """Calls that need the supplicant, on a device that has none."""

    place: Place
    device: RawDevice
    session: int
    memory: int

    def command(self) -> Stopped:
        """Have a command wait for it."""
        name, content = ((MEMREF, 0, 16, self.memory) for _ in range(2))
        return Stopped(
            self.place,
            self.device,
            self.session,
            lambda: self.device.invoke(
                self.session,
                StorageCommand.CREATE,
                name,
                (INOUT, READ_WRITE_META, 0, 0),
                (VALUE, 0, PRIVATE_STORAGE, 0),
                content,
            ),
        )

    def opening(self, uuid: UUID = HelloWorld.uuid) -> Stopped:
        """Have an opening wait for it."""
        return Stopped(self.place, self.device, UNKNOWN, lambda: self.device.open_session(uuid))


@contextlib.contextmanager
def needing(
    place: Place,
    served: contextlib.AbstractContextManager[None],
    unserved: contextlib.AbstractContextManager[None],
) -> Iterator[Needing]:
    """Open a session while a supplicant serves the device, and go on while none does."""
    with RawDevice(place.kernel, place.device) as device:
        with served:
            session = device.open_session(Storage.uuid).session
        _, memory, _ = device.allocate(16)
        with unserved:
            yield Needing(place, device, session, memory)


def _measure(device: str, seconds: float) -> None:
    from .linux_kernel import LinuxKernel

    milliseconds = int(seconds * 1000)
    place = Place(LinuxKernel(), device, ThreadPoolExecutor(32))
    rows: dict[str, Callable[[], contextlib.AbstractContextManager[Stopped]]] = {
        "command, TEE_Wait, masked": lambda: command(place, Command.WAIT, milliseconds, 0),
        "command, TEE_Wait, unmasked": lambda: command(place, Command.WAIT, milliseconds, 1),
        "command, computes": lambda: command(place, Command.COMPUTE, milliseconds, 0),
        "command, computes and looks": lambda: command(place, Command.COMPUTE, milliseconds, 1),
        "command, threads busy": lambda: _alone(place, milliseconds, opens=False),
        "opening, TEE_Wait, masked": lambda: opening(place, OPEN_WAIT_MASKED, milliseconds),
        "opening, TEE_Wait, unmasked": lambda: opening(place, OPEN_WAIT, milliseconds),
        "opening, computes": lambda: opening(place, OPEN_COMPUTE, milliseconds),
        "opening, threads busy": lambda: _alone(place, milliseconds, opens=True),
    }
    print(f"each takes {seconds} s of itself; s: signal, c: TEE_IOC_CANCEL, after 1 s")
    with signals_are_handled():
        for name, row in rows.items():
            for actions in ("", "s", "c", "cs", "sc"):
                with row() as stopped:
                    print(f"{name:28} {actions:3} {_act(stopped, actions)}", flush=True)
    _measure_library(place, milliseconds)


def _measure_library(place: Place, milliseconds: int) -> None:
    """Measure how long after request_cancellation() an unmasked TEE_Wait ends."""
    with tee.Context(place.device) as context, context.open_session(Conformance.uuid) as session:
        for _ in range(5):
            operation = tee.Operation()
            call = place.pool.submit(
                session.invoke_command, Command.WAIT, (milliseconds, 1), operation=operation
            )
            time.sleep(1)
            requested = time.monotonic()
            operation.request_cancellation()
            error = call.exception(LIMIT)
            print(f"request_cancellation(): {time.monotonic() - requested:.3f} s, {error!r}")


@contextlib.contextmanager
def _alone(place: Place, milliseconds: int, *, opens: bool) -> Iterator[Stopped]:
    with busy(place, milliseconds, opens=opens) as (stopped, _):
        yield stopped


def _act(stopped: Stopped, actions: str) -> str:
    time.sleep(max(0, stopped.began + 1 - time.monotonic()))
    computed, acted, said = stopped.computed(), time.monotonic(), ""
    for action in actions:
        if action == "s":
            stopped.send_signal()
            continue
        request = stopped.request()
        error = request.exception(LIMIT)
        said += f", request {error or 'taken'} after {time.monotonic() - acted:.3f} s"
    lasted, answer = stopped.lasted(), stopped.answer.result()
    return (
        f"{lasted:.2f} s, {stopped.ended - acted:.3f} s after the first;"
        f" computed {stopped.computed() - computed:.2f} s; {answer.result:#x}/{answer.origin}{said}"
    )


if __name__ == "__main__":
    import sys

    _measure(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 3)

# SPDX-License-Identifier: BSD-2-Clause
"""A thread that tells of openings which wait long, as for a supplicant that does not run."""

from __future__ import annotations

import os
import threading
import time
import weakref

from ._boundary import backend_name, leave_signals
from ._known_applications import named
from ._process import importing, renewed
from .enums import ImplementationId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final
    from uuid import UUID

    from ._boundary import NativeContext

# Seconds that an opening takes until it is told of. The thread also lives on for so long after
# the last opening began.
DELAY = 5.0
# Seconds that a fork waits for the thread, which may be logging.
_PATIENCE: Final = 1.0


class SlowOpening:
    """An opening that is under way, and may wait for a supplicant.

    Attributes:
        begun, due: when it began, and when it is to be told of.
        is_told: whether it was.
        is_over: set by the thread that opens, as soon as there is nothing to tell any more.
    """

    __slots__ = (
        "__weakref__",
        "_destination",
        "_implementation",
        "_kernel",
        "begun",
        "due",
        "is_over",
        "is_told",
    )

    def __init__(self, context: NativeContext, destination: UUID) -> None:
        # Not the context, which an interrupted opening must not keep open.
        self._implementation = context.version[0]
        self._kernel = context.kernel
        self._destination = destination
        self.begun = time.monotonic()
        self.due = self.begun + DELAY
        self.is_told = False
        self.is_over = False

    def tell(self) -> None:
        """Log a warning, unless a supplicant serves, or the opening is over."""
        self.is_told = True
        # Few programs need them.
        with importing:
            import logging

            from ._supplicant_remedies import Sight, for_slow_opening, look_for_supplicant
        if look_for_supplicant(self._kernel) is Sight.SERVES:
            return
        remedy = for_slow_opening(self._implementation, self._kernel)
        if remedy is None or self.is_over:
            return
        logging.getLogger("pytee_client").warning(
            "opening a session with %s has taken %.0f seconds and goes on: %s",
            *(named(self._destination), time.monotonic() - self.begun, remedy),
        )


class _Watch:
    """The openings that are under way, and the thread that looks after them, if there are any."""

    def __init__(self) -> None:
        self._changed = renewed(threading.Condition())
        # Added to and taken from in single steps, by threads that take no lock for it. An opening
        # that is interrupted before it can say that it is over goes with its frame.
        self._openings: set[weakref.ref[SlowOpening]] = set()
        self._last_begun = 0.0
        self._thread: threading.Thread | None = None

    def begin(self, opening: SlowOpening) -> None:
        """Look after an opening."""
        self._last_begun = opening.begun
        # First: the thread looks here once more before it ends.
        self._openings.add(weakref.ref(opening, self._openings.discard))
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._changed:
            if self._thread is not None:
                return
            self._thread = thread = threading.Thread(
                target=self._run, name="pytee_client slow openings", daemon=True
            )
            try:
                thread.start()
            except BaseException as error:
                if not thread.is_alive():
                    self._thread = None
                # There can be no more threads. Then nothing is told.
                if not isinstance(error, RuntimeError):
                    raise

    def _run(self) -> None:
        leave_signals()
        while due := self._wait():
            for opening in due:
                opening.tell()

    def _wait(self) -> list[SlowOpening]:
        """Wait for openings that are to be told of; none if the thread has to end."""
        this = threading.current_thread()
        with self._changed:
            while self._thread is this:
                now = time.monotonic()
                if due := [opening for opening in self._waiting() if opening.due <= now]:
                    return due
                idle = self._last_begun + DELAY
                next_ = min((opening.due for opening in self._waiting()), default=idle)
                if next_ > now:
                    self._changed.wait(next_ - now)
                    continue
                self._thread = None
                if self._waiting():
                    self._thread = this
        return []

    def _waiting(self) -> list[SlowOpening]:
        openings = [reference() for reference in self._openings.copy()]
        return [one for one in openings if one is not None and not (one.is_told or one.is_over)]

    def before_fork(self) -> None:
        """End the thread: Python warns of a fork beside threads, and the child would lack it."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._changed.notify_all()
        if thread is None or thread is threading.current_thread():
            return
        thread.join(_PATIENCE)
        task = f"/proc/self/task/{thread.native_id}"
        for _ in range(100):
            # Python counts it until the kernel has forgotten it.
            if not os.path.exists(task):
                return
            time.sleep(0.0001)

    def after_fork_in_parent(self) -> None:
        """Look after the openings that go on."""
        if self._waiting():
            self._start()

    def after_fork_in_child(self) -> None:
        """Forget the openings, which are the parent's."""
        self._openings.clear()
        self._thread = None


_watch: Final = _Watch()


def begin_opening(context: NativeContext, destination: UUID) -> SlowOpening | None:
    """Have an opening told of if it takes long until it is over; None if it can't wait."""
    if context.version[0] != ImplementationId.OPTEE:
        return None
    kernel = context.kernel
    if (
        kernel is not None
        and getattr(kernel, "has_supplicant", None) is None
        and backend_name(kernel) != "linux"
    ):
        return None
    opening = SlowOpening(context, destination)
    _watch.begin(opening)
    return opening


os.register_at_fork(
    before=_watch.before_fork,
    after_in_parent=_watch.after_fork_in_parent,
    after_in_child=_watch.after_fork_in_child,
)

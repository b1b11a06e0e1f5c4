# SPDX-License-Identifier: BSD-2-Clause
"""A thread that tells of openings which wait long, as for a supplicant that does not run."""

from __future__ import annotations

import os
import threading
import time
import weakref

from ._boundary import backend_name, leave_signals
from ._conditions import Condition
from ._logging import WARNING, log
from ._process import importing, renewed
from .enums import ImplementationId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final
    from uuid import UUID

    from ._boundary import NativeContext
    from .kernels import Kernel

# Seconds that an opening takes until it is told of. The thread also lives on for so long after
# the last opening began.
DELAY = 5.0
# Seconds that a fork waits for the thread, which may be logging.
_PATIENCE: Final = 1.0


class SlowOpening:
    """What is told of an opening that may wait for a supplicant, and then of another.

    Attributes:
        begun: when it began.
        told: the same, once it was told of.
        is_over: whether none is under way. begin() clears it; who opens sets it.
    """

    __slots__ = (
        "__weakref__",
        "_destination",
        "_implementation",
        "_kernel",
        "begun",
        "is_over",
        "told",
    )

    def __init__(self) -> None:
        self.is_over = True
        self.begun = self.told = 0.0
        self._implementation = 0
        self._kernel: Kernel | None = None
        self._destination: UUID | None = None
        _watch.add(self)

    def begin(self, context: NativeContext, destination: UUID) -> None:
        """Have an opening told of if it takes long until is_over is set, if it can wait."""
        implementation = context.version[0]
        if implementation != ImplementationId.OPTEE:
            return
        kernel = context.kernel
        if (
            kernel is not None
            and getattr(kernel, "has_supplicant", None) is None
            and backend_name(kernel) != "linux"
        ):
            return
        # Not the context, which an interrupted opening must not keep open.
        self._implementation = implementation
        self._kernel = kernel
        self._destination = destination
        self.begun = time.monotonic()
        # First: the thread looks here once more before it ends.
        self.is_over = False
        _watch.look_after(self)

    def tell(self) -> None:
        """Log a warning, unless a supplicant serves, or the opening is over."""
        begun = self.begun
        if begun + DELAY > time.monotonic():
            # Another has begun.
            return
        self.told = begun
        # Few programs need them.
        with importing:
            from ._supplicant_remedies import Sight, for_slow_opening, look_for_supplicant
        if look_for_supplicant(self._kernel) is Sight.SERVES:
            return
        remedy = for_slow_opening(self._implementation, self._kernel)
        destination = self._destination
        if remedy is None or destination is None or self.is_over or self.begun != begun:
            return
        text = "opening a session with %s has taken %.0f seconds and goes on: %s"
        log(WARNING, "", text, destination, time.monotonic() - begun, remedy)


class _Watch:
    """The openings, and the thread that looks after those that are under way, if there are any."""

    def __init__(self) -> None:
        self._changed = renewed(Condition())
        # Added to and taken from in single steps, by threads that take no lock for it. An opening
        # that is interrupted before it can say that it is over goes with its frame.
        self._openings: set[weakref.ref[SlowOpening]] = set()
        self._last_begun = 0.0
        self._thread: threading.Thread | None = None

    def add(self, opening: SlowOpening) -> None:
        """Add an opening, which is yet to begin."""
        self._openings.add(weakref.ref(opening, self._openings.discard))

    def look_after(self, opening: SlowOpening) -> None:
        """See that there is a thread for an opening that has begun."""
        self._last_begun = opening.begun
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
                if due := [one for one in self._waiting() if one.begun + DELAY <= now]:
                    return due
                first = min((one.begun for one in self._waiting()), default=self._last_begun)
                next_ = first + DELAY
                if next_ > now:
                    self._changed.wait(next_ - now)
                    continue
                self._thread = None
                if self._waiting():
                    self._thread = this
        return []

    def _waiting(self) -> list[SlowOpening]:
        openings = [reference() for reference in self._openings.copy()]
        return [
            one for one in openings if one is not None and not one.is_over and one.told != one.begun
        ]

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


os.register_at_fork(
    before=_watch.before_fork,
    after_in_parent=_watch.after_fork_in_parent,
    after_in_child=_watch.after_fork_in_child,
)

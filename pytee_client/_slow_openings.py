# SPDX-License-Identifier: BSD-2-Clause
"""A thread that tells of what takes long while it goes on.

These are openings that wait, as for a supplicant that does not run, and the calls of contexts that
have slow_after.
"""

from __future__ import annotations

import os
import sys
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
# Seconds for which the thread sleeps at most: Python can't wait for any number of them.
_LONGEST: Final = 3600.0


class SlowCallsOf:
    """The base of what is looked at again and again: the calls of a context; see _slow_calls.py.

    Attributes:
        slow_after: seconds that a call takes until it is told of.
        due: when tell() is to be called next.
        is_over: whether there is nothing to be looked at any more.
    """

    slow_after: float
    due: float
    is_over: bool

    def tell(self) -> None:
        """Log a warning for each call that takes long, and set due anew."""
        raise NotImplementedError

    def watch(self) -> None:
        """Have the thread look at it from now on."""
        _watch.look_at(self)


class SlowOpening:
    """What is told of an opening that may take long, and then of another.

    Attributes:
        begun: when it began.
        told: the same, once it was told of.
        is_over: whether none is under way. begin() clears it; who opens sets it.
    """

    __slots__ = (
        "__weakref__",
        "_delay",
        "_destination",
        "_implementation",
        "_kernel",
        "_may_lack_supplicant",
        "_slow_after",
        "begun",
        "is_over",
        "told",
    )

    def __init__(self) -> None:
        self.is_over = True
        self.begun = self.told = 0.0
        self._delay = 0.0
        self._slow_after: float | None = None
        self._may_lack_supplicant = False
        self._implementation = 0
        self._kernel: Kernel | None = None
        self._destination: UUID | None = None
        _watch.add(self)

    def begin(self, context: NativeContext, destination: UUID) -> None:
        """Have an opening told of if it takes long until is_over is set, if it can wait.

        All can in a context that has slow_after.
        """
        implementation, kernel = context.version[0], context.kernel
        self._may_lack_supplicant = may_lack_supplicant = (
            implementation == ImplementationId.OPTEE
            and (
                kernel is None
                or getattr(kernel, "has_supplicant", None) is not None
                or backend_name(kernel) == "linux"
            )
        )
        self._delay = DELAY
        if context.observer is not None and isinstance(context.observer, SlowCallsOf):
            self._slow_after = slow_after = context.observer.slow_after
            self._delay = min(DELAY, slow_after) if may_lack_supplicant else slow_after
        elif not may_lack_supplicant:
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
        begun, slow_after = self.begun, self._slow_after
        taken = time.monotonic() - begun
        if taken < self._delay:
            # Another has begun.
            return
        # First: if this fails it is not tried again and again.
        self.told = begun
        remedy = self._remedy()
        if remedy is None and slow_after is not None and taken < slow_after:
            self._delay = slow_after
            self.told = 0.0
            return
        destination = self._destination
        if destination is None or self.is_over or self.begun != begun:
            return
        text = "opening a session with %s has taken %.3g seconds and goes on"
        if remedy is not None:
            log(WARNING, "", f"{text}: %s", destination, taken, remedy)
        elif slow_after is not None:
            log(WARNING, "", text, destination, taken)

    def _remedy(self) -> str | None:
        """Return what may help an opening that lacks its supplicant; None if it does not."""
        if not self._may_lack_supplicant:
            return None
        # Few programs need them.
        with importing:
            from ._supplicant_remedies import Sight, for_slow_opening, look_for_supplicant
        if look_for_supplicant(self._kernel) is Sight.SERVES:
            return None
        return for_slow_opening(self._implementation, self._kernel)

    @property
    def due(self) -> float:
        """When tell() is to be called."""
        return self.begun + self._delay


class _Watch:
    """What may take long, and the thread that looks after it, if any of that is under way."""

    def __init__(self) -> None:
        self._changed = renewed(Condition())
        # Added to and taken from in single steps, by threads that take no lock for it. An opening
        # that is interrupted before it can say that it is over goes with its frame.
        self._openings: set[weakref.ref[SlowOpening]] = set()
        self._contexts: set[weakref.ref[SlowCallsOf]] = set()
        self._last_begun = 0.0
        self._thread: threading.Thread | None = None

    def add(self, opening: SlowOpening) -> None:
        """Add an opening, which is yet to begin."""
        self._openings.add(weakref.ref(opening, self._openings.discard))

    def look_at(self, calls: SlowCallsOf) -> None:
        """Look at the calls of a context from now on."""
        self._contexts.add(weakref.ref(calls, self._contexts.discard))
        if self._thread is None:
            self._start()
            return
        with self._changed:
            # It may be due before what the thread waits for.
            self._changed.notify_all()

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
            while due:
                try:
                    # Kept no longer than that takes.
                    due.pop(0).tell()
                except BaseException as error:
                    # It goes on for the others.
                    sys.excepthook(type(error), error, error.__traceback__)

    def _wait(self) -> list[SlowOpening | SlowCallsOf]:
        """Wait for what is to be told of; nothing if the thread has to end."""
        this = threading.current_thread()
        with self._changed:
            while self._thread is this:
                now, waiting = time.monotonic(), self._waiting()
                if due := [one for one in waiting if one.due <= now]:
                    return due
                next_ = min((one.due for one in waiting), default=self._last_begun + DELAY)
                # Nothing is kept by who only waits for it.
                del waiting
                if next_ > now:
                    self._changed.wait(min(next_ - now, _LONGEST))
                    continue
                self._thread = None
                if self._waiting():
                    self._thread = this
        return []

    def _waiting(self) -> list[SlowOpening | SlowCallsOf]:
        openings = [reference() for reference in self._openings.copy()]
        contexts = [reference() for reference in self._contexts.copy()]
        return [
            *(one for one in openings if one and not one.is_over and one.told != one.begun),
            *(one for one in contexts if one and not one.is_over),
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
        """Look after what goes on."""
        if self._waiting():
            self._start()

    def after_fork_in_child(self) -> None:
        """Forget all of it, which is the parent's."""
        self._openings.clear()
        self._contexts.clear()
        self._thread = None


_watch: Final = _Watch()


os.register_at_fork(
    before=_watch.before_fork,
    after_in_parent=_watch.after_fork_in_parent,
    after_in_child=_watch.after_fork_in_child,
)

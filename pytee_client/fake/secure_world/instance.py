# SPDX-License-Identifier: BSD-2-Clause
"""Instances of Trusted Applications, and the sessions that are open with them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .session import ClientSession
from .trusted_application import TrustedApplication

if TYPE_CHECKING:
    from .internal_core import InternalCore

__all__ = ["Instance", "OpenSession"]


@dataclass(slots=True, eq=False)
class Instance:
    """An instance of a Trusted Application, from before its creation until after its end.

    Attributes:
        cls: the class of the application.
        application: the object of the class, once it is created.
        core: the functions that it may call.
        lock: held while one of its entry points runs.
        sessions: how many sessions it has, including those that are being opened.
        panic: the exception that ended it.
        current: the session whose entry point runs; None if none runs.
    """

    cls: type[TrustedApplication]
    application: TrustedApplication | None = None
    core: InternalCore | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    sessions: int = 0
    panic: BaseException | None = None
    current: ClientSession | None = None

    def end(self) -> None:
        """Close the sessions and objects that it left open."""
        if self.core is not None:
            self.core._end()

    def runs_for(self, other: Instance) -> bool:
        """Return whether this instance runs for another one, which waits, or is the other one.

        The other one then can't serve a call from this one.
        """
        instance: Instance | None = self
        while instance is not None and instance is not other:
            instance = instance.current._caller if instance.current is not None else None
        return instance is other


@dataclass(slots=True, eq=False)
class OpenSession:
    """A session that is open.

    Attributes:
        instance: the instance of the application.
        application: the object of the application.
        session: the session as the application sees it.
    """

    instance: Instance
    application: TrustedApplication
    session: ClientSession

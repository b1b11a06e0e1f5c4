# SPDX-License-Identifier: BSD-2-Clause
"""A Trusted Application that does what a test passes it, within its entry points."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

import pytee_client as tee
from pytee_client import fake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_T = TypeVar("_T")


class OwnApplication(fake.TrustedApplication):
    """Runs the function that do() passes it, and keeps what it returns."""

    uuid = UUID("2b1b0f6e-5d0c-4e55-9a4f-3c60a0b6c9a1")
    run: ClassVar[Callable[[Any, fake.ClientSession], object]]
    result: ClassVar[object]

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        type(self).result = type(self).run(self, session)


def do(
    session: tee.Session,
    run: Callable[[Any, fake.ClientSession], _T],
    application: type[OwnApplication] = OwnApplication,
) -> _T:
    """Run a function, of the application and its session, in a command; return its result."""
    application.run = staticmethod(run)
    session.invoke_command(0)
    result: Any = application.result
    return result  # type: ignore[no-any-return]


@contextlib.contextmanager
def opened(
    kernel: fake.Kernel, application: type[fake.TrustedApplication] = OwnApplication
) -> Iterator[tee.Session]:
    """Open a session with an application."""
    with tee.Context(backend=kernel) as context, context.open_session(application.uuid) as session:
        yield session

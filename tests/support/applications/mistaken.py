# SPDX-License-Identifier: BSD-2-Clause
"""An application that makes the mistake of a test, and what a client is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake

if TYPE_CHECKING:
    from collections.abc import Callable

UUID_OF_MISTAKEN = UUID("3e0c9a7f-5bd1-4e43-8a40-0d4a51b0b0c7")


class Mistaken(fake.TrustedApplication):
    """Does what a test says in one of its entry points, and returns what that returns."""

    uuid = UUID_OF_MISTAKEN
    place = ""
    mistake: Callable[..., Any]

    def create(self) -> None:
        return self._run("create")

    def destroy(self) -> None:
        return self._run("destroy")

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        return self._run("open_session", parameters)

    def close_session(self, session: fake.ClientSession) -> None:
        return self._run("close_session")

    def invoke_command(
        self, session: fake.ClientSession, command_id: int, parameters: fake.Parameters
    ) -> None:
        return self._run("invoke_command", parameters)

    @classmethod
    def _run(cls, place: str, parameters: fake.Parameters | None = None) -> None:
        if place == cls.place:
            return cls.mistake(parameters)  # type: ignore[no-any-return]
        return None


def mistaken(place: str, mistake: Callable[[Any], Any]) -> type[Mistaken]:
    return type("Mistaken", (Mistaken,), {"place": place, "mistake": staticmethod(mistake)})


def panic_of(
    application: type[fake.TrustedApplication],
    *parameters: Any,
    profile: str = "optee",
    command: int = 0,
) -> tee.TargetDeadError:
    """Open a session, run a command, and return how one of the two panicked."""
    kernel = fake.Kernel(profile, applications=[application])
    with (
        tee.Context(backend=kernel) as context,
        pytest.raises(tee.TargetDeadError) as caught,
        context.open_session(application.uuid) as session,
    ):
        session.invoke_command(command, *parameters)
    kernel.assert_no_leaks()
    assert caught.value.__cause__ is not None
    return caught.value

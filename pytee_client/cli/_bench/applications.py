# SPDX-License-Identifier: BSD-2-Clause
"""The applications that a bench can measure with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from ...context import Context
from ...enums import Origin, Result
from ...errors import ItemNotFoundError, TeecError, TrustedApplicationNotFoundError

__all__ = ["KNOWN", "Application", "application_at", "check_application", "find_application"]

# Nobody knows how long one takes to be loaded; without a supplicant it is for ever.
_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Application:
    """An application, and what can be measured with it.

    Attributes:
        uuid: its UUID.
        name: what people call it.
        value: the command that takes a value that goes both ways, and does nothing else, if it
            has one.
        any: the command that takes any parameters and does nothing, if it has one.
        own: a command that the user chose, if there is one.
        parameters: makes the parameters of that.
        opening: makes the parameters of opening a session.
    """

    uuid: UUID
    name: str | None
    value: int | None = None
    any: int | None = None
    own: int | None = None
    parameters: Callable[[], Sequence[Any]] = tuple
    opening: Callable[[], Sequence[Any]] = tuple

    def data(self) -> dict[str, Any]:
        """Return it for --json."""
        return {"uuid": str(self.uuid), "name": self.name, "command": self.own}

    @property
    def title(self) -> str:
        """What it is called in texts."""
        return f"{self.name} ({self.uuid})" if self.name else str(self.uuid)


KNOWN: Final = (
    Application(
        UUID("209d3434-8ec5-4247-924e-adb1e59073c2"), "pytee_client's nothing", value=0, any=0
    ),
    Application(
        UUID("7ca72964-d95a-432d-92d3-65b5bad2be67"), "pytee_client's conformance", value=0, any=0
    ),
    Application(UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b"), "OP-TEE's hello_world", value=0),
)
"""Those that are looked for, the best one first."""


def application_at(
    uuid: UUID,
    command: int | None,
    parameters: Callable[[], Sequence[Any]],
    opening: Callable[[], Sequence[Any]],
) -> Application:
    """Return an application that the user names."""
    known = next((one for one in KNOWN if one.uuid == uuid), Application(uuid, None))
    chosen = replace(known, opening=opening)
    if command is None:
        return chosen
    return replace(chosen, value=None, any=None, own=command, parameters=parameters)


def check_application(context: Context, application: Application) -> None:
    """Open a session once; raise what is wrong."""
    context.open_session(application.uuid, *application.opening(), timeout=_SECONDS).close()


def find_application(context: Context) -> Application:
    """Return the first application that is there.

    Raises:
        TrustedApplicationNotFoundError: none can be used.
        TimeoutError: OP-TEE waits, such as for its supplicant.
    """
    refused = []
    for application in KNOWN:
        try:
            check_application(context, application)
        except ItemNotFoundError:
            continue
        except TimeoutError:
            raise
        except TeecError as error:
            # Such as one that another key has signed: the next may do. AMD-TEE answers so, too,
            # if there is none.
            refused.append(f"{application.name} is refused: {' '.join(str(error).split())}")
            continue
        return application
    names = ", ".join(str(one.name) for one in KNOWN)
    raise TrustedApplicationNotFoundError(
        "looking for an application to measure with",
        code=Result.ITEM_NOT_FOUND,
        origin=Origin.TEE,
        details="; ".join(refused) or None,
        remedy=f"none of these can be used: {names}. Install OP-TEE's examples, or build tests/ta"
        " of this project and copy it to /lib/optee_armtz; or measure with an application of"
        " yours: --application UUID --command NUMBER",
    )

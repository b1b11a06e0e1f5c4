# SPDX-License-Identifier: BSD-2-Clause
"""What a context has to do with pools of sessions."""

from __future__ import annotations

from enum import IntEnum

from . import _hints as t
from ._checks import check_results
from ._process import importing
from ._results import TranslatedFilesShortage
from .enums import Login
from .identity import gid_for_login, to_login
from .parameters import Parameter


class Pools:
    """The base of a context: what makes pools."""

    def _check_live(self) -> None:
        raise NotImplementedError

    def session_pool(
        self,
        destination: t.UUID,
        /,
        *parameters: Parameter,
        size: int = 4,
        login: int = Login.PUBLIC,
        gid: int | str | None = None,
        results: type[IntEnum] | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> t.SessionPool:
        """Make a pool of sessions with a Trusted Application, which opens them when it needs them.

        Args:
            destination: the UUID of the Trusted Application.
            parameters: what each session is opened with.
            size: how many sessions there may be at once.
            login: as of open_session().
            gid: as of open_session().
            results: as of open_session().
            timeout: seconds that callers have by default, to get a session and for a command;
                None for the context's default.
            grace: seconds that the Trusted Application has to stop after that, by default.

        Raises:
            ParameterTypeError, ParameterRangeError: an argument is wrong.
            ClosedContextError: the context is closed.

        Threads: may be called from any.
        """
        self._check_live()
        check_results(results)
        with TranslatedFilesShortage("importing SessionPool"), importing:
            from .session_pool import SessionPool

        login = to_login(login)
        options = {"login": login, "gid": gid_for_login(login, gid), "results": results}
        context: t.Context = self  # type: ignore[assignment]
        return SessionPool(context, destination, parameters, size, options, timeout, grace)

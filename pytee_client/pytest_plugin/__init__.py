# SPDX-License-Identifier: BSD-2-Clause
"""The types of the fixtures of the plugin for pytest; docs/pytest.md has what it offers.

Tests name them in hints::

    def test_it_adds(tee_session: TeeSession) -> None:
        assert tee_session(Wallet).add(1) == 1

The plugin itself is the module pytee_client_pytest, which imports nothing until it is used.
"""

from .backend import TeeBackend
from .contexts import opened_aio_context as opened_aio_context
from .contexts import opened_context as opened_context
from .contexts import opened_sessions as opened_sessions
from .faults import TeeFaults
from .running import faults_of as faults_of
from .running import new_fake as new_fake
from .running import run_on as run_on
from .sessions import TeeSession

__all__ = ["TeeBackend", "TeeFaults", "TeeSession"]

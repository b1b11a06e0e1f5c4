# SPDX-License-Identifier: BSD-2-Clause
"""Contexts and sessions of the C library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ...support import c_library as c
from ...support.observed_kernel import ObservedKernel

if TYPE_CHECKING:
    import pytee_client as tee

    from ...support.targets import Target


@dataclass(frozen=True)
class Observed:
    """A context and a session with the conformance application, on a kernel that is observed."""

    kernel: ObservedKernel
    context: Any
    session: Any


@pytest.fixture(scope="module")
def shared_observed(target: Target) -> Iterator[Observed]:
    kernel = ObservedKernel(target)
    observed = Observed(kernel, c.new_context(), c.new_session())
    assert c.context_initialize(observed.context, kernel, target.device) == 0
    assert c.open_session(observed.context, observed.session).code == 0
    yield observed
    c.lib.TEEC_CloseSession(observed.session)
    c.lib.TEEC_FinalizeContext(observed.context)
    assert not kernel.descriptors


@pytest.fixture
def observed(shared_observed: Observed) -> Iterator[Observed]:
    """For tests that leave it as it was; nothing was seen yet."""
    kernel = shared_observed.kernel
    kernel.forget()
    before = set(kernel.descriptors)
    yield shared_observed
    kernel.forget()
    c.lib.tee_context_trim(shared_observed.context)
    assert kernel.descriptors == before


@pytest.fixture
def c_context(context: tee.Context) -> Any:
    """A live TEEC_Context, to be left as it was."""
    return c.ffi.addressof(context._native.struct, "context")


@pytest.fixture
def c_session(session: tee.Session) -> Any:
    """An open TEEC_Session of it with the conformance application, to be left as it was."""
    return c.ffi.addressof(session._calls.session.struct, "session")


@pytest.fixture
def new_context(target: Target) -> Iterator[Callable[[], Any]]:
    """Make contexts that are finalised after the test, if they are not before."""
    made = []

    def make() -> Any:
        made.append(c.new_context())
        assert c.initialize(made[-1], target) == 0
        return made[-1]

    yield make
    for context in made:
        c.lib.TEEC_FinalizeContext(context)

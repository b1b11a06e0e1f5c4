# SPDX-License-Identifier: BSD-2-Clause
"""Runs a test on a TEE."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from .._backend import DefaultBackend
from .._checks import to_instance
from .._hint_types import Backend
from .._opening import client_nodes
from ..context import Context
from ..errors import DeviceNotFoundError, NotSupportedError
from ..fake import Kernel as FakeKernel
from ..fake import TrustedApplication
from ..fake.default_kernels import standing_in
from ..faults import Fault, Plan
from ..kernels import Kernel
from . import cassettes, leaks
from .backend import TeeBackend
from .faults import TeeFaults

if TYPE_CHECKING:
    from pytee_client_pytest import RunningTest

__all__ = ["faults_of", "new_fake", "run_on"]

_FIRST = "/dev/tee0"
_FAKE = "fake:"


def new_fake(profile: str, applications: Iterable[type[TrustedApplication]]) -> FakeKernel:
    """Make a kernel of a profile, with applications."""
    return FakeKernel(profile, applications=applications)


@contextmanager
def run_on(
    test: RunningTest, name: str, kernel: FakeKernel | None, *, wants_faults: bool
) -> Iterator[TeeBackend]:
    """Run a test on a TEE.

    Args:
        test: the test.
        name: the name of the TEE.
        kernel: what tee_fake gave, for a fake.
        wants_faults: whether the test may arm faults later.
    """
    item = test.item
    device = _FIRST
    below: Kernel | None = None
    faults: TeeFaults | None = None
    with ExitStack() as stack:
        if name.startswith(_FAKE):
            below = kernel = to_instance(
                kernel, FakeKernel, "what tee_fake returns on a fake", "such as fake.Kernel()"
            )
        elif name == "cassette":
            path = cassettes.path_of(item, name)
            below = stack.enter_context(cassettes.played(test, path))
            device, kernel = cassettes.device_of(path), None
        else:
            device, kernel = _present(name, item.config), None
        top = below
        if _is_recorded(item):
            path = cassettes.path_of(item, name)
            top = stack.enter_context(cassettes.recorded(test, path, top or "linux"))
        plan = _plan_of(item)
        if plan.faults or wants_faults:
            top = faults = TeeFaults(top or "linux", plan)
        if leaks.are_checked(test):
            stack.enter_context(leaks.checked(test, kernel, (top, below)))
        stack.enter_context(DefaultBackend(device, top, kernel))
        if kernel is not None:
            stack.enter_context(standing_in(name.removeprefix(_FAKE), kernel))
        is_real = below is None
        backend: Backend = "linux" if top is None else top
        yield TeeBackend(name, device, backend, below, is_real, faults)
        if faults is not None and test.passed:
            faults.assert_all_struck()


def faults_of(backend: TeeBackend) -> TeeFaults:
    """Return the faults of a test; fail it if it asked for them too late."""
    if backend.faults is None:
        pytest.fail(
            "tee_faults was asked for when the TEE was there: have the test itself take it",
            pytrace=False,
        )
    return backend.faults


def _is_recorded(item: pytest.Item) -> bool:
    marked = item.get_closest_marker("tee_cassette") is not None
    return marked and bool(item.config.getoption("tee_record"))


def _plan_of(item: pytest.Item) -> Plan:
    """Return the faults of the markers, those of the test itself last."""
    faults: list[Fault] = []
    for marker in reversed([*item.iter_markers("tee_faults")]):
        if marker.kwargs or not marker.args:
            raise pytest.UsageError("tee_faults takes faults: tee_faults(Fault(...), ...)")
        faults += marker.args
    return Plan(faults)


def _present(name: str, config: pytest.Config) -> str:
    """Return the path of a device; skip the test if there is none, unless it is required."""
    try:
        return _device_of(name)
    except DeviceNotFoundError as error:
        reason = f"there is no TEE {name}: {error}"
        if config.getoption("tee_require"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@functools.cache
def _device_of(name: str) -> str:
    """Return the path of a device that opens; "linux" is the first for clients."""
    if name != "linux":
        Context(name, backend="linux").close()
        return name
    for node in client_nodes():
        try:
            Context(node, backend="linux").close()
        except NotSupportedError:
            continue
        return str(node)
    Context(backend="linux").close()
    return _FIRST

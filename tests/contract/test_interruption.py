# SPDX-License-Identifier: BSD-2-Clause
"""What ends a call that lasts: a signal, a request to cancel, or both. See docs/stopping.md."""

from __future__ import annotations

import contextlib
import errno
import shutil
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytee_client import fake
from pytee_client.enums import Result
from pytee_client.fake import SupplicantUse
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.secure_world import application_image

from ..support import stops
from ..support.applications import TWINS
from ..support.applications.storage import Storage
from ..support.linux_kernel import LinuxKernel
from ..support.raw_device import RawDevice
from ..support.stops import OPEN_COMPUTE, OPEN_WAIT, OPEN_WAIT_MASKED, Needing, Place, Stopped
from ..support.supplicants import no_supplicant, python_supplicant
from ..support.waiting import LIMIT
from ..support.window import MissedError, Window, with_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Served = Callable[[], contextlib.AbstractContextManager[None]]

    from ..support.targets import Target

# What a program does about a call: SIGNAL to its thread, a REQUEST (TEE_IOC_CANCEL), in order.
SIGNAL, REQUEST = "signal", "request"
ACTIONS = ((SIGNAL,), (REQUEST,), (REQUEST, SIGNAL), (SIGNAL, REQUEST))
SUCCESS, CANCEL = Result.SUCCESS, Result.CANCEL
REAL_APPLICATIONS = Path("/lib/optee_armtz")
# Seconds in which a call would have ended that anything ended.
A_WHILE = 0.2

pytestmark = [pytest.mark.once, pytest.mark.optee_only]


@pytest.fixture
def place(target: Target, pool: ThreadPoolExecutor) -> Iterator[Place]:
    with stops.signals_are_handled():
        yield Place(target.kernel or LinuxKernel(), target.device, pool)


def act(stopped: Stopped, actions: tuple[str, ...], refused: int = 0) -> None:
    """Do something about a call; refused is the errno of a request."""
    for action in actions:
        if action == SIGNAL:
            stopped.send_signal()
            continue
        error = stopped.request().exception(LIMIT)
        assert getattr(error, "errno", 0) == refused


def check_within(stopped: Stopped, window: Window) -> None:
    """Make sure that the call could not be over when all was done about it."""
    if time.monotonic() - stopped.began >= window.milliseconds / 1000:
        raise MissedError


# Commands, and whether they heed cancellation.
WAITS, WAITS_UNMASKED = (Command.WAIT, 0), (Command.WAIT, 1)
COMPUTES, COMPUTES_AND_LOOKS = (Command.COMPUTE, 0), (Command.COMPUTE, 1)


@pytest.mark.parametrize(
    ("command", "actions", "result"),
    [
        *((WAITS, actions, SUCCESS) for actions in ACTIONS),
        (WAITS_UNMASKED, (SIGNAL,), SUCCESS),
        (WAITS_UNMASKED, (REQUEST,), CANCEL),
        *((COMPUTES, actions, SUCCESS) for actions in ACTIONS),
        (COMPUTES_AND_LOOKS, (SIGNAL,), SUCCESS),
    ],
)
@with_window
def test_a_command_lasts_its_time_whatever_is_done(
    place: Place,
    window: Window,
    command: tuple[Command, int],
    actions: tuple[str, ...],
    result: int,
) -> None:
    number, heeds = command
    with stops.command(place, number, window.milliseconds, heeds) as stopped:
        act(stopped, actions)
        check_within(stopped, window)
        assert stopped.answer.result(LIMIT).result == result
        assert stopped.lasted() >= window.milliseconds / 1000


@pytest.mark.parametrize("actions", [(REQUEST, SIGNAL), (SIGNAL, REQUEST)])
def test_a_wait_that_heeds_a_request_ends_before_its_time_with_a_signal(
    place: Place, actions: tuple[str, ...]
) -> None:
    with stops.command(place, Command.WAIT, LIMIT * 500, 1) as stopped:
        act(stopped, actions)
        assert stopped.answer.result(LIMIT).result == CANCEL
        assert stopped.lasted() < LIMIT / 2


@pytest.mark.parametrize("actions", [(REQUEST,), (REQUEST, SIGNAL), (SIGNAL, REQUEST)])
@with_window
def test_a_command_that_computes_and_looks_ends_at_a_request(
    place: Place, window: Window, actions: tuple[str, ...]
) -> None:
    with stops.command(place, Command.COMPUTE, window.milliseconds, 1) as stopped:
        act(stopped, actions)
        check_within(stopped, window)
        # It returns this only if it has seen the request before its time is over.
        assert stopped.answer.result(LIMIT).result == CANCEL


@pytest.mark.parametrize("kind", [OPEN_WAIT_MASKED, OPEN_WAIT, OPEN_COMPUTE])
@pytest.mark.parametrize("actions", ACTIONS)
@with_window
def test_an_opening_lasts_its_time_as_the_driver_refuses_requests(
    place: Place, window: Window, kind: int, actions: tuple[str, ...]
) -> None:
    with stops.opening(place, kind, window.milliseconds) as stopped:
        act(stopped, actions, errno.EINVAL)
        check_within(stopped, window)
        assert stopped.answer.result(LIMIT).result == SUCCESS
        assert stopped.lasted() >= window.milliseconds / 1000


@pytest.fixture
def narrow(place: Place) -> Place:
    """A TEE of two secure threads, as the machines have."""
    if isinstance(place.kernel, LinuxKernel):
        return place
    kernel = fake.Kernel(fake.Optee(threads=2))
    kernel.install(*TWINS)
    return Place(kernel, place.device, place.pool)


@pytest.mark.parametrize("opens", [False, True], ids=["command", "opening"])
@pytest.mark.parametrize("action", [SIGNAL, REQUEST])
@with_window
def test_a_call_that_waits_for_a_secure_thread_waits_on(
    narrow: Place, window: Window, opens: bool, action: str
) -> None:
    with stops.busy(narrow, window.milliseconds, opens=opens) as (stopped, others):
        first_free = others[0].began + window.milliseconds / 1000
        if action == REQUEST and not opens:
            # It needs a secure thread itself.
            stopped.request().result(LIMIT)
            assert time.monotonic() >= first_free
        else:
            act(stopped, (action,), errno.EINVAL)
            check_within(others[0], window)
        assert stopped.answer.result(LIMIT).result == SUCCESS
        assert stopped.ended >= first_free


@pytest.fixture
def needing(place: Place, target: Target, tmp_path: Path) -> Iterator[tuple[Needing, Served]]:
    """Calls that need a supplicant, while there is none; and what serves them in the end."""
    applications, storage = tmp_path / "optee_armtz", tmp_path / "tee"
    applications.mkdir()
    first: contextlib.AbstractContextManager[None]
    none: contextlib.AbstractContextManager[None]
    if target.is_real:
        shutil.copy(REAL_APPLICATIONS / f"{HelloWorld.uuid}.ta", applications)
        first, none = contextlib.nullcontext(), no_supplicant()
    else:
        kernel = fake.Kernel(fake.Optee(supplicant=SupplicantUse.WAIT))
        target, place = replace(target, backend=kernel), replace(place, kernel=kernel)
        for application in (HelloWorld, Storage):
            image = application_image(application)
            (applications / f"{application.uuid}.ta").write_bytes(image)
        first, none = python_supplicant(target, applications, storage), contextlib.nullcontext()
    with stops.needing(place, first, none) as made:
        yield made, partial(python_supplicant, target, applications, storage)


@pytest.mark.own_boot
@pytest.mark.parametrize("is_slow", [False, True], ids=["dead", "slow"])
@pytest.mark.parametrize("opens", [False, True], ids=["command", "opening"])
@pytest.mark.parametrize("actions", ACTIONS)
def test_a_call_that_waits_for_the_supplicant_waits_on(
    needing: tuple[Needing, Served],
    target: Target,
    actions: tuple[str, ...],
    opens: bool,
    is_slow: bool,
) -> None:
    calls, served = needing
    with contextlib.ExitStack() as stack:
        supplicant = None
        if is_slow:
            # It never asks for what there is to do.
            kernel = calls.place.kernel
            supplicant = stack.enter_context(RawDevice(kernel, target.supplicant_device))
        stopped = stack.enter_context(calls.opening() if opens else calls.command())
        try:
            act(stopped, actions, errno.EINVAL if opens else 0)
            assert not wait([stopped.answer], A_WHILE).done
        finally:
            if supplicant is not None:
                supplicant.close()
            with served():
                wait([stopped.answer], LIMIT)
                # What the application has open is to be closed too.
                calls.device.close()
    assert stopped.answer.done()


@pytest.mark.real_only
def test_a_signal_during_a_masked_wait_has_the_thread_compute_until_its_end(place: Place) -> None:
    computed = []
    for actions in ((), (SIGNAL,)):
        with stops.command(place, Command.WAIT, 1000, 0) as stopped:
            before = stopped.computed()
            act(stopped, actions)
            stopped.answer.result(LIMIT)
            computed.append(stopped.computed() - before)
    quiet, spinning = computed
    assert spinning > 5 * quiet

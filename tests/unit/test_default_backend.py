# SPDX-License-Identifier: BSD-2-Clause
"""Programs under test meet the TEE of a test, whatever device they name."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._backend import DefaultBackend
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.default_kernels import standing_in

from ..support.children import in_child
from ..support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator


def kernel_of(revision: str) -> fake.Kernel:
    return fake.Kernel(fake.Optee(revision=revision), release="7.2")


@pytest.fixture
def kernels() -> Iterator[tuple[fake.Kernel, fake.Kernel]]:
    made = kernel_of("4.7"), kernel_of("4.8")
    yield made
    for kernel in made:
        kernel.assert_no_leaks()


def opened(kernel: fake.Kernel) -> int:
    """Return how many contexts a kernel has while a program opens one."""
    with tee.Context():
        return kernel.resources().contexts


def test_the_one_that_was_opened_last_counts(kernels: tuple[fake.Kernel, fake.Kernel]) -> None:
    first, last = (DefaultBackend("/dev/tee0", kernel, kernel) for kernel in kernels)
    with first:
        assert list(map(opened, kernels)) == [1, 0]
        with last:
            assert list(map(opened, kernels)) == [0, 1]
        assert list(map(opened, kernels)) == [1, 0]
        with pytest.raises(ZeroDivisionError), last:
            raise ZeroDivisionError
        assert list(map(opened, kernels)) == [1, 0]


def test_they_end_in_any_order(kernels: tuple[fake.Kernel, fake.Kernel]) -> None:
    first, last = (DefaultBackend("/dev/tee0", kernel, kernel) for kernel in kernels)
    first.__enter__()
    last.__enter__()
    first.__exit__(None, None, None)
    assert list(map(opened, kernels)) == [0, 1]
    last.__exit__(None, None, None)
    assert DefaultBackend.open == ()


def test_every_thread_meets_it(kernels: tuple[fake.Kernel, fake.Kernel]) -> None:
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(opened(kernels[0])))
    with DefaultBackend("/dev/tee0", kernels[0], kernels[0]):
        thread.start()
        thread.join(LIMIT)
    assert answers == [1]


def test_one_that_threads_open_and_close_at_once_is_never_lost(
    kernels: tuple[fake.Kernel, fake.Kernel],
) -> None:
    def work() -> None:
        for _ in range(200):
            with DefaultBackend("/dev/tee0", kernels[1], kernels[1]):
                assert DefaultBackend.open[0] is below

    failures: list[BaseException] = []
    below = DefaultBackend("/dev/tee0", kernels[0], kernels[0])
    threads = [threading.Thread(target=work) for _ in range(4)]
    with pytest.MonkeyPatch.context() as patch, below:
        patch.setattr(threading, "excepthook", lambda given: failures.append(given.exc_value))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
        assert DefaultBackend.open == (below,)
    assert not failures


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_child_of_a_fork_meets_a_copy() -> None:
    kernel = fake.Kernel("optee-4.10", applications=[HelloWorld])

    def work() -> None:
        for device in (None, "/dev/tee0", "fake:optee-4.10"):
            with tee.Context(device) as context, context.open_session(HelloWorld.uuid) as session:
                assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)

    with standing_in("optee-4.10", kernel), DefaultBackend("/dev/tee0", kernel, kernel):
        assert in_child(work) == 0
        work()
    kernel.assert_no_leaks()


def test_it_has_no_say_in_a_fake_that_is_named_if_it_is_a_device() -> None:
    with DefaultBackend("/dev/tee4095", None, None):
        for given in ("fake:", "fake:optee"):
            with tee.Context(given) as context:
                assert context.version.backend == "fake"
        for backend in (None, "linux"):
            with pytest.raises(tee.DeviceNotFoundError, match="/dev/tee4095"):
                tee.Context(backend=backend)


def test_a_kernel_stands_in_for_that_of_a_profile_for_a_while() -> None:
    before = fake.default_kernel()
    own = fake.Kernel()
    with contextlib.suppress(ZeroDivisionError), standing_in("optee", own):
        assert fake.default_kernel("optee@6.12") is own
        assert fake.default_kernel("optee-4.10") is not own
        raise ZeroDivisionError
    assert fake.default_kernel() is before
    with standing_in("optee-no-reg-mem@7.2", own):
        pass
    assert fake.default_kernel("optee-no-reg-mem@7.2") is not own

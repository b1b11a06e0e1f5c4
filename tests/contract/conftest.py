# SPDX-License-Identifier: BSD-2-Clause
"""What every test of the contract has to leave behind."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

import pytest

from pytee_client import fake
from pytee_client.fake import Resources

from ..support.shared_contexts import trim_shared_contexts
from ..support.waiting import wait_until
from ..support.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..support.targets import Target


def fake_kernel(request: pytest.FixtureRequest) -> fake.Kernel | None:
    """Return the fake kernel that a test or a module runs on, None if there is none."""
    if "target" not in request.fixturenames:
        return None
    target: Target = request.getfixturevalue("target")
    return target.kernel if isinstance(target.kernel, fake.Kernel) else None


def check(kernel: fake.Kernel, before: Resources) -> None:
    if kernel.resources() != before:
        gc.collect()
    # A worker may be closing what its call was given up in.
    with contextlib.suppress(AssertionError):
        wait_until(lambda: _has_no_leaks(kernel, before))
    kernel.assert_no_leaks(before)


def _has_no_leaks(kernel: fake.Kernel, before: Resources) -> bool:
    try:
        kernel.assert_no_leaks(before)
    except AssertionError:
        return False
    return True


@pytest.fixture(scope="module", autouse=True)
def kernels_of_module() -> Iterator[set[fake.Kernel]]:
    """When the fixtures that tests share are gone, nothing is left in the fake kernels."""
    kernels: set[fake.Kernel] = set()
    yield kernels
    for kernel in kernels:
        check(kernel, Resources())


@pytest.fixture
def window() -> Window:
    """For tests marked with_window, of what happens while an application waits."""
    return Window()


@pytest.fixture(autouse=True)
def nothing_is_kept(
    request: pytest.FixtureRequest, kernels_of_module: set[fake.Kernel]
) -> Iterator[None]:
    """A test gives back all that it took of the fake kernel, but for what fixtures share."""
    kernel = fake_kernel(request)
    if kernel is None:
        yield
        return
    kernels_of_module.add(kernel)
    before = kernel.resources()
    yield
    trim_shared_contexts()
    check(kernel, before)

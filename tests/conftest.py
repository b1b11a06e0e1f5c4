# SPDX-License-Identifier: BSD-2-Clause
"""The TEEs that the contract suite runs on, and fixtures for it.

The option --tee is that of the plugin for programs that use the library. A device is used with and
without its REG_MEM capability.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client_pytest import tees_of

from .support.shared_contexts import SHARED, trim_shared_contexts
from .support.targets import Target, targets_of
from .support.waiting import LIMIT
from .traceability.record import Recorder, check_marks

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]

_stuck: list[threading.Thread] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        type=Path,
        metavar="FILE",
        help="write down which statements were proved on which TEE, for"
        " python -m tests.traceability",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.option.record:
        config.pluginmanager.register(Recorder(config.option.record))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what the kernels under test do otherwise than the releases that are known."""
    devices = [name for name in tees_of(config) if not name.startswith("fake")]
    targets = [target for device in devices for target in targets_of(device)]
    for line in dict.fromkeys(line for target in targets for line in target.surprises()):
        terminalreporter.write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out, instead of skipping, what is not for its target."""
    check_marks(items)
    items[:] = [item for item in items if _is_for_its_target(item)]


def _is_for_its_target(item: pytest.Item) -> bool:
    target = item.callspec.params.get("target") if hasattr(item, "callspec") else None
    if target is None:
        return True
    kinds = {
        "real_only": target.is_real,
        "once": not target.is_variant,
        "optee_only": target.implementation == tee.ImplementationId.OPTEE,
        "amdtee_only": target.implementation == tee.ImplementationId.AMDTEE,
    }
    return all(fits or not item.get_closest_marker(name) for name, fits in kinds.items())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        names = tees_of(metafunc.config)
        targets = [target for name in names for target in targets_of(name)]
        # Grouped by target, so that the fixtures below can be shared: opening a session
        # with a real Trusted Application takes longer than most tests.
        metafunc.parametrize("target", targets, ids=str, scope="module")


@pytest.fixture(scope="module")
def context(target: Target) -> Iterator[tee.Context]:
    """A context for tests that leave it as it was."""
    with target.open_context() as opened:
        SHARED.add(opened)
        yield opened


@pytest.fixture(scope="module")
def session(context: tee.Context) -> Iterator[tee.Session]:
    """A session for tests that leave it as it was."""
    with context.open_session(Target.CONFORMANCE) as opened:
        yield opened


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for calls that wait, which are over when the test is."""
    threads: list[threading.Thread] = []
    executor = ThreadPoolExecutor(initializer=lambda: threads.append(threading.current_thread()))
    yield executor
    executor.shutdown(wait=False)
    # The time limit of a test that failed is off by now.
    for thread in threads:
        thread.join(LIMIT)
    stuck = [thread for thread in threads if thread.is_alive()]
    _stuck.extend(stuck)
    assert not stuck, "a call of the test has no end"


def pytest_unconfigure() -> None:
    """Leave at once if Python would wait for threads that have no end."""
    if any(thread.is_alive() for thread in _stuck):
        sys.stdout.flush()
        os._exit(1)


@pytest.fixture(autouse=True)
def no_descriptor_leaks() -> Iterator[None]:
    """Every test gives back the descriptors that it opened."""
    before = _tee_descriptors()
    yield
    trim_shared_contexts()
    if _tee_descriptors() - before:
        gc.collect()
    assert not _tee_descriptors() - before


@pytest.fixture(autouse=True)
def collector_goes_on() -> Iterator[None]:
    """A test that does without the garbage collector has it go on afterwards."""
    yield
    assert gc.isenabled()


def _tee_descriptors() -> set[tuple[str, str]]:
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add((fd, os.readlink(f"/proc/self/fd/{fd}")))
    return {(fd, target) for fd, target in found if "tee" in target}

# SPDX-License-Identifier: BSD-2-Clause
"""Projects that test their applications with the plugin for pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .waiting import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["COUNTER", "SLOW", "Project"]

COUNTER = """\
import errno
import gc
import threading

import pytest

import pytee_client as tee
from pytee_client import aio, fake, ta
from pytee_client.faults import Answer, Fail, Fault, Hold, Plan, SystemCall


class Counter(ta.Client, uuid="0f2a4a52-8f39-4d2c-9d6e-29a7d6cf0d10"):
    increment = ta.command(0, returns=ta.U32)


class FakeCounter(fake.TrustedApplication, implements=Counter):
    def create(self):
        self.count = 0

    def increment(self):
        self.count += 1
        return self.count
"""

# Its command is over when the plugin has waited long for it, on a clock of its own.
SLOW = """\
import time
from pytee_client.pytest_plugin import leaks

STARTED, GO = threading.Event(), threading.Event()

class Slow(FakeCounter):
    def increment(self):
        STARTED.set()
        assert GO.wait(60)
        return super().increment()

class Clock:
    now = 0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        if self.now > 10:
            GO.set()
        else:
            self.now += leaks._SHORTLY / 2
        time.sleep(seconds)

@pytest.fixture(autouse=True)
def slowly(monkeypatch):
    monkeypatch.setattr(leaks, "time", Clock())

@pytest.fixture
def tee_applications():
    return [Slow]

def give_up(counter):
    while not STARTED.wait(0.1):
        with pytest.raises(tee.DeadlineError):
            counter.increment(timeout=0.1, grace=0)
"""

_INSTALLED = """
@pytest.fixture
def tee_applications():
    return [FakeCounter]
"""


class Project:
    """A project in a folder of its own, with a fake application that counts.

    Args:
        pytester: what runs its tests.
        options: options of every run.
    """

    def __init__(self, pytester: pytest.Pytester, *options: str) -> None:
        self._pytester = pytester
        self._options = ("-p", "pytee_client_pytest", *options)
        pytester.makepyfile(counter=COUNTER)
        pytester.makeconftest(f"import pytest\nfrom counter import FakeCounter\n{_INSTALLED}")

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._pytester.path

    def write(self, test: str, name: str = "test_it") -> None:
        """Write a module of tests, which begins with what all of them import."""
        (self.folder / f"{name}.py").write_text(f"from counter import *\n\n{test}")

    def configure(self, *lines: str) -> None:
        """Write the configuration."""
        self._pytester.makeini("\n".join(["[pytest]", *lines]))

    def run(self, *options: str) -> pytest.RunResult:
        """Run the tests in this process."""
        # pytest-asyncio warns of its future unless it is configured.
        words = (*self._options, "-p", "no:asyncio", *options)
        return self._pytester.runpytest_inprocess(*words)

    def run_apart(self, *options: str) -> pytest.RunResult:
        """Run the tests in a process of its own."""
        return self._pytester.runpytest_subprocess(*self._options, *options, timeout=LIMIT)

    def names(self, *options: str) -> list[str]:
        """Return the names of the tests."""
        lines = self.run("--collect-only", "-q", *options).outlines
        return [line.partition("::")[2] for line in lines if "::" in line]

    def check(self, test: str, *options: str, **outcomes: int) -> pytest.RunResult:
        """Run tests, and compare how many had which outcome; by default one that passed."""
        self.write(test)
        result = self.run("-ra", *options)
        result.assert_outcomes(**(outcomes or {"passed": 1}))
        return result

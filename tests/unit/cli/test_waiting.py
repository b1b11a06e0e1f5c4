# SPDX-License-Identifier: BSD-2-Clause
"""What a terminal sees while a verb waits for an application, or for a device."""

from __future__ import annotations

import contextlib
import os
import pty
import sys
from collections.abc import Callable, Iterator
from typing import ClassVar
from uuid import UUID

import pytest

from pytee_client import fake
from pytee_client.cli import devices, main

from ...support.waiting import wait_until


class Patient(fake.TrustedApplication):
    """Opens a session when the terminal shows something."""

    uuid = UUID("0b8f7d0c-6a55-4a50-9f0b-9a2f2f1c3e77")
    wait: ClassVar[Callable[[], None]]

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        type(self).wait()

    def invoke_command(
        self, session: fake.ClientSession, command_id: int, parameters: fake.Parameters
    ) -> None:
        """Do nothing."""


class Terminal:
    """A terminal, and what it shows."""

    def __init__(self) -> None:
        self._reader, writer = pty.openpty()
        os.set_blocking(self._reader, False)
        self.stream = os.fdopen(writer, "w", encoding="utf-8")
        self._seen = b""

    def seen(self) -> str:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._seen += os.read(self._reader, 4096)
        return self._seen.decode()

    def shows(self, text: str) -> bool:
        return text in self.seen()

    def close(self) -> None:
        self.stream.close()
        os.close(self._reader)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm")
    made = Terminal()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["invoke", str(Patient.uuid), "0"], "waiting for the application: "),
        (["probe", "hello_world", str(Patient.uuid)], f" s, 2 of 2, {Patient.uuid}"),
    ],
)
def test_a_verb_that_waits_for_an_application_says_so(
    words: list[str],
    line: str,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        Patient, "wait", lambda: wait_until(lambda: terminal.shows(line)), raising=False
    )
    # In the test: between its fixtures and it, pytest sets the streams anew.
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    with fake.default_kernel().installed(Patient):
        assert main([*words, "--tee", "fake:", "--timeout", "100"]) == 0
    # The line is gone at the end.
    assert terminal.seen().endswith("\r\x1b[K")


def test_a_verb_that_waits_for_a_device_says_so(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    monkeypatch.setattr(
        devices,
        "wait_for_device",
        lambda *_, **__: wait_until(lambda: terminal.shows("waiting for a device: ")),
    )
    assert main(["devices", "--tee", "fake:", "--wait", "100"]) == 0
    assert terminal.seen().endswith("\r\x1b[K")

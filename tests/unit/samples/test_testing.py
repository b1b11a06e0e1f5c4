# SPDX-License-Identifier: BSD-2-Clause
"""What the page on tests without a board shows works, on the fake."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld
from pytee_client.kernels import proxy as passing
from pytee_client.pytest_plugin import TeeSession

from .running import Sample, greet, run

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_own_trusted_application_is_tested_by_the_samples() -> None:
    adder = run(Sample.ADDER)
    with tee.Context(backend=fake.Kernel(applications=[adder["FakeAdder"]])) as context:
        opener = TeeSession(context)
        adder["test_it_adds"](opener)
        opener.close()
    run(Sample.OWN_APPLICATION)["test_it_digests"]()
    run(Sample.DECLARED_APPLICATION)["test_it_keeps_what_is_stored"]()


def test_a_program_that_opens_the_fake_meets_the_application_of_the_sample() -> None:
    digest = run(Sample.OWN_APPLICATION)["Digest"]

    def program(names: dict[str, Any]) -> None:
        with tee.Context("fake:optee") as context, context.open_session(digest.uuid) as opened:
            opened.invoke_command(0, b"abc")

    run(Sample.DEFAULT_KERNEL, yours=program, Digest=digest)
    with pytest.raises(tee.ItemNotFoundError):
        program({})


def test_the_faults_of_the_sample_strike_a_program() -> None:
    def program(names: dict[str, Any]) -> None:
        with tee.Context(backend=names["kernel"]) as context:
            with context.open_session(HelloWorld.uuid) as opened:
                with pytest.raises(tee.BusyError):
                    opened.invoke_command(0, tee.ValueInOut(1))
                assert opened.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)
            with pytest.raises(tee.OutOfMemoryError):
                context.open_session(HelloWorld.uuid)

    run(Sample.FAULTS, yours=program)


def test_a_program_that_no_fault_strikes_fails_the_sample() -> None:
    with pytest.raises(AssertionError, match="struck no call"):
        run(Sample.FAULTS, yours=lambda names: None)


def test_a_trace_is_recorded_and_replayed_by_the_sample(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kernel = fake.Kernel()
    monkeypatch.setattr(passing, "LinuxKernel", lambda: kernel)
    monkeypatch.chdir(tmp_path)
    contexts: list[tee.Context] = []

    def program(context: tee.Context) -> None:
        contexts.append(context)
        greet(context)

    run(Sample.TRACES, run=program)
    assert len(contexts) == 2
    assert (tmp_path / "hello.trace").exists()
    kernel.assert_no_leaks()


def test_a_supplicant_loads_the_application_of_the_sample(tmp_path: Path) -> None:
    digest = run(Sample.OWN_APPLICATION)["Digest"]

    def program(names: dict[str, Any]) -> None:
        names["session"].invoke_command(0, b"abc")

    names = run(Sample.SUPPLICANT, yours=program, Digest=digest, folder=tmp_path)
    names["kernel"].assert_no_leaks()


def test_a_device_that_comes_late_is_waited_for_by_the_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hurried(threading.Timer):
        def __init__(self, seconds: float, function: Callable[[], object]) -> None:
            super().__init__(seconds / 100, function)

    monkeypatch.setattr(threading, "Timer", Hurried)

    def program(names: dict[str, Any]) -> None:
        assert names["context"].version.backend == "fake"

    names = run(Sample.LATE_DEVICE, yours=program)
    assert tee.enumerate_devices(names["kernel"]) == ()
    names["kernel"].assert_no_leaks()

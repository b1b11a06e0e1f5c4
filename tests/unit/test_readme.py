# SPDX-License-Identifier: BSD-2-Clause
"""What the README shows in Python works, on the fake."""

from __future__ import annotations

import ast
import hashlib
import re
import textwrap
import threading
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld
from pytee_client.kernels import passing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

README = Path(__file__).parents[2] / "README.md"
SAMPLES = [
    textwrap.dedent(found)
    for found in re.findall(r"^ *```python\n(.*?)^ *```$", README.read_text(), re.M | re.S)
]


class Sample(Enum):
    """The samples, each by words that no other one has."""

    HELLO = "# 43"
    PARAMETERS = "(digest,) ="
    SHARED_MEMORY = "allocate_shared_memory"
    HOT_LOOPS = "increment ="
    OWN_APPLICATION = "class Counter"
    FAULTS = "FaultyKernel("
    TRACES = "TraceRecorder("
    SUPPLICANT = "fake.Supplicant("
    DEVICES = "wait_for_device("

    @property
    def number(self) -> int:
        (number,) = (number for number, text in enumerate(SAMPLES) if self.value in text)
        return number


class Digester(fake.TrustedApplication):
    """Writes the digest of its inputs to its outputs, and swaps the case of the rest."""

    uuid = UUID("f2fa9bd9-4c4e-4f2b-8e0c-5b1a7a3dbf0e")
    heard: bytes

    def create(self) -> None:
        Digester.heard = b""

    def invoke_command(
        self,
        session: fake.TrustedApplicationSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        for parameter in parameters:
            if not isinstance(parameter, fake.MemrefParameter) or parameter.buffer is None:
                continue
            if parameter.type is fake.ParamType.MEMREF_INPUT:
                Digester.heard += bytes(parameter.buffer)
            elif parameter.type is fake.ParamType.MEMREF_OUTPUT:
                parameter.buffer[:] = hashlib.sha256(Digester.heard).digest()
            else:
                parameter.buffer[:] = bytes(parameter.buffer).swapcase()


class _Yours(ast.NodeTransformer):
    """Has `yours` called where a sample has three dots as a statement."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        if not isinstance(node.value, ast.Constant) or node.value.value is not ...:
            return node
        (call,) = ast.parse("yours()").body
        assert isinstance(call, ast.Expr)
        return ast.fix_missing_locations(ast.copy_location(call, node))


def imports_before(sample: Sample) -> Iterator[ast.stmt]:
    for text in SAMPLES[: sample.number]:
        for statement in ast.parse(text).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                yield statement


def run(
    sample: Sample, *, yours: Callable[[dict[str, Any]], None] | None = None, **given: object
) -> dict[str, Any]:
    """Run a sample and return its names.

    It finds the imports of those before it, what it is given, and in place of its three
    dots yours, which gets the names too.
    """
    names: dict[str, Any] = {"__name__": sample.name, **given}
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        if yours is not None:
            yours(names)

    names["yours"] = call
    tree = _Yours().visit(ast.parse(SAMPLES[sample.number]))
    tree.body[:0] = imports_before(sample)
    exec(compile(tree, f"README.md: {sample.name}", "exec"), names)
    assert calls == (yours is not None)
    return names


def greet(context: tee.Context) -> None:
    with context, context.open_session(HelloWorld.uuid) as session:
        assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)


@pytest.fixture
def session() -> Iterator[tee.Session]:
    kernel = fake.Kernel()
    kernel.install(Digester)
    with tee.Context(backend=kernel) as context, context.open_session(Digester.uuid) as opened:
        yield opened
    kernel.assert_no_leaks()


def test_every_python_sample_is_run_here() -> None:
    assert sorted(sample.number for sample in Sample) == list(range(len(SAMPLES)))


def test_the_first_sample_prints_43(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.HELLO)
    assert capsys.readouterr().out == "43\n"


def test_outputs_are_bytes_and_views_as_the_sample_says(session: tee.Session) -> None:
    buffer = bytearray(b"Hello")
    names = run(Sample.PARAMETERS, session=session, buffer=buffer)
    assert names["digest"] == hashlib.sha256(b"abc").digest()
    assert names["view"].obj is buffer
    assert buffer == b"hELLO"


def test_shared_memory_is_filled_and_passed_as_the_sample_says(session: tee.Session) -> None:
    run(Sample.SHARED_MEMORY, context=session.context, session=session)
    assert Digester.heard == b"hellohello"


def test_what_is_prepared_gives_what_the_sample_says(session: tee.Session) -> None:
    buffer = bytearray(b"Hello")
    names = run(Sample.HOT_LOOPS, session=session, buffer=buffer)
    assert names["value"] == (41, 0)
    assert names["view"].obj is buffer
    assert buffer == b"hELLO"


def test_an_own_trusted_application_is_tested_by_the_sample() -> None:
    run(Sample.OWN_APPLICATION)["test_it_counts"]()


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
    kernel = fake.new_kernel()
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
    counter = run(Sample.OWN_APPLICATION)["Counter"]

    def program(names: dict[str, Any]) -> None:
        assert names["session"].invoke_command(0, tee.ValueOutput()) == ((1, 0),)

    names = run(Sample.SUPPLICANT, yours=program, Counter=counter, folder=tmp_path)
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

    names = run(Sample.DEVICES, yours=program)
    assert tee.enumerate_devices(names["kernel"]) == ()
    names["kernel"].assert_no_leaks()

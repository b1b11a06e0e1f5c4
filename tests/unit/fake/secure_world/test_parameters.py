# SPDX-License-Identifier: BSD-2-Clause
"""The parameters as an application sees them, and what it does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake import MemrefParameter, Parameters, ParamType, ValueParameter

if TYPE_CHECKING:
    from collections.abc import Callable

OWN = UUID("6e2b0c58-6d1f-4b53-9f0e-0a4f2b8e7c12")


def outcome(run: Callable[[Parameters], object], *parameters: Any, profile: str = "optee") -> Any:
    """Return the outputs of a command that does something, or its exception."""

    class Application(fake.TrustedApplication):
        uuid = OWN

        @fake.command(0)
        def do(self, session: fake.ClientSession, parameters: Parameters) -> None:
            run(parameters)

    with (
        tee.Context(backend=fake.Kernel(profile, applications=[Application])) as context,
        context.open_session(OWN) as session,
    ):
        try:
            return session.invoke_command(0, *parameters)
        except tee.TeecError as error:
            return error


def test_the_types_of_all_four_are_known() -> None:
    seen: list[object] = []
    outcome(lambda p: seen.append(p.types), (1, 2), None, b"abc")
    none = ParamType.NONE
    assert seen == [(ParamType.VALUE_INPUT, none, ParamType.MEMREF_INPUT, none)]


@pytest.mark.parametrize(
    ("types", "is_right"),
    [
        ([ParamType.VALUE_INPUT, None, ParamType.MEMREF_OUTPUT], True),
        ([ParamType.VALUE_INPUT, ParamType.NONE, ParamType.MEMREF_OUTPUT, ParamType.NONE], True),
        ([ParamType.VALUE_INPUT], False),
        ([ParamType.VALUE_INPUT, None, ParamType.MEMREF_INOUT], False),
        ([ParamType.VALUE_OUTPUT, None, ParamType.MEMREF_OUTPUT], False),
        ([None, ParamType.VALUE_INPUT, ParamType.MEMREF_OUTPUT], False),
        ([], False),
    ],
)
def test_other_parameters_than_expected_are_bad(types: list[Any], is_right: bool) -> None:
    result = outcome(lambda p: p.expect(*types), (1, 2), None, tee.MemrefTempOutput(4))
    assert isinstance(result, tee.BadParametersError) is not is_right


@pytest.mark.parametrize("use", [lambda p: p.value(0), lambda p: p.memref(1), lambda p: p.value(3)])
def test_a_parameter_of_another_kind_or_none_is_bad(use: Callable[[Parameters], object]) -> None:
    assert isinstance(outcome(use, b"abc", (1, 2)), tee.BadParametersError)


def test_values_are_read_and_set() -> None:
    def swap(parameters: Parameters) -> None:
        value = parameters.value(0)
        value.a, value.b = value.b, value.a

    assert outcome(swap, tee.ValueInOut(1, 2)) == ((2, 1),)


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem", "amdtee"])
def test_an_output_is_put_with_its_size(profile: str) -> None:
    def put(data: bytes | bytearray | memoryview) -> Callable[[Parameters], object]:
        return lambda parameters: parameters.memref(0).put(data)

    for data in (b"Hello", bytearray(b"Hello"), memoryview(b"-Hello")[1:]):
        assert outcome(put(data), tee.MemrefTempOutput(9), profile=profile) == (b"Hello",)
    assert outcome(lambda p: p.memref(0).put(b""), tee.MemrefTempOutput(9)) == (b"",)


@pytest.mark.parametrize("room", [0, 1, 4])
def test_an_output_that_is_too_small_says_what_is_needed_and_is_not_written(room: int) -> None:
    buffer = bytearray(b"-" * room)
    error = outcome(lambda p: p.memref(0).put(b"Hello"), tee.MemrefTempInOut(buffer))
    assert isinstance(error, tee.ShortBufferError)
    assert error.outputs == (tee.RequiredSize(5),)
    assert buffer == b"-" * room


def test_a_null_reference_asks_for_the_size() -> None:
    seen: list[bool] = []

    def put(parameters: Parameters) -> None:
        seen.append(parameters.memref(0).is_null)
        assert parameters.memref(0).content() == b""
        parameters.memref(0).put(b"Hello")

    error = outcome(put, tee.MemrefTempOutput(None))
    assert isinstance(error, tee.ShortBufferError)
    assert error.outputs == (tee.RequiredSize(5),)
    assert seen == [True]
    assert outcome(lambda p: p.memref(0).put(b""), tee.MemrefTempOutput(None))[0] in (b"", 0)


def test_a_content_is_a_copy_that_outlives_the_call() -> None:
    seen: list[bytes] = []
    outcome(lambda p: seen.append(p.memref(0).content()), b"abc")
    outcome(lambda p: seen.append(p.memref(0).content()), tee.MemrefTempInOut(bytearray(b"de")))
    outcome(lambda p: seen.append(p.memref(0).content()), b"")
    assert seen == [b"abc", b"de", b""]


def test_bytes_that_are_not_mapped_are_a_panic_and_none_is_read_or_written() -> None:
    buffer = bytearray(4)
    memref = MemrefParameter(ParamType.MEMREF_INOUT, buffer, 6)
    for use in (memref.content, lambda: memref.put(b"Hello!")):
        with pytest.raises(fake.PanicError):
            use()
    assert buffer == bytes(4)


def test_parameters_are_compared_and_shown() -> None:
    value = ValueParameter(ParamType.VALUE_INPUT, 1, 2)
    memref = MemrefParameter(ParamType.MEMREF_INPUT, b"abc")
    null = MemrefParameter(ParamType.MEMREF_OUTPUT, None, 7)
    assert value == ValueParameter(ParamType.VALUE_INPUT, 1, 2)
    assert value != ValueParameter(ParamType.VALUE_INPUT, 1, 3)
    assert memref == MemrefParameter(ParamType.MEMREF_INPUT, bytearray(b"abc"), 3)
    assert memref != MemrefParameter(ParamType.MEMREF_INPUT, b"abd")
    assert memref != value
    assert repr(Parameters([value, memref, null])) == (
        "(ValueParameter(VALUE_INPUT, 1, 2), MemrefParameter(MEMREF_INPUT, size=3),"
        " MemrefParameter(MEMREF_OUTPUT, null, size=7))"
    )
    with pytest.raises(TypeError):
        hash(value)


def test_an_empty_output_can_be_written_like_any_other() -> None:
    memref = MemrefParameter(ParamType.MEMREF_OUTPUT, bytearray())
    assert memref.buffer is not None
    memref.buffer[:] = b""
    memref.put(b"")
    assert memref.size == 0

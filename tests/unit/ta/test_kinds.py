# SPDX-License-Identifier: BSD-2-Clause
"""Every kind of content goes each way: in, out, and both."""

from __future__ import annotations

import array
import ctypes
import math
from enum import IntEnum, IntFlag
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import ta
from pytee_client.errors import ParameterRangeError, ParameterTypeError
from pytee_client.fake import Parameters
from pytee_client.fake import ParamType as Type

from .one_command import echo, one_command, unused

NUMBER = UUID("00112233-4455-6677-8899-aabbccddeeff")


class Mode(IntEnum):
    ECB = 1
    CBC = 2


class Rights(IntFlag):
    READ = 1
    WRITE = 4


@ta.packed("<HH")
class Point:
    x: int
    y: int


@ta.packed
class Path:
    closed: bool
    points: list[Point]


VALUES: list[tuple[Any, Any]] = [
    (ta.U8, 255),
    (ta.U16, 65535),
    (ta.U32, 2**32 - 1),
    (ta.U64, 2**64 - 1),
    (ta.U64, 2**32),
    (ta.I8, -128),
    (ta.I16, -1),
    (ta.I32, -(2**31)),
    (ta.I64, -(2**63)),
    (ta.F32, 0.5),
    (ta.F64, -0.1),
    (ta.F64, math.inf),
    (bool, True),
    (Mode, Mode.CBC),
    (Rights, Rights.READ | Rights.WRITE),
    (tee.Value, tee.Value(1, 2)),
    (ta.LowFirst(ta.U64), 1 << 40),
    (ta.LowFirst(ta.I64), -2),
    (ta.OnlyB(ta.U32), 7),
    (ta.Both(Mode, bool), (Mode.ECB, True)),
    (ta.OverTwo(ta.U64), 1 << 40),
    (ta.OverTwo(ta.LowFirst(ta.F64)), 0.1),
]
FIXED: list[tuple[Any, Any]] = [
    (ta.Bytes(3), b"abc"),
    (Point, Point(1, 2)),
    (ta.Memory(ta.U16), 300),
    (ta.Memory(ta.F32), 0.25),
    (ta.Memory(Mode), Mode.CBC),
    (ta.Memory(bool), True),
    (ta.Uuid, NUMBER),
    (ta.TeeUuid, NUMBER),
    (UUID, NUMBER),
    (ta.List(ta.U16, 2), [1, 2]),
    (ta.List(Point, 1), [Point(3, 4)]),
]
VARYING: list[tuple[Any, Any]] = [
    (bytes, b"abc"),
    (bytes, b""),
    (str, "\xe9t\xe9"),
    (ta.Text("utf-16-le"), "ab"),
    (ta.Text("utf-16", nul=True), "ab"),
    (ta.Text(nul=True), "ab"),
    (Path, Path(True, [Point(1, 2)])),
    (ta.List(Point), [Point(1, 2), Point(3, 4)]),
    (ta.List(Mode), [Mode.ECB]),
    (list[ta.U32], [1, 2, 3]),
    (ta.List(ta.Uuid), [NUMBER]),
    (ta.List(Annotated[bytes, 2]), [b"ab", b"cd"]),  # type: ignore[arg-type]
]


def shown(case: Any) -> str:
    return str(getattr(case, "__name__", case))


@pytest.mark.parametrize(("kind", "given"), [*VALUES, *FIXED], ids=shown)
def test_what_has_a_size_goes_in_and_comes_out(kind: Any, given: Any) -> None:
    with one_command(echo, kind, returns=kind) as client:
        assert client.it(given) == given


@pytest.mark.parametrize(("kind", "given"), [*VALUES, *FIXED, *VARYING], ids=shown)
def test_every_kind_goes_both_ways(kind: Any, given: Any) -> None:
    with one_command(echo, ta.InOut[kind]) as client:
        found = client.it(given)
        assert found == given
        assert type(found) is type(given)


@pytest.mark.parametrize(("kind", "given"), VARYING, ids=shown)
def test_what_varies_goes_in_and_comes_out(kind: Any, given: Any) -> None:
    for size in (0, 1, 4096):
        with one_command(echo, kind, returns=ta.Variable(kind, size)) as client:
            assert client.it(given) == given


def test_the_types_of_parameters_are_those_that_are_declared() -> None:
    found = []

    def look(parameters: Parameters) -> None:
        found.append(parameters.types)

    kinds = (ta.U32, bytes, ta.InOut[ta.U64], ta.InOut[bytes])
    with one_command(look, *kinds) as client:
        client.it(1, b"", 2, b"")
    with one_command(look, returns=(ta.U32, ta.Bytes(3)), slots=(2, 0)) as client:
        client.it()
    none = Type.NONE
    assert found == [
        (Type.VALUE_INPUT, Type.MEMREF_INPUT, Type.VALUE_INOUT, Type.MEMREF_INOUT),
        (Type.MEMREF_OUTPUT, none, Type.VALUE_OUTPUT, none),
    ]


@pytest.mark.parametrize(
    "given",
    [
        b"abcd",
        bytearray(b"abcd"),
        memoryview(b"abcd"),
        memoryview(b"-abcd")[1:],
        array.array("I", b"abcd"),
        np.frombuffer(b"abcd", ">u2").reshape(1, 2),
        (ctypes.c_ubyte * 4)(*b"abcd"),
        (ctypes.c_uint32 * 1)(int.from_bytes(b"abcd", "little")),
    ],
    ids=lambda given: type(given).__name__,
)
def test_bytes_are_whatever_shows_plain_memory(given: Any) -> None:
    for kind in (bytes, ta.Bytes(4)):
        with one_command(echo, kind, returns=ta.Bytes(4)) as client:
            assert client.it(given) == b"abcd"
        with one_command(echo, ta.InOut[kind]) as client:
            assert client.it(given) == b"abcd"


@pytest.mark.parametrize("given", [np.zeros((0, 3)), bytearray(), memoryview(b""), b""])
def test_nothing_is_bytes_too(given: Any) -> None:
    with one_command(echo, bytes, returns=ta.Variable(bytes)) as client:
        assert client.it(given) == b""


@pytest.mark.parametrize(
    "given",
    ["abcd", 4, None, [1, 2], np.array([object()]), (ctypes.c_void_p * 1)(), np.float64(1)],
    ids=lambda given: type(given).__name__,
)
def test_what_is_no_plain_memory_is_refused_by_the_name_of_the_argument(given: Any) -> None:
    for kind in (bytes, ta.BUFFER, ta.InOut[bytes], ta.Out[ta.BUFFER], ta.Nullable(ta.Bytes(4))):
        with one_command(unused, ta.U32, kind) as client:
            if given is None and isinstance(kind, ta.Nullable):
                continue
            with pytest.raises(ParameterTypeError, match=r"argument 2 of One.it\(\)"):
                client.it(1, given)


def test_bytes_of_another_size_than_declared_are_refused() -> None:
    with one_command(unused, ta.Bytes(4)) as client:
        for given in (b"abc", bytearray(5), np.zeros(4, "u4")):
            with pytest.raises(
                ParameterRangeError, match=r"argument 1 of One.it\(\) is \d+ bytes, but must be 4"
            ):
                client.it(given)


def test_text_that_does_not_fit_its_encoding_is_refused() -> None:
    with one_command(unused, ta.Text("ascii")) as client:
        with pytest.raises(ParameterRangeError, match=r"argument 1 .* can't be encoded in ascii"):
            client.it("\xe9")
        with pytest.raises(ParameterTypeError, match=r"argument 1 .* must be a str, not bytes"):
            client.it(b"abc")
    with (
        one_command(unused, ta.Text(nul=True)) as client,
        pytest.raises(ParameterRangeError, match=r"argument 1 .* has a zero"),
    ):
        client.it("a\0b")


def test_text_of_c_ends_at_its_zero_whatever_follows() -> None:
    def answer(parameters: Parameters) -> None:
        assert parameters.memref(0).content() == b"ab\0"
        parameters.memref(1).put(b"cd\0\xff\xff")

    with one_command(answer, ta.Text(nul=True), returns=ta.Variable(ta.Text(nul=True))) as client:
        assert client.it("ab") == "cd"


def test_a_list_has_the_declared_number_of_items() -> None:
    with one_command(unused, ta.List(ta.U16, 2)) as client:
        with pytest.raises(ParameterRangeError, match=r"argument 1 .* has 1 items, but must"):
            client.it([1])
        with pytest.raises(ParameterTypeError, match=r"argument 1 .* must be a list or a tuple"):
            client.it("ab")
        with pytest.raises(ParameterRangeError, match=r"argument 1 of One.it\(\)\[1\] is 65536"):
            client.it((1, 65536))


def test_null_memory_goes_in_and_both_ways() -> None:
    seen = []

    def look(parameters: Parameters) -> None:
        seen.append([parameters.memref(slot).is_null for slot in (0, 1)])

    kind = ta.Nullable(ta.Bytes(2))
    with one_command(look, kind, ta.InOut[kind]) as client:
        assert client.it(None, None) is None
        assert client.it(b"ab", b"cd") == b"cd"
        with pytest.raises(ParameterRangeError, match=r"argument 2 .* is 3 bytes"):
            client.it(None, b"abc")
    assert seen == [[True, True], [False, False]]


def test_null_memory_of_the_caller_asks_for_the_size() -> None:
    def answer(parameters: Parameters) -> None:
        parameters.memref(0).size = 30

    with one_command(answer, ta.Out[ta.Nullable(ta.BUFFER)]) as client:
        assert client.it(None) is None
        with pytest.raises(tee.ShortBufferError, match="30"):
            client.it(bytearray(3))
        assert client.it(bytearray(30)).nbytes == 30

# SPDX-License-Identifier: BSD-2-Clause
"""Which slot an argument and a result are in, and in which order results come."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import ta
from pytee_client._declarations.slots import Direction, InOutKind
from pytee_client.fake import Parameters
from pytee_client.fake import ParamType as Type

from .one_command import declare, one_command


@pytest.mark.parametrize("slots", list(permutations(range(4))))
def test_slots_may_be_in_any_order(slots: tuple[int, ...]) -> None:
    seen: list[Any] = []

    def answer(parameters: Parameters) -> None:
        a, b, c, d = slots
        assert parameters.types[a] is Type.VALUE_INPUT
        assert parameters.types[b] is Type.MEMREF_INOUT
        assert parameters.types[c] is Type.VALUE_OUTPUT
        assert parameters.types[d] is Type.MEMREF_OUTPUT
        seen.append((parameters.value(a).a, parameters.memref(b).content()))
        parameters.memref(b).put(b"x")
        parameters.value(c).a = 5
        parameters.memref(d).put(b"yz")

    kinds = (ta.U32, ta.InOut[bytes])
    with one_command(answer, *kinds, returns=(ta.U32, ta.Bytes(2)), slots=slots) as client:
        assert client.it(3, b"abc") == (b"x", 5, b"yz")
    assert seen == [(3, b"abc")]


def test_slots_that_are_not_named_are_not_used() -> None:
    def answer(parameters: Parameters) -> None:
        none = Type.NONE
        assert parameters.types == (none, Type.VALUE_OUTPUT, none, Type.VALUE_INPUT)
        parameters.value(1).a = parameters.value(3).a

    with one_command(answer, ta.U32, returns=ta.U32, slots=(3, 1)) as client:
        assert client.it(7) == 7


@pytest.mark.parametrize("slots", [(0, 1, 2, 3), (1, 0, 3, 2), (3, 1, 0, 2)])
def test_a_number_over_two_values_takes_two_slots(slots: tuple[int, ...]) -> None:
    def answer(parameters: Parameters) -> None:
        a, b, c, d = (parameters.value(slot) for slot in slots)
        assert (a.a, b.a) == (1, 2)
        c.a, d.a = b.a, a.a

    over = ta.OverTwo(ta.U64)
    with one_command(answer, over, returns=over, slots=slots) as client:
        assert client.it(0x1_0000_0002) == 0x2_0000_0001


def test_arguments_that_come_back_are_the_first_results() -> None:
    def answer(parameters: Parameters) -> None:
        for slot in range(4):
            parameters.value(slot).a = slot

    both, returns = ta.InOut[ta.U32], (ta.U32, ta.U32)
    with one_command(answer, both, both, returns=returns) as client:
        assert client.it(9, 9) == (0, 1, 2, 3)
    with one_command(answer, both, both, returns=returns, slots=(3, 1, 2, 0)) as client:
        assert client.it(9, 9) == (3, 1, 2, 0)


def test_no_result_is_none_and_one_result_is_no_tuple() -> None:
    def answer(parameters: Parameters) -> None:
        pass

    with one_command(answer) as client:
        assert client.it() is None
    for returns in (ta.U32, (ta.U32,)):
        with one_command(answer, returns=returns) as client:
            assert client.it() == 0
    with one_command(answer, returns=()) as client:
        assert client.it() is None


NESTED: Any = InOutKind(ta.InOut[ta.U32], ta.InOut[ta.U32], Direction.INOUT)


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((ta.U32,) * 5, {}, "One.it needs 5 slots, but an operation has 4"),
        ((ta.OverTwo(ta.U64), ta.OverTwo(ta.U64), bool), {}, "One.it needs 5 slots"),
        ((ta.U32,) * 3, {"returns": (ta.U32, ta.U32)}, "One.it needs 5 slots"),
        ((ta.U32,), {"slots": (0, 1)}, "One.it names 2 slots, but needs 1"),
        ((ta.U32,), {"slots": ()}, "One.it names 0 slots, but needs 1"),
        ((ta.U32,), {"slots": (4,)}, r"the slots of One.it are \(4,\), but must differ and be"),
        ((ta.U32,), {"slots": (-1,)}, "must differ and be from 0 to 3"),
        ((ta.U32, ta.U32), {"slots": (1, 1)}, "must differ and be from 0 to 3"),
        ((ta.U32,), {"slots": ("0",)}, "must differ and be from 0 to 3"),
        ((ta.U32,), {"slots": (True,)}, "must differ and be from 0 to 3"),
        ((ta.U32,), {"slots": ([0],)}, "must differ and be from 0 to 3"),
        ((int,), {}, r"argument 1 of One.it can't be int: ta.U32 for a number in a, or ta.U64"),
        ((float,), {}, "can't be float: ta.F32 or ta.F64"),
        ((bytearray,), {}, "can't be bytearray: bytes, or ta.BUFFER"),
        ((memoryview,), {}, "can't be memoryview: bytes, or ta.BUFFER"),
        ((object,), {}, "can't be object: a number such as ta.U32"),
        ((None,), {}, "can't be None: a number such as"),
        ((3,), {}, "can't be 3: a number such as"),
        ((list,), {}, "can't be list: a number such as"),
        ((dict[str, int],), {}, r"can't be dict\[str, int\]"),
        ((ta.U32, int), {}, "argument 2 of One.it can't be int"),
        ((ta.InOut[int],), {}, "argument 1 of One.it can't be int"),
        ((ta.InOut[ta.U32, bytes],), {}, "lies in a value one way, and in memory the other"),
        ((ta.InOut[ta.U64, ta.OverTwo(ta.U64)],), {}, "lie in different numbers of values"),
        ((NESTED,), {}, r"InOut\[U32\] stands elsewhere"),
        ((ta.Out[bytes],), {}, "is no memory of the caller's: declare returns=bytes"),
        ((ta.Out[ta.U32],), {}, "is no memory of the caller's: declare returns=U32"),
        ((tee.ValueOutput,), {}, r"comes back as a result: declare Out\[ValueOutput\]"),
        ((tee.MemrefTempInOut,), {}, r"declare InOut\[MemrefTempInOut\]"),
        ((ta.InOut[tee.ValueInput],), {}, r"can't be InOut\[.*ValueInput.*\]"),
        ((ta.InOut[tee.ValueInOut, bytes],), {}, "can't be InOut"),
        ((), {"returns": int}, "a result of One.it can't be int"),
        ((), {"returns": bytes}, r"whose size varies: declare ta.Variable\(bytes\)"),
        ((), {"returns": str}, r"declare ta.Variable\(str\)"),
        ((), {"returns": tee.SharedMemory}, r"declare Out\[SharedMemory\] as an argument"),
        ((), {"returns": ta.InOut[ta.U32]}, r"InOut\[U32\] stands elsewhere"),
        ((), {"returns": (ta.U32, None)}, "a result of One.it can't be None"),
    ],
)
def test_a_wrong_declaration_is_refused_when_the_class_is_made(
    arguments: tuple[Any, ...], options: dict[str, Any], text: str
) -> None:
    with pytest.raises(ta.DeclarationError, match=text):
        declare(*arguments, **options)

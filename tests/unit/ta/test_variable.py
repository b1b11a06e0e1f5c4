# SPDX-License-Identifier: BSD-2-Clause
"""Outputs whose size varies: how they grow, and how often the command runs."""

from __future__ import annotations

from typing import Any

import pytest

import pytee_client as tee
from pytee_client import ta
from pytee_client.errors import ParameterRangeError, ParameterTypeError
from pytee_client.fake import Parameters

from .one_command import declare, one_command


class Answer:
    """Puts so many bytes into the first output, and counts its runs."""

    def __init__(self, size: int, slot: int = 0) -> None:
        self.size, self.slot, self.rooms = size, slot, list[int]()

    def __call__(self, parameters: Parameters) -> None:
        memref = parameters.memref(self.slot)
        self.rooms.append(memref.size)
        memref.put(b"x" * self.size)


@pytest.mark.parametrize(("size", "rooms"), [(10, [10]), (3, [3, 10]), (0, [0, 10]), (64, [64])])
def test_a_command_runs_again_if_the_output_does_not_fit(size: int, rooms: list[int]) -> None:
    answer = Answer(10)
    with one_command(answer, returns=ta.Variable(bytes, size)) as client:
        assert client.it() == b"x" * 10
    assert answer.rooms == rooms


def test_without_retry_it_runs_once_and_the_error_says_what_is_needed() -> None:
    answer = Answer(10)
    with one_command(answer, returns=ta.Variable(bytes, 3), retry=False) as client:
        with pytest.raises(tee.ShortBufferError, match="needs 10 bytes"):
            client.it()
        assert answer.rooms == [3]
        assert client.it(room=10) == b"x" * 10
    assert answer.rooms == [3, 10]


def test_an_application_may_ask_for_more_room_with_success() -> None:
    def ask(parameters: Parameters) -> None:
        parameters.memref(0).size = 10

    with one_command(ask, returns=ta.Variable(bytes, 3), retry=False) as client:
        with pytest.raises(tee.ShortBufferError, match=r"needs 10 bytes.*room=") as caught:
            client.it()
        assert "invoking command it (0) of One" in str(caught.value)


def test_room_is_for_one_call_alone() -> None:
    answer = Answer(10)
    with one_command(
        answer, ta.U32, returns=(ta.U32, ta.Variable(bytes, 3)), slots=(1, 2, 0)
    ) as client:
        for room in (12, None, 10):
            assert client.it(1, room=room) == (0, b"x" * 10)
    assert answer.rooms == [12, 3, 10, 10]


def test_an_output_does_not_grow_beyond_its_limit() -> None:
    answer = Answer(101)
    with one_command(answer, returns=ta.Variable(bytes, 3, max_size=100)) as client:
        with pytest.raises(tee.ShortBufferError):
            client.it()
        assert answer.rooms == [3]
        with pytest.raises(ParameterRangeError, match=r"room of One.it\(\) is 101, more than"):
            client.it(room=101)
    assert answer.rooms == [3]


def test_memory_that_goes_both_ways_has_room_for_more() -> None:
    answer = Answer(10)
    with one_command(answer, ta.InOut[ta.Variable(bytes, 64)]) as client:
        assert client.it(b"abc") == b"x" * 10
        assert client.it(b"abc", room=16) == b"x" * 10
        with pytest.raises(tee.ShortBufferError):
            client.it(b"abc", room=5)
    assert answer.rooms == [64, 16, 5]
    answer = Answer(10)
    with one_command(answer, ta.InOut[bytes, ta.Variable(str, 16)]) as client:
        assert client.it(b"abc") == "x" * 10
    assert answer.rooms == [16]


def test_memory_of_one_size_has_room_for_what_comes_back() -> None:
    answer = Answer(6)
    with one_command(answer, ta.InOut[ta.Bytes(2), ta.Bytes(6)]) as client:
        assert client.it(b"ab") == b"x" * 6
    assert answer.rooms == [6]


def test_a_variable_argument_is_what_it_holds() -> None:
    answer = Answer(2, slot=1)
    with one_command(answer, ta.Variable(bytes), returns=ta.Bytes(2)) as client:
        assert client.it(b"any") == b"xx"


def test_several_outputs_vary() -> None:
    def answer(parameters: Parameters) -> None:
        parameters.memref(0).put(b"abc")
        parameters.memref(1).put("äöü".encode())

    returns = (ta.Variable(bytes, 1), ta.Variable(str, 1))
    with one_command(answer, returns=returns) as client:
        assert client.it() == (b"abc", "äöü")
        assert client.it(room=0) == (b"abc", "äöü")


def test_room_is_checked_and_is_for_what_varies() -> None:
    answer = Answer(3)
    with one_command(answer, returns=ta.Variable(bytes)) as client:
        wrong: list[Any] = [-1, "3", 1.5, True]
        for room in wrong:
            with pytest.raises(
                (ParameterRangeError, ParameterTypeError), match=r"room of One.it\(\)"
            ):
                client.it(room=room)
    with (
        one_command(answer, returns=ta.Bytes(3)) as client,
        pytest.raises(ParameterTypeError, match=r"One.it\(\) has no result that varies"),
    ):
        client.it(room=3)
    assert answer.rooms == []


NESTED: Any = ta.Variable(bytes)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ta.Variable(ta.U32), r"Variable\(\) takes what lies in memory"),
        (lambda: ta.Variable(int), r"Variable\(\) takes what lies in memory"),
        (lambda: ta.Variable(NESTED), r"Variable\(\) takes what lies in memory"),
        (lambda: ta.Variable(ta.Bytes(3)), r"has always 3 bytes: write it without Variable\(\)"),
        (lambda: ta.Variable(ta.Uuid), "has always 16 bytes"),
        (lambda: ta.Variable(bytes, 11, max_size=10), "begins with more bytes than max_size=10"),
    ],
)
def test_what_does_not_vary_is_refused_when_it_is_declared(make: Any, text: str) -> None:
    with pytest.raises(ta.DeclarationError, match=text):
        make()


def test_wrong_sizes_are_refused_when_they_are_declared() -> None:
    sizes: list[Any] = [-1, "4", 1.5, None, True]
    for size in sizes:
        with pytest.raises((ParameterRangeError, ParameterTypeError), match="the size of Variable"):
            ta.Variable(bytes, size)
    for size in (0, -1, "4"):
        with pytest.raises((ParameterRangeError, ParameterTypeError), match="max_size of Variable"):
            ta.Variable(bytes, 0, max_size=size)  # type: ignore[arg-type]
    with pytest.raises(ParameterRangeError, match="the size of Bytes is -1"):
        ta.Bytes(-1)
    with pytest.raises(ParameterRangeError, match=r"the count of List\(\) is -1"):
        ta.List(ta.U32, -1)
    for wrong in (0, None, "no"):
        with pytest.raises(ParameterTypeError, match="retry of a command must be True or False"):
            declare(returns=ta.Variable(bytes), retry=wrong)

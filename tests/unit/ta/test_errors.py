# SPDX-License-Identifier: BSD-2-Clause
"""What a call raises: the declared exceptions, and what of other forms came back."""

from __future__ import annotations

import copy
import pickle
from enum import IntEnum
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import fake, ta
from pytee_client.errors import ParameterTypeError
from pytee_client.fake import ClientSession, Parameters
from pytee_client.faults import Answer, Fault, FaultyKernel, Plan, SystemCall

from .bank import ID, Bank, BankResult, EmptyError, FakeBank, FrozenError, Transfer
from .one_command import one_command


class Mode(IntEnum):
    ONE = 1


def test_a_code_becomes_its_exception_with_the_text_and_the_cause() -> None:
    with (
        tee.Context(backend=fake.Kernel(applications=[FakeBank])) as context,
        Bank(context) as bank,
    ):
        with pytest.raises(FrozenError, match=r"transfer \(2\) of Bank: FROZEN") as caught:
            bank.transfer(Transfer(9, 0, 0))
        cause = caught.value.__cause__
        assert isinstance(cause, tee.TeecError)
        assert cause.result is BankResult.FROZEN
        with pytest.raises(EmptyError) as empty:
            bank.transfer(Transfer(8, 0, 0))
        assert empty.value.result is BankResult.EMPTY
        assert empty.value.origin == tee.Origin.TRUSTED_APP
        assert "transfer (2) of Bank" in empty.value.doing
        assert empty.value.sent == "input of 12 bytes, output of 12 bytes"
        # The client goes on.
        assert bank.count() == 2**32 + 7


def test_a_declared_exception_can_be_copied_and_pickled() -> None:
    with (
        tee.Context(backend=fake.Kernel(applications=[FakeBank])) as context,
        Bank(context) as bank,
    ):
        with pytest.raises(EmptyError) as caught:
            bank.transfer(Transfer(8, 0, 0))
        with pytest.raises(FrozenError) as frozen:
            bank.transfer(Transfer(9, 0, 0))
    for again in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(again) is EmptyError
        assert str(again) == str(caught.value)
        assert again.result is BankResult.EMPTY
    assert str(pickle.loads(pickle.dumps(frozen.value))) == str(frozen.value)


def test_other_codes_stay_as_they_are() -> None:
    with (
        tee.Context(backend=fake.Kernel(applications=[FakeBank])) as context,
        Bank(context) as bank,
    ):
        with pytest.raises(tee.ItemNotFoundError, match=r"fail \(6\) of Bank: ITEM_NOT_FOUND"):
            bank.fail(tee.Result.ITEM_NOT_FOUND)
        with pytest.raises(tee.TeecError, match="0x80000009"):
            bank.fail(0x80000009)


def test_a_code_that_the_application_did_not_say_is_not_its_own() -> None:
    kernel = FaultyKernel(fake.Kernel(applications=[FakeBank]))
    with tee.Context(backend=kernel) as context, Bank(context) as bank:
        answer = Answer(BankResult.FROZEN, tee.Origin.TEE)
        kernel.arm(Plan([Fault(SystemCall.INVOKE, answer, 1)]))
        with pytest.raises(tee.TeecError) as caught:
            bank.transfer(Transfer(1, 0, 0))
        assert caught.value.origin == tee.Origin.TEE
        assert not isinstance(caught.value, FrozenError)


def test_an_opening_raises_the_declared_exception_too() -> None:
    class Refusing(fake.TrustedApplication):
        uuid = ID

        def open_session(self, session: ClientSession, parameters: Parameters) -> None:
            raise fake.ResultError(BankResult.EMPTY)

    kernel = fake.Kernel(applications=[Refusing])
    with tee.Context(backend=kernel) as context, pytest.raises(EmptyError) as caught:
        Bank(context)
    assert caught.value.result is BankResult.EMPTY
    kernel.assert_no_leaks()


def test_a_session_that_somebody_else_opened_knows_the_names_of_the_codes() -> None:
    class Plain(ta.Client, uuid=ID, results=BankResult):
        fail = ta.command(6, ta.U32)

    with (
        tee.Context(backend=fake.Kernel(applications=[FakeBank])) as context,
        context.open_session(ID) as session,
    ):
        with pytest.raises(EmptyError, match="EMPTY"):
            Bank.on(session).fail(BankResult.EMPTY)
        with pytest.raises(tee.TeecError, match=r"fail \(6\) of Plain: FROZEN"):
            Plain.on(session).fail(BankResult.FROZEN)


def test_the_error_of_a_subclass_is_the_more_derived_one() -> None:
    class OtherError(Exception):
        pass

    class Derived(Bank, errors={BankResult.FROZEN: OtherError}):
        pass

    with tee.Context(backend=fake.Kernel(applications=[FakeBank])) as context:
        with Derived(context) as derived, pytest.raises(OtherError):
            derived.fail(BankResult.FROZEN)
        with Derived(context) as derived, pytest.raises(EmptyError):
            derived.fail(BankResult.EMPTY)


def returned(content: bytes) -> Any:
    def answer(parameters: Parameters) -> None:
        parameters.memref(0).put(content)

    return answer


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        (ta.Bytes(4), b"abc", "3 bytes, but there should be 4"),
        (Transfer, b"abc", "3 bytes, but Transfer has 12"),
        (ta.Uuid, b"abc", "3 bytes, but a UUID has 16"),
        (ta.TeeUuid, b"", "0 bytes, but a UUID has 16"),
        (ta.Memory(ta.U32), b"abc", r"3 bytes, but Memory\(U32\) has 4"),
        (ta.Memory(Mode), b"\2\0\0\0", "the number is no member of Mode"),
        (ta.List(ta.U16, 2), b"abc", "3 bytes, but 2 items have 4"),
        (ta.Variable(ta.List(ta.U16)), b"abc", "3 bytes are no whole number of 2"),
        (ta.Variable(str), b"\xff", "it is no text in utf-8"),
    ],
    ids=str,
)
def test_an_answer_of_another_form_is_a_format_error_of_the_client(
    kind: Any, content: bytes, text: str
) -> None:
    with one_command(returned(content), returns=kind) as client:
        with pytest.raises(tee.BadFormatError, match=text) as caught:
            client.it()
        error = caught.value
        assert error.origin == tee.Origin.API
        assert "invoking command it (0) of One" in str(error)
        assert "something else than is declared" in str(error)
        assert error.outputs == (content,)


def test_values_of_another_form_are_a_format_error_that_shows_no_number() -> None:
    def answer(parameters: Parameters) -> None:
        parameters.value(0).a = 77777

    for kind in (Mode, ta.U8, ta.OnlyB(Mode), ta.Both(Mode, bool)):
        with one_command(answer, returns=kind) as client:
            with pytest.raises(tee.BadFormatError) as caught:
                client.it()
            assert "77777" not in str(caught.value)
            assert hex(77777) not in str(caught.value)


def test_the_outputs_of_an_error_are_copies() -> None:
    buffer = bytearray(b"abc")
    with one_command(lambda parameters: None, ta.InOut[ta.BUFFER, ta.Bytes(4)]) as client:
        with pytest.raises(tee.BadFormatError) as caught:
            client.it(buffer)
        buffer[:] = b"xyz"
        assert caught.value.outputs == (b"abc",)


ERRORS: list[tuple[Any, str]] = [
    ([FrozenError], "the errors of Wrong must be a dict of codes and exceptions"),
    ({1: "error"}, "the error 1 of Wrong must be a class of exceptions"),
    ({1: FrozenError("x")}, "the error 1 of Wrong must be a class of exceptions"),
    ({1: KeyboardInterrupt}, "the error 1 of Wrong must be a class of exceptions"),
    ({0: FrozenError}, "Wrong has an error for 0, which is SUCCESS"),
    ({1: UnicodeDecodeError}, "is made of a text, but UnicodeDecodeError is not"),
]


@pytest.mark.parametrize(("errors", "text"), ERRORS)
def test_wrong_errors_are_refused_when_the_class_is_made(errors: Any, text: str) -> None:
    with pytest.raises(ta.DeclarationError, match=text):
        type("Wrong", (ta.Client,), {}, uuid=ID, errors=errors)


def test_wrong_codes_and_results_are_refused_when_the_class_is_made() -> None:
    codes: list[Any] = ["1", None, 2**32]
    for code in codes:
        with pytest.raises(tee.TeecError, match="an error of Wrong"):
            type("Wrong", (ta.Client,), {}, uuid=ID, errors={code: FrozenError})
    results: list[Any] = [3, "names", IntEnum]
    for names in results:
        with pytest.raises(
            ta.DeclarationError, match="the results of Wrong are wrong: results must"
        ):
            type("Wrong", (ta.Client,), {}, uuid=ID, results=names)


def test_a_wrong_number_of_arguments_is_refused_before_anything_is_sent() -> None:
    kernel = FaultyKernel(fake.Kernel(applications=[FakeBank]))
    with tee.Context(backend=kernel) as context, Bank(context) as bank:
        kernel.calls.clear()
        client: Any = bank
        wrong: list[tuple[Any, tuple[int, ...], str]] = [
            (client.count, (1,), r"Bank.count\(\) takes no arguments, not 1"),
            (client.add, (), r"Bank.add\(\) takes 1 argument, not 0"),
            (client.transfer, (1, 2), r"Bank.transfer\(\) takes 1 argument, not 2"),
            (client.add.submit, (), r"Bank.add\(\) takes 1 argument, not 0"),
        ]
        for use, arguments, text in wrong:
            with pytest.raises(ParameterTypeError, match=text):
                use(*arguments)
        with pytest.raises(TypeError, match="unexpected keyword argument 'amount'"):
            client.add(3, amount=3)
        assert not kernel.calls

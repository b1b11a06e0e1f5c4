# SPDX-License-Identifier: BSD-2-Clause
"""A mistake of a kernel in Python is an exception of the call that meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld
from pytee_client.kernels import ProxyKernel

if TYPE_CHECKING:
    from collections.abc import Callable


class Mistaken(ProxyKernel):
    """Does what a test says in place of one of its calls."""

    def __init__(self, name: str, mistake: Callable[[], Any]) -> None:
        super().__init__(fake.Kernel("optee-no-reg-mem"))
        self.is_armed = False
        proper = getattr(self, name)

        def call(*arguments: Any) -> Any:
            return mistake() if self.is_armed else proper(*arguments)

        setattr(self, name, call)


def use(kernel: Mistaken, name: str) -> None:
    """Make the library make a call of the kernel, which errs from the start or from then on."""
    kernel.is_armed = name == "open"
    with tee.Context(backend=kernel) as context, context.open_session(HelloWorld.uuid) as session:
        kernel.is_armed = True
        try:
            if name == "ioctl":
                session.invoke_command(0, tee.ValueInOut(1))
            else:
                session.invoke_command(0, bytes(5000))
        finally:
            kernel.is_armed = False


@pytest.mark.parametrize("name", ["open", "ioctl", "mmap"])
@pytest.mark.parametrize("answer", [None, "text", 1.5, b"5"])
def test_an_answer_that_is_no_number_is_named_with_its_call(name: str, answer: object) -> None:
    with pytest.raises(TypeError) as caught:
        use(Mistaken(name, lambda: answer), name)
    assert str(caught.value) == f"{name}() of a kernel must return an int, not {answer!r}"


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("open", 1 << 70, "a number of 32 bits"),
        ("ioctl", -1 << 70, "a number of 32 bits"),
        ("mmap", 1 << 64, "an address"),
        ("mmap", -4096, "an address"),
    ],
)
def test_a_number_that_is_too_large_is_named_with_its_call(
    name: str, answer: int, says: str
) -> None:
    with pytest.raises(ValueError, match=rf"^{name}\(\) of a kernel must return {says}, not"):
        use(Mistaken(name, lambda: answer), name)


@pytest.mark.parametrize("name", ["open", "ioctl", "mmap"])
@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), KeyboardInterrupt()])
def test_an_exception_of_a_kernel_is_that_of_the_call(name: str, error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        use(Mistaken(name, fail), name)
    assert caught.value is error


@pytest.mark.parametrize("number", [None, 0, -1 << 40, 1 << 40, "ENOENT", 4096])
def test_an_errno_that_is_none_is_an_error_of_input_and_output(number: Any) -> None:
    def fail() -> None:
        raise OSError(number, "what a kernel may write there")

    with pytest.raises(tee.TeecError) as caught:
        use(Mistaken("ioctl", fail), "ioctl")
    assert caught.value.errno == 5


@pytest.mark.parametrize("name", ["close", "munmap"])
@pytest.mark.parametrize("answer", ["text", 5, -5, None])
def test_what_gives_back_is_asked_for_no_answer(name: str, answer: object) -> None:
    class Answering(ProxyKernel):
        def close(self, fd: int) -> Any:
            super().close(fd)
            return answer

        def munmap(self, address: int, length: int) -> Any:
            super().munmap(address, length)
            return answer

    below = fake.Kernel("optee-no-reg-mem")
    with (
        tee.Context(backend=Answering(below)) as context,
        context.open_session(HelloWorld.uuid) as session,
    ):
        with pytest.raises(tee.BadParametersError):
            session.invoke_command(0, bytes(5000))
        context.allocate_shared_memory(100).close()
    below.assert_no_leaks()

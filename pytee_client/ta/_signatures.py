# SPDX-License-Identifier: BSD-2-Clause
"""The functions that declare commands; their types are in the stub beside this file."""

from __future__ import annotations

from typing import Any

from ._commands import Command
from ._opening import Opening

__all__ = ["command", "opening"]


def command(
    number: int,
    *arguments: Any,
    returns: Any = None,
    slots: tuple[int, ...] | None = None,
    retry: bool = True,
) -> Any:
    """Declare a command, as an attribute of a class of ta.Client.

    For example::

        transfer = ta.command(2, Transfer, returns=Receipt)
        get = ta.command(4, str, returns=ta.Variable(bytes, 64))

    Arguments and results are in the slots of the operation in this order: the arguments, then the
    results. Each is declared as one of:

    - for a value: ta.U32, ta.U64 and their like, bool, an IntEnum or IntFlag, Value for two
      numbers, ta.Both() for two things, ta.LowFirst(), ta.OnlyB(), ta.OverTwo();
    - for memory: bytes, str, ta.Bytes(), ta.Text(), a class decorated with ta.packed, ta.List(),
      ta.Memory(), ta.Uuid, ta.TeeUuid, ta.NDArray(), ta.BUFFER, ta.Nullable();
    - for shared memory: SharedMemory, or the class of a parameter, such as MemrefPartialInput.

    Args:
        number: the number of the command, 32 bits, such as a member of an IntEnum.
        arguments: what each argument is. ta.InOut[KIND] comes back as a result too; so does
            ta.Out[KIND], memory of the caller's that is only written.
        returns: what the result is, or a tuple of what the results are. Memory whose size varies
            is ta.Variable(KIND).
        slots: which slots these are in, in this order, from 0 to 3; by default the first ones.
        retry: whether the command may run again if a Variable does not fit.

    Returns:
        An attribute that is called on a client. It takes the arguments, and timeout, grace and
        operation as of Session.invoke_command(); and room, for how many bytes of each Variable
        result there is room at first. It returns None, the result, or a tuple of the results: the
        arguments that come back, then what returns says.

    Raises:
        DeclarationError: when the class is made; the declaration is wrong.
    """
    return Command(number, arguments, returns, slots, retry)


def opening(*arguments: Any, returns: Any = None, slots: tuple[int, ...] | None = None) -> Any:
    """Declare what opening a session takes and returns.

    For example::

        class Processor(ta.Client, uuid="..."):
            opening = ta.opening(ta.U32, returns=ta.U64)

        with Processor.opening(context, 3) as processor:
            processor.opening  # what it returned

    Only applications that take or return something there need it. Of an awaitable client
    Processor.opening.result(processor) is what it returned.

    Args:
        arguments: as of command().
        returns: as of command().
        slots: as of command().

    Raises:
        DeclarationError: when the class is made; the declaration is wrong.
    """
    return Opening(arguments, returns, slots)

# SPDX-License-Identifier: BSD-2-Clause
"""What commands are invoked in: a context, with a trace of it if that was asked for."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ..._backend import resolve
from ...context import Context
from ...enums import Login, Origin
from ...errors import (
    BadParametersError,
    ParameterRangeError,
    ParameterTypeError,
    ReadOnlyBufferError,
    TeecError,
)
from ...traces import TraceRecorder
from .._answer import Answer
from .._errors import CommandLineError, InputError, error_status
from .._tee import opened_context, tee_of
from .._trace.files import has_something_else
from .numbers import number_of

__all__ = ["failed", "opened_for", "to_gid", "to_login"]

_OF_ARGUMENTS = (ParameterRangeError, ParameterTypeError, ReadOnlyBufferError)


@contextmanager
def opened_for(arguments: argparse.Namespace) -> Iterator[Context]:
    """Open a context as the command line says."""
    options = {"timeout": arguments.timeout}
    if arguments.trace is None:
        with opened_context(arguments, **options) as context:
            yield context
        return
    if has_something_else(arguments.trace):
        raise InputError(f"{arguments.trace} is no trace, and is not overwritten: name another")
    tee = tee_of(arguments)
    path, kernel = resolve(tee.device, tee.backend)
    with ExitStack() as stack:
        try:
            with warnings.catch_warnings():
                # Filters of the user must not make an error of it.
                warnings.simplefilter("always")
                recorder = TraceRecorder(
                    "linux" if kernel is None else kernel,
                    arguments.trace,
                    payloads=arguments.payloads,
                    times=True,
                )
        except OSError as error:
            raise _unwritten(arguments.trace, error) from None
        stack.callback(_close_trace, recorder, arguments.trace)
        yield stack.enter_context(Context(path, backend=recorder, **options))


def _close_trace(recorder: TraceRecorder, path: str) -> None:
    try:
        recorder.close_trace()
    except OSError as error:
        raise _unwritten(path, error) from None


def _unwritten(path: str, error: OSError) -> InputError:
    return InputError(f"{path} can't be written: {error.strerror or error}")


def failed(error: Exception, data: dict[str, Any], text: str) -> Answer:
    """Return the answer for an error, with what came back all the same.

    Raises:
        CommandLineError: the error is of what was given, and nothing was sent.
    """
    cause = error if isinstance(error, TeecError) else error.__cause__
    assert isinstance(cause, TeecError)
    if isinstance(cause, _OF_ARGUMENTS) or (
        isinstance(cause, BadParametersError) and cause.origin == Origin.API
    ):
        raise CommandLineError(cause.doing) from None
    return Answer(data, text, error_status(cause), error)


def to_login(text: str) -> int:
    """Return a login, the type of arguments that name one."""
    name = text.upper().replace("-", "_")
    if name in Login.__members__:
        return Login[name]
    try:
        number = number_of(text)
        if 0 <= number < 2**32:
            return number
    except ValueError:
        pass
    names = ", ".join(one.name.lower().replace("_", "-") for one in Login)
    raise argparse.ArgumentTypeError(f"{text!r} is no login: use {names}, or a number of 32 bits")


def to_gid(text: str) -> int | str:
    """Return the number of a group, or its name."""
    return int(text) if text.isdecimal() else text

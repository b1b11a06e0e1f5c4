# SPDX-License-Identifier: BSD-2-Clause
"""A client of an application with one command, which a function of a test is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytee_client as tee
from pytee_client import fake, ta
from pytee_client.fake import ClientSession, Parameters
from pytee_client.fake import ParamType as Type

ID = UUID("2e0d6f5c-54b1-4c0e-8a55-0d2f8a1c9e01")

Handler = Callable[[Parameters], None]


def declare(*arguments: Any, **options: Any) -> Any:
    """Declare an application whose command "it" takes and returns this."""
    return type("One", (ta.Client,), {"it": ta.command(0, *arguments, **options)}, uuid=ID)


def fake_of(handler: Handler) -> type[fake.TrustedApplication]:
    """Return a fake whose command is a function."""

    class One(fake.TrustedApplication):
        uuid = ID

        @fake.command(0)
        def it(self, session: ClientSession, parameters: Parameters) -> None:
            handler(parameters)

    return One


@contextlib.contextmanager
def one_command(handler: Handler, *arguments: Any, **options: Any) -> Iterator[Any]:
    """Open a client, with its command as "it"; nothing of it may be left."""
    kernel = fake.Kernel(applications=[fake_of(handler)])
    cls = declare(*arguments, **options)
    with tee.Context(backend=kernel) as context, cls(context) as client:
        yield client
    kernel.assert_no_leaks()


def echo(parameters: Parameters) -> None:
    """Put what is in the inputs into the outputs, in order; what goes both ways stays."""
    values = [one for one in parameters if one is not None and one.type is Type.VALUE_INPUT]
    memrefs = [one for one in parameters if one is not None and one.type is Type.MEMREF_INPUT]
    for one in parameters:
        if isinstance(one, fake.ValueParameter) and one.type is Type.VALUE_OUTPUT:
            given: Any = values.pop(0)
            one.a, one.b = given.a, given.b
        elif isinstance(one, fake.MemrefParameter) and one.type is Type.MEMREF_OUTPUT:
            content: Any = memrefs.pop(0)
            one.put(content.content())


def unused(parameters: Parameters) -> None:
    """Fail: nothing may arrive."""
    raise AssertionError(f"it was sent: {parameters}")

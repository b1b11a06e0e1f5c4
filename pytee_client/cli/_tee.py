# SPDX-License-Identifier: BSD-2-Clause
"""The options that say which TEE a verb uses."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from .. import _hints as t
from .._backend import check_traced, resolve_backend
from .._process import importing
from ..context import Context
from ._declared import object_at, split
from ._errors import InputError

__all__ = [
    "Tee",
    "add_install",
    "add_tee",
    "check_environment",
    "opened_context",
    "tee_of",
    "to_name",
]

_FAKE: Final = "fake:"
_DEFAULT: Final = "the machine's first device, or the fake where there is none"


class Tee(NamedTuple):
    """A TEE that a command line names.

    Attributes:
        device: the path of its device; None for the first of its kernel.
        backend: the kernel, as of Context(); None if there is a choice: the machine's TEE, or
            the fake if it has none.
    """

    device: str | None
    backend: t.Backend | None


def add_tee(parser: argparse.ArgumentParser, default: str = _DEFAULT) -> None:
    """Declare the option --tee; default is what --help says that it is without it."""
    parser.add_argument(
        "--tee",
        metavar="TEE",
        help="the path of a device, such as /dev/tee1; linux for the machine's first device;"
        f" fake:PROFILE for a fake, such as fake:optee; by default {default}",
    )


def add_install(parser: argparse.ArgumentParser) -> None:
    """Declare the option --install."""
    parser.add_argument(
        "--install",
        action="append",
        default=[],
        type=to_name,
        metavar="MODULE:CLASS",
        help="a class of fake.TrustedApplication to install in the fake; may be given again",
    )


def to_name(text: str) -> str:
    """Return MODULE:CLASS, the type of arguments that name a class."""
    try:
        split(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form MODULE:CLASS, such as wallet:Wallet"
        ) from None
    return text


def tee_of(arguments: argparse.Namespace) -> Tee:
    """Return the TEE that --tee names, with what --install names installed in it."""
    name: str | None = arguments.tee
    check_environment()
    # Not every verb takes them.
    names: list[str] = getattr(arguments, "install", [])
    installed = [object_at(one) for one in names]
    if name is None and installed:
        name = _FAKE
    if name is None:
        try:
            resolve_backend(None)
        except ValueError as error:
            # The environment names a kernel that there is not.
            raise InputError(str(error)) from None
        return Tee(None, None)
    if name == "linux":
        tee = Tee(None, "linux")
    elif name.startswith(_FAKE):
        tee = Tee(None, _fake(name.removeprefix(_FAKE), names, installed))
    elif name.startswith("/"):
        tee = Tee(name, "linux")
    else:
        raise InputError(
            f"--tee {name} names no TEE: give the path of a device, such as /dev/tee0, linux, or"
            " fake: with a profile, such as fake:optee"
        )
    if installed and not name.startswith(_FAKE):
        raise InputError(f"--install is for the fake: {name} has its own applications")
    return tee


def check_environment() -> None:
    """See that what the environment says of traces makes sense.

    Raises:
        InputError: it does not.
    """
    try:
        check_traced()
    except OSError as error:
        raise InputError(f"{error.filename} can't be replayed: {error.strerror}") from None
    except ValueError as error:
        raise InputError(str(error)) from None


@contextmanager
def opened_context(arguments: argparse.Namespace, **options: Any) -> Iterator[Context]:
    """Open a context on the TEE that --tee names; options are those of Context."""
    tee = tee_of(arguments)
    with Context(tee.device, backend=tee.backend, **options) as context:
        yield context


def _fake(profile: str, names: list[str], applications: list[Any]) -> t.Backend:
    with importing:
        from ..fake import TrustedApplication, default_kernel

    try:
        kernel = default_kernel(profile or "optee")
    except ValueError as error:
        raise InputError(f"--tee: {error}") from None
    for name, application in zip(names, applications, strict=True):
        if not (isinstance(application, type) and issubclass(application, TrustedApplication)):
            raise InputError(f"--install: {name} is no class of fake.TrustedApplication")
    if applications:
        try:
            kernel.install(*applications)
        except TypeError as error:
            raise InputError(f"--install: {error}") from None
    return kernel
